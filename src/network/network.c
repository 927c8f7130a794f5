/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/network.h"

#include "network/layers.h"

static enum rst_status check_outputs(const struct rst_network *network, struct rst_examples_shape shape) {
  const size_t outputs = rst_map_points(network->out);
  const bool one = network->loss == RST_LOSS_LOGISTIC;
  RST_REQUIRE(network->context, !one || outputs == 1, RST_ERROR_ARGUMENT,
              "the loss logistic takes one output, and the network has %zu; end with one channel or unit",
              outputs);
  RST_REQUIRE(network->context, !one || shape.classes <= 2, RST_ERROR_ARGUMENT,
              "the loss logistic takes the labels 0 and 1, and the examples have %zu classes", shape.classes);
  RST_REQUIRE(network->context,
              one || shape.classes <= outputs || (network->loss == RST_LOSS_MEAN_SQUARE && outputs == 1),
              RST_ERROR_ARGUMENT, "the network has %zu outputs for %zu classes; make its last layer wider",
              outputs, shape.classes);
  return RST_OK;
}

/* Operations stay where they are from now on. */
static enum rst_status place_statistics(struct rst_network *network) {
  RST_TRY(RST_NEW(network->context, network->averages.count, &network->statistics));
  for (size_t i = 0; i < network->operation_count; ++i) {
    struct rst_operation *operation = &network->operations[i];
    if (operation->kind == RST_OPERATION_NORMALISE && operation->normalise.batch) {
      operation->normalise.statistics = network->statistics + operation->normalise.first;
    }
  }
  return RST_OK;
}

/* Whether an operation from number `from` on reads the maps that begin there. */
static bool is_read(const struct rst_network *network, size_t from, size_t maps) {
  for (size_t i = from; i < network->operation_count; ++i) {
    const struct rst_operation *operation = &network->operations[i];
    if (operation->input == maps ||
        (operation->kind == RST_OPERATION_SHORTCUT && operation->shortcut.from == maps)) {
      return true;
    }
  }
  return false;
}

static void find_sums_of_adjoints(struct rst_network *network) {
  for (size_t i = 0; i < network->operation_count; ++i) {
    struct rst_operation *operation = &network->operations[i];
    operation->adds = is_read(network, i + 1, operation->input);
    if (operation->kind == RST_OPERATION_SHORTCUT) {
      operation->shortcut.adds =
          is_read(network, i + 1, operation->shortcut.from) || operation->shortcut.from == operation->input;
    }
  }
}

static enum rst_status build(struct rst_network *network, const struct rst_network_parameters *parameters,
                             struct rst_examples_shape shape) {
  struct rst_builder builder = {.network = network, .shape = network->in, .stride = 1};
  RST_TRY(rst_build_layers(&builder, "", parameters->layers, parameters->layer_count));
  network->out = builder.shape;
  RST_REQUIRE(network->context, network->layout.tensor_count > 0, RST_ERROR_ARGUMENT,
              "the network has no parameters; give it a layer conv or dense");
  RST_TRY(check_outputs(network, shape));
  find_sums_of_adjoints(network);
  RST_TRY(place_statistics(network));
  return rst_network_work_create(network);
}

enum rst_status rst_network_create(struct rst_context *context,
                                   const struct rst_network_parameters *parameters,
                                   enum rst_precision precision, struct rst_examples_shape shape,
                                   struct rst_network **network) {
  struct rst_network *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_network){.context = context,
                               .precision = precision,
                               .loss = parameters->loss,
                               .in = {shape.channels, shape.ny, shape.nx},
                               .maps = shape.channels * shape.ny * shape.nx};
  const enum rst_status status = build(made, parameters, shape);
  if (status != RST_OK) {
    rst_network_destroy(&made);
    return status;
  }
  *network = made;
  return RST_OK;
}

void rst_network_destroy(struct rst_network **network) {
  if (*network) {
    rst_network_work_destroy(*network);
    for (size_t i = 0; i < (*network)->text_count; ++i) {
      free((*network)->texts[i]);
    }
    free((*network)->texts);
    free((*network)->tensors);
    free((*network)->layers);
    free((*network)->layer_operations);
    free((*network)->operations);
    free((*network)->statistics);
    free((*network)->average_tensors);
    free(*network);
    *network = NULL;
  }
}
