/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "sweep/boundary.h"
#include "sweep/evaluator.h"
#include "sweep/work_list.h"
#include "sweep_run.h"

static size_t count_compared(const struct rst_sweep_table *table) {
  size_t compared = 0;
  for (size_t i = 0; i < POINTS; ++i) {
    compared += table->agreement[i] >= 0;
  }
  return compared;
}

START_TEST(a_file_gives_back_what_was_written) {
  struct rst_case *loaded = load(NULL, NULL);
  const struct rst_provenance provenance = {.case_source = rst_case_source(loaded),
                                            .case_effective = rst_case_effective(loaded),
                                            .threads = 1,
                                            .ranks = 1,
                                            .rigor = "estimate",
                                            .correlation = "direct"};
  struct rst_sweep_table written;
  struct rst_sweep_table loaded_table;
  struct rst_sweep_origin origin;
  double seconds = 0.0;
  written = rst_test_table(loaded, false);
  for (size_t i = 0; i < POINTS; i += 2) {
    const struct rst_orbit_summary point = {.regime = (enum rst_regime)(i % (RST_REGIME_COUNT)),
                                            .final_loss = i == 4 ? INFINITY : 0.1 * (double)i,
                                            .mean_loss = 1.0 / (1.0 + (double)i),
                                            .lyapunov = i == 6 ? NAN : -1e-300 * (double)i,
                                            .max_growth = 1e300,
                                            .period = (long)i,
                                            .iterations_run = 9007199254740993L};
    rst_sweep_table_enter(&written, i, &point, NULL);
    written.agreement[i] = (int8_t)((int)(i % 3) - 1);
    written.level[i] = (int8_t)(i % (RST_SWEEP_MOST_LEVELS + 1));
  }
  written.lr_lo[2] = 0.7;
  written.lr_hi[3] = INFINITY;
  written.engine = "reduced";
  written.patches = 2;
  written.rank = 4;
  RST_TEST_OK(rst_test_bench.context, rst_sweep_measure_boundaries(rst_test_bench.context, &written));
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_file_write(rst_test_bench.context, output, &written, &provenance, "completed", 3.5));
  struct rst_sweep_table table = read_table(loaded, output);
  assert_same_tables(&table, &written);
  for (size_t i = 1; i < POINTS; i += 2) {
    ck_assert_int_eq(table.regime[i], RST_SWEEP_PENDING);
    ck_assert(isnan(table.final_loss[i]) && isnan(table.lyapunov[i]) && table.iterations_run[i] == 0);
  }
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_file_load(rst_test_bench.context, output, &loaded_table, &seconds, &origin));
  assert_same_tables(&loaded_table, &written);
  ck_assert(seconds == 3.5);
  ck_assert_str_eq(origin.case_effective, rst_case_effective(loaded));
  ck_assert_str_eq(origin.case_source, rst_case_source(loaded));
  ck_assert_str_eq(origin.correlation, "direct");
  ck_assert_int_eq(access(sidecar, F_OK), 0);
  rst_sweep_origin_clear(&origin);
  rst_sweep_table_clear(&loaded_table);
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&written);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(samples_are_spread_over_the_grid) {
  enum { SIDE = 40 };
  static int8_t smaller[SIDE * SIDE];
  static int8_t larger[SIDE * SIDE];
  rst_sweep_choose_sample(SIDE, SIDE, 8, smaller);
  rst_sweep_choose_sample(SIDE, SIDE, 64, larger);
  int quarters[16] = {0};
  int count = 0;
  for (size_t i = 0; i < sizeof larger; ++i) {
    ck_assert(smaller[i] == RST_SWEEP_UNSAMPLED || larger[i] == RST_SWEEP_SAMPLED);
    count += larger[i] == RST_SWEEP_SAMPLED;
    quarters[4 * (i / SIDE / 10) + i % SIDE / 10] += larger[i] == RST_SWEEP_SAMPLED;
  }
  ck_assert_int_eq(count, 64);
  for (int i = 0; i < 16; ++i) {
    ck_assert_msg(quarters[i] >= 2 && quarters[i] <= 6, "%d points in part %d", quarters[i], i);
  }
  const size_t counts[] = {1, 14, 15, 16, 1000};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; ++c) {
    size_t found = 0;
    rst_sweep_choose_sample(5, 3, counts[c], smaller);
    for (size_t i = 0; i < 15; ++i) {
      found += smaller[i] == RST_SWEEP_SAMPLED;
    }
    ck_assert_uint_eq(found, counts[c] < 15 ? counts[c] : 15);
  }
}
END_TEST

