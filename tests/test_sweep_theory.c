/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "analysis/threshold_curves.h"
#include "restrain/sweep.h"
#include "support.h"
#include "sweep/evaluator.h"

/** @file
 * Thresholds along an axis of weight decays, against published numbers, analyses of single points and bisection on orbits.
 */

#define PUBLISHED                                                                                            \
  "flow: {kind: conv, kernel: 32, image: {kind: checkerboard, size: 256}}\n"                                 \
  "initial: {seed: 7}\n"                                                                                     \
  "step: {lr: 0.03, weight_decay: 20, iterations: 1}\n"                                                      \
  "analyze: {dense: 0, starts: 0}\n"
#define NETWORK                                                                                              \
  "flow: {kind: conv, kernel: 5, image: {kind: gaussian-field, size: 16, seed: 2}}\n"                        \
  "initial: {seed: 3}\n"                                                                                     \
  "step: {lr: 0.05, weight_decay: 0.5, iterations: 1}\n"
#define LINEAR                                                                                               \
  "flow: {kind: conv-linear, kernel: 5, image: {kind: gaussian-field, size: 16, seed: 2}}\n"                 \
  "step: {lr: 0.05, weight_decay: 0.5, iterations: 1}\n"
#define HEAT                                                                                                 \
  "flow: {kind: heat, points: 31, diffusion: {coefficient: 1}}\n"                                            \
  "step: {lr: 0.4, weight_decay: 0.5, iterations: 1}\n"

enum { MOST = 32 };

static void find(const char *text, const char *change, const double *weight_decays, size_t count,
                 struct rst_lr_limits *theory) {
  struct rst_case *loaded = rst_test_case(text, change, NULL);
  RST_TEST_OK(rst_test_bench.context,
              rst_lr_limits_find(rst_test_bench.context, loaded, weight_decays, count, theory));
  rst_case_destroy(&loaded);
}

static struct rst_lr_limits find_one(const char *text, double weight_decay) {
  struct rst_lr_limits theory;
  find(text, NULL, &weight_decay, 1, &theory);
  return theory;
}

/* Equal numbers, infinite and NaN ones included. */
static void assert_close(double value, double expected, double tolerance) {
  if (isfinite(expected)) {
    ck_assert_msg(fabs(value - expected) <= tolerance * fabs(expected), "%.15g is not %.15g", value,
                  expected);
  } else {
    ck_assert_msg(isnan(expected) ? isnan(value) : isinf(value), "%g is not %g", value, expected);
  }
}

/* Whether analyses of single points say the same; `change` may be NULL. */
static void compare(const char *text, const char *change, const double *weight_decays, size_t count) {
  struct rst_lr_limits theory[MOST];
  find(text, change, weight_decays, count, theory);
  for (size_t i = 0; i < count; ++i) {
    char decay[64];
    snprintf(decay, sizeof decay, "step.weight_decay=%.17g", weight_decays[i]);
    struct rst_analysis *analysis =
        change ? rst_test_analyze(text, change, decay) : rst_test_analyze(text, decay, NULL);
    const double linear = analysis->exact.limits.lr_max;
    if (!analysis->linear) {
      ck_assert_int_ge(analysis->minimum, 0);
      ck_assert(analysis->points[analysis->minimum].of_initial);
    }
    assert_close(theory[i].lr_lo, analysis->linear ? linear : analysis->lr_lo, 1e-8);
    assert_close(theory[i].lr_hi, analysis->linear ? linear : analysis->lr_hi, 1e-8);
    rst_analysis_destroy(&analysis);
  }
}

START_TEST(the_published_network_has_its_thresholds) {
  const struct rst_lr_limits theory = find_one(PUBLISHED, 20.0);
  rst_test_close(theory.lr_lo, 0.0322594823767, 1e-9);
  rst_test_close(theory.lr_hi, 0.1, 1e-11);
  const double weight_decays[] = {5, 10, 20, 50, 100};
  compare(PUBLISHED, NULL, weight_decays, 5);
}
END_TEST

