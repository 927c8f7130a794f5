/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "networks.h"
#include "plain_network.h"
#include "support.h"

/* Write doubles as a .npy file of that shape, "24, 2, 9, 9". */
static void write_npy(const char *path, const char *shape, size_t count, const double *values) {
  char header[118];
  FILE *file = fopen(path, "wb");
  ck_assert_ptr_nonnull(file);
  snprintf(header, sizeof header, "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }", shape);
  ck_assert_uint_eq(fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file), 10);
  ck_assert_int_gt(fprintf(file, "%-117s\n", header), 0);
  ck_assert_uint_eq(fwrite(values, sizeof *values, count, file), count);
  ck_assert_int_eq(fclose(file), 0);
}

START_TEST(value_is_that_of_plain_loops) {
  const double tolerance = 1e-13;
  struct rst_context *context = rst_test_context();
  char label[160];
  struct rst_flow_parameters parameters = rst_test_network_of_layers((size_t)_i, label);
  parameters.network.class_weights = NULL;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 4, 0.5);
  struct rst_flow_value value;
  rst_flow_evaluate(flow, u, &value, NULL);
  const double plain = rst_test_plain_network(context, &parameters.network, rst_flow_layout(flow), u);
  ck_assert_msg(fabs(value.data_loss - plain) <= tolerance * plain, "%s: %.17g instead of %.17g", label,
                value.data_loss, plain);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Images of the flow `conv`, and the same as examples of a network. */
enum { IMAGES = 3, SIDE = 11, KERNEL = 4 };

static void make_images(struct rst_context *context, struct rst_field *pixels[IMAGES],
                        struct rst_labelled_image images[IMAGES]) {
  const double labels[IMAGES] = {1, 0, 1};
  double all[IMAGES * SIDE * SIDE];
  for (size_t i = 0; i < IMAGES; ++i) {
    RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, SIDE, SIDE, &pixels[i]));
    rst_test_noise((uint32_t)i, pixels[i]);
    memcpy(all + i * SIDE * SIDE, pixels[i]->data, SIDE * SIDE * sizeof *all);
    images[i] = (struct rst_labelled_image){{.pixels = pixels[i]}, (int)labels[i]};
  }
  write_npy("images.npy", "3, 11, 11", IMAGES * SIDE * SIDE, all);
  write_npy("labels.npy", "3,", IMAGES, labels);
}

