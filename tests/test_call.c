/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "restrain/archive.h"
#include "restrain/call.h"
#include "support.h"

/** @file
 * The computations by name: each leaves the file of its own, a run if asked a record, and stops where it is told to.
 */

#define CONTEXT rst_test_bench.context
/* Below lr_lo the small network converges; beyond lr_hi = 2/alpha = 1 it diverges. */
#define CASE                                                                                                 \
  "flow: {kind: conv, kernel: 4, image: {kind: checkerboard, size: 16}}\n"                                   \
  "initial: {kind: normal, seed: 7}\n"                                                                       \
  "step: {lr: 0.4, weight_decay: 2, iterations: 40}\n"                                                       \
  "sweep: {lr: {from: 0.1, to: 1.1, count: 3}, weight_decay: {from: 1, to: 2, count: 2}}\n"                  \
  "bifurcation: {from: 0.1, to: 1.1, count: 3, burn_in: 20, samples: 4}\n"
/* Grows for a while: an event. */
#define RESTRAINED                                                                                           \
  "flow: {kind: conv, kernel: 6, image: {kind: checkerboard, size: 24}}\n"                                   \
  "initial: {kind: normal, seed: 7}\n"                                                                       \
  "step: {lr: 0.9, weight_decay: 2, iterations: 40}\n"                                                       \
  "output: {scalars: [lyapunov]}\n"

static char output[160];

static void set_up(void) {
  rst_test_bench_set_up();
  snprintf(output, sizeof output, "%s/new/folder/file.h5", rst_test_bench.folder);
}

/* What poll() was told last, and when to stop. */
struct told {
  double done, count, loss;
  long calls;
};

static int stop_at_third(void *user, double done, double count, double loss) {
  struct told *told = user;
  *told = (struct told){done, count, loss, told->calls + 1};
  return told->calls % 3 == 0;
}

static enum rst_status call(const char *name, const struct rst_case *from, enum rst_call_existing existing,
                            struct told *told, enum rst_call_outcome *outcome) {
  return rst_call(CONTEXT, name, from, output, existing, told ? stop_at_third : NULL, told, outcome);
}

START_TEST(each_leaves_its_file) {
  const char *const name = rst_call_names()[_i];
  struct rst_case *loaded = rst_test_case(CASE, NULL, NULL);
  struct stat found;
  enum rst_call_outcome outcome = RST_CALL_STOPPED;
  RST_TEST_OK(CONTEXT, call(name, loaded, RST_CALL_REFUSE, NULL, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_COMPLETED);
  ck_assert(stat(output, &found) == 0 && found.st_size > 0);
  RST_TEST_FAILS(CONTEXT, RST_ERROR_IO, "file.h5", call(name, loaded, RST_CALL_REFUSE, NULL, &outcome));
  RST_TEST_OK(CONTEXT, call(name, loaded, RST_CALL_REPLACE, NULL, &outcome));
  rst_case_destroy(&loaded);
}
END_TEST

/* The numbers of a dataset of the file are those of the record. */
static void assert_stored(const struct rst_record *record, const char *name) {
  const struct rst_record_array *array = rst_record_find(record, name);
  struct rst_field *stored = NULL;
  ck_assert_ptr_nonnull(array);
  RST_TEST_OK(CONTEXT, rst_archive_read_field(CONTEXT, output, name, 10000, &stored));
  size_t count = 1;
  for (int axis = 0; axis < array->rank; ++axis) {
    count *= array->shape[axis];
  }
  ck_assert_uint_eq(count, stored->ny * stored->nx);
  for (size_t i = 0; i < count; ++i) {
    const double value = array->type == RST_RECORD_FLOAT64 ? ((const double *)array->values)[i]
                         : array->type == RST_RECORD_INT8  ? ((const int8_t *)array->values)[i]
                                                           : (double)((const int64_t *)array->values)[i];
    const double expected = rst_field_get(stored, i / stored->nx, i % stored->nx);
    ck_assert(value == expected || (isnan(value) && isnan(expected)));
  }
  rst_field_destroy(&stored);
}

START_TEST(a_record_has_what_the_file_has) {
  static const char *const names[] = {
      "loss",        "weight_norm",  "time",     "step",           "y", "twin_distance", "events/kind",
      "events/peak", "events/first", "lyapunov", "twin_saturation"};
  struct rst_case *loaded = rst_test_case(RESTRAINED "twins: [3, 5]\n", NULL, NULL);
  struct rst_record *record = NULL;
  enum rst_call_outcome outcome = RST_CALL_STOPPED;
  RST_TEST_OK(CONTEXT, call("run", loaded, RST_CALL_REFUSE, NULL, &outcome));
  RST_TEST_OK(CONTEXT, rst_record_create(CONTEXT, &record));
  for (int again = 0; again < 2; ++again) {
    RST_TEST_OK(CONTEXT, rst_call_record(CONTEXT, loaded, NULL, NULL, record, &outcome));
  }
  ck_assert_int_eq(outcome, RST_CALL_COMPLETED);
  rst_case_destroy(&loaded);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    assert_stored(record, names[i]);
  }
  ck_assert_str_eq(rst_record_text(record, "exit_reason"), "completed");
  ck_assert(*rst_record_text(record, "regime"));
  ck_assert(rst_record_number(record, "lr") == 0.9);
  ck_assert_ptr_null(rst_record_text(record, "lr"));
  ck_assert_ptr_null(rst_record_find(record, "none"));
  ck_assert_str_eq(rst_record_find(record, "twin_distance")->axes[0], "twin");
  ck_assert_str_eq(((const char *const *)rst_record_find(record, "twin")->values)[1], "5");
  for (size_t i = 0; i < rst_record_count(record); ++i) {
    ck_assert_ptr_eq(rst_record_values(record)[i], rst_record_array(record, i)->values);
  }
  rst_record_destroy(&record);
  ck_assert_ptr_null(record);
}
END_TEST

