/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/leading.h"
#include "networks.h"
#include "restrain/central_flow.h"
#include "restrain/scheme.h"
#include "stability/third_derivative.h"
#include "support.h"

/* The central flow: its parts against differences and dense algebra, itself where gradient descent oscillates with period two and
 * everything is known. */

static struct rst_flow_parameters landscape(const char *function, size_t width) {
  return (struct rst_flow_parameters){
      .kind = "landscape",
      .diffusion.spacing = 1.0,
      .landscape = {.function = function, .target = 1.0, .input = 1.0, .width = width}};
}

static struct rst_field *state_of(struct rst_context *context, const struct rst_flow *flow, size_t count,
                                  const double *values) {
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  ck_assert_uint_eq(rst_field_count(u), count);
  for (size_t i = 0; i < count; ++i) {
    rst_field_set(u, 0, i, values[i]);
  }
  return u;
}

static struct rst_central_flow *create(struct rst_context *context, struct rst_flow *flow, double lr,
                                       double decay, int substeps) {
  const struct rst_central_flow_parameters parameters = {
      .lr = lr, .weight_decay = decay, .substeps = substeps};
  struct rst_central_flow *central = NULL;
  RST_TEST_OK(context, rst_central_flow_create(context, flow, &parameters, &central));
  return central;
}

/* u' H(w + e v) u by products of its own. */
static double curvature(struct rst_flow *flow, const struct rst_field *w, double e, const struct rst_field *v,
                        const struct rst_field *u, struct rst_field *scratch) {
  rst_field_copy(w, scratch);
  rst_field_axpy(e, v, scratch);
  rst_flow_linearise(flow, scratch, NULL, NULL);
  rst_flow_hessian_product(flow, u, scratch);
  return rst_field_dot(u, scratch);
}