START_TEST(schemes_have_the_thresholds_of_their_analysis) {
  static const char *const steps[] = {"{scheme: euler,",
                                      "{scheme: heavy-ball, momentum: 0.6,",
                                      "{scheme: nesterov, momentum: 0.6,",
                                      "{scheme: heavy-ball, momentum: 0.6, decay: decoupled,",
                                      "{scheme: nesterov, momentum: 0.6, decay: decoupled,",
                                      "{scheme: rk2,",
                                      "{scheme: rk4,",
                                      "{scheme: imex,",
                                      "{scheme: cfl,"};
  const double weight_decays[] = {0.3, 0.5, 1.3, 5.0};
  ck_assert_uint_eq(sizeof steps / sizeof *steps, 9);
  char change[160];
  snprintf(change, sizeof change, "step=%s lr: 0.02, weight_decay: 0.5, iterations: 1}", steps[_i]);
  compare(NETWORK, change, weight_decays, 4);
  compare(HEAT, change, weight_decays, 4);
  compare(LINEAR, change, weight_decays, 4);
}
END_TEST

START_TEST(a_float_case_and_a_regulariser_are_as_analysed) {
  const double weight_decays[] = {0.5, 1.0, 2.0};
  compare(NETWORK, "flow.precision=float", weight_decays, 3);
  compare(NETWORK, "flow.diffusion.coefficient=0.2", weight_decays, 3);
}
END_TEST

/* Where the data term pulls back no more than it pushes, the decay alone sets both limits. The two regions meet
 * continuously. */
START_TEST(the_restrained_region_closes_at_a_large_decay) {
  double low = 50.0;
  double high = 250.0;
  while (high - low > 1e-6 * low) {
    const double middle = 0.5 * (low + high);
    const struct rst_lr_limits theory = find_one(PUBLISHED, middle);
    *(theory.lr_lo < theory.lr_hi * (1.0 - 1e-12) ? &low : &high) = middle;
  }
  ck_assert_double_gt(low, 147.0 - 10.0);
  ck_assert_double_lt(low, 148.0);
  const double weight_decays[] = {low * (1 - 1e-2), low * (1 - 1e-4), high, high * (1 + 1e-2), 2 * high};
  struct rst_lr_limits theory[5];
  find(PUBLISHED, NULL, weight_decays, 5, theory);
  ck_assert_double_lt(theory[0].lr_lo, theory[0].lr_hi * (1 - 1e-3));
  ck_assert_double_lt(theory[1].lr_lo, theory[1].lr_hi * (1 - 1e-6));
  rst_test_close(theory[1].lr_lo, theory[1].lr_hi, 1e-2);
  for (size_t i = 2; i < 5; ++i) {
    rst_test_close(theory[i].lr_lo, 2.0 / weight_decays[i], 1e-12);
    rst_test_close(theory[i].lr_hi, 2.0 / weight_decays[i], 1e-12);
  }
}
END_TEST

/* Alone or among others, in any order. */
START_TEST(no_weight_decay_depends_on_the_others) {
  static const char *const texts[] = {NETWORK, PUBLISHED};
  double weight_decays[MOST];
  double shuffled[MOST];
  struct rst_lr_limits theory[MOST];
  struct rst_lr_limits again[MOST];
  const double from = _i == 0 ? 0.05 : 2.0;
  const double to = _i == 0 ? 20.0 : 1000.0;
  for (size_t i = 0; i < MOST; ++i) {
    weight_decays[i] = from * pow(to / from, (double)i / (MOST - 1));
  }
  weight_decays[7] = weight_decays[20];
  for (size_t i = 0; i < MOST; ++i) {
    shuffled[i] = weight_decays[29 * i % MOST];
  }
  find(texts[_i], NULL, weight_decays, MOST, theory);
  find(texts[_i], NULL, shuffled, MOST, again);
  for (size_t i = 0; i < MOST; ++i) {
    assert_close(theory[i].lr_lo, find_one(texts[_i], weight_decays[i]).lr_lo, 1e-7);
    ck_assert(again[i].lr_lo == theory[29 * i % MOST].lr_lo && again[i].lr_hi == theory[29 * i % MOST].lr_hi);
  }
}
END_TEST