START_TEST(a_record_keeps_what_a_stopped_run_has_done) {
  struct rst_case *long_one = rst_test_case(CASE, "step={lr: 0.4, weight_decay: 2, iterations: 1000000000}",
                                            "output={every: 1000000000, scalars_every: 1000}");
  struct told told = {.calls = 0};
  struct rst_record *record = NULL;
  enum rst_call_outcome outcome = RST_CALL_COMPLETED;
  RST_TEST_OK(CONTEXT, rst_record_create(CONTEXT, &record));
  RST_TEST_OK(CONTEXT, rst_call_record(CONTEXT, long_one, stop_at_third, &told, record, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_STOPPED);
  ck_assert_str_eq(rst_record_text(record, "exit_reason"), "stopped");
  ck_assert_str_eq(rst_record_text(record, "regime"), "");
  const struct rst_record_array *iteration = rst_record_find(record, "iteration");
  ck_assert_uint_gt(iteration->shape[0], 1);
  ck_assert_int_eq(((const int64_t *)iteration->values)[1], 1000);
  rst_record_destroy(&record);
  rst_case_destroy(&long_one);
}
END_TEST

START_TEST(outcomes_are_told) {
  struct rst_case *diverging = rst_test_case(CASE, "step.lr=1.2", "step.iterations=2000");
  struct rst_case *long_one = rst_test_case(CASE, "step={lr: 0.4, weight_decay: 2, iterations: 1000000000}",
                                            "output={every: 1000000000, scalars_every: 1000}");
  struct told told = {.calls = 0};
  enum rst_call_outcome outcome = RST_CALL_COMPLETED;
  RST_TEST_OK(CONTEXT, call("run", diverging, RST_CALL_REFUSE, NULL, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_DIVERGED);
  RST_TEST_OK(CONTEXT, call("run", long_one, RST_CALL_REPLACE, &told, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_STOPPED);
  ck_assert_int_eq(told.calls, 3);
  ck_assert(told.done > 0.0 && told.done < told.count && told.count == 1e9 && isfinite(told.loss));
  const double before = told.done;
  RST_TEST_OK(CONTEXT, call("run", long_one, RST_CALL_RESUME, &told, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_STOPPED);
  ck_assert(told.calls == 6 && told.done > before);
  rst_case_destroy(&long_one);
  rst_case_destroy(&diverging);
}
END_TEST

START_TEST(sweeps_and_diagrams_stop) {
  static const char *const names[] = {"sweep", "bifurcate"};
  struct rst_case *loaded = rst_test_case(CASE, _i ? "bifurcation.burn_in=100000" : "step.iterations=100000",
                                          _i ? "bifurcation.count=4000" : "sweep.lr.count=4000");
  struct told told = {.calls = 0};
  enum rst_call_outcome outcome = RST_CALL_COMPLETED;
  RST_TEST_OK(CONTEXT, call(names[_i], loaded, RST_CALL_REFUSE, &told, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_STOPPED);
  ck_assert(told.calls >= 3 && told.done < told.count && isnan(told.loss));
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(what_is_not_there_is_refused) {
  struct rst_case *loaded = rst_test_case(CASE, NULL, NULL);
  enum rst_call_outcome outcome = RST_CALL_STOPPED;
  RST_TEST_FAILS(CONTEXT, RST_ERROR_ARGUMENT, "run, analyze, sweep, bifurcate",
                 call("walk", loaded, RST_CALL_REFUSE, NULL, &outcome));
  RST_TEST_FAILS(CONTEXT, RST_ERROR_ARGUMENT, "nothing to resume",
                 call("analyze", loaded, RST_CALL_RESUME, NULL, &outcome));
  ck_assert_int_eq(outcome, RST_CALL_STOPPED);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("call");
  TCase *tests = tcase_create("call");
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_loop_test(tests, each_leaves_its_file, 0, 4);
  tcase_add_test(tests, a_record_has_what_the_file_has);
  tcase_add_test(tests, a_record_keeps_what_a_stopped_run_has_done);
  tcase_add_test(tests, outcomes_are_told);
  tcase_add_loop_test(tests, sweeps_and_diagrams_stop, 0, 2);
  tcase_add_test(tests, what_is_not_there_is_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
