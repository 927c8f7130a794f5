/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "restrain/field.h"

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISION_COUNT = 2, NY = 5, NX = 7 };

static struct rst_field *sample(struct rst_context *context, enum rst_precision precision, double phase) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, NY, NX, &field));
  for (size_t y = 0; y < NY; ++y) {
    for (size_t x = 0; x < NX; ++x) {
      rst_field_set(field, y, x, sin(phase + 1.7 * (double)y + 0.9 * (double)x));
    }
  }
  return field;
}

/* u - (lr q)(g/q) against an evaluation that the compiler cannot fold: every intermediate goes through
 * memory. */
START_TEST(descend_rounds_every_operation) {
  struct rst_context *context = rst_test_context();
  const double divisors[] = {1, 3, 5, 7, 9, 11};
  const double lr = 0.07;
  int moved = 0;
  for (size_t d = 0; d < sizeof divisors / sizeof *divisors; ++d) {
    struct rst_field *u = sample(context, precisions[_i], 0.1);
    struct rst_field *g = sample(context, precisions[_i], 2.3);
    struct rst_field *before = sample(context, precisions[_i], 0.1);
    rst_field_descend(lr, divisors[d], g, u);
    for (size_t y = 0; y < NY; ++y) {
      for (size_t x = 0; x < NX; ++x) {
        double expected = NAN;
        double plain = NAN;
        if (precisions[_i] == RST_PRECISION_FLOAT) {
          volatile float q = (float)divisors[d];
          volatile float factor = (float)lr;
          factor = factor * q;
          volatile float quotient = (float)rst_field_get(g, y, x);
          quotient = quotient / q;
          volatile float product = factor * quotient;
          volatile float value = (float)rst_field_get(before, y, x);
          value = value - product;
          expected = (double)value;
          volatile float step = (float)lr * (float)rst_field_get(g, y, x);
          volatile float direct = (float)rst_field_get(before, y, x) - step;
          plain = (double)direct;
        } else {
          volatile double q = divisors[d];
          volatile double factor = lr * q;
          volatile double quotient = rst_field_get(g, y, x) / q;
          volatile double product = factor * quotient;
          volatile double value = rst_field_get(before, y, x) - product;
          expected = value;
          volatile double step = lr * rst_field_get(g, y, x);
          volatile double direct = rst_field_get(before, y, x) - step;
          plain = direct;
        }
        const double actual = rst_field_get(u, y, x);
        ck_assert_msg(actual == expected, "q = %g: %a instead of %a", divisors[d], actual, expected);
        moved += actual != plain;
        if (divisors[d] == 1) {
          ck_assert(actual == plain);
        }
      }
    }
    rst_field_destroy(&before);
    rst_field_destroy(&g);
    rst_field_destroy(&u);
  }
  /* If no last bit ever moved, the perturbation under study would not exist. */
  ck_assert_int_gt(moved, 0);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(norms_neither_overflow_nor_underflow) {
  struct rst_context *context = rst_test_context();
  struct rst_field *u = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, 4, &u));
  const double magnitudes[] = {1.0, 1e300, 1e-300};
  for (size_t i = 0; i < 3; ++i) {
    rst_field_fill(magnitudes[i], u);
    ck_assert_double_eq_tol(rst_field_norm(u) / magnitudes[i], 2.0, 4 * DBL_EPSILON);
  }
  rst_field_set(u, 0, 2, NAN);
  ck_assert_double_nan(rst_field_norm(u));
  ck_assert_double_nan(rst_field_max_abs(u));
  ck_assert(!rst_field_is_finite(u));
  rst_field_set(u, 0, 2, INFINITY);
  ck_assert_double_infinite(rst_field_norm(u));
  ck_assert(!rst_field_is_finite(u));
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(operations_agree_with_their_formulas) {
  struct rst_context *context = rst_test_context();
  const double unit = precisions[_i] == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  struct rst_field *x = sample(context, precisions[_i], 0.3);
  struct rst_field *y = sample(context, precisions[_i], 1.1);
  double dot = 0.0;
  double sum = 0.0;
  double square = 0.0;
  for (size_t i = 0; i < NY; ++i) {
    for (size_t j = 0; j < NX; ++j) {
      const double a = rst_field_get(x, i, j);
      const double b = rst_field_get(y, i, j);
      dot += a * b;
      sum += a;
      square += (a - b) * (a - b);
    }
  }
  ck_assert_double_eq_tol(rst_field_dot(x, y), dot, 1e-14);
  ck_assert_double_eq_tol(rst_field_sum(x), sum, 1e-14);
  ck_assert_double_eq_tol(rst_field_distance(x, y), sqrt(square), 1e-14);
  const double a = rst_field_get(x, 2, 3);
  const double b = rst_field_get(y, 2, 3);
  rst_field_axpy(0.25, x, y);
  ck_assert_double_eq_tol(rst_field_get(y, 2, 3), b + 0.25 * a, 2 * unit);
  rst_field_axpby(2.0, x, -1.0, y);
  ck_assert_double_eq_tol(rst_field_get(y, 2, 3), 2 * a - b - 0.25 * a, 4 * unit);
  rst_field_scale(-3.0, y);
  ck_assert_double_eq_tol(rst_field_get(y, 2, 3), -3 * (2 * a - b - 0.25 * a), 16 * unit);
  rst_field_destroy(&y);
  rst_field_destroy(&x);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(impossible_shapes_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_field *field = NULL;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "0 x 3",
                 rst_field_create(context, RST_PRECISION_DOUBLE, 0, 3, &field));
  ck_assert_ptr_null(field);
  RST_TEST_FAILS(context, RST_ERROR_MEMORY, "memory is exhausted",
                 rst_field_create(context, RST_PRECISION_DOUBLE, (size_t)1 << 31, (size_t)1 << 31, &field));
  ck_assert_ptr_null(field);
  rst_field_destroy(&field);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(relative_difference_is_the_published_one) {
  struct rst_context *context = rst_test_context();
  struct rst_field *x = sample(context, precisions[_i], 0.1);
  struct rst_field *y = sample(context, precisions[_i], 2.3);
  struct rst_field *difference = sample(context, precisions[_i], 0.0);
  rst_field_set(x, 1, 1, 0.0);
  rst_field_set(y, 1, 1, 0.0);
  rst_field_set(x, 2, 3, 0.0);
  rst_field_relative_difference(x, y, difference);
  double sum = 0.0;
  for (size_t i = 0; i < NY; ++i) {
    for (size_t j = 0; j < NX; ++j) {
      const double a = rst_field_get(x, i, j);
      const double b = rst_field_get(y, i, j);
      const double expected = i == 1 && j == 1 ? 0.0 : 2.0 * fabs(a - b) / (fabs(a) + fabs(b));
      ck_assert_double_eq_tol(rst_field_get(difference, i, j), expected, 2e-7);
      sum += expected;
    }
  }
  ck_assert_double_eq(rst_field_get(difference, 2, 3), 2.0);
  ck_assert_double_eq_tol(rst_field_relative_distance(x, y), sum / (NY * NX), 1e-14);
  ck_assert_double_eq(rst_field_relative_distance(x, x), 0.0);
  rst_field_set(y, 0, 0, NAN);
  ck_assert(isnan(rst_field_relative_distance(x, y)));
  rst_field_destroy(&x);
  rst_field_destroy(&y);
  rst_field_destroy(&difference);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("field");
  TCase *tests = tcase_create("field");
  tcase_add_loop_test(tests, relative_difference_is_the_published_one, 0, PRECISION_COUNT);
  tcase_add_loop_test(tests, descend_rounds_every_operation, 0, PRECISION_COUNT);
  tcase_add_loop_test(tests, operations_agree_with_their_formulas, 0, PRECISION_COUNT);
  tcase_add_test(tests, norms_neither_overflow_nor_underflow);
  tcase_add_test(tests, impossible_shapes_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
