/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "restrain/bifurcation.h"
#include "sweep/sweep_file_parts.h"

void rst_sweep_list_maps(const struct rst_sweep_table *table, struct rst_sweep_map maps[RST_SWEEP_MAPS]) {
  const hid_t real = H5T_NATIVE_DOUBLE;
  const hid_t whole = H5T_NATIVE_INT64;
  const hid_t small = H5T_NATIVE_INT8;
  const struct rst_sweep_map all[RST_SWEEP_MAPS] = {
      {{"regime", "what became of the orbit", "1"}, small, table->regime},
      {{"final_loss", "objective L at the end of the orbit", "1"}, real, table->final_loss},
      {{"mean_loss", "mean of the objective L over the last half of the iterations", "1"},
       real,
       table->mean_loss},
      {{"lyapunov", "largest Lyapunov exponent per iteration", "1"}, real, table->lyapunov},
      {{"max_growth", "largest local growth factor of all updates", "1"}, real, table->max_growth},
      {{"period", "period in iterations, 1 if converged, 0 if none was found", "1"}, whole, table->period},
      {{"iterations_run", "updates done", "1"}, whole, table->iterations_run},
      {{"agreement", "whether the orbit has the same regime without the reduction", "1"},
       small,
       table->agreement},
      {{"level", "times that the grid was refined before the point was computed", "1"}, small, table->level},
  };
  for (size_t i = 0; i < RST_SWEEP_MAPS; ++i) {
    maps[i] = all[i];
  }
}

static enum rst_status reals(struct rst_context *context, size_t count, double **values) {
  void *memory = NULL;
  RST_TRY(rst_allocate(context, count, sizeof **values, &memory));
  *values = memory;
  for (size_t i = 0; i < count; ++i) {
    (*values)[i] = NAN;
  }
  return RST_OK;
}

static enum rst_status wholes(struct rst_context *context, size_t count, int64_t **values) {
  void *memory = NULL;
  RST_TRY(rst_allocate(context, count, sizeof **values, &memory));
  *values = memory;
  return RST_OK;
}

static enum rst_status flags(struct rst_context *context, size_t count, int8_t **values) {
  void *memory = NULL;
  RST_TRY(rst_allocate(context, count, sizeof **values, &memory));
  *values = memory;
  for (size_t i = 0; i < count; ++i) {
    (*values)[i] = -1;
  }
  return RST_OK;
}

static enum rst_status allocate(struct rst_context *context, struct rst_sweep_table *table) {
  const size_t count = table->lrs * table->weight_decays;
  RST_TRY(reals(context, table->lrs, &table->lr));
  RST_TRY(reals(context, table->weight_decays, &table->weight_decay));
  RST_TRY(reals(context, table->weight_decays, &table->lr_lo));
  RST_TRY(reals(context, table->weight_decays, &table->lr_hi));
  RST_TRY(reals(context, count, &table->final_loss));
  RST_TRY(reals(context, count, &table->mean_loss));
  RST_TRY(reals(context, count, &table->lyapunov));
  RST_TRY(reals(context, count, &table->max_growth));
  RST_TRY(wholes(context, count, &table->period));
  RST_TRY(wholes(context, count, &table->iterations_run));
  RST_TRY(flags(context, count, &table->regime));
  RST_TRY(flags(context, count, &table->level));
  return flags(context, count, &table->agreement);
}

enum rst_status rst_sweep_table_allocate(struct rst_context *context, size_t lrs, size_t weight_decays,
                                         struct rst_sweep_table *table) {
  *table = (struct rst_sweep_table){.lrs = lrs, .weight_decays = weight_decays, .engine = ""};
  const enum rst_status status = allocate(context, table);
  if (status != RST_OK) {
    rst_sweep_table_clear(table);
  }
  return status;
}

size_t rst_sweep_refined_count(size_t count, int refine) {
  return ((count - 1) << refine) + 1;
}

static void fill_axis(const struct rst_sweep_axis *axis, size_t count, double *values) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = rst_scan_value(axis->from, axis->to, count, axis->scale, i);
  }
}

enum rst_status rst_sweep_table_create(struct rst_context *context, const struct rst_case *from,
                                       struct rst_sweep_table *table) {
  const int refine = from->sweep.refine;
  const size_t lrs = rst_sweep_refined_count(from->sweep.lr.count, refine);
  const size_t weight_decays = rst_sweep_refined_count(from->sweep.weight_decay.count, refine);
  RST_TRY(rst_sweep_table_allocate(context, lrs, weight_decays, table));
  table->refine = refine;
  fill_axis(&from->sweep.lr, lrs, table->lr);
  fill_axis(&from->sweep.weight_decay, weight_decays, table->weight_decay);
  return RST_OK;
}

void rst_sweep_table_clear(struct rst_sweep_table *table) {
  free(table->lr);
  free(table->weight_decay);
  free(table->lr_lo);
  free(table->lr_hi);
  free(table->final_loss);
  free(table->mean_loss);
  free(table->lyapunov);
  free(table->max_growth);
  free(table->period);
  free(table->iterations_run);
  free(table->regime);
  free(table->agreement);
  free(table->level);
  *table = (struct rst_sweep_table){0};
}

void rst_sweep_table_enter(struct rst_sweep_table *table, size_t index,
                           const struct rst_orbit_summary *point) {
  table->final_loss[index] = point->final_loss;
  table->mean_loss[index] = point->mean_loss;
  table->lyapunov[index] = point->lyapunov;
  table->max_growth[index] = point->max_growth;
  table->period[index] = point->period;
  table->iterations_run[index] = point->iterations_run;
  table->regime[index] = (int8_t)point->regime;
}

void rst_sweep_table_adopt(struct rst_sweep_table *table, size_t index, const struct rst_sweep_table *from,
                           size_t from_index) {
  table->final_loss[index] = from->final_loss[from_index];
  table->mean_loss[index] = from->mean_loss[from_index];
  table->lyapunov[index] = from->lyapunov[from_index];
  table->max_growth[index] = from->max_growth[from_index];
  table->period[index] = from->period[from_index];
  table->iterations_run[index] = from->iterations_run[from_index];
  table->regime[index] = from->regime[from_index];
  table->level[index] = from->level[from_index];
}

void rst_sweep_table_forget(struct rst_sweep_table *table, size_t index) {
  table->final_loss[index] = table->mean_loss[index] = NAN;
  table->lyapunov[index] = table->max_growth[index] = NAN;
  table->period[index] = table->iterations_run[index] = 0;
  table->regime[index] = RST_SWEEP_PENDING;
  table->level[index] = RST_SWEEP_FILLED;
  table->agreement[index] = -1;
}
