/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_SWEEP_RUN_H
#define RST_TEST_SWEEP_RUN_H

#include <stdio.h>

#include "support.h"
#include "sweep/sweep_file.h"

/** @file
 * A small sweep and its files, for the tests of sweeps.
 */

/* A small network with points that converge, are restrained and diverge. */
#define NETWORK                                                                                              \
  "flow:\n"                                                                                                  \
  "  kind: conv\n"                                                                                           \
  "  kernel: 4\n"                                                                                            \
  "  image: {kind: checkerboard, size: 16}\n"                                                                \
  "initial: {kind: normal, seed: 7}\n"                                                                       \
  "step: {lr: 0.4, iterations: 200}\n"
#define GRID                                                                                                 \
  "sweep:\n"                                                                                                 \
  "  lr: {from: 0.05, to: 5, count: 9, scale: log}\n"                                                        \
  "  weight_decay: {from: 0.5, to: 4, count: 5}\n"                                                           \
  "  agreement: 7\n"

enum { LRS = 9, WEIGHT_DECAYS = 5, POINTS = LRS * WEIGHT_DECAYS, SAMPLE = 7 };

static char output[160], sidecar[160], shards[3][160];

static inline void set_up(void) {
  rst_test_bench_set_up();
  snprintf(output, sizeof output, "%s/plane.h5", rst_test_bench.folder);
  snprintf(sidecar, sizeof sidecar, "%s/plane.xdmf", rst_test_bench.folder);
  for (int i = 0; i < 3; ++i) {
    snprintf(shards[i], sizeof shards[i], "%s/shard%d.h5", rst_test_bench.folder, i);
  }
}

static inline struct rst_case *load(const char *one, const char *other) {
  return rst_test_case(NETWORK GRID, one, other);
}

static inline struct rst_sweep_table read_table(const struct rst_case *loaded, const char *path) {
  struct rst_sweep_table table;
  double seconds = -1.0;
  char *wisdom = NULL;
  table = rst_test_table(loaded, false);
  RST_TEST_OK(rst_test_bench.context,
              rst_sweep_file_read(rst_test_bench.context, path, &table, &seconds, &wisdom));
  ck_assert_ptr_null(wisdom);
  ck_assert(seconds >= 0.0);
  return table;
}

/* Sweep into `output`, and read what was stored. */
static inline struct rst_sweep_summary sweep(const struct rst_case *loaded, struct rst_sweep_options options,
                                             struct rst_sweep_table *table) {
  struct rst_sweep_summary summary;
  options.output.path = output;
  RST_TEST_OK(rst_test_bench.context, rst_sweep_run(rst_test_bench.context, loaded, &options, &summary));
  *table = read_table(loaded, output);
  return summary;
}

/* Times that a grid was refined before it had this point, of those `refine`. */
static inline int level_of(size_t x, size_t y, int refine) {
  int level = refine;
  while (level > 0 && x % 2 == 0 && y % 2 == 0) {
    x /= 2;
    y /= 2;
    level -= 1;
  }
  return level;
}

static inline void assert_same_reals(const double *a, const double *b, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    ck_assert_msg(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])), "entry %zu: %.17g and %.17g", i, a[i], b[i]);
  }
}

static inline void assert_same_tables(const struct rst_sweep_table *a, const struct rst_sweep_table *b) {
  const size_t count = a->points;
  assert_same_reals(a->axes[1].values, b->axes[1].values, a->columns);
  assert_same_reals(a->axes[0].values, b->axes[0].values, a->rows);
  assert_same_reals(a->lr_lo, b->lr_lo, a->rows);
  assert_same_reals(a->lr_hi, b->lr_hi, a->rows);
  assert_same_reals(a->final_loss, b->final_loss, count);
  assert_same_reals(a->mean_loss, b->mean_loss, count);
  assert_same_reals(a->lyapunov, b->lyapunov, count);
  assert_same_reals(a->max_growth, b->max_growth, count);
  for (size_t i = 0; i < count; ++i) {
    ck_assert_int_eq(a->period[i], b->period[i]);
    ck_assert_int_eq(a->iterations_run[i], b->iterations_run[i]);
    ck_assert_int_eq(a->regime[i], b->regime[i]);
    ck_assert_int_eq(a->agreement[i], b->agreement[i]);
    ck_assert_int_eq(a->level[i], b->level[i]);
  }
  ck_assert_str_eq(a->engine, b->engine);
  ck_assert_uint_eq(a->patches, b->patches);
  ck_assert_uint_eq(a->rank, b->rank);
}

#endif
