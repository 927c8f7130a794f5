/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "restrain/fixed_point.h"
#include "restrain/spectrum.h"

static const struct rst_labelled_image checkerboard = {{.kind = "checkerboard", .size = 256}, 1};

struct problem {
  struct rst_context *context;
  struct rst_flow *flow;
  double weight_decay;
};

static struct problem make_problem(const struct rst_labelled_image *images, size_t count, size_t kernel,
                                   double weight_decay) {
  struct problem problem = {.context = rst_test_context(), .weight_decay = weight_decay};
  const struct rst_flow_parameters parameters = rst_test_network(images, count, kernel);
  problem.flow = rst_test_flow(problem.context, &parameters);
  return problem;
}

static void free_problem(struct problem *problem) {
  rst_flow_destroy(&problem->flow);
  rst_context_destroy(&problem->context);
}

/* Find a fixed point and check everything that is said of it against the flow itself. */
static struct rst_fixed_point find(const struct problem *problem, const struct rst_field *start,
                                   double tolerance) {
  struct rst_fixed_point found = {0};
  struct rst_field *gradient = NULL;
  struct rst_flow_value value;
  RST_TEST_OK(problem->context, rst_fixed_point_find(problem->context, problem->flow, problem->weight_decay,
                                                     start, tolerance, &found));
  RST_TEST_OK(problem->context, rst_field_create_like(problem->context, start, &gradient));
  rst_flow_evaluate(problem->flow, found.u, &value, gradient);
  rst_field_axpy(problem->weight_decay, found.u, gradient);
  rst_flow_pin(problem->flow, gradient);
  ck_assert_double_eq(found.residual, rst_field_norm(gradient));
  ck_assert_double_eq(found.data_loss, value.data_loss);
  const double decay = problem->weight_decay / 2 * rst_field_dot(found.u, found.u);
  ck_assert_double_eq_tol(found.loss, value.data_loss + decay, 1e-14 * fabs(found.loss));
  rst_field_destroy(&gradient);
  return found;
}

/* An end of the spectrum of H + alpha. */
static double extreme(const struct problem *problem, const struct rst_field *u, enum rst_spectrum_end end) {
  struct rst_field *vector = NULL;
  struct rst_eigenpair pair;
  RST_TEST_OK(problem->context, rst_field_create_like(problem->context, u, &vector));
  RST_TEST_OK(problem->context,
              rst_spectrum_extreme(problem->context, problem->flow, u, end, 1e-9, vector, &pair));
  rst_field_destroy(&vector);
  return pair.value + problem->weight_decay;
}

static struct rst_field *state(const struct problem *problem, const char *kind, double scale) {
  struct rst_field *u = rst_test_state(problem->context, problem->flow, 7, scale);
  const struct rst_initial_parameters initial = {.kind = kind, .seed = 7, .scale = scale};
  RST_TEST_OK(problem->context, rst_initial_fill(problem->context, &initial, u));
  return u;
}

static void descend(const struct problem *problem, double lr, long steps, struct rst_field *u) {
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  parameters.kind = "euler";
  parameters.lr = lr;
  parameters.weight_decay = problem->weight_decay;
  struct rst_scheme *scheme = rst_test_scheme(problem->context, &parameters, problem->flow);
  rst_test_advance(problem->context, problem->flow, scheme, steps, u);
  rst_scheme_destroy(&scheme);
}

/* The kernel sees the checkerboard through one pattern alone, of either sign: two minima, the same but for
 * the 225^2 positions being odd in number, and a saddle near zero between them, where lambda_min(H) = -(1/4)
 * 32^2. Short descents lead to the minima; the published run ends in the one with the higher loss. The
 * numbers are those of the scalar problem for the response c = +-1024 max|K|, in 30 digits. */
static const struct {
  double loss, residual, max_abs, sharpness;
} minima[] = {{0.291495367624545, -0.135492272424736, 3.77466281226080e-3, 61.9972749916338},
              {0.291485022990744, -0.135485815818594, 3.77462560719716e-3, 61.9984221729767}};

