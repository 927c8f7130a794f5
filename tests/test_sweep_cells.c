/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "sweep/work_list.h"
#include "sweep_run.h"

/* Maps that are known at every point, and what refinement makes of them. */

enum { MOST_SIDE = 129, MOST = MOST_SIDE * MOST_SIDE };

typedef enum rst_regime map(size_t x, size_t y);

static enum rst_regime half_plane(size_t x, size_t y) {
  return 3 * x + y < 70 ? RST_REGIME_STABLE : RST_REGIME_DIVERGENT;
}

static enum rst_regime disc(size_t x, size_t y) {
  const double u = (double)x - 30.3;
  const double v = (double)y - 25.7;
  return u * u + v * v < 400.0 ? RST_REGIME_RESTRAINED_CHAOTIC
         : u < v               ? RST_REGIME_STABLE
                               : RST_REGIME_TRANSIENT;
}

/* A step, and a ray one point wide that leaves it between the lines of the coarse grid. */
static enum rst_regime ray(size_t x, size_t y) {
  return x < 4               ? RST_REGIME_STABLE
         : y == 12 && x < 61 ? RST_REGIME_RESTRAINED_PERIODIC
                             : RST_REGIME_DIVERGENT;
}

static enum rst_regime noise(size_t x, size_t y) {
  const uint32_t mixed = (uint32_t)(x * 2654435761U) ^ (uint32_t)(y * 2246822519U);
  return mixed >> 28 == 0 ? RST_REGIME_UNDECIDED : RST_REGIME_STABLE;
}

static enum rst_regime constant(size_t x, size_t y) {
  (void)x;
  (void)y;
  return RST_REGIME_DIVERGENT;
}

static map *const maps[] = {half_plane, disc, ray, noise, constant};
enum { MAPS = sizeof maps / sizeof *maps };

/* Coarse values of lr and weight decay, and the refinement. */
static const int grids[][3] = {{9, 9, 3}, {17, 5, 2}, {2, 2, 6}, {5, 3, 4},
                               {1, 9, 3}, {9, 1, 3},  {1, 1, 5}, {4, 6, 0}};
enum { GRIDS = sizeof grids / sizeof *grids };

static struct rst_case *load_grid(const int *grid) {
  char axes[160];
  snprintf(axes, sizeof axes,
           "sweep={lr: {from: 1, to: 2, count: %d}, weight_decay: {from: 1, to: 2, count: %d}, refine: %d}",
           grid[0], grid[1], grid[2]);
  return load(axes, NULL);
}

/* By the definition: look at all cells until none is left to divide. */
struct reference {
  size_t lrs, weight_decays;
  int refine;
  bool computed[MOST];
  bool divided[RST_SWEEP_MOST_LEVELS + 1][MOST]; /* by level and place of the lower corner */
};

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static bool differs_on_edges(const struct reference *reference, map *regime, size_t x, size_t y,
                             size_t size) {
  const size_t right = least(x + size, reference->lrs - 1);
  const size_t top = least(y + size, reference->weight_decays - 1);
  bool seen[RST_REGIME_COUNT] = {false};
  int count = 0;
  for (size_t v = y; v <= top; ++v) {
    for (size_t u = x; u <= right; ++u) {
      const bool is_edge = u == x || u == right || v == y || v == top;
      if (is_edge && reference->computed[v * reference->lrs + u] && !seen[regime(u, v)]) {
        seen[regime(u, v)] = true;
        count += 1;
      }
    }
  }
  return count > 1;
}

static bool exists(const struct reference *reference, int level, size_t x, size_t y) {
  const size_t size = (size_t)1 << (reference->refine - level);
  return level == 0 ||
         reference
             ->divided[level - 1][y / (2 * size) * (2 * size) * reference->lrs + x / (2 * size) * (2 * size)];
}

