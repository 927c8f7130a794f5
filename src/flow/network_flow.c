/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * A network over a set of examples, E(u) = sum_i w_i l(f(u, x_i), y_i); its layers are those of the room `network`. With class
 * weights c, w_i = c_{y_i} / sum_j c_{y_j}, otherwise 1/n.
 */

#include <math.h>

#include "core/core.h"
#include "data/examples_keys.h"
#include "flow/flow_type.h"
#include "network/layer_keys.h"
#include "network/network.h"

struct network_flow {
  struct rst_flow base;
  struct rst_examples *train;
  struct rst_network *network;
  double *weights;      /* of the examples */
  struct rst_field *at; /* where it was linearised */
};

static enum rst_status check_class_weights(struct rst_context *context,
                                           const struct rst_network_parameters *parameters, size_t classes) {
  RST_REQUIRE(context, parameters->class_weight_count == classes, RST_ERROR_ARGUMENT,
              "there are %zu class weights for %zu classes; give one for each",
              parameters->class_weight_count, classes);
  for (size_t i = 0; i < classes; ++i) {
    const double weight = parameters->class_weights[i];
    RST_REQUIRE(context, isfinite(weight) && weight > 0, RST_ERROR_ARGUMENT,
                "class weight %zu is %g; it must be positive and finite", i + 1, weight);
  }
  return RST_OK;
}

static enum rst_status weigh(struct network_flow *flow, const struct rst_network_parameters *parameters) {
  const struct rst_examples_shape shape = rst_examples_shape(flow->train);
  const int32_t *labels = rst_examples_labels(flow->train);
  RST_TRY(RST_NEW(flow->base.context, shape.count, &flow->weights));
  if (!parameters->class_weights) {
    for (size_t i = 0; i < shape.count; ++i) {
      flow->weights[i] = 1.0 / (double)shape.count;
    }
    return RST_OK;
  }
  RST_TRY(check_class_weights(flow->base.context, parameters, shape.classes));
  double sum = 0.0;
  for (size_t i = 0; i < shape.count; ++i) {
    sum += parameters->class_weights[labels[i]];
  }
  for (size_t i = 0; i < shape.count; ++i) {
    flow->weights[i] = parameters->class_weights[labels[i]] / sum;
  }
  return RST_OK;
}

/* The test set takes no part in E, but has to fit. */
static enum rst_status check_test_set(const struct network_flow *flow,
                                      const struct rst_network_parameters *parameters) {
  struct rst_examples *test = NULL;
  if (!parameters->test.kind) {
    return RST_OK;
  }
  RST_TRY(rst_examples_create(flow->base.context, &parameters->test, flow->train, &test));
  rst_examples_destroy(&test);
  return RST_OK;
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct network_flow *own = (struct network_flow *)flow;
  RST_REQUIRE(flow->context, parameters->diffusion.coefficient == 0, RST_ERROR_ARGUMENT,
              "the flow %s takes no diffusion, and its coefficient is %g; set it to 0", flow->name,
              parameters->diffusion.coefficient);
  RST_TRY(rst_examples_create(flow->context, &parameters->network.train, NULL, &own->train));
  RST_TRY(check_test_set(own, &parameters->network));
  const struct rst_examples_shape shape = rst_examples_shape(own->train);
  RST_TRY(rst_network_create(flow->context, &parameters->network, flow->precision, shape, shape.count,
                             &own->network));
  flow->layout = own->network->layout;
  RST_TRY(weigh(own, &parameters->network));
  return rst_flow_create_state(flow->context, flow, &own->at);
}

static void destroy(struct rst_flow *flow) {
  struct network_flow *own = (struct network_flow *)flow;
  rst_field_destroy(&own->at);
  free(own->weights);
  rst_network_destroy(&own->network);
  rst_examples_destroy(&own->train);
}

static struct rst_batch whole_set(const struct network_flow *flow) {
  return (struct rst_batch){
      .examples = flow->train, .count = rst_examples_shape(flow->train).count, .weights = flow->weights};
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = whole_set(own);
  struct rst_network_totals totals;
  rst_network_evaluate(own->network, &batch, u, &totals, gradient);
  *value = (struct rst_flow_value){.data_loss = totals.loss, .residual = totals.residual};
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = whole_set(own);
  struct rst_network_totals totals;
  rst_field_copy(u, own->at);
  rst_network_linearise(own->network, &batch, u, &totals, gradient);
  *value = (struct rst_flow_value){.data_loss = totals.loss, .residual = totals.residual};
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = whole_set(own);
  rst_network_product(own->network, &batch, own->at, v, product);
}

static enum rst_status layer_states(struct rst_flow *flow, const struct rst_field *u,
                                    struct rst_layer_state *states) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = whole_set(own);
  return rst_network_layer_states(own->network, &batch, u, states);
}

/* In the order of enum rst_loss. */
static const char *const loss_names[] = {"cross-entropy", "logistic", "mean-square", NULL};

#define NETWORK(member) PLACE(struct rst_flow_parameters, network.member)
#define NETWORK_LIST(list, length) LIST(struct rst_flow_parameters, network.list, network.length)

static const struct rst_key rows[] = {
    {ITEMS("flow.layers", rst_layer_keys), REQUIRED, NETWORK_LIST(layers, layer_count),
     HELP("the layers, one after the other")},
    {CHOICE("flow.loss", loss_names), DEFAULT("cross-entropy"), NETWORK(loss),
     HELP("cross-entropy: of the softmax of the outputs; logistic: of the sigmoid of one output, for the "
          "labels 0 and 1; "
          "mean-square: half the squared distance to the one-hot label, or to the label if there is one "
          "output")},
    {REALS("flow.class_weights", MORE_THAN(0)), NETWORK_LIST(class_weights, class_weight_count),
     HELP("weight of the examples of each class; all the same without it")},
    {MAPPING("data.train", rst_examples_keys), REQUIRED, NETWORK_LIST(train, train.kind), AFTER("flow."),
     HELP("the training set")},
    {MAPPING("data.test", rst_examples_keys), NETWORK_LIST(test, test.kind), AFTER("flow."),
     HELP("the test set, if there is one")},
};
static const struct rst_keys network_keys = RST_KEYS(rows, struct rst_flow_parameters);
static const struct rst_keys *const keys[] = {&network_keys, NULL};

static const char *const without[] = {"flow.boundary", "flow.diffusion.coefficient", "flow.diffusion.spacing",
                                      "flow.diffusion.discretisation", NULL};

const struct rst_flow_type rst_flow_network = {
    .size = sizeof(struct network_flow),
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .linearise = linearise,
    .hessian_product = hessian_product,
    .layer_states = layer_states,
    .keys = keys,
    .without = without,
};
