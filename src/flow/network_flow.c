/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * A network over a set of examples, E(u) = sum_i w_i l(f(u, x_i), y_i); its layers are those of the room `network`. With class
 * weights c, w_i = c_{y_i} / sum_j c_{y_j}, otherwise 1/n; a draw of examples has weights of its own.
 */

#include <assert.h>
#include <math.h>

#include "core/core.h"
#include "core/sizes.h"
#include "data/examples_keys.h"
#include "flow/choice.h"
#include "flow/flow_type.h"
#include "network/layer_keys.h"
#include "network/network.h"

struct network_flow {
  struct rst_flow base;
  struct rst_examples *train, *test; /* the latter NULL without */
  struct rst_network *network;
  double *weights, *test_weights; /* of the examples, of sum 1 */
  bool weighs;                    /* by class */
  struct rst_choices choices;
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

/* Weights of sum 1 over a set, by class if that is asked for. */
static enum rst_status weigh(struct rst_context *context, const struct rst_network_parameters *parameters,
                             const struct rst_examples *set, double **weights) {
  const size_t count = rst_examples_shape(set).count;
  const int32_t *labels = rst_examples_labels(set);
  RST_TRY(RST_NEW(context, count, weights));
  double sum = 0.0;
  for (size_t i = 0; i < count; ++i) {
    sum += parameters->class_weights ? parameters->class_weights[labels[i]] : 1.0;
  }
  for (size_t i = 0; i < count; ++i) {
    (*weights)[i] = (parameters->class_weights ? parameters->class_weights[labels[i]] : 1.0) / sum;
  }
  return RST_OK;
}

static enum rst_status create_sets(struct network_flow *flow,
                                   const struct rst_network_parameters *parameters) {
  struct rst_context *context = flow->base.context;
  RST_TRY(rst_examples_create(context, &parameters->train, NULL, &flow->train));
  if (parameters->test.kind) {
    RST_TRY(rst_examples_create(context, &parameters->test, flow->train, &flow->test));
  }
  return RST_OK;
}

static enum rst_status weigh_sets(struct network_flow *flow,
                                  const struct rst_network_parameters *parameters) {
  struct rst_context *context = flow->base.context;
  flow->weighs = parameters->class_weights != NULL;
  if (flow->weighs) {
    RST_TRY(check_class_weights(context, parameters, rst_examples_shape(flow->train).classes));
  }
  RST_TRY(weigh(context, parameters, flow->train, &flow->weights));
  return flow->test ? weigh(context, parameters, flow->test, &flow->test_weights) : RST_OK;
}

static enum rst_status create(struct rst_flow *flow, const struct rst_flow_parameters *parameters) {
  struct network_flow *own = (struct network_flow *)flow;
  RST_REQUIRE(flow->context, parameters->diffusion.coefficient == 0, RST_ERROR_ARGUMENT,
              "the flow %s takes no diffusion, and its coefficient is %g; set it to 0", flow->name,
              parameters->diffusion.coefficient);
  RST_TRY(create_sets(own, &parameters->network));
  const struct rst_examples_shape shape = rst_examples_shape(own->train);
  RST_TRY(rst_network_create(flow->context, &parameters->network, flow->precision, shape, &own->network));
  flow->layout = own->network->layout;
  const size_t room = own->network->whole ? parameters->network.room : 0;
  RST_TRY(rst_network_reserve(own->network, room > 0 ? rst_least(room, shape.count) : shape.count));
  RST_TRY(weigh_sets(own, &parameters->network));
  rst_choices_begin(&own->choices);
  return rst_flow_create_state(flow->context, flow, &own->at);
}

static void destroy(struct rst_flow *flow) {
  struct network_flow *own = (struct network_flow *)flow;
  rst_field_destroy(&own->at);
  rst_choices_clear(&own->choices);
  free(own->weights);
  free(own->test_weights);
  rst_network_destroy(&own->network);
  rst_examples_destroy(&own->test);
  rst_examples_destroy(&own->train);
}

static enum rst_status prepare(struct rst_flow *flow, size_t count) {
  struct network_flow *own = (struct network_flow *)flow;
  RST_TRY(rst_choices_reserve(flow->context, count, &own->choices));
  return rst_network_reserve(own->network, count);
}

static void choose(struct rst_flow *flow, const struct rst_draw *draw) {
  struct network_flow *own = (struct network_flow *)flow;
  struct rst_choice *choice = &own->choices.chosen;
  const double examples = (double)rst_examples_shape(own->train).count;
  assert(!draw || draw->count <= own->choices.capacity);
  rst_choice_take(draw, choice);
  for (size_t i = 0; own->weighs && !choice->whole && i < choice->count; ++i) {
    choice->weights[i] *= examples * own->weights[choice->indices[i]];
  }
}

static struct rst_batch batch_of(const struct network_flow *flow, const struct rst_choice *choice) {
  struct rst_batch batch = {
      .examples = flow->train, .count = rst_examples_shape(flow->train).count, .weights = flow->weights};
  if (!choice->whole) {
    batch.indices = choice->indices;
    batch.count = choice->count;
    batch.weights = choice->weights;
  }
  return batch;
}

/* What takes more memory than there is, which only batches beyond those prepared for may, has no value. */
static bool has_room(struct network_flow *flow, const struct rst_batch *batch, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  if (rst_network_reserve(flow->network, batch->count) == RST_OK) {
    return true;
  }
  *value = (struct rst_flow_value){.data_loss = NAN, .residual = NAN};
  if (gradient) {
    rst_field_fill(NAN, gradient);
  }
  return false;
}

static struct rst_flow_value value_of(const struct rst_network_totals *totals,
                                      const struct rst_batch *batch) {
  return (struct rst_flow_value){.data_loss = totals->loss,
                                 .residual = totals->residual,
                                 .accuracy = totals->correct / (double)batch->count};
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = batch_of(own, &own->choices.chosen);
  struct rst_network_totals totals;
  if (has_room(own, &batch, value, gradient)) {
    rst_network_evaluate(own->network, &batch, u, &totals, gradient);
    *value = value_of(&totals, &batch);
  }
}

static void linearise(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                      struct rst_field *gradient) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = batch_of(own, &own->choices.chosen);
  struct rst_network_totals totals;
  rst_field_copy(u, own->at);
  rst_choice_copy(&own->choices.chosen, &own->choices.linearised);
  if (has_room(own, &batch, value, gradient)) {
    rst_network_linearise(own->network, &batch, u, &totals, gradient);
    *value = value_of(&totals, &batch);
  }
}

