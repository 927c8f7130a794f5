/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "case/compare.h"
#include "core/core.h"
#include "sweep/subdivision.h"
#include "sweep/sweep_parts.h"

/* What no point depends on may differ, the case's own value of what an axis gives among it. */
enum rst_status rst_sweep_require_same_case(struct rst_context *context, const struct rst_sweep_table *table,
                                            const char *stored, const char *effective, const char *path,
                                            const char *remedy) {
  const bool is_diagram = table->samples > 0;
  const char *const may_differ[] = {RST_CASE_BESIDE_ORBITS,
                                    is_diagram ? "sweep" : "bifurcation",
                                    is_diagram ? "step.iterations" : "sweep.agreement",
                                    is_diagram ? "step.iterations" : "sweep.zoom",
                                    is_diagram ? "step.iterations" : "sweep.theory",
                                    table->lr_axis >= 0 ? "step.lr" : "step.weight_decay",
                                    table->weight_decay_axis >= 0 ? "step.weight_decay" : NULL,
                                    NULL};
  const char *const none[] = {RST_CASE_BESIDE_ORBITS, "bifurcation",  "sweep.agreement",
                              "sweep.zoom",           "sweep.theory", NULL};
  const bool has_step_axes = table->lr_axis >= 0 || table->weight_decay_axis >= 0;
  return rst_case_require_same(context, stored, effective, has_step_axes ? may_differ : none, path, remedy);
}

static void count_point(const struct rst_sweep_table *table, size_t place,
                        struct rst_sweep_summary *summary) {
  const enum rst_regime regime = (enum rst_regime)table->regime[place];
  summary->done += 1;
  summary->computed += table->level[place] != RST_SWEEP_FILLED;
  summary->regimes[regime] += 1;
  summary->compared += table->agreement[place] >= 0;
  summary->agreed += table->agreement[place] > 0;
}

static void compare_with_theory(const struct rst_sweep_table *table, size_t place,
                                struct rst_sweep_summary *summary) {
  const size_t limit = rst_sweep_table_limit(table, place);
  const struct rst_lr_limits theory = {table->lr_lo[limit], table->lr_hi[limit]};
  const enum rst_regime regime = (enum rst_regime)table->regime[place];
  bool predicts = false;
  const bool holds = rst_sweep_prediction_holds(&theory, rst_sweep_table_lr(table, place), regime, &predicts);
  summary->predicted += predicts;
  summary->correct += predicts && holds;
}

void rst_sweep_summarize(const struct rst_sweep_table *table, size_t shard, size_t shards,
                         struct rst_sweep_summary *summary) {
  const bool is_shard = shards > 1;
  const size_t points = is_shard ? rst_sweep_coarse_points(table) : table->points;
  *summary = (struct rst_sweep_summary){.axes = table->axis_count,
                                        .engine = table->engine,
                                        .patches = table->patches,
                                        .rank = table->rank,
                                        .levels = table->levels};
  memcpy(summary->dimension, table->boxes.dimension, sizeof summary->dimension);
  memcpy(summary->dimension_error, table->boxes.dimension_error, sizeof summary->dimension_error);
  for (size_t i = shard; i < points; i += shards) {
    const size_t place = is_shard ? rst_sweep_coarse_place(table, i) : i;
    summary->count += 1;
    if (table->regime[place] != RST_SWEEP_PENDING) {
      count_point(table, place, summary);
      if (table->samples == 0) {
        compare_with_theory(table, place, summary);
      }
    }
  }
}
