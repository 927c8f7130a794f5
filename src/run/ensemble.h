/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ENSEMBLE_H
#define RST_ENSEMBLE_H

#include "run/member_ranks.h"

/** @file
 * An ensemble: copies of a run that differ in the draws of their examples or in their initial states. Member 0 is the run itself;
 * member m draws stream (seed, m), starts from the initial state of seed + m, or both. What tells of all members is the mean and
 * the unbiased variance of their states, their covariance along some directions, numbers of each, and quantiles of these.
 *
 * Members do not depend on each other. They are stepped some iterations behind the run, many at a time, until somebody wants to
 * see them; ranks, and the threads of each, share them out. Sums over members go in the order of their numbers, on rank 0: the
 * bits are the same for any number of ranks and threads.
 */

struct rst_ensemble;

/** u is the initial state of the run, the flow its own; for the call. @param measured whether rst_ensemble_measure() will be
 * called. @param ranks that share the members, of which this is the first; borrowed, NULL for this process alone.
 * RST_ERROR_CASE where the members would not differ, or there are fewer directions. */
enum rst_status rst_ensemble_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, const struct rst_field *u, bool measured,
                                    const struct rst_ranks *ranks, struct rst_ensemble **ensemble);
void rst_ensemble_destroy(struct rst_ensemble **ensemble);

/** Call at every iteration t, before the run's step from it. */
enum rst_status rst_ensemble_follow(struct rst_ensemble *ensemble, long t);
/** Step all members to iteration t, not below where they are, and bring their states together. */
enum rst_status rst_ensemble_gather(struct rst_ensemble *ensemble, long t);

/** Of the run, which is at u, and the members as they were gathered: mean and variance of the states; and covariance
 * [directions][directions], which is divided by members - 1 as the variance is. All are of u's precision, valid until the next
 * call. */
const struct rst_field *rst_ensemble_mean(struct rst_ensemble *ensemble, const struct rst_field *u);
const struct rst_field *rst_ensemble_variance(struct rst_ensemble *ensemble, const struct rst_field *u);
const struct rst_field *rst_ensemble_covariance(struct rst_ensemble *ensemble, const struct rst_field *u);

/** Measure the run, as seen, and the members at its iteration. */
enum rst_status rst_ensemble_measure(struct rst_ensemble *ensemble, const struct rst_observation *seen);
/** What the last call found, NaN before the first: of a member, 0 for the run; and quantile number i of the case's list, by linear
 * interpolation between the members in order, for which NaN is beyond all numbers. */
struct rst_member_numbers rst_ensemble_numbers(const struct rst_ensemble *ensemble, size_t member);
struct rst_member_numbers rst_ensemble_quantile(const struct rst_ensemble *ensemble, size_t i);

/** Add the fields that later steps depend on, as rst_ensemble_collect() finds them at iteration t; and take them over as members
 * at iteration t, once they have been restored. */
enum rst_status rst_ensemble_collect(struct rst_ensemble *ensemble, long t);
void rst_ensemble_list(const struct rst_ensemble *ensemble, struct rst_blocks *blocks);
enum rst_status rst_ensemble_resume(struct rst_ensemble *ensemble, long t);

#endif
