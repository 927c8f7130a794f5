/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "networks.h"

#include <stdio.h>

#define NO_NORM                                                                                              \
  { RST_NORMALISATION_NONE, 0, false }
#define SWISH                                                                                                \
  { "swish", 1.3 }
#define NO_ACTIVATION                                                                                        \
  { "identity", 1.0 }
#define CONV(outputs, side, step, edge, with_bias, norm, ...)                                                \
  {                                                                                                          \
    .kind = "conv", .channels = (outputs), .kernel = (side), .stride = (step),                               \
    .padding = RST_PADDING_##edge, .bias = (with_bias), .normalisation = norm, .activation = __VA_ARGS__     \
  }
#define PLAIN(outputs, ...) CONV(outputs, 3, 1, VALID, true, NO_NORM, __VA_ARGS__)
#define DENSE(outputs, with_bias, ...)                                                                       \
  { .kind = "dense", .units = (outputs), .bias = (with_bias), .activation = __VA_ARGS__ }
#define POOL(side)                                                                                           \
  { .kind = "pool", .size = (side) }
#define MEAN                                                                                                 \
  { .kind = "mean" }
#define GROUP(number, with_affine)                                                                           \
  { RST_NORMALISATION_GROUP, (number), (with_affine) }
#define BATCH(with_affine)                                                                                   \
  { RST_NORMALISATION_BATCH, 0, (with_affine) }
#define RESIDUAL(inside, ...)                                                                                \
  {                                                                                                          \
    .kind = "residual", .layers = (inside), .layer_count = sizeof(inside) / sizeof *(inside),                \
    .activation = __VA_ARGS__                                                                                \
  }
