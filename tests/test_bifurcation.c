/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "restrain/run.h"
#include "support.h"
#include "sweep/sweep_file_parts.h"

/* Below lr_lo the small network converges, above it has period 2, and beyond lr_hi = 2/alpha = 1 it diverges. */
#define NETWORK                                                                                              \
  "flow:\n"                                                                                                  \
  "  kind: conv\n"                                                                                           \
  "  kernel: 4\n"                                                                                            \
  "  image: {kind: checkerboard, size: 16}\n"                                                                \
  "initial: {kind: normal, seed: 7}\n"                                                                       \
  "step: {lr: 0.4, weight_decay: 2, iterations: 10}\n"
#define SCAN "bifurcation: {from: 0.1, to: 1.1, count: 11, burn_in: 300, samples: 40}\n"

enum { VALUES = 11, SAMPLES = 40 };

static char output[160];

static void set_up(void) {
  rst_test_bench_set_up();
  snprintf(output, sizeof output, "%s/scan.h5", rst_test_bench.folder);
}

/* Stops a scan once so many values are done. */
struct stopper {
  size_t after;
  long polls;
};

static const char *stop_after(void *user, const struct rst_sweep_progress *progress) {
  struct stopper *stopper = user;
  stopper->polls += 1;
  ck_assert_uint_eq(progress->axis_count, 1);
  ck_assert_str_eq(progress->names[0], "lr");
  ck_assert(progress->at[0] >= 0.1 && progress->at[0] <= 1.1);
  ck_assert_uint_eq(progress->count, VALUES);
  ck_assert_uint_le(progress->done, VALUES);
  return progress->done >= stopper->after ? "enough" : NULL;
}

static struct rst_sweep_table read_table(const struct rst_case *loaded, const char *path) {
  struct rst_sweep_table table = rst_test_table(loaded, true);
  double seconds = -1.0;
  char *wisdom = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_file_read(rst_test_bench.context, path, &table, &seconds, &wisdom));
  ck_assert_ptr_null(wisdom);
  ck_assert(seconds > 0.0);
  return table;
}

/* Scan, and read what was stored, of which the diagram is a part. */
static struct rst_sweep_summary scan(const struct rst_case *loaded, const struct rst_sweep_options *options,
                                     struct rst_sweep_table *table) {
  struct rst_sweep_summary summary;
  struct rst_sweep_options asked = *options;
  struct rst_bifurcation diagram;
  asked.output.path = output;
  RST_TEST_OK(rst_test_bench.context,
              rst_bifurcation_run(rst_test_bench.context, loaded, &asked, &summary, &diagram));
  *table = read_table(loaded, output);
  ck_assert_uint_eq(diagram.count, table->points);
  ck_assert_str_eq(diagram.parameter, table->axes[0].name);
  for (size_t i = 0; i < diagram.count; ++i) {
    ck_assert(diagram.values[i] == table->axes[0].values[i]);
    ck_assert_int_eq(diagram.regimes[i], table->regime[i]);
    ck_assert_int_eq(diagram.periods[i], table->period[i]);
  }
  rst_bifurcation_clear(&diagram);
  return summary;
}

static void assert_same_reals(const double *a, const double *b, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    ck_assert_msg(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])), "entry %zu: %.17g and %.17g", i, a[i], b[i]);
  }
}

/* What the file has. */
static void assert_same_tables(const struct rst_sweep_table *a, const struct rst_sweep_table *b) {
  size_t count = 0;
  size_t stored = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  for (size_t i = 0; i < count; ++i) {
    const struct rst_sweep_column *column = &columns[i];
    if (rst_sweep_column_is_stored(column, a)) {
      const size_t numbers = a->points * (column->where & RST_SWEEP_SAMPLED ? a->samples : 1);
      const void *one = rst_sweep_column_values(column, a);
      const void *other = rst_sweep_column_values(column, b);
      stored += 1;
      if (column->numbers == RST_NUMBERS_DOUBLE) {
        assert_same_reals(one, other, numbers);
      } else {
        ck_assert_mem_eq(one, other, numbers * rst_numbers_size(column->numbers));
      }
    }
  }
  ck_assert_uint_eq(stored, 11);
}

