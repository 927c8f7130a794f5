/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdio.h>

#include "activation/activation_kernels.h"
#include "core/core.h"
#include "restrain/activation.h"

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISIONS = sizeof precisions / sizeof *precisions, ORDERS = 3 };

static const double betas[] = {1.0, 0.5, 4.0, -2.0};
enum { BETAS = sizeof betas / sizeof *betas };

/* What s, s', s'' must do at either end of the real line; s(-z; -beta) = mirror s(z; beta), 0 where there is no beta. */
static const struct expectation {
  const char *name;
  double at_minus_infinity[ORDERS], at_infinity[ORDERS];
  double mirror;
} expectations[] = {
    {"swish", {0, 0, 0}, {INFINITY, 1, 0}, -1},    {"tanh", {-1, 0, 0}, {1, 0, 0}, 1},
    {"softplus", {0, 0, 0}, {INFINITY, 1, 0}, -1}, {"gelu", {0, 0, 0}, {INFINITY, 1, 0}, 0},
    {"relu", {0, 0, 0}, {INFINITY, 1, 0}, 0},      {"identity", {-INFINITY, 1, 0}, {INFINITY, 1, 0}, 0},
};
enum { ACTIVATIONS = sizeof expectations / sizeof *expectations };

static const struct rst_activation *activation_at(int index) {
  const struct rst_activation *activation = rst_activation_find(expectations[index].name);
  ck_assert_ptr_nonnull(activation);
  return activation;
}

static struct rst_field *field_of(struct rst_context *context, enum rst_precision precision, size_t ny,
                                  size_t nx) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, ny, nx, &field));
  return field;
}

/* Fields for s, s', s'' at the points z. */
static void create_results(struct rst_context *context, const struct rst_field *z,
                           struct rst_field *results[ORDERS]) {
  for (size_t o = 0; o < ORDERS; ++o) {
    RST_TEST_OK(context, rst_field_create_like(context, z, &results[o]));
  }
}

static void destroy_results(struct rst_field *results[ORDERS]) {
  for (size_t o = 0; o < ORDERS; ++o) {
    rst_field_destroy(&results[o]);
  }
}

static bool same_bits(const struct rst_field *x, const struct rst_field *y) {
  return memcmp(x->data, y->data, rst_field_count(x) * rst_precision_size(x->precision)) == 0;
}

/* s, s', s'' at one value. */
static void evaluate_at(struct rst_context *context, const struct rst_activation *activation, double beta,
                        enum rst_precision precision, double z, double values[ORDERS]) {
  struct rst_field *fields[ORDERS + 1];
  for (size_t o = 0; o <= ORDERS; ++o) {
    fields[o] = field_of(context, precision, 1, 1);
  }
  rst_field_set(fields[ORDERS], 0, 0, z);
  rst_activation_evaluate(NULL, activation, beta, fields[ORDERS], fields[0], fields[1], fields[2], NULL);
  for (size_t o = 0; o < ORDERS; ++o) {
    values[o] = rst_field_get(fields[o], 0, 0);
  }
  for (size_t o = 0; o <= ORDERS; ++o) {
    rst_field_destroy(&fields[o]);
  }
}

START_TEST(every_name_is_found) {
  const char *const *names = rst_activation_names();
  size_t count = 0;
  for (; names[count]; ++count) {
    ck_assert_str_eq(rst_activation_name(rst_activation_find(names[count])), names[count]);
  }
  ck_assert_uint_eq(count, ACTIVATIONS); /* an activation without expectations here would go untested */
  ck_assert_ptr_null(rst_activation_find("sigmoid"));
  ck_assert_ptr_null(rst_activation_find(NULL));
}
END_TEST

enum { POINTS_Y = 41, POINTS_X = 301, POINTS = POINTS_Y * POINTS_X };

/* Points of all sizes: even and odd rows have other signs, each row a range of its own, up to where the
 * exponential underflows. */
static struct rst_field *points(struct rst_context *context, enum rst_precision precision) {
  struct rst_field *z = field_of(context, precision, POINTS_Y, POINTS_X);
  rst_test_noise(9, z);
  for (size_t y = 0; y < POINTS_Y; ++y) {
    for (size_t x = 0; x < POINTS_X; ++x) {
      rst_field_set(z, y, x, rst_field_get(z, y, x) * ldexp(800.0, -(int)y));
    }
  }
  return z;
}

