/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"
#include "krylov/symmetric.h"
#include "restrain/mean_square.h"
#include "run/cadence.h"

/* A mode: its eigenvalue, and how far the start is from the minimum along its eigenvector. */
struct start {
  double curvature, distance;
};

static int compare(const void *a, const void *b) {
  const struct start *x = a;
  const struct start *y = b;
  return (x->curvature > y->curvature ? 1 : 0) - (x->curvature < y->curvature ? 1 : 0);
}

/* H is diagonal: each number of the state is a mode. */
static void find_diagonal(const struct rst_analysis_task *task, const struct rst_field *away,
                          struct rst_field *v, struct rst_field *product, struct start *starts) {
  rst_field_fill(1.0, v);
  rst_flow_hessian_product(task->flow, v, product);
  for (size_t i = 0; i < rst_field_count(away); ++i) {
    starts[i] = (struct start){rst_field_get(product, 0, i), rst_field_get(away, 0, i)};
  }
}

/* work: [n][n] of H and of its eigenvectors, [n] of eigenvalues, [4 n]. */
static void find_dense(const struct rst_analysis_task *task, const struct rst_field *away,
                       struct rst_field *v, struct rst_field *product, double *work, struct start *starts) {
  const size_t n = rst_field_count(away);
  double *vectors = work + n * n;
  double *values = vectors + n * n;
  for (size_t j = 0; j < n; ++j) {
    rst_field_fill(0.0, v);
    rst_field_set(v, 0, j, 1.0);
    rst_flow_hessian_product(task->flow, v, product);
    for (size_t i = 0; i < n; ++i) {
      work[i * n + j] = rst_field_get(product, 0, i);
    }
  }
  rst_symmetric_eigenvectors(n, work, values, vectors, values + n);
  for (size_t k = 0; k < n; ++k) {
    starts[k] = (struct start){.curvature = values[k]};
    for (size_t i = 0; i < n; ++i) {
      starts[k].distance += vectors[i * n + k] * rst_field_get(away, 0, i);
    }
  }
}

/* By ascending curvature, as the modes; `away` is where the start is, and becomes its distance from the minimum. */
static enum rst_status find_starts(const struct rst_analysis_task *task, const struct rst_analysis *analysis,
                                   struct rst_field *away, struct rst_field *v, struct rst_field *product,
                                   struct start *starts) {
  enum { MATRICES = 2, VECTORS = 5 };
  const double tolerance = 1e-12;
  const size_t n = rst_field_count(away);
  struct rst_fixed_point minimum = {0};
  RST_SCOPED double *work = NULL;
  RST_TRY(rst_fixed_point_find(task->context, task->flow, analysis->effective_decay, task->initial, tolerance,
                               &minimum));
  rst_field_axpy(-1.0, minimum.u, away);
  rst_field_destroy(&minimum.u);
  rst_flow_linearise(task->flow, task->initial, NULL, NULL);
  if (rst_flow_example_count(task->flow, RST_TRAINING_SET) == 0) {
    find_diagonal(task, away, v, product, starts);
  } else {
    RST_TRY(RST_NEW(task->context, MATRICES * n * n + VECTORS * n, &work));
    find_dense(task, away, v, product, work, starts);
  }
  qsort(starts, n, sizeof *starts, compare);
  return RST_OK;
}

static enum rst_status find_all_starts(const struct rst_analysis_task *task,
                                       const struct rst_analysis *analysis, struct start *starts) {
  struct rst_field *fields[] = {NULL, NULL, NULL};
  enum rst_status status = RST_OK;
  for (int i = 0; i < 3 && status == RST_OK; ++i) {
    status = rst_field_create_like(task->context, task->initial, &fields[i]);
  }
  if (status == RST_OK) {
    rst_field_copy(task->initial, fields[0]);
    status = find_starts(task, analysis, fields[0], fields[1], fields[2], starts);
  }
  for (int i = 0; i < 3; ++i) {
    rst_field_destroy(&fields[i]);
  }
  return status;
}

/* The updates at which a run has snapshots. */
static enum rst_status list_steps(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const struct rst_case *from = task->from;
  const long last = from->step.iterations;
  const double count = rst_cadence_count(from->output.cadence, from->output.every, last) + 1.0;
  const double most = (double)RST_ANALYSIS_MOST_BANDS;
  if (count * (double)analysis->mode_count > most || (double)last > 16.0 * most) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(task->context, (size_t)count + 1, &analysis->band_steps));
  for (long t = 0; t <= last; ++t) {
    if (t == last || rst_cadence_includes(from->output.cadence, from->output.every, t)) {
      analysis->band_steps[analysis->band_count++] = (double)t;
    }
  }
  return RST_OK;
}

static enum rst_status find_band(struct rst_context *context, const struct rst_scheme_parameters *scheme,
                                 const struct rst_analysed_mode *mode, const struct start *start,
                                 double noise, double step, struct rst_analysed_band *band) {
  const double curvature = fmax(mode->curvature, 0.0);
  const struct rst_noisy_mode noisy = {mode->curvature, 0.0, isnan(noise) ? 0.0 : noise * curvature};
  struct rst_second_moments moments;
  *band = (struct rst_analysed_band){NAN, NAN, NAN, NAN};
  RST_TRY(rst_transient_moments(context, scheme, &noisy, start->distance, (long)step, &band->mean, &moments));
  band->deviation = isnan(noise) ? (double)NAN : sqrt(moments.uu);
  if (!isnan(mode->langevin.gamma)) {
    double velocity = 0.0;
    double covariance[3];
    const double time = scheme->lr * step;
    rst_langevin_mean(&mode->langevin, start->distance, 0.0, time, &band->sde_mean, &velocity);
    rst_langevin_covariance(&mode->langevin, noise, time, covariance);
    band->sde_deviation = sqrt(covariance[0] < 0.0 ? 0.0 : covariance[0]); /* NaN stays */
  }
  return RST_OK;
}

enum rst_status rst_analyze_bands(const struct rst_analysis_task *task,
                                  const struct rst_scheme_parameters *scheme, double noise,
                                  struct rst_analysis *analysis) {
  const size_t modes = analysis->mode_count;
  RST_SCOPED struct start *starts = NULL;
  if (modes == 0 || modes != rst_field_count(task->initial) ||
      !rst_schedule_is_constant(&task->from->step.schedule)) {
    return RST_OK;
  }
  RST_TRY(list_steps(task, analysis));
  if (analysis->band_count == 0) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(task->context, modes, &starts));
  RST_TRY(find_all_starts(task, analysis, starts));
  RST_TRY(RST_NEW(task->context, analysis->band_count * modes, &analysis->bands));
  for (size_t k = 0; k < analysis->band_count; ++k) {
    for (size_t i = 0; i < modes; ++i) {
      RST_TRY(find_band(task->context, scheme, &analysis->modes[i], &starts[i], noise,
                        analysis->band_steps[k], &analysis->bands[k * modes + i]));
    }
  }
  return RST_OK;
}
