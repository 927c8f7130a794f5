/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_THRESHOLD_CURVES_H
#define RST_THRESHOLD_CURVES_H

#include "restrain/analysis.h"

/** @file
 * Thresholds that take a while.
 */

/** As rst_lr_limits_find(). @param flow, initial flow and initial state of the case, or the same in other coordinates that keep
 * lengths, double; both borrowed, the flow is linearised elsewhere. Both NULL: they are made. @param stop asked now and then,
 * NULL for never; where it returns true, *stopped is set and `theory` is of no use. */
enum rst_status rst_lr_limits_until(struct rst_context *context, const struct rst_case *from,
                                    struct rst_flow *flow, struct rst_field *initial,
                                    const double *weight_decays, size_t count, bool (*stop)(void *user),
                                    void *user, struct rst_lr_limits *theory, bool *stopped);

#endif
