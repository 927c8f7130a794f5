/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

static enum rst_status allocate(struct rst_context *context, size_t count, double **values) {
  RST_TRY(RST_NEW(context, count, values));
  return RST_OK;
}

static enum rst_status find_all(const struct rst_analysis_task *task, const struct rst_field *u,
                                const struct rst_state_spectrum *spectrum, struct rst_analysis *analysis) {
  const size_t count = rst_spectrum_dense_count(task->flow);
  if (count == 0 || count > task->from->analyze.dense) {
    return RST_OK;
  }
  RST_TRY(allocate(task->context, count, &analysis->eigenvalues));
  RST_TRY(rst_spectrum_dense(task->context, task->flow, u, analysis->eigenvalues));
  analysis->eigenvalue_count = count;
  const double smallest = analysis->eigenvalues[0];
  const double largest = analysis->eigenvalues[count - 1];
  const double size = fmax(fabs(smallest), fabs(largest));
  const double deviation =
      fmax(fabs(smallest - spectrum->smallest.value), fabs(largest - spectrum->largest.value));
  analysis->dense_deviation = size > 0 ? deviation / size : deviation;
  return RST_OK;
}

static enum rst_status find_density(const struct rst_analysis_task *task, const struct rst_field *u,
                                    const struct rst_state_spectrum *spectrum,
                                    struct rst_analysis *analysis) {
  if (task->from->analyze.density.probes == 0) {
    return RST_OK;
  }
  const double spread = spectrum->largest.value - spectrum->smallest.value;
  const struct rst_density_parameters parameters = {
      .probes = task->from->analyze.density.probes,
      .steps = task->from->analyze.density.steps,
      .seed = task->from->analyze.seed,
      .width = task->from->analyze.density.width * (spread > 0 ? spread : 1.0),
      .count = task->from->analyze.density.points,
  };
  RST_TRY(allocate(task->context, parameters.count, &analysis->abscissae));
  RST_TRY(allocate(task->context, parameters.count, &analysis->density));
  RST_TRY(rst_spectrum_density(task->context, task->flow, u, &parameters, analysis->abscissae,
                               analysis->density));
  analysis->density_count = parameters.count;
  return RST_OK;
}

enum rst_status rst_analyze_distribution(const struct rst_analysis_task *task, const struct rst_field *u,
                                         const struct rst_state_spectrum *spectrum,
                                         struct rst_analysis *analysis) {
  RST_TRY(find_all(task, u, spectrum, analysis));
  return find_density(task, u, spectrum, analysis);
}
