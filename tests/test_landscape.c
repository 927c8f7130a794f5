/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "restrain/run.h"
#include "restrain/tangent.h"
#include "support.h"

/* Functions of a few numbers, whose maps are known: cycles, exponents and averages of gradient descent. */

static struct rst_flow_parameters landscape(const char *function) {
  return (struct rst_flow_parameters){
      .kind = "landscape",
      .diffusion.spacing = 1.0,
      .landscape = {.function = function, .amplitude = 100.0, .target = 1.0, .input = 1.3, .width = 3}};
}

static struct rst_scheme_parameters euler(double lr) {
  return (struct rst_scheme_parameters){.kind = "euler", .lr = lr, .divisor = 1.0};
}

static double value_at(const char *function, const double *values, size_t count) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = landscape(function);
  const struct rst_initial_parameters list = {.kind = "list", .values = values, .value_count = count};
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  struct rst_flow_value value;
  RST_TEST_OK(context, rst_flow_fill_initial(context, flow, &list, u));
  rst_flow_evaluate(flow, u, &value, NULL);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
  return value.data_loss;
}

START_TEST(values_are_the_formulas) {
  const double output = (1 * 4 - 2 * 5 + 3 * 6) * 1.3 / sqrt(3.0);
  rst_test_close(value_at("sine-product", (const double[]){0.3, -1.1}, 2), 100 * sin(0.3) * sin(-1.1), 1e-15);
  rst_test_close(value_at("quadratic-regression", (const double[]){3.0}, 1), 16.0, 1e-15);
  rst_test_close(value_at("uv", (const double[]){1, -2, 3, 4, 5, 6}, 6), 0.5 * pow(output - 1.0, 2), 1e-14);
}
END_TEST

/* What a long run looks like, after a start that is left out. */
struct long_run {
  double exponent, mean_value, mean_slope;
  double to_next, to_second; /**< distance of the last state from the one before, and the one before that */
  double between;            /**< E in the middle of the last two */
};

static struct long_run follow(const char *function, double lr, const double *start, int updates) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = landscape(function);
  const struct rst_scheme_parameters scheme = euler(lr);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &scheme, 1);
  struct rst_field *before[2] = {rst_test_state(context, flow, 1, 0.0),
                                 rst_test_state(context, flow, 1, 0.0)};
  struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
  const struct rst_initial_parameters list = {
      .kind = "list", .values = start, .value_count = rst_field_count(gradient)};
  struct long_run seen = {0};
  const int burn_in = 2000;
  RST_TEST_OK(context, rst_flow_fill_initial(context, flow, &list, trajectory.u));
  for (int t = 0; t < burn_in + updates; ++t) {
    rst_field_copy(before[0], before[1]);
    rst_field_copy(trajectory.u, before[0]);
    rst_test_step(&trajectory);
    if (t >= burn_in) {
      struct rst_flow_value value;
      rst_flow_evaluate(flow, trajectory.u, &value, gradient);
      seen.exponent += rst_tangent_log_growth(trajectory.tangent, 0) / updates;
      seen.mean_value += value.data_loss / updates;
      seen.mean_slope += rst_field_norm(gradient) / updates;
    }
  }
  seen.to_next = rst_field_distance(trajectory.u, before[0]);
  seen.to_second = rst_field_distance(trajectory.u, before[1]);
  struct rst_flow_value value;
  rst_field_axpy(1.0, trajectory.u, before[0]);
  rst_field_scale(0.5, before[0]);
  rst_flow_evaluate(flow, before[0], &value, NULL);
  seen.between = value.data_loss;
  rst_field_destroy(&gradient);
  rst_field_destroy(&before[0]);
  rst_field_destroy(&before[1]);
  rst_test_arrive(&trajectory);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
  return seen;
}

/* kappa = lr A = 4 is chaotic; averages of two attractors that are mirrored or not. */
START_TEST(the_sine_product_is_chaotic) {
  const struct long_run seen = follow("sine-product", 0.04, (const double[]){0.7, -0.4}, 100000);
  ck_assert_double_eq_tol(seen.exponent, 0.083, 0.002);
  ck_assert_double_eq_tol(seen.mean_value, -18.2, 0.3);
  ck_assert_double_eq_tol(seen.mean_slope, 66.7, 0.5);
}
END_TEST

static void check_cycle(const char *function, double lr, const double *start, int period) {
  const struct long_run seen = follow(function, lr, start, 4000);
  const double rest = 1e-9;
  ck_assert_msg((seen.to_next < rest) == (period == 1) && (seen.to_second < rest) == (period <= 2),
                "%s at lr %g: %g %g", function, lr, seen.to_next, seen.to_second);
  ck_assert_msg((seen.exponent < 0.0), "%s at lr %g: exponent %g", function, lr, seen.exponent);
}

/* The sine product, on the diagonal theta' = theta - kappa sin(theta): from kappa = 2 to pi a cycle of two states about a
 * minimum, 2 theta = kappa sin(theta), which then gives way to two that are not symmetric. */
START_TEST(two_cycles_of_the_sine_product) {
  const double start[] = {0.7, -0.4};
  check_cycle("sine-product", 0.0195, start, 1);
  check_cycle("sine-product", 0.0205, start, 2);
  check_cycle("sine-product", 0.0310, start, 2);
  ck_assert_double_lt(follow("sine-product", 0.0310, start, 4000).between, -100 * (1 - 1e-12));
  ck_assert_double_gt(follow("sine-product", 0.0318, start, 4000).between, -100 * (1 - 1e-3));
}
END_TEST

