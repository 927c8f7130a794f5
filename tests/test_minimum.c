/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "restrain/run.h"
#include "stability/minimum.h"

/** @file
 * The minimum that the continuous flow reaches, against GSL's integrator, a reduction to one number, and known losses.
 */

#define NETWORK                                                                                              \
  "flow: {kind: conv, kernel: 5, image: {kind: gaussian-field, size: 40, seed: 3, exponent: 1}}\n"           \
  "initial: {seed: 7}\n"                                                                                     \
  "step: {lr: 0.05, weight_decay: 0.5, iterations: 1}\n"                                                     \
  "analyze: {dense: 0, starts: 0}\n"
#define PUBLISHED                                                                                            \
  "flow: {kind: conv, kernel: 32, image: {kind: checkerboard, size: 256}}\n"                                 \
  "initial: {seed: 7}\n"                                                                                     \
  "step: {lr: 0.07, weight_decay: 20, iterations: 1}\n"                                                      \
  "analyze: {dense: 0, starts: 3}\n"
#define BOARD                                                                                                \
  "flow: {kind: conv, kernel: 8, image: {kind: checkerboard, size: 40}}\n"                                   \
  "initial: {seed: 7}\n"                                                                                     \
  "step: {lr: 0.05, weight_decay: 0.1, iterations: 1}\n"                                                     \
  "analyze: {dense: 0, starts: 0}\n"
#define VALLEY                                                                                               \
  "flow:\n"                                                                                                  \
  "  kind: conv\n"                                                                                           \
  "  kernel: 5\n"                                                                                            \
  "  shift: 1\n"                                                                                             \
  "  images:\n"                                                                                              \
  "    - {kind: gaussian-field, size: 24, seed: 1, exponent: 2, label: 1}\n"                                 \
  "    - {kind: gaussian-field, size: 24, seed: 1, exponent: 2, label: 0}\n"                                 \
  "initial: {seed: 7, scale: 0.3}\n"                                                                         \
  "step: {lr: 0.1, weight_decay: 0, iterations: 1}\n"                                                        \
  "analyze: {dense: 0, starts: 0}\n"

static double decay_of(const struct rst_case *loaded) {
  return loaded->step.scheme.weight_decay;
}

/* From many states: the search ends where an integration with tight tolerances goes. */
START_TEST(the_search_ends_where_the_flow_goes) {
  static const char *const images[] = {"flow.image.exponent=1",     "flow.image.exponent=3",
                                       "flow.image.seed=5",         "flow.activation.kind=tanh",
                                       "flow.activation.kind=gelu", "flow.activation.kind=softplus"};
  struct rst_context *context = rst_test_bench.context;
  for (int seed = 0; seed < 6; ++seed) {
    char change[64];
    snprintf(change, sizeof change, "initial={seed: %d, scale: %g}", seed, seed % 2 ? 1.0 : 0.05);
    struct rst_case *loaded = rst_test_case(NETWORK, images[_i], change);
    struct rst_problem problem;
    struct rst_minimum found;
    RST_TEST_OK(context, rst_problem_create(context, loaded, &problem));
    RST_TEST_OK(context, rst_minimum_find(context, problem.flow, decay_of(loaded), problem.u, 1e-12, &found));
    ck_assert(!found.escapes && found.lowest > 0);
    RST_TEST_OK(context,
                rst_flow_integrate(context, problem.flow, decay_of(loaded), 200.0, 1e-10, problem.u));
    ck_assert_msg(rst_field_distance(found.point.u, problem.u) < 1e-6 * rst_field_norm(found.point.u),
                  "seed %d, %s: loss %.12g, %g from where the flow goes", seed, images[_i], found.point.loss,
                  rst_field_distance(found.point.u, problem.u));
    rst_field_destroy(&found.point.u);
    rst_problem_destroy(&problem);
    rst_case_destroy(&loaded);
  }
}
END_TEST

/* A start far out, whose decay is all that the first derivatives tell: of two minima near zero, mirrored, the flow's. And a
 * flow with kinks, which it crosses. */