START_TEST(values_reach_both_ends_exactly) {
  static const double ends[][2] = {{0.01, 0.11}, {1e-3, 7.0}, {0.3, 0.1}, {1.0 / 3.0, 2.0 / 3.0}};
  for (size_t e = 0; e < sizeof ends / sizeof *ends; ++e) {
    for (int s = 0; s < 2; ++s) {
      const enum rst_scale scale = s == 0 ? RST_SCALE_LINEAR : RST_SCALE_LOGARITHMIC;
      for (size_t count = 2; count < 60; ++count) {
        ck_assert(rst_scan_value(ends[e][0], ends[e][1], count, scale, 0) == ends[e][0]);
        ck_assert(rst_scan_value(ends[e][0], ends[e][1], count, scale, count - 1) == ends[e][1]);
      }
      ck_assert(rst_scan_value(ends[e][0], ends[e][1], 1, scale, 0) == ends[e][0]);
    }
  }
}
END_TEST

START_TEST(values_are_evenly_spaced_or_geometric) {
  const double step = 0.1 / 24.0;
  const double ratio = pow(11.0, 1.0 / 24.0);
  for (size_t i = 1; i < 25; ++i) {
    const double linear = rst_scan_value(0.01, 0.11, 25, RST_SCALE_LINEAR, i);
    const double geometric = rst_scan_value(0.01, 0.11, 25, RST_SCALE_LOGARITHMIC, i);
    rst_test_close(linear - rst_scan_value(0.01, 0.11, 25, RST_SCALE_LINEAR, i - 1), step, 1e-12);
    rst_test_close(geometric / rst_scan_value(0.01, 0.11, 25, RST_SCALE_LOGARITHMIC, i - 1), ratio, 1e-14);
  }
  rst_test_close(rst_scan_value(0.01, 1.0, 3, RST_SCALE_LOGARITHMIC, 1), 0.1, 1e-15);
  ck_assert(rst_scan_value(0.0, 2.0, 5, RST_SCALE_LINEAR, 1) == 0.5);
}
END_TEST

START_TEST(a_scan_is_its_orbits) {
  static const char *const parameters[] = {"bifurcation.parameter=lr", "bifurcation.parameter=weight_decay"};
  for (int p = 0; p < 2; ++p) {
    struct rst_case *loaded = rst_test_case(NETWORK SCAN, parameters[p], "bifurcation.reduction=none");
    const struct rst_sweep_options options = {.output.force = true};
    struct rst_sweep_table table;
    const struct rst_sweep_summary summary = scan(loaded, &options, &table);
    const double *const columns[] = {table.data_loss, table.residual, table.weight_norm, table.probe};
    struct rst_flow *flow = rst_test_flow(rst_test_bench.context, &loaded->flow);
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert_uint_eq(summary.done, VALUES);
    size_t counted[RST_REGIME_UNDECIDED + 1] = {0};
    for (size_t i = 0; i < VALUES; ++i) {
      const double value = rst_scan_value(0.1, 1.1, VALUES, RST_SCALE_LINEAR, i);
      double observed[RST_ORBIT_OBSERVABLES * SAMPLES];
      struct rst_orbit orbit;
      RST_TEST_OK(rst_test_bench.context,
                  rst_orbit_run(rst_test_bench.context, loaded, flow, p == 0 ? value : 0.4,
                                p == 0 ? 2.0 : value, 300, SAMPLES, NULL, NULL, observed, &orbit));
      for (size_t j = 0; j < RST_ORBIT_OBSERVABLES; ++j) {
        assert_same_reals(columns[j] + i * SAMPLES, observed + j * SAMPLES, SAMPLES);
      }
      assert_same_reals(&table.final_loss[i], &orbit.loss, 1);
      assert_same_reals(&table.lyapunov[i], &orbit.regime.exponent, 1);
      assert_same_reals(&table.lyapunov_error[i], &orbit.regime.exponent_error, 1);
      assert_same_reals(&table.max_growth[i], &orbit.max_growth, 1);
      ck_assert_int_eq(table.period[i], orbit.regime.period);
      ck_assert_int_eq(table.iterations_run[i], orbit.iterations);
      ck_assert_int_eq(table.regime[i], orbit.regime.regime);
      counted[orbit.regime.regime] += 1;
    }
    for (int i = 0; i <= RST_REGIME_UNDECIDED; ++i) {
      ck_assert_uint_eq(summary.regimes[i], counted[i]);
    }
    rst_flow_destroy(&flow);
    rst_sweep_table_clear(&table);
    rst_case_destroy(&loaded);
  }
}
END_TEST