static bool divide_what_is_due(struct reference *reference, map *regime) {
  bool changed = false;
  for (int level = 0; level < reference->refine; ++level) {
    const size_t size = (size_t)1 << (reference->refine - level);
    for (size_t y = 0; y == 0 || y + 1 < reference->weight_decays; y += size) {
      for (size_t x = 0; x == 0 || x + 1 < reference->lrs; x += size) {
        bool *divided = &reference->divided[level][y * reference->lrs + x];
        if (*divided || !exists(reference, level, x, y) || !differs_on_edges(reference, regime, x, y, size)) {
          continue;
        }
        *divided = changed = true;
        for (size_t v = y; v <= least(y + size, reference->weight_decays - 1); v += size / 2) {
          for (size_t u = x; u <= least(x + size, reference->lrs - 1); u += size / 2) {
            reference->computed[v * reference->lrs + u] = true;
          }
        }
      }
    }
  }
  return changed;
}

static struct reference *make_reference(const int *grid, map *regime) {
  struct reference *reference = calloc(1, sizeof *reference);
  ck_assert_ptr_nonnull(reference);
  const size_t size = (size_t)1 << grid[2];
  reference->refine = grid[2];
  reference->lrs = ((size_t)grid[0] - 1) * size + 1;
  reference->weight_decays = ((size_t)grid[1] - 1) * size + 1;
  ck_assert_uint_le(reference->lrs * reference->weight_decays, MOST);
  for (size_t y = 0; y < reference->weight_decays; y += size) {
    for (size_t x = 0; x < reference->lrs; x += size) {
      reference->computed[y * reference->lrs + x] = true;
    }
  }
  while (divide_what_is_due(reference, regime)) {
  }
  return reference;
}

/* The place whose values a point that was not computed takes. */
static size_t filled_from(const struct reference *reference, size_t x, size_t y) {
  size_t size = (size_t)1 << reference->refine;
  size_t corner[2] = {0, 0};
  const size_t at[2] = {x, y};
  const size_t last[2] = {reference->lrs - 1, reference->weight_decays - 1};
  for (int level = 0; size > 0; ++level, size /= 2) {
    for (int i = 0; i < 2; ++i) {
      corner[i] = at[i] > 0 && at[i] == last[i] ? (at[i] - 1) / size * size : at[i] / size * size;
    }
    if (!reference->divided[level][corner[1] * reference->lrs + corner[0]]) {
      break;
    }
  }
  for (int i = 0; i < 2; ++i) {
    corner[i] += at[i] - corner[i] > corner[i] + size - at[i] ? size : 0;
  }
  return corner[1] * reference->lrs + corner[0];
}

static struct rst_orbit_summary point_of(const struct rst_sweep_table *table, map *regime, size_t index) {
  return (struct rst_orbit_summary){.regime = regime(index % table->columns, index / table->columns),
                                    .final_loss = (double)index,
                                    .iterations_run = (long)index};
}

/* Blocks in flight, of which any may end next. */
enum { FLIGHTS = 5 };
struct flights {
  struct rst_sweep_block blocks[FLIGHTS];
  size_t count;
  uint32_t random;
};

static uint32_t draw(struct flights *flights, uint32_t below) {
  flights->random = flights->random * 1664525U + 1013904223U;
  return (flights->random >> 8) % below;
}

static void land(struct flights *flights, struct rst_work_list *work, map *regime) {
  const size_t index = draw(flights, (uint32_t)flights->count);
  struct rst_sweep_block *block = &flights->blocks[index];
  struct rst_orbit_summary points[RST_SWEEP_BLOCK];
  for (size_t i = 0; i < block->count; ++i) {
    points[i] = point_of(work->table, regime, block->index[i]);
    ck_assert_int_eq(work->table->regime[block->index[i]], RST_SWEEP_PENDING);
  }
  RST_TEST_OK(rst_test_bench.context, rst_work_list_enter(rst_test_bench.context, work, block, points, NULL));
  *block = flights->blocks[--flights->count];
}

