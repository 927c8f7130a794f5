/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdlib.h>

#include "data/numpy_normal.h"
#include "restrain/image.h"

enum { RECORD_COUNT = sizeof numpy_normals / sizeof *numpy_normals };

START_TEST(equal_to_numpy_bit_for_bit) {
  struct rst_context *context = rst_test_context();
  const struct numpy_normal *record = &numpy_normals[_i];
  const size_t count = record->first + record->count;
  double *values = calloc(count, sizeof *values);
  RST_TEST_OK(context, rst_random_normal(context, record->seed, count, values));
  for (size_t i = 0; i < record->count; ++i) {
    const double actual = values[record->first + i];
    ck_assert_msg(actual == record->values[i], "seed %u, number %zu: %a, not %a", (unsigned)record->seed,
                  record->first + i, actual, record->values[i]);
  }
  free(values);
  rst_context_destroy(&context);
}
END_TEST

/* numpy.random.seed(7); numpy.random.random_sample(3) */
START_TEST(uniform_numbers_are_those_of_numpy) {
  static const double expected[] = {0x1.388f0a7465c98p-4, 0x1.8f5184146a0a7p-1, 0x1.c0ee597d36686p-2};
  struct rst_context *context = rst_test_context();
  double values[3] = {0};
  RST_TEST_OK(context, rst_random_uniform(context, 7, 3, values));
  for (size_t i = 0; i < sizeof expected / sizeof *expected; ++i) {
    ck_assert(values[i] == expected[i]);
  }
  rst_context_destroy(&context);
}
END_TEST

/* randn(5) is the beginning of randn(6): the second of the last pair is dropped, not the first. */
START_TEST(odd_counts_are_prefixes) {
  struct rst_context *context = rst_test_context();
  double five[6] = {0, 0, 0, 0, 0, 99.0};
  double six[6] = {0};
  RST_TEST_OK(context, rst_random_normal(context, 7, 5, five));
  RST_TEST_OK(context, rst_random_normal(context, 7, 6, six));
  ck_assert_mem_eq(five, six, 5 * sizeof *six);
  ck_assert(five[5] == 99.0);
  RST_TEST_OK(context, rst_random_normal(context, 7, 0, NULL));
  rst_context_destroy(&context);
}
END_TEST

/* Mean, variance, third and fourth moment, within five standard errors. */
START_TEST(moments_are_those_of_the_normal_distribution) {
  enum { COUNT = 200000 };
  struct rst_context *context = rst_test_context();
  double *values = calloc(COUNT, sizeof *values);
  RST_TEST_OK(context, rst_random_normal(context, 2024, COUNT, values));
  double moment[5] = {0};
  for (size_t i = 0; i < COUNT; ++i) {
    for (int power = 1; power <= 4; ++power) {
      moment[power] += pow(values[i], power) / COUNT;
    }
  }
  const double expected[] = {1, 0, 1, 0, 3};
  const double variance[] = {0, 1, 2, 15, 96};
  for (int power = 1; power <= 4; ++power) {
    ck_assert_double_eq_tol(moment[power], expected[power], 5 * sqrt(variance[power] / COUNT));
  }
  free(values);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("random");
  TCase *tests = tcase_create("random");
  tcase_add_loop_test(tests, equal_to_numpy_bit_for_bit, 0, RECORD_COUNT);
  tcase_add_test(tests, uniform_numbers_are_those_of_numpy);
  tcase_add_test(tests, odd_counts_are_prefixes);
  tcase_add_test(tests, moments_are_those_of_the_normal_distribution);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
