/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "krylov/phi.h"

/* Q diag(values) Q with the reflection Q = I - 2 w w^T of a fixed unit vector w. */
enum { N = 60 };
struct matrix {
  double values[N], w[N];
};

static void multiply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct matrix *matrix = user;
  double *to = product->data;
  rst_field_copy(v, product);
  rst_test_reflect(N, matrix->w, to);
  for (size_t i = 0; i < N; ++i) {
    to[i] *= matrix->values[i];
  }
  rst_test_reflect(N, matrix->w, to);
}

/* Eigenvalues from `low` to `high`, of `distinct` values. */
static struct matrix make_matrix(double low, double high, size_t distinct) {
  struct matrix matrix = {.values = {0}};
  double length = 0.0;
  for (size_t i = 0; i < N; ++i) {
    matrix.w[i] = sin((double)(i * i + 1));
    length += matrix.w[i] * matrix.w[i];
    matrix.values[i] = low + (high - low) * (double)(i % distinct) / (double)(distinct - 1);
  }
  for (size_t i = 0; i < N; ++i) {
    matrix.w[i] /= sqrt(length);
  }
  return matrix;
}

/* |result - t phi_order(-t A) v| / |result|, the function taken eigenvalue by eigenvalue. */
static double error_of(const struct matrix *matrix, int order, double t, const struct rst_field *v,
                       const struct rst_field *result) {
  double exact[N];
  double difference = 0.0;
  double size = 0.0;
  memcpy(exact, v->data, sizeof exact);
  rst_test_reflect(N, matrix->w, exact);
  for (size_t i = 0; i < N; ++i) {
    exact[i] *= t * rst_phi(order, -t * matrix->values[i]);
  }
  rst_test_reflect(N, matrix->w, exact);
  for (size_t i = 0; i < N; ++i) {
    difference += pow(exact[i] - rst_field_get(result, 0, i), 2);
    size += exact[i] * exact[i];
  }
  return sqrt(difference / size);
}

struct bench {
  struct rst_context *context;
  struct rst_field *v, *result;
  struct rst_krylov *krylov;
};

static struct bench set_up(void) {
  struct bench bench = {.context = rst_test_context()};
  RST_TEST_OK(bench.context, rst_field_create(bench.context, RST_PRECISION_DOUBLE, 1, N, &bench.v));
  RST_TEST_OK(bench.context, rst_field_create(bench.context, RST_PRECISION_DOUBLE, 1, N, &bench.result));
  RST_TEST_OK(bench.context, rst_krylov_create(bench.context, bench.v, &bench.krylov));
  rst_test_noise(3, bench.v);
  return bench;
}

static void tear_down(struct bench *bench) {
  rst_krylov_destroy(&bench->krylov);
  rst_field_destroy(&bench->result);
  rst_field_destroy(&bench->v);
  rst_context_destroy(&bench->context);
}

/* phi_1 = (e^z - 1)/z, and the recurrence upwards from the value at 0; both branches of the evaluation meet at |z| = 1. */
START_TEST(phi_is_its_definition) {
  const double factorials[] = {1, 1, 2, 6, 24};
  for (int k = 0; k <= 4; ++k) {
    ck_assert_double_eq_tol(rst_phi(k, 0.0), 1 / factorials[k], 1e-16);
    for (int i = -400; i <= 40; ++i) {
      const double z = 0.0917 * i;
      rst_test_close(rst_phi(k, z), k == 0 ? exp(z) : rst_phi(k, z), 1e-15);
      if (fabs(z) > 0.3 && k < 4) {
        rst_test_close(rst_phi(k + 1, z), (rst_phi(k, z) - 1 / factorials[k]) / z, 1e-11);
      }
    }
    rst_test_close(rst_phi(k, 1 - 1e-12), rst_phi(k, 1 + 1e-12), 1e-11);
    rst_test_close(rst_phi(k, -1 + 1e-12), rst_phi(k, -1 - 1e-12), 1e-11);
  }
  rst_test_close(rst_phi(1, 1e-5), expm1(1e-5) / 1e-5, 1e-14);
}
END_TEST

