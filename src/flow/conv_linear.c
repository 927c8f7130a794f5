/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The linearisation of the one-layer network about u = 0 with the residual frozen (arXiv 2206.02001, section
 * 4): s(z) = z sigmoid(beta z) ~ z/2 + beta z^2/4, and a = -1/2 for y = 1, +1/2 for y = 0. Per image,
 *
 *     E      = (a/2) [ <m, u> + (beta norm / 2) sum c^2 ]
 *     grad E = (a/2) [ m + beta norm adjoint(c) ],   H v = (a beta/2) norm adjoint(correlation of v and I)
 *
 * with m = mean(I), norm = 1 for pooling `sum` (the published experiments), and m = pool_mn I[m+i][n+j], norm
 * = 1/(number of positions) for `mean`. The symbol of H is (a beta/2) norm |Ihat(w)|^2: negative for y = 1,
 * where only weight decay can stabilise the flow.
 */

#include <string.h>

#include "core/core.h"
#include "flow/convolution.h"

struct conv_linear {
  struct rst_convolution base;
  double beta;
  bool mean;                /**< pooling */
  bool periodic;            /**< boundary */
  struct rst_field *slope;  /**< grad E(0), the mean of (a/2) m */
  struct rst_field *symbol; /**< of H without the regulariser; NULL if the images differ in shape */
};

static double residual(const struct rst_convolution_term *term) {
  const double half = 0.5;
  return term->label == 1 ? -half : half;
}

/* Add (a/2) m / n; the term's contribution is work space. */
static void add_slope(struct conv_linear *linear, struct rst_convolution_term *term) {
  if (linear->mean) {
    rst_field_fill(1.0, term->response[0]);
    rst_correlation_adjoint(term->correlation, term->response[0], term->contribution);
    rst_field_scale(term->norm, term->contribution);
  } else {
    rst_field_fill(rst_field_sum(term->image) / (double)rst_field_count(term->image), term->contribution);
  }
  struct rst_field slope = rst_flow_kernel(&linear->base.base, linear->slope);
  rst_field_axpy(residual(term) / 2 / (double)linear->base.count, term->contribution, &slope);
}

/* Factor of the second derivative of the term: (a beta/2) norm / n. */
static double curvature(const struct conv_linear *linear, const struct rst_convolution_term *term) {
  return residual(term) * linear->beta / 2 * term->norm / (double)linear->base.count;
}

static enum rst_status add_symbol(struct conv_linear *linear, const struct rst_convolution_term *term) {
  const struct rst_field *image = term->image;
  struct rst_context *context = linear->base.base.context;
  struct rst_field *power = NULL;
  if (linear->symbol && (linear->symbol->ny != image->ny || linear->symbol->nx != image->nx)) {
    rst_field_destroy(&linear->symbol);
  }
  if (!linear->symbol) {
    return RST_OK;
  }
  RST_TRY(rst_field_create_like(context, linear->symbol, &power));
  const enum rst_status status = rst_power_spectrum(context, image, power);
  rst_field_axpy(curvature(linear, term), power, linear->symbol);
  rst_field_destroy(&power);
  return status;
}

static enum rst_status visit(struct rst_convolution *convolution, struct rst_convolution_term *term) {
  struct conv_linear *linear = (struct conv_linear *)convolution;
  struct rst_context *context = convolution->base.context;
  if (term == convolution->terms) {
    RST_TRY(rst_flow_create_state(context, &convolution->base, &linear->slope));
    RST_TRY(
        rst_field_create(context, RST_PRECISION_DOUBLE, term->image->ny, term->image->nx, &linear->symbol));
  }
  add_slope(linear, term);
  return add_symbol(linear, term);
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct conv_linear *linear = (struct conv_linear *)flow;
  const bool swish = parameters->conv.activation && strcmp(parameters->conv.activation, "swish") == 0;
  RST_REQUIRE(flow->context, swish || !rst_activation_find(parameters->conv.activation), RST_ERROR_ARGUMENT,
              "conv-linear is the linearisation of the activation swish, not of %s; choose swish",
              parameters->conv.activation);
  linear->beta = parameters->conv.beta;
  linear->mean = parameters->conv.pooling == RST_POOLING_MEAN;
  linear->periodic = parameters->boundary == RST_BOUNDARY_PERIODIC;
  return rst_convolution_build(&linear->base, parameters, 1, visit);
}