START_TEST(published_minima) {
  static const struct {
    const char *kind;
    double scale;
    long steps;
    int minimum;
  } starts[] = {{"normal", 1.0, 20, 0},
                {"normal", 0.01, 20, 0},
                {"normal", 10.0, 0, 0},
                {"zero", 0.0, 20, 1},
                {"constant", 1.0, 20, 1}};
  struct problem problem = make_problem(&checkerboard, 1, 32, 20.0);
  struct rst_field *u = state(&problem, starts[_i].kind, starts[_i].scale);
  const int minimum = starts[_i].minimum;
  descend(&problem, 0.01, starts[_i].steps, u);
  struct rst_fixed_point found = find(&problem, u, 1e-13);
  struct rst_flow_value value;
  rst_flow_evaluate(problem.flow, found.u, &value, NULL);
  ck_assert_double_le(found.residual, 1e-11);
  ck_assert_double_eq_tol(found.loss, minima[minimum].loss, 1e-13);
  ck_assert_double_eq_tol(value.residual, minima[minimum].residual, 1e-12);
  ck_assert_double_eq_tol(rst_field_max_abs(found.u), minima[minimum].max_abs, 1e-14);
  const double sharpness = extreme(&problem, found.u, RST_SPECTRUM_LARGEST);
  ck_assert_double_eq_tol(sharpness, minima[minimum].sharpness, 1e-9);
  ck_assert(minimum || fabs(2 / sharpness - 0.0322594823767) <= 1e-11);
  ck_assert_double_eq_tol(extreme(&problem, found.u, RST_SPECTRUM_SMALLEST), 20.0, 1e-9);
  ck_assert_int_le(found.newton_steps, 6);
  rst_field_destroy(&found.u);
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

START_TEST(published_saddle) {
  static const double tolerances[] = {1e-6, 1e-11, 1e-14};
  struct problem problem = make_problem(&checkerboard, 1, 32, 20.0);
  struct rst_field *u = state(&problem, _i % 2 ? "normal" : "zero", 0.1);
  for (size_t t = 0; t < 3; ++t) {
    struct rst_fixed_point found = find(&problem, u, tolerances[t]);
    ck_assert_double_eq_tol(found.loss, log(2.0), 1e-8);
    ck_assert_double_lt(rst_field_max_abs(found.u), 3e-8);
    ck_assert_double_eq_tol(extreme(&problem, found.u, RST_SPECTRUM_SMALLEST), 20 - 256, 1e-4);
    ck_assert_double_eq_tol(extreme(&problem, found.u, RST_SPECTRUM_LARGEST), 20.0, 1e-9);
    rst_field_destroy(&found.u);
  }
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

static const struct rst_labelled_image several[] = {
    {{.kind = "gaussian-field", .size = 96, .seed = 1, .exponent = 2.0}, 1},
    {{.kind = "gaussian-field", .size = 64, .seed = 2, .exponent = 1.0}, 0},
    {{.kind = "grating", .size = 48, .period = 5.3, .angle = 20.0}, 1},
};

/* One image and three, from zero and after a descent: zero leads to a saddle, a descent to a minimum. */
START_TEST(natural_images) {
  struct problem problem = make_problem(several, _i ? 3 : 1, 9, 0.2);
  struct rst_field *u = state(&problem, "zero", 0.0);
  struct rst_fixed_point found = find(&problem, u, 1e-12);
  ck_assert_double_lt(extreme(&problem, found.u, RST_SPECTRUM_SMALLEST), -0.1);
  const double saddle_loss = found.loss;
  rst_field_copy(found.u, u);
  rst_field_destroy(&found.u);
  rst_field_axpy(0.01, u, u);
  descend(&problem, 0.1, 200, u);
  found = find(&problem, u, 1e-12);
  ck_assert_double_gt(extreme(&problem, found.u, RST_SPECTRUM_SMALLEST), 0.01);
  ck_assert_double_lt(found.loss, saddle_loss);
  ck_assert_double_le(found.residual, 1e-12);
  rst_field_destroy(&found.u);
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

/* The residual after k Newton steps, relative to the first, from searches of rising tolerance: each is at
 * most the square of the one before, up to a constant, down to rounding errors. */
START_TEST(convergence_is_quadratic) {
  enum { MOST = 12 };
  double residual[MOST] = {0};
  struct problem problem = make_problem(several, 1, 9, 0.2);
  struct rst_field *u = state(&problem, "normal", 0.1);
  descend(&problem, 0.1, 200, u);
  struct rst_fixed_point found = find(&problem, u, 1e-12);
  rst_field_copy(found.u, u);
  rst_field_destroy(&found.u);
  rst_field_scale(1.3, u);
  int last = 0;
  for (int halvings = 0; halvings < 50; ++halvings) {
    found = find(&problem, u, ldexp(1.0, -halvings));
    ck_assert_int_lt(found.newton_steps, MOST);
    residual[found.newton_steps] = found.residual;
    last = found.newton_steps;
    rst_field_destroy(&found.u);
  }
  ck_assert_int_ge(last, 4);
  for (int k = 1; k < last; ++k) {
    const double one = residual[k] / residual[0];
    const double next = residual[k + 1] / residual[0];
    ck_assert_msg(next <= fmax(10 * one * one, 1e-14), "%g after %g in step %d", next, one, k + 1);
  }
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

/* Between fixed ends the straight line, without decay; with decay the discrete hyperbolic sine, growth r per
 * point with r + 1/r = 2 + alpha. With periodic ends the mean, which the singular H leaves alone. */
START_TEST(heat_has_its_closed_forms) {
  enum { N = 31 };
  const double decay = _i == 1 ? 0.05 : 0.0;
  struct problem problem = {.context = rst_test_context(), .weight_decay = decay};
  problem.flow = rst_test_heat(problem.context, RST_PRECISION_DOUBLE,
                               _i == 2 ? RST_BOUNDARY_PERIODIC : RST_BOUNDARY_DIRICHLET, 1, N);
  struct rst_field *u = state(&problem, "normal", 1.0);
  const double mean = rst_field_sum(u) / N;
  const double left = rst_field_get(u, 0, 0);
  const double right = rst_field_get(u, 0, N - 1);
  const double rate = acosh(1 + decay / 2);
  struct rst_fixed_point found = find(&problem, u, 1e-13);
  for (size_t i = 0; i < N; ++i) {
    const double x = (double)i;
    const double line = left + (right - left) * x / (N - 1);
    const double arch = (left * sinh(rate * (N - 1 - x)) + right * sinh(rate * x)) / sinh(rate * (N - 1));
    const double expected[] = {line, arch, mean};
    ck_assert_double_eq_tol(rst_field_get(found.u, 0, i), expected[_i], 1e-10);
  }
  ck_assert(_i == 2 || (rst_field_get(found.u, 0, 0) == left && rst_field_get(found.u, 0, N - 1) == right));
  rst_field_destroy(&found.u);
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

/* conv-linear below its smallest stable decay is unbounded below and has a single fixed point, a saddle. */
START_TEST(a_linear_flow_has_one_fixed_point) {
  struct problem problem = {.context = rst_test_context(), .weight_decay = 0.5};
  struct rst_flow_parameters parameters = rst_test_network(several, 1, 9);
  parameters.kind = "conv-linear";
  problem.flow = rst_test_flow(problem.context, &parameters);
  struct rst_field *zero = state(&problem, "zero", 0.0);
  struct rst_field *normal = state(&problem, "normal", 1.0);
  struct rst_fixed_point one = find(&problem, zero, 1e-12);
  struct rst_fixed_point other = find(&problem, normal, 1e-14);
  ck_assert_double_lt(extreme(&problem, one.u, RST_SPECTRUM_SMALLEST), -1.0);
  ck_assert_double_le(rst_field_distance(one.u, other.u), 1e-9 * rst_field_norm(one.u));
  /* A fixed point is found where it is. */
  struct rst_fixed_point again = find(&problem, one.u, 1e-10);
  ck_assert_int_eq(again.newton_steps, 0);
  ck_assert_double_eq(rst_field_distance(again.u, one.u), 0.0);
  rst_field_destroy(&again.u);
  rst_field_destroy(&one.u);
  rst_field_destroy(&other.u);
  rst_field_destroy(&zero);
  rst_field_destroy(&normal);
  free_problem(&problem);
}
END_TEST

/* The patches of a grating span two dimensions, and the mean of the image pulls across them without end. */
START_TEST(no_fixed_point_is_reported) {
  const struct rst_labelled_image grating = {{.kind = "grating", .size = 33, .period = 7.3, .angle = 0.0}, 1};
  struct problem problem = {.context = rst_test_context()};
  struct rst_flow_parameters parameters = rst_test_network(&grating, 1, 5);
  parameters.kind = "conv-linear";
  parameters.conv.pooling = RST_POOLING_SUM;
  problem.flow = rst_test_flow(problem.context, &parameters);
  struct rst_field *u = state(&problem, "normal", 1e-3);
  struct rst_fixed_point found = {.newton_steps = 77};
  RST_TEST_FAILS(problem.context, RST_ERROR_NUMERIC, "no fixed point was reached",
                 rst_fixed_point_find(problem.context, problem.flow, 0.0, u, 1e-10, &found));
  ck_assert(found.newton_steps == 77 && found.u == NULL);
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

START_TEST(failures) {
  struct problem problem = make_problem(several, 1, 4, 1.0);
  struct rst_field *u = state(&problem, "normal", 1.0);
  struct rst_fixed_point found = {.newton_steps = 77};
  RST_TEST_FAILS(problem.context, RST_ERROR_ARGUMENT, "weight_decay is -1",
                 rst_fixed_point_find(problem.context, problem.flow, -1.0, u, 1e-9, &found));
  RST_TEST_FAILS(problem.context, RST_ERROR_ARGUMENT, "tolerance is 0",
                 rst_fixed_point_find(problem.context, problem.flow, 1.0, u, 0.0, &found));
  rst_field_set(u, 1, 1, (double)NAN);
  RST_TEST_FAILS(problem.context, RST_ERROR_ARGUMENT, "not finite",
                 rst_fixed_point_find(problem.context, problem.flow, 1.0, u, 1e-9, &found));
  struct rst_flow *coarse = rst_test_conv(problem.context, RST_PRECISION_FLOAT, 16, 4);
  struct rst_field *v = rst_test_state(problem.context, coarse, 7, 1.0);
  RST_TEST_FAILS(problem.context, RST_ERROR_UNSUPPORTED, "in float",
                 rst_fixed_point_find(problem.context, coarse, 1.0, v, 1e-9, &found));
  ck_assert(found.newton_steps == 77 && found.u == NULL);
  rst_field_destroy(&v);
  rst_flow_destroy(&coarse);
  rst_field_destroy(&u);
  free_problem(&problem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fixed_point");
  TCase *tests = tcase_create("fixed_point");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, published_minima, 0, 5);
  tcase_add_loop_test(tests, published_saddle, 0, 2);
  tcase_add_loop_test(tests, natural_images, 0, 2);
  tcase_add_test(tests, convergence_is_quadratic);
  tcase_add_loop_test(tests, heat_has_its_closed_forms, 0, 3);
  tcase_add_test(tests, a_linear_flow_has_one_fixed_point);
  tcase_add_test(tests, no_fixed_point_is_reported);
  tcase_add_test(tests, failures);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
