/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "sweep/sweep_file_parts.h"

double rst_sweep_value(const struct rst_sweep_axis *axis, size_t count, size_t index) {
  return axis->values ? axis->values[index] : rst_scan_value(axis->from, axis->to, count, axis->scale, index);
}

size_t rst_sweep_refined_count(size_t count, int refine) {
  return ((count - 1) << refine) + 1;
}

static enum rst_status create(struct rst_context *context, const struct rst_sweep_task *task,
                              struct rst_sweep_scale *scales, struct rst_sweep_table *table) {
  const struct rst_case *from = &task->from;
  const size_t axes = from->sweep.axis_count;
  for (size_t i = 0; i < axes; ++i) {
    scales[i].count = rst_sweep_refined_count(from->sweep.axes[i].count, from->sweep.refine);
    RST_TRY(rst_format(context, &scales[i].name, "%s", from->sweep.axes[i].name));
  }
  RST_TRY(rst_sweep_table_allocate(context, axes, scales, task->samples, table));
  table->lr = from->step.scheme.lr;
  table->weight_decay = from->step.scheme.weight_decay;
  table->refine = from->sweep.refine;
  table->burn_in = from->step.iterations - (long)task->samples;
  for (size_t i = 0; i < axes; ++i) {
    for (size_t j = 0; j < scales[i].count; ++j) {
      table->axes[i].values[j] = rst_sweep_value(&from->sweep.axes[i], scales[i].count, j);
    }
  }
  return RST_OK;
}

enum rst_status rst_sweep_table_create(struct rst_context *context, const struct rst_sweep_task *task,
                                       struct rst_sweep_table *table) {
  struct rst_sweep_scale scales[RST_SWEEP_MOST_AXES] = {{0}};
  *table = (struct rst_sweep_table){0};
  const enum rst_status status = create(context, task, scales, table);
  for (size_t i = 0; i < task->from.sweep.axis_count; ++i) {
    free(scales[i].name);
  }
  return status;
}
