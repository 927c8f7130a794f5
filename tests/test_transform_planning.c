/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/core.h"
#include "transform/transform.h"

/* Planning: which plan is executed decides the last bits. */

/* A single contiguous transform in double. */
static struct rst_transform_layout one(enum rst_transform_kind kind, size_t n) {
  return (struct rst_transform_layout){.kind = kind,
                                       .precision = RST_PRECISION_DOUBLE,
                                       .n = n,
                                       .batch = 1,
                                       .input_stride = 1,
                                       .output_stride = 1};
}

enum { MEASURED_LENGTH = 1500, MEASURED_REALS = 2 * MEASURED_LENGTH };

/* A transform of MEASURED_LENGTH real numbers, planned at that rigor. */
static void transform_at(struct rst_context *context, enum rst_rigor rigor,
                         double output[static MEASURED_REALS]) {
  const struct rst_transform_layout layout = one(RST_TRANSFORM_REAL_TO_COMPLEX, MEASURED_LENGTH);
  struct rst_transform *transform = NULL;
  void *arrays[2] = {NULL, NULL};
  RST_TEST_OK(context, rst_allocate(context, MEASURED_REALS, sizeof(double), &arrays[0]));
  RST_TEST_OK(context, rst_allocate(context, MEASURED_REALS, sizeof(double), &arrays[1]));
  rst_context_set_rigor(context, rigor);
  RST_TEST_OK(context, rst_transform_create(context, &layout, &transform));
  for (size_t j = 0; j < MEASURED_LENGTH; ++j) {
    ((double *)arrays[0])[j] = sin(1.0 + 1.3 * (double)j);
  }
  rst_transform_execute(transform, arrays[0], arrays[1]);
  memcpy(output, arrays[1], MEASURED_REALS * sizeof(double));
  rst_transform_destroy(&transform);
  free(arrays[0]);
  free(arrays[1]);
}

START_TEST(estimated_plans_ignore_measured_ones) {
  struct rst_context *context = rst_test_context();
  double before[MEASURED_REALS];
  double measured[MEASURED_REALS];
  double after[MEASURED_REALS];
  transform_at(context, RST_RIGOR_ESTIMATE, before);
  transform_at(context, RST_RIGOR_MEASURE, measured);
  char *wisdom = NULL;
  char *wisdom_after = NULL;
  RST_TEST_OK(context, rst_transform_export_wisdom(context, &wisdom));
  transform_at(context, RST_RIGOR_ESTIMATE, after);
  RST_TEST_OK(context, rst_transform_export_wisdom(context, &wisdom_after));
  ck_assert_mem_eq(before, after, sizeof before);
  ck_assert_uint_eq(strlen(wisdom), strlen(wisdom_after)); /* the order of its lines is FFTW's affair */
  free(wisdom);
  free(wisdom_after);
  rst_context_destroy(&context);
}
END_TEST

/* One process measures; another one imports its wisdom and must execute the same plan. Each test of libcheck
 * runs in a process of its own, so that the parent has not planned anything yet. */
