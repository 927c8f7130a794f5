/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <gsl/gsl_eigen.h>

#include "krylov/extremal.h"
#include "restrain/field.h"

/* A dense symmetric matrix as an operator on fields of ny x nx = n points. It counts its products and gives
 * NaN from product number `poisoned` on. */
struct matrix {
  size_t n, ny, nx;
  double *entries;
  int products, poisoned;
};

static void multiply(void *user, const struct rst_field *v, struct rst_field *product) {
  struct matrix *matrix = user;
  ++matrix->products;
  for (size_t i = 0; i < matrix->n; ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < matrix->n; ++j) {
      sum += matrix->entries[i * matrix->n + j] * rst_field_get(v, j / v->nx, j % v->nx);
    }
    const bool poisoned = matrix->poisoned > 0 && matrix->products >= matrix->poisoned;
    rst_field_set(product, i / v->nx, i % v->nx, poisoned ? (double)NAN : sum);
  }
}

static struct matrix zero_matrix(size_t ny, size_t nx) {
  struct matrix matrix = {.n = ny * nx, .ny = ny, .nx = nx};
  matrix.entries = calloc(matrix.n * matrix.n, sizeof *matrix.entries);
  ck_assert_ptr_nonnull(matrix.entries);
  return matrix;
}

static double noise(size_t i) {
  const double x = sin(12.9898 * (double)(i + 1)) * 43758.5453;
  return 2.0 * (x - floor(x)) - 1.0;
}

static struct matrix random_matrix(size_t ny, size_t nx) {
  struct matrix matrix = zero_matrix(ny, nx);
  for (size_t i = 0; i < matrix.n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      matrix.entries[i * matrix.n + j] = matrix.entries[j * matrix.n + i] = noise(i * matrix.n + j);
    }
  }
  return matrix;
}

/* Q diag(values) Q with the reflection Q = I - 2 w w^T, w a unit vector: a known spectrum, no zeros. */
static struct matrix spectral_matrix(size_t ny, size_t nx, const double *values) {
  struct matrix matrix = zero_matrix(ny, nx);
  const size_t n = matrix.n;
  double length = 0.0;
  for (size_t i = 0; i < n; ++i) {
    length += noise(i) * noise(i);
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (size_t k = 0; k < n; ++k) {
        const double left = (double)(i == k) - 2.0 * noise(i) * noise(k) / length;
        const double right = (double)(j == k) - 2.0 * noise(j) * noise(k) / length;
        sum += left * values[k] * right;
      }
      matrix.entries[i * n + j] = sum;
    }
  }
  return matrix;
}

static double reference(const struct matrix *matrix, enum rst_spectrum_end which) {
  gsl_matrix *copy = gsl_matrix_alloc(matrix->n, matrix->n);
  gsl_vector *values = gsl_vector_alloc(matrix->n);
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(matrix->n);
  memcpy(copy->data, matrix->entries, matrix->n * matrix->n * sizeof(double));
  gsl_eigen_symm(copy, values, work);
  const double value = which == RST_SPECTRUM_LARGEST ? gsl_vector_max(values) : gsl_vector_min(values);
  gsl_eigen_symm_free(work);
  gsl_vector_free(values);
  gsl_matrix_free(copy);
  return value;
}

static struct rst_field *vector_for(struct rst_context *context, const struct matrix *matrix,
                                    enum rst_precision precision) {
  struct rst_field *vector = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, matrix->ny, matrix->nx, &vector));
  return vector;
}

/* The pair of the matrix from v on; counts products from zero. */
static struct rst_eigenpair solve(struct rst_context *context, struct matrix *matrix,
                                  enum rst_spectrum_end which, double tolerance, struct rst_field *v) {
  struct rst_eigenpair result = {0};
  matrix->products = 0;
  RST_TEST_OK(context, rst_extremal_eigenpair(context, multiply, matrix, which, tolerance, v, &result));
  ck_assert_int_eq(result.products, matrix->products);
  return result;
}