START_TEST(krylov_functions_are_those_of_the_eigenvalues) {
  const struct {
    double low, high;
    size_t distinct;
  } spectra[] = {{0.1, 5, N}, {-1, 5, N}, {1e-4, 60, 3}, {-3, -1, 7}};
  struct bench bench = set_up();
  for (size_t i = 0; i < sizeof spectra / sizeof *spectra; ++i) {
    struct matrix matrix = make_matrix(spectra[i].low, spectra[i].high, spectra[i].distinct);
    rst_krylov_begin(bench.krylov, multiply, &matrix, bench.v);
    for (int order = 1; order <= 3; ++order) {
      for (int decade = -3; decade < 4; ++decade) {
        const double wanted = pow(10.0, decade);
        double t = wanted;
        double smallest = 0.0;
        double largest = 0.0;
        RST_TEST_OK(bench.context, rst_krylov_phi(bench.krylov, order, 1e-6, &t, bench.result));
        ck_assert_double_gt(t, 0.0);
        ck_assert_double_le(t, wanted);
        ck_assert(t == wanted || spectra[i].low < 0 || t * spectra[i].high > 100);
        ck_assert_double_lt(error_of(&matrix, order, t, bench.v, bench.result), 1e-5);
        rst_krylov_ritz(bench.krylov, &smallest, &largest);
        ck_assert_double_ge(smallest, spectra[i].low - 1e-9);
        ck_assert_double_le(largest, spectra[i].high + 1e-9);
      }
    }
  }
  tear_down(&bench);
}
END_TEST

/* t phi_1(-t A) v tends to A^-1 v. */
START_TEST(long_times_solve_the_linear_system) {
  struct bench bench = set_up();
  struct matrix matrix = make_matrix(0.5, 8, 9);
  struct rst_field *back = NULL;
  double t = 1e300;
  RST_TEST_OK(bench.context, rst_field_create_like(bench.context, bench.v, &back));
  rst_krylov_begin(bench.krylov, multiply, &matrix, bench.v);
  RST_TEST_OK(bench.context, rst_krylov_phi(bench.krylov, 1, 1e-12, &t, bench.result));
  multiply(&matrix, bench.result, back);
  ck_assert_double_lt(rst_field_distance(back, bench.v), 1e-11 * rst_field_norm(bench.v));
  ck_assert_int_le(rst_krylov_products(bench.krylov), 10); /* nine different eigenvalues */
  rst_field_destroy(&back);
  tear_down(&bench);
}
END_TEST

START_TEST(nothing_gives_nothing_and_overflow_is_told) {
  struct bench bench = set_up();
  struct matrix matrix = make_matrix(1, INFINITY, 4);
  double t = 1.0;
  RST_TEST_FAILS(bench.context, RST_ERROR_NUMERIC, "overflows",
                 (rst_krylov_begin(bench.krylov, multiply, &matrix, bench.v),
                  rst_krylov_phi(bench.krylov, 1, 1e-6, &t, bench.result)));
  rst_field_fill(0.0, bench.v);
  rst_krylov_begin(bench.krylov, multiply, &matrix, bench.v);
  RST_TEST_OK(bench.context, rst_krylov_phi(bench.krylov, 1, 1e-6, &t, bench.result));
  ck_assert_double_eq(rst_field_norm(bench.result), 0.0);
  tear_down(&bench);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("phi");
  TCase *tests = tcase_create("phi");
  tcase_add_test(tests, phi_is_its_definition);
  tcase_add_test(tests, krylov_functions_are_those_of_the_eigenvalues);
  tcase_add_test(tests, long_times_solve_the_linear_system);
  tcase_add_test(tests, nothing_gives_nothing_and_overflow_is_told);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
