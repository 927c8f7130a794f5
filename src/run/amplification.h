/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_AMPLIFICATION_H
#define RST_AMPLIFICATION_H

#include "restrain/case.h"

/** @file
 * The amplification factor |G_t(w)| during a run, with coefficients frozen at u_t: von Neumann's local analysis.
 */

struct rst_amplification;

/** The flow is borrowed. RST_ERROR_UNSUPPORTED for a scheme without growth polynomial. */
enum rst_status rst_amplification_create(struct rst_context *context, const struct rst_case *run,
                                         struct rst_flow *flow, struct rst_amplification **amplification);
void rst_amplification_destroy(struct rst_amplification **amplification);

/** Borrowed until the next call: a field of the state's shape and precision, wave numbers ascending, 0 at index n/2; NaN where
 * the state overflows. */
enum rst_status rst_amplification_measure(struct rst_amplification *amplification, const struct rst_field *u,
                                          const struct rst_field **growth);

#endif
