/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "restrain/regime.h"
#include "run/running_means.h"
#include "support.h"

enum { GROUPS = RST_RUNNING_GROUPS, MANY = 37 * GROUPS + 5 };

/* Two quantities; the second is the first one, which wanders, times 3 less what is like noise. */
static void fill(int count, double *x, double *y) {
  for (int i = 0; i < count; ++i) {
    x[i] = 2.0 + sin(0.013 * i) + 0.5 * cos(1.7 * i * i);
    y[i] = 3.0 * x[i] - cos(1.3 * i * i);
  }
}

static struct rst_field *means_of(struct rst_context *context, int count, const double *x, const double *y) {
  struct rst_field *means = NULL;
  RST_TEST_OK(context, rst_running_means_create(context, 2, &means));
  rst_running_means_clear(means);
  for (int i = 0; i < count; ++i) {
    rst_running_means_add((const double[]){x[i], y[i]}, means);
  }
  return means;
}

static double mean_of(int count, const double *x) {
  double sum = 0.0;
  for (int i = 0; i < count; ++i) {
    sum += x[i];
  }
  return sum / count;
}

/* As long as each number is a group of its own, errors are those of the numbers themselves. */
START_TEST(few_numbers_are_kept) {
  enum { COUNT = GROUPS };
  struct rst_context *context = rst_test_context();
  double x[COUNT];
  double y[COUNT];
  double mean = 0.0;
  double error = 0.0;
  fill(COUNT, x, y);
  struct rst_field *means = means_of(context, COUNT, x, y);
  rst_block_mean(&(const struct rst_sequence){.values = x}, 0, COUNT, &mean, &error);
  rst_test_close(rst_running_means_mean(means, 0), mean, 1e-14);
  rst_test_close(rst_running_means_error(means, 0), error, 1e-12);
  rst_field_destroy(&means);
  means = means_of(context, 31, x, y);
  ck_assert(isnan(rst_running_means_error(means, 0)));
  rst_running_means_clear(means);
  ck_assert(isnan(rst_running_means_mean(means, 0)));
  rst_field_destroy(&means);
  rst_context_destroy(&context);
}
END_TEST

/* Of any number, means are exact, and errors those of blocks that end within a group of where they would. */
START_TEST(many_numbers_are_joined) {
  struct rst_context *context = rst_test_context();
  static double x[MANY];
  static double y[MANY];
  double mean = 0.0;
  double error = 0.0;
  fill(MANY, x, y);
  struct rst_field *means = means_of(context, MANY, x, y);
  rst_block_mean(&(const struct rst_sequence){.values = y}, 0, MANY, &mean, &error);
  rst_test_close(rst_running_means_mean(means, 1), mean_of(MANY, y), 1e-13);
  rst_test_close(rst_running_means_error(means, 1), error, 0.1);
  rst_field_destroy(&means);
  rst_context_destroy(&context);
}
END_TEST

/* The ratio of means, whose error is that of the mean of y - ratio x; a ratio of proportional numbers has none. */
START_TEST(ratios_are_those_of_means) {
  struct rst_context *context = rst_test_context();
  static double x[MANY];
  static double y[MANY];
  static double rest[MANY];
  double ratio = 0.0;
  double error = 0.0;
  double mean = 0.0;
  double expected = 0.0;
  fill(MANY, x, y);
  struct rst_field *means = means_of(context, MANY, x, y);
  rst_running_means_ratio(means, 1, 0, &ratio, &error);
  rst_test_close(ratio, mean_of(MANY, y) / mean_of(MANY, x), 1e-13);
  for (int i = 0; i < MANY; ++i) {
    rest[i] = y[i] - ratio * x[i];
  }
  rst_block_mean(&(const struct rst_sequence){.values = rest}, 0, MANY, &mean, &expected);
  rst_test_close(error, expected / mean_of(MANY, x), 0.2);
  rst_field_destroy(&means);
  means = means_of(context, MANY, x, x);
  rst_running_means_ratio(means, 1, 0, &ratio, &error);
  ck_assert_double_eq(ratio, 1.0);
  ck_assert_double_eq(error, 0.0);
  rst_field_destroy(&means);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("running_means");
  TCase *tests = tcase_create("running_means");
  tcase_add_test(tests, few_numbers_are_kept);
  tcase_add_test(tests, many_numbers_are_joined);
  tcase_add_test(tests, ratios_are_those_of_means);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
