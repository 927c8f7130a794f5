/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "krylov/symmetric.h"
#include "networks.h"
#include "support.h"

enum { CHANNELS = 2, KERNEL = 3, SIDE = 7, EXAMPLES = 21, WINDOW = KERNEL * KERNEL, MOST_LAYERS = 16 };

/* Two convolutions and the mean, one output, on gratings of two classes. */
static struct rst_flow *make(struct rst_context *context, const char *first, enum rst_padding padding,
                             size_t first_example, size_t examples) {
  const struct rst_layer_parameters layers[] = {{.kind = "conv",
                                                 .channels = CHANNELS,
                                                 .kernel = KERNEL,
                                                 .stride = 1,
                                                 .padding = padding,
                                                 .bias = true,
                                                 .activation = {first, 1.3}},
                                                {.kind = "conv",
                                                 .channels = 1,
                                                 .kernel = KERNEL,
                                                 .stride = 1,
                                                 .padding = padding,
                                                 .activation = {"swish", 1.0}},
                                                {.kind = "mean"}};
  const struct rst_flow_parameters parameters = {.kind = "network",
                                                 .network = {.layers = layers,
                                                             .layer_count = 3,
                                                             .loss = RST_LOSS_MEAN_SQUARE,
                                                             .train = {.kind = "textures",
                                                                       .size = SIDE,
                                                                       .texture_classes = 2,
                                                                       .texture_count = EXAMPLES,
                                                                       .noise = 0.3,
                                                                       .seed = 5,
                                                                       .first = first_example,
                                                                       .count = examples}}};
  return rst_test_flow(context, &parameters);
}

static double residual_at(struct rst_flow *flow, const struct rst_field *u) {
  struct rst_flow_value value;
  rst_flow_evaluate(flow, u, &value, NULL);
  return value.residual;
}

/* The bias of a layer without activation moves its output everywhere alike, and the residual is the mean of f - y. */
START_TEST(gamma_is_the_derivative_by_the_output) {
  const double step = 1e-4;
  const double tolerance = 1e-7;
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = make(context, "identity", RST_PADDING_PERIODIC, 0, 0);
  const struct rst_layout *layout = rst_flow_layout(flow);
  struct rst_field *u = rst_test_state(context, flow, 3, 0.4);
  struct rst_layer_state states[2];
  double largest = 0.0;
  RST_TEST_OK(context, rst_flow_layer_states(flow, u, states));
  ck_assert_str_eq(layout->tensors[1].name, "0.bias");
  for (size_t c = 0; c < CHANNELS; ++c) {
    const size_t place = layout->tensors[1].offset + c;
    const double at = rst_field_get(u, 0, place);
    rst_field_set(u, 0, place, at + step);
    const double above = residual_at(flow, u);
    rst_field_set(u, 0, place, at - step);
    const double below = residual_at(flow, u);
    rst_field_set(u, 0, place, at);
    const double gamma = (above - below) / (2 * step) / (SIDE * SIDE);
    largest = fabs(gamma) > fabs(largest) ? gamma : largest;
  }
  rst_test_close(states[0].gamma, largest, tolerance);
  rst_test_close(states[1].gamma, 1.0 / (SIDE * SIDE), 1e-14);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* matrix += factor sum_m x_m x_m' of the windows of one image. */
static void add_windows(const struct rst_field *image, double factor, double matrix[WINDOW * WINDOW]) {
  for (size_t y = 0; y + KERNEL <= SIDE; ++y) {
    for (size_t x = 0; x + KERNEL <= SIDE; ++x) {
      double window[WINDOW];
      for (size_t i = 0; i < WINDOW; ++i) {
        window[i] = rst_field_get(image, 0, (y + i / KERNEL) * SIDE + x + i % KERNEL);
      }
      for (size_t i = 0; i < WINDOW * WINDOW; ++i) {
        matrix[i] += factor * window[i / WINDOW] * window[i % WINDOW];
      }
    }
  }
}

/* Of the first layer, with a_e = f_e - y_e from a network of one example at a time. */
START_TEST(windowed_bounds_are_those_of_the_windows) {
  const double tolerance = 1e-9;
  const double curvature = 1.3 / 2; /* of swish at 0 */
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = make(context, "swish", RST_PADDING_VALID, 0, 0);
  struct rst_field *u = rst_test_state(context, flow, 3, 0.4);
  struct rst_layer_state states[2];
  RST_TEST_OK(context, rst_flow_layer_states(flow, u, states));
  const struct rst_examples_parameters set = {.kind = "textures",
                                              .size = SIDE,
                                              .texture_classes = 2,
                                              .texture_count = EXAMPLES,
                                              .noise = 0.3,
                                              .seed = 5};
  struct rst_examples *examples = NULL;
  struct rst_field *image = NULL;
  RST_TEST_OK(context, rst_examples_create(context, &set, NULL, &examples));
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, SIDE * SIDE, &image));
  double matrix[WINDOW * WINDOW] = {0};
  for (size_t e = 0; e < EXAMPLES; ++e) {
    struct rst_flow *one = make(context, "swish", RST_PADDING_VALID, e, 1);
    rst_examples_copy(examples, NULL, e, 1, image);
    add_windows(image, curvature * states[0].gamma * residual_at(one, u) / EXAMPLES, matrix);
    rst_flow_destroy(&one);
  }
  double values[WINDOW];
  double work[2 * WINDOW];
  rst_symmetric_eigenvalues(WINDOW, matrix, values, work);
  double low = values[0];
  double high = values[0];
  for (size_t i = 1; i < WINDOW; ++i) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  const double size = fmax(fabs(low), fabs(high));
  ck_assert_double_gt(size, 0.0);
  ck_assert_double_le(fabs(states[0].windowed_min - low), tolerance * size);
  ck_assert_double_le(fabs(states[0].windowed_max - high), tolerance * size);
  rst_field_destroy(&image);
  rst_examples_destroy(&examples);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Of a checkerboard whose windows are +- the same: at 0 all are in transition; far along it half of them are activated, half
 * are not. X X' has the eigenvalue k^2 M^2 alone, and gamma is 1/M^2. */