/* Exact but for rounding, which makes samples part where it grows; a divergent orbit has none. */
START_TEST(the_reduction_gives_the_same_diagram) {
  static const char *const steps[] = {
      "step.scheme=euler",
      "step={scheme: nesterov, lr: 0.4, weight_decay: 2, momentum: 0.3, iterations: 10}"};
  for (size_t k = 0; k < 2; ++k) {
    struct rst_case *reduced = rst_test_case(NETWORK SCAN, steps[k], NULL);
    struct rst_case *full = rst_test_case(NETWORK SCAN, steps[k], "bifurcation.reduction=none");
    const struct rst_sweep_options options = {.output.force = true};
    struct rst_sweep_table tables[2];
    const struct rst_sweep_summary of_reduced = scan(reduced, &options, &tables[0]);
    const struct rst_sweep_summary of_full = scan(full, &options, &tables[1]);
    const double *const columns[2][4] = {
        {tables[0].data_loss, tables[0].residual, tables[0].weight_norm, tables[0].probe},
        {tables[1].data_loss, tables[1].residual, tables[1].weight_norm, tables[1].probe}};
    ck_assert_str_eq(of_reduced.engine, "reduced");
    ck_assert_str_eq(of_full.engine, "full");
    for (size_t i = 0; i < VALUES; ++i) {
      ck_assert_int_eq(tables[0].regime[i], tables[1].regime[i]);
      ck_assert_int_eq(tables[0].iterations_run[i], tables[1].iterations_run[i]);
      for (size_t j = 0; j < RST_ORBIT_OBSERVABLES; ++j) {
        for (size_t s = i * SAMPLES; s < (i + 1) * SAMPLES; ++s) {
          const double difference = fabs(columns[0][j][s] - columns[1][j][s]);
          ck_assert_int_eq(isnan(difference), tables[1].regime[i] == RST_REGIME_DIVERGENT);
          ck_assert(isnan(difference) || difference <= 1e-9);
        }
      }
    }
    rst_sweep_table_clear(&tables[0]);
    rst_sweep_table_clear(&tables[1]);
    rst_case_destroy(&reduced);
    rst_case_destroy(&full);
  }
}
END_TEST

