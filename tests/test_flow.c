/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "flow/copies.h"
#include "networks.h"

/* Every check runs over all kinds of flow and, for each, over all variants: boundaries, discretisations of
 * the diffusion term (and none), poolings, activations, dimensions. Kernel and images have odd and even
 * sizes, labels differ. */
enum {
  IMAGES = 3,
  KERNEL = 5,
  POINTS = 9,
  DISCRETISATIONS = 4,
  POOLINGS = 2,
  DIMENSIONS = 2,
  DIRECTIONS = 3
};

static const struct rst_labelled_image images[IMAGES] = {
    {{.kind = "gaussian-field", .size = 13, .seed = 3, .exponent = 1.0}, 1},
    {{.kind = "grating", .size = 12, .period = 3.7, .angle = 25.0}, 0},
    {{.kind = "gaussian-field", .size = 11, .seed = 8, .exponent = 0.5}, 1},
};

typedef void check_flow(struct rst_context *context, const struct rst_flow_parameters *parameters,
                        struct rst_flow *flow, const char *label);

static size_t length(const char *const *names) {
  size_t count = 0;
  while (names[count]) {
    ++count;
  }
  return count;
}

static size_t digit(size_t *number, size_t base) {
  const size_t value = *number % base;
  *number /= base;
  return value;
}

/* Parameters of a variant by number; false beyond the last. */
static bool make_variant(size_t index, const char *kind, struct rst_flow_parameters *parameters,
                         char label[static 160]) {
  if (strcmp(kind, "network") == 0) {
    if (index < RST_TEST_NETWORKS) {
      *parameters = rst_test_network_of_layers(index, label);
    }
    return index < RST_TEST_NETWORKS;
  }
  size_t boundaries = 0;
  const enum rst_boundary *boundary = rst_flow_boundaries(kind, &boundaries);
  if (!boundary) {
    return rst_test_small_flow(kind, index, parameters, label);
  }
  const char *const *activations = rst_activation_names();
  const size_t b = digit(&index, boundaries);
  const size_t discretisation = digit(&index, DISCRETISATIONS);
  /* No kind reads both the dimension and what follows: 2-D is one option more. */
  const size_t option = digit(&index, POOLINGS * length(activations) + 1);
  const size_t dimension = option == 0 ? 2 : 1;
  const size_t pooling = option % POOLINGS;
  const size_t activation = option == 0 ? 0 : (option - 1) / POOLINGS;
  *parameters = (struct rst_flow_parameters){
      .kind = kind,
      .precision = RST_PRECISION_DOUBLE,
      .boundary = boundary[b],
      .diffusion = {.coefficient = discretisation ? 0.7 : 0.0, .spacing = 0.8},
      .heat.dimension = (int)dimension,
      .heat.points = POINTS,
      .conv.kernel = KERNEL,
      .conv.images = images,
      .conv.image_count = IMAGES,
      .conv.pooling = (enum rst_pooling)pooling,
      .conv.shift = 0.3,
      .conv.activation = activations[activation],
      .conv.beta = 1.3,
      .conv.correlation = "auto",
  };
  if (discretisation) {
    parameters->diffusion.discretisation = (enum rst_discretisation)(discretisation - 1);
  }
  snprintf(label, 160, "%s, boundary %d, discretisation %d, pooling %zu, %zu-D, %s", kind, (int)boundary[b],
           (int)discretisation - 1, pooling, dimension, activations[activation]);
  return index == 0;
}

/* Every stride-th variant, all of a kind that has few. A kind may refuse one only for the reasons below. */
static void each_variant(const char *kind, size_t stride, check_flow *check) {
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters;
  char label[160];
  size_t checked = 0;
  size_t boundaries = 0;
  stride = rst_flow_boundaries(kind, &boundaries) ? stride : 1;
  for (size_t i = 0; make_variant(i, kind, &parameters, label); i += stride) {
    struct rst_flow *flow = NULL;
    const enum rst_status status = rst_flow_create(context, &parameters, &flow);
    if (status == RST_ERROR_ARGUMENT) {
      const char *message = rst_context_message(context);
      ck_assert_msg(strstr(message, "diffusivity of the heat flow") || strstr(message, "choose swish"),
                    "%s: %s", label, message);
      continue;
    }
    ck_assert_msg(status == RST_OK, "%s: %s", label, rst_context_message(context));
    check(context, &parameters, flow, label);
    rst_flow_destroy(&flow);
    ++checked;
  }
  ck_assert_uint_gt(checked, 0);
  rst_context_destroy(&context);
}