START_TEST(regimes_and_bounds_of_the_checkerboard) {
  enum { SIZE = 9, K = 2 };
  struct rst_context *context = rst_test_context();
  const struct rst_labelled_image image = {{.kind = "checkerboard", .size = SIZE}, 1};
  const struct rst_flow_parameters parameters = rst_test_network(&image, 1, K);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  struct rst_layer_state at_zero;
  struct rst_layer_state beyond;
  ck_assert_uint_eq(rst_flow_layout(flow)->layer_count, 1);
  RST_TEST_OK(context, rst_flow_layer_states(flow, u, &at_zero));
  ck_assert_double_eq(at_zero.transitioning, 1.0);
  ck_assert_double_eq(at_zero.activated, 0.0);
  rst_test_close(at_zero.gamma, 1.0 / 64, 1e-15);
  rst_test_close(at_zero.windowed_min, -0.5 * 0.5 * K * K, 1e-12);
  ck_assert_double_le(fabs(at_zero.windowed_max), 1e-12);
  for (size_t i = 0; i < K * K; ++i) {
    rst_field_set(u, 0, i, i == 1 || i == 2 ? 2.0 : -2.0);
  }
  RST_TEST_OK(context, rst_flow_layer_states(flow, u, &beyond));
  ck_assert_double_eq(beyond.activated, 0.5);
  ck_assert_double_eq(beyond.not_activated, 0.5);
  ck_assert_double_eq(beyond.transitioning, 0.0);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The block of a layer from all columns of the Hessian. */
static double largest_of_block(struct rst_context *context, struct rst_flow *flow,
                               const struct rst_layer *layer) {
  const size_t n = layer->count;
  struct rst_field *v = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *column = rst_test_state(context, flow, 1, 0.0);
  double *memory = calloc(n * (n + 3), sizeof *memory);
  for (size_t j = 0; j < n; ++j) {
    rst_field_fill(0.0, v);
    rst_field_set(v, 0, layer->offset + j, 1.0);
    rst_flow_hessian_product(flow, v, column);
    for (size_t i = 0; i < n; ++i) {
      memory[i * n + j] = rst_field_get(column, 0, layer->offset + i);
    }
  }
  double *values = memory + n * n;
  rst_symmetric_eigenvalues(n, memory, values, values + n);
  double largest = values[0];
  for (size_t i = 1; i < n; ++i) {
    largest = fmax(largest, values[i]);
  }
  free(memory);
  rst_field_destroy(&column);
  rst_field_destroy(&v);
  return largest;
}

/* Layers tile the state, and tensors of a layer bear its name. */
START_TEST(blocks_are_those_of_the_hessian) {
  const double tolerance = 1e-9;
  struct rst_context *context = rst_test_context();
  char label[160];
  const struct rst_flow_parameters parameters = rst_test_network_of_layers((size_t)_i, label);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  const struct rst_layout *layout = rst_flow_layout(flow);
  struct rst_field *u = rst_test_state(context, flow, 4, 0.5);
  size_t next = 0;
  for (size_t i = 0; i < layout->layer_count; ++i) {
    const struct rst_layer *layer = &layout->layers[i];
    struct rst_field *vector = NULL;
    struct rst_eigenpair pair;
    ck_assert_uint_eq(layer->offset, next);
    next += layer->count;
    RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, layer->count, &vector));
    RST_TEST_OK(context, rst_spectrum_block_extreme(context, flow, u, layer, RST_SPECTRUM_LARGEST, 1e-8,
                                                    vector, &pair));
    const double largest = largest_of_block(context, flow, layer);
    ck_assert_msg(fabs(pair.value - largest) <= tolerance * fabs(largest), "%s, layer %s: %.17g, not %.17g",
                  label, layer->name, pair.value, largest);
    rst_field_destroy(&vector);
  }
  ck_assert_uint_eq(next, layout->count);
  for (size_t t = 0; t < layout->tensor_count; ++t) {
    size_t owner = 0;
    while (layout->tensors[t].offset >= layout->layers[owner].offset + layout->layers[owner].count) {
      owner += 1;
    }
    const char *name = layout->layers[owner].name;
    ck_assert(strncmp(layout->tensors[t].name, name, strlen(name)) == 0);
    ck_assert_int_eq(layout->tensors[t].name[strlen(name)], '.');
  }
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

