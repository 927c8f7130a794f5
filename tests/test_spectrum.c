/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <gsl/gsl_eigen.h>
#include <stdlib.h>

#include "restrain/spectrum.h"

/* Extremes, dense spectrum and density against each other, against closed forms and against the matrix of all
 * patches. */

static const struct rst_labelled_image natural = {
    {.kind = "gaussian-field", .size = 96, .seed = 3, .exponent = 2.0}, 1};
static const struct rst_labelled_image checkerboard = {{.kind = "checkerboard", .size = 256}, 1};
static const enum rst_spectrum_end ends[] = {RST_SPECTRUM_SMALLEST, RST_SPECTRUM_LARGEST};

static double *doubles(size_t count) {
  double *values = calloc(count, sizeof *values);
  ck_assert_ptr_nonnull(values);
  return values;
}

static double *dense(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u) {
  double *values = doubles(rst_spectrum_dense_count(flow));
  RST_TEST_OK(context, rst_spectrum_dense(context, flow, u, values));
  return values;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double spectral_radius(const double *values, size_t count) {
  return fmax(fabs(values[0]), fabs(values[count - 1]));
}

/* Both ends, cold and warm, against the dense spectrum; the vector against its definition. */
static void check_extremes(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u,
                           const double *values, size_t count) {
  const double tolerance = 1e-10;
  const double rounding = 64 * DBL_EPSILON * spectral_radius(values, count);
  struct rst_field *v = NULL;
  struct rst_field *product = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, u, &v));
  RST_TEST_OK(context, rst_field_create_like(context, u, &product));
  rst_flow_linearise(flow, u, NULL, NULL);
  for (int e = 0; e < 2; ++e) {
    const double expected = values[e ? count - 1 : 0];
    rst_field_fill(0.0, v);
    for (int warm = 0; warm < 2; ++warm) {
      struct rst_eigenpair pair;
      RST_TEST_OK(context, rst_spectrum_extreme(context, flow, u, ends[e], tolerance, v, &pair));
      ck_assert_double_eq_tol(pair.value, expected, 1e-9 * fabs(expected) + rounding);
      ck_assert_double_le(pair.residual, fmax(tolerance * fabs(pair.value), rounding));
      ck_assert_int_gt(pair.products, 0);
      ck_assert_double_eq_tol(rst_field_norm(v), 1.0, 1e-14);
      rst_flow_hessian_product(flow, v, product);
      rst_field_axpy(-pair.value, v, product);
      ck_assert_double_eq_tol(rst_field_norm(product), pair.residual, rounding);
      rst_field_copy(v, product);
      rst_flow_pin(flow, product);
      ck_assert_double_eq(rst_field_distance(product, v), 0.0);
    }
  }
  rst_field_destroy(&product);
  rst_field_destroy(&v);
}

static const size_t kernels[] = {5, 9, 17};

static struct rst_flow *natural_flow(struct rst_context *context, const char *kind, size_t kernel,
                                     int label) {
  struct rst_labelled_image image = natural;
  image.label = label;
  struct rst_flow_parameters parameters = rst_test_network(&image, 1, kernel);
  parameters.kind = kind;
  return rst_test_flow(context, &parameters);
}