START_TEST(far_starts_and_kinks_do_not_mislead) {
  static const char *const changes[][2] = {{"flow={kind: conv, kernel: 7, boundary: periodic, image: {kind: "
                                            "gaussian-field, size: 17, seed: 164, exponent: "
                                            "1.5}}",
                                            "initial={seed: 164, scale: 3.80189}"},
                                           {"flow={kind: conv, kernel: 5, activation: {kind: relu}, image: "
                                            "{kind: gaussian-field, size: 31, seed: 2, exponent: "
                                            "0.5}}",
                                            "initial={seed: 2, scale: 0.239883}"}};
  const double decay = 1.5e-3;
  struct rst_context *context = rst_test_bench.context;
  struct rst_case *loaded = rst_test_case(NETWORK, changes[_i][0], changes[_i][1]);
  struct rst_problem problem;
  struct rst_minimum found;
  RST_TEST_OK(context, rst_problem_create(context, loaded, &problem));
  RST_TEST_OK(context, rst_minimum_find(context, problem.flow, decay, problem.u, 1e-12, &found));
  ck_assert_double_gt(found.lowest, 0);
  if (_i == 0) {
    RST_TEST_OK(context, rst_flow_integrate(context, problem.flow, decay, 2e4, 1e-9, problem.u));
    ck_assert_double_lt(rst_field_distance(found.point.u, problem.u), 0.1 * rst_field_norm(found.point.u));
  }
  rst_field_destroy(&found.point.u);
  rst_problem_destroy(&problem);
  rst_case_destroy(&loaded);
}
END_TEST

/* The two minima of this network are 0.641581 and 0.651881; to the second one leads the flow. */
START_TEST(of_two_minima_that_of_the_flow_decides) {
  struct rst_analysis *analysis = rst_test_analyze(NETWORK, "analyze.starts=4", NULL);
  ck_assert_int_ge(analysis->minimum, 0);
  const struct rst_analysed_point *point = &analysis->points[analysis->minimum];
  ck_assert(point->of_initial);
  ck_assert_double_eq_tol(point->point.loss, 0.651881, 1e-6);
  ck_assert_double_eq_tol(analysis->points[0].point.loss, 0.641581, 1e-6);
  rst_analysis_destroy(&analysis);
}
END_TEST

static double sigmoid(double z) {
  return 1 / (1 + exp(-z));
}
static double swish_slope(double z) {
  return sigmoid(z) * (1 + z * (1 - sigmoid(z)));
}

/* The kernel acts on a checkerboard through c = <K, patch> alone, |patch|^2 = k^2, and the other patch is the negative. The
 * flow of c is one of one number, du/dt = -force, and its minimum the first zero of the force down the slope from c_0. The
 * curvature of L along the patch is the largest eigenvalue, unless the decay is, which acts in the other directions. */
struct board {
  double count, size, decay; /* positions, k^2, alpha */
};

static double force(const struct board *board, double c) {
  const double first = floor((board->count + 1) / 2) / board->count;
  const double p = first * c * sigmoid(c) + (1 - first) * -c * sigmoid(-c);
  const double slope = first * swish_slope(c) - (1 - first) * swish_slope(-c);
  return board->size * (sigmoid(p) - 1) * slope + board->decay * c;
}

static double lr_lo_of_board(const struct board *board, double c) {
  const double direction = force(board, c) > 0 ? -1 : 1;
  double step = 1e-3;
  while (step > 1e-13) {
    const double next = c + direction * step;
    const bool before = force(board, next) * direction < 0;
    c = before ? next : c;
    step = before ? step : step / 2;
  }
  const double h = 1e-4;
  return 2 / fmax((force(board, c + h) - force(board, c - h)) / (2 * h), board->decay);
}

