/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "case/compare.h"
#include "core/core.h"
#include "sweep/subdivision.h"
#include "sweep/sweep_parts.h"

/* What no point depends on may differ. */
enum rst_status rst_sweep_require_same_case(struct rst_context *context, const char *stored,
                                            const char *effective, const char *path, const char *remedy) {
  static const char *const may_differ[] = {
      RST_CASE_BESIDE_ORBITS, "bifurcation", "step.lr", "step.weight_decay",
      "sweep.agreement",      "sweep.zoom",  NULL};
  return rst_case_require_same(context, stored, effective, may_differ, path, remedy);
}

static void count_point(const struct rst_sweep_table *table, size_t place,
                        struct rst_sweep_summary *summary) {
  const size_t row = place / table->lrs;
  const struct rst_lr_limits theory = {table->lr_lo[row], table->lr_hi[row]};
  const enum rst_regime regime = (enum rst_regime)table->regime[place];
  bool predicts = false;
  const bool holds = rst_sweep_prediction_holds(&theory, table->lr[place % table->lrs], regime, &predicts);
  summary->done += 1;
  summary->computed += table->level[place] != RST_SWEEP_FILLED;
  summary->regimes[regime] += 1;
  summary->predicted += predicts;
  summary->correct += predicts && holds;
  summary->compared += table->agreement[place] >= 0;
  summary->agreed += table->agreement[place] > 0;
}

void rst_sweep_summarize(const struct rst_sweep_table *table, size_t shard, size_t shards,
                         struct rst_sweep_summary *summary) {
  const bool is_shard = shards > 1;
  const size_t points = is_shard ? rst_sweep_coarse_points(table) : table->lrs * table->weight_decays;
  *summary =
      (struct rst_sweep_summary){.engine = table->engine, .patches = table->patches, .rank = table->rank};
  memcpy(summary->dimension, table->boxes.dimension, sizeof summary->dimension);
  memcpy(summary->dimension_error, table->boxes.dimension_error, sizeof summary->dimension_error);
  for (size_t i = shard; i < points; i += shards) {
    const size_t place = is_shard ? rst_sweep_coarse_place(table, i) : i;
    summary->count += 1;
    if (table->regime[place] != RST_SWEEP_PENDING) {
      count_point(table, place, summary);
    }
  }
}
