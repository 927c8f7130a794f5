/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample_trajectory.h"

/* Edges: each rule just inside (_i = 0) and just outside (_i = 1) its tolerance. */

static double edge(int outside, double margin) {
  return outside ? 1.0 + margin : 1.0 - margin;
}

/* |u_T - 1| = amplitude 0.9^T is the way that remains; |u_0| = 1 + amplitude. */
START_TEST(edge_of_convergence) {
  const double target = RST_REGIME_REMAINING * edge(_i, 1e-3);
  struct sample s = geometric(target / (pow(0.9, 100) - target), 0.9, 101);
  expect(&s, _i ? RST_REGIME_UNDECIDED : RST_REGIME_STABLE, _i ? 0 : 1, "contraction 0.9", NULL);
  free_sample(&s);
}
END_TEST

/* The piled up errors of a map that contracts by exp(-1/2) a step, as an alternation has it. */
START_TEST(edge_of_rounding_that_piles_up) {
  struct sample s = alternation(0.0, 1000);
  s.epsilon = FLT_EPSILON;
  const double update = RST_REGIME_ROUNDING * s.epsilon / (1.0 - exp(-0.5)) * edge(_i, 1e-3);
  for (size_t t = 0; t < s.states; ++t) {
    s.u[t] = 1.0 + (t % 2 ? -0.5 : 0.5) * update;
  }
  measure(&s);
  expect(&s, _i ? RST_REGIME_RESTRAINED_PERIODIC : RST_REGIME_STABLE, _i ? 2 : 1,
         _i ? "period 2" : "converged to rounding", NULL);
  free_sample(&s);
}
END_TEST

/* Below the bound not even a drift of the observables matters. */
START_TEST(edge_of_rounding) {
  struct sample s = geometric(0.0, 1.0, 1000);
  for (size_t t = 0; t < s.states; ++t) {
    s.update[t] = RST_REGIME_ROUNDING * s.epsilon * edge(_i, 1e-6);
    s.other[t] = (double)t;
  }
  expect(&s, _i ? RST_REGIME_UNDECIDED : RST_REGIME_STABLE, _i ? 0 : 1, _i ? "drifting" : "rounding", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(edge_of_stationarity_of_periods) {
  for (int shrinks = 0; shrinks < 2; ++shrinks) {
    struct sample s = alternation(0.1, 1000);
    const double factor = 1.0 + RST_REGIME_STATIONARY_PERIODIC * edge(_i, 1e-6);
    for (size_t t = shrinks ? 0 : 750; t < (shrinks ? 750 : 1000); ++t) {
      s.u[t] = 1.0 + (s.u[t] - 1.0) * factor;
    }
    /* The last quarter is periodic whatever was before. */
    expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 2, "period 2", NULL);
    free_sample(&s);
  }
}
END_TEST

START_TEST(edge_of_stationarity_of_chaos) {
  struct sample s = logistic(4.0, 0.3, 4000);
  double widest[2] = {0.0};
  for (size_t t = 2000; t < 4000; ++t) {
    widest[t / 3000] = fmax(widest[t / 3000], fabs(s.u[t] - 0.5));
  }
  for (size_t t = 2000; t < 4000; ++t) { /* each range becomes symmetric, and the last twice the third */
    const double factor = t < 3000 ? 1.0 : RST_REGIME_STATIONARY_CHAOTIC * edge(_i, 1e-6);
    const double x = (s.u[t] - 0.5) / widest[t / 3000];
    s.u[t] = factor * (t % 1000 == 500 ? -1.0 : t % 1000 == 501 ? 1.0 : x);
    s.other[t] = 0.0;
  }
  expect(&s, _i ? RST_REGIME_UNDECIDED : RST_REGIME_RESTRAINED_CHAOTIC, 0,
         _i ? "still growing (range x 2" : "exponent 0.6", NULL);
  free_sample(&s);
}
END_TEST

/* Blocks of means that differ by +-1 in turn have the error sqrt(16/15)/4. */
START_TEST(edge_of_significance) {
  enum { BLOCK = 125, HALF = 16 * BLOCK };
  const double error = sqrt(16.0 / 15.0) / 4.0;
  struct sample s = rotation(golden, 0.0, 2 * HALF + 1);
  struct rst_regime_result result;
  for (size_t t = 0; t < HALF; ++t) {
    s.growth[HALF + t] = RST_REGIME_SIGNIFICANCE * error * edge(_i, 1e-6) + (t / BLOCK % 2 ? 1.0 : -1.0);
  }
  expect(&s, _i ? RST_REGIME_RESTRAINED_CHAOTIC : RST_REGIME_RESTRAINED_PERIODIC, 0,
         "exponent 0.516 +- 0.258", &result);
  rst_test_close(result.exponent_error, error, 1e-12);
  for (size_t t = 0; t < 2 * HALF; ++t) {
    s.growth[t] = RST_REGIME_SIGNIFICANCE / HALF * edge(_i, 1e-6);
  }
  expect(&s, _i ? RST_REGIME_RESTRAINED_CHAOTIC : RST_REGIME_RESTRAINED_PERIODIC, 0, "exponent 0.001", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(edge_of_the_least_states) {
  struct sample s = alternation(0.1, RST_REGIME_LEAST_STATES - (_i ? 1U : 0U));
  expect(&s, _i ? RST_REGIME_UNDECIDED : RST_REGIME_RESTRAINED_PERIODIC, _i ? 0 : 2,
         _i ? "too short: 31 states of the 32" : "period 2", NULL);
  free_sample(&s);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("regime_edges");
  TCase *tests = tcase_create("regime_edges");
  tcase_add_loop_test(tests, edge_of_convergence, 0, 2);
  tcase_add_loop_test(tests, edge_of_rounding_that_piles_up, 0, 2);
  tcase_add_loop_test(tests, edge_of_rounding, 0, 2);
  tcase_add_loop_test(tests, edge_of_stationarity_of_periods, 0, 2);
  tcase_add_loop_test(tests, edge_of_stationarity_of_chaos, 0, 2);
  tcase_add_loop_test(tests, edge_of_significance, 0, 2);
  tcase_add_loop_test(tests, edge_of_the_least_states, 0, 2);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