/* Without decay this network's loss has no minimum: it falls for ever. */
START_TEST(where_there_is_no_minimum_there_is_no_threshold) {
  const double weight_decays[] = {0.0, 1.0, 2.0, 4.0, 0.0};
  struct rst_lr_limits theory[5];
  find(PUBLISHED, NULL, weight_decays, 5, theory);
  ck_assert(isnan(theory[0].lr_lo) && isnan(theory[4].lr_lo));
  ck_assert(isinf(theory[0].lr_hi));
  for (size_t i = 1; i < 4; ++i) {
    ck_assert_double_gt(theory[i].lr_lo, 0.0);
  }
  ck_assert(isnan(find_one(PUBLISHED, 0.0).lr_lo));
}
END_TEST

START_TEST(weight_decays_out_of_range_are_refused) {
  struct rst_case *loaded = rst_test_case(HEAT, NULL, NULL);
  struct rst_lr_limits theory[2];
  const double bad[][2] = {{1.0, -2.0}, {1.0, NAN}, {1.0, INFINITY}};
  for (size_t i = 0; i < 3; ++i) {
    RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "weight decay 1 is",
                   rst_lr_limits_find(rst_test_bench.context, loaded, bad[i], 2, theory));
  }
  RST_TEST_OK(rst_test_bench.context, rst_lr_limits_find(rst_test_bench.context, loaded, NULL, 0, theory));
  rst_case_destroy(&loaded);
}
END_TEST

/* After as many questions as *left says. */
static bool stop_after(void *left) {
  int *questions = left;
  *questions -= *questions > 0;
  return *questions == 0;
}

START_TEST(the_search_can_be_stopped_anywhere) {
  struct rst_case *loaded = rst_test_case(NETWORK, NULL, NULL);
  const double weight_decays[] = {0.3, 0.5, 0.8, 1.3, 2.0, 5.0, 8.0};
  struct rst_lr_limits theory[7];
  struct rst_lr_limits whole[7];
  bool stopped = true;
  int asked = 0;
  for (; stopped; ++asked) {
    int left = asked + 1;
    RST_TEST_OK(rst_test_bench.context,
                rst_lr_limits_until(rst_test_bench.context, loaded, NULL, NULL, weight_decays, 7, stop_after,
                                    &left, theory, &stopped));
    ck_assert_int_lt(asked, 100);
    ck_assert(!stopped || left == 0);
  }
  ck_assert_int_gt(asked, 7);
  RST_TEST_OK(rst_test_bench.context,
              rst_lr_limits_find(rst_test_bench.context, loaded, weight_decays, 7, whole));
  for (size_t i = 0; i < 7; ++i) {
    ck_assert(theory[i].lr_lo == whole[i].lr_lo && theory[i].lr_hi == whole[i].lr_hi);
  }
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(predictions_hold_for_the_regimes_they_name) {
  enum { CONVERGES = 1, RESTRAINED = 2, DIVERGES = 4 };
  const unsigned class_of[] = {CONVERGES, CONVERGES, RESTRAINED, RESTRAINED, DIVERGES};
  const struct {
    struct rst_lr_limits theory;
    double lr;
    unsigned predicted; /* 0 for nothing */
  } table[] = {{{1, 3}, 0.5, CONVERGES},
               {{1, 3}, 1, RESTRAINED},
               {{1, 3}, 2, RESTRAINED},
               {{1, 3}, 3, RESTRAINED},
               {{1, 3}, 3.5, DIVERGES},
               {{2, 2}, 1.9, CONVERGES},
               {{2, 2}, 2.1, DIVERGES},
               {{3, 2}, 2.5, CONVERGES},
               {{3, 2}, 3.5, DIVERGES},
               {{0, 0}, 0.1, DIVERGES},
               {{1, INFINITY}, 9, RESTRAINED},
               {{NAN, 3}, 1, 0},
               {{INFINITY, INFINITY}, 9, CONVERGES},
               {{1, NAN}, 0.5, 0}};
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    for (int regime = RST_REGIME_STABLE; regime <= RST_REGIME_UNDECIDED; ++regime) {
      const bool decided = regime != RST_REGIME_UNDECIDED;
      bool predicts = false;
      const bool holds =
          rst_sweep_prediction_holds(&table[i].theory, table[i].lr, (enum rst_regime)regime, &predicts);
      ck_assert_int_eq(predicts, decided && table[i].predicted);
      ck_assert_int_eq(holds, decided && class_of[regime] == table[i].predicted);
    }
  }
}
END_TEST