/* Value, residual, norm, sign and the count of products, each against its own definition. */
static void check_pair(struct matrix *matrix, struct rst_field *v, const struct rst_eigenpair *result,
                       double allowed) {
  double square = 0.0;
  double largest = 0.0;
  for (size_t i = 0; i < matrix->n; ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < matrix->n; ++j) {
      sum += matrix->entries[i * matrix->n + j] * rst_field_get(v, j / v->nx, j % v->nx);
    }
    const double own = rst_field_get(v, i / v->nx, i % v->nx);
    square += (sum - result->value * own) * (sum - result->value * own);
    largest = fabs(own) > fabs(largest) ? own : largest;
  }
  const double unit = v->precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  ck_assert_double_le(sqrt(square), allowed);
  ck_assert_double_le(result->residual, allowed);
  ck_assert_double_eq_tol(rst_field_norm(v), 1.0, 4 * unit);
  ck_assert_double_gt(largest, 0.0);
}

static const size_t shapes[][2] = {{1, 1}, {1, 2}, {1, 3}, {2, 5}, {4, 6}, {5, 5}, {6, 10}, {10, 20}};
enum { SHAPE_COUNT = sizeof shapes / sizeof *shapes };

START_TEST(random_matrices_agree_with_a_dense_solver) {
  struct rst_context *context = rst_test_context();
  struct matrix matrix = random_matrix(shapes[_i][0], shapes[_i][1]);
  const enum rst_spectrum_end ends[] = {RST_SPECTRUM_LARGEST, RST_SPECTRUM_SMALLEST};
  for (int e = 0; e < 2; ++e) {
    const double expected = reference(&matrix, ends[e]);
    for (int p = 0; p < 2; ++p) {
      const enum rst_precision precision = p ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
      const double tolerance = p ? 1e-4 : 1e-10;
      struct rst_field *v = vector_for(context, &matrix, precision);
      const struct rst_eigenpair result = solve(context, &matrix, ends[e], tolerance, v);
      check_pair(&matrix, v, &result, 1.01 * tolerance * fabs(expected));
      ck_assert_double_eq_tol(result.value, expected, tolerance * fabs(expected));
      rst_field_destroy(&v);
    }
  }
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

/* Spectra that are hard or odd: clusters at the end that is sought, all negative, all equal, huge and tiny
 * scales, a zero eigenvalue at the end, the zero operator, a single eigenvalue so little apart that the
 * residual of any random vector is below the tolerance. */
START_TEST(special_spectra) {
  enum { NY = 10, NX = 15, N = NY * NX };
  struct rst_context *context = rst_test_context();
  const char *const kinds[] = {"cluster", "double",       "negative", "identity", "huge",
                               "tiny",    "semidefinite", "zero",     "flat"};
  double values[N];
  for (size_t i = 0; i < N; ++i) {
    const double x = (double)i / N;
    const double choices[] = {i >= N - 5 ? 3.0 + 1e-7 * (double)i : x,
                              i >= N - 2 ? 2.0 : x,
                              -1.0 - x * x,
                              20.0,
                              1e150 * x,
                              1e-150 * x,
                              -1e4 * x,
                              0.0,
                              i == 7 ? 20.0 + 6e-8 : 20.0};
    values[i] = choices[_i];
  }
  struct matrix matrix = spectral_matrix(NY, NX, values);
  const enum rst_spectrum_end ends[] = {RST_SPECTRUM_LARGEST, RST_SPECTRUM_SMALLEST};
  for (int e = 0; e < 2; ++e) {
    double expected = values[0];
    double radius = 0.0;
    for (size_t i = 0; i < N; ++i) {
      expected = ends[e] == RST_SPECTRUM_LARGEST ? fmax(expected, values[i]) : fmin(expected, values[i]);
      radius = fmax(radius, fabs(values[i]));
    }
    const double tolerance = 1e-9;
    const double allowed = fmax(tolerance * fabs(expected), RST_EXTREMAL_ROUNDING * DBL_EPSILON * radius);
    struct rst_field *v = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
    const struct rst_eigenpair result = solve(context, &matrix, ends[e], tolerance, v);
    check_pair(&matrix, v, &result, 1.5 * allowed);
    ck_assert_msg(fabs(result.value - expected) <= allowed, "%s: %.17g instead of %.17g", kinds[_i],
                  result.value, expected);
    rst_field_destroy(&v);
  }
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

/* A spectrum with a gap, as a Hessian near a minimum has; the matrix then moves a little, as a Hessian does
 * from one iteration to the next. */
START_TEST(warm_starts_are_cheap) {
  enum { NY = 10, NX = 20, N = NY * NX };
  struct rst_context *context = rst_test_context();
  double values[N];
  for (size_t i = 0; i < N; ++i) {
    values[i] = i == 0 ? 2.0 : (double)i / N;
  }
  struct matrix matrix = spectral_matrix(NY, NX, values);
  struct rst_field *v = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
  const struct rst_eigenpair cold = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v);
  const struct rst_eigenpair warm = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v);
  ck_assert_int_le(warm.products, 8);
  for (size_t i = 0; i < N; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      matrix.entries[i * N + j] += 1e-5 * noise(i * N + j);
      matrix.entries[j * N + i] = matrix.entries[i * N + j];
    }
  }
  matrix.products = 0;
  const struct rst_eigenpair moved = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v);
  check_pair(&matrix, v, &moved, 2.1e-8);
  ck_assert_int_lt(moved.products, 15);
  ck_assert_int_lt(moved.products, cold.products);
  ck_assert_double_eq_tol(moved.value, reference(&matrix, RST_SPECTRUM_LARGEST), 1e-12);
  rst_field_destroy(&v);
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