/* Do the work, with blocks that overtake each other, until it is done or `most` blocks have landed. */
static bool carry_out(struct rst_work_list *work, map *regime, uint32_t seed, size_t batch, size_t most) {
  struct flights flights = {.random = seed};
  for (size_t landed = 0; landed < most;) {
    struct rst_sweep_block *block = &flights.blocks[flights.count];
    bool more = true;
    if (flights.count < FLIGHTS && draw(&flights, 3) > 0) {
      rst_work_list_take(work, batch, FLIGHTS, block, &more);
      ck_assert(!more || (block->count == 0 && flights.count > 0));
      ck_assert(!block->full || block->count == 0);
      flights.count += block->count > 0;
      if (!more && block->count == 0 && flights.count == 0) {
        ck_assert_uint_eq(work->left + work->underway, 0);
        return true;
      }
    } else if (flights.count > 0) {
      land(&flights, work, regime);
      landed += 1;
    }
  }
  return false;
}

static void check_against(const struct reference *reference, const struct rst_sweep_table *table,
                          map *regime) {
  for (size_t i = 0; i < table->points; ++i) {
    const size_t x = i % table->columns;
    const size_t y = i / table->columns;
    const size_t from = reference->computed[i] ? i : filled_from(reference, x, y);
    ck_assert_int_eq(table->level[i],
                     reference->computed[i] ? level_of(x, y, table->refine) : RST_SWEEP_FILLED);
    ck_assert(reference->computed[from]);
    ck_assert_int_eq(table->regime[i], (int)regime(from % table->columns, from / table->columns));
    ck_assert(table->final_loss[i] == (double)from);
    ck_assert_int_eq(table->iterations_run[i], (int64_t)from);
  }
}

/* For all maps and grids, blocks of all sizes in all orders, also where all that was underway is lost now and then. */
START_TEST(the_points_computed_do_not_depend_on_the_order) {
  map *const regime = maps[_i % MAPS];
  const int *const grid = grids[_i / MAPS];
  struct rst_case *loaded = load_grid(grid);
  struct reference *reference = make_reference(grid, regime);
  for (uint32_t seed = 0; seed < 6; ++seed) {
    const size_t batch = (size_t)1 << seed;
    struct rst_sweep_table table;
    bool complete = false;
    table = rst_test_table(loaded, false);
    while (!complete) {
      struct rst_work_list work;
      rst_sweep_forget_filled(&table);
      RST_TEST_OK(rst_test_bench.context,
                  rst_work_list_create(rst_test_bench.context, &table, 0, 1, 0, &work));
      complete = carry_out(&work, regime, seed, batch, seed % 2 == 0 ? SIZE_MAX : 20);
      rst_work_list_clear(&work);
    }
    rst_sweep_fill(&table);
    check_against(reference, &table, regime);
    rst_sweep_table_clear(&table);
  }
  free(reference);
  rst_case_destroy(&loaded);
}
END_TEST

/* The coarse grid sees nothing of the ray: its cells are divided for what those before them show on their edges. */
START_TEST(a_boundary_is_followed_from_cell_to_cell) {
  struct rst_case *loaded = load_grid(grids[0]);
  struct rst_sweep_table table;
  struct rst_work_list work;
  table = rst_test_table(loaded, false);
  RST_TEST_OK(rst_test_bench.context, rst_work_list_create(rst_test_bench.context, &table, 0, 1, 0, &work));
  ck_assert(carry_out(&work, ray, 1, 16, SIZE_MAX));
  for (size_t x = 0; x < table.columns; ++x) {
    ck_assert(x < 8 || x > 61 || table.level[12 * table.columns + x] != RST_SWEEP_FILLED);
    ck_assert(x <= 8 || table.level[28 * table.columns + x] == RST_SWEEP_FILLED);
  }
  rst_work_list_clear(&work);
  rst_sweep_table_clear(&table);
  rst_case_destroy(&loaded);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sweep_cells");
  TCase *tests = tcase_create("sweep_cells");
  tcase_set_timeout(tests, 60);
  tcase_add_checked_fixture(tests, set_up, rst_test_bench_tear_down);
  tcase_add_loop_test(tests, the_points_computed_do_not_depend_on_the_order, 0, MAPS * GRIDS);
  tcase_add_test(tests, a_boundary_is_followed_from_cell_to_cell);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
