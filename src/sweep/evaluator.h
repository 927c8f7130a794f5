/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVALUATOR_H
#define RST_EVALUATOR_H

#include "restrain/sweep.h"

/** @file
 * An evaluator: computes points of a sweep, many at a time. One belongs to one thread.
 */

struct rst_evaluator;

/** @param from borrowed.
 * @param reduce whether the exact reduction may be used where it applies; otherwise every point is run in full. */
enum rst_status rst_evaluator_create(struct rst_context *context, const struct rst_case *from, bool reduce,
                                     struct rst_evaluator **evaluator);
void rst_evaluator_destroy(struct rst_evaluator **evaluator);

/** "reduced" or "full"; distinct patches and dimension of the reduced state, 0 if full. */
const char *rst_evaluator_engine(const struct rst_evaluator *evaluator);
void rst_evaluator_size(const struct rst_evaluator *evaluator, size_t *patches, size_t *rank);
/** How many points it likes to compute together: lanes; 1 if full. */
size_t rst_evaluator_batch(const struct rst_evaluator *evaluator);

/** Whether points are evaluated over whole sets. */
bool rst_evaluator_evaluates(const struct rst_evaluator *evaluator);

/** Whether orbits may end early for having settled; they may after creation. */
void rst_evaluator_end_at_rest(struct rst_evaluator *evaluator, bool settle);

/** Keep the last `samples` states of every orbit, none of which ends early then. */
void rst_evaluator_sample(struct rst_evaluator *evaluator, size_t samples);

/** points[i] at (lr[i], weight_decay[i]), i < count. A point's result does not depend on which others it is computed with,
 * to the bit. @param observed [count][RST_ORBIT_OBSERVABLES][samples], NaN where the orbit diverged; NULL without samples. @param stop
 * polled now and then, NULL for never; where it returns true, *stopped is set and the points are of no
 * use. */
enum rst_status rst_evaluator_run(struct rst_evaluator *evaluator, size_t count, const double *lr,
                                  const double *weight_decay, bool (*stop)(void *user), void *user,
                                  struct rst_orbit_summary *points, double *observed, bool *stopped);

/** The theory's thresholds of the evaluator's case, as rst_lr_limits_until(). */
enum rst_status rst_evaluator_limits(struct rst_evaluator *evaluator, const double *weight_decays,
                                     size_t count, bool (*stop)(void *user), void *user,
                                     struct rst_lr_limits *theory, bool *stopped);

#endif
