/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "sweep/engine.h"
#include "sweep_run.h"

/* Refined sweeps of the small network. */

#define FINE                                                                                                 \
  "sweep={lr: {from: 0.05, to: 5, count: 65, scale: log}, weight_decay: {from: 0.5, to: 4, count: 33}}"
#define REFINED "sweep.refine=3"
enum { FINE_LRS = 65, FINE_WEIGHT_DECAYS = 33, FINE_POINTS = FINE_LRS * FINE_WEIGHT_DECAYS };

static struct rst_sweep_table sweep_refined(struct rst_sweep_summary *summary) {
  struct rst_case *loaded = load(REFINED, NULL);
  struct rst_sweep_table table;
  const struct rst_sweep_options options = {.output.force = true};
  *summary = sweep(loaded, options, &table);
  rst_case_destroy(&loaded);
  return table;
}

START_TEST(what_is_computed_is_the_fine_grid) {
  struct rst_case *loaded = load(FINE, NULL);
  struct rst_sweep_summary summary;
  struct rst_sweep_table fine;
  const struct rst_sweep_options options = {.output.force = true};
  (void)sweep(loaded, options, &fine);
  struct rst_sweep_table table = sweep_refined(&summary);
  size_t computed = 0;
  size_t differ = 0;
  ck_assert_uint_eq(table.columns, FINE_LRS);
  ck_assert_uint_eq(table.rows, FINE_WEIGHT_DECAYS);
  assert_same_reals(table.axes[1].values, fine.axes[1].values, FINE_LRS);
  assert_same_reals(table.axes[0].values, fine.axes[0].values, FINE_WEIGHT_DECAYS);
  for (size_t i = 0; i < FINE_POINTS; ++i) {
    ck_assert_int_eq(fine.level[i], 0);
    if (table.level[i] == RST_SWEEP_FILLED) {
      differ += table.regime[i] != fine.regime[i];
      continue;
    }
    ck_assert_int_eq(table.level[i], level_of(i % FINE_LRS, i / FINE_LRS, 3));
    ck_assert_int_eq(table.regime[i], fine.regime[i]);
    assert_same_reals(&table.final_loss[i], &fine.final_loss[i], 1);
    assert_same_reals(&table.mean_loss[i], &fine.mean_loss[i], 1);
    assert_same_reals(&table.lyapunov[i], &fine.lyapunov[i], 1);
    assert_same_reals(&table.max_growth[i], &fine.max_growth[i], 1);
    ck_assert_int_eq(table.period[i], fine.period[i]);
    ck_assert_int_eq(table.iterations_run[i], fine.iterations_run[i]);
    computed += 1;
  }
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  ck_assert_uint_eq(summary.done, FINE_POINTS);
  ck_assert_uint_eq(summary.count, FINE_POINTS);
  ck_assert_uint_eq(summary.computed, computed);
  printf("# computed %zu of %d points, %zu others differ in regime\n", computed, FINE_POINTS, differ);
  ck_assert_uint_lt(computed, FINE_POINTS / 2);
  ck_assert_uint_lt(differ, FINE_POINTS / 100);
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&fine);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(the_sample_is_of_the_coarse_grid) {
  struct rst_sweep_summary summary;
  struct rst_sweep_table table = sweep_refined(&summary);
  size_t compared = 0;
  for (size_t i = 0; i < FINE_POINTS; ++i) {
    ck_assert(table.agreement[i] < 0 || table.level[i] == 0);
    compared += table.agreement[i] >= 0;
  }
  ck_assert_uint_eq(compared, SAMPLE);
  ck_assert_uint_eq(summary.compared, SAMPLE);
  rst_sweep_table_clear(&table);
}
END_TEST

START_TEST(without_refinement_all_is_of_level_0) {
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_sweep_table table;
  const struct rst_sweep_options options = {0};
  const struct rst_sweep_summary summary = sweep(loaded, options, &table);
  ck_assert_uint_eq(summary.computed, POINTS);
  for (size_t i = 0; i < POINTS; ++i) {
    ck_assert_int_eq(table.level[i], 0);
  }
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(threads_do_not_change_a_refined_map) {
  struct rst_sweep_summary summary;
  struct rst_sweep_table expected = sweep_refined(&summary);
  for (int threads = 2; threads <= 16; threads += 7) {
    RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, threads));
    struct rst_sweep_table table = sweep_refined(&summary);
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
  }
  rst_sweep_table_clear(&expected);
}
END_TEST

/* Stops whenever so many more points are done. */
struct stopper {
  size_t from, more;
};

static const char *stop_soon(void *user, const struct rst_sweep_progress *progress) {
  struct stopper *stopper = user;
  stopper->from = stopper->from == SIZE_MAX ? progress->done : stopper->from;
  ck_assert_uint_le(progress->done, progress->count);
  ck_assert_uint_le(progress->count, FINE_POINTS);
  return progress->done >= stopper->from + stopper->more ? "enough" : NULL;
}