static double find_c(const char *text) {
  struct rst_case *loaded = rst_test_case(text, NULL, NULL);
  struct rst_problem problem;
  double c = 0.0;
  RST_TEST_OK(rst_test_bench.context, rst_problem_create(rst_test_bench.context, loaded, &problem));
  const struct rst_field kernel = rst_test_kernel(problem.flow, problem.u);
  for (size_t y = 0; y < kernel.ny; ++y) {
    for (size_t x = 0; x < kernel.nx; ++x) {
      c += rst_field_get(&kernel, y, x) * ((y + x) % 2 ? 1 : -1);
    }
  }
  rst_problem_destroy(&problem);
  rst_case_destroy(&loaded);
  return c;
}

/* In analyses and in sweeps, at decays from large to tiny. The mirrored minimum's limit differs in the fifth digit or so. */
START_TEST(checkerboards_have_the_limit_of_their_one_number) {
  const struct {
    const char *text;
    struct board board;
  } boards[] = {{PUBLISHED, {225.0 * 225.0, 1024, 0}}, {BOARD, {33.0 * 33.0, 64, 0}}};
  const double decays[] = {20, 1, 0.1, 0.03, 0.01, 3e-4, 1e-4, 1e-5};
  enum { COUNT = sizeof decays / sizeof *decays };
  struct board board = boards[_i].board;
  struct rst_lr_limits theory[COUNT];
  struct rst_case *loaded = rst_test_case(boards[_i].text, NULL, NULL);
  const double c = find_c(boards[_i].text);
  RST_TEST_OK(rst_test_bench.context,
              rst_lr_limits_find(rst_test_bench.context, loaded, decays, COUNT, theory));
  for (size_t i = 0; i < COUNT; ++i) {
    char change[64];
    board.decay = decays[i];
    const double expected = lr_lo_of_board(&board, c);
    snprintf(change, sizeof change, "step.weight_decay=%g", decays[i]);
    struct rst_analysis *analysis = rst_test_analyze(boards[_i].text, change, NULL);
    rst_test_close(analysis->lr_lo, expected, 1e-6);
    rst_test_close(theory[i].lr_lo, expected, 1e-6);
    rst_analysis_destroy(&analysis);
  }
  rst_case_destroy(&loaded);
}
END_TEST

/* The published network at a small decay: 2.843344 and its mirror 2.843316. c_0 = -0.036, and c cannot pass the repelling
 * point near 0, so that the flow goes to the negative minimum at every decay. */
START_TEST(both_minima_are_found_at_a_small_decay) {
  struct rst_analysis *analysis = rst_test_analyze(PUBLISHED, "step.weight_decay=0.1", NULL);
  ck_assert_uint_eq(analysis->point_count, 3);
  ck_assert_double_eq_tol(analysis->points[0].lr_lo, 2.843316, 1e-6);
  ck_assert_double_eq_tol(analysis->points[1].lr_lo, 2.843344, 1e-6);
  ck_assert(analysis->points[1].of_initial);
  ck_assert_int_eq(analysis->points[2].kind, RST_FIXED_POINT_SADDLE);
  rst_analysis_destroy(&analysis);
}
END_TEST

/* L grows in all directions with decay, so that there is a minimum. */
START_TEST(with_decay_there_is_a_minimum) {
  static const char *const images[] = {"flow.image={kind: gaussian-field, size: 40, seed: 3, exponent: 0}",
                                       "flow.image={kind: grating, size: 40}",
                                       "flow.image={kind: constant, size: 40}",
                                       "flow.activation.kind=tanh",
                                       "flow.activation.kind=softplus",
                                       "flow.activation.kind=identity",
                                       "initial={kind: zero}",
                                       "flow.pooling=sum",
                                       "flow.label=0"};
  const double decays[] = {30, 1, 1e-2, 1e-5};
  for (size_t i = 0; i < sizeof decays / sizeof *decays; ++i) {
    char change[64];
    snprintf(change, sizeof change, "step.weight_decay=%g", decays[i]);
    struct rst_analysis *analysis = rst_test_analyze(NETWORK, images[_i], change);
    ck_assert_msg(analysis->minimum >= 0 && analysis->points[analysis->minimum].of_initial,
                  "%s, decay %g: none", images[_i], decays[i]);
    ck_assert_double_gt(analysis->lr_lo, 0.0);
    rst_analysis_destroy(&analysis);
  }
}
END_TEST

