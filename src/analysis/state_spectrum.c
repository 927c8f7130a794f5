/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

/* (sum v^2)^2 / (n sum v^4): 1 for a constant modulus, 1/n for a single point. */
static double participation(const struct rst_field *v) {
  const double *values = v->data;
  const size_t count = rst_field_count(v);
  double squares = 0.0;
  double fourths = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const double square = values[i] * values[i];
    squares += square;
    fourths += square * square;
  }
  return squares * squares / ((double)count * fourths);
}

/* Signed wave number of an index in FFT order. */
static double wave_number(size_t index, size_t n, double spacing) {
  const double pi = acos(-1.0);
  const double j = (double)index - (2 * index > n ? (double)n : 0.0);
  return 2 * pi * j / ((double)n * spacing);
}

void rst_wave_number_orient(double *ky, double *kx) {
  if (*ky < 0 || (*ky == 0 && *kx < 0)) {
    *ky = 0.0 - *ky;
    *kx = 0.0 - *kx;
  }
}

/* NaN where the state is no plane. */
static enum rst_status find_wave_number(struct rst_context *context, const struct rst_layout *layout,
                                        struct rst_state_spectrum *spectrum) {
  size_t ny = 0;
  size_t nx = 0;
  rst_tensor_plane_shape(layout->tensors, &ny, &nx);
  if (ny * nx != layout->count) {
    spectrum->ky = NAN;
    spectrum->kx = NAN;
    return RST_OK;
  }
  const struct rst_field plane = rst_layout_plane(layout, spectrum->vector_max, 0, 0);
  const double spacing = layout->tensors[0].spacing;
  struct rst_field *power = NULL;
  struct rst_extent extent;
  RST_TRY(rst_field_create_like(context, &plane, &power));
  const enum rst_status status = rst_power_spectrum(context, &plane, power);
  if (status == RST_OK) {
    rst_field_extent(power, &extent);
    spectrum->ky = wave_number(extent.largest_y, power->ny, spacing);
    spectrum->kx = wave_number(extent.largest_x, power->nx, spacing);
    rst_wave_number_orient(&spectrum->ky, &spectrum->kx);
  }
  rst_field_destroy(&power);
  return status;
}

static enum rst_status make_vector(struct rst_context *context, const struct rst_field *u,
                                   struct rst_field **vector) {
  return *vector ? RST_OK : rst_field_create_like(context, u, vector);
}

enum rst_status rst_state_spectrum_find(struct rst_context *context, struct rst_flow *flow,
                                        const struct rst_field *u, struct rst_state_spectrum *spectrum) {
  RST_TRY(make_vector(context, u, &spectrum->vector_min));
  RST_TRY(make_vector(context, u, &spectrum->vector_max));
  RST_TRY(rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_LARGEST, RST_ANALYSIS_TOLERANCE,
                               spectrum->vector_max, &spectrum->largest));
  RST_TRY(rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_SMALLEST, RST_ANALYSIS_TOLERANCE,
                               spectrum->vector_min, &spectrum->smallest));
  spectrum->participation_min = participation(spectrum->vector_min);
  spectrum->participation_max = participation(spectrum->vector_max);
  return find_wave_number(context, rst_flow_layout(flow), spectrum);
}

void rst_state_spectrum_clear(struct rst_state_spectrum *spectrum) {
  rst_field_destroy(&spectrum->vector_min);
  rst_field_destroy(&spectrum->vector_max);
}

void rst_state_spectrum_extremes(const struct rst_state_spectrum *spectrum, double *lambda_min,
                                 double *lambda_max) {
  const double units = 64;
  const double size = fmax(fabs(spectrum->smallest.value), fabs(spectrum->largest.value));
  const double floor = units * DBL_EPSILON * size;
  const struct rst_eigenpair *pairs[] = {&spectrum->smallest, &spectrum->largest};
  double *values[] = {lambda_min, lambda_max};
  for (size_t i = 0; i < 2; ++i) {
    const bool zero = fabs(pairs[i]->value) <= fmax(pairs[i]->residual, floor);
    *values[i] = zero ? 0.0 : pairs[i]->value;
  }
}
