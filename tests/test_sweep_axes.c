/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "sweep/evaluator.h"
#include "sweep/sweep_file_parts.h"
#include "sweep_run.h"

/* The kernel's size changes the flow, the seed the initial state: each pair of them is a variant of the case. */
enum { KERNELS = 2, AXIS_LRS = 3, SEEDS = 2, ALL = KERNELS * AXIS_LRS * SEEDS };
static const double kernels[] = {3, 4};
static const double seeds[] = {7, 11};
static const struct rst_sweep_axis axes[] = {
    {.key = "flow.kernel", .name = "kernel", .count = KERNELS, .values = kernels},
    {.key = "step.lr", .name = "lr", .from = 0.1, .to = 0.9, .count = AXIS_LRS},
    {.key = "initial.seed", .name = "seed", .count = SEEDS, .values = seeds},
};

static struct rst_case *case_of(size_t first, size_t count) {
  struct rst_case *loaded = load("sweep.agreement=3", NULL);
  loaded->sweep.axes = &axes[first];
  loaded->sweep.axis_count = count;
  return loaded;
}

static struct rst_sweep_table load_table(const char *path) {
  struct rst_sweep_table table;
  struct rst_sweep_origin origin;
  double seconds = 0.0;
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_file_load(rst_test_bench.context, path, &table, &seconds, &origin));
  rst_sweep_origin_clear(&origin);
  return table;
}

static void assert_same_columns(const struct rst_sweep_table *a, const struct rst_sweep_table *b) {
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  ck_assert_uint_eq(a->points, b->points);
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], a)) {
      const size_t size = rst_numbers_size(columns[i].numbers);
      ck_assert_mem_eq(rst_sweep_column_values(&columns[i], a), rst_sweep_column_values(&columns[i], b),
                       a->points * size);
    }
  }
  ck_assert_mem_eq(a->lr_lo, b->lr_lo, a->limits * sizeof(double));
  ck_assert_mem_eq(a->lr_hi, b->lr_hi, a->limits * sizeof(double));
}

/* What a point must be: the case loaded with its values is run by itself. */
static void check_point(const struct rst_sweep_table *table, size_t place) {
  const size_t kernel = place / (AXIS_LRS * SEEDS);
  const size_t lr = place / SEEDS % AXIS_LRS;
  const size_t seed = place % SEEDS;
  char change[64];
  char other[64];
  snprintf(change, sizeof change, "flow.kernel=%d", (int)kernels[kernel]);
  snprintf(other, sizeof other, "initial.seed=%d", (int)seeds[seed]);
  struct rst_case *from = load(change, other);
  struct rst_evaluator *evaluator = NULL;
  struct rst_orbit_summary point;
  struct rst_lr_limits theory;
  bool stopped = false;
  const double value = rst_scan_value(0.1, 0.9, AXIS_LRS, RST_SCALE_LINEAR, lr);
  const double weight_decay = from->step.scheme.weight_decay;
  RST_TEST_OK(rst_test_bench.context, rst_evaluator_create(rst_test_bench.context, from, true, &evaluator));
  RST_TEST_OK(rst_test_bench.context,
              rst_evaluator_run(evaluator, 1, &value, &weight_decay, NULL, NULL, &point, NULL, &stopped));
  ck_assert_int_eq(table->regime[place], point.regime);
  assert_same_reals(&table->final_loss[place], &point.final_loss, 1);
  assert_same_reals(&table->lyapunov[place], &point.lyapunov, 1);
  ck_assert_int_eq(table->iterations_run[place], point.iterations_run);
  RST_TEST_OK(rst_test_bench.context,
              rst_lr_limits_find(rst_test_bench.context, from, &weight_decay, 1, &theory));
  assert_same_reals(&table->lr_lo[kernel * SEEDS + seed], &theory.lr_lo, 1);
  assert_same_reals(&table->lr_hi[kernel * SEEDS + seed], &theory.lr_hi, 1);
  rst_evaluator_destroy(&evaluator);
  rst_case_destroy(&from);
}

