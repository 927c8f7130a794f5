/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/convolution.h"

#include <math.h>

#include "core/core.h"
#include "core/share.h"
#include "correlate/correlation_type.h"
#include "flow/pointwise.h"
#include "transform/phase.h"

const enum rst_boundary rst_convolution_boundaries[RST_CONVOLUTION_BOUNDARIES] = {RST_BOUNDARY_VALID,
                                                                                  RST_BOUNDARY_PERIODIC};

static enum rst_status check(struct rst_context *context, const struct rst_flow_parameters *parameters) {
  RST_REQUIRE(context, parameters->conv.kernel >= 1, RST_ERROR_ARGUMENT,
              "the kernel has %zu points a side; it needs at least 1", parameters->conv.kernel);
  RST_REQUIRE(context, parameters->conv.image_count >= 1 && parameters->conv.images, RST_ERROR_ARGUMENT,
              "the flow %s has no image; give at least one", parameters->kind);
  RST_REQUIRE(context,
              parameters->conv.pooling == RST_POOLING_MEAN || parameters->conv.pooling == RST_POOLING_SUM,
              RST_ERROR_ARGUMENT, "the pooling %d is neither mean nor sum", (int)parameters->conv.pooling);
  RST_REQUIRE(context, isfinite(parameters->conv.shift), RST_ERROR_ARGUMENT,
              "the shift is %g; it must be finite", parameters->conv.shift);
  RST_REQUIRE(context, isfinite(parameters->conv.beta), RST_ERROR_ARGUMENT,
              "the activation's beta is %g; it must be finite", parameters->conv.beta);
  if (!rst_activation_find(parameters->conv.activation)) {
    return rst_fail_unknown(context, "activation", parameters->conv.activation, rst_activation_names());
  }
  for (size_t i = 0; i < parameters->conv.image_count; ++i) {
    const int label = parameters->conv.images[i].label;
    RST_REQUIRE(context, label == 0 || label == 1, RST_ERROR_ARGUMENT,
                "the label of image %zu is %d; it must be 0 or 1", i + 1, label);
  }
  return RST_OK;
}

static enum rst_status build_term(struct rst_convolution *convolution,
                                  const struct rst_flow_parameters *parameters, size_t responses,
                                  struct rst_convolution_term *term) {
  struct rst_context *context = convolution->base.context;
  const struct rst_field *image = term->image;
  const size_t k = parameters->conv.kernel;
  RST_REQUIRE(context, k <= image->ny && k <= image->nx, RST_ERROR_ARGUMENT,
              "the kernel of %zu x %zu is larger than image %td of %zu x %zu; make it smaller", k, k,
              term - convolution->terms + 1, image->ny, image->nx);
  RST_TRY(rst_correlation_create(context, image, k, k, parameters->boundary, parameters->conv.correlation,
                                 &term->correlation));
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(term->correlation, &my, &mx);
  term->multiplicities = rst_correlation_multiplicities(term->correlation);
  term->norm = parameters->conv.pooling == RST_POOLING_MEAN
                   ? 1.0 / (double)rst_correlation_positions(term->correlation)
                   : 1.0;
  if (term->multiplicities) {
    RST_TRY(rst_field_create(context, image->precision, my, mx, &term->values));
  }
  for (size_t i = 0; i < responses; ++i) {
    RST_TRY(rst_field_create(context, image->precision, my, mx, &term->response[i]));
  }
  return rst_field_create(context, image->precision, k, k, &term->contribution);
}

static enum rst_status build_image(struct rst_convolution *convolution,
                                   const struct rst_flow_parameters *parameters, size_t responses,
                                   rst_convolution_visitor *visit, size_t index) {
  struct rst_convolution_term *term = &convolution->terms[index];
  const struct rst_image_parameters *source = &parameters->conv.images[index].image;
  struct rst_image_levels levels;
  term->label = parameters->conv.images[index].label;
  RST_TRY(rst_image_create_with_levels(convolution->base.context, source, parameters->precision, &levels,
                                       &term->image));
  if (index == 0 && source->file) {
    convolution->base.levels = levels;
  }
  RST_TRY(build_term(convolution, parameters, responses, term));
  return visit ? visit(convolution, term) : RST_OK;
}

