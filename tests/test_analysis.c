/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "restrain/run.h"
#include "support.h"

static const double pi = 3.14159265358979323846;

#define HEAT                                                                                                 \
  "flow: {kind: heat, points: 31, diffusion: {coefficient: 1}}\n"                                            \
  "initial: {kind: tent}\n"                                                                                  \
  "step: {lr: 0.4, iterations: 1}\n"
#define LINEAR                                                                                               \
  "flow:\n"                                                                                                  \
  "  kind: conv-linear\n"                                                                                    \
  "  kernel: 5\n"                                                                                            \
  "  image: {kind: gaussian-field, size: 24, seed: 1, exponent: 3}\n"                                        \
  "step: {lr: 0.1, weight_decay: 1, iterations: 1}\n"                                                        \
  "analyze: {starts: 0}\n"
#define TWO_SHAPES                                                                                           \
  "flow:\n"                                                                                                  \
  "  kind: conv-linear\n"                                                                                    \
  "  kernel: 3\n"                                                                                            \
  "  images:\n"                                                                                              \
  "    - {kind: checkerboard, size: 8, label: 1}\n"                                                          \
  "    - {kind: checkerboard, size: 9, label: 1}\n"                                                          \
  "step: {lr: 0.1, iterations: 1}\n"

static void assert_says(const struct rst_analysis *analysis, const char *fragment) {
  ck_assert_msg(strstr(analysis->explanation, fragment) != NULL, "\"%s\" lacks \"%s\"", analysis->explanation,
                fragment);
}

START_TEST(heat_between_fixed_ends) {
  struct rst_analysis *analysis = rst_test_analyze(HEAT, NULL, NULL);
  const double fastest = 4 * pow(sin(29 * pi / 60), 2);
  ck_assert(analysis->linear);
  ck_assert_int_eq(analysis->symbol_meaning, RST_SYMBOL_BOUND);
  rst_test_close(analysis->exact.lambda_max, fastest, 1e-12);
  rst_test_close(analysis->exact.lambda_min, 4 * pow(sin(pi / 60), 2), 1e-9);
  rst_test_close(analysis->exact.limits.lr_max, 2 / fastest, 1e-11);
  rst_test_close(analysis->by_symbol.limits.lr_max, 0.5, 1e-12);
  rst_test_close(analysis->lr_factor, 5 / fastest, 1e-11);
  rst_test_close(analysis->mesh_number, 0.4, 1e-15);
  ck_assert_int_eq(analysis->verdict, RST_VERDICT_STABLE);
  ck_assert_uint_eq(analysis->mechanisms, RST_MECHANISM_STEP);
  ck_assert_ptr_nonnull(strstr(analysis->gap, "fixed ends"));
  ck_assert_uint_eq(analysis->eigenvalue_count, 29);
  ck_assert_double_lt(analysis->dense_deviation, 1e-13);
  for (size_t i = 0; i < analysis->eigenvalue_count; ++i) {
    ck_assert_double_eq_tol(analysis->eigenvalues[i], 4 * pow(sin((double)(i + 1) * pi / 60), 2), 1e-13);
  }
  rst_analysis_destroy(&analysis);
  ck_assert_ptr_null(analysis);
}
END_TEST

START_TEST(symbol_and_wave_numbers_ascend) {
  static const char *const boundaries[] = {"flow.boundary=dirichlet", "flow.boundary=periodic"};
  for (int i = 0; i < 2; ++i) {
    struct rst_analysis *analysis = rst_test_analyze(HEAT, boundaries[i], "flow.diffusion.spacing=0.5");
    const struct rst_field *symbol = analysis->symbol;
    ck_assert_uint_eq(symbol->nx, 31);
    for (size_t x = 0; x < symbol->nx; ++x) {
      const double k = rst_analysis_wave_number(analysis, symbol->nx, x);
      const double lambda = pow(2 * sin(k * 0.5 / 2) / 0.5, 2);
      ck_assert_double_eq_tol(rst_field_get(symbol, 0, x), lambda, 1e-12);
      ck_assert_double_eq_tol(rst_field_get(analysis->amplification, 0, x), fabs(1 - 0.4 * lambda), 1e-12);
    }
    ck_assert_double_eq(rst_analysis_wave_number(analysis, symbol->nx, symbol->nx / 2), 0.0);
    rst_test_close(analysis->worst_kx, 15 * 2 * pi / (31 * 0.5), 1e-13);
    ck_assert_int_eq(analysis->symbol_meaning, i == 0 ? RST_SYMBOL_BOUND : RST_SYMBOL_EXACT);
    ck_assert(i == 0 || !analysis->gap);
    rst_analysis_destroy(&analysis);
  }
}
END_TEST

