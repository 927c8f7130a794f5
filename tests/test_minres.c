/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "krylov/minres.h"

/* Q diag(values) Q with the reflection Q = I - 2 w w^T of a fixed unit vector w. */
enum { N = 30 };
struct matrix {
  double values[N], w[N];
  int products;
  bool poisoned;
};

static void multiply(void *user, const struct rst_field *v, struct rst_field *product) {
  struct matrix *matrix = user;
  double *to = product->data;
  ++matrix->products;
  rst_field_copy(v, product);
  rst_test_reflect(N, matrix->w, to);
  for (size_t i = 0; i < N; ++i) {
    to[i] *= matrix->values[i];
  }
  rst_test_reflect(N, matrix->w, to);
  to[0] = matrix->poisoned ? (double)NAN : to[0];
}

/* Eigenvalues of both signs in [-1, 1], away from zero; the last `zeros` are 0. */
static struct matrix make_matrix(size_t zeros) {
  struct matrix matrix = {.products = 0};
  double length = 0.0;
  for (size_t i = 0; i < N; ++i) {
    matrix.w[i] = sin((double)(i * i + 1));
    length += matrix.w[i] * matrix.w[i];
    matrix.values[i] = i + zeros < N ? (i % 3 ? 1.0 : -1.0) * (0.2 + 0.8 * (double)i / N) : 0.0;
  }
  for (size_t i = 0; i < N; ++i) {
    matrix.w[i] /= sqrt(length);
  }
  return matrix;
}

/* x is the solution y where there is one: a random y, b = A y. */
struct system {
  struct rst_context *context;
  struct rst_field *y, *b, *x, *rest;
};

static struct system make_system(struct matrix *matrix) {
  struct system system = {.context = rst_test_context()};
  RST_TEST_OK(system.context, rst_field_create(system.context, RST_PRECISION_DOUBLE, 5, 6, &system.y));
  RST_TEST_OK(system.context, rst_field_create_like(system.context, system.y, &system.b));
  RST_TEST_OK(system.context, rst_field_create_like(system.context, system.y, &system.x));
  RST_TEST_OK(system.context, rst_field_create_like(system.context, system.y, &system.rest));
  rst_test_noise(5, system.y);
  multiply(matrix, system.y, system.b);
  matrix->products = 0;
  return system;
}

static void free_system(struct system *system) {
  rst_field_destroy(&system->y);
  rst_field_destroy(&system->b);
  rst_field_destroy(&system->x);
  rst_field_destroy(&system->rest);
  rst_context_destroy(&system->context);
}

/* rest = b - A x. */
static void find_rest(struct system *system, struct matrix *matrix) {
  multiply(matrix, system->x, system->rest);
  rst_field_axpby(1.0, system->b, -1.0, system->rest);
}

START_TEST(indefinite_systems_are_solved) {
  struct matrix matrix = make_matrix(0);
  struct system system = make_system(&matrix);
  struct rst_minres_result result;
  for (int digits = 0; digits < 12; digits += 3) {
    const double tolerance = pow(10, -digits - 1);
    matrix.products = 0;
    RST_TEST_OK(system.context,
                rst_minres(system.context, multiply, &matrix, system.b, tolerance, 1000, system.x, &result));
    ck_assert_int_eq(result.products, matrix.products);
    find_rest(&system, &matrix);
    const double rest = rst_field_norm(system.rest);
    ck_assert_double_le(rest, tolerance * rst_field_norm(system.b) * (1 + 1e-3));
    ck_assert_double_eq_tol(rest, result.residual, 1e-13);
    ck_assert(result.scale <= 1.0 && result.scale > 0.3);
  }
  ck_assert_double_le(rst_field_distance(system.x, system.y), 1e-9);
  ck_assert_int_le(result.products, N + 3);
  free_system(&system);
}
END_TEST

/* The residual is the smallest in the Krylov space: it never grows with the number of products, and is
 * orthogonal to A times that space, hence to A b. */