static void hessian_product(struct rst_flow *flow, const struct rst_field *v, struct rst_field *product) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_batch batch = batch_of(own, &own->choices.linearised);
  struct rst_flow_value unwanted;
  if (has_room(own, &batch, &unwanted, product)) {
    rst_network_product(own->network, &batch, own->at, v, product);
  }
}

static size_t example_count(const struct rst_flow *flow, enum rst_example_set set) {
  const struct network_flow *own = (const struct network_flow *)flow;
  const struct rst_examples *examples = set == RST_TRAINING_SET ? own->train : own->test;
  return examples ? rst_examples_shape(examples).count : 0;
}

static const double *statistics(const struct rst_flow *flow, const struct rst_layout **layout) {
  const struct network_flow *own = (const struct network_flow *)flow;
  *layout = &own->network->averages;
  return own->network->statistics;
}

/* Of variances 1. */
static void start_averages(const struct rst_flow *flow, double *averages) {
  const struct rst_network *network = ((const struct network_flow *)flow)->network;
  for (size_t i = 0; i < network->operation_count; ++i) {
    const struct rst_operation *operation = &network->operations[i];
    for (size_t c = 0; operation->kind == RST_OPERATION_NORMALISE && operation->normalise.batch &&
                       c < operation->in.channels;
         ++c) {
      averages[operation->normalise.first + c] = 0.0;
      averages[operation->normalise.first + operation->in.channels + c] = 1.0;
    }
  }
}

static void assess(struct rst_flow *flow, enum rst_example_set set, const struct rst_field *u,
                   const double *averages, struct rst_assessment *assessment, struct rst_field *gradient) {
  struct network_flow *own = (struct network_flow *)flow;
  const bool training = set == RST_TRAINING_SET;
  const struct rst_batch batch = {.examples = training ? own->train : own->test,
                                  .count = example_count(flow, set),
                                  .weights = training ? own->weights : own->test_weights};
  struct rst_network_totals totals;
  if (!own->network->whole && gradient) {
    rst_network_evaluate(own->network, &batch, u, &totals, gradient);
  } else {
    rst_network_assess(own->network, &batch, u, averages, &totals);
  }
  *assessment =
      (struct rst_assessment){.loss = totals.loss, .accuracy = totals.correct / (double)batch.count};
  if (own->network->whole && gradient) {
    struct rst_flow_value unwanted;
    if (!rst_network_has_room(own->network, batch.count)) {
      rst_field_fill(NAN, gradient);
    } else if (has_room(own, &batch, &unwanted, gradient)) {
      rst_network_evaluate(own->network, &batch, u, &totals, gradient);
    }
  }
}

static enum rst_status layer_states(struct rst_flow *flow, const struct rst_field *u,
                                    struct rst_layer_state *states) {
  struct network_flow *own = (struct network_flow *)flow;
  const struct rst_choice all = {.whole = true};
  const struct rst_batch batch = batch_of(own, &all);
  RST_TRY(rst_network_reserve(own->network, batch.count));
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
    .facts = {.examples = true},
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .linearise = linearise,
    .hessian_product = hessian_product,
    .example_count = example_count,
    .prepare = prepare,
    .choose = choose,
    .assess = assess,
    .statistics = statistics,
    .start_averages = start_averages,
    .layer_states = layer_states,
    .keys = keys,
    .without = without,
};