static enum rst_status build_regulariser(struct rst_convolution *convolution,
                                         const struct rst_flow_parameters *parameters) {
  const struct rst_flow *flow = &convolution->base;
  const enum rst_ends ends =
      parameters->boundary == RST_BOUNDARY_PERIODIC ? RST_ENDS_PERIODIC : RST_ENDS_FREE;
  if (parameters->diffusion.coefficient == 0) {
    return RST_OK;
  }
  return rst_laplacian_create(flow->context, flow->precision, parameters->conv.kernel,
                              parameters->conv.kernel, ends, &parameters->diffusion,
                              &convolution->regulariser);
}

enum rst_status rst_convolution_build(struct rst_convolution *convolution,
                                      const struct rst_flow_parameters *parameters, size_t responses,
                                      rst_convolution_visitor *visit) {
  struct rst_flow *flow = &convolution->base;
  RST_TRY(check(flow->context, parameters));
  rst_flow_lay_out_kernel(flow, parameters->conv.kernel, parameters->conv.kernel, 1.0, &convolution->kernel);
  RST_TRY(RST_NEW(flow->context, parameters->conv.image_count, &convolution->terms));
  convolution->count = parameters->conv.image_count;
  for (size_t i = 0; i < convolution->count; ++i) {
    RST_TRY(build_image(convolution, parameters, responses, visit, i));
    flow->correlation_cost += rst_correlation_cost(convolution->terms[i].correlation);
  }
  flow->correlation = rst_correlation_name(convolution->terms[0].correlation);
  return build_regulariser(convolution, parameters);
}

void rst_convolution_release(struct rst_convolution *convolution) {
  for (size_t i = 0; i < convolution->count; ++i) {
    struct rst_convolution_term *term = &convolution->terms[i];
    for (size_t j = 0; j < RST_CONVOLUTION_MOST_RESPONSES; ++j) {
      rst_field_destroy(&term->response[j]);
    }
    rst_field_destroy(&term->image);
    rst_field_destroy(&term->values);
    rst_field_destroy(&term->contribution);
    rst_field_destroy(&term->window_power);
    rst_correlation_destroy(&term->correlation);
  }
  free(convolution->terms);
  convolution->terms = NULL;
  convolution->count = 0;
  rst_laplacian_destroy(&convolution->regulariser);
}

double rst_convolution_sum(const struct rst_convolution_term *term, const struct rst_field *x) {
  return term->multiplicities ? rst_field_dot(term->multiplicities, x) : rst_field_sum(x);
}

double rst_convolution_dot(const struct rst_convolution_term *term, const struct rst_field *x,
                           const struct rst_field *y) {
  const struct rst_field *w = term->multiplicities;
  return w ? rst_pointwise(x->precision)->weighted_dot(rst_field_count(x), w->data, x->data, y->data)
           : rst_field_dot(x, y);
}

/* A task for all terms. */
struct tasks {
  struct rst_convolution *convolution;
  rst_convolution_task *task;
  const struct rst_field *x;
};

static void run_task(void *work, size_t index, size_t member) {
  (void)member;
  const struct tasks *tasks = work;
  tasks->task(tasks->convolution, &tasks->convolution->terms[index], tasks->x);
}

void rst_convolution_run(struct rst_convolution *convolution, rst_convolution_task *task,
                         const struct rst_field *x) {
  const struct rst_flow *flow = &convolution->base;
  const size_t team = rst_team_size(flow->context, flow->correlation_cost, convolution->count);
  struct rst_laps *laps = convolution->base.laps;
  const struct rst_field kernel = rst_flow_kernel(&convolution->base, x);
  struct tasks tasks = {convolution, task, &kernel};
  if (team > 1) {
    /* The stages of several threads overlap. */
    convolution->base.laps = NULL;
  }
  rst_share(flow->context, team, convolution->count, run_task, &tasks);
  convolution->base.laps = laps;
}

struct rst_linear_terms rst_convolution_linear_terms(const struct rst_flow *flow) {
  const struct rst_laplacian *regulariser = ((const struct rst_convolution *)flow)->regulariser;
  return (struct rst_linear_terms){.largest = regulariser ? rst_laplacian_largest(regulariser) : 0.0,
                                   .alternating = NAN};
}

struct rst_flow_value rst_convolution_value(struct rst_convolution *convolution, const struct rst_field *u) {
  double loss = 0.0;
  double residual = 0.0;
  for (size_t i = 0; i < convolution->count; ++i) {
    const double weight = convolution->chosen ? convolution->terms[i].weight : 1.0;
    loss += weight * convolution->terms[i].loss;
    residual += weight * convolution->terms[i].residual;
  }
  const double count = convolution->chosen ? 1.0 : (double)convolution->count;
  const struct rst_field kernel = rst_flow_kernel(&convolution->base, u);
  const double regulariser =
      convolution->regulariser ? rst_laplacian_energy(convolution->regulariser, &kernel) : 0.0;
  return (struct rst_flow_value){.data_loss = loss / count + regulariser, .residual = residual / count};
}

