/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

/* From FFT order 0, 1, ..., -1 to ascending order, the zero wave number at n/2. */
static enum rst_status ascend(struct rst_context *context, struct rst_field *field) {
  struct rst_field *source = NULL;
  RST_TRY(rst_field_create_like(context, field, &source));
  rst_field_copy(field, source);
  for (size_t y = 0; y < field->ny; ++y) {
    for (size_t x = 0; x < field->nx; ++x) {
      rst_field_set(field, (y + field->ny / 2) % field->ny, (x + field->nx / 2) % field->nx,
                    rst_field_get(source, y, x));
    }
  }
  rst_field_destroy(&source);
  return RST_OK;
}

/* Labels that agree make H definite, of one sign with its symbol; a regulariser adds the other sign. */
static bool bounds_network(const struct rst_flow_parameters *parameters) {
  bool agree = parameters->diffusion.coefficient == 0;
  for (size_t i = 1; agree && i < parameters->conv.image_count; ++i) {
    agree = parameters->conv.images[i].label == parameters->conv.images[0].label;
  }
  return agree;
}

/* The largest value of the diffusion's symbol over all wave numbers. */
static enum rst_status find_fastest(const struct rst_analysis_task *task, double *largest) {
  const double pi = acos(-1.0);
  const enum rst_ends ends =
      task->parameters.boundary == RST_BOUNDARY_PERIODIC ? RST_ENDS_PERIODIC : RST_ENDS_FIXED;
  struct rst_laplacian *laplacian = NULL;
  size_t ny = 0;
  size_t nx = 0;
  rst_tensor_plane_shape(rst_flow_layout(task->flow)->tensors, &ny, &nx);
  RST_TRY(rst_laplacian_create(task->context, RST_PRECISION_DOUBLE, ny, nx, ends, &task->parameters.diffusion,
                               &laplacian));
  *largest = rst_laplacian_symbol(laplacian, pi, pi);
  rst_laplacian_destroy(&laplacian);
  return RST_OK;
}

/* The interval that the symbol gives for the spectrum. Between fixed ends the modes are sines, whose wave
 * numbers are not the grid's but lie between 0 and pi/h. A window of `valid` positions loses some of the sum
 * over the torus, so that the interval must reach to 0. */
static enum rst_status enclose(const struct rst_analysis_task *task, struct rst_analysis *analysis,
                               double *lambda_min, double *lambda_max) {
  struct rst_extent extent;
  rst_field_extent(analysis->symbol, &extent);
  *lambda_min = extent.smallest;
  *lambda_max = extent.largest;
  if (analysis->symbol_meaning == RST_SYMBOL_EXACT) {
    return RST_OK;
  }
  if (rst_flow_facts(task->flow).diffusion_only) {
    analysis->symbol_meaning = RST_SYMBOL_BOUND;
    *lambda_min = 0.0;
    return find_fastest(task, lambda_max);
  }
  if (bounds_network(&task->parameters)) {
    analysis->symbol_meaning = RST_SYMBOL_BOUND;
    *lambda_min = fmin(extent.smallest, 0.0);
    *lambda_max = fmax(extent.largest, 0.0);
  }
  return RST_OK;
}

static enum rst_status make_fields(struct rst_context *context, size_t ny, size_t nx,
                                   struct rst_analysis *analysis) {
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &analysis->symbol));
  return rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &analysis->amplification);
}

/* From the symbol, in ascending order, of a spectrum up to lambda_max. */
static enum rst_status amplify(const struct rst_analysis_task *task, double lambda_max,
                               struct rst_analysis *analysis) {
  const struct rst_scheme_parameters working = rst_working_scheme(&task->from->step.scheme, lambda_max);
  struct rst_extent extent;
  if (rst_scheme_facts(working.kind).preconditioned) {
    rst_field_fill(NAN, analysis->amplification);
    analysis->worst_growth = analysis->worst_ky = analysis->worst_kx = NAN;
    return RST_OK;
  }
  RST_TRY(rst_amplification_of_symbol(task->context, analysis->symbol, &working, analysis->amplification));
  rst_field_extent(analysis->amplification, &extent);
  analysis->worst_growth = extent.largest;
  analysis->worst_ky = rst_analysis_wave_number(analysis, analysis->symbol->ny, extent.largest_y);
  analysis->worst_kx = rst_analysis_wave_number(analysis, analysis->symbol->nx, extent.largest_x);
  rst_wave_number_orient(&analysis->worst_ky, &analysis->worst_kx);
  return RST_OK;
}

enum rst_status rst_analyze_symbol(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  size_t ny = 0;
  size_t nx = 0;
  bool exact = false;
  const enum rst_status shape = rst_flow_symbol_shape(task->flow, &ny, &nx, &exact);
  if (shape == RST_ERROR_UNSUPPORTED) {
    return RST_OK;
  }
  RST_TRY(shape);
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  analysis->symbol_meaning = exact ? RST_SYMBOL_EXACT : RST_SYMBOL_INTERIOR;
  RST_TRY(make_fields(task->context, ny, nx, analysis));
  RST_TRY(rst_flow_symbol(task->flow, analysis->symbol));
  RST_TRY(ascend(task->context, analysis->symbol));
  RST_TRY(enclose(task, analysis, &lambda_min, &lambda_max));
  RST_TRY(amplify(task, lambda_max, analysis));
  return rst_spectrum_limits_find(task->context, &task->from->step.scheme, lambda_min, lambda_max,
                                  &analysis->by_symbol);
}

enum rst_status rst_analyze_frozen_symbol(const struct rst_analysis_task *task, const struct rst_field *u,
                                          struct rst_analysis *analysis) {
  analysis->symbol_meaning = RST_SYMBOL_FROZEN;
  RST_TRY(make_fields(task->context, analysis->ny, analysis->nx, analysis));
  RST_TRY(rst_flow_frozen_symbol(task->flow, u, analysis->symbol));
  RST_TRY(ascend(task->context, analysis->symbol));
  return amplify(task, analysis->exact.lambda_max, analysis);
}
