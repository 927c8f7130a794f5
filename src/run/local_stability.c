/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/local_stability.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "restrain/spectrum.h"
#include "stability/local_range.h"

enum { LOW, HIGH, ENDS, BLOCK = 4096 };

static bool has_scalar(const struct rst_case *run, const char *name) {
  for (size_t i = 0; i < run->output.scalar_count; ++i) {
    if (strcmp(run->output.scalars[i], name) == 0) {
      return true;
    }
  }
  return false;
}

/* An end that was not measured is taken to be where the other one is, if that is within. */
static void count(const struct rst_local_range *range, double low, double high,
                  struct rst_local_stability *local) {
  const double margin = rst_local_range_margin(range, isnan(low) ? high : low, isnan(high) ? low : high);
  const bool beyond = low < range->lowest || high > range->largest;
  if (beyond && margin < 0.0) {
    local->unstable += 1;
  } else if (!isnan(low) && !isnan(high)) {
    local->stable += 1;
  }
}

/* Over rows of scalars from `first` on, a block of them. */
static enum rst_status count_block(const struct rst_run_file *file, const bool known[ENDS],
                                   const struct rst_local_range *range, size_t first, size_t rows,
                                   struct rst_local_stability *local) {
  static const char *const names[ENDS] = {"lambda_min", "sharpness"};
  double ends[ENDS][BLOCK];
  for (size_t end = 0; end < ENDS; ++end) {
    if (known[end]) {
      RST_TRY(rst_run_file_read_scalar(file, names[end], 0, first, rows, ends[end]));
    }
  }
  for (size_t i = 0; i < rows; ++i) {
    count(range, known[LOW] ? ends[LOW][i] : NAN, known[HIGH] ? ends[HIGH][i] : NAN, local);
  }
  return RST_OK;
}

enum rst_status rst_local_stability_read(struct rst_context *context, const struct rst_case *run,
                                         const struct rst_run_file *file, struct rst_local_stability *local) {
  const bool known[ENDS] = {has_scalar(run, "lambda_min"), has_scalar(run, "sharpness")};
  const size_t updates = rst_run_file_iterations(file) - 1;
  struct rst_local_range range;
  *local = (struct rst_local_stability){0};
  if ((!known[LOW] && !known[HIGH]) || rst_scheme_facts(run->step.scheme.kind).preconditioned ||
      !rst_schedule_is_constant(&run->step.schedule) || !rst_sampling_is_full(&run->sampling)) {
    return RST_OK;
  }
  RST_TRY(rst_local_range_find(context, &run->step.scheme, &range));
  for (size_t t = 0; t < updates; t += BLOCK) {
    RST_TRY(count_block(file, known, &range, t, updates - t < BLOCK ? updates - t : BLOCK, local));
  }
  return RST_OK;
}

enum rst_status rst_local_stability_measure(struct rst_context *context, const struct rst_case *run,
                                            struct rst_flow *flow, const struct rst_field *u, long updates,
                                            struct rst_local_stability *local) {
  static const enum rst_spectrum_end which[ENDS] = {RST_SPECTRUM_SMALLEST, RST_SPECTRUM_LARGEST};
  struct rst_field *vector = NULL;
  struct rst_local_range range;
  struct rst_eigenpair pair[ENDS];
  *local = (struct rst_local_stability){0};
  if (rst_scheme_facts(run->step.scheme.kind).preconditioned ||
      !rst_schedule_is_constant(&run->step.schedule)) {
    return RST_OK;
  }
  RST_TRY(rst_local_range_find(context, &run->step.scheme, &range));
  RST_TRY(rst_flow_create_state(context, flow, &vector));
  enum rst_status status = RST_OK;
  for (size_t end = 0; end < ENDS && status == RST_OK; ++end) {
    rst_field_fill(0.0, vector);
    status = rst_spectrum_extreme(context, flow, u, which[end], RST_REGIME_EIGENVALUE, vector, &pair[end]);
  }
  rst_field_destroy(&vector);
  if (status == RST_ERROR_NUMERIC) {
    return RST_OK;
  }
  RST_TRY(status);
  const double alpha = run->step.scheme.weight_decay;
  const double margin = rst_local_range_margin(&range, pair[LOW].value + alpha, pair[HIGH].value + alpha);
  local->unstable = margin < 0.0 ? updates : 0;
  local->stable = margin >= 0.0 ? updates : 0;
  return RST_OK;
}