START_TEST(residuals_are_minimal) {
  struct matrix matrix = make_matrix(0);
  struct system system = make_system(&matrix);
  double before = rst_field_norm(system.b);
  for (int products = 1; products < 20; ++products) {
    struct rst_minres_result result;
    RST_TEST_OK(system.context,
                rst_minres(system.context, multiply, &matrix, system.b, 1e-15, products, system.x, &result));
    ck_assert_int_eq(result.products, products);
    find_rest(&system, &matrix);
    const double rest = rst_field_norm(system.rest);
    ck_assert_double_le(rest, before + 1e-14);
    before = rest;
    multiply(&matrix, system.b, system.y);
    ck_assert_double_le(fabs(rst_field_dot(system.rest, system.y)), 1e-13);
  }
  free_system(&system);
}
END_TEST

START_TEST(singular_systems) {
  struct matrix matrix = make_matrix(4);
  struct system system = make_system(&matrix);
  struct rst_minres_result result;
  RST_TEST_OK(system.context,
              rst_minres(system.context, multiply, &matrix, system.b, 1e-11, 1000, system.x, &result));
  find_rest(&system, &matrix);
  ck_assert_double_le(rst_field_norm(system.rest), 1.1e-11 * rst_field_norm(system.b));
  /* b with a part outside the range: the least-squares solution, A (b - A x) = 0. */
  rst_test_noise(9, system.b);
  RST_TEST_OK(system.context,
              rst_minres(system.context, multiply, &matrix, system.b, 1e-11, 1000, system.x, &result));
  find_rest(&system, &matrix);
  ck_assert_double_gt(rst_field_norm(system.rest), 0.1);
  ck_assert_double_eq_tol(rst_field_norm(system.rest), result.residual, 1e-9);
  multiply(&matrix, system.rest, system.y);
  ck_assert_double_le(rst_field_norm(system.y), 1e-9);
  ck_assert_int_le(result.products, N + 5);
  free_system(&system);
}
END_TEST

START_TEST(trivial_systems) {
  struct matrix matrix = make_matrix(0);
  struct system system = make_system(&matrix);
  struct rst_minres_result result;
  rst_field_fill(0.0, system.b);
  rst_field_fill(3.0, system.x);
  RST_TEST_OK(system.context,
              rst_minres(system.context, multiply, &matrix, system.b, 1e-9, 100, system.x, &result));
  ck_assert(result.products == 0 && result.residual == 0.0 && rst_field_norm(system.x) == 0.0);
  for (size_t i = 0; i < N; ++i) {
    matrix.values[i] = _i ? -2.0 : 0.0;
  }
  rst_field_fill(1.0, system.b);
  RST_TEST_OK(system.context,
              rst_minres(system.context, multiply, &matrix, system.b, 1e-9, 100, system.x, &result));
  ck_assert_int_eq(result.products, 1);
  ck_assert_double_eq_tol(rst_field_get(system.x, 3, 3), _i ? -0.5 : 0.0, 1e-14);
  free_system(&system);
}
END_TEST

START_TEST(products_that_are_not_finite_are_reported) {
  struct matrix matrix = make_matrix(0);
  struct system system = make_system(&matrix);
  struct rst_minres_result result = {.products = 77};
  matrix.poisoned = true;
  RST_TEST_FAILS(system.context, RST_ERROR_NUMERIC, "norm nan",
                 rst_minres(system.context, multiply, &matrix, system.b, 1e-9, 100, system.x, &result));
  ck_assert_int_eq(result.products, 77);
  free_system(&system);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("minres");
  TCase *tests = tcase_create("minres");
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, indefinite_systems_are_solved);
  tcase_add_test(tests, residuals_are_minimal);
  tcase_add_test(tests, singular_systems);
  tcase_add_loop_test(tests, trivial_systems, 0, 2);
  tcase_add_test(tests, products_that_are_not_finite_are_reported);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