/* conv-linear and conv, both labels, three kernels. */
START_TEST(extremes_agree_with_dense_algebra) {
  struct rst_context *context = rst_test_context();
  const char *kind = _i / 3 % 2 ? "conv" : "conv-linear";
  struct rst_flow *flow = natural_flow(context, kind, kernels[_i % 3], _i / 6);
  struct rst_field *u = rst_test_state(context, flow, 7, 0.1);
  double *values = dense(context, flow, u);
  check_extremes(context, flow, u, values, rst_field_count(u));
  free(values);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* X X^T of all patches by plain loops, times (a beta / 2) norm. */
START_TEST(the_linear_flow_has_the_spectrum_of_its_patches) {
  enum { K = 5, N = K * K };
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = natural_flow(context, "conv-linear", K, 1);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *image = NULL;
  RST_TEST_OK(context, rst_image_create(context, &natural.image, RST_PRECISION_DOUBLE, &image));
  const size_t positions = natural.image.size - K + 1;
  gsl_matrix *matrix = gsl_matrix_calloc(N, N);
  for (size_t m = 0; m < positions * positions; ++m) {
    double patch[N];
    for (size_t i = 0; i < N; ++i) {
      patch[i] = rst_field_get(image, m / positions + i / K, m % positions + i % K);
    }
    for (size_t i = 0; i < (size_t)N * N; ++i) {
      matrix->data[i] -= patch[i / N] * patch[i % N] / 4 / (double)(positions * positions);
    }
  }
  gsl_vector *expected = gsl_vector_alloc(N);
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(N);
  gsl_eigen_symm(matrix, expected, work);
  qsort(expected->data, N, sizeof(double), ascending);
  double *values = dense(context, flow, u);
  ck_assert_uint_eq(rst_spectrum_dense_count(flow), N);
  for (size_t i = 0; i < N; ++i) {
    ck_assert_double_eq_tol(values[i], expected->data[i], 1e-13 * fabs(expected->data[0]));
  }
  gsl_eigen_symm_free(work);
  gsl_vector_free(expected);
  gsl_matrix_free(matrix);
  free(values);
  rst_field_destroy(&image);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* All patches are + or - one pattern: H = -(1/4) 225^2 p p^T with |p|^2 = 32^2; the other eigenvalues are 0.
 * */
START_TEST(published_windowed_bound) {
  const double expected = -0.25 * 32 * 32 * 225 * 225;
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&checkerboard, 1, 32);
  parameters.kind = "conv-linear";
  parameters.conv.pooling = RST_POOLING_SUM;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *v = rst_test_state(context, flow, 7, 0.0);
  struct rst_eigenpair pair;
  RST_TEST_OK(context, rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_SMALLEST, 1e-10, v, &pair));
  ck_assert_double_eq_tol(pair.value, expected, 1e-10 * fabs(expected));
  for (size_t i = 0; i < 32 * 32; ++i) {
    const double sign = (i / 32 + i % 32) % 2 ? 1.0 : -1.0;
    ck_assert_double_eq_tol(fabs(rst_field_get(v, i / 32, i % 32)), 1.0 / 32, 1e-12);
    ck_assert_double_gt(sign * rst_field_get(v, i / 32, i % 32) * rst_field_get(v, 0, 1), 0.0);
  }
  rst_field_fill(0.0, v);
  RST_TEST_OK(context, rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_LARGEST, 1e-10, v, &pair));
  ck_assert_double_eq_tol(pair.value, 0.0, 64 * DBL_EPSILON * fabs(expected));
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Fixed ends: 4 sin^2(pi k / (2 (n-1))) along each axis, k = 1 .. n-2, and no zero. Periodic: the symbol. */
START_TEST(heat_has_its_closed_form_on_the_free_points) {
  enum { N = 9 };
  const double pi = acos(-1.0);
  const bool fixed = _i % 2 == 0;
  const int dimension = 1 + _i / 2;
  const size_t side = fixed ? N - 2 : N;
  const size_t count = dimension == 2 ? side * side : side;
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE,
                                        fixed ? RST_BOUNDARY_DIRICHLET : RST_BOUNDARY_PERIODIC, dimension, N);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  double *expected = doubles(count);
  for (size_t i = 0; i < count; ++i) {
    for (int axis = 0; axis < dimension; ++axis) {
      const size_t mode = axis == 0 ? i % side : i / side;
      const double angle = fixed ? pi * (double)(mode + 1) / (N - 1) : 2 * pi * (double)mode / N;
      expected[i] += 4 * pow(sin(angle / 2), 2);
    }
  }
  qsort(expected, count, sizeof *expected, ascending);
  ck_assert_uint_eq(rst_spectrum_dense_count(flow), count);
  double *values = dense(context, flow, u);
  for (size_t i = 0; i < count; ++i) {
    ck_assert_double_eq_tol(values[i], expected[i], 1e-13);
  }
  check_extremes(context, flow, u, expected, count);
  free(values);
  free(expected);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(float_flows_have_the_same_spectrum) {
  struct rst_context *context = rst_test_context();
  double extremes[2][2];
  double *values[2];
  for (int p = 0; p < 2; ++p) {
    struct rst_flow *flow = rst_test_conv(context, p ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE, 48, 7);
    struct rst_field *u = rst_test_state(context, flow, 7, 0.1);
    struct rst_field *v = rst_test_state(context, flow, 7, 0.0);
    for (int e = 0; e < 2; ++e) {
      struct rst_eigenpair pair;
      rst_field_fill(0.0, v);
      RST_TEST_OK(context, rst_spectrum_extreme(context, flow, u, ends[e], 1e-4, v, &pair));
      extremes[p][e] = pair.value;
    }
    values[p] = dense(context, flow, u);
    rst_field_destroy(&v);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  const double radius = spectral_radius(values[0], 49);
  ck_assert_double_eq_tol(extremes[0][0], extremes[1][0], 1e-5 * radius);
  ck_assert_double_eq_tol(extremes[0][1], extremes[1][1], 1e-5 * radius);
  for (size_t i = 0; i < 49; ++i) {
    ck_assert_double_eq_tol(values[0][i], values[1][i], 1e-6 * radius);
  }
  free(values[0]);
  free(values[1]);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(failures) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 16, 4);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *v = rst_test_state(context, flow, 8, 1.0);
  const double before = rst_field_get(v, 2, 3);
  struct rst_eigenpair pair = {.value = 5.0};
  double values[16] = {7.0};
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "tolerance is -1",
                 rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_LARGEST, -1.0, v, &pair));
  rst_field_set(u, 0, 0, INFINITY);
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "overflows",
                 rst_spectrum_extreme(context, flow, u, RST_SPECTRUM_LARGEST, 1e-8, v, &pair));
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "overflows", rst_spectrum_dense(context, flow, u, values));
  ck_assert(pair.value == 5.0 && values[0] == 7.0 && rst_field_get(v, 2, 3) == before);
  rst_field_destroy(&u);
  rst_field_destroy(&v);
  rst_flow_destroy(&flow);
  flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 2, 67);
  u = rst_test_state(context, flow, 7, 1.0);
  ck_assert_uint_eq(rst_spectrum_dense_count(flow), 65 * 65);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "4225 free points",
                 rst_spectrum_dense(context, flow, u, values));
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("spectrum");
  TCase *tests = tcase_create("spectrum");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, extremes_agree_with_dense_algebra, 0, 12);
  tcase_add_test(tests, the_linear_flow_has_the_spectrum_of_its_patches);
  tcase_add_test(tests, published_windowed_bound);
  tcase_add_loop_test(tests, heat_has_its_closed_form_on_the_free_points, 0, 4);
  tcase_add_test(tests, float_flows_have_the_same_spectrum);
  tcase_add_test(tests, failures);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
