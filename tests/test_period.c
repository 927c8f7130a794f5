/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdlib.h>

#include "restrain/regime.h"

/* Periods of series, and means with errors. */

static const double pi = 3.14159265358979323846;

enum { COUNT = 6000 };

static double *doubles(size_t count) {
  double *values = calloc(count, sizeof *values);
  ck_assert_ptr_nonnull(values);
  return values;
}

/* A pattern of numbers in [0, 1], 0 and 1 among them, that repeats after `period`; no shorter period. */
static void repeat(size_t period, size_t count, double *x) {
  for (size_t t = 0; t < count; ++t) {
    const size_t phase = t % period;
    x[t] = phase < 2 ? (double)phase : 0.5 + 0.4 * sin(12.9898 * (double)(phase * phase));
  }
}

static long find_all(const double *const *x, size_t count, size_t first, size_t last, long most) {
  struct rst_sequence observables[3] = {{0}};
  for (size_t i = 0; i < count; ++i) {
    observables[i].values = x[i];
  }
  return rst_period_find(observables, count, first, last, most);
}

static long find(const double *x, size_t first, size_t last, long most) {
  return find_all(&x, 1, first, last, most);
}

START_TEST(every_period_up_to_the_longest_is_found) {
  double x[1000];
  for (size_t period = 2; period <= RST_REGIME_MOST_PERIOD; ++period) {
    repeat(period, 1000, x);
    ck_assert_int_eq(find(x, 100, 999, RST_REGIME_MOST_PERIOD), (long)period);
    ck_assert_int_eq(find(x, 100, 999, (long)period), (long)period);
    ck_assert_int_eq(find(x, 100, 999, (long)period - 1), 0);
  }
  repeat(RST_REGIME_MOST_PERIOD + 1, 1000, x);
  ck_assert_int_eq(find(x, 0, 999, RST_REGIME_MOST_PERIOD), 0);
  ck_assert_int_eq(find(x, 0, 999, 1000), 0);
}
END_TEST

START_TEST(two_periods_must_fit) {
  double x[40];
  repeat(20, 40, x);
  ck_assert_int_eq(find(x, 0, 39, 64), 20);
  ck_assert_int_eq(find(x, 0, 38, 64), 0);
  ck_assert_int_eq(find(x, 30, 29, 64), 0);
}
END_TEST

START_TEST(edge_of_a_period) {
  double x[COUNT];
  repeat(3, COUNT, x);
  x[COUNT - 301] = x[COUNT - 301 - 3] + RST_REGIME_PERIODIC * (1.0 - 1e-6) * (x[COUNT - 301] < 0.5 ? 1 : -1);
  ck_assert_int_eq(find(x, 10, COUNT - 1, 64), 3);
  x[COUNT - 301] = x[COUNT - 301 - 3] + RST_REGIME_PERIODIC * (1.0 + 1e-6) * (x[COUNT - 301] < 0.5 ? 1 : -1);
  ck_assert_int_eq(find(x, 10, COUNT - 1, 64), 0);
}
END_TEST

START_TEST(the_period_is_that_of_all_observables) {
  double x[COUNT];
  double y[COUNT];
  double constant[COUNT];
  const double *const all[] = {x, constant, y};
  repeat(4, COUNT, x);
  repeat(6, COUNT, y);
  for (size_t t = 0; t < COUNT; ++t) { /* faded from 1, then noise; constant to rounding in the end */
    constant[t] = t < 1000 ? pow(0.97, (double)t) : 1e-14 * sin((double)(t * t));
  }
  ck_assert_int_eq(find_all(all, 3, COUNT / 2, COUNT - 1, 64), 12);
  ck_assert_int_eq(find_all(all, 2, COUNT / 2, COUNT - 1, 64), 4);
  ck_assert_int_eq(find_all(all + 1, 1, COUNT / 2, COUNT - 1, 64), 0);
  ck_assert_int_eq(find_all(all, 0, COUNT / 2, COUNT - 1, 64), 0);
}
END_TEST

/* Noise about `mean` whose range is just below and just above what counts as constant. */
START_TEST(edges_of_constancy) {
  double x[COUNT];
  double noise[COUNT];
  const double *const both[] = {x, noise};
  repeat(5, COUNT, x);
  for (int outside = 0; outside < 2; ++outside) {
    const double factor = outside ? 1.0 + 1e-4 : 1.0 - 1e-4;
    for (size_t t = 0; t < COUNT; ++t) {
      const double v = t % 100 < 2 ? (double)(t % 100) : 0.5 + 0.5 * sin((double)(t * t));
      noise[t] = -3.0 + 3.0 * RST_REGIME_CONSTANT * factor * v;
    }
    ck_assert_int_eq(find_all(both, 2, COUNT / 2, COUNT - 1, 64), outside ? 0 : 5);
    for (size_t t = 0; t < COUNT; ++t) {
      noise[t] = t == 7 ? -3.0 : (noise[t] + 3.0) * RST_REGIME_FADED / RST_REGIME_CONSTANT;
    }
    ck_assert_int_eq(find_all(both, 2, COUNT / 2, COUNT - 1, 64), outside ? 0 : 5);
  }
}
END_TEST