/* Small enough that the sigmoid is not saturated. */
static double scale_of(const struct rst_flow_parameters *parameters) {
  return parameters->conv.pooling == RST_POOLING_SUM ? 0.05 : 0.3;
}

static double value_along(struct rst_flow *flow, const struct rst_field *u, double t,
                          const struct rst_field *v, struct rst_field *at, struct rst_field *gradient) {
  struct rst_flow_value value;
  rst_field_copy(u, at);
  rst_field_axpy(t, v, at);
  rst_flow_evaluate(flow, at, &value, gradient);
  return value.data_loss;
}

/* Central differences over h and 2h, extrapolated: error O(h^4), rounding eps/h. */
static const double step = 2e-5;

static void check_gradient(struct rst_context *context, const struct rst_flow_parameters *parameters,
                           struct rst_flow *flow, const char *label) {
  const double tolerance = 3e-10;
  struct rst_field *u = rst_test_state(context, flow, 1, scale_of(parameters));
  struct rst_field *at = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
  struct rst_flow_value value;
  struct rst_flow_value alone;
  rst_flow_evaluate(flow, u, &alone, NULL);
  rst_flow_evaluate(flow, u, &value, gradient);
  ck_assert_msg(value.data_loss == alone.data_loss && value.residual == alone.residual, "%s", label);
  for (uint32_t d = 0; d < DIRECTIONS; ++d) {
    struct rst_field *v = rst_test_state(context, flow, 10 + d, 1.0);
    rst_flow_pin(flow, v);
    rst_field_scale(1.0 / rst_field_norm(v), v);
    const double near = value_along(flow, u, step, v, at, NULL) - value_along(flow, u, -step, v, at, NULL);
    const double far =
        value_along(flow, u, 2 * step, v, at, NULL) - value_along(flow, u, -2 * step, v, at, NULL);
    const double difference = (8 * near - far) / (12 * step);
    const double derivative = rst_flow_cell(flow) * rst_field_dot(gradient, v);
    ck_assert_msg(fabs(derivative - difference) <=
                      tolerance * (rst_field_norm(gradient) + fabs(value.data_loss)),
                  "%s: %g instead of %g", label, derivative, difference);
    rst_field_destroy(&v);
  }
  ck_assert_msg(rst_field_norm(gradient) > 0, "%s", label);
  rst_field_destroy(&gradient);
  rst_field_destroy(&at);
  rst_field_destroy(&u);
}

static void check_hessian(struct rst_context *context, const struct rst_flow_parameters *parameters,
                          struct rst_flow *flow, const char *label) {
  const double tolerance = 1e-9;
  struct rst_field *u = rst_test_state(context, flow, 1, scale_of(parameters));
  struct rst_field *at = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *g = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *difference = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *product = rst_test_state(context, flow, 1, 0.0);
  const double offsets[] = {1, -1, 2, -2};
  const double weights[] = {8, -8, -1, 1};
  rst_flow_linearise(flow, u, NULL, NULL);
  for (uint32_t d = 0; d < DIRECTIONS; ++d) {
    struct rst_field *v = rst_test_state(context, flow, 20 + d, 1.0);
    rst_flow_pin(flow, v);
    rst_field_scale(1.0 / rst_field_norm(v), v);
    rst_field_fill(0.0, difference);
    for (size_t i = 0; i < 4; ++i) {
      value_along(flow, u, offsets[i] * step, v, at, g);
      rst_field_axpy(weights[i] / (12 * step), g, difference);
    }
    rst_flow_hessian_product(flow, v, product);
    ck_assert_msg(
        rst_field_distance(product, difference) <= tolerance * (rst_field_norm(product) + rst_field_norm(g)),
        "%s: off by %g of %g", label, rst_field_distance(product, difference), rst_field_norm(product));
    rst_field_destroy(&v);
  }
  rst_field_destroy(&product);
  rst_field_destroy(&difference);
  rst_field_destroy(&g);
  rst_field_destroy(&at);
  rst_field_destroy(&u);
}