/* Whatever the batch and the number of workers, every missing point is handed out once, then its part of the sample. */
START_TEST(work_lists_hand_out_every_point_once) {
  struct rst_case *loaded = load(NULL, NULL);
  for (size_t batch = 1; batch <= 16; batch *= 4) {
    for (size_t workers = 1; workers <= 64; workers *= 8) {
      int handed[POINTS] = {0};
      int in_full[POINTS] = {0};
      struct rst_sweep_table table;
      struct rst_work_list work;
      struct rst_sweep_block block = {0};
      bool more = true;
      table = rst_test_table(loaded, false);
      table.regime[3] = RST_REGIME_STABLE;
      RST_TEST_OK(rst_test_bench.context,
                  rst_work_list_create(rst_test_bench.context, &table, 1, 2, SAMPLE, &work));
      do {
        rst_work_list_take(&work, batch, workers, &block, &more);
        ck_assert(!more);
        ck_assert_uint_le(block.count, RST_SWEEP_BLOCK);
        for (size_t i = 0; i < block.count; ++i) {
          (block.full ? in_full : handed)[block.index[i]] += 1;
          ck_assert(block.lr[i] == table.axes[1].values[block.index[i] % LRS]);
          ck_assert(block.weight_decay[i] == table.axes[0].values[block.index[i] / LRS]);
        }
      } while (block.count > 0);
      ck_assert_uint_eq(work.left + work.full_left, 0);
      for (size_t i = 0; i < POINTS; ++i) {
        ck_assert_int_eq(handed[i], i % 2 == 1 && i != 3);
        ck_assert_int_eq(in_full[i], i % 2 == 1 && work.full[i] == RST_SWEEP_SAMPLED);
      }
      rst_work_list_clear(&work);
      rst_sweep_table_clear(&table);
    }
  }
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_sweep_is_its_points) {
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_sweep_table table;
  struct rst_evaluator *evaluator = NULL;
  const struct rst_sweep_options options = {0};
  const struct rst_sweep_summary summary = sweep(loaded, options, &table);
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  ck_assert_str_eq(summary.reason, "completed");
  ck_assert_uint_eq(summary.done, POINTS);
  ck_assert_uint_eq(summary.count, POINTS);
  RST_TEST_OK(rst_test_bench.context, rst_evaluator_create(rst_test_bench.context, loaded, true, &evaluator));
  ck_assert_str_eq(summary.engine, rst_evaluator_engine(evaluator));
  ck_assert_str_eq(table.engine, rst_evaluator_engine(evaluator));
  size_t regimes[RST_REGIME_COUNT] = {0};
  double updates = 0.0;
  for (size_t i = 0; i < POINTS; ++i) {
    struct rst_orbit_summary point;
    bool stopped = false;
    RST_TEST_OK(rst_test_bench.context,
                rst_evaluator_run(evaluator, 1, &table.axes[1].values[i % LRS],
                                  &table.axes[0].values[i / LRS], NULL, NULL, &point, NULL, &stopped));
    ck_assert_int_eq(table.regime[i], point.regime);
    assert_same_reals(&table.final_loss[i], &point.final_loss, 1);
    assert_same_reals(&table.mean_loss[i], &point.mean_loss, 1);
    assert_same_reals(&table.lyapunov[i], &point.lyapunov, 1);
    assert_same_reals(&table.max_growth[i], &point.max_growth, 1);
    ck_assert_int_eq(table.period[i], point.period);
    ck_assert_int_eq(table.iterations_run[i], point.iterations_run);
    regimes[point.regime] += 1;
    updates += (double)point.iterations_run;
  }
  for (int i = 0; i < RST_REGIME_COUNT; ++i) {
    ck_assert_uint_eq(summary.regimes[i], regimes[i]);
  }
  ck_assert_uint_gt(regimes[RST_REGIME_STABLE] + regimes[RST_REGIME_TRANSIENT], 0);
  ck_assert_uint_gt(regimes[RST_REGIME_DIVERGENT], 0);
  ck_assert(summary.point_iterations >= updates);
  rst_evaluator_destroy(&evaluator);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(reduced_points_agree_with_full_ones) {
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_sweep_table table;
  const struct rst_sweep_options options = {.output.force = true};
  struct rst_sweep_summary summary = sweep(loaded, options, &table);
  ck_assert_str_eq(summary.engine, "reduced");
  ck_assert_uint_gt(summary.patches, 0);
  ck_assert_uint_gt(summary.rank, 0);
  ck_assert_uint_eq(summary.compared, SAMPLE);
  ck_assert_uint_eq(summary.agreed, SAMPLE);
  ck_assert_uint_eq(count_compared(&table), SAMPLE);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);

  loaded = load("sweep.reduction=none", NULL);
  summary = sweep(loaded, options, &table);
  ck_assert_str_eq(summary.engine, "full");
  ck_assert_uint_eq(summary.patches + summary.rank + summary.compared, 0);
  ck_assert_uint_eq(count_compared(&table), 0);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

/* What the theory says of each weight decay, up to the rounding of reduced coordinates, is in the file, and counted point by
 * point. */
START_TEST(predictions_are_counted) {
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_sweep_table table;
  struct rst_lr_limits theory[WEIGHT_DECAYS];
  const struct rst_sweep_options options = {0};
  const struct rst_sweep_summary summary = sweep(loaded, options, &table);
  RST_TEST_OK(rst_test_bench.context, rst_lr_limits_find(rst_test_bench.context, loaded, table.axes[0].values,
                                                         WEIGHT_DECAYS, theory));
  size_t predicted = 0;
  size_t correct = 0;
  for (size_t i = 0; i < WEIGHT_DECAYS; ++i) {
    ck_assert_double_eq_tol(table.lr_lo[i], theory[i].lr_lo, 1e-12 * theory[i].lr_lo);
    ck_assert_double_eq(table.lr_hi[i], theory[i].lr_hi);
  }
  for (size_t i = 0; i < POINTS; ++i) {
    bool predicts = false;
    const bool holds = rst_sweep_prediction_holds(&theory[i / LRS], table.axes[1].values[i % LRS],
                                                  (enum rst_regime)table.regime[i], &predicts);
    predicted += predicts;
    correct += predicts && holds;
  }
  ck_assert_uint_eq(summary.predicted, predicted);
  ck_assert_uint_eq(summary.correct, correct);
  ck_assert_uint_gt(predicted, POINTS / 2);
  ck_assert_uint_le(correct, predicted);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(threads_do_not_change_the_bits) {
  struct rst_case *loaded = load(NULL, NULL);
  const struct rst_sweep_options options = {.output.force = true};
  struct rst_sweep_table expected;
  (void)sweep(loaded, options, &expected);
  for (int threads = 2; threads <= 64; threads += 31) {
    struct rst_sweep_table table;
    RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, threads));
    (void)sweep(loaded, options, &table);
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
  }
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_case_without_the_section_is_refused) {
  const struct rst_sweep_options options = {.output.path = output};
  struct rst_sweep_summary summary;
  struct rst_sweep_cost rehearsal;
  struct rst_case *loaded = rst_test_case(NETWORK, NULL, NULL);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "no section sweep",
                 rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "no section sweep",
                 rst_sweep_estimate(rst_test_bench.context, loaded, &rehearsal));
  ck_assert_int_ne(access(output, F_OK), 0);
  rst_case_destroy(&loaded);
}
END_TEST