START_TEST(refined_mesh_shrinks_the_step) {
  struct rst_analysis *analysis = rst_test_analyze(HEAT, "flow.dimension=2", "flow.points=9");
  const double fastest = 8 * pow(sin(7 * pi / 16), 2);
  ck_assert_uint_eq(analysis->refinement_count, RST_REFINEMENTS);
  for (int i = 0; i < RST_REFINEMENTS; ++i) {
    rst_test_close(analysis->refinements[i].spacing, 1 / pow(2, i), 1e-15);
    rst_test_close(analysis->refinements[i].lambda_max, fastest * pow(4, i), 1e-10);
    rst_test_close(analysis->refinements[i].mesh_number, 2 / fastest, 1e-10);
  }
  rst_analysis_destroy(&analysis);
  analysis = rst_test_analyze(LINEAR, "flow.label=0", "flow.diffusion.coefficient=0.3");
  ck_assert_uint_eq(analysis->refinement_count, RST_REFINEMENTS);
  rst_test_close(analysis->refinements[0].lr_max, analysis->exact.limits.lr_max, 1e-9);
  /* Diffusion comes to rule: every halving of h costs nearly a factor of 4. */
  const double late = analysis->refinements[1].lr_max / analysis->refinements[2].lr_max;
  ck_assert_double_gt(late, 2.5);
  ck_assert_double_lt(late, 4.0);
  ck_assert_int_eq(analysis->symbol_meaning, RST_SYMBOL_INTERIOR);
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(symbol_bounds_the_window) {
  static const char *const labels[] = {"flow.label=0", "flow.label=1"};
  static const char *const boundaries[] = {"flow.boundary=valid", "flow.boundary=periodic"};
  for (int i = 0; i < 4; ++i) {
    struct rst_analysis *analysis = rst_test_analyze(LINEAR, labels[i % 2], boundaries[i / 2]);
    ck_assert_int_eq(analysis->symbol_meaning, RST_SYMBOL_BOUND);
    ck_assert_double_le(analysis->by_symbol.lambda_min, analysis->exact.lambda_min);
    ck_assert_double_ge(analysis->by_symbol.lambda_max, analysis->exact.lambda_max);
    ck_assert_double_lt(analysis->dense_deviation, 1e-9);
    ck_assert_ptr_nonnull(analysis->gap);
    ck_assert_ptr_nonnull(
        strstr(analysis->gap, i < 2 ? "X X^T, X the matrix of the image's 400" : "averages"));
    rst_analysis_destroy(&analysis);
  }
  struct rst_analysis *whole = rst_test_analyze(LINEAR, "flow.boundary=periodic", "flow.kernel=24");
  ck_assert_int_eq(whole->symbol_meaning, RST_SYMBOL_EXACT);
  const double size = fabs(whole->exact.lambda_min);
  ck_assert_double_eq_tol(whole->by_symbol.lambda_min, whole->exact.lambda_min, 1e-10 * size);
  ck_assert_double_eq_tol(whole->by_symbol.lambda_max, whole->exact.lambda_max, 1e-10 * size);
  ck_assert_ptr_null(whole->gap);
  rst_analysis_destroy(&whole);
}
END_TEST

/* The limits are where the verdict turns, whatever the scheme. */
START_TEST(verdict_turns_at_the_limits) {
  const char *kind = rst_scheme_names()[_i];
  char scheme[128];
  char change[128];
  snprintf(scheme, sizeof scheme, "step={scheme: %s, lr: 0.1, weight_decay: 0.2, iterations: 1}", kind);
  struct rst_analysis *analysis = rst_test_analyze(LINEAR, "flow.label=0", scheme);
  if (strcmp(kind, "adam") == 0) {
    ck_assert_int_eq(analysis->verdict, RST_VERDICT_UNDECIDED);
    ck_assert(isnan(analysis->exact.limits.lr_max) && isnan(analysis->lr_lo) && isnan(analysis->lr_factor));
    assert_says(analysis, "lambda_max(P^-1 (H + alpha)) < 380: its scalar");
    rst_analysis_destroy(&analysis);
    return;
  }
  const bool adapts = strcmp(kind, "cfl") == 0;
  ck_assert_int_eq(isinf(analysis->lr_factor) != 0, adapts);
  for (int side = -1; side <= 1 && !adapts; side += 2) {
    const double lr = analysis->exact.limits.lr_max * (1 + side * 1e-9);
    snprintf(change, sizeof change, "step={scheme: %s, lr: %.17g, weight_decay: 0.2, iterations: 1}", kind,
             lr);
    struct rst_analysis *near = rst_test_analyze(LINEAR, "flow.label=0", change);
    ck_assert_int_eq(near->verdict, side < 0 ? RST_VERDICT_STABLE : RST_VERDICT_UNSTABLE);
    ck_assert_uint_eq(near->mechanisms, RST_MECHANISM_STEP);
    assert_says(near, "through the step");
    rst_test_close(near->lr_factor, 1, 1e-8);
    if (isfinite(near->real_limit)) {
      rst_test_close(lr * near->exact.lambda_max, near->real_limit, 1e-8);
      assert_says(near, side < 0 ? "<=" : ">");
    }
    rst_analysis_destroy(&near);
  }
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(decay_and_step_are_told_apart) {
  struct rst_analysis *plain = rst_test_analyze(LINEAR, NULL, NULL);
  const double needed = plain->exact.limits.decay_min;
  rst_test_close(needed, 1 - plain->exact.lambda_min, 1e-12); /* the case has alpha = 1 */
  const struct {
    double decay, step; /* in units of alpha_min, and of 1/alpha_min */
    enum rst_verdict verdict;
    unsigned mechanisms;
    const char *says;
  } points[] = {
      {0.9, 0.1, RST_VERDICT_UNSTABLE, RST_MECHANISM_DECAY, "unstable through the decay: alpha < alpha_min"},
      {1.1, 0.1, RST_VERDICT_STABLE, RST_MECHANISM_DECAY, "nearest limit: through the decay"},
      {1.9, 1.0, RST_VERDICT_STABLE, RST_MECHANISM_STEP, "nearest limit: through the step"},
      {2.1, 1.0, RST_VERDICT_UNSTABLE, RST_MECHANISM_STEP, "unstable through the step: lr lambda_max"},
      {0.9, 5.0, RST_VERDICT_UNSTABLE, RST_MECHANISM_STEP | RST_MECHANISM_DECAY, "no alpha is stable"},
  };
  for (size_t i = 0; i < sizeof points / sizeof *points; ++i) {
    char change[128];
    snprintf(change, sizeof change, "step={lr: %.17g, weight_decay: %.17g, iterations: 1}",
             points[i].step / needed, points[i].decay * needed);
    struct rst_analysis *analysis = rst_test_analyze(LINEAR, change, NULL);
    ck_assert_int_eq(analysis->verdict, points[i].verdict);
    ck_assert_uint_eq(analysis->mechanisms, points[i].mechanisms);
    assert_says(analysis, points[i].says);
    rst_test_close(analysis->decay_min_factor, points[i].decay, 1e-10);
    rst_analysis_destroy(&analysis);
  }
  rst_analysis_destroy(&plain);
}
END_TEST

START_TEST(runs_agree_with_the_exact_limits) {
  struct rst_analysis *plain = rst_test_analyze(LINEAR, NULL, NULL);
  char change[128];
  snprintf(change, sizeof change, "step={lr: %.17g, weight_decay: %.17g, iterations: 1}",
           0.1 / plain->exact.limits.decay_min, 1.5 * plain->exact.limits.decay_min);
  struct rst_analysis *analysis = rst_test_analyze(LINEAR, change, "analyze.empirical=yes");
  const struct rst_threshold *measured[] = {&analysis->measured_decay_min, &analysis->measured_decay_max,
                                            &analysis->measured_lr_max};
  const double expected[] = {analysis->exact.limits.decay_min, analysis->exact.limits.decay_max,
                             analysis->exact.limits.lr_max};
  for (int i = 0; i < 3; ++i) {
    ck_assert_int_gt(measured[i]->runs, 2);
    rst_test_close(measured[i]->value, expected[i], 1e-4);
    ck_assert_int_eq(plain->measured_lr_max.runs, 0);
  }
  rst_analysis_destroy(&analysis);
  rst_analysis_destroy(&plain);
}
END_TEST

START_TEST(density_is_that_of_the_eigenvalues) {
  struct rst_analysis *analysis =
      rst_test_analyze(LINEAR, "analyze.density={probes: 20, steps: 25, points: 400}", NULL);
  ck_assert_uint_eq(analysis->density_count, 400);
  ck_assert_uint_eq(analysis->eigenvalue_count, 25);
  const double step = analysis->abscissae[1] - analysis->abscissae[0];
  double total = 0.0;
  double mean = 0.0;
  double expected = 0.0;
  for (size_t i = 0; i < 400; ++i) {
    total += step * analysis->density[i];
    mean += step * analysis->density[i] * analysis->abscissae[i];
  }
  for (size_t i = 0; i < 25; ++i) {
    expected += analysis->eigenvalues[i] / 25;
  }
  rst_test_close(total, 1, 1e-3);
  rst_test_close(mean, expected, 0.3); /* the mean of 20 samples of 25 degrees of freedom */
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(images_of_two_shapes_have_no_symbol) {
  struct rst_analysis *analysis = rst_test_analyze(TWO_SHAPES, NULL, NULL);
  ck_assert_int_eq(analysis->symbol_meaning, RST_SYMBOL_NONE);
  ck_assert_ptr_null(analysis->symbol);
  ck_assert_ptr_null(analysis->gap);
  ck_assert_double_lt(analysis->dense_deviation, 1e-10);
  ck_assert_int_eq(analysis->verdict, RST_VERDICT_UNSTABLE);
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(faults_are_reported) {
  struct rst_case *loaded = rst_test_case(HEAT, NULL, NULL);
  struct rst_analysis *analysis = NULL;
  char path[256];
  snprintf(path, sizeof path, "%s/none/analysis.h5", rst_test_bench.folder);
  struct rst_analysis_options options = {.output.path = rst_test_bench.path};
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "--force",
                 rst_analyze(rst_test_bench.context, loaded, &options, &analysis));
  ck_assert_ptr_null(analysis);
  options.output.path = path;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "none",
                 rst_analyze(rst_test_bench.context, loaded, &options, &analysis));
  ck_assert_ptr_null(analysis);
  rst_case_destroy(&loaded);
  loaded = rst_test_case(LINEAR, "flow.kernel=25", NULL);
  options.output.path = NULL;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "25",
                 rst_analyze(rst_test_bench.context, loaded, &options, &analysis));
  rst_case_destroy(&loaded);
  rst_analysis_destroy(&analysis);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("analysis");
  TCase *tests = tcase_create("analysis");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, heat_between_fixed_ends);
  tcase_add_test(tests, symbol_and_wave_numbers_ascend);
  tcase_add_test(tests, refined_mesh_shrinks_the_step);
  tcase_add_test(tests, symbol_bounds_the_window);
  tcase_add_loop_test(tests, verdict_turns_at_the_limits, 0, rst_test_scheme_count());
  tcase_add_test(tests, decay_and_step_are_told_apart);
  tcase_add_test(tests, runs_agree_with_the_exact_limits);
  tcase_add_test(tests, density_is_that_of_the_eigenvalues);
  tcase_add_test(tests, images_of_two_shapes_have_no_symbol);
  tcase_add_test(tests, faults_are_reported);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
