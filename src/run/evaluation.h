/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVALUATION_H
#define RST_EVALUATION_H

#include "archive/series_list.h"
#include "motion/motion.h"
#include "restrain/case.h"
#include "restrain/run.h"

/** @file
 * Evaluations over the whole training and test sets during a run: every data.every iterations, an epoch by default, and at the
 * last state. What there is to evaluate is listed in case/observable_list.h.
 */

/** RST_ERROR_CASE, at the place in the case, if the flow has no examples to draw from, or fewer than a batch. */
enum rst_status rst_evaluation_check_batch(struct rst_context *context, const struct rst_case *run,
                                           const struct rst_flow *flow);

struct rst_evaluations;

/** The flow is borrowed; NULL for one without examples. */
enum rst_status rst_evaluation_create(struct rst_context *context, const struct rst_case *run,
                                      struct rst_flow *flow, struct rst_evaluations **evaluations);
void rst_evaluation_destroy(struct rst_evaluations **evaluations);

/** Iterations from one to the next; and whether iteration t has one. */
long rst_evaluation_every(const struct rst_evaluations *evaluations);
bool rst_evaluation_is_due(const struct rst_evaluations *evaluations, long t);

/** Add the series, and their cadence. */
enum rst_status rst_evaluation_list(const struct rst_evaluations *evaluations, struct rst_series_list *list);

/** At the state of a motion of that flow, which has been looked at. */
void rst_evaluation_measure(struct rst_evaluations *evaluations, const struct rst_motion *motion,
                            const struct rst_observation *seen, struct rst_evaluation *evaluation);

/** Length of the step along the gradient of L over all examples, from the state that was measured last. */
double rst_evaluation_full_step(struct rst_evaluations *evaluations, const struct rst_motion *motion);

/** From now on keep the last `count` evaluations; and their mean, NaN before the first. */
enum rst_status rst_evaluation_keep(struct rst_evaluations *evaluations, size_t count);
void rst_evaluation_mean(const struct rst_evaluations *evaluations, struct rst_evaluation *mean);

enum { RST_EVALUATIONS = 7 };
/** An entry for each series, in their order; fewer than that without a test set. */
void rst_evaluation_values(const struct rst_evaluations *evaluations, const struct rst_evaluation *evaluation,
                           double values[RST_EVALUATIONS]);

#endif