static struct rst_orbit_summary run_point(struct rst_evaluator *evaluator, double lr, double weight_decay) {
  struct rst_orbit_summary point;
  bool stopped = true;
  RST_TEST_OK(rst_test_bench.context,
              rst_evaluator_run(evaluator, 1, &lr, &weight_decay, NULL, NULL, &point, NULL, &stopped));
  ck_assert(!stopped);
  return point;
}

static bool has_converged(enum rst_regime regime) {
  return regime == RST_REGIME_STABLE || regime == RST_REGIME_TRANSIENT;
}

/* Bisection on what becomes of orbits, converged or not. A relative distance of 3e-4 makes a multiplier of 1 - 6e-4, which takes
 * some 3e4 updates to tell. */
START_TEST(orbits_stop_converging_at_the_threshold) {
  enum { COUNT = 6 };
  const double weight_decays[COUNT] = {5, 10, 20, 50, 100, 200};
  struct rst_lr_limits theory[COUNT];
  struct rst_case *loaded = rst_test_case(PUBLISHED, "step.iterations=60000", NULL);
  struct rst_evaluator *evaluator = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_evaluator_create(rst_test_bench.context, loaded, true, &evaluator));
  RST_TEST_OK(rst_test_bench.context,
              rst_lr_limits_find(rst_test_bench.context, loaded, weight_decays, COUNT, theory));
  for (size_t i = 0; i < COUNT; ++i) {
    double low = 0.97 * theory[i].lr_lo;
    double high = 1.04 * theory[i].lr_lo;
    enum rst_regime beyond = RST_REGIME_UNDECIDED;
    while (high - low > 4e-4 * low) {
      const double middle = 0.5 * (low + high);
      const enum rst_regime regime = run_point(evaluator, middle, weight_decays[i]).regime;
      beyond = has_converged(regime) ? beyond : regime;
      *(has_converged(regime) ? &low : &high) = middle;
    }
    ck_assert_msg(fabs(0.5 * (low + high) / theory[i].lr_lo - 1.0) < 1e-3,
                  "decay %g: orbits cease to converge in [%.9g, %.9g], lr_lo is %.9g", weight_decays[i], low,
                  high, theory[i].lr_lo);
    /* Where both limits are one, there is no restrained region between them. */
    const bool closed = theory[i].lr_lo >= theory[i].lr_hi * (1.0 - 1e-12);
    const enum rst_regime far = run_point(evaluator, 1.04 * theory[i].lr_lo, weight_decays[i]).regime;
    ck_assert_int_eq(far, closed ? RST_REGIME_DIVERGENT : RST_REGIME_RESTRAINED_PERIODIC);
    ck_assert(beyond == far || beyond == RST_REGIME_UNDECIDED);
  }
  rst_evaluator_destroy(&evaluator);
  rst_case_destroy(&loaded);
}
END_TEST

enum { GRID = 24 };

/* Points over lr/lr_hi from 0.02 to 1.2 and weight decays from `from` to `to`: how many are of each regime, how many decided
 * ones are predicted, and how many rightly. */