START_TEST(a_refinement_goes_on_where_it_stopped) {
  struct rst_case *loaded = load(REFINED, NULL);
  struct rst_sweep_summary summary;
  struct rst_sweep_table expected = sweep_refined(&summary);
  for (int threads = 1; threads <= 2; ++threads) {
    struct stopper stopper = {.from = SIZE_MAX, .more = 20};
    struct rst_sweep_options options = {.output.force = true, .poll = stop_soon, .user = &stopper};
    struct rst_sweep_table table;
    int calls = 1;
    RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, threads));
    summary = sweep(loaded, options, &table);
    options.output.force = false;
    options.output.resume = true;
    for (; summary.outcome == RST_SWEEP_INTERRUPTED; ++calls) {
      size_t done = 0;
      for (size_t i = 0; i < FINE_POINTS; ++i) {
        ck_assert(table.level[i] != RST_SWEEP_FILLED || table.regime[i] == RST_SWEEP_PENDING);
        ck_assert_int_eq(isnan(table.max_growth[i]), table.regime[i] == RST_SWEEP_PENDING);
        done += table.regime[i] != RST_SWEEP_PENDING;
      }
      ck_assert_uint_eq(summary.done, done);
      ck_assert_uint_eq(summary.computed, done);
      rst_sweep_table_clear(&table);
      stopper.from = SIZE_MAX;
      summary = sweep(loaded, options, &table);
    }
    ck_assert_int_gt(calls, 5);
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
    summary = sweep(loaded, options, &table);
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert(summary.point_iterations == 0.0);
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
  }
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(shards_do_the_coarse_grid) {
  struct rst_case *loaded = load(REFINED, NULL);
  const char *paths[] = {shards[0], shards[1], shards[2]};
  const struct rst_sweep_options rest = {.output.resume = true};
  struct rst_sweep_summary summary;
  struct rst_sweep_table expected = sweep_refined(&summary);
  struct rst_sweep_table table;
  for (size_t i = 0; i < 3; ++i) {
    const struct rst_sweep_options part = {.output.path = shards[i], .shard = i, .shards = 3};
    RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &part, &summary));
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert_uint_eq(summary.count, POINTS / 3);
    ck_assert_uint_eq(summary.done, POINTS / 3);
    ck_assert_uint_eq(summary.computed, POINTS / 3);
    table = read_table(loaded, shards[i]);
    for (size_t j = 0; j < FINE_POINTS; ++j) {
      const bool is_coarse = level_of(j % FINE_LRS, j / FINE_LRS, 3) == 0;
      const size_t point = j / FINE_LRS / 8 * LRS + j % FINE_LRS / 8;
      ck_assert_int_eq(table.regime[j] != RST_SWEEP_PENDING, is_coarse && point % 3 == i);
    }
    rst_sweep_table_clear(&table);
  }
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, paths, 2,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_INTERRUPTED);
  ck_assert_str_eq(summary.reason, "points are missing");
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, paths, 3,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_INTERRUPTED);
  ck_assert_ptr_nonnull(strstr(summary.reason, "cells are left to divide"));
  ck_assert_uint_eq(summary.done, POINTS);
  ck_assert_uint_eq(summary.count, FINE_POINTS);
  summary = sweep(loaded, rest, &table);
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  assert_same_tables(&table, &expected);
  rst_sweep_table_clear(&table);

  /* Of a completed file nothing is missing, whichever comes first. */
  ck_assert_int_eq(rename(output, shards[1]), 0);
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, paths, 3,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  table = read_table(loaded, output);
  assert_same_tables(&table, &expected);
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

/* A job whose next point is known only when the one before has been entered. */
enum { CHAIN = 40 };
enum chain_end { COMPLETES, FAILS, STOPS, CHAIN_ENDS };
struct chain {
  size_t given, entered;
  enum chain_end end;
};

static enum rst_status next_link(void *user, size_t batch, struct rst_sweep_block *block, bool *more) {
  struct chain *chain = user;
  (void)batch;
  *block = (struct rst_sweep_block){
      .count = chain->given == chain->entered && chain->given < CHAIN, .lr = {0.3}, .weight_decay = {2.0}};
  *more = chain->given > chain->entered;
  chain->given += block->count;
  return RST_OK;
}

static enum rst_status enter_link(void *user, const struct rst_sweep_block *block,
                                  const struct rst_orbit_summary *points, const double *observed) {
  struct chain *chain = user;
  (void)points;
  (void)observed;
  chain->entered += block->count;
  ck_assert_uint_eq(chain->entered, chain->given);
  return chain->entered == CHAIN / 2 && chain->end == FAILS ? RST_ERROR_IO : RST_OK;
}

static enum rst_status tend_chain(void *user, bool *stop) {
  const struct chain *chain = user;
  *stop = chain->entered == CHAIN / 2 && chain->end == STOPS;
  return RST_OK;
}

START_TEST(threads_wait_for_what_others_bring_about) {
  struct chain chain = {.end = (enum chain_end)_i};
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_sweep_task task;
  rst_sweep_task_of_sweep(loaded, &task);
  struct rst_sweep_job job = {.context = rst_test_bench.context,
                              .task = &task,
                              .user = &chain,
                              .next = next_link,
                              .enter = enter_link,
                              .tend = tend_chain};
  RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, 4));
  const enum rst_status status = rst_sweep_engine_threads(&job, CHAIN);
  ck_assert_int_eq((int)status, (int)(chain.end == FAILS ? RST_ERROR_IO : RST_OK));
  ck_assert_uint_eq(chain.entered, chain.end == COMPLETES ? CHAIN : CHAIN / 2);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep_refine");
  TCase *tests = tcase_create("sweep_refine");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, what_is_computed_is_the_fine_grid);
  tcase_add_test(tests, the_sample_is_of_the_coarse_grid);
  tcase_add_test(tests, without_refinement_all_is_of_level_0);
  tcase_add_test(tests, threads_do_not_change_a_refined_map);
  tcase_add_test(tests, a_refinement_goes_on_where_it_stopped);
  tcase_add_test(tests, shards_do_the_coarse_grid);
  tcase_add_loop_test(tests, threads_wait_for_what_others_bring_about, 0, CHAIN_ENDS);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
