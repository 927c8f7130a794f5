/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "restrain/run.h"
#include "support.h"

static const double pi = 3.14159265358979323846;

#define NETWORK                                                                                              \
  "flow: {kind: conv, kernel: 5, image: {kind: checkerboard, size: 24}}\n"                                   \
  "initial: {seed: 3}\n"                                                                                     \
  "step: {lr: 0.05, weight_decay: 0.5, iterations: 1}\n"

static void assert_says(const struct rst_analysis *analysis, const char *fragment) {
  ck_assert_msg(strstr(analysis->explanation, fragment) != NULL, "\"%s\" lacks \"%s\"", analysis->explanation,
                fragment);
}

START_TEST(fixed_points_are_fixed_and_different) {
  struct rst_analysis *analysis = rst_test_analyze(NETWORK, NULL, NULL);
  ck_assert(!analysis->linear);
  ck_assert_uint_ge(analysis->point_count, 2); /* a saddle near zero, and what it repels to */
  int starts = 0;
  bool saddle = false;
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    const double low = point->spectrum.smallest.value;
    ck_assert_double_lt(point->point.residual, 1e-11);
    ck_assert_int_eq(point->kind, low > 0 ? RST_FIXED_POINT_MINIMUM : RST_FIXED_POINT_SADDLE);
    ck_assert_int_eq(isnan(point->lr_lo) != 0, low < 0);
    starts += point->starts;
    saddle = saddle || low < 0;
    for (size_t j = 0; j < i; ++j) {
      ck_assert_double_ge(point->point.loss, analysis->points[j].point.loss);
      ck_assert_double_gt(rst_field_distance(point->point.u, analysis->points[j].point.u), 1e-6);
    }
  }
  ck_assert(saddle);
  ck_assert_int_eq(starts + (int)analysis->failed_starts, 4);
  ck_assert_int_ge(analysis->minimum, 0);
  const struct rst_analysed_point *minimum = &analysis->points[analysis->minimum];
  ck_assert(minimum->of_initial);
  rst_test_close(analysis->lr_lo, 2 / minimum->spectrum.largest.value, 1e-11);
  rst_test_close(analysis->lr_hi, 2 / 0.5, 1e-11);
  ck_assert_double_lt(analysis->dense_deviation, 1e-10);
  ck_assert_int_eq(analysis->symbol_meaning, RST_SYMBOL_FROZEN);
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(network_verdicts_turn_at_both_limits) {
  struct rst_analysis *plain = rst_test_analyze(NETWORK, NULL, NULL);
  const struct {
    double lr;
    enum rst_verdict verdict;
    const char *says;
  } points[] = {
      {plain->lr_lo * (1 - 1e-9), RST_VERDICT_CONVERGENT, "converges near the minimum"},
      {plain->lr_lo * (1 + 1e-9), RST_VERDICT_RESTRAINED, "locally unstable, bounded by the decay"},
      {plain->lr_hi * (1 - 1e-9), RST_VERDICT_RESTRAINED, "unstable at the minimum through the step"},
      {plain->lr_hi * (1 + 1e-9), RST_VERDICT_DIVERGENT, "lr_hi"},
  };
  for (size_t i = 0; i < sizeof points / sizeof *points; ++i) {
    char change[64];
    snprintf(change, sizeof change, "step.lr=%.17g", points[i].lr);
    struct rst_analysis *analysis = rst_test_analyze(NETWORK, change, NULL);
    ck_assert_int_eq(analysis->verdict, points[i].verdict);
    assert_says(analysis, points[i].says);
    rst_analysis_destroy(&analysis);
  }
  rst_analysis_destroy(&plain);
}
END_TEST

/* Far from the minimum the linear part alone counts: with a regulariser that is alpha + gamma A. */
START_TEST(regulariser_lowers_the_upper_limit) {
  struct rst_analysis *analysis = rst_test_analyze(NETWORK, "flow.diffusion.coefficient=0.2", NULL);
  const double stiffest = 0.2 * 2 * 4 * pow(sin(4 * pi / 10), 2);
  rst_test_close(analysis->lr_hi, 2 / (0.5 + stiffest), 1e-11);
  ck_assert_uint_eq(analysis->refinement_count, RST_REFINEMENTS);
  rst_test_close(analysis->refinements[0].lr_max, analysis->lr_lo, 1e-8);
  ck_assert_double_lt(analysis->refinements[2].lr_max, analysis->refinements[1].lr_max);
  rst_analysis_destroy(&analysis);
}
END_TEST

/* Where a scheme converges to is a fixed point of the analysis: decoupled decay balances a gradient that
 * momentum has multiplied by 1/(1 - mu). */
START_TEST(schemes_converge_to_the_fixed_points) {
  static const char *const kinds[] = {"{scheme: euler,", "{scheme: heavy-ball, momentum: 0.6,",
                                      "{scheme: heavy-ball, momentum: 0.6, decay: decoupled,",
                                      "{scheme: nesterov, momentum: 0.6, decay: decoupled,"};
  char change[128];
  snprintf(change, sizeof change, "step=%s lr: 0.02, weight_decay: 0.5, iterations: 1}", kinds[_i]);
  struct rst_analysis *analysis = rst_test_analyze(NETWORK, change, NULL);
  struct rst_case *loaded = rst_test_case(NETWORK, change, NULL);
  struct rst_problem problem;
  RST_TEST_OK(rst_test_bench.context, rst_problem_create(rst_test_bench.context, loaded, &problem));
  struct rst_scheme *scheme = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_scheme_create(rst_test_bench.context, &loaded->step.scheme, problem.flow, &scheme));
  rst_test_advance(rst_test_bench.context, problem.flow, scheme, 20000, problem.u);
  rst_scheme_destroy(&scheme);
  double nearest = INFINITY;
  for (size_t i = 0; i < analysis->point_count; ++i) {
    nearest = fmin(nearest, rst_field_distance(analysis->points[i].point.u, problem.u));
  }
  ck_assert_double_lt(nearest, 1e-9);
  rst_problem_destroy(&problem);
  rst_case_destroy(&loaded);
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(no_decay_is_undecided_at_best) {
  struct rst_analysis *analysis = rst_test_analyze(NETWORK, "step.weight_decay=0", "step.lr=1e6");
  ck_assert_int_eq(analysis->verdict, RST_VERDICT_UNDECIDED);
  assert_says(analysis, "undecided");
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(float_cases_are_analysed_in_double) {
  struct rst_analysis *one = rst_test_analyze(NETWORK, "flow.precision=double", NULL);
  struct rst_analysis *other = rst_test_analyze(NETWORK, "flow.precision=float", NULL);
  ck_assert_double_eq(one->lr_lo, other->lr_lo);
  rst_analysis_destroy(&one);
  rst_analysis_destroy(&other);
}
END_TEST

int main(void) {
  enum { CONVERGING_SCHEMES = 4 };
  Suite *suite = suite_create("analysis_network");
  TCase *tests = tcase_create("analysis_network");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, fixed_points_are_fixed_and_different);
  tcase_add_test(tests, network_verdicts_turn_at_both_limits);
  tcase_add_test(tests, regulariser_lowers_the_upper_limit);
  tcase_add_loop_test(tests, schemes_converge_to_the_fixed_points, 0, CONVERGING_SCHEMES);
  tcase_add_test(tests, no_decay_is_undecided_at_best);
  tcase_add_test(tests, float_cases_are_analysed_in_double);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