static void survey(double from, double to, size_t regimes[RST_REGIME_COUNT], size_t *predicted,
                   size_t *right) {
  double weight_decays[GRID];
  struct rst_lr_limits theory[GRID];
  struct rst_case *loaded = rst_test_case(PUBLISHED, "step.iterations=4000", NULL);
  struct rst_evaluator *evaluator = NULL;
  *predicted = *right = 0;
  for (size_t i = 0; i < GRID; ++i) {
    weight_decays[i] = from * pow(to / from, (double)i / (GRID - 1));
  }
  RST_TEST_OK(rst_test_bench.context, rst_evaluator_create(rst_test_bench.context, loaded, true, &evaluator));
  RST_TEST_OK(rst_test_bench.context,
              rst_lr_limits_find(rst_test_bench.context, loaded, weight_decays, GRID, theory));
  for (size_t i = 0; i < (size_t)GRID * GRID; ++i) {
    const size_t row = i / GRID;
    const double lr = theory[row].lr_hi * (0.02 + 1.18 * (double)(i % GRID) / (GRID - 1));
    const enum rst_regime regime = run_point(evaluator, lr, weight_decays[row]).regime;
    bool predicts = false;
    *right += rst_sweep_prediction_holds(&theory[row], lr, regime, &predicts);
    *predicted += predicts;
    regimes[regime] += 1;
  }
  rst_evaluator_destroy(&evaluator);
  rst_case_destroy(&loaded);
}

START_TEST(regimes_are_as_predicted) {
  size_t regimes[RST_REGIME_COUNT] = {0};
  size_t predicted = 0;
  size_t right = 0;
  survey(2.0, 140.0, regimes, &predicted, &right);
  for (int i = RST_REGIME_TRANSIENT; i <= RST_REGIME_DIVERGENT; ++i) {
    ck_assert_uint_gt(regimes[i], 20);
  }
  ck_assert_uint_ge(predicted, GRID * GRID * 95 / 100);
  ck_assert_msg(right == predicted, "right at %zu of %zu points", right, predicted);
}
END_TEST

/* The weight decay from which on H has no positive eigenvalue at the minimum is 147.6: see above. */
START_TEST(nothing_is_restrained_at_a_large_decay) {
  size_t regimes[RST_REGIME_COUNT] = {0};
  size_t predicted = 0;
  size_t right = 0;
  survey(150.0, 2000.0, regimes, &predicted, &right);
  ck_assert_uint_eq(regimes[RST_REGIME_RESTRAINED_PERIODIC], 0);
  ck_assert_uint_eq(regimes[RST_REGIME_RESTRAINED_CHAOTIC], 0);
  ck_assert_uint_gt(regimes[RST_REGIME_STABLE] + regimes[RST_REGIME_TRANSIENT], 100);
  ck_assert_uint_gt(regimes[RST_REGIME_DIVERGENT], 50);
  ck_assert_uint_eq(right, predicted);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep_theory");
  TCase *tests = tcase_create("sweep_theory");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, the_published_network_has_its_thresholds);
  tcase_add_loop_test(tests, schemes_have_the_thresholds_of_their_analysis, 0, 9);
  tcase_add_test(tests, a_float_case_and_a_regulariser_are_as_analysed);
  tcase_add_test(tests, the_restrained_region_closes_at_a_large_decay);
  tcase_add_loop_test(tests, no_weight_decay_depends_on_the_others, 0, 2);
  tcase_add_test(tests, where_there_is_no_minimum_there_is_no_threshold);
  tcase_add_test(tests, weight_decays_out_of_range_are_refused);
  tcase_add_test(tests, the_search_can_be_stopped_anywhere);
  tcase_add_test(tests, predictions_hold_for_the_regimes_they_name);
  tcase_add_test(tests, orbits_stop_converging_at_the_threshold);
  tcase_add_test(tests, regimes_are_as_predicted);
  tcase_add_test(tests, nothing_is_restrained_at_a_large_decay);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
