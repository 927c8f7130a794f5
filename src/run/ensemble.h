/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ENSEMBLE_H
#define RST_ENSEMBLE_H

#include "core/blocks.h"
#include "motion/motion.h"
#include "restrain/case.h"

/** @file
 * An ensemble: copies of a run that differ in the draws of their examples or in their initial states. Member 0 is the run itself;
 * member m draws stream (seed, m), starts from the initial state of seed + m, or both. What tells of all members is the mean and
 * the unbiased variance of their states, and numbers of each.
 *
 * Members do not depend on each other. They are stepped some iterations behind the run, many at a time, until somebody wants to
 * see them; threads of the context share them out, each with a flow of its own. The bits are the same for any number of threads.
 */

struct rst_ensemble;

/** Numbers of each member, [members]. */
struct rst_ensemble_numbers {
  const double *loss;         /**< L, of the weights of the member's update */
  const double *weight_norm;  /**< |u_t| */
  const double *displacement; /**< |u_t - u_0| */
};

/** u is the initial state of the run. @param has_numbers whether rst_ensemble_measure() will be called.
 * RST_ERROR_CASE where the members would not differ. */
enum rst_status rst_ensemble_create(struct rst_context *context, const struct rst_case *run,
                                    const struct rst_field *u, bool has_numbers,
                                    struct rst_ensemble **ensemble);
void rst_ensemble_destroy(struct rst_ensemble **ensemble);

/** Call at every iteration t, before the run's step from it. */
enum rst_status rst_ensemble_follow(struct rst_ensemble *ensemble, long t);
/** Step all members to iteration t, not below where they are. */
enum rst_status rst_ensemble_reach(struct rst_ensemble *ensemble, long t);

/** Mean and variance over the run, which is at u, and the members where they are, of u's precision; valid until the next call. */
const struct rst_field *rst_ensemble_mean(struct rst_ensemble *ensemble, const struct rst_field *u);
const struct rst_field *rst_ensemble_variance(struct rst_ensemble *ensemble, const struct rst_field *u);

/** Measure the run, as seen, and the members where they are. */
void rst_ensemble_measure(struct rst_ensemble *ensemble, const struct rst_observation *seen);
/** What the last call found; NaN before the first. */
struct rst_ensemble_numbers rst_ensemble_numbers(const struct rst_ensemble *ensemble);

/** Add the fields that later steps depend on, as they are now; and take them over as members at iteration t, once they have been
 * restored. */
enum rst_status rst_ensemble_list(struct rst_ensemble *ensemble, struct rst_blocks *blocks);
enum rst_status rst_ensemble_resume(struct rst_ensemble *ensemble, long t);

#endif
