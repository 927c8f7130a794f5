/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdlib.h>

#include "restrain/regime.h"

enum { MOST = 4000 };

static struct rst_divergence measure(const double *distance, size_t count, double scale, double epsilon) {
  struct rst_context *context = rst_test_context();
  struct rst_divergence divergence;
  RST_TEST_OK(context, rst_divergence_measure(context, &(struct rst_sequence){.values = distance}, count, 1,
                                              scale, epsilon, &divergence));
  rst_context_destroy(&context);
  return divergence;
}

static void no_phase(const struct rst_divergence *divergence) {
  ck_assert(isnan(divergence->growth_rate) && isnan(divergence->growth_rate_error));
  ck_assert_int_eq(divergence->first, -1);
  ck_assert_int_eq(divergence->last, -1);
}

/* d_t = 1e-14 exp(rate t) up to a plateau of 1. */
static void exponential(double rate, size_t zeros, size_t count, double *distance) {
  for (size_t t = 0; t < count; ++t) {
    distance[t] = t < zeros ? 0.0 : fmin(1.0, 1e-14 * exp(rate * (double)(t - zeros)));
  }
}

START_TEST(an_exponential_up_to_a_plateau_gives_its_rate_and_its_iterations) {
  const double rates[] = {0.01, 0.1, 0.7};
  const size_t zeros = _i % 2 ? 37 : 0;
  const double rate = rates[_i / 2];
  const double logarithm = log(1e14);
  double distance[2 * MOST];
  exponential(rate, zeros, 2 * MOST, distance);
  const struct rst_divergence d = measure(distance, 2 * MOST, 1.0, DBL_EPSILON);
  ck_assert_double_eq(d.plateau, 1.0);
  rst_test_close(d.growth_rate, rate, 1e-6);
  ck_assert_double_le(d.growth_rate_error, 1e-9);
  ck_assert_int_eq(d.first, (long)zeros + (long)floor(log(10.0) / rate));
  ck_assert_int_eq(d.last, (long)zeros + (long)ceil((logarithm + log(0.01)) / rate));
  ck_assert_int_eq(d.saturation, (long)zeros + (long)ceil((logarithm + log(0.5)) / rate));
}
END_TEST

START_TEST(zeros_after_the_first_difference_are_left_out) {
  double distance[200];
  exponential(0.5, 0, 200, distance);
  distance[3] = distance[6] = 0.0;
  const struct rst_divergence d = measure(distance, 200, 1.0, DBL_EPSILON);
  ck_assert_int_eq(d.first, 7);
  rst_test_close(d.growth_rate, 0.5, 1e-9);
}
END_TEST

/* The error of a fit to log d_t = rate t + e_t with e_t = +-e in turn: e/sqrt(sum (t - mean)^2). */
START_TEST(the_error_of_the_rate_is_that_of_least_squares) {
  const double e = 0.01;
  double distance[400];
  exponential(0.2, 0, 400, distance);
  for (size_t t = 0; t < 150; ++t) {
    distance[t] *= exp(t % 2 ? e : -e);
  }
  const struct rst_divergence d = measure(distance, 400, 1.0, DBL_EPSILON);
  const double points = (double)(d.last - d.first + 1);
  const double expected = e / sqrt(points * (points * points - 1.0) / 12.0);
  rst_test_close(d.growth_rate_error, expected, 0.02);
  ck_assert_double_le(fabs(d.growth_rate - 0.2), 3 * expected);
}
END_TEST

/* Hovering between 1e-16 and 1e-13 of the scale, for ever. */
START_TEST(a_difference_at_rounding_level_does_not_grow) {
  const double scale = 25.0;
  double distance[1000];
  for (size_t t = 0; t < 1000; ++t) {
    distance[t] = scale * pow(10.0, -14.5 + 1.5 * sin(0.7 * (double)t));
  }
  const struct rst_divergence d = measure(distance, 1000, scale, DBL_EPSILON);
  no_phase(&d);
  ck_assert_int_eq(d.saturation, -1);
  ck_assert_double_gt(d.plateau, 0.0);
}
END_TEST

START_TEST(rounding_ends_at_a_thousand_units) {
  double distance[1000];
  for (int outside = 0; outside < 2; ++outside) {
    exponential(0.1, 0, 1000, distance);
    const double epsilon = 1e-3 / 7.0 * (outside ? 1 - 1e-12 : 1 + 1e-12);
    const struct rst_divergence d = measure(distance, 1000, 7.0, epsilon);
    ck_assert_int_eq(d.saturation, outside ? 316 : -1);
    ck_assert_int_eq(isnan(d.growth_rate), !outside);
  }
}
END_TEST

START_TEST(equal_twins_have_no_difference) {
  double distance[100] = {0.0};
  const struct rst_divergence d = measure(distance, 100, 1.0, DBL_EPSILON);
  no_phase(&d);
  ck_assert_int_eq(d.saturation, -1);
  ck_assert_double_eq(d.plateau, 0.0);
}
END_TEST

