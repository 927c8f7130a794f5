/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/analysis.h"

#include <math.h>

#include "analysis/analysis_file.h"
#include "analysis/analysis_task.h"
#include "archive/sidecars.h"
#include "core/core.h"
#include "restrain/run.h"

const char *rst_verdict_name(enum rst_verdict verdict) {
  static const char *const names[] = {"stable",     "unstable",  "convergent",
                                      "restrained", "divergent", "undecided"};
  return names[verdict];
}

const char *rst_fixed_point_kind_name(enum rst_fixed_point_kind kind) {
  static const char *const names[] = {"minimum", "saddle", "flat-minimum", "maximum"};
  return names[kind];
}

bool rst_fixed_point_is_minimum(enum rst_fixed_point_kind kind) {
  return kind == RST_FIXED_POINT_MINIMUM || kind == RST_FIXED_POINT_FLAT;
}

const char *rst_symbol_meaning_name(enum rst_symbol_meaning meaning) {
  static const char *const names[] = {"none", "exact", "bound", "interior", "frozen"};
  return names[meaning];
}

double rst_analysis_wave_number(const struct rst_analysis *analysis, size_t n, size_t i) {
  const double pi = acos(-1.0);
  const size_t zero = n / 2;
  return 2 * pi * ((double)i - (double)zero) / ((double)n * analysis->spacing);
}

void rst_analysis_destroy(struct rst_analysis **analysis) {
  struct rst_analysis *old = *analysis;
  if (!old) {
    return;
  }
  for (size_t i = 0; i < old->point_count; ++i) {
    rst_field_destroy(&old->points[i].point.u);
    rst_state_spectrum_clear(&old->points[i].spectrum);
  }
  rst_state_spectrum_clear(&old->spectrum);
  rst_field_destroy(&old->stationary_variance);
  rst_field_destroy(&old->symbol);
  rst_field_destroy(&old->amplification);
  for (size_t i = 0; i < old->layer_count; ++i) {
    free(old->layers[i].name);
  }
  free(old->layers);
  free(old->modes);
  free(old->band_steps);
  free(old->bands);
  free(old->current_q);
  free(old->current_u);
  free(old->points);
  free(old->eigenvalues);
  free(old->abscissae);
  free(old->density);
  free(old->gap);
  free(old->explanation);
  free(old);
  *analysis = NULL;
}

void rst_analysis_release(struct rst_analysis_task *task) {
  rst_field_destroy(&task->initial);
  rst_flow_destroy(&task->flow);
}

enum rst_status rst_analysis_prepare(struct rst_analysis_task *task) {
  rst_context_set_rigor(task->context, task->from->performance.rigor);
  task->parameters = task->from->flow;
  task->parameters.precision = RST_PRECISION_DOUBLE;
  RST_TRY(rst_flow_create(task->context, &task->parameters, &task->flow));
  RST_TRY(rst_flow_create_state(task->context, task->flow, &task->initial));
  RST_TRY(rst_flow_fill_initial(task->context, task->flow, &task->from->initial, task->initial));
  /* A scheme is made to have its parameters checked. */
  struct rst_scheme *scheme = NULL;
  RST_TRY(rst_scheme_create(task->context, &task->from->step.scheme, task->flow, &scheme));
  rst_scheme_destroy(&scheme);
  return RST_OK;
}

static const char *static_name(const char *const *names, const char *name) {
  return names[rst_name_index(names, name)];
}

static void describe(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const struct rst_scheme_parameters *scheme = &task->from->step.scheme;
  const struct rst_diffusion *diffusion = &task->parameters.diffusion;
  const struct rst_tensor *kernel = rst_flow_layout(task->flow)->tensors;
  analysis->flow = rst_flow_name(task->flow);
  analysis->scheme = static_name(rst_scheme_names(), scheme->kind);
  analysis->correlation = rst_flow_correlation(task->flow);
  analysis->levels = rst_flow_image_levels(task->flow);
  analysis->linear = rst_flow_facts(task->flow).linear;
  rst_layout_shape(rst_flow_layout(task->flow), &analysis->ny, &analysis->nx);
  analysis->spacing = kernel->spacing;
  analysis->lr = scheme->lr;
  analysis->weight_decay = scheme->weight_decay;
  analysis->effective_decay = rst_effective_decay(scheme);
  analysis->mesh_number = diffusion->coefficient > 0 ? diffusion->coefficient * scheme->lr /
                                                           (diffusion->spacing * diffusion->spacing)
                                                     : NAN;
  analysis->minimum = -1;
  analysis->lr_lo = NAN;
  analysis->lr_hi = NAN;
  analysis->lr_ms = NAN;
  analysis->moment_growth = NAN;
  analysis->total_variance = NAN;
  analysis->current_share = NAN;
  analysis->displacement_exponent = NAN;
  analysis->saturated_amplitude = NAN;
  analysis->dense_deviation = NAN;
  analysis->lr_factor = NAN;
  analysis->decay_min_factor = NAN;
  analysis->decay_max_factor = NAN;
}