static void destroy(struct rst_flow *flow) {
  struct conv_linear *linear = (struct conv_linear *)flow;
  rst_field_destroy(&linear->slope);
  rst_field_destroy(&linear->symbol);
  rst_convolution_release(&linear->base);
}

static void value_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                       const struct rst_field *u) {
  const struct conv_linear *linear = (const struct conv_linear *)convolution;
  struct rst_field *c = term->response[0];
  rst_correlation_apply(term->correlation, u, c);
  term->loss = residual(term) * linear->beta / 4 * term->norm * rst_convolution_dot(term, c, c);
  term->residual = residual(term);
}

static void gradient_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                          const struct rst_field *u) {
  value_task(convolution, term, u);
  rst_correlation_adjoint(term->correlation, term->response[0], term->contribution);
  rst_field_scale(curvature((const struct conv_linear *)convolution, term), term->contribution);
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  struct conv_linear *linear = (struct conv_linear *)flow;
  rst_convolution_run(&linear->base, gradient ? gradient_task : value_task, u);
  *value = rst_convolution_value(&linear->base, u);
  value->data_loss += rst_field_dot(linear->slope, u);
  if (gradient) {
    rst_field_copy(linear->slope, gradient);
    rst_convolution_add(&linear->base, u, gradient);
  }
}

/* H is constant: the quadratic part of the gradient, at v. */
static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  struct conv_linear *linear = (struct conv_linear *)flow;
  rst_convolution_run(&linear->base, gradient_task, v);
  rst_field_fill(0.0, product);
  rst_convolution_add(&linear->base, v, product);
}

static enum rst_status symbol_shape(struct rst_flow *flow, size_t *ny, size_t *nx, bool *exact) {
  const struct conv_linear *linear = (const struct conv_linear *)flow;
  RST_REQUIRE(
      flow->context, linear->symbol, RST_ERROR_UNSUPPORTED,
      "the images of the flow %s differ in shape, so that it has no common Fourier symbol; use images "
      "of one shape",
      flow->name);
  *ny = linear->symbol->ny;
  *nx = linear->symbol->nx;
  *exact = linear->periodic && linear->base.kernel.dims[0] == *ny && linear->base.kernel.dims[1] == *nx;
  return RST_OK;
}

static void symbol(struct rst_flow *flow, struct rst_field *lambda) {
  const struct conv_linear *linear = (const struct conv_linear *)flow;
  rst_field_copy(linear->symbol, lambda);
  if (linear->base.regulariser) {
    rst_flow_add_diffusion_symbol(linear->base.regulariser, lambda);
  }
}

static enum rst_status frozen_symbol(struct rst_flow *flow, const struct rst_field *u,
                                     struct rst_field *lambda) {
  const struct conv_linear *linear = (const struct conv_linear *)flow;
  (void)u;
  for (size_t i = 0; i < linear->base.count; ++i) {
    struct rst_convolution_term *term = &linear->base.terms[i];
    RST_TRY(rst_convolution_add_window_power(&linear->base, term, curvature(linear, term), lambda));
  }
  if (linear->base.regulariser) {
    rst_flow_add_diffusion_symbol(linear->base.regulariser, lambda);
  }
  return RST_OK;
}

static const char *const activations[] = {"swish", NULL};
static const struct rst_key rows[] = {
    {NAMED("flow.activation.kind", NULL), DEFAULT("swish"), .names = activations,
     PLACE(struct rst_flow_parameters, conv.activation),
     HELP("the activation that is linearised; swish: s(z) = z sigmoid(beta z)")},
};
static const struct rst_keys conv_linear_keys = RST_KEYS(rows, struct rst_flow_parameters);
static const struct rst_keys *const keys[] = {&rst_convolution_first_keys, &conv_linear_keys,
                                              &rst_convolution_last_keys, NULL};

const struct rst_flow_type rst_flow_conv_linear = {
    .size = sizeof(struct conv_linear),
    .boundaries = rst_convolution_boundaries,
    .boundary_count = RST_CONVOLUTION_BOUNDARIES,
    .facts = {.linear = true, .plane_waves = true},
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .hessian_product = hessian_product,
    .frozen_symbol = frozen_symbol,
    .symbol_shape = symbol_shape,
    .symbol = symbol,
    .image = rst_convolution_image,
    .response_shape = rst_convolution_response_shape,
    .respond = rst_convolution_respond,
    .keys = keys,
};
