/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/reduced_flow.h"

#include <math.h>
#include <string.h>

#include "activation/activation_kernels.h"
#include "core/core.h"
#include "flow/flow_type.h"

/** @file
 * The formulas of conv.c with Z q for the responses: per image, with pooling c and multiplicities m_j,
 *
 *     p = c sum_j m_j s(z_j.q) - shift,   grad E = a c sum_j m_j s'_j z_j
 *     H v = c sum_j m_j ( a s''_j (z_j.v) + f s'_j ) z_j,   f = sigmoid'(p) c sum_j m_j s'_j (z_j.v)
 */

enum { PATCHES = RST_REDUCTION_MOST_PATCHES };

/* s, s', s'' of the responses. */
struct responses {
  double value[PATCHES], slope[PATCHES], curvature[PATCHES];
};

struct reduced_flow {
  struct rst_flow base;
  const struct rst_reduced_network *network;
  size_t activation;
  double beta, shift;
  struct rst_tensor coordinates;
  /* where it was linearised: */
  struct responses at;
  double residual[PATCHES], slope[PATCHES]; /* of the images: a, sigmoid'(p) */
};

/* What an image's sum of activations makes of it. */
struct output {
  double loss, residual, slope;
};

static struct output judge(const struct reduced_flow *own, const struct rst_reduced_image *image,
                           double sum) {
  const double sign = image->label == 1 ? -1.0 : 1.0;
  const double q = sign * (image->pooling * sum - own->shift);
  const double t = exp(-fabs(q));
  const double high = 1.0 / (1.0 + t);
  const double low = t * high;
  return (struct output){
      .loss = fmax(q, 0.0) + log1p(t), .residual = sign * (q < 0.0 ? low : high), .slope = low * high};
}

static double dot(size_t count, const double *x, const double *y) {
  double sum = 0.0;
  for (size_t i = 0; i < count; ++i) {
    sum += x[i] * y[i];
  }
  return sum;
}

static void axpy(size_t count, double a, const double *x, double *y) {
  for (size_t i = 0; i < count; ++i) {
    y[i] += a * x[i];
  }
}

/* The responses to q, in `value` the activations. */
static void respond(const struct reduced_flow *own, const double *q, struct responses *at) {
  const struct rst_reduced_network *network = own->network;
  double z[PATCHES];
  for (size_t j = 0; j < network->patches; ++j) {
    z[j] = dot(network->rank, network->responses + j * network->rank, q);
  }
  rst_activation_operations_double[rst_vectors_widest()].evaluate(
      own->activation, own->beta, network->patches, z, at->value, at->slope, at->curvature);
}

/* The value, from responses; gradient unless NULL; outputs of the images, [image_count]. */
static void sum_up(const struct reduced_flow *own, const struct responses *at, struct rst_flow_value *value,
                   struct rst_field *gradient, struct output *outputs) {
  const struct rst_reduced_network *network = own->network;
  const double share = 1.0 / (double)network->image_count;
  size_t first = 0;
  *value = (struct rst_flow_value){0};
  if (gradient) {
    rst_field_fill(0.0, gradient);
  }
  for (size_t i = 0; i < network->image_count; ++i) {
    const struct rst_reduced_image *image = &network->images[i];
    const double *weights = network->multiplicities + first;
    outputs[i] = judge(own, image, dot(image->patches, weights, at->value + first));
    value->data_loss += share * outputs[i].loss;
    value->residual += share * outputs[i].residual;
    const double factor = share * image->pooling * outputs[i].residual;
    for (size_t j = first; gradient && j < first + image->patches; ++j) {
      axpy(network->rank, factor * network->multiplicities[j] * at->slope[j],
           network->responses + j * network->rank, gradient->data);
    }
    first += image->patches;
  }
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  const struct reduced_flow *own = (const struct reduced_flow *)flow;
  struct output outputs[PATCHES];
  struct responses at;
  respond(own, u->data, &at);
  sum_up(own, &at, value, gradient, outputs);
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  struct reduced_flow *own = (struct reduced_flow *)flow;
  struct output outputs[PATCHES];
  respond(own, u->data, &own->at);
  sum_up(own, &own->at, value, gradient, outputs);
  for (size_t i = 0; i < own->network->image_count; ++i) {
    own->residual[i] = outputs[i].residual;
    own->slope[i] = outputs[i].slope;
  }
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  const struct reduced_flow *own = (const struct reduced_flow *)flow;
  const struct rst_reduced_network *network = own->network;
  const size_t rank = network->rank;
  size_t first = 0;
  rst_field_fill(0.0, product);
  for (size_t i = 0; i < network->image_count; ++i) {
    const struct rst_reduced_image *image = &network->images[i];
    const size_t end = first + image->patches;
    double tangent[PATCHES];
    double turn = 0.0;
    for (size_t j = first; j < end; ++j) {
      tangent[j] = dot(rank, network->responses + j * rank, v->data);
      turn += network->multiplicities[j] * own->at.slope[j] * tangent[j];
    }
    const double share = image->pooling / (double)network->image_count;
    const double factor = own->slope[i] * image->pooling * turn;
    for (size_t j = first; j < end; ++j) {
      const double weight = own->residual[i] * own->at.curvature[j] * tangent[j] + factor * own->at.slope[j];
      axpy(rank, share * network->multiplicities[j] * weight, network->responses + j * rank, product->data);
    }
    first = end;
  }
}

static void destroy(struct rst_flow *flow) {
  (void)flow;
}

static const struct rst_flow_type type = {.size = sizeof(struct reduced_flow),
                                          .facts = {.one_layer = true},
                                          .destroy = destroy,
                                          .evaluate = evaluate,
                                          .linearise = linearise,
                                          .hessian_product = hessian_product};

static void lay_out(struct reduced_flow *own) {
  const size_t count = own->network->rank + 1;
  own->coordinates = (struct rst_tensor){.name = "coordinates", .rank = 1, .dims = {count}, .spacing = 1.0};
  own->base.layout = (struct rst_layout){.count = count, .tensor_count = 1, .tensors = &own->coordinates};
}

enum rst_status rst_reduced_flow_create(struct rst_context *context, const struct rst_case *from,
                                        const struct rst_reduced_network *network, struct rst_flow **flow,
                                        struct rst_field **initial) {
  struct reduced_flow *made = NULL;
  *flow = NULL;
  *initial = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->base = (struct rst_flow){.type = &type,
                                 .name = from->flow.kind,
                                 .context = context,
                                 .precision = RST_PRECISION_DOUBLE,
                                 .correlation = "none",
                                 .cell = 1.0};
  made->network = network;
  made->activation = (size_t)rst_name_index(rst_activation_names(), from->flow.conv.activation);
  made->beta = from->flow.conv.beta;
  made->shift = from->flow.conv.shift;
  lay_out(made);
  *flow = &made->base;
  const enum rst_status status = rst_flow_create_state(context, *flow, initial);
  if (status != RST_OK) {
    rst_flow_destroy(flow);
    return status;
  }
  memcpy((*initial)->data, network->initial, made->base.layout.count * sizeof(double));
  return RST_OK;
}