static void shift(double by, double *values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    values[i] += by;
  }
}

static void shift_limits(double by, struct rst_spectrum_limits *interval) {
  interval->lambda_min += by;
  interval->lambda_max += by;
  interval->limits.critical += by;
}

static void shift_spectrum(double by, struct rst_state_spectrum *spectrum) {
  spectrum->smallest.value += by;
  spectrum->largest.value += by;
}

/* The parts work with the data term's eigenvalues, for the decay is a parameter of schemes; what is told is H's, decay
 * included. */
static void include_decay(struct rst_analysis *analysis) {
  const double decay = analysis->effective_decay;
  shift_limits(decay, &analysis->exact);
  shift_limits(decay, &analysis->by_symbol);
  shift_spectrum(decay, &analysis->spectrum);
  for (size_t i = 0; i < analysis->point_count; ++i) {
    shift_spectrum(decay, &analysis->points[i].spectrum);
  }
  for (size_t i = 0; i < analysis->refinement_count; ++i) {
    analysis->refinements[i].lambda_max += decay;
  }
  for (size_t i = 0; i < analysis->layer_count; ++i) {
    analysis->layers[i].lambda_max += decay;
    analysis->layers[i].state.windowed_min += decay;
    analysis->layers[i].state.windowed_max += decay;
  }
  shift(decay, analysis->eigenvalues, analysis->eigenvalue_count);
  shift(decay, analysis->abscissae, analysis->density_count);
  if (analysis->symbol) {
    shift(decay, analysis->symbol->data, rst_field_count(analysis->symbol));
  }
}

static enum rst_status compute(struct rst_analysis_task *task, struct rst_output *output,
                               struct rst_analysis *analysis) {
  RST_TRY(rst_analysis_prepare(task));
  RST_TRY(rst_output_prepare(output));
  describe(task, analysis);
  RST_TRY(rst_real_limit_find(task->context, &task->from->step.scheme, &analysis->real_limit));
  RST_TRY(analysis->linear ? rst_analyze_linear(task, analysis) : rst_analyze_nonlinear(task, analysis));
  RST_TRY(rst_analyze_refinement(task, analysis));
  RST_TRY(rst_explain_gap(task, analysis));
  RST_TRY(rst_judge(task, analysis));
  include_decay(analysis);
  return RST_OK;
}

static enum rst_status store(const struct rst_analysis_task *task, struct rst_output *output,
                             const struct rst_analysis *analysis) {
  RST_TRY(rst_analysis_file_write(output, task->from, analysis));
  return analysis->minimum < 0
             ? RST_OK
             : rst_sidecars_write_weights(task->context, output->path, task->from->output.weights,
                                          rst_flow_layout(task->flow),
                                          analysis->points[analysis->minimum].point.u);
}

static enum rst_status analyze(struct rst_context *context, const struct rst_case *from,
                               struct rst_output *output, struct rst_analysis *analysis) {
  struct rst_analysis_task task = {.context = context, .from = from};
  enum rst_status status = compute(&task, output, analysis);
  analysis->wall_seconds = rst_output_wall_seconds(output);
  if (status == RST_OK && output->path) {
    status = store(&task, output, analysis);
  }
  rst_analysis_release(&task);
  return status;
}

enum rst_status rst_analyze(struct rst_context *context, const struct rst_case *from,
                            const struct rst_analysis_options *options, struct rst_analysis **analysis) {
  struct rst_output output;
  *analysis = NULL;
  RST_REQUIRE(context, !options->output.resume, RST_ERROR_ARGUMENT, "an analysis cannot be resumed");
  enum rst_status status = rst_output_open(context, &options->output, NULL, &output);
  if (status == RST_OK) {
    status = RST_NEW(context, 1, analysis);
  }
  if (status == RST_OK) {
    status = analyze(context, from, &output, *analysis);
  }
  rst_output_close(&output);
  if (status != RST_OK) {
    rst_analysis_destroy(analysis);
  }
  return status;
}
