/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * What the noise of a case's sampling does to linear regression: the limit of mean-square stability, and its modes.
 */

#include <math.h>
#include <string.h>

#include "analysis/analysis_task.h"
#include "core/core.h"
#include "restrain/mean_square.h"

/* Of one update: the lr that svag divides. */
static struct rst_scheme_parameters update_of(const struct rst_analysis_task *task) {
  struct rst_scheme_parameters scheme = task->from->step.scheme;
  scheme.lr *= rst_sampling_step(&task->from->sampling);
  return scheme;
}

static enum rst_status find_growth(struct rst_context *context, const struct rst_scheme_parameters *scheme,
                                   const struct rst_random_regression *regression,
                                   struct rst_analysis *analysis) {
  RST_TRY(rst_moment_map_growth(context, scheme, regression, &analysis->moment_growth));
  return rst_moment_map_limit(context, scheme, regression, &analysis->lr_ms);
}

/* Batches make the curvature random. */
static enum rst_status analyze_batches(const struct rst_analysis_task *task,
                                       const struct rst_scheme_parameters *scheme,
                                       struct rst_analysis *analysis) {
  const size_t examples = rst_flow_root_rows(task->flow);
  const size_t count = rst_flow_layout(task->flow)->count;
  RST_SCOPED double *x = NULL;
  if (examples > RST_ANALYSIS_MOST_MOMENTS / count / count) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(task->context, examples * count, &x));
  for (size_t i = 0; i < examples; ++i) {
    struct rst_field row = {RST_PRECISION_DOUBLE, 1, count, x + i * count};
    rst_flow_root_row(task->flow, i, &row);
    rst_field_scale(sqrt((double)examples), &row);
  }
  const struct rst_random_regression regression = {examples, count, x,
                                                   rst_sampling_variance(&task->from->sampling, examples)};
  RST_TRY(find_growth(task->context, scheme, &regression, analysis));
  analysis->lr_ms /= rst_sampling_step(&task->from->sampling);
  return RST_OK;
}

/* Of noise whose covariance is a multiple of the Hessian each mode has its own, whatever the others do. */
static enum rst_status find_variances(struct rst_context *context, const struct rst_scheme_parameters *scheme,
                                      double noise, struct rst_analysed_mode *mode) {
  const struct rst_noisy_mode noisy = {fmax(mode->curvature, 0.0), 0.0, noise * fmax(mode->curvature, 0.0)};
  struct rst_second_moments moments;
  RST_TRY(rst_stationary_moments(context, scheme, &noisy, &moments));
  mode->variance = moments.uu;
  mode->sde_variance = noise * mode->langevin.position_variance;
  mode->sde_displacement = scheme->lr * scheme->lr * noise * mode->langevin.velocity_variance;
  return rst_stationary_displacement(context, scheme, &noisy, 1, &mode->displacement);
}

static const struct rst_langevin unknown = {.gamma = NAN,
                                            .omega = NAN,
                                            .frequency = NAN,
                                            .discrete_frequency = NAN,
                                            .position_variance = NAN,
                                            .velocity_variance = NAN};

/* The differential equation is that of heavy-ball, and of euler without momentum. */
static bool follows_langevin(const struct rst_scheme_parameters *scheme) {
  return strcmp(scheme->kind, "euler") == 0 ||
         (strcmp(scheme->kind, "heavy-ball") == 0 && scheme->decay == RST_DECAY_COUPLED);
}

static enum rst_status analyze_modes(const struct rst_analysis_task *task,
                                     const struct rst_scheme_parameters *scheme,
                                     struct rst_analysis *analysis) {
  const struct rst_sampling_parameters *sampling = &task->from->sampling;
  const bool known = rst_sampling_needs_root(sampling);
  const double momentum = strcmp(scheme->kind, "euler") == 0 ? 0.0 : scheme->momentum;
  RST_TRY(RST_NEW(task->context, analysis->eigenvalue_count + 1, &analysis->modes));
  analysis->mode_count = analysis->eigenvalue_count;
  for (size_t i = 0; i < analysis->mode_count; ++i) {
    struct rst_analysed_mode *mode = &analysis->modes[i];
    const double curvature = analysis->eigenvalues[i];
    *mode = (struct rst_analysed_mode){.curvature = curvature,
                                       .langevin = unknown,
                                       .variance = NAN,
                                       .displacement = NAN,
                                       .sde_variance = NAN,
                                       .sde_displacement = NAN};
    if (follows_langevin(scheme)) {
      mode->langevin = rst_langevin_find(scheme->lr, momentum, curvature, scheme->weight_decay);
    }
    if (known) {
      const double noise = sampling->sigma * sampling->sigma / (double)sampling->batch;
      RST_TRY(find_variances(task->context, scheme, noise, mode));
    }
  }
  return RST_OK;
}

enum rst_status rst_analyze_noise(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const struct rst_sampling_parameters *sampling = &task->from->sampling;
  const struct rst_scheme_parameters scheme = update_of(task);
  const struct rst_scheme_facts facts = rst_scheme_facts(scheme.kind);
  if (rst_sampling_is_full(sampling) || rst_flow_root_rows(task->flow) == 0 || !facts.affine) {
    return RST_OK;
  }
  analysis->noisy = true;
  if (rst_sampling_needs_root(sampling)) {
    analysis->lr_ms = analysis->exact.limits.lr_max;
    analysis->moment_growth = analysis->exact.limits.growth * analysis->exact.limits.growth;
  } else {
    RST_TRY(analyze_batches(task, &scheme, analysis));
  }
  return analyze_modes(task, &scheme, analysis);
}
