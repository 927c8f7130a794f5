/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sweep_run.h"

/* Stops a sweep once so many points are done. */
struct stopper {
  size_t after, count;
  long polls;
  bool kill;
};

static const char *stop_after(void *user, const struct rst_sweep_progress *progress) {
  struct stopper *stopper = user;
  stopper->polls += 1;
  ck_assert_uint_eq(progress->count, stopper->count);
  ck_assert_uint_le(progress->done, progress->count);
  ck_assert(progress->at[1] >= 0.05 && progress->at[1] <= 5.0);
  ck_assert(progress->at[0] >= 0.5 && progress->at[0] <= 4.0);
  ck_assert(progress->point_iterations >= 0.0);
  if (stopper->kill && progress->done >= stopper->after) {
    raise(SIGKILL);
  }
  return progress->done >= stopper->after ? "enough" : NULL;
}

START_TEST(a_stopped_sweep_goes_on_to_the_same_bits) {
  struct rst_case *loaded = load(NULL, NULL);
  const struct rst_sweep_options whole = {.output.force = true};
  const struct rst_sweep_options rest = {.output.resume = true};
  struct rst_sweep_table expected;
  (void)sweep(loaded, whole, &expected);
  for (int threads = 1; threads <= 2; ++threads) {
    struct stopper stopper = {.after = 10, .count = POINTS};
    const struct rst_sweep_options part = {.output.force = true, .poll = stop_after, .user = &stopper};
    struct rst_sweep_table table;
    RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, threads));
    struct rst_sweep_summary summary = sweep(loaded, part, &table);
    ck_assert_int_eq(summary.outcome, RST_SWEEP_INTERRUPTED);
    ck_assert_str_eq(summary.reason, "enough");
    ck_assert_uint_ge(summary.done, 10);
    ck_assert_uint_lt(summary.done, POINTS);
    ck_assert_int_gt(stopper.polls, 1);
    size_t pending = 0;
    for (size_t i = 0; i < POINTS; ++i) {
      pending += table.regime[i] == RST_SWEEP_PENDING;
      ck_assert_int_eq(isnan(table.max_growth[i]) && table.iterations_run[i] == 0,
                       table.regime[i] == RST_SWEEP_PENDING);
    }
    ck_assert_uint_eq(summary.done, POINTS - pending);
    rst_sweep_table_clear(&table);
    summary = sweep(loaded, rest, &table);
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert_uint_eq(summary.done, POINTS);
    ck_assert_uint_eq(summary.compared, SAMPLE);
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
  }
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