/* <D^3 E[u, u, .], v> is how u' H u changes along v; and D^3 E[u, v, u] is the same number. On every network. */
START_TEST(third_derivatives_are_changes_of_curvature) {
  char label[160];
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = rst_test_network_of_layers((size_t)_i, label);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *w = rst_test_state(context, flow, 3, 0.4);
  struct rst_field *of[2] = {rst_test_state(context, flow, 4, 1.0), rst_test_state(context, flow, 5, 1.0)};
  struct rst_field *third[2] = {rst_test_state(context, flow, 1, 0.0), rst_test_state(context, flow, 1, 0.0)};
  struct rst_field *scratch[2] = {rst_test_state(context, flow, 1, 0.0),
                                  rst_test_state(context, flow, 1, 0.0)};
  for (size_t i = 0; i < 2; ++i) {
    rst_field_scale(1.0 / rst_field_norm(of[i]), of[i]);
  }
  rst_third_derivatives(flow, w, of[0], 2, of, third, scratch);
  const double e = 1e-4;
  const double change =
      (curvature(flow, w, e, of[1], of[0], scratch[0]) - curvature(flow, w, -e, of[1], of[0], scratch[0])) /
      (2.0 * e);
  const double scale = rst_field_norm(third[0]) + rst_field_norm(third[1]);
  ck_assert_msg(fabs(rst_field_dot(third[0], of[1]) - change) <= 1e-5 * scale, "%s: %g, not %g", label,
                rst_field_dot(third[0], of[1]), change);
  ck_assert_msg(fabs(rst_field_dot(third[1], of[0]) - change) <= 1e-5 * scale, "%s: %g, not %g", label,
                rst_field_dot(third[1], of[0]), change);
  for (size_t i = 0; i < 2; ++i) {
    rst_field_destroy(&of[i]);
    rst_field_destroy(&third[i]);
    rst_field_destroy(&scratch[i]);
  }
  rst_field_destroy(&w);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* E = (w^2 - 1)^2/4: D^3 E = 6 w exactly, in both precisions to their accuracy. */
START_TEST(third_derivative_of_a_polynomial) {
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = landscape("quadratic-regression", 1);
  parameters.precision = _i == 0 ? RST_PRECISION_DOUBLE : RST_PRECISION_FLOAT;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *w = state_of(context, flow, 1, (const double[]){0.7});
  struct rst_field *u = state_of(context, flow, 1, (const double[]){1.0});
  struct rst_field *third = state_of(context, flow, 1, (const double[]){0.0});
  struct rst_field *scratch[2] = {state_of(context, flow, 1, (const double[]){0.0}),
                                  state_of(context, flow, 1, (const double[]){0.0})};
  rst_third_derivatives(flow, w, u, 1, &u, &third, scratch);
  rst_test_close(rst_field_get(third, 0, 0), 4.2, _i == 0 ? 1e-9 : 1e-4);
  rst_field_destroy(&w);
  rst_field_destroy(&u);
  rst_field_destroy(&third);
  rst_field_destroy(&scratch[0]);
  rst_field_destroy(&scratch[1]);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* diag(values) reflected at a fixed vector, two of the largest equal. */
enum { N = 12 };
struct matrix {
  double values[N], mirror[N];
};

static void multiply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct matrix *matrix = user;
  double *to = product->data;
  rst_field_copy(v, product);
  rst_test_reflect(N, matrix->mirror, to);
  for (size_t i = 0; i < N; ++i) {
    to[i] *= matrix->values[i];
  }
  rst_test_reflect(N, matrix->mirror, to);
}

/* Equal eigenvalues too have orthonormal vectors, cold or warm, those at the bound and below are left out, and negative ones are
 * found. */
START_TEST(leading_eigenpairs_come_in_order) {
  const double offset = _i == 0 ? 0.0 : -20.0;
  struct rst_context *context = rst_test_context();
  struct matrix matrix;
  struct rst_field *vectors[5];
  struct rst_eigenpair pairs[5];
  size_t count = 0;
  for (size_t i = 0; i < N; ++i) {
    matrix.values[i] = offset + (i < 2 ? 7.0 : 6.0 - (double)i);
    matrix.mirror[i] = 1.0 / sqrt((double)N);
  }
  for (size_t i = 0; i < 5; ++i) {
    RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, N, &vectors[i]));
  }
  for (int start = 0; start < 2; ++start) {
    RST_TEST_OK(context, rst_leading_eigenpairs(context, multiply, &matrix, 1e-10, offset + 2.5, 5, vectors,
                                                pairs, &count));
    ck_assert_uint_eq(count, 4);
    for (size_t i = 0; i < 5; ++i) {
      ck_assert_double_eq_tol(pairs[i].value, matrix.values[i], 1e-9);
      for (size_t j = 0; j < count && i < count; ++j) {
        ck_assert_double_eq_tol(rst_field_dot(vectors[i], vectors[j]), i == j ? 1.0 : 0.0, 1e-13);
      }
    }
  }
  for (size_t i = 0; i < 5; ++i) {
    rst_field_destroy(&vectors[i]);
  }
  rst_context_destroy(&context);
}
END_TEST

/* How far the end of some updates is from the gradient flow. */
static double distance_from_gradient_flow(int substeps, struct rst_field **end) {
  const double lr = 0.3;
  const double decay = 0.2;
  const int updates = 4;
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 16, 5);
  struct rst_field *w = rst_test_state(context, flow, 7, 0.3);
  struct rst_field *u = rst_test_state(context, flow, 7, 0.3);
  struct rst_central_flow *central = create(context, flow, lr, decay, substeps);
  struct rst_central_flow_numbers numbers;
  RST_TEST_OK(context, rst_flow_integrate(context, flow, decay, lr * updates, 1e-12, u));
  for (int t = 0; t < updates; ++t) {
    RST_TEST_OK(context, rst_central_flow_step(central, w, &numbers));
    ck_assert_uint_eq(numbers.critical, 0);
    ck_assert_double_eq(numbers.loss, numbers.average_loss);
  }
  const double distance = rst_field_distance(w, u);
  if (*end) {
    /* The extrapolation of first order from twice the step. */
    rst_field_axpby(2.0, w, -1.0, *end);
    ck_assert_double_le(rst_field_distance(*end, u), 2e-2 * distance);
    rst_field_destroy(end);
  } else {
    RST_TEST_OK(context, rst_field_create_like(context, w, end));
    rst_field_copy(w, *end);
  }
  rst_central_flow_destroy(&central);
  rst_field_destroy(&w);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
  return distance;
}