/* What is not finite lies beyond saturation: the phase ends before it. */
START_TEST(a_twin_that_blows_up_saturates_there) {
  const double ends[] = {INFINITY, NAN};
  double distance[200];
  for (size_t t = 0; t < 200; ++t) {
    distance[t] = t < 120 ? 1e-15 * exp(0.8 * (double)t) : ends[_i];
  }
  const struct rst_divergence d = measure(distance, 200, 1.0, DBL_EPSILON);
  rst_test_close(d.growth_rate, 0.8, 1e-9);
  ck_assert_int_eq(d.saturation, 120);
  ck_assert_int_eq(d.last, 119);
  ck_assert(isinf(d.plateau));
  distance[0] = ends[_i];
  const struct rst_divergence none = measure(distance, 200, 1.0, DBL_EPSILON);
  no_phase(&none);
  ck_assert_int_eq(none.saturation, 0);
}
END_TEST

START_TEST(a_jump_has_no_growing_phase) {
  double distance[100];
  for (size_t t = 0; t < 100; ++t) {
    distance[t] = t < 40 ? 1e-12 : 1.0;
  }
  const struct rst_divergence d = measure(distance, 100, 1.0, DBL_EPSILON);
  no_phase(&d);
  ck_assert_int_eq(d.saturation, 40);
}
END_TEST

START_TEST(none_and_one_distance_are_no_run) {
  const double distance = 1e-17;
  const struct rst_divergence none = measure(NULL, 0, 1.0, DBL_EPSILON);
  no_phase(&none);
  ck_assert_int_eq(none.saturation, -1);
  ck_assert(isnan(none.plateau));
  const struct rst_divergence one = measure(&distance, 1, 1.0, DBL_EPSILON);
  no_phase(&one);
  ck_assert_int_eq(one.saturation, -1);
  ck_assert_double_eq(one.plateau, distance);
}
END_TEST

/* x -> 4 x (1 - x) doubles differences, on the average, until they are as large as the attractor. */
START_TEST(logistic_twins_one_unit_apart_grow_by_two) {
  double x = 0.8 + 0.02 * _i;
  double y = nextafter(x, 1.0);
  double distance[MOST];
  for (size_t t = 0; t < MOST; ++t) {
    distance[t] = fabs(x - y);
    x = 4.0 * x * (1.0 - x);
    y = 4.0 * y * (1.0 - y);
  }
  const struct rst_divergence d = measure(distance, MOST, 0.5, DBL_EPSILON);
  const double doublings = log(1.0 / DBL_EPSILON) / log(2.0);
  rst_test_close(d.growth_rate, log(2.0), 0.15);
  ck_assert_double_gt(d.growth_rate_error, 0.0);
  ck_assert_double_lt(d.growth_rate_error, 0.1);
  ck_assert_double_ge((double)d.saturation, doublings - 10);
  ck_assert_double_le((double)d.saturation, doublings + 10);
  ck_assert_int_lt(d.last, d.saturation + 1);
  ck_assert_double_gt(d.plateau, 0.2);
}
END_TEST

START_TEST(meaningless_arguments_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_divergence d = {.saturation = 7};
  const double distance[] = {1.0, 2.0};
  const struct rst_sequence none = {0};
  const struct rst_sequence two = {.values = distance};
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "2 distances",
                 rst_divergence_measure(context, &none, 2, 1, 1.0, DBL_EPSILON, &d));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "scale nan",
                 rst_divergence_measure(context, &two, 2, 1, NAN, DBL_EPSILON, &d));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "epsilon -1",
                 rst_divergence_measure(context, &two, 2, 1, 1.0, -1.0, &d));
  ck_assert_int_eq(d.saturation, 7);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("divergence");
  TCase *tests = tcase_create("divergence");
  tcase_add_loop_test(tests, an_exponential_up_to_a_plateau_gives_its_rate_and_its_iterations, 0, 6);
  tcase_add_test(tests, zeros_after_the_first_difference_are_left_out);
  tcase_add_test(tests, the_error_of_the_rate_is_that_of_least_squares);
  tcase_add_test(tests, a_difference_at_rounding_level_does_not_grow);
  tcase_add_test(tests, rounding_ends_at_a_thousand_units);
  tcase_add_test(tests, equal_twins_have_no_difference);
  tcase_add_loop_test(tests, a_twin_that_blows_up_saturates_there, 0, 2);
  tcase_add_test(tests, a_jump_has_no_growing_phase);
  tcase_add_test(tests, none_and_one_distance_are_no_run);
  tcase_add_loop_test(tests, logistic_twins_one_unit_apart_grow_by_two, 0, 8);
  tcase_add_test(tests, meaningless_arguments_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