/* Stopped after its last point, a sweep still lacks its comparisons; resumed when complete, it does nothing. */
START_TEST(comparisons_are_resumed) {
  struct rst_case *loaded = load(NULL, NULL);
  struct stopper stopper = {.after = POINTS, .count = POINTS};
  const struct rst_sweep_options part = {.poll = stop_after, .user = &stopper};
  const struct rst_sweep_options rest = {.output.resume = true};
  struct rst_sweep_table table;
  struct rst_sweep_summary summary = sweep(loaded, part, &table);
  ck_assert_int_eq(summary.outcome, RST_SWEEP_INTERRUPTED);
  ck_assert_uint_eq(summary.done, POINTS);
  ck_assert_uint_lt(summary.compared, SAMPLE);
  rst_sweep_table_clear(&table);
  for (int i = 0; i < 2; ++i) {
    summary = sweep(loaded, rest, &table);
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert_uint_eq(summary.compared, SAMPLE);
    ck_assert_int_eq(summary.point_iterations > 0.0, i == 0);
    rst_sweep_table_clear(&table);
  }
  rst_case_destroy(&loaded);
  loaded = load("sweep.agreement=9", NULL);
  summary = sweep(loaded, rest, &table);
  ck_assert_uint_eq(summary.compared, 9);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(shards_join_to_the_whole) {
  struct rst_case *loaded = load(NULL, NULL);
  const struct rst_sweep_options whole = {.output.force = true};
  const char *paths[] = {shards[0], shards[1], shards[2]};
  struct rst_sweep_summary expected_summary;
  struct rst_sweep_summary summary;
  struct rst_sweep_table expected;
  size_t done = 0;
  expected_summary = sweep(loaded, whole, &expected);
  for (size_t i = 0; i < 3; ++i) {
    struct stopper stopper = {.after = POINTS + 1, .count = (POINTS + 2 - i) / 3};
    const struct rst_sweep_options part = {
        .output.path = shards[i], .shard = i, .shards = 3, .poll = stop_after, .user = &stopper};
    RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &part, &summary));
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert_uint_eq(summary.count, (POINTS + 2 - i) / 3);
    struct rst_sweep_table table = read_table(loaded, shards[i]);
    for (size_t j = 0; j < POINTS; ++j) {
      ck_assert_int_eq(table.regime[j] != RST_SWEEP_PENDING, j % 3 == i);
    }
    rst_sweep_table_clear(&table);
    done += summary.done;
  }
  ck_assert_uint_eq(done, POINTS);

  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "--force",
                 rst_sweep_merge(rst_test_bench.context, paths, 3,
                                 &(const struct rst_output_options){.path = output}, &summary));
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, paths, 2,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_INTERRUPTED);
  ck_assert_str_eq(summary.reason, "points are missing");
  ck_assert_uint_eq(summary.done, 2 * POINTS / 3);
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, paths, 3,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  struct rst_sweep_table table = read_table(loaded, output);
  assert_same_tables(&table, &expected);
  ck_assert_mem_eq(summary.regimes, expected_summary.regimes, sizeof summary.regimes);
  ck_assert_uint_eq(summary.predicted, expected_summary.predicted);
  ck_assert_uint_eq(summary.correct, expected_summary.correct);
  ck_assert_uint_eq(summary.agreed, expected_summary.agreed);
  rst_sweep_table_clear(&table);

  /* A merged file is one of the sweep: it can be resumed. */
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, paths, 2,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  const struct rst_sweep_options rest = {.output.resume = true};
  summary = sweep(loaded, rest, &table);
  ck_assert_uint_eq(summary.done, POINTS);
  assert_same_tables(&table, &expected);
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(only_the_same_case_is_resumed_and_joined) {
  static const char *const others[] = {"step.iterations=201", "flow.kernel=5",        "sweep.lr.to=6",
                                       "sweep.lr.count=10",   "sweep.reduction=none", "initial.seed=8"};
  struct stopper stopper = {.after = 1, .count = POINTS};
  struct rst_case *loaded = load(NULL, NULL);
  const struct rst_sweep_options part = {.poll = stop_after, .user = &stopper};
  const struct rst_sweep_options rest = {.output.path = output, .output.resume = true};
  const char *paths[] = {output, shards[0]};
  struct rst_sweep_summary summary;
  struct rst_sweep_table table;
  (void)sweep(loaded, part, &table);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    char key[64];
    snprintf(key, sizeof key, "%.*s (was ", (int)strcspn(others[i], "="), others[i]);
    loaded = load(others[i], NULL);
    RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, key,
                   rst_sweep_run(rst_test_bench.context, loaded, &rest, &summary));
    if (i == 0) {
      const struct rst_sweep_options other = {.output.path = shards[0], .shards = 9};
      RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &other, &summary));
      RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, key,
                     rst_sweep_merge(rst_test_bench.context, paths, 2,
                                     &(const struct rst_output_options){.path = shards[1]}, &summary));
      ck_assert_int_ne(access(shards[1], F_OK), 0);
    }
    rst_case_destroy(&loaded);
  }
  /* What no point depends on may differ, lr and weight decay of a single run included. */
  loaded = rst_test_case("title: other words\noutput: {every: 3}\n" NETWORK GRID, "step.lr=0.2",
                         "step.weight_decay=3");
  RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &rest, &summary));
  ck_assert_uint_eq(summary.done, POINTS);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(outputs_are_not_lost) {
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_sweep_options options = {.output.path = output, .shards = POINTS};
  struct rst_sweep_summary summary;
  double seconds = 0.0;
  char *wisdom = NULL;
  RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "--resume",
                 rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  options.output.path = "/nonexistent/plane.h5";
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "make the folder",
                 rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  options = (struct rst_sweep_options){.output.path = shards[0], .shard = 3, .shards = 3};
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "no shard 3 of 3",
                 rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  rst_case_destroy(&loaded);

  struct rst_sweep_table table;
  struct rst_sweep_origin origin;
  loaded = load("sweep.lr.count=4", NULL);
  table = rst_test_table(loaded, false);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "no sweep of this case",
                 rst_sweep_file_read(rst_test_bench.context, output, &table, &seconds, &wisdom));
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "cannot be opened",
                 rst_sweep_file_read(rst_test_bench.context, rst_test_bench.path, &table, &seconds, &wisdom));
  rst_sweep_table_clear(&table);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "cannot be opened",
                 rst_sweep_file_load(rst_test_bench.context, rst_test_bench.path, &table, &seconds, &origin));
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "no files",
                 rst_sweep_merge(rst_test_bench.context, NULL, 0,
                                 &(const struct rst_output_options){.path = output, .force = true},
                                 &summary));
  rst_case_destroy(&loaded);
}
END_TEST

/* Killed with points in memory that were not stored yet, a sweep leaves the file of its last storing. */
START_TEST(a_kill_leaves_the_last_file) {
  struct rst_case *loaded = load(NULL, NULL);
  struct stopper stopper = {.after = 10, .count = POINTS};
  const struct rst_sweep_options part = {.poll = stop_after, .user = &stopper};
  const struct rst_sweep_options rest = {.output.resume = true};
  struct rst_sweep_summary summary;
  struct rst_sweep_table before;
  struct rst_sweep_table after;
  (void)sweep(loaded, part, &before);
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    struct stopper killer = {.after = 30, .count = POINTS, .kill = true};
    const struct rst_sweep_options killed = {
        .output.path = output, .output.resume = true, .poll = stop_after, .user = &killer};
    (void)rst_sweep_run(rst_test_bench.context, loaded, &killed, &summary);
    _exit(EXIT_SUCCESS);
  }
  int status = 0;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  after = read_table(loaded, output);
  assert_same_tables(&after, &before);
  rst_sweep_table_clear(&after);
  rst_sweep_table_clear(&before);
  summary = sweep(loaded, rest, &after);
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  rst_sweep_table_clear(&after);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep_resume");
  TCase *tests = tcase_create("sweep_resume");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, a_stopped_sweep_goes_on_to_the_same_bits);
  tcase_add_test(tests, comparisons_are_resumed);
  tcase_add_test(tests, shards_join_to_the_whole);
  tcase_add_test(tests, only_the_same_case_is_resumed_and_joined);
  tcase_add_test(tests, outputs_are_not_lost);
  tcase_add_test(tests, a_kill_leaves_the_last_file);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