/* Below the threshold the central flow is the gradient flow, first order in the substep. */
START_TEST(without_critical_eigenvalues_it_is_the_gradient_flow) {
  struct rst_field *end = NULL;
  const double coarse = distance_from_gradient_flow(16, &end);
  const double fine = distance_from_gradient_flow(32, &end);
  ck_assert_double_gt(coarse, 0.0);
  ck_assert_double_eq_tol(coarse / fine, 2.0, 0.1);
}
END_TEST

/* The mean loss of gradient descent over the last two of many updates; u is left in the middle of them. */
static double settle(struct rst_context *context, struct rst_flow *flow, double lr, int updates,
                     struct rst_field *u) {
  const struct rst_scheme_parameters parameters = {.kind = "euler", .lr = lr, .divisor = 1.0};
  struct rst_scheme *scheme = rst_test_scheme(context, &parameters, flow);
  struct rst_field *before = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
  double losses[2] = {NAN, NAN};
  for (int t = 0; t < updates; ++t) {
    struct rst_flow_value value;
    rst_flow_evaluate(flow, u, &value, gradient);
    losses[t % 2] = value.data_loss;
    rst_field_copy(u, before);
    RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, NULL));
  }
  rst_field_axpby(0.5, before, 0.5, u);
  rst_field_destroy(&before);
  rst_field_destroy(&gradient);
  rst_scheme_destroy(&scheme);
  return 0.5 * (losses[0] + losses[1]);
}

/* E = (w^2 - 1)^2/4, lr a little beyond 1. The central flow rests where E'' = 3 w^2 - 1 = 2/lr, with X = -2 E'/E''' = (1 - w^2)/3
 * = (2/9)(1 - 1/lr). Gradient descent has a cycle a, b with a b = 1/lr, (a + b)^2 = 1 + 3/lr, so that its variance is
 * (1 - 1/lr)/4 and its mean loss (1 - 1/lr^2)/8: the predictions of both are 8/9 of them, for what the third order leaves out is
 * 1/9 here, E''''/6 over E'''^2/(2 E''). */
