/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/evaluators.h"

#include "core/core.h"

void rst_evaluators_clear(struct rst_evaluators *evaluators) {
  rst_evaluator_destroy(&evaluators->members[false]);
  rst_evaluator_destroy(&evaluators->members[true]);
  rst_case_destroy(&evaluators->made);
}

static enum rst_status turn_to(struct rst_evaluators *evaluators, size_t variant) {
  const struct rst_sweep_task *task = evaluators->task;
  const bool is_at_hand =
      evaluators->variant == variant && (evaluators->members[0] || evaluators->members[1]);
  if (is_at_hand) {
    return RST_OK;
  }
  rst_evaluators_clear(evaluators);
  evaluators->variant = variant;
  return rst_sweep_task_vary(evaluators->context, task, variant, &evaluators->made, &evaluators->from);
}

enum rst_status rst_evaluators_find(struct rst_evaluators *evaluators, size_t variant, bool full,
                                    struct rst_evaluator **evaluator) {
  const struct rst_sweep_task *task = evaluators->task;
  RST_TRY(turn_to(evaluators, variant));
  if (!evaluators->members[full]) {
    const bool reduce = !full && task->from.sweep.reduction == RST_REDUCTION_AUTO;
    RST_TRY(rst_evaluator_create(evaluators->context, &evaluators->from, reduce, &evaluators->members[full]));
    if (task->samples > 0) {
      rst_evaluator_sample(evaluators->members[full], task->samples);
    }
  }
  *evaluator = evaluators->members[full];
  return RST_OK;
}
