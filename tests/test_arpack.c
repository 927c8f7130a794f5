/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <arpack.h>
#include <stdlib.h>

#include "restrain/spectrum.h"

/* Extreme eigenvalues against ARPACK's implicitly restarted Lanczos method, on states too large for dense
 * algebra in a test. Built where ARPACK is found. */

/* The largest ("LA") or smallest ("SA") eigenvalue of H(u), whose points are all free. */
static double arpack_extreme(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u,
                             const char *which) {
  enum { BASIS = 40, WORK = BASIS * (BASIS + 8) };
  const a_int n = (a_int)rst_field_count(u);
  const size_t bytes = (size_t)n * sizeof(double);
  double *basis = malloc(BASIS * bytes);
  double *vectors = malloc(3 * bytes);
  double *residual = malloc(bytes);
  double work[WORK];
  a_int parameters[11] = {1, 0, 3000, 1,
                          0, 0, 1}; /* exact shifts, at most 3000 restarts, mode 1: A x = lambda x */
  a_int pointers[11] = {0};
  a_int task = 0;
  a_int info = 1; /* the residual holds the start */
  struct rst_field *v = NULL;
  struct rst_field *product = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, u, &v));
  RST_TEST_OK(context, rst_field_create_like(context, u, &product));
  rst_test_noise(3, v);
  rst_flow_linearise(flow, u, NULL, NULL);
  ck_assert(basis && vectors && residual);
  memcpy(residual, v->data, bytes);
  for (;;) {
    dsaupd_c(&task, "I", n, which, 1, 1e-12, residual, BASIS, basis, n, parameters, pointers, vectors, work,
             WORK, &info);
    if (task != 1 && task != -1) {
      break;
    }
    memcpy(v->data, vectors + pointers[0] - 1, bytes);
    rst_flow_hessian_product(flow, v, product);
    memcpy(vectors + pointers[1] - 1, product->data, bytes);
  }
  ck_assert_msg(info == 0, "dsaupd: %d", (int)info);
  a_int select[BASIS] = {0};
  double value = 0.0;
  dseupd_c(0, "A", select, &value, basis, n, 0.0, "I", n, which, 1, 1e-12, residual, BASIS, basis, n,
           parameters, pointers, vectors, work, WORK, &info);
  ck_assert_msg(info == 0, "dseupd: %d", (int)info);
  rst_field_destroy(&v);
  rst_field_destroy(&product);
  free(basis);
  free(vectors);
  free(residual);
  return value;
}

static void compare(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u) {
  static const char *const which[] = {"SA", "LA"};
  static const enum rst_spectrum_end ends[] = {RST_SPECTRUM_SMALLEST, RST_SPECTRUM_LARGEST};
  double expected[2];
  struct rst_field *vector = NULL;
  RST_TEST_OK(context, rst_field_create_like(context, u, &vector));
  for (int e = 0; e < 2; ++e) {
    expected[e] = arpack_extreme(context, flow, u, which[e]);
  }
  for (int e = 0; e < 2; ++e) {
    struct rst_eigenpair pair;
    rst_field_fill(0.0, vector);
    RST_TEST_OK(context, rst_spectrum_extreme(context, flow, u, ends[e], 1e-8, vector, &pair));
    ck_assert_double_eq_tol(pair.value, expected[e], 1e-12 * fmax(fabs(expected[0]), fabs(expected[1])));
  }
  rst_field_destroy(&vector);
}

START_TEST(networks) {
  static const double scales[] = {0.01, 0.1, 1.0};
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 96, 32);
  struct rst_field *u = rst_test_state(context, flow, 7, scales[_i]);
  compare(context, flow, u);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(heat) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 2, 71);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  compare(context, flow, u);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("arpack");
  TCase *tests = tcase_create("arpack");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, networks, 0, 3);
  tcase_add_test(tests, heat);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
