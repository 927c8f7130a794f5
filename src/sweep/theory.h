/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_THEORY_H
#define RST_SWEEP_THEORY_H

#include "restrain/sweep.h"

/** @file
 * Thresholds that take a while.
 */

/** As rst_sweep_thresholds(). @param stop asked now and then, NULL for never; where it returns true, *stopped is set and `theory`
 * is of no use. */
enum rst_status rst_sweep_thresholds_until(struct rst_context *context, const struct rst_case *from,
                                           const double *weight_decays, size_t count,
                                           bool (*stop)(void *user), void *user,
                                           struct rst_sweep_theory *theory, bool *stopped);

#endif