static const char *watch(void *user, const struct rst_sweep_progress *progress) {
  (void)user;
  ck_assert_uint_eq(progress->axis_count, 3);
  ck_assert_str_eq(progress->names[0], "kernel");
  ck_assert_str_eq(progress->names[1], "lr");
  ck_assert_str_eq(progress->names[2], "seed");
  ck_assert(progress->at[2] == 7.0 || progress->at[2] == 11.0);
  return NULL;
}

START_TEST(every_point_is_the_case_with_its_values) {
  struct rst_case *loaded = case_of(0, 3);
  struct rst_sweep_summary summary;
  const struct rst_sweep_options options = {.output.path = output, .poll = watch};
  RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  ck_assert_uint_eq(summary.done, ALL);
  ck_assert_uint_eq(summary.compared, 3);
  ck_assert_uint_eq(summary.axes, 3);
  struct rst_sweep_table table = load_table(output);
  ck_assert_uint_eq(table.axis_count, 3);
  ck_assert_uint_eq(table.limits, KERNELS * SEEDS);
  for (size_t place = 0; place < ALL; ++place) {
    check_point(&table, place);
  }
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

START_TEST(shares_of_the_points_join_to_the_same) {
  const char *names[2] = {shards[0], shards[1]};
  struct rst_case *loaded = case_of(0, 3);
  struct rst_sweep_summary summary;
  struct rst_sweep_options options = {.output.path = output};
  RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  struct rst_sweep_table expected = load_table(output);
  RST_TEST_OK(rst_test_bench.context, rst_context_set_threads(rst_test_bench.context, 3));
  options.output.force = true;
  RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  struct rst_sweep_table table = load_table(output);
  assert_same_columns(&table, &expected);
  rst_sweep_table_clear(&table);
  for (size_t i = 0; i < 2; ++i) {
    const struct rst_sweep_options part = {.output.path = names[i], .shard = i, .shards = 2};
    RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &part, &summary));
  }
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_merge(rst_test_bench.context, names, 2,
                              &(const struct rst_output_options){.path = output, .force = true}, &summary));
  ck_assert_int_eq(summary.outcome, RST_SWEEP_COMPLETED);
  table = load_table(output);
  assert_same_columns(&table, &expected);
  rst_sweep_table_clear(&table);
  rst_sweep_table_clear(&expected);
  rst_case_destroy(&loaded);
}
END_TEST

/* Of learning rates the curves of theory are single numbers; of seeds they have as many as the map. */
START_TEST(one_axis_is_enough) {
  for (size_t first = 1; first < 3; ++first) {
    struct rst_case *loaded = case_of(first, 1);
    struct rst_sweep_summary summary;
    struct rst_sweep_options options = {.output.path = output, .output.force = true};
    RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
    options.output.resume = true;
    RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
    ck_assert(summary.point_iterations == 0.0);
    struct rst_sweep_table table = load_table(output);
    ck_assert_uint_eq(table.axis_count, 1);
    ck_assert_uint_eq(table.limits, first == 1 ? 1 : SEEDS);
    ck_assert_str_eq(table.axes[0].name, first == 1 ? "lr" : "seed");
    ck_assert_int_ne(access(sidecar, F_OK), 0);
    rst_sweep_table_clear(&table);
    rst_case_destroy(&loaded);
  }
}
END_TEST

START_TEST(cells_of_other_keys_are_not_divided) {
  struct rst_case *loaded = case_of(0, 2);
  struct rst_sweep_summary summary;
  const struct rst_sweep_options options = {.output.path = output};
  loaded->sweep.refine = 1;
  RST_TEST_FAILS(rst_test_bench.context, RST_ERROR_ARGUMENT, "sweep.refine",
                 rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  ck_assert_int_ne(access(output, F_OK), 0);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep_axes");
  TCase *tests = tcase_create("sweep_axes");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_test(tests, every_point_is_the_case_with_its_values);
  tcase_add_test(tests, shares_of_the_points_join_to_the_same);
  tcase_add_test(tests, one_axis_is_enough);
  tcase_add_test(tests, cells_of_other_keys_are_not_divided);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
