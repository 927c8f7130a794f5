/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The one-layer convolutional network of arXiv 2206.02001, section 4, trained on the cross entropy. Per image
 * I with label y, and c = correlation of u and I, `pool` the mean or the sum over the positions of c,
 *
 *     p = pool s(c) - shift,  yhat = sigmoid(p),  a = yhat - y
 *     E = -y log yhat - (1-y) log(1-yhat) = log(1 + exp(q)),  q = -p for y = 1 and p for y = 0
 *     grad E = a gbar,  gbar = pool[ s'(c) I ]
 *     H v    = a pool[ s''(c) (I*v) I ] + sigmoid'(p) <gbar, v> gbar
 *
 * With sigma = sigmoid(q), a = -sigma for y = 1 and sigma for y = 0, and sigmoid'(p) = sigma (1 - sigma): no
 * difference of nearly equal numbers and no logarithm of zero, however large |p|. Since <gbar, v> =
 * pool[ s'(c) (I*v) ], both terms of H v go through one adjoint. Where c itself overflows, E and its
 * derivatives are not finite.
 */

#include <math.h>

#include "core/core.h"
#include "flow/convolution.h"
#include "flow/pointwise.h"
#include "krylov/extremal.h"

struct conv {
  struct rst_convolution base;
  const struct rst_activation *activation;
  double beta, shift;
  struct rst_layer layer;
};

/* Work space, then s' and s'' where the flow was linearised. */
enum { WORK, SLOPE, CURVATURE, RESPONSES };

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct conv *conv = (struct conv *)flow;
  conv->activation = rst_activation_find(parameters->conv.activation);
  conv->beta = parameters->conv.beta;
  conv->shift = parameters->conv.shift;
  RST_TRY(rst_convolution_build(&conv->base, parameters, RESPONSES, NULL));
  conv->layer = (struct rst_layer){.name = conv->base.kernel.name, .count = flow->layout.count};
  flow->layout.layers = &conv->layer;
  flow->layout.layer_count = 1;
  return RST_OK;
}

static void destroy(struct rst_flow *flow) {
  rst_convolution_release((struct rst_convolution *)flow);
}

static double softplus(double q) {
  return fmax(q, 0.0) + log1p(exp(-fabs(q)));
}

static double sigmoid(double q) {
  const double e = exp(-fabs(q));
  return (q < 0 ? e : 1.0) / (1.0 + e);
}

/* Whether a term has no part in E, nor in its derivatives. */
static bool is_left_out(bool chosen, double weight, struct rst_convolution_term *term) {
  if (!chosen || weight != 0.0) {
    return false;
  }
  term->loss = term->residual = 0.0;
  rst_field_fill(0.0, term->contribution);
  return true;
}

static double weighed(const struct rst_convolution *convolution, bool chosen, double weight, double x) {
  return chosen ? x * weight : x / (double)convolution->count;
}

/* The network: s' and s'' of the response unless NULL (either may be the work space), and q, the output signed
 * so that the loss grows with it. */
static double forward(const struct conv *conv, struct rst_convolution_term *term, const struct rst_field *u,
                      struct rst_field *ds, struct rst_field *dds) {
  struct rst_laps *laps = conv->base.base.laps;
  double sum = 0.0;
  rst_correlation_apply(term->correlation, u, term->response[WORK]);
  rst_lap(laps, RST_STAGE_CORRELATION);
  rst_activation_evaluate(conv->base.base.context, conv->activation, conv->beta, term->response[WORK],
                          term->values, ds, dds, term->values ? NULL : &sum);
  rst_lap(laps, RST_STAGE_ACTIVATION);
  if (term->values) {
    sum = rst_convolution_sum(term, term->values);
  }
  const double p = term->norm * sum - conv->shift;
  const double q = term->label == 1 ? -p : p;
  term->loss = softplus(q);
  term->residual = term->label == 1 ? -sigmoid(q) : sigmoid(q);
  return q;
}

static void contribute_gradient(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                                const struct rst_field *ds) {
  struct rst_laps *laps = convolution->base.laps;
  rst_lap(laps, RST_STAGE_LOSS);
  rst_correlation_adjoint(term->correlation, ds, term->contribution);
  rst_lap(laps, RST_STAGE_ADJOINT);
  rst_field_scale(weighed(convolution, convolution->chosen, term->weight, term->residual * term->norm),
                  term->contribution);
}

static void value_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                       const struct rst_field *u) {
  if (!is_left_out(convolution->chosen, term->weight, term)) {
    forward((const struct conv *)convolution, term, u, NULL, NULL);
  }
}