/* The eigenvectors of these matrices never change, only the eigenvalues: the trap for a warm start, whose
 * Krylov space cannot leave the old eigenvector. First alpha + c p p^T, as a checkerboard's Hessian is, with
 * c turning negative; then a spread spectrum in which a single eigenvalue overtakes. */
START_TEST(a_warm_start_notices_that_it_was_overtaken) {
  enum { NY = 10, NX = 20, N = NY * NX };
  struct rst_context *context = rst_test_context();
  double values[N];
  for (size_t i = 0; i < N; ++i) {
    values[i] = _i ? (double)i / N : 20.0;
  }
  values[3] = 62.0;
  struct matrix matrix = spectral_matrix(NY, NX, values);
  struct rst_field *v = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
  const struct rst_eigenpair before = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v);
  ck_assert_double_eq_tol(before.value, 62.0, 1e-12);
  free(matrix.entries);
  values[3] = _i ? 1.4 : -5.0;
  values[90] = _i ? 1.9 : 20.0;
  matrix = spectral_matrix(NY, NX, values);
  const struct rst_eigenpair after = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v);
  ck_assert_double_eq_tol(after.value, values[90], 1e-12);
  rst_field_destroy(&v);
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

/* -u'' with fixed ends, eigenvalues 4 sin^2(pi k / (2 (n+1))): no gap to speak of, so that the basis is
 * restarted many times. */
static void multiply_laplacian(void *user, const struct rst_field *v, struct rst_field *product) {
  ++*(int *)user;
  for (size_t x = 0; x < v->nx; ++x) {
    const double left = x > 0 ? rst_field_get(v, 0, x - 1) : 0.0;
    const double right = x + 1 < v->nx ? rst_field_get(v, 0, x + 1) : 0.0;
    rst_field_set(product, 0, x, 2.0 * rst_field_get(v, 0, x) - left - right);
  }
}

START_TEST(restarts_converge) {
  enum { N = 400 };
  struct rst_context *context = rst_test_context();
  const enum rst_spectrum_end ends[] = {RST_SPECTRUM_LARGEST, RST_SPECTRUM_SMALLEST};
  for (int e = 0; e < 2; ++e) {
    struct rst_field *v = NULL;
    RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, N, &v));
    int products = 0;
    struct rst_eigenpair result;
    RST_TEST_OK(context,
                rst_extremal_eigenpair(context, multiply_laplacian, &products, ends[e], 1e-8, v, &result));
    const double s = sin(acos(-1.0) * (e ? 1.0 : (double)N) / (2.0 * (N + 1)));
    ck_assert_double_eq_tol(result.value / (4.0 * s * s), 1.0, 1e-10);
    ck_assert_double_le(result.residual, 1e-8 * result.value);
    ck_assert_int_gt(products, 100);
    ck_assert_int_eq(products, result.products);
    rst_field_destroy(&v);
  }
  rst_context_destroy(&context);
}
END_TEST

/* A field so large that the basis is kept short. */
static void multiply_diagonal(void *user, const struct rst_field *v, struct rst_field *product) {
  (void)user;
  const double *from = v->data;
  double *to = product->data;
  for (size_t i = 0; i < rst_field_count(v); ++i) {
    to[i] = from[i] * (i == 1000 ? 3.0 : sin((double)i));
  }
}