#define NETWORK(name, list, of_loss)                                                                         \
  { name, list, sizeof(list) / sizeof *(list), RST_LOSS_##of_loss }

typedef const struct rst_layer_parameters layers;

static layers swish[] = {PLAIN(3, SWISH), MEAN, DENSE(3, true, NO_ACTIVATION)};
static layers tanh_layers[] = {PLAIN(5, {"tanh", 0.8}), MEAN, DENSE(3, true, NO_ACTIVATION)};
static layers softplus_layers[] = {PLAIN(2, {"softplus", 0.8}), MEAN, DENSE(3, false, NO_ACTIVATION)};
static layers gelu_layers[] = {PLAIN(4, {"gelu", 1.0}), MEAN, DENSE(3, true, NO_ACTIVATION)};
static layers relu_layers[] = {PLAIN(4, {"relu", 1.0}), MEAN, DENSE(3, true, NO_ACTIVATION)};
static layers linear[] = {DENSE(4, true, NO_ACTIVATION), DENSE(3, true, NO_ACTIVATION)};
static layers one_output[] = {CONV(1, 3, 1, VALID, false, NO_NORM, SWISH), MEAN};
static layers two_deep[] = {CONV(1, 3, 1, VALID, false, NO_NORM, SWISH),
                            CONV(1, 2, 1, SAME, true, NO_NORM, SWISH), MEAN};
static layers same[] = {CONV(3, 3, 1, SAME, true, NO_NORM, SWISH), CONV(6, 2, 1, SAME, true, NO_NORM, SWISH),
                        MEAN, DENSE(3, true, NO_ACTIVATION)};
static layers periodic[] = {CONV(3, 3, 1, PERIODIC, true, NO_NORM, SWISH),
                            CONV(5, 4, 1, PERIODIC, true, NO_NORM, SWISH), MEAN,
                            DENSE(3, true, NO_ACTIVATION)};
static layers strides[] = {CONV(3, 3, 2, SAME, true, NO_NORM, SWISH),
                           CONV(4, 2, 2, VALID, true, NO_NORM, SWISH), DENSE(4, true, SWISH),
                           DENSE(3, true, NO_ACTIVATION)};
static layers pools[] = {PLAIN(4, SWISH), POOL(2), CONV(2, 3, 3, PERIODIC, true, NO_NORM, SWISH),
                         DENSE(3, true, NO_ACTIVATION)};
static layers group[] = {CONV(4, 3, 1, SAME, true, GROUP(2, true), SWISH),
                         CONV(3, 3, 1, VALID, true, GROUP(1, false), SWISH), MEAN,
                         DENSE(3, true, NO_ACTIVATION)};
static layers batch[] = {CONV(4, 3, 1, SAME, false, BATCH(true), SWISH),
                         CONV(3, 3, 1, VALID, true, BATCH(false), SWISH), MEAN,
                         DENSE(3, true, NO_ACTIVATION)};
static layers inside_same[] = {CONV(3, 3, 1, SAME, true, NO_NORM, SWISH),
                               CONV(3, 3, 1, SAME, true, NO_NORM, NO_ACTIVATION)};
static layers inside_wider[] = {CONV(5, 3, 2, SAME, true, GROUP(5, true), SWISH),
                                CONV(5, 3, 1, PERIODIC, true, NO_NORM, NO_ACTIVATION)};
static layers residual[] = {PLAIN(3, SWISH), RESIDUAL(inside_same, SWISH),
                            RESIDUAL(inside_wider, NO_ACTIVATION), MEAN, DENSE(3, true, NO_ACTIVATION)};
static layers nested_inside[] = {RESIDUAL(inside_same, SWISH),
                                 CONV(4, 3, 1, SAME, true, BATCH(true), NO_ACTIVATION)};
static layers nested[] = {PLAIN(3, SWISH), RESIDUAL(nested_inside, SWISH), MEAN,
                          DENSE(3, true, NO_ACTIVATION)};
/* The first layer is one that adds to its own input. */
static layers first_residual[] = {RESIDUAL(inside_same, SWISH), MEAN, DENSE(3, true, NO_ACTIVATION)};

static const struct {
  const char *name;
  layers *list;
  size_t count;
  enum rst_loss loss;
} networks[RST_TEST_NETWORKS] = {
    NETWORK("swish", swish, CROSS_ENTROPY),
    NETWORK("tanh", tanh_layers, CROSS_ENTROPY),
    NETWORK("softplus", softplus_layers, CROSS_ENTROPY),
    NETWORK("gelu", gelu_layers, CROSS_ENTROPY),
    NETWORK("relu", relu_layers, CROSS_ENTROPY),
    NETWORK("linear, mean square", linear, MEAN_SQUARE),
    NETWORK("one layer, logistic", one_output, LOGISTIC),
    NETWORK("two layers of one channel, mean square", two_deep, MEAN_SQUARE),
    NETWORK("same", same, CROSS_ENTROPY),
    NETWORK("periodic", periodic, CROSS_ENTROPY),
    NETWORK("strides", strides, CROSS_ENTROPY),
    NETWORK("pool", pools, MEAN_SQUARE),
    NETWORK("group", group, CROSS_ENTROPY),
    NETWORK("batch", batch, CROSS_ENTROPY),
    NETWORK("residual", residual, CROSS_ENTROPY),
    NETWORK("nested residual with batch", nested, CROSS_ENTROPY),
    NETWORK("residual first", first_residual, CROSS_ENTROPY),
    NETWORK("two layers of one channel, logistic", two_deep, LOGISTIC),
};

struct rst_flow_parameters rst_test_network_of_layers(size_t index, char label[static 160]) {
  static const double class_weights[] = {1.5, 0.25, 3.0};
  const size_t classes = networks[index].loss == RST_LOSS_LOGISTIC ? 2 : 3;
  snprintf(label, 160, "network: %s", networks[index].name);
  return (struct rst_flow_parameters){
      .kind = "network",
      .boundary = RST_BOUNDARY_VALID,
      .diffusion = {.spacing = 1.0},
      .network = {.layers = networks[index].list,
                  .layer_count = networks[index].count,
                  .loss = networks[index].loss,
                  .class_weights = index % 2 ? class_weights : NULL,
                  .class_weight_count = classes,
                  .train = {.kind = "textures",
                            .size = 7,
                            .texture_classes = classes,
                            .texture_count = 19,
                            .noise = 0.4,
                            .seed = 5}},
  };
}