void rst_convolution_add(struct rst_convolution *convolution, const struct rst_field *v,
                         struct rst_field *total) {
  const struct rst_field at = rst_flow_kernel(&convolution->base, v);
  struct rst_field sum = rst_flow_kernel(&convolution->base, total);
  for (size_t i = 0; i < convolution->count; ++i) {
    rst_field_axpy(1.0, convolution->terms[i].contribution, &sum);
  }
  if (convolution->regulariser) {
    rst_laplacian_add(convolution->regulariser, &at, &sum);
  }
}

bool rst_convolution_image(const struct rst_flow *flow, size_t index, struct rst_field *image) {
  const struct rst_convolution *convolution = (const struct rst_convolution *)flow;
  if (index < convolution->count) {
    *image = *convolution->terms[index].image;
  }
  return index < convolution->count;
}

void rst_convolution_response_shape(const struct rst_flow *flow, size_t *my, size_t *mx) {
  rst_correlation_position_shape(((const struct rst_convolution *)flow)->terms->correlation, my, mx);
}

static void response_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                          const struct rst_field *u) {
  (void)convolution;
  rst_correlation_apply(term->correlation, u, term->response[0]);
}

void rst_convolution_respond(struct rst_flow *flow, const struct rst_field *u, struct rst_field *responses) {
  struct rst_convolution *convolution = (struct rst_convolution *)flow;
  const size_t my = responses->ny / convolution->count;
  const size_t size = my * responses->nx * rst_precision_size(responses->precision);
  rst_convolution_run(convolution, response_task, u);
  for (size_t i = 0; i < convolution->count; ++i) {
    const struct rst_convolution_term *term = &convolution->terms[i];
    struct rst_field own = {responses->precision, my, responses->nx, (char *)responses->data + i * size};
    rst_correlation_spread(term->correlation, term->response[0], &own);
  }
}

/* |I * cos(theta . x + shift)|^2 summed over the positions. */
static double wave_power(struct rst_convolution_term *term, double theta_y, double theta_x, double shift,
                         struct rst_field *wave) {
  for (size_t y = 0; y < wave->ny; ++y) {
    for (size_t x = 0; x < wave->nx; ++x) {
      rst_field_set(wave, y, x, cos(theta_y * (double)y + theta_x * (double)x + shift));
    }
  }
  rst_correlation_apply(term->correlation, wave, term->response[0]);
  return rst_convolution_dot(term, term->response[0], term->response[0]);
}

enum rst_status rst_convolution_window_power(const struct rst_convolution *convolution,
                                             struct rst_convolution_term *term) {
  const double quarter_turn = 1.57079632679489661923;
  const size_t k = convolution->kernel.dims[0];
  if (term->window_power) {
    return RST_OK;
  }
  struct rst_field *power = NULL;
  struct rst_field *wave = NULL;
  enum rst_status status = rst_field_create(convolution->base.context, RST_PRECISION_DOUBLE, k, k, &power);
  if (status == RST_OK) {
    status = rst_field_create_like(convolution->base.context, term->contribution, &wave);
  }
  for (size_t y = 0; status == RST_OK && y < k; ++y) {
    for (size_t x = 0; x <= k / 2; ++x) {
      const double theta_y = rst_phase_angle(y, k);
      const double theta_x = rst_phase_angle(x, k);
      const double sum = wave_power(term, theta_y, theta_x, 0.0, wave) +
                         wave_power(term, theta_y, theta_x, -quarter_turn, wave);
      /* The image is real: P(-w) = P(w). */
      rst_field_set(power, y, x, sum / (double)(k * k));
      rst_field_set(power, (k - y) % k, (k - x) % k, sum / (double)(k * k));
    }
  }
  rst_field_destroy(&wave);
  if (status != RST_OK) {
    rst_field_destroy(&power);
    return status;
  }
  term->window_power = power;
  return RST_OK;
}

enum rst_status rst_convolution_add_window_power(const struct rst_convolution *convolution,
                                                 struct rst_convolution_term *term, double factor,
                                                 struct rst_field *lambda) {
  RST_TRY(rst_convolution_window_power(convolution, term));
  rst_field_axpy(factor, term->window_power, lambda);
  return RST_OK;
}
