/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * What the noise of a case's sampling does to linear regression: the limit of mean-square stability, and its modes.
 */

#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"
#include "restrain/mean_square.h"
#include "stability/moment_map.h"

/* Of one update: the lr that svag divides. */
static struct rst_scheme_parameters update_of(const struct rst_analysis_task *task) {
  struct rst_scheme_parameters scheme = task->from->step.scheme;
  scheme.lr *= rst_sampling_step(&task->from->sampling);
  return scheme;
}

/* The covariance of the slope at u is variance times that of the examples' slopes; [d][d]. */
static enum rst_status find_target_noise(const struct rst_analysis_task *task, double variance,
                                         const struct rst_field *u, struct rst_field *slope, double *noise) {
  const size_t examples = rst_flow_example_count(task->flow, RST_TRAINING_SET);
  const size_t d = rst_field_count(u);
  const double one = 1.0;
  RST_SCOPED double *mean = NULL;
  RST_TRY(RST_NEW(task->context, d, &mean));
  RST_TRY(rst_flow_prepare(task->flow, 1));
  for (size_t e = 0; e < examples; ++e) {
    const struct rst_draw draw = {1, &e, &one, NULL};
    struct rst_flow_value value;
    rst_flow_choose(task->flow, &draw);
    rst_flow_evaluate(task->flow, u, &value, slope);
    const double *g = slope->data;
    for (size_t i = 0; i < d; ++i) {
      mean[i] += g[i] / (double)examples;
    }
    rst_moment_add_square(d, variance / (double)examples, g, noise);
  }
  rst_flow_choose(task->flow, NULL);
  rst_moment_add_square(d, -variance, mean, noise);
  return RST_OK;
}

/* sigma^2/B times the Hessian. */
static void add_hessian(const struct rst_random_regression *regression, double share, double *noise) {
  const size_t d = regression->count;
  for (size_t e = 0; e < regression->examples; ++e) {
    rst_moment_add_square(d, share / (double)regression->examples, regression->x + e * d, noise);
  }
}

static double share_of(const struct rst_sampling_parameters *sampling) {
  return sampling->sigma * sampling->sigma / (double)sampling->batch;
}

/* At the minimum, and from there on. */
static enum rst_status find_stationary(const struct rst_analysis_task *task,
                                       const struct rst_scheme_parameters *scheme,
                                       const struct rst_random_regression *regression, double *work,
                                       struct rst_field *slope, struct rst_analysis *analysis) {
  const double tolerance = 1e-12;
  const size_t d = regression->count;
  struct rst_fixed_point minimum = {0};
  RST_TRY(rst_fixed_point_find(task->context, task->flow, analysis->effective_decay, task->initial, tolerance,
                               &minimum));
  enum rst_status status = RST_OK;
  if (rst_sampling_needs_root(&task->from->sampling)) {
    add_hessian(regression, share_of(&task->from->sampling), work);
  } else {
    status = find_target_noise(task, regression->variance, minimum.u, slope, work);
  }
  rst_field_destroy(&minimum.u);
  RST_TRY(status);
  rst_moment_make_hessian(regression, work + d * d);
  RST_TRY(rst_analyze_currents(task, scheme, work + d * d, work, analysis));
  RST_TRY(rst_moment_map_stationary(task->context, scheme, regression, work, work + d * d));
  analysis->total_variance = 0.0;
  for (size_t i = 0; i < d; ++i) {
    const double variance = work[d * d + i * d + i];
    rst_field_set(analysis->stationary_variance, 0, i, variance);
    analysis->total_variance += variance;
  }
  return RST_OK;
}