static void check_symmetry(struct rst_context *context, const struct rst_flow_parameters *parameters,
                           struct rst_flow *flow, const char *label) {
  const double tolerance = 1e-14;
  struct rst_field *u = rst_test_state(context, flow, 1, scale_of(parameters));
  struct rst_field *v = rst_test_state(context, flow, 31, 1.0);
  struct rst_field *w = rst_test_state(context, flow, 32, 1.0);
  struct rst_field *hv = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *hw = rst_test_state(context, flow, 1, 0.0);
  rst_flow_linearise(flow, u, NULL, NULL);
  rst_flow_hessian_product(flow, v, hv);
  rst_flow_hessian_product(flow, w, hw);
  const double scale = rst_field_norm(v) * rst_field_norm(hw) + rst_field_norm(w) * rst_field_norm(hv);
  ck_assert_msg(fabs(rst_field_dot(v, hw) - rst_field_dot(w, hv)) <= tolerance * scale, "%s", label);
  rst_field_destroy(&hw);
  rst_field_destroy(&hv);
  rst_field_destroy(&w);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
}

static bool same_bits(const struct rst_field *x, const struct rst_field *y) {
  return memcmp(x->data, y->data, rst_field_count(x) * rst_precision_size(x->precision)) == 0;
}

static void check_linearisation(struct rst_context *context, const struct rst_flow_parameters *parameters,
                                struct rst_flow *flow, const char *label) {
  enum { ANCHORED, EVALUATED, FIELDS };
  struct rst_field *u = rst_test_state(context, flow, 1, scale_of(parameters));
  struct rst_field *elsewhere = rst_test_state(context, flow, 2, 2 * scale_of(parameters));
  struct rst_field *v = rst_test_state(context, flow, 71, 1.0);
  struct rst_field *lambda = rst_test_symbol(context, flow);
  struct rst_field *g[FIELDS];
  struct rst_field *product[FIELDS];
  struct rst_flow_value value[FIELDS];
  for (int i = 0; i < FIELDS; ++i) {
    g[i] = rst_test_state(context, flow, 72, 1.0);
    product[i] = rst_test_state(context, flow, 73, 1.0);
  }
  rst_flow_evaluate(flow, u, &value[EVALUATED], g[EVALUATED]);
  rst_flow_hessian_product(flow, v, product[EVALUATED]);
  ck_assert_msg(rst_field_max_abs(product[EVALUATED]) == 0.0, "%s: a product before any linearisation",
                label);

  rst_flow_linearise(flow, u, &value[ANCHORED], g[ANCHORED]);
  ck_assert_msg(value[ANCHORED].data_loss == value[EVALUATED].data_loss &&
                    value[ANCHORED].residual == value[EVALUATED].residual &&
                    same_bits(g[ANCHORED], g[EVALUATED]),
                "%s: linearise and evaluate differ", label);
  rst_flow_hessian_product(flow, v, product[ANCHORED]);
  rst_flow_evaluate(flow, elsewhere, &value[EVALUATED], g[EVALUATED]);
  rst_flow_evaluate(flow, elsewhere, &value[EVALUATED], NULL);
  const enum rst_status frozen = rst_flow_frozen_symbol(flow, elsewhere, lambda);
  ck_assert(rst_flow_facts(flow).plane_waves == (frozen == RST_OK));
  rst_flow_hessian_product(flow, v, product[EVALUATED]);
  ck_assert_msg(rst_field_norm(product[ANCHORED]) > 0.0 && same_bits(product[ANCHORED], product[EVALUATED]),
                "%s: an evaluation elsewhere disturbed the linearisation", label);

  rst_flow_linearise(flow, elsewhere, NULL, NULL);
  rst_flow_linearise(flow, u, NULL, NULL);
  rst_flow_hessian_product(flow, v, product[EVALUATED]);
  ck_assert_msg(same_bits(product[ANCHORED], product[EVALUATED]), "%s: without value and gradient", label);
  for (int i = 0; i < FIELDS; ++i) {
    rst_field_destroy(&product[i]);
    rst_field_destroy(&g[i]);
  }
  rst_field_destroy(&lambda);
  rst_field_destroy(&v);
  rst_field_destroy(&elsewhere);
  rst_field_destroy(&u);
}

