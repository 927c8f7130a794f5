/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_SCHEDULE_H
#define RESTRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "restrain/context.h"

/** @file
 * A schedule of the learning rate: update t takes the step lr f(t) w(t), with x = t/epoch, or x = t where times are iterations,
 *
 * | kind     | f                                                                                                   |
 * |----------|-----------------------------------------------------------------------------------------------------|
 * | constant | 1                                                                                                   |
 * | steps    | the factor of the last of the times `at` that is <= x; 1 before the first                           |
 * | cosine   | final + (1 - final)(1 + cos(pi s))/2, s the fraction of the way from the end of the warm-up to `length` updates |
 *
 * and the warm-up w = min(1, (t + 1)/updates of the warm-up), which is 1 without one.
 */

enum rst_schedule_kind { RST_SCHEDULE_CONSTANT, RST_SCHEDULE_STEPS, RST_SCHEDULE_COSINE };
enum rst_schedule_unit { RST_SCHEDULE_ITERATIONS, RST_SCHEDULE_EPOCHS };

/** A zeroed one is constant. Arrays are borrowed. */
struct rst_schedule {
  enum rst_schedule_kind kind;
  enum rst_schedule_unit unit; /**< of `at` and `warm_up` */
  const double *at;            /**< [at_count], ascending */
  size_t at_count;
  const double *factors; /**< [factor_count], > 0, as many as times */
  size_t factor_count;
  double final;   /**< of cosine, 0 ... 1 */
  double warm_up; /**< >= 0 */
  long length;    /**< of cosine, in updates */
};

/** Whether every step has the length lr. */
RST_API bool rst_schedule_is_constant(const struct rst_schedule *schedule);

/** f(t) w(t). @param epoch updates of an epoch. Thread-safe. */
RST_API double rst_schedule_factor(const struct rst_schedule *schedule, long t, long epoch);

#endif