/* Bytes of a point, without those of the orbits that are under way: 48 an iteration, so many of them. */
static double bytes_of_point(const struct rst_sweep_cost *cost, const struct rst_case *of, double orbits) {
  return (cost->bytes - 48.0 * orbits * (double)(of->step.iterations + 1)) / (double)cost->fine;
}

START_TEST(rehearsals_tell_engine_and_cost) {
  struct rst_case *loaded = load(NULL, NULL);
  struct rst_case *many = load("sweep.lr.count=900", "step.iterations=20000000");
  struct rst_case *fine = load("sweep.refine=2", NULL);
  struct rst_sweep_cost rehearsal;
  struct rst_sweep_cost longer;
  RST_TEST_OK(rst_test_bench.context, rst_sweep_estimate(rst_test_bench.context, loaded, &rehearsal));
  ck_assert_str_eq(rehearsal.engine, "reduced");
  ck_assert_uint_eq(rehearsal.points, POINTS);
  ck_assert_uint_eq(rehearsal.fine, POINTS);
  ck_assert_uint_gt(rehearsal.patches, 0);
  ck_assert(rehearsal.seconds > 0.0 && rehearsal.bytes > 0.0);
  RST_TEST_OK(rst_test_bench.context, rst_sweep_estimate(rst_test_bench.context, many, &longer));
  ck_assert(longer.seconds > 100.0 * rehearsal.seconds);
  const double orbits = round((longer.bytes - 100.0 * rehearsal.bytes) / 48.0 / 2e7);
  ck_assert_double_ge(orbits, 1.0);
  rst_test_close(bytes_of_point(&longer, many, orbits), bytes_of_point(&rehearsal, loaded, orbits), 1e-6);
  RST_TEST_OK(rst_test_bench.context, rst_sweep_estimate(rst_test_bench.context, fine, &longer));
  ck_assert_uint_eq(longer.points, POINTS);
  ck_assert_uint_eq(longer.fine, (4 * LRS - 3) * (4 * WEIGHT_DECAYS - 3));
  rst_test_close(bytes_of_point(&longer, fine, orbits), bytes_of_point(&rehearsal, loaded, orbits), 1e-12);
  rst_case_destroy(&loaded);
  rst_case_destroy(&many);
  rst_case_destroy(&fine);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep");
  TCase *tests = tcase_create("sweep");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, a_file_gives_back_what_was_written);
  tcase_add_test(tests, samples_are_spread_over_the_grid);
  tcase_add_test(tests, work_lists_hand_out_every_point_once);
  tcase_add_test(tests, a_sweep_is_its_points);
  tcase_add_test(tests, reduced_points_agree_with_full_ones);
  tcase_add_test(tests, predictions_are_counted);
  tcase_add_test(tests, threads_do_not_change_the_bits);
  tcase_add_test(tests, a_case_without_the_section_is_refused);
  tcase_add_test(tests, rehearsals_tell_engine_and_cost);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