/* Gradient and product vanish on fixed points, and the fixed points of v do not matter. */
static void check_pins(struct rst_context *context, const struct rst_flow_parameters *parameters,
                       struct rst_flow *flow, const char *label) {
  struct rst_flow_value value;
  struct rst_field *free = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *u = rst_test_state(context, flow, 1, scale_of(parameters));
  struct rst_field *v = rst_test_state(context, flow, 41, 1.0);
  struct rst_field *pinned_v = rst_test_state(context, flow, 41, 1.0);
  struct rst_field *product = rst_test_state(context, flow, 42, 1.0);
  struct rst_field *pinned_product = rst_test_state(context, flow, 43, 1.0);
  struct rst_field *gradient = rst_test_state(context, flow, 44, 1.0);
  rst_field_fill(1.0, free);
  rst_flow_pin(flow, free);
  const size_t side = POINTS - 2;
  const size_t expected = parameters->boundary == RST_BOUNDARY_DIRICHLET
                              ? (parameters->heat.dimension == 1 ? side : side * side)
                              : rst_field_count(free);
  ck_assert_msg(rst_field_sum(free) == (double)expected, "%s: %g free points", label, rst_field_sum(free));

  rst_flow_pin(flow, pinned_v);
  rst_flow_linearise(flow, u, &value, gradient);
  rst_flow_hessian_product(flow, v, product);
  rst_flow_hessian_product(flow, pinned_v, pinned_product);
  ck_assert_msg(same_bits(product, pinned_product), "%s", label);
  for (size_t i = 0; i < rst_field_count(free); ++i) {
    const bool fixed = rst_field_get(free, 0, i) == 0;
    ck_assert_msg(!fixed || rst_field_get(gradient, 0, i) == 0, "%s", label);
    ck_assert_msg(!fixed || rst_field_get(product, 0, i) == 0, "%s", label);
  }
  rst_field_destroy(&gradient);
  rst_field_destroy(&pinned_product);
  rst_field_destroy(&product);
  rst_field_destroy(&pinned_v);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_field_destroy(&free);
}

/* Relative distance of a float field from a double one. */
static double float_error(struct rst_context *context, const struct rst_field *f, const struct rst_field *d) {
  struct rst_field *wide = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, d, &wide));
  rst_field_copy(f, wide);
  const double error = rst_field_distance(wide, d) / rst_field_norm(d);
  rst_field_destroy(&wide);
  return error;
}

static void check_float(struct rst_context *context, const struct rst_flow_parameters *parameters,
                        struct rst_flow *flow, const char *label) {
  const double tolerance = 1e-5;
  const double scale = scale_of(parameters);
  struct rst_flow_parameters narrow = *parameters;
  narrow.precision = RST_PRECISION_FLOAT;
  struct rst_flow *flows[2] = {flow, NULL};
  RST_TEST_OK(context, rst_flow_create(context, &narrow, &flows[1]));
  ck_assert_int_eq(rst_flow_precision(flows[1]), RST_PRECISION_FLOAT);
  struct rst_field *u[2];
  struct rst_field *v[2];
  struct rst_field *g[2];
  struct rst_field *product[2];
  struct rst_flow_value value[2];
  for (int i = 0; i < 2; ++i) {
    u[i] = rst_test_state(context, flows[i], 1, scale);
    v[i] = rst_test_state(context, flows[i], 51, 1.0);
    g[i] = rst_test_state(context, flows[i], 1, 0.0);
    product[i] = rst_test_state(context, flows[i], 1, 0.0);
    rst_flow_linearise(flows[i], u[i], &value[i], g[i]);
    rst_flow_hessian_product(flows[i], v[i], product[i]);
  }
  ck_assert_msg(fabs(value[1].data_loss - value[0].data_loss) <= tolerance * (1 + fabs(value[0].data_loss)),
                "%s: %g instead of %g", label, value[1].data_loss, value[0].data_loss);
  ck_assert_msg(fabs(value[1].residual - value[0].residual) <= tolerance, "%s", label);
  ck_assert_msg(float_error(context, g[1], g[0]) <= tolerance, "%s: gradient off by %g", label,
                float_error(context, g[1], g[0]));
  ck_assert_msg(float_error(context, product[1], product[0]) <= tolerance, "%s: product off by %g", label,
                float_error(context, product[1], product[0]));
  for (int i = 0; i < 2; ++i) {
    rst_field_destroy(&product[i]);
    rst_field_destroy(&g[i]);
    rst_field_destroy(&v[i]);
    rst_field_destroy(&u[i]);
  }
  rst_flow_destroy(&flows[1]);
}