/* Both, `valid` and `periodic`, are one layer of one channel, no bias, swish, the mean, cross entropy of its sigmoid. */
START_TEST(one_layer_is_the_flow_conv) {
  const double tolerance = 1e-13;
  struct rst_context *context = rst_test_context();
  struct rst_field *pixels[IMAGES] = {NULL};
  struct rst_labelled_image images[IMAGES];
  make_images(context, pixels, images);
  const struct rst_layer_parameters layers[] = {{.kind = "conv",
                                                 .channels = 1,
                                                 .kernel = KERNEL,
                                                 .stride = 1,
                                                 .padding = _i ? RST_PADDING_PERIODIC : RST_PADDING_VALID,
                                                 .activation = {"swish", 1.0}},
                                                {.kind = "mean"}};
  struct rst_flow_parameters parameters[2] = {
      rst_test_network(images, IMAGES, KERNEL),
      {.kind = "network",
       .network = {.layers = layers,
                   .layer_count = 2,
                   .loss = RST_LOSS_LOGISTIC,
                   .train = {.kind = "file", .images = "images.npy", .labels = "labels.npy"}}}};
  parameters[0].boundary = _i ? RST_BOUNDARY_PERIODIC : RST_BOUNDARY_VALID;
  struct rst_field *g[2];
  struct rst_field *product[2];
  struct rst_flow_value value[2];
  struct rst_layer_state state[2];
  for (int i = 0; i < 2; ++i) {
    struct rst_flow *flow = rst_test_flow(context, &parameters[i]);
    struct rst_field *u = rst_test_state(context, flow, 1, 0.6);
    struct rst_field *v = rst_test_state(context, flow, 2, 1.0);
    g[i] = rst_test_state(context, flow, 1, 0.0);
    product[i] = rst_test_state(context, flow, 1, 0.0);
    rst_flow_linearise(flow, u, &value[i], g[i]);
    rst_flow_hessian_product(flow, v, product[i]);
    RST_TEST_OK(context, rst_flow_layer_states(flow, u, &state[i]));
    rst_field_destroy(&v);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  rst_test_close(value[1].data_loss, value[0].data_loss, tolerance);
  rst_test_close(value[1].residual, value[0].residual, 10 * tolerance);
  ck_assert_double_le(rst_field_distance(g[0], g[1]), tolerance * rst_field_norm(g[0]));
  ck_assert_double_le(rst_field_distance(product[0], product[1]), tolerance * rst_field_norm(product[0]));
  rst_test_close(state[1].gamma, state[0].gamma, tolerance);
  rst_test_close(state[1].windowed_min, state[0].windowed_min, 1e-9);
  rst_test_close(state[1].windowed_max, state[0].windowed_max, 1e-9);
  rst_test_close(state[1].activated, state[0].activated, tolerance);
  rst_test_close(state[1].transitioning, state[0].transitioning, tolerance);
  for (int i = 0; i < 2; ++i) {
    rst_field_destroy(&g[i]);
    rst_field_destroy(&product[i]);
  }
  for (int i = 0; i < IMAGES; ++i) {
    rst_field_destroy(&pixels[i]);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Losses with the decay of twelve steps of gradient descent, computed with NumPy from the same formulas: 24 images of two
 * channels of 9 x 9, three classes; two convolutions, a mean, a dense layer. */
enum { TWELVE = 12, EXAMPLES = 24, POINTS = 9 };
static const double reference_loss[TWELVE] = {1.1422717961766715, 1.1306024273359376, 1.1215768598130307,
                                              1.1141958126381282, 1.1077422837124131, 1.1016757661523424,
                                              1.0955594586217645, 1.0890116267200367, 1.0816736875056991,
                                              1.0731903697154628, 1.0631996261455503, 1.051331551199905};
static const double reference_sum = -1.8645550474796373;

static void write_reference_examples(struct rst_context *context) {
  enum { COUNT = EXAMPLES * 2 * POINTS * POINTS };
  const double pi = 3.14159265358979323846;
  double labels[EXAMPLES];
  double *values = malloc(COUNT * sizeof *values);
  RST_TEST_OK(context, rst_random_normal(context, 5, COUNT, values));
  for (size_t at = 0; at < COUNT; ++at) {
    const double x = (double)(at % POINTS);
    const double y = (double)(at / POINTS % POINTS);
    const double channel = (double)(at / (POINTS * POINTS) % 2);
    const size_t example = at / (2 * POINTS * POINTS);
    const double angle = pi * (double)(example % 3) / 3;
    labels[example] = (double)(example % 3);
    values[at] = cos(2 * pi * (x * cos(angle) + y * sin(angle)) / 4 + channel) + 0.3 * values[at];
  }
  write_npy("images.npy", "24, 2, 9, 9", COUNT, values);
  write_npy("labels.npy", "24,", EXAMPLES, labels);
  free(values);
}

/* Weights of variance 1/fan_in, biases 0. */
static void fill_by_fan_in(struct rst_context *context, const struct rst_flow *flow, struct rst_field *u) {
  const struct rst_layout *layout = rst_flow_layout(flow);
  double *normal = malloc(layout->count * sizeof *normal);
  size_t drawn = 0;
  RST_TEST_OK(context, rst_random_normal(context, 3, layout->count, normal));
  for (size_t t = 0; t < layout->tensor_count; ++t) {
    const struct rst_tensor *tensor = &layout->tensors[t];
    for (size_t i = 0; tensor->rank > 1 && i < rst_tensor_count(tensor); ++i) {
      rst_field_set(u, 0, tensor->offset + i,
                    normal[drawn++] / sqrt((double)rst_tensor_count(tensor) / (double)tensor->dims[0]));
    }
  }
  free(normal);
}

START_TEST(twelve_steps_are_those_of_numpy) {
  const double tolerance = 1e-12;
  const double decay = 1e-3;
  struct rst_context *context = rst_test_context();
  write_reference_examples(context);
  const struct rst_layer_parameters layers[] = {
      {.kind = "conv",
       .channels = 4,
       .kernel = 3,
       .stride = 1,
       .padding = RST_PADDING_SAME,
       .bias = true,
       .activation = {"swish", 1.0}},
      {.kind = "conv",
       .channels = 4,
       .kernel = 3,
       .stride = 1,
       .padding = RST_PADDING_PERIODIC,
       .bias = true,
       .activation = {"tanh", 1.0}},
      {.kind = "mean"},
      {.kind = "dense", .units = 3, .bias = true, .activation = {"identity", 1.0}}};
  const struct rst_flow_parameters parameters = {
      .kind = "network",
      .network = {.layers = layers,
                  .layer_count = 4,
                  .train = {.kind = "file", .images = "images.npy", .labels = "labels.npy"}}};
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *g = rst_test_state(context, flow, 1, 0.0);
  fill_by_fan_in(context, flow, u);
  for (size_t t = 0; t < TWELVE; ++t) {
    struct rst_flow_value value;
    rst_flow_evaluate(flow, u, &value, g);
    rst_test_close(value.data_loss + decay / 2 * rst_field_dot(u, u), reference_loss[t], tolerance);
    rst_field_axpy(decay, u, g);
    rst_field_axpy(-0.2, g, u);
  }
  rst_test_close(rst_field_sum(u), reference_sum, tolerance);
  rst_field_destroy(&g);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(tensors_have_the_names_of_pytorch) {
  static const char *const expected[] = {
      "0.weight", "0.bias",          "1.0.weight",    "1.0.bias",   "1.1.weight", "1.1.bias", "2.0.weight",
      "2.0.bias", "2.0.norm.weight", "2.0.norm.bias", "2.1.weight", "2.1.bias",   "4.weight", "4.bias"};
  struct rst_context *context = rst_test_context();
  char label[160];
  const struct rst_flow_parameters parameters = rst_test_network_of_layers(14, label);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  const struct rst_layout *layout = rst_flow_layout(flow);
  ck_assert_uint_eq(layout->tensor_count, sizeof expected / sizeof *expected);
  size_t offset = 0;
  for (size_t t = 0; t < layout->tensor_count; ++t) {
    ck_assert_str_eq(layout->tensors[t].name, expected[t]);
    ck_assert_uint_eq(layout->tensors[t].offset, offset);
    offset += rst_tensor_count(&layout->tensors[t]);
  }
  ck_assert_uint_eq(layout->count, offset);
  const size_t dims[] = {5, 3, 3, 3};
  ck_assert_int_eq(layout->tensors[6].rank, 4);
  ck_assert_mem_eq(layout->tensors[6].dims, dims, sizeof dims);
  ck_assert_int_eq(layout->tensors[12].rank, 2);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Networks that cannot be, and what is said of them. */
static const struct {
  const char *fragment;
  enum rst_loss loss;
  struct rst_layer_parameters layers[2];
  size_t count;
} faults[] = {
    {"no layers", RST_LOSS_CROSS_ENTROPY, {{0}}, 0},
    {"no parameters", RST_LOSS_CROSS_ENTROPY, {{.kind = "mean"}}, 1},
    {"unknown kind of layer 'linear'", RST_LOSS_CROSS_ENTROPY, {{.kind = "linear"}}, 1},
    {"layer 0: its kernel of 9 x 9 is larger",
     RST_LOSS_CROSS_ENTROPY,
     {{.kind = "conv", .channels = 3, .kernel = 9, .stride = 1, .activation = {"identity", 1}}},
     1},
    {"layer 0: it has 3 channels, 3 kernel points a side, stride 0",
     RST_LOSS_CROSS_ENTROPY,
     {{.kind = "conv", .channels = 3, .kernel = 3, .activation = {"identity", 1}}},
     1},
    {"layer 1: no block of 6 x 6",
     RST_LOSS_CROSS_ENTROPY,
     {{.kind = "conv", .channels = 3, .kernel = 3, .stride = 1, .activation = {"identity", 1}},
      {.kind = "pool", .size = 6}},
     2},
    {"layer 0: 3 channels are no whole number of 2 groups",
     RST_LOSS_CROSS_ENTROPY,
     {{.kind = "conv",
       .channels = 3,
       .kernel = 3,
       .stride = 1,
       .activation = {"identity", 1},
       .normalisation = {RST_NORMALISATION_GROUP, 2, true}}},
     1},
    {"unknown activation 'sine'",
     RST_LOSS_CROSS_ENTROPY,
     {{.kind = "dense", .units = 3, .activation = {"sine", 1}}},
     1},
    {"2 outputs for 3 classes",
     RST_LOSS_CROSS_ENTROPY,
     {{.kind = "dense", .units = 2, .activation = {"identity", 1}}},
     1},
    {"logistic takes one output",
     RST_LOSS_LOGISTIC,
     {{.kind = "dense", .units = 2, .activation = {"identity", 1}}},
     1},
    {"the examples have 3 classes",
     RST_LOSS_LOGISTIC,
     {{.kind = "dense", .units = 1, .activation = {"identity", 1}}},
     1},
};

START_TEST(faults_are_named) {
  struct rst_context *context = rst_test_context();
  char label[160];
  struct rst_flow_parameters parameters = rst_test_network_of_layers(0, label);
  struct rst_flow *flow = NULL;
  parameters.network.layers = faults[_i].layers;
  parameters.network.layer_count = faults[_i].count;
  parameters.network.loss = faults[_i].loss;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, faults[_i].fragment,
                 rst_flow_create(context, &parameters, &flow));
  ck_assert_ptr_null(flow);
  rst_context_destroy(&context);
}
END_TEST

/* A residual layer whose own layers lose points or channels. */
START_TEST(residual_layers_keep_their_shape) {
  struct rst_context *context = rst_test_context();
  char label[160];
  struct rst_flow_parameters parameters = rst_test_network_of_layers(0, label);
  struct rst_flow *flow = NULL;
  struct rst_layer_parameters inside = {
      .kind = "conv", .channels = 3, .kernel = 3, .stride = 1, .activation = {"identity", 1}};
  const struct rst_layer_parameters layers[] = {
      {.kind = "conv", .channels = 3, .kernel = 1, .stride = 1, .activation = {"identity", 1}},
      {.kind = "residual", .layers = &inside, .layer_count = 1, .activation = {"identity", 1}}};
  parameters.network.layers = layers;
  parameters.network.layer_count = 2;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "layer 1: its layers make 5 x 5 points of 7 x 7",
                 rst_flow_create(context, &parameters, &flow));
  inside.padding = RST_PADDING_SAME;
  inside.channels = 2;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "layer 1: its layers make 2 channels of 3",
                 rst_flow_create(context, &parameters, &flow));
  rst_context_destroy(&context);
}
END_TEST

/* A fault of the test set, or of the class weights. */
START_TEST(other_faults_are_named) {
  const double weights[] = {1.0, 2.0};
  struct rst_context *context = rst_test_context();
  char label[160];
  struct rst_flow_parameters parameters = rst_test_network_of_layers(0, label);
  struct rst_flow *flow = NULL;
  parameters.network.class_weights = weights;
  parameters.network.class_weight_count = 2;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "2 class weights for 3 classes",
                 rst_flow_create(context, &parameters, &flow));
  parameters.network.class_weights = NULL;
  parameters.network.test =
      (struct rst_examples_parameters){.kind = "idx", .images = "absent", .labels = "absent"};
  RST_TEST_FAILS(context, RST_ERROR_IO, "absent", rst_flow_create(context, &parameters, &flow));
  parameters.network.test.kind = NULL;
  parameters.diffusion.coefficient = 1.0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "takes no diffusion",
                 rst_flow_create(context, &parameters, &flow));
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("network");
  TCase *tests = tcase_create("network");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, value_is_that_of_plain_loops, 0, RST_TEST_NETWORKS);
  tcase_add_loop_test(tests, one_layer_is_the_flow_conv, 0, 2);
  tcase_add_test(tests, twelve_steps_are_those_of_numpy);
  tcase_add_test(tests, tensors_have_the_names_of_pytorch);
  tcase_add_loop_test(tests, faults_are_named, 0, (int)(sizeof faults / sizeof *faults));
  tcase_add_test(tests, residual_layers_keep_their_shape);
  tcase_add_test(tests, other_faults_are_named);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