/* Lag 2 of a slow rotation, lag 3 of one near a third of the circle: within the tolerance, yet no periods. */
START_TEST(slow_and_nearly_rational_rotations_have_no_period) {
  const double shares[] = {1e-4, 1.0 / 3.0 + 5e-5, 0.5 + 1e-5, 0.61803398874989485};
  double x[COUNT];
  for (size_t t = 0; t < COUNT; ++t) {
    x[t] = cos(2 * pi * shares[_i] * (double)t);
  }
  ck_assert_int_eq(find(x, 0, COUNT - 1, 64), 0);
}
END_TEST

START_TEST(what_is_not_finite_has_no_period) {
  double x[COUNT];
  repeat(2, COUNT, x);
  x[COUNT - 5] = NAN;
  ck_assert_int_eq(find(x, 0, COUNT - 1, 64), 0);
  x[COUNT - 5] = INFINITY;
  ck_assert_int_eq(find(x, 0, COUNT - 1, 64), 0);
  ck_assert_int_eq(find(x, 0, COUNT - 6, 64), 2);
}
END_TEST

static void normal(uint32_t seed, size_t count, double *values) {
  struct rst_context *context = rst_test_context();
  RST_TEST_OK(context, rst_random_normal(context, seed, count, values));
  rst_context_destroy(&context);
}

/* x_t = rho x_{t-1} + e_t: the mean has the standard error sqrt(1/n)/(1 - rho), of which 16 blocks give an estimate whose
 * square has the relative variance 2/15. */
START_TEST(block_means_give_the_error_of_correlated_series) {
  enum { N = 100003, TRIALS = 10 };
  const double rho = _i ? 0.9 : 0.0;
  const double expected = sqrt(1.0 / N) / (1.0 - rho);
  double *x = doubles(N);
  double square = 0.0;
  for (uint32_t trial = 0; trial < TRIALS; ++trial) {
    double mean = NAN;
    double error = NAN;
    normal(trial, N, x);
    for (size_t t = 1; t < N; ++t) {
      x[t] += rho * x[t - 1];
    }
    for (size_t t = 0; t < N; ++t) {
      x[t] += 3.0;
    }
    rst_block_mean(&(struct rst_sequence){.values = x}, 0, N, &mean, &error);
    ck_assert_double_le(fabs(mean - 3.0), 4.0 * expected);
    square += error * error / TRIALS;
  }
  ck_assert_double_le(fabs(square / (expected * expected) - 1.0), 4.0 * sqrt(2.0 / 15.0 / TRIALS));
  free(x);
}
END_TEST

START_TEST(block_means_of_few_and_of_values_that_are_not_finite) {
  double x[40];
  double mean = 0.0;
  double error = 0.0;
  for (size_t t = 0; t < 40; ++t) {
    x[t] = t % 5 ? 2.0 : NAN;
  }
  rst_block_mean(&(struct rst_sequence){.values = x}, 0, 40, &mean, &error); /* 32 finite ones */
  ck_assert_double_eq(mean, 2.0);
  ck_assert_double_eq(error, 0.0);
  x[1] = INFINITY;
  rst_block_mean(&(struct rst_sequence){.values = x}, 0, 40, &mean, &error);
  ck_assert_double_eq(mean, 2.0);
  ck_assert(isnan(error));
  x[39] = -INFINITY;
  rst_block_mean(&(struct rst_sequence){.values = x}, 0, 40, &mean, &error);
  ck_assert(isinf(mean) && mean < 0.0 && isnan(error));
  rst_block_mean(&(struct rst_sequence){.values = x}, 0, 1, &mean, &error);
  ck_assert(isnan(mean) && isnan(error));
  rst_block_mean(&(struct rst_sequence){.values = x}, 0, 0, &mean, &error);
  ck_assert(isnan(mean) && isnan(error));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("period");
  TCase *tests = tcase_create("period");
  tcase_add_test(tests, every_period_up_to_the_longest_is_found);
  tcase_add_test(tests, two_periods_must_fit);
  tcase_add_test(tests, edge_of_a_period);
  tcase_add_test(tests, the_period_is_that_of_all_observables);
  tcase_add_test(tests, edges_of_constancy);
  tcase_add_loop_test(tests, slow_and_nearly_rational_rotations_have_no_period, 0, 4);
  tcase_add_test(tests, what_is_not_finite_has_no_period);
  tcase_add_loop_test(tests, block_means_give_the_error_of_correlated_series, 0, 2);
  tcase_add_test(tests, block_means_of_few_and_of_values_that_are_not_finite);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