START_TEST(large_fields) {
  struct rst_context *context = rst_test_context();
  struct rst_field *v = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 256, 512, &v));
  struct rst_eigenpair result;
  RST_TEST_OK(context, rst_extremal_eigenpair(context, multiply_diagonal, NULL, RST_SPECTRUM_LARGEST, 1e-8, v,
                                              &result));
  ck_assert_double_eq_tol(result.value, 3.0, 1e-14);
  ck_assert_double_eq_tol(rst_field_get(v, 1, 1000 - 512), 1.0, 1e-8);
  rst_field_destroy(&v);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(equal_input_gives_equal_bits) {
  struct rst_context *context = rst_test_context();
  struct matrix matrix = random_matrix(10, 20);
  struct rst_field *first = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
  struct rst_field *second = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
  const size_t bytes = rst_field_count(first) * sizeof(double);
  for (int warm = 0; warm < 2; ++warm) {
    const struct rst_eigenpair a = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-6, first);
    const struct rst_eigenpair b = solve(context, &matrix, RST_SPECTRUM_LARGEST, 1e-6, second);
    ck_assert(a.value == b.value && a.residual == b.residual && a.products == b.products);
    ck_assert_int_eq(memcmp(first->data, second->data, bytes), 0);
  }
  rst_field_destroy(&second);
  rst_field_destroy(&first);
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(failures_leave_the_vector_alone) {
  struct rst_context *context = rst_test_context();
  struct matrix matrix = random_matrix(6, 10);
  struct rst_field *v = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
  rst_field_fill(0.25, v);
  struct rst_eigenpair result = {.value = 7.0};
  const int poisoned[] = {1, 2, 9};
  for (int i = 0; i < 3; ++i) {
    matrix.products = 0;
    matrix.poisoned = poisoned[i];
    RST_TEST_FAILS(
        context, RST_ERROR_NUMERIC, "norm nan",
        rst_extremal_eigenpair(context, multiply, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v, &result));
    ck_assert_int_eq(matrix.products, poisoned[i]);
    ck_assert(rst_field_get(v, 3, 4) == 0.25 && result.value == 7.0);
  }
  matrix.poisoned = 0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "tolerance is 0",
                 rst_extremal_eigenpair(context, multiply, &matrix, RST_SPECTRUM_LARGEST, 0.0, v, &result));
  rst_field_set(v, 0, 0, INFINITY);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "start vector",
                 rst_extremal_eigenpair(context, multiply, &matrix, RST_SPECTRUM_LARGEST, 1e-8, v, &result));
  rst_field_destroy(&v);
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

/* Noise of relative size 1e-3 stands for products that are far less accurate than their precision: no vector
 * has a residual of 1e-8, and the solver must say so instead of iterating for ever. */
static void multiply_badly(void *user, const struct rst_field *v, struct rst_field *product) {
  struct matrix *matrix = user;
  multiply(user, v, product);
  for (size_t x = 0; x < product->nx; ++x) {
    rst_field_set(product, 0, x,
                  rst_field_get(product, 0, x) + 1e-3 * noise((size_t)matrix->products * product->nx + x));
  }
}

START_TEST(inaccurate_products_are_reported) {
  struct rst_context *context = rst_test_context();
  struct matrix matrix = random_matrix(6, 10);
  struct rst_field *v = vector_for(context, &matrix, RST_PRECISION_DOUBLE);
  struct rst_eigenpair result;
  RST_TEST_FAILS(
      context, RST_ERROR_NUMERIC, "did not converge",
      rst_extremal_eigenpair(context, multiply_badly, &matrix, RST_SPECTRUM_SMALLEST, 1e-8, v, &result));
  ck_assert_int_lt(matrix.products, 25000);
  rst_field_destroy(&v);
  free(matrix.entries);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("extremal");
  TCase *tests = tcase_create("extremal");
  tcase_add_loop_test(tests, random_matrices_agree_with_a_dense_solver, 0, SHAPE_COUNT);
  tcase_add_loop_test(tests, special_spectra, 0, 9);
  tcase_add_test(tests, warm_starts_are_cheap);
  tcase_add_loop_test(tests, a_warm_start_notices_that_it_was_overtaken, 0, 2);
  tcase_add_test(tests, restarts_converge);
  tcase_add_test(tests, large_fields);
  tcase_add_test(tests, equal_input_gives_equal_bits);
  tcase_add_test(tests, failures_leave_the_vector_alone);
  tcase_add_test(tests, inaccurate_products_are_reported);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