static enum rst_status analyze_moments(const struct rst_analysis_task *task,
                                       const struct rst_scheme_parameters *scheme,
                                       const struct rst_random_regression *regression,
                                       struct rst_analysis *analysis) {
  const size_t d = regression->count;
  RST_SCOPED double *work = NULL;
  struct rst_field *slope = NULL;
  RST_TRY(rst_moment_map_growth(task->context, scheme, regression, &analysis->moment_growth));
  RST_TRY(rst_moment_map_limit(task->context, scheme, regression, &analysis->lr_ms));
  analysis->lr_ms /= rst_sampling_step(&task->from->sampling);
  RST_TRY(RST_NEW(task->context, 2 * d * d, &work));
  RST_TRY(rst_flow_create_state(task->context, task->flow, &analysis->stationary_variance));
  RST_TRY(rst_flow_create_state(task->context, task->flow, &slope));
  const enum rst_status status = find_stationary(task, scheme, regression, work, slope, analysis);
  rst_field_destroy(&slope);
  return status;
}

/* From data, where batches make the curvature random. */
static enum rst_status analyze_data(const struct rst_analysis_task *task,
                                    const struct rst_scheme_parameters *scheme,
                                    struct rst_analysis *analysis) {
  const size_t examples = rst_flow_example_count(task->flow, RST_TRAINING_SET);
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
  return analyze_moments(task, scheme, &regression, analysis);
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
  const struct rst_scheme_facts facts = rst_scheme_facts(scheme->kind);
  return facts.affine && !facts.implicit_decay && !facts.looks_ahead &&
         (facts.buffers == 0 || scheme->decay == RST_DECAY_COUPLED);
}

static enum rst_status analyze_modes(const struct rst_analysis_task *task,
                                     const struct rst_scheme_parameters *scheme,
                                     struct rst_analysis *analysis) {
  const struct rst_sampling_parameters *sampling = &task->from->sampling;
  const bool known = rst_sampling_needs_root(sampling);
  const double momentum = rst_scheme_facts(scheme->kind).buffers > 0 ? scheme->momentum : 0.0;
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
      RST_TRY(find_variances(task->context, scheme, share_of(sampling), mode));
    }
  }
  return rst_analyze_bands(task, scheme, known ? share_of(sampling) : (double)NAN, analysis);
}

/* Of all modes together, whose noise is a multiple of their curvature. */
static enum rst_status find_exponent(const struct rst_analysis_task *task,
                                     const struct rst_scheme_parameters *scheme,
                                     struct rst_analysis *analysis) {
  enum { TIMES = 41 };
  const double first = 30.0;
  const double ratio = 100.0;
  const double largest = analysis->mode_count ? analysis->modes[analysis->mode_count - 1].curvature : 0.0;
  double times[TIMES];
  double displacements[TIMES] = {0};
  const double most = first * ratio / (scheme->lr * largest);
  if (!(largest > 0.0) || most > 1e15 || !isfinite(analysis->modes[analysis->mode_count - 1].variance)) {
    return RST_OK;
  }
  for (size_t k = 0; k < TIMES; ++k) {
    const double t = first * pow(ratio, (double)k / (TIMES - 1)) / (scheme->lr * largest);
    times[k] = ceil(t);
    for (size_t i = 0; i < analysis->mode_count; ++i) {
      const double curvature = fmax(analysis->modes[i].curvature, 0.0);
      const struct rst_noisy_mode mode = {curvature, 0.0, curvature};
      double displacement = 0.0;
      if (curvature > 0.0) {
        RST_TRY(rst_stationary_displacement(task->context, scheme, &mode, (long)times[k], &displacement));
      }
      displacements[k] += displacement;
    }
  }
  analysis->displacement_exponent = rst_exponent_fit(TIMES, times, displacements, NULL);
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
  if (rst_flow_example_count(task->flow, RST_TRAINING_SET) > 0) {
    RST_TRY(analyze_data(task, &scheme, analysis));
    RST_TRY(analyze_modes(task, &scheme, analysis));
    return find_exponent(task, &scheme, analysis);
  }
  analysis->lr_ms = analysis->exact.limits.lr_max;
  analysis->moment_growth = analysis->exact.limits.growth * analysis->exact.limits.growth;
  RST_TRY(analyze_modes(task, &scheme, analysis));
  for (size_t i = 0; i < analysis->mode_count; ++i) {
    analysis->total_variance = (i ? analysis->total_variance : 0.0) + analysis->modes[i].variance;
  }
  return find_exponent(task, &scheme, analysis);
}