/* Central differences: error h^2/6 |s'''| + eps/h, with derivatives of order beta^k. */
START_TEST(derivatives_agree_with_differences) {
  struct rst_context *context = rst_test_context();
  const double h = 0x1p-16;
  for (size_t b = 0; b < BETAS; ++b) {
    for (int i = 0; i < 33; ++i) {
      const double z = -6.03 + 0.37 * i;
      double at[ORDERS];
      double below[ORDERS];
      double above[ORDERS];
      evaluate_at(context, activation_at(_i), betas[b], RST_PRECISION_DOUBLE, z, at);
      evaluate_at(context, activation_at(_i), betas[b], RST_PRECISION_DOUBLE, z - h, below);
      evaluate_at(context, activation_at(_i), betas[b], RST_PRECISION_DOUBLE, z + h, above);
      for (size_t o = 0; o + 1 < ORDERS; ++o) {
        const double difference = (above[o] - below[o]) / (2 * h);
        const double bound = h * h * pow(fabs(betas[b]), (double)o + 3) +
                             8 * DBL_EPSILON * (1 + fabs(z)) * pow(fabs(betas[b]), (double)o) / h;
        ck_assert_msg(fabs(difference - at[o + 1]) <= bound,
                      "%s, beta = %g, z = %g: derivative %zu is %.17g, difference %.17g",
                      expectations[_i].name, betas[b], z, o + 1, at[o + 1], difference);
      }
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(extremes_give_the_limits) {
  struct rst_context *context = rst_test_context();
  const struct expectation *expected = &expectations[_i];
  for (size_t p = 0; p < PRECISIONS; ++p) {
    const double largest = precisions[p] == RST_PRECISION_FLOAT ? (double)FLT_MAX : DBL_MAX;
    const double ends[] = {INFINITY, largest, 1e-3 * largest, 1e30};
    for (size_t b = 0; b < BETAS && betas[b] > 0; ++b) {
      for (size_t e = 0; e < sizeof ends / sizeof *ends; ++e) {
        double minus[ORDERS];
        double plus[ORDERS];
        evaluate_at(context, activation_at(_i), betas[b], precisions[p], -ends[e], minus);
        evaluate_at(context, activation_at(_i), betas[b], precisions[p], ends[e], plus);
        for (size_t o = 0; o < ORDERS; ++o) {
          /* An infinite limit is approached as z itself. */
          const double end = precisions[p] == RST_PRECISION_FLOAT ? (double)(float)ends[e] : ends[e];
          const double low = isinf(expected->at_minus_infinity[o]) ? -end : expected->at_minus_infinity[o];
          const double high = isinf(expected->at_infinity[o]) ? end : expected->at_infinity[o];
          ck_assert_msg(minus[o] == low && plus[o] == high,
                        "%s, beta = %g, |z| = %g: derivative %zu is %g and %g, not %g and %g", expected->name,
                        betas[b], ends[e], o, minus[o], plus[o], low, high);
        }
      }
    }
    double values[ORDERS];
    evaluate_at(context, activation_at(_i), 1.0, precisions[p], NAN, values);
    ck_assert(isnan(values[0]) && isnan(values[1]) && isnan(values[2]));
  }
  rst_context_destroy(&context);
}
END_TEST

/* An element's value depends neither on its place (vector or rest of a loop) nor on what else is asked, and
 * an output may be the input. */
START_TEST(place_and_aliasing_do_not_matter) {
  struct rst_context *context = rst_test_context();
  for (size_t p = 0; p < PRECISIONS; ++p) {
    struct rst_field *z = points(context, precisions[p]);
    struct rst_field *all[ORDERS];
    create_results(context, z, all);
    rst_activation_evaluate(NULL, activation_at(_i), 1.0, z, all[0], all[1], all[2], NULL);
    for (size_t o = 0; o < ORDERS; ++o) {
      struct rst_field *alias = field_of(context, precisions[p], POINTS_Y, POINTS_X);
      rst_field_copy(z, alias);
      rst_activation_evaluate(NULL, activation_at(_i), 1.0, alias, o == 0 ? alias : NULL,
                              o == 1 ? alias : NULL, o == 2 ? alias : NULL, NULL);
      ck_assert(same_bits(alias, all[o]));
      rst_field_destroy(&alias);
    }
    for (size_t i = 0; i < POINTS; i += 97) {
      double values[ORDERS];
      evaluate_at(context, activation_at(_i), 1.0, precisions[p],
                  rst_field_get(z, i / POINTS_X, i % POINTS_X), values);
      for (size_t o = 0; o < ORDERS; ++o) {
        ck_assert(values[o] == rst_field_get(all[o], i / POINTS_X, i % POINTS_X));
      }
    }
    destroy_results(all);
    rst_field_destroy(&z);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Numbers of all kinds, enough for several blocks of the loops. */
static struct rst_field *points_and_extremes(struct rst_context *context, enum rst_precision precision) {
  const double largest = precision == RST_PRECISION_FLOAT ? (double)FLT_MAX : DBL_MAX;
  const double smallest = precision == RST_PRECISION_FLOAT ? (double)FLT_TRUE_MIN : DBL_TRUE_MIN;
  const double special[] = {0.0, smallest, largest, INFINITY};
  struct rst_field *z = points(context, precision);
  for (size_t i = 0; i < sizeof special / sizeof *special; ++i) {
    rst_field_set(z, 0, 2 * i, special[i]);
    rst_field_set(z, 0, 2 * i + 1, -special[i]);
  }
  return z;
}

START_TEST(a_negative_beta_mirrors) {
  struct rst_context *context = rst_test_context();
  for (size_t p = 0; p < PRECISIONS && expectations[_i].mirror != 0; ++p) {
    struct rst_field *z = points_and_extremes(context, precisions[p]);
    struct rst_field *plus[ORDERS];
    struct rst_field *minus[ORDERS];
    create_results(context, z, plus);
    create_results(context, z, minus);
    rst_activation_evaluate(NULL, activation_at(_i), 1.5, z, plus[0], plus[1], plus[2], NULL);
    rst_field_scale(-1.0, z);
    rst_activation_evaluate(NULL, activation_at(_i), -1.5, z, minus[0], minus[1], minus[2], NULL);
    for (size_t i = 0; i < POINTS; ++i) {
      for (size_t o = 0; o < ORDERS; ++o) {
        const double sign = o == 1 ? -expectations[_i].mirror : expectations[_i].mirror;
        const double value = rst_field_get(minus[o], i / POINTS_X, i % POINTS_X);
        const double mirrored = sign * rst_field_get(plus[o], i / POINTS_X, i % POINTS_X);
        ck_assert_msg(value == mirrored, "%s, beta = -1.5, z = %g: derivative %zu is %.17g, not %.17g",
                      expectations[_i].name, rst_field_get(z, i / POINTS_X, i % POINTS_X), o, value,
                      mirrored);
      }
    }
    destroy_results(plus);
    destroy_results(minus);
    rst_field_destroy(&z);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(instruction_sets_give_the_same_bits) {
  struct rst_context *context = rst_test_context();
  for (size_t p = 0; p < PRECISIONS; ++p) {
    const struct rst_activation_operations *const sets = precisions[p] == RST_PRECISION_FLOAT
                                                             ? rst_activation_operations_float
                                                             : rst_activation_operations_double;
    const struct rst_activation_operations *const any = &sets[RST_VECTORS_OF_ALL];
    struct rst_field *z = points_and_extremes(context, precisions[p]);
    struct rst_field *results[2][ORDERS];
    create_results(context, z, results[0]);
    create_results(context, z, results[1]);
    any->evaluate((size_t)_i, 1.7, POINTS, z->data, results[0][0]->data, results[0][1]->data,
                  results[0][2]->data);
    for (enum rst_vectors vectors = rst_vectors_widest(); vectors < RST_VECTORS_OF_ALL; ++vectors) {
      sets[vectors].evaluate((size_t)_i, 1.7, POINTS, z->data, results[1][0]->data, results[1][1]->data,
                             results[1][2]->data);
      for (size_t o = 0; o < ORDERS; ++o) {
        ck_assert_msg(same_bits(results[0][o], results[1][o]),
                      "%s, derivative %zu: instruction set %d differs", expectations[_i].name, o,
                      (int)vectors);
      }
      const void *slopes = results[0][1]->data;
      ck_assert(sets[vectors].sum(POINTS - 3, slopes) == any->sum(POINTS - 3, slopes));
    }
    destroy_results(results[0]);
    destroy_results(results[1]);
    rst_field_destroy(&z);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Of one block, of two parts, and of the most parts, which are not of one length. */
START_TEST(threads_give_the_same_bits) {
  enum { SHAPES = 3, MOST_THREADS = 5 };
  static const size_t shapes[SHAPES][2] = {{3, 5}, {131, 127}, {803, 801}};
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < SHAPES * PRECISIONS; ++i) {
    const size_t *shape = shapes[i / PRECISIONS];
    struct rst_field *z = field_of(context, precisions[i % PRECISIONS], shape[0], shape[1]);
    struct rst_field *results[2][ORDERS];
    double sums[2];
    rst_test_noise(3, z);
    create_results(context, z, results[0]);
    create_results(context, z, results[1]);
    for (int threads = 1; threads <= MOST_THREADS; ++threads) {
      struct rst_field **to = results[threads > 1];
      RST_TEST_OK(context, rst_context_set_threads(context, threads));
      rst_activation_evaluate(context, activation_at(_i), 1.0, z, to[0], to[1], to[2], &sums[threads > 1]);
      for (size_t o = 0; o < ORDERS && threads > 1; ++o) {
        ck_assert(same_bits(to[o], results[0][o]));
        rst_field_fill(NAN, to[o]);
      }
      ck_assert(threads == 1 || sums[1] == sums[0]);
    }
    destroy_results(results[0]);
    destroy_results(results[1]);
    rst_field_destroy(&z);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(sum_is_accumulated_in_double) {
  static const size_t shapes[][2] = {{1, 1}, {3, 5}, {1, 255}, {1, 256}, {1, 257}, {41, 501}};
  struct rst_context *context = rst_test_context();
  for (size_t p = 0; p < PRECISIONS; ++p) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
      struct rst_field *z = field_of(context, precisions[p], shapes[i][0], shapes[i][1]);
      struct rst_field *s = field_of(context, precisions[p], shapes[i][0], shapes[i][1]);
      rst_test_noise(3, z);
      rst_field_scale(10.0, z);
      double sum = NAN;
      double sum_alone = NAN;
      rst_activation_evaluate(NULL, activation_at(_i), 1.0, z, s, NULL, NULL, &sum);
      rst_activation_evaluate(NULL, activation_at(_i), 1.0, z, NULL, NULL, NULL, &sum_alone);
      ck_assert(sum == sum_alone);
      long double expected = 0;
      long double size = 0;
      for (size_t y = 0; y < s->ny; ++y) {
        for (size_t x = 0; x < s->nx; ++x) {
          expected += (long double)rst_field_get(s, y, x);
          size += fabsl((long double)rst_field_get(s, y, x));
        }
      }
      /* Partial sums of a block, then of the blocks: far fewer roundings in a row than elements. */
      ck_assert_ldouble_le(fabsl(sum - expected), 32 * (long double)DBL_EPSILON * size);
      rst_field_destroy(&z);
      rst_field_destroy(&s);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("activation");
  TCase *cases = tcase_create("activation");
  tcase_add_test(cases, every_name_is_found);
  tcase_add_loop_test(cases, derivatives_agree_with_differences, 0, ACTIVATIONS);
  tcase_add_loop_test(cases, extremes_give_the_limits, 0, ACTIVATIONS);
  tcase_add_loop_test(cases, place_and_aliasing_do_not_matter, 0, ACTIVATIONS);
  tcase_add_loop_test(cases, a_negative_beta_mirrors, 0, ACTIVATIONS);
  tcase_add_loop_test(cases, instruction_sets_give_the_same_bits, 0, ACTIVATIONS);
  tcase_add_loop_test(cases, threads_give_the_same_bits, 0, ACTIVATIONS);
  tcase_add_loop_test(cases, sum_is_accumulated_in_double, 0, ACTIVATIONS);
  suite_add_tcase(suite, cases);
  return rst_test_run(suite);
}
