/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/task.h"

#include <assert.h>
#include <string.h>

#include "core/core.h"
#include "core/text.h"

/* The divisor moves the last bits of a step in full, which is all that an axis of divisors could show; the reduced engine
 * has none. */
void rst_sweep_task_of_sweep(const struct rst_case *given, struct rst_sweep_task *task) {
  *task = (struct rst_sweep_task){.given = given, .from = *given};
  for (size_t i = 0; i < given->sweep.axis_count; ++i) {
    if (strcmp(given->sweep.axes[i].key, "step.divisor") == 0) {
      task->from.sweep.reduction = RST_REDUCTION_NONE;
    }
  }
}

void rst_sweep_task_of_bifurcation(const struct rst_case *given, struct rst_sweep_task *task) {
  const bool is_lr = given->bifurcation.parameter == RST_STEP_LR;
  *task = (struct rst_sweep_task){.given = given,
                                  .from = *given,
                                  .parameter = {.key = is_lr ? "step.lr" : "step.weight_decay",
                                                .name = is_lr ? "lr" : "weight_decay",
                                                .from = given->bifurcation.from,
                                                .to = given->bifurcation.to,
                                                .count = given->bifurcation.count,
                                                .scale = given->bifurcation.scale},
                                  .samples = (size_t)given->bifurcation.samples};
  struct rst_case *from = &task->from;
  from->step.iterations = from->bifurcation.burn_in + from->bifurcation.samples;
  from->sweep.axes = &task->parameter;
  from->sweep.axis_count = 1;
  from->sweep.refine = 0;
  from->sweep.zoom_count = 0;
  from->sweep.agreement = 0;
  from->sweep.reduction = from->bifurcation.reduction;
  from->sweep.theory = RST_SWITCH_YES;
}

static bool is_of_the_step(const struct rst_sweep_axis *axis) {
  return strcmp(axis->key, "step.lr") == 0 || strcmp(axis->key, "step.weight_decay") == 0;
}

size_t rst_sweep_task_variants(const struct rst_sweep_task *task) {
  size_t variants = 1;
  for (size_t i = 0; i < task->from.sweep.axis_count; ++i) {
    const struct rst_sweep_axis *axis = &task->from.sweep.axes[i];
    variants *= is_of_the_step(axis) ? 1 : axis->count;
  }
  return variants;
}

/* Numbers in the shortest form that reads back as the same ones. */
static size_t add_overrides(const struct rst_sweep_task *task, size_t variant,
                            struct rst_text texts[RST_SWEEP_MOST_AXES]) {
  size_t count = 0;
  for (size_t i = task->from.sweep.axis_count; i-- > 0;) {
    const struct rst_sweep_axis *axis = &task->from.sweep.axes[i];
    if (!is_of_the_step(axis)) {
      rst_text_add(&texts[count], "%s=", axis->key);
      rst_text_add_number(&texts[count], rst_sweep_value(axis, axis->count, variant % axis->count));
      variant /= axis->count;
      count += 1;
    }
  }
  return count;
}

enum rst_status rst_sweep_task_vary(struct rst_context *context, const struct rst_sweep_task *task,
                                    size_t variant, struct rst_case **made, struct rst_case *from) {
  struct rst_text texts[RST_SWEEP_MOST_AXES] = {{0}};
  const char *overrides[RST_SWEEP_MOST_AXES];
  bool failed = false;
  *made = NULL;
  *from = task->from;
  const size_t count = add_overrides(task, variant, texts);
  if (count == 0) {
    return RST_OK;
  }
  for (size_t i = 0; i < count; ++i) {
    overrides[i] = texts[i].bytes;
    failed = failed || texts[i].failed;
  }
  const enum rst_status status = failed ? rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted")
                                        : rst_case_with(context, task->given, overrides, count, made);
  for (size_t i = 0; i < count; ++i) {
    rst_text_clear(&texts[i]);
  }
  RST_TRY(status);
  assert(*made);
  *from = **made;
  return RST_OK;
}
