/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CENTRAL_WATCH_H
#define RST_CENTRAL_WATCH_H

#include "core/blocks.h"
#include "restrain/case.h"
#include "restrain/central_flow.h"

/** @file
 * The central flow w(t) beside a run of gradient descent, from t = central_flow.start on: from u_0, or from a later
 * (u_{t-1} + 2 u_t + u_{t+1})/4, in which an oscillation of period two cancels and a steady drift stays.
 */

struct rst_central_watch;

/** The flow is borrowed. RST_ERROR_CASE, at the place in the case, unless the run is gradient descent on all examples with a
 * constant learning rate. */
enum rst_status rst_central_watch_create(struct rst_context *context, const struct rst_case *run,
                                         struct rst_flow *flow, struct rst_central_watch **watch);
void rst_central_watch_destroy(struct rst_central_watch **watch);

/** At iteration t: the numbers at w(t), after which w goes on to t + 1; once for each iteration, in order. All are NaN before the
 * start and where the flow could not go on: a warning then says why, once.
 * @param u, next u_t and u_{t+1}; next is NULL for the last state.
 * @param distance |(u_{t-1} + 2 u_t + u_{t+1})/4 - w(t)|, NaN where there are no three states. */
void rst_central_watch_measure(struct rst_central_watch *watch, long t, const struct rst_field *u,
                               const struct rst_field *next, struct rst_central_flow_numbers *numbers,
                               double *distance);

/** Add what later measurements depend on. */
void rst_central_watch_list(struct rst_central_watch *watch, struct rst_blocks *blocks);

#endif
