/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_COMPANIONS_H
#define RST_COMPANIONS_H

#include "restrain/event.h"
#include "restrain/run.h"
#include "run/twins.h"

/** @file
 * What runs beside the state: perturbations with the events that they show, and twins.
 */

struct rst_companions {
  struct rst_context *context;
  struct rst_laps *laps;               /**< of the iteration under way; NULL, as preset: not timed */
  struct rst_tangent *tangent;         /**< NULL unless perturbations are followed */
  struct rst_event_detector *detector; /**< with them */
  struct rst_twins *twins;             /**< NULL without twins */
  long burn_in;
  /** Updates averaged so far, then the sum of log R_jj over them for each exponent; double. NULL without perturbations. */
  struct rst_field *sums;
};

/** Flow and state are borrowed. */
enum rst_status rst_companions_create(struct rst_context *context, const struct rst_case *run,
                                      const struct rst_problem *problem, bool follows_perturbations,
                                      struct rst_companions **companions);
void rst_companions_destroy(struct rst_companions **companions);

/** grad E at the problem's state, so that rst_companions_step() may follow. */
void rst_companions_evaluate(struct rst_companions *companions, struct rst_problem *problem,
                             struct rst_flow_value *value, struct rst_field *gradient);

/** Update t: one step of the problem's state, from u_t = previous to u_{t+1}, to the same bits as rst_scheme_step(), and of
 * its companions. @param previous receives u_t; gradient is destroyed. `ended` tells whether an event has ended, written to
 * *event. */
enum rst_status rst_companions_step(struct rst_companions *companions, struct rst_problem *problem, long t,
                                    struct rst_field *gradient, struct rst_field *previous, double *dt,
                                    bool *ended, struct rst_event *event);

/** Finite-time Lyapunov exponent j per iteration, over the updates made since burn_in; NaN before. */
double rst_companions_exponent(const struct rst_companions *companions, size_t j);

/** Add the fields that later steps depend on. */
void rst_companions_list(struct rst_companions *companions, struct rst_blocks *blocks);

#endif