static void gradient_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                          const struct rst_field *u) {
  struct rst_field *ds = term->response[WORK];
  if (!is_left_out(convolution->chosen, term->weight, term)) {
    forward((const struct conv *)convolution, term, u, ds, NULL);
    contribute_gradient(convolution, term, ds);
  }
}

static void linearise_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                           const struct rst_field *u) {
  if (is_left_out(convolution->chosen, term->weight, term)) {
    return;
  }
  const double q =
      forward((const struct conv *)convolution, term, u, term->response[SLOPE], term->response[CURVATURE]);
  term->curvature = term->residual;
  term->rank_one = sigmoid(q) * sigmoid(-q) * term->norm;
}

static void linearise_gradient_task(const struct rst_convolution *convolution,
                                    struct rst_convolution_term *term, const struct rst_field *u) {
  linearise_task(convolution, term, u);
  if (!convolution->chosen || term->weight != 0.0) {
    contribute_gradient(convolution, term, term->response[SLOPE]);
  }
}

static void product_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                         const struct rst_field *v) {
  const struct rst_field *ds = term->response[SLOPE];
  const struct rst_field *dds = term->response[CURVATURE];
  struct rst_field *tangent = term->response[WORK];
  if (is_left_out(convolution->linearised, term->linearised_weight, term)) {
    return;
  }
  rst_correlation_apply(term->correlation, v, tangent);
  const double rank_one = term->rank_one * rst_convolution_dot(term, ds, tangent);
  rst_pointwise(ds->precision)
      ->combine(rst_field_count(ds), term->curvature, dds->data, rank_one, ds->data, tangent->data);
  rst_correlation_adjoint(term->correlation, tangent, term->contribution);
  rst_field_scale(weighed(convolution, convolution->linearised, term->linearised_weight, term->norm),
                  term->contribution);
}

/* The output of the label's class is at least 1/2, that of class 0 at a tie. */
static double accuracy_of(const struct rst_convolution *convolution) {
  double right = 0.0;
  double all = 0.0;
  for (size_t i = 0; i < convolution->count; ++i) {
    const struct rst_convolution_term *term = &convolution->terms[i];
    const double times = convolution->chosen ? term->weight : 1.0;
    all += times;
    right += (term->label == 1 ? -term->residual < 0.5 : term->residual <= 0.5) ? times : 0.0;
  }
  return right / all;
}

/* Value and gradient, unless NULL, after one of the tasks at u. */
static void collect(struct rst_convolution *convolution, const struct rst_field *u,
                    struct rst_flow_value *value, struct rst_field *gradient) {
  *value = rst_convolution_value(convolution, u);
  value->accuracy = accuracy_of(convolution);
  if (gradient) {
    rst_field_fill(0.0, gradient);
    rst_convolution_add(convolution, u, gradient);
  }
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  struct rst_convolution *convolution = (struct rst_convolution *)flow;
  rst_convolution_run(convolution, gradient ? gradient_task : value_task, u);
  collect(convolution, u, value, gradient);
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  struct rst_convolution *convolution = (struct rst_convolution *)flow;
  convolution->linearised = convolution->chosen;
  for (size_t i = 0; i < convolution->count; ++i) {
    convolution->terms[i].linearised_weight = convolution->terms[i].weight;
  }
  rst_convolution_run(convolution, gradient ? linearise_gradient_task : linearise_task, u);
  collect(convolution, u, value, gradient);
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  struct rst_convolution *convolution = (struct rst_convolution *)flow;
  rst_convolution_run(convolution, product_task, v);
  rst_field_fill(0.0, product);
  rst_convolution_add(convolution, v, product);
}

/* lambda += factor |ghat(w)|^2 for the unpooled gradient of p in the term's contribution. */
static enum rst_status add_rank_one(const struct rst_convolution *convolution,
                                    const struct rst_convolution_term *term, double factor,
                                    struct rst_field *lambda) {
  struct rst_field *power = NULL;
  RST_TRY(rst_field_create_like(convolution->base.context, lambda, &power));
  const enum rst_status status = rst_power_spectrum(convolution->base.context, term->contribution, power);
  rst_field_axpy(factor, power, lambda);
  rst_field_destroy(&power);
  return status;
}