START_TEST(imported_wisdom_repeats_measured_plans) {
  struct rst_context *context = rst_test_context();
  double output[MEASURED_REALS];
  FILE *exchange = tmpfile();
  ck_assert_ptr_nonnull(exchange);
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    char *wisdom = NULL;
    transform_at(context, RST_RIGOR_MEASURE, output);
    RST_TEST_OK(context, rst_transform_export_wisdom(context, &wisdom));
    const bool written = fwrite(output, sizeof output, 1, exchange) == 1 &&
                         fwrite(wisdom, strlen(wisdom) + 1, 1, exchange) == 1 && fflush(exchange) == 0;
    _exit(written ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int outcome = 0;
  ck_assert_int_eq(waitpid(child, &outcome, 0), child);
  ck_assert(WIFEXITED(outcome) && WEXITSTATUS(outcome) == EXIT_SUCCESS);
  double expected[MEASURED_REALS];
  char wisdom[1 << 16] = "";
  rewind(exchange);
  ck_assert_uint_eq(fread(expected, sizeof expected, 1, exchange), 1);
  const size_t length = fread(wisdom, 1, sizeof wisdom - 1, exchange);
  ck_assert_uint_lt(length, sizeof wisdom - 1);
  RST_TEST_OK(context, rst_transform_import_wisdom(context, wisdom));
  char *again = NULL;
  RST_TEST_OK(context, rst_transform_export_wisdom(context, &again));
  ck_assert_uint_eq(strlen(again), strlen(wisdom));
  transform_at(context, RST_RIGOR_MEASURE, output);
  ck_assert_mem_eq(output, expected, sizeof expected);
  free(again);
  ck_assert_int_eq(fclose(exchange), 0);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(malformed_requests_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_transform_layout layout = one(RST_TRANSFORM_FORWARD, 8);
  struct rst_transform *transform = NULL;
  layout.n = 0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "1 transforms of length 0",
                 rst_transform_create(context, &layout, &transform));
  layout.n = 8;
  layout.batch = 0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "0 transforms of length 8",
                 rst_transform_create(context, &layout, &transform));
  ck_assert_ptr_null(transform);
  rst_transform_destroy(&transform);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "beginning with \"no wisdom\"",
                 rst_transform_import_wisdom(context, "no wisdom\nat all"));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "beginning with \"\"",
                 rst_transform_import_wisdom(context, ""));
  char *wisdom = NULL;
  RST_TEST_OK(context, rst_transform_export_wisdom(context, &wisdom));
  wisdom[strlen(wisdom) / 4] = '#';
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "wisdom", rst_transform_import_wisdom(context, wisdom));
  free(wisdom);
  ck_assert_ptr_nonnull(strstr(rst_transform_library(), "fftw"));
  rst_context_destroy(&context);
}
END_TEST

/* The transform of a constant is n at wave number 0, and 0 elsewhere. */
static void *plan_and_transform(void *failures) {
  enum { MOST = 16, ROUNDS = 4 };
  struct rst_context *context = NULL;
  int *count = failures;
  *count += rst_context_create(&context) != RST_OK;
  for (size_t i = 0; *count == 0 && i < (size_t)ROUNDS * MOST; ++i) {
    const struct rst_transform_layout layout = one(RST_TRANSFORM_FORWARD, i % MOST + 1);
    struct rst_transform *transform = NULL;
    double complex input[MOST];
    double complex output[MOST];
    for (size_t j = 0; j < layout.n; ++j) {
      input[j] = 1.0;
    }
    *count += rst_transform_create(context, &layout, &transform) != RST_OK;
    if (transform) {
      rst_transform_execute(transform, input, output);
    }
    for (size_t k = 0; transform && k < layout.n; ++k) {
      *count += cabs(output[k] - (k == 0 ? (double)layout.n : 0.0)) > 1e-14;
    }
    rst_transform_destroy(&transform);
  }
  rst_context_destroy(&context);
  return NULL;
}

START_TEST(threads_may_plan_at_once) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  int failures[THREADS] = {0};
  for (size_t t = 0; t < THREADS; ++t) {
    ck_assert_int_eq(pthread_create(&threads[t], NULL, plan_and_transform, &failures[t]), 0);
  }
  for (size_t t = 0; t < THREADS; ++t) {
    ck_assert_int_eq(pthread_join(threads[t], NULL), 0);
    ck_assert_int_eq(failures[t], 0);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("transform_planning");
  TCase *planning = tcase_create("planning");
  tcase_add_test(planning, estimated_plans_ignore_measured_ones);
  tcase_add_test(planning, imported_wisdom_repeats_measured_plans);
  tcase_add_test(planning, malformed_requests_are_refused);
  tcase_add_test(planning, threads_may_plan_at_once);
  tcase_set_timeout(planning, 600);
  suite_add_tcase(suite, planning);
  return rst_test_run(suite);
}