/* Value, gradient and product to the bit for 1 to 5 threads, in both precisions. */
static void check_threads(struct rst_context *context, const struct rst_flow_parameters *parameters,
                          struct rst_flow *flow, const char *label) {
  const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
  (void)flow;
  for (size_t p = 0; p < 2; ++p) {
    struct rst_flow_parameters own = *parameters;
    struct rst_flow_value first = {0};
    struct rst_field *g[6] = {NULL};
    struct rst_field *product[6] = {NULL};
    own.precision = precisions[p];
    for (int threads = 1; threads <= 5; ++threads) {
      struct rst_flow *made = NULL;
      struct rst_flow_value value;
      RST_TEST_OK(context, rst_context_set_threads(context, threads));
      RST_TEST_OK(context, rst_flow_create(context, &own, &made));
      struct rst_field *u = rst_test_state(context, made, 1, scale_of(&own));
      struct rst_field *v = rst_test_state(context, made, 61, 1.0);
      g[threads] = rst_test_state(context, made, 1, 0.0);
      product[threads] = rst_test_state(context, made, 1, 0.0);
      rst_flow_linearise(made, u, &value, g[threads]);
      rst_flow_hessian_product(made, v, product[threads]);
      first = threads == 1 ? value : first;
      ck_assert_msg(value.data_loss == first.data_loss && value.residual == first.residual, "%s", label);
      ck_assert_msg(same_bits(g[threads], g[1]) && same_bits(product[threads], product[1]), "%s", label);
      rst_field_destroy(&v);
      rst_field_destroy(&u);
      rst_flow_destroy(&made);
    }
    for (int threads = 1; threads <= 5; ++threads) {
      rst_field_destroy(&product[threads]);
      rst_field_destroy(&g[threads]);
    }
  }
  RST_TEST_OK(context, rst_context_set_threads(context, 1));
}

START_TEST(gradient_is_the_derivative_of_the_value) {
  each_variant(rst_flow_names()[_i], 1, check_gradient);
}
END_TEST

START_TEST(hessian_product_is_the_derivative_of_the_gradient) {
  each_variant(rst_flow_names()[_i], 1, check_hessian);
}
END_TEST

START_TEST(hessian_is_symmetric) {
  each_variant(rst_flow_names()[_i], 1, check_symmetry);
}
END_TEST

START_TEST(linearisation_stays_where_it_was_made) {
  each_variant(rst_flow_names()[_i], 1, check_linearisation);
}
END_TEST

START_TEST(fixed_points_stay_out) {
  each_variant(rst_flow_names()[_i], 1, check_pins);
}
END_TEST

START_TEST(float_follows_double) {
  each_variant(rst_flow_names()[_i], 3, check_float);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads) {
  each_variant(rst_flow_names()[_i], 7, check_threads);
}
END_TEST