static enum rst_status frozen_symbol(struct rst_flow *flow, const struct rst_field *u,
                                     struct rst_field *lambda) {
  const struct conv *conv = (const struct conv *)flow;
  const struct rst_convolution *convolution = &conv->base;
  const struct rst_field kernel = rst_flow_kernel(flow, u);
  const double share = 1.0 / (double)convolution->count;
  for (size_t i = 0; i < convolution->count; ++i) {
    struct rst_convolution_term *term = &convolution->terms[i];
    struct rst_field *work = term->response[WORK];
    forward(conv, term, &kernel, NULL, work);
    const double mean =
        rst_convolution_sum(term, work) / (double)rst_correlation_positions(term->correlation);
    const double q = forward(conv, term, &kernel, work, NULL);
    rst_correlation_adjoint(term->correlation, work, term->contribution);
    const double slope = term->norm * term->norm * sigmoid(q) * sigmoid(-q) / (double)rst_field_count(u);
    RST_TRY(add_rank_one(convolution, term, share * slope, lambda));
    RST_TRY(rst_convolution_add_window_power(convolution, term, share * term->residual * term->norm * mean,
                                             lambda));
  }
  if (convolution->regulariser) {
    rst_flow_add_diffusion_symbol(convolution->regulariser, lambda);
  }
  return RST_OK;
}

/* One image is no set to choose from. */
static size_t example_count(const struct rst_flow *flow, enum rst_example_set set) {
  const size_t images = ((const struct rst_convolution *)flow)->count;
  return set == RST_TRAINING_SET && images > 1 ? images : 0;
}

static enum rst_status prepare(struct rst_flow *flow, size_t count) {
  (void)flow;
  (void)count;
  return RST_OK;
}

static void choose(struct rst_flow *flow, const struct rst_draw *draw) {
  struct rst_convolution *convolution = (struct rst_convolution *)flow;
  convolution->chosen = draw != NULL;
  for (size_t i = 0; draw && i < convolution->count; ++i) {
    convolution->terms[i].weight = 0.0;
  }
  for (size_t i = 0; draw && i < draw->count; ++i) {
    convolution->terms[draw->indices[i]].weight += draw->weights[i];
  }
}

static void assess(struct rst_flow *flow, enum rst_example_set set, const struct rst_field *u,
                   const double *averages, struct rst_assessment *assessment, struct rst_field *gradient) {
  struct rst_convolution *convolution = (struct rst_convolution *)flow;
  const bool chosen = convolution->chosen;
  struct rst_flow_value value;
  (void)set;
  (void)averages;
  convolution->chosen = false;
  evaluate(flow, u, &value, gradient);
  convolution->chosen = chosen;
  *assessment = (struct rst_assessment){value.data_loss, value.accuracy};
}

/* Of the response's values: 1 where it is activated, -1 where not, 0 in between; from s' in place. */
static void mark_regimes(struct rst_field *ds) {
  for (size_t y = 0; y < ds->ny; ++y) {
    for (size_t x = 0; x < ds->nx; ++x) {
      const double slope = rst_field_get(ds, y, x);
      const double mark =
          (slope >= 1.0 - RST_TRANSITION_SLOPE ? 1.0 : 0.0) - (slope <= RST_TRANSITION_SLOPE ? 1.0 : 0.0);
      rst_field_set(ds, y, x, mark);
    }
  }
}

/* Shares of the positions of one image, added to the state's. */
static void add_shares(const struct conv *conv, struct rst_convolution_term *term, const struct rst_field *u,
                       struct rst_layer_state *state) {
  struct rst_field *marks = term->response[WORK];
  const double positions = (double)rst_correlation_positions(term->correlation);
  const double share = 1.0 / (positions * (double)conv->base.count);
  forward(conv, term, u, marks, NULL);
  mark_regimes(marks);
  const double difference = rst_convolution_sum(term, marks);
  const double sum = rst_convolution_dot(term, marks, marks);
  state->activated += 0.5 * share * (sum + difference);
  state->not_activated += 0.5 * share * (sum - difference);
  state->transitioning += share * (positions - sum);
}