/* Without decay this loss is at its least, log 2, on a surface: the limit is that across it. */
START_TEST(a_valley_has_the_limit_across_it) {
  struct rst_analysis *analysis = rst_test_analyze(VALLEY, NULL, NULL);
  const double none = 0.0;
  struct rst_lr_limits theory;
  struct rst_case *loaded = rst_test_case(VALLEY, NULL, NULL);
  ck_assert_int_ge(analysis->minimum, 0);
  const struct rst_analysed_point *point = &analysis->points[analysis->minimum];
  ck_assert_int_eq(point->kind, RST_FIXED_POINT_FLAT);
  rst_test_close(point->point.loss, log(2), 1e-14);
  ck_assert_double_lt(fabs(point->spectrum.smallest.value), 1e-9);
  ck_assert_double_gt(point->spectrum.largest.value, 1e-2);
  rst_test_close(analysis->lr_lo, 2 / point->spectrum.largest.value, 1e-12);
  RST_TEST_OK(rst_test_bench.context, rst_lr_limits_find(rst_test_bench.context, loaded, &none, 1, &theory));
  rst_test_close(theory.lr_lo, analysis->lr_lo, 1e-9);
  rst_case_destroy(&loaded);
  rst_analysis_destroy(&analysis);
}
END_TEST

/* Without decay the loss of one image falls for ever: no fixed point, no limit, and the program says why. */
START_TEST(what_runs_to_infinity_is_no_fixed_point) {
  static const char *const cases[] = {PUBLISHED, BOARD, NETWORK};
  struct rst_analysis *analysis = rst_test_analyze(cases[_i], "step.weight_decay=0", NULL);
  ck_assert_int_eq(analysis->minimum, -1);
  ck_assert(analysis->initial_escapes && isnan(analysis->lr_lo));
  ck_assert_uint_ge(analysis->escaping_starts, 1);
  ck_assert_int_eq(analysis->verdict, RST_VERDICT_UNDECIDED);
  ck_assert_ptr_nonnull(strstr(analysis->explanation, "infinity"));
  for (size_t i = 0; i < analysis->point_count; ++i) {
    ck_assert_int_ne(analysis->points[i].kind, RST_FIXED_POINT_MINIMUM);
    ck_assert_int_ne(analysis->points[i].kind, RST_FIXED_POINT_FLAT);
  }
  rst_analysis_destroy(&analysis);
}
END_TEST

/* Zero is a fixed point of an odd activation, from which no flow departs: the search leaves it. */
START_TEST(a_saddle_is_left) {
  struct rst_analysis *analysis = rst_test_analyze(PUBLISHED, "initial={kind: zero}", "flow.image.size=255");
  ck_assert_int_ge(analysis->minimum, 0);
  ck_assert_int_eq(analysis->points[analysis->minimum].kind, RST_FIXED_POINT_MINIMUM);
  ck_assert_ptr_nonnull(strstr(analysis->points[analysis->minimum].start, "by way of a saddle"));
  rst_analysis_destroy(&analysis);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("minimum");
  TCase *tests = tcase_create("minimum");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_loop_test(tests, the_search_ends_where_the_flow_goes, 0, 6);
  tcase_add_loop_test(tests, far_starts_and_kinks_do_not_mislead, 0, 2);
  tcase_add_test(tests, of_two_minima_that_of_the_flow_decides);
  tcase_add_loop_test(tests, checkerboards_have_the_limit_of_their_one_number, 0, 2);
  tcase_add_test(tests, both_minima_are_found_at_a_small_decay);
  tcase_add_loop_test(tests, with_decay_there_is_a_minimum, 0, 9);
  tcase_add_test(tests, a_valley_has_the_limit_across_it);
  tcase_add_loop_test(tests, what_runs_to_infinity_is_no_fixed_point, 0, 3);
  tcase_add_test(tests, a_saddle_is_left);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