START_TEST(shards_join_to_the_whole) {
  enum { SHARDS = 3 };
  struct rst_case *loaded = rst_test_case(NETWORK SCAN, NULL, NULL);
  const struct rst_sweep_options whole = {0};
  struct rst_sweep_table expected;
  struct rst_sweep_summary summary;
  struct rst_bifurcation diagram;
  char paths[SHARDS][160];
  const char *names[SHARDS];
  (void)scan(loaded, &whole, &expected);
  for (size_t i = 0; i < SHARDS; ++i) {
    names[i] = paths[i];
    snprintf(paths[i], sizeof paths[i], "%s/shard%zu.h5", rst_test_bench.folder, i);
    const struct rst_sweep_options part = {.output.path = paths[i], .shard = i, .shards = SHARDS};
    RST_TEST_OK(rst_test_bench.context,
                rst_bifurcation_run(rst_test_bench.context, loaded, &part, &summary, NULL));
    ck_assert_uint_eq(summary.count, (VALUES + SHARDS - 1 - i) / SHARDS);
  }
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "is no sweep",
                 rst_sweep_merge(rst_test_bench.context, names, SHARDS,
                                 &(const struct rst_output_options){.path = output, .force = true},
                                 &summary));
  for (size_t given = SHARDS - 1; given <= SHARDS; ++given) {
    RST_TEST_OK(rst_test_bench.context,
                rst_bifurcation_merge(rst_test_bench.context, names, given,
                                      &(const struct rst_output_options){.path = output, .force = true},
                                      &summary, &diagram));
    ck_assert_int_eq(summary.outcome, given == SHARDS ? RST_SWEEP_COMPLETED : RST_SWEEP_INTERRUPTED);
    ck_assert_uint_eq(diagram.count, VALUES);
    rst_bifurcation_clear(&diagram);
  }
  struct rst_sweep_table table = read_table(loaded, output);
  ck_assert_int_eq(table.burn_in, 300);
  assert_same_tables(&table, &expected);
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(regimes_follow_in_order) {
  struct rst_case *loaded = rst_test_case(NETWORK SCAN, NULL, NULL);
  const struct rst_sweep_options options = {0};
  struct rst_sweep_table table;
  (void)scan(loaded, &options, &table);
  ck_assert_int_eq(table.regime[2], RST_REGIME_STABLE);
  ck_assert_int_eq(table.period[2], 1);
  ck_assert_int_eq(table.regime[8], RST_REGIME_RESTRAINED_PERIODIC);
  ck_assert_int_eq(table.period[8], 2);
  ck_assert_int_eq(table.regime[VALUES - 1], RST_REGIME_DIVERGENT);
  ck_assert_int_lt(table.iterations_run[VALUES - 1], 340);
  ck_assert(isnan(table.data_loss[VALUES * SAMPLES - 1]));
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_stopped_scan_goes_on_to_the_same_bits) {
  struct rst_case *loaded = rst_test_case(NETWORK SCAN, "bifurcation.reduction=none", NULL);
  const struct rst_sweep_options whole = {.output.force = true};
  struct rst_sweep_table expected;
  (void)scan(loaded, &whole, &expected);
  for (int threads = 1; threads <= 3; ++threads) {
    struct stopper stopper = {.after = 4};
    const struct rst_sweep_options part = {.output.force = true, .poll = stop_after, .user = &stopper};
    const struct rst_sweep_options rest = {.output.resume = true};
    struct rst_sweep_table table;
    RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, threads));
    struct rst_sweep_summary summary = scan(loaded, &part, &table);
    size_t pending = 0;
    for (size_t i = 0; i < VALUES; ++i) {
      pending += table.regime[i] == RST_SWEEP_PENDING;
      ck_assert_int_eq(isnan(table.final_loss[i]) && table.iterations_run[i] == 0,
                       table.regime[i] == RST_SWEEP_PENDING);
    }
    ck_assert_int_eq(summary.outcome, RST_SWEEP_INTERRUPTED);
    ck_assert_str_eq(summary.reason, "enough");
    ck_assert_uint_ge(summary.done, 4);
    ck_assert_uint_eq(summary.done, VALUES - pending);
    ck_assert_uint_gt(pending, 0);
    ck_assert_int_gt(stopper.polls, 4);
    rst_sweep_table_clear(&table);
    summary = scan(loaded, &rest, &table);
    ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
    ck_assert_str_eq(summary.reason, "completed");
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
  }
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(threads_do_not_change_the_bits) {
  struct rst_case *loaded = rst_test_case(NETWORK SCAN, NULL, NULL);
  const struct rst_sweep_options options = {.output.force = true};
  struct rst_sweep_table expected;
  (void)scan(loaded, &options, &expected);
  for (int threads = 2; threads <= 24; threads += 22) {
    struct rst_sweep_table table;
    RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, threads));
    (void)scan(loaded, &options, &table);
    assert_same_tables(&table, &expected);
    rst_sweep_table_clear(&table);
  }
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(only_the_same_case_is_resumed) {
  struct stopper stopper = {.after = 1};
  struct rst_case *loaded = rst_test_case(NETWORK SCAN, NULL, NULL);
  const struct rst_sweep_options part = {.poll = stop_after, .user = &stopper};
  const struct rst_sweep_options rest = {.output.path = output, .output.resume = true};
  struct rst_sweep_summary summary;
  struct rst_sweep_table table;
  (void)scan(loaded, &part, &table);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);

  static const char *const others[] = {"step.weight_decay=3",   "flow.kernel=5",    "bifurcation.count=12",
                                       "bifurcation.burn_in=9", "stop.blow_up=1e4", "initial.seed=8"};
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    char key[64];
    snprintf(key, sizeof key, "%.*s (was ", (int)strcspn(others[i], "="), others[i]);
    loaded = rst_test_case(NETWORK SCAN, others[i], NULL);
    RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, key,
                   rst_bifurcation_run(rst_test_bench.context, loaded, &rest, &summary, NULL));
    rst_case_destroy(&loaded);
  }
  /* What has no bearing on the orbits may differ, the case's own value of the parameter included. */
  loaded = rst_test_case("title: other words\noutput: {every: 3}\n" NETWORK SCAN, "step.lr=0.2",
                         "step.iterations=77");
  RST_TEST_OK(rst_test_bench.context,
              rst_bifurcation_run(rst_test_bench.context, loaded, &rest, &summary, NULL));
  ck_assert_uint_eq(summary.done, VALUES);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(a_case_without_the_section_is_refused) {
  const struct rst_sweep_options options = {.output.path = output};
  struct rst_sweep_summary summary;
  struct rst_case *loaded = rst_test_case(NETWORK, NULL, NULL);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "no section bifurcation",
                 rst_bifurcation_run(rst_test_bench.context, loaded, &options, &summary, NULL));
  ck_assert_int_ne(access(output, F_OK), 0);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(outputs_are_not_lost) {
  struct rst_case *loaded = rst_test_case(NETWORK SCAN, NULL, NULL);
  struct rst_sweep_options options = {.output.path = output};
  struct rst_sweep_summary summary;
  struct rst_sweep_table table;
  double seconds = 0.0;
  char *wisdom = NULL;
  RST_TEST_OK(rst_test_bench.context,
              rst_bifurcation_run(rst_test_bench.context, loaded, &options, &summary, NULL));
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "--resume",
                 rst_bifurcation_run(rst_test_bench.context, loaded, &options, &summary, NULL));
  options.output.path = "/nonexistent/scan.h5";
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "make the folder",
                 rst_bifurcation_run(rst_test_bench.context, loaded, &options, &summary, NULL));
  rst_case_destroy(&loaded);

  loaded = rst_test_case(NETWORK SCAN, "bifurcation.samples=7", NULL);
  table = rst_test_table(loaded, true);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "no bifurcation diagram of this case",
                 rst_sweep_file_read(rst_test_bench.context, output, &table, &seconds, &wisdom));
  ck_assert_ptr_null(wisdom);
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_IO, "cannot be opened",
                 rst_sweep_file_read(rst_test_bench.context, rst_test_bench.path, &table, &seconds, &wisdom));
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("bifurcation");
  TCase *tests = tcase_create("bifurcation");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, values_reach_both_ends_exactly);
  tcase_add_test(tests, values_are_evenly_spaced_or_geometric);
  tcase_add_test(tests, a_scan_is_its_orbits);
  tcase_add_test(tests, the_reduction_gives_the_same_diagram);
  tcase_add_test(tests, shards_join_to_the_whole);
  tcase_add_test(tests, regimes_follow_in_order);
  tcase_add_test(tests, a_stopped_scan_goes_on_to_the_same_bits);
  tcase_add_test(tests, threads_do_not_change_the_bits);
  tcase_add_test(tests, only_the_same_case_is_resumed);
  tcase_add_test(tests, a_case_without_the_section_is_refused);
  tcase_add_test(tests, outputs_are_not_lost);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