static void find_states(struct rst_context *context, size_t network, int threads,
                        struct rst_layer_state states[MOST_LAYERS]) {
  char label[160];
  const struct rst_flow_parameters parameters = rst_test_network_of_layers(network, label);
  RST_TEST_OK(context, rst_context_set_threads(context, threads));
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 4, 0.5);
  struct rst_field *v = rst_test_state(context, flow, 5, 1.0);
  struct rst_field *before = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *after = rst_test_state(context, flow, 1, 0.0);
  ck_assert_uint_le(rst_flow_layout(flow)->layer_count, MOST_LAYERS);
  memset(states, 0, MOST_LAYERS * sizeof *states);
  rst_flow_linearise(flow, u, NULL, NULL);
  rst_flow_hessian_product(flow, v, before);
  RST_TEST_OK(context, rst_flow_layer_states(flow, u, states));
  rst_flow_hessian_product(flow, v, after);
  ck_assert_double_eq(rst_field_distance(before, after), 0.0);
  rst_field_destroy(&after);
  rst_field_destroy(&before);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
}

/* The linearisation is left alone, too. */
START_TEST(threads_do_not_change_bits) {
  struct rst_context *context = rst_test_context();
  struct rst_layer_state one[MOST_LAYERS];
  struct rst_layer_state three[MOST_LAYERS];
  find_states(context, (size_t)_i, 1, one);
  find_states(context, (size_t)_i, 3, three);
  ck_assert_mem_eq(one, three, sizeof one);
  for (size_t i = 0; i < MOST_LAYERS; ++i) {
    const double sum = one[i].activated + one[i].transitioning + one[i].not_activated;
    ck_assert(sum == 0.0 || fabs(sum - 1.0) < 1e-12);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(flows_without_layers_say_so) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 8);
  struct rst_field *u = rst_test_state(context, flow, 1, 1.0);
  struct rst_layer_state state;
  ck_assert_uint_eq(rst_flow_layout(flow)->layer_count, 0);
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "heat has no layers",
                 rst_flow_layer_states(flow, u, &state));
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layers");
  TCase *tests = tcase_create("layers");
  tcase_add_test(tests, gamma_is_the_derivative_by_the_output);
  tcase_add_test(tests, windowed_bounds_are_those_of_the_windows);
  tcase_add_test(tests, regimes_and_bounds_of_the_checkerboard);
  tcase_add_loop_test(tests, blocks_are_those_of_the_hessian, 0, RST_TEST_NETWORKS);
  tcase_add_loop_test(tests, threads_do_not_change_bits, 0, RST_TEST_NETWORKS);
  tcase_add_test(tests, flows_without_layers_say_so);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