/* Quadratic regression: to lr = 1 it converges, to sqrt(5) - 1 it has period 2, then 4. */
START_TEST(two_cycles_of_quadratic_regression) {
  const double start[] = {0.6};
  check_cycle("quadratic-regression", 0.98, start, 1);
  check_cycle("quadratic-regression", 1.02, start, 2);
  check_cycle("quadratic-regression", sqrt(5.0) - 1.0 - 0.01, start, 2);
  check_cycle("quadratic-regression", sqrt(5.0) - 1.0 + 0.008, start, 4);
}
END_TEST

/* At lr = 2 the map of lr (w^2 - 1) is conjugate to the tripling of an angle. */
START_TEST(the_exponent_of_quadratic_regression_is_log_3) {
  const struct long_run seen = follow("quadratic-regression", 2.0, (const double[]){0.6}, 100000);
  ck_assert_double_eq_tol(seen.exponent, log(3.0), 2e-3);
}
END_TEST

/* The map of D = f - y and of l = (|u|^2 + |v|^2) x^2/n, in closed form (arXiv 2311.02076). */
START_TEST(uv_follows_its_reduced_map) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = landscape("uv");
  const double lr = 0.3;
  const double x2n = 1.3 * 1.3 / 3.0;
  const struct rst_scheme_parameters scheme = euler(lr);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &scheme, 0);
  struct rst_flow_value value;
  for (int t = 0; t < 20; ++t) {
    rst_flow_evaluate(flow, trajectory.u, &value, NULL);
    const double d = value.residual;
    const double f = d + 1.0;
    const double l = x2n * rst_field_dot(trajectory.u, trajectory.u);
    rst_test_step(&trajectory);
    rst_flow_evaluate(flow, trajectory.u, &value, NULL);
    ck_assert_double_eq_tol(value.residual, d * (1 - lr * l + lr * lr * x2n * f * d), 1e-13);
    ck_assert_double_eq_tol(x2n * rst_field_dot(trajectory.u, trajectory.u),
                            l + lr * x2n * d * (lr * l * d - 4 * f), 1e-13);
  }
  rst_test_arrive(&trajectory);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

#define TEXT                                                                                                 \
  "flow: {kind: landscape, function: sine-product}\n"                                                        \
  "initial: {kind: list, values: [0.7, -0.4]}\n"                                                             \
  "step: {lr: 0.03, weight_decay: 0.1, iterations: 1}\n"

/* The decay bounds a bounded slope, and no other. */
START_TEST(the_analysis_knows_what_bounds) {
  struct rst_analysis *bounded = rst_test_analyze(TEXT, NULL, NULL);
  rst_test_close(bounded->lr_hi, 20, 1e-11);
  ck_assert_int_eq(bounded->verdict, RST_VERDICT_RESTRAINED);
  ck_assert(isnan(bounded->saturated_amplitude));
  rst_analysis_destroy(&bounded);
  struct rst_analysis *growing = rst_test_analyze(
      "flow: {kind: landscape, function: quadratic-regression}\n"
      "initial: {kind: list, values: [0.6]}\n"
      "step: {lr: 1.5, weight_decay: 0.1, iterations: 1}\n",
      NULL, NULL);
  rst_test_close(growing->lr_lo, 2 / (2 * 0.9), 1e-8); /* w^2 = y - alpha, H = 2 (y - alpha) */
  ck_assert(isnan(growing->lr_hi));
  ck_assert_int_eq(growing->verdict, RST_VERDICT_UNDECIDED);
  rst_analysis_destroy(&growing);
}
END_TEST

START_TEST(a_list_has_a_number_for_each) {
  struct rst_context *context = rst_test_bench.context;
  struct rst_problem problem;
  struct rst_case *loaded = rst_test_case(TEXT, "initial.values=[1, 2, 3]", NULL);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "the initial list has 3 values and the state 2 numbers",
                 rst_problem_create(context, loaded, &problem));
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(unknown_functions_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = NULL;
  struct rst_flow_parameters parameters = landscape("saddle");
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "choose one of: sine-product, quadratic-regression, uv",
                 rst_flow_create(context, &parameters, &flow));
  parameters = landscape("uv");
  parameters.landscape.width = 0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "at least 1", rst_flow_create(context, &parameters, &flow));
  parameters = landscape("uv");
  parameters.landscape.input = NAN;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "finite", rst_flow_create(context, &parameters, &flow));
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("landscape");
  TCase *tests = tcase_create("landscape");
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, values_are_the_formulas);
  tcase_add_test(tests, the_sine_product_is_chaotic);
  tcase_add_test(tests, two_cycles_of_the_sine_product);
  tcase_add_test(tests, two_cycles_of_quadratic_regression);
  tcase_add_test(tests, the_exponent_of_quadratic_regression_is_log_3);
  tcase_add_test(tests, uv_follows_its_reduced_map);
  tcase_add_test(tests, the_analysis_knows_what_bounds);
  tcase_add_test(tests, a_list_has_a_number_for_each);
  tcase_add_test(tests, unknown_functions_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
