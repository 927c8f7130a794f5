/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EVALUATORS_H
#define RST_EVALUATORS_H

#include "sweep/evaluator.h"
#include "sweep/task.h"

/** @file
 * The evaluators of one worker. Those of a variant of the case (rst_sweep_table_variant()) are kept until another one is asked
 * for.
 */

struct rst_evaluators {
  struct rst_context *context; /**< borrowed, like the task */
  const struct rst_sweep_task *task;
  size_t variant;
  struct rst_case *made;            /**< of the variant; NULL where the task has but one */
  struct rst_case from;             /**< its content, of as many updates as the task asks for */
  struct rst_evaluator *members[2]; /**< [full], made when first needed */
};

/** Nothing is made yet: context and task must be there, all else be zero.
 * @param full whether every point is to be run in full. */
enum rst_status rst_evaluators_find(struct rst_evaluators *evaluators, size_t variant, bool full,
                                    struct rst_evaluator **evaluator);
void rst_evaluators_clear(struct rst_evaluators *evaluators);

#endif