START_TEST(a_cycle_of_two_is_predicted) {
  static const double beyond[] = {0.08, 0.02, 0.005};
  const double lr = 1.0 + beyond[_i];
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = landscape("quadratic-regression", 1);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *w = state_of(context, flow, 1, (const double[]){0.6});
  struct rst_field *u = state_of(context, flow, 1, (const double[]){0.6});
  struct rst_central_flow *central = create(context, flow, lr, 0.0, 4);
  struct rst_central_flow_numbers numbers;
  for (int t = 0; t < 100; ++t) {
    RST_TEST_OK(context, rst_central_flow_step(central, w, &numbers));
  }
  const double rest = sqrt((2.0 / lr + 1.0) / 3.0);
  const double x = (1.0 - rest * rest) / 3.0;
  const double slope = rest * rest * rest - rest;
  rst_test_close(rst_field_get(w, 0, 0), rest, 1e-9);
  rst_test_close(numbers.sharpness, 2.0 / lr, 1e-9);
  rst_test_close(numbers.loss, pow(rest * rest - 1.0, 2) / 4.0, 1e-7);
  rst_test_close(numbers.variance, x, 1e-7);
  rst_test_close(numbers.variance, 8.0 / 9.0 * (1.0 - 1.0 / lr) / 4.0, 1e-7);
  rst_test_close(pow(numbers.average_grad_norm, 2), slope * slope + x * pow(2.0 / lr, 2), 1e-7);
  const double mean = settle(context, flow, lr, 20000, u);
  rst_test_close(mean, (1.0 - 1.0 / (lr * lr)) / 8.0, 1e-9);
  rst_test_close(numbers.average_loss, 8.0 / 9.0 * mean, 1e-7);
  rst_test_close(rst_field_get(u, 0, 0), 0.5 * sqrt(1.0 + 3.0 / lr), 1e-9);
  rst_central_flow_destroy(&central);
  rst_field_destroy(&w);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* E = (u v - 1)^2/2, whose sharpness at a minimum is u^2 + v^2. The gradient flow keeps u^2 - v^2 and would end beyond 2/lr; the
 * central flow ends on the minimum of sharpness 2/lr, u v = 1, u^2 + v^2 = 2/lr, and gradient descent, which lets the sharpness
 * overshoot first, a little below it. */
START_TEST(sharpness_stabilises_itself) {
  const double edge = 4.25;
  const double start[] = {2.0, 0.48};
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = landscape("uv", 1);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *w = state_of(context, flow, 2, start);
  struct rst_field *u = state_of(context, flow, 2, start);
  struct rst_central_flow *central = create(context, flow, 2.0 / edge, 0.0, 4);
  struct rst_central_flow_numbers numbers;
  ck_assert_double_gt(sqrt(pow(start[0] * start[0] - start[1] * start[1], 2) + 4.0), edge + 0.01);
  for (int t = 0; t < 400; ++t) {
    RST_TEST_OK(context, rst_central_flow_step(central, w, &numbers));
  }
  ck_assert_double_eq_tol(rst_field_get(w, 0, 0) * rst_field_get(w, 0, 1), 1.0, 1e-8);
  ck_assert_double_eq_tol(pow(rst_field_norm(w), 2), edge, 1e-5);
  ck_assert_double_le(numbers.average_loss, 1e-8);
  (void)settle(context, flow, 2.0 / edge, 20000, u);
  ck_assert_double_le(pow(rst_field_norm(u), 2), edge + 1e-9);
  ck_assert_double_ge(pow(rst_field_norm(u), 2), 0.98 * edge);
  ck_assert_double_le(rst_field_distance(u, w), 0.01 * rst_field_norm(w));
  rst_central_flow_destroy(&central);
  rst_field_destroy(&w);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Linear regression has no third derivative that could hold its oscillation back. */
START_TEST(failures_are_told) {
  const double spectrum[] = {1.0, 1.0, 1.0, 1.0};
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = {
      .kind = "regression",
      .diffusion.spacing = 1.0,
      .regression = {.design = "none", .spectrum = {.kind = "list", .values = spectrum, .value_count = 3}}};
  struct rst_central_flow_parameters wrong = {.lr = 3.0, .substeps = 0};
  struct rst_central_flow *central = NULL;
  struct rst_central_flow_numbers numbers;
  for (size_t count = 3; count <= 4; ++count) {
    parameters.regression.spectrum.value_count = count;
    struct rst_flow *flow = rst_test_flow(context, &parameters);
    struct rst_field *w = rst_test_state(context, flow, 1, 1.0);
    central = create(context, flow, 3.0, 0.0, 4);
    RST_TEST_FAILS(context, RST_ERROR_NUMERIC,
                   count == 3 ? "3 rows has no solution" : "more than 3 eigenvalues",
                   rst_central_flow_step(central, w, &numbers));
    rst_field_set(w, 0, 1, INFINITY);
    RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "not finite", rst_central_flow_step(central, w, &numbers));
    rst_central_flow_destroy(&central);
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "substeps is 0",
                   rst_central_flow_create(context, flow, &wrong, &central));
    rst_field_destroy(&w);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("central_flow");
  TCase *tests = tcase_create("central_flow");
  tcase_add_loop_test(tests, third_derivatives_are_changes_of_curvature, 0, RST_TEST_NETWORKS);
  tcase_add_loop_test(tests, third_derivative_of_a_polynomial, 0, 2);
  tcase_add_loop_test(tests, leading_eigenpairs_come_in_order, 0, 2);
  tcase_add_test(tests, without_critical_eigenvalues_it_is_the_gradient_flow);
  tcase_add_loop_test(tests, a_cycle_of_two_is_predicted, 0, 3);
  tcase_add_test(tests, sharpness_stabilises_itself);
  tcase_add_test(tests, failures_are_told);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