/* Each copy comes to the bits of the flow itself, and nothing else of it is left behind. */
static void check_copies(struct rst_context *context, const struct rst_flow_parameters *parameters,
                         struct rst_flow *flow, const char *label) {
  enum { COPIES = 3 };
  const size_t numbers = rst_flow_layout(flow)->count;
  const size_t bytes = numbers * rst_precision_size(parameters->precision);
  struct rst_flow *copies = NULL;
  struct rst_field *row = NULL;
  struct rst_field *slopes = NULL;
  struct rst_flow_value value;
  if (rst_flow_averages(flow)) {
    return;
  }
  RST_TEST_OK(context, rst_flow_copies_create(context, flow, COPIES, &copies));
  RST_TEST_OK(context, rst_flow_create_state(context, copies, &row));
  RST_TEST_OK(context, rst_flow_create_state(context, copies, &slopes));
  ck_assert_uint_eq(rst_field_count(row), COPIES * numbers);
  for (uint32_t c = 0; c < COPIES; ++c) {
    struct rst_field *u = rst_test_state(context, flow, c + 1, scale_of(parameters));
    memcpy((char *)row->data + c * bytes, u->data, bytes);
    rst_field_destroy(&u);
  }
  rst_flow_evaluate(copies, row, &value, slopes);
  double sum = 0.0;
  for (uint32_t c = 0; c < COPIES; ++c) {
    struct rst_field *u = rst_test_state(context, flow, c + 1, scale_of(parameters));
    struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
    struct rst_flow_value own;
    rst_flow_evaluate(flow, u, &own, gradient);
    ck_assert_msg(memcmp((char *)slopes->data + c * bytes, gradient->data, bytes) == 0, "%s: copy %u", label,
                  (unsigned)c);
    ck_assert_double_eq(rst_flow_copies_value(copies, c)->data_loss, own.data_loss);
    sum += own.data_loss;
    rst_field_destroy(&gradient);
    rst_field_destroy(&u);
  }
  ck_assert_double_eq(value.data_loss, sum);
  rst_field_fill(1.0, row);
  rst_flow_pin(copies, row);
  rst_test_close(rst_field_sum(row), (double)(COPIES * rst_layout_free_count(rst_flow_layout(flow))), 1e-14);
  rst_field_destroy(&slopes);
  rst_field_destroy(&row);
  rst_flow_destroy(&copies);
}

START_TEST(copies_are_the_flow_itself) {
  each_variant(rst_flow_names()[_i], 7, check_copies);
}
END_TEST

/* The Hessian is the same everywhere where the kind says so, and nowhere else. */
START_TEST(facts_hold) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_flow_of_each(context, _i, RST_PRECISION_DOUBLE);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.5);
  struct rst_field *v = rst_test_state(context, flow, 2, 1.0);
  struct rst_field *product[2];
  for (int i = 0; i < 2; ++i) {
    product[i] = rst_test_state(context, flow, 3, 1.0);
    rst_flow_linearise(flow, i == 0 ? u : v, NULL, NULL);
    rst_flow_hessian_product(flow, v, product[i]);
  }
  const struct rst_flow_facts facts = rst_flow_facts(flow);
  ck_assert(facts.linear == same_bits(product[0], product[1]));
  ck_assert(facts.linear == rst_flow_kind_facts(rst_flow_name(flow)).linear);
  ck_assert(facts.diffusion_only == (facts.linear && strcmp(rst_flow_correlation(flow), "none") == 0));
  ck_assert(!(facts.linear && facts.one_layer));
  rst_field_destroy(&product[1]);
  rst_field_destroy(&product[0]);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("flow");
  TCase *tests = tcase_create("flow");
  const int kinds = (int)length(rst_flow_names());
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, gradient_is_the_derivative_of_the_value, 0, kinds);
  tcase_add_loop_test(tests, hessian_product_is_the_derivative_of_the_gradient, 0, kinds);
  tcase_add_loop_test(tests, hessian_is_symmetric, 0, kinds);
  tcase_add_loop_test(tests, linearisation_stays_where_it_was_made, 0, kinds);
  tcase_add_loop_test(tests, fixed_points_stay_out, 0, kinds);
  tcase_add_loop_test(tests, float_follows_double, 0, kinds);
  tcase_add_loop_test(tests, bits_do_not_depend_on_threads, 0, kinds);
  tcase_add_loop_test(tests, copies_are_the_flow_itself, 0, kinds);
  tcase_add_loop_test(tests, facts_hold, 0, RST_TEST_FLOWS);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