/* a norm X X' v of an image, s''(0) apart; the residual is that of the state. */
static void window_task(const struct rst_convolution *convolution, struct rst_convolution_term *term,
                        const struct rst_field *v) {
  struct rst_field *response = term->response[WORK];
  rst_correlation_apply(term->correlation, v, response);
  rst_correlation_adjoint(term->correlation, response, term->contribution);
  rst_field_scale(term->residual * term->norm / (double)convolution->count, term->contribution);
}

static void window_product(void *user, const struct rst_field *v, struct rst_field *product) {
  struct rst_convolution *convolution = user;
  rst_convolution_run(convolution, window_task, v);
  rst_field_fill(0.0, product);
  for (size_t i = 0; i < convolution->count; ++i) {
    const struct rst_field *own = convolution->terms[i].contribution;
    const struct rst_field row = {own->precision, 1, rst_field_count(own), own->data};
    rst_field_axpy(1.0, &row, product);
  }
}

static enum rst_status find_windowed(struct conv *conv, double scale, struct rst_layer_state *state) {
  const double tolerance = 1e-6;
  struct rst_context *context = conv->base.base.context;
  struct rst_field *vector = NULL;
  struct rst_eigenpair low = {0};
  struct rst_eigenpair high = {0};
  RST_TRY(rst_flow_create_state(context, &conv->base.base, &vector));
  enum rst_status status = rst_extremal_eigenpair(context, window_product, &conv->base, RST_SPECTRUM_SMALLEST,
                                                  tolerance, vector, &low);
  if (status == RST_OK) {
    rst_field_fill(0.0, vector);
    status = rst_extremal_eigenpair(context, window_product, &conv->base, RST_SPECTRUM_LARGEST, tolerance,
                                    vector, &high);
  }
  rst_field_destroy(&vector);
  state->windowed_min = fmin(scale * low.value, scale * high.value);
  state->windowed_max = fmax(scale * low.value, scale * high.value);
  return status;
}

static enum rst_status layer_states(struct rst_flow *flow, const struct rst_field *u,
                                    struct rst_layer_state *states) {
  struct conv *conv = (struct conv *)flow;
  const struct rst_field kernel = rst_flow_kernel(flow, u);
  *states = (struct rst_layer_state){0};
  for (size_t i = 0; i < conv->base.count; ++i) {
    add_shares(conv, &conv->base.terms[i], &kernel, states);
    states->gamma += conv->base.terms[i].norm / (double)conv->base.count;
  }
  return find_windowed(conv, rst_activation_curvature(conv->activation, conv->beta), states);
}

static const struct rst_key rows[] = {
    {REAL("flow.shift", ANY), DEFAULT("0"), PLACE(struct rst_flow_parameters, conv.shift),
     HELP("subtracted from the pooled activations; p = mean s(c) - shift")},
    {NAMED("flow.activation.kind", rst_activation_names), DEFAULT("swish"),
     PLACE(struct rst_flow_parameters, conv.activation),
     HELP("the activation s(z); swish: z sigmoid(beta z); tanh: tanh(beta z); softplus: log(1 + exp(beta "
          "z))/beta; gelu: z (1 + erf(z/sqrt 2))/2; relu: max(z, 0); identity: z")},
};
static const struct rst_keys conv_keys = RST_KEYS(rows, struct rst_flow_parameters);
static const struct rst_keys *const keys[] = {&rst_convolution_first_keys, &conv_keys,
                                              &rst_convolution_last_keys, NULL};

const struct rst_flow_type rst_flow_conv = {
    .size = sizeof(struct conv),
    .boundaries = rst_convolution_boundaries,
    .boundary_count = RST_CONVOLUTION_BOUNDARIES,
    .facts = {.plane_waves = true, .examples = true, .one_layer = true},
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .linearise = linearise,
    .hessian_product = hessian_product,
    .frozen_symbol = frozen_symbol,
    .example_count = example_count,
    .prepare = prepare,
    .choose = choose,
    .assess = assess,
    .layer_states = layer_states,
    .linear_terms = rst_convolution_linear_terms,
    .image = rst_convolution_image,
    .response_shape = rst_convolution_response_shape,
    .respond = rst_convolution_respond,
    .keys = keys,
};
