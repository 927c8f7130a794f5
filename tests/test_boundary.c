/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "support.h"
#include "sweep/boundary.h"
#include "sweep/sweep_file_parts.h"

/** @file
 * Box counting: against the plain definition on random maps, and on boundaries whose dimension is known.
 */

static struct rst_context *context;
static struct rst_sweep_table table;

static void set_up(void) {
  context = rst_test_context();
  table = (struct rst_sweep_table){0};
}

static void tear_down(void) {
  rst_sweep_table_clear(&table);
  rst_context_destroy(&context);
}

/* A map of its own: regimes by place. */
static void draw(size_t columns, size_t rows, enum rst_regime (*regime)(size_t column, size_t row)) {
  rst_sweep_table_clear(&table);
  char y[] = "weight_decay";
  char x[] = "lr";
  const struct rst_sweep_scale axes[] = {{.name = y, .count = rows}, {.name = x, .count = columns}};
  RST_TEST_OK(context, rst_sweep_table_allocate(context, 2, axes, 0, &table));
  for (size_t i = 0; i < columns * rows; ++i) {
    table.regime[i] = (int8_t)regime(i % columns, i / columns);
  }
}

static void measure(void) {
  RST_TEST_OK(context, rst_sweep_measure_boundaries(context, &table));
}

static uint32_t draw_number(uint32_t most) {
  static uint32_t state = 12345;
  state = state * 1664525U + 1013904223U;
  return (state >> 24U) % (most + 1);
}

static enum rst_regime any(size_t column, size_t row) {
  (void)column;
  (void)row;
  return (enum rst_regime)draw_number(RST_REGIME_COUNT - 1);
}

/* 1 inside, 0 outside, -1 unknown: the table of boundary.h. */
static int place_of(int regime, int boundary) {
  const bool chaotic = regime == RST_REGIME_RESTRAINED_CHAOTIC;
  const bool converged =
      regime == RST_REGIME_STABLE || regime == RST_REGIME_TRANSIENT || regime == RST_REGIME_CONVERGED;
  const bool open = regime == RST_REGIME_UNDECIDED || regime == RST_REGIME_BOUNDED;
  if (regime == RST_SWEEP_PENDING || (boundary == RST_SWEEP_CHAOS && open)) {
    return -1;
  }
  return boundary == RST_SWEEP_DIVERGENCE    ? regime == RST_REGIME_DIVERGENT
         : boundary == RST_SWEEP_CONVERGENCE ? converged
                                             : chaotic;
}

static bool is_edge(size_t column, size_t row, int boundary) {
  int inside = 0;
  for (size_t i = 0; i < 4; ++i) {
    const int place = place_of(table.regime[(row + i / 2) * table.columns + column + i % 2], boundary);
    if (place < 0) {
      return false;
    }
    inside += place;
  }
  return inside > 0 && inside < 4;
}

/* Tiles that hold an edge, by looking into each. */
static int64_t count_tiles(size_t size, int boundary) {
  int64_t tiles = 0;
  for (size_t top = 0; top + 1 < table.rows; top += size) {
    for (size_t left = 0; left + 1 < table.columns; left += size) {
      bool found = false;
      for (size_t row = top; row < top + size && row + 1 < table.rows; ++row) {
        for (size_t column = left; column < left + size && column + 1 < table.columns; ++column) {
          found = found || is_edge(column, row, boundary);
        }
      }
      tiles += found;
    }
  }
  return tiles;
}

/* Slope of log N over -log d and its standard error, by the textbook. */
static void fit(int boundary, double *slope, double *error) {
  const struct rst_sweep_boxes *boxes = &table.boxes;
  const double n = (double)boxes->sizes;
  double mean_x = 0.0;
  double mean_y = 0.0;
  double xx = 0.0;
  double xy = 0.0;
  double residual = 0.0;
  for (size_t i = 0; i < boxes->sizes; ++i) {
    mean_x -= log((double)boxes->size[i]) / n;
    mean_y += log((double)boxes->count[boundary][i]) / n;
  }
  for (size_t i = 0; i < boxes->sizes; ++i) {
    const double x = -log((double)boxes->size[i]) - mean_x;
    xx += x * x;
    xy += x * (log((double)boxes->count[boundary][i]) - mean_y);
  }
  *slope = xy / xx;
  for (size_t i = 0; i < boxes->sizes; ++i) {
    const double x = -log((double)boxes->size[i]) - mean_x;
    const double off = log((double)boxes->count[boundary][i]) - mean_y - *slope * x;
    residual += off * off;
  }
  *error = sqrt(residual / (n - 2.0) / xx);
}

START_TEST(boxes_are_counted_by_the_definition) {
  const size_t shapes[][2] = {{64, 64}, {37, 53}, {130, 33}, {33, 257}};
  const size_t sizes[] = {4, 3, 3, 3};
  for (size_t k = 0; k < 4; ++k) {
    draw(shapes[k][0], shapes[k][1], any);
    for (size_t i = 0; i < shapes[k][0] * shapes[k][1]; ++i) {
      /* Mostly converged, so that not every box holds everything. */
      if (draw_number(30) > 0) {
        table.regime[i] = RST_REGIME_STABLE;
      }
      if (draw_number(50) == 0) {
        table.regime[i] = RST_SWEEP_PENDING;
      }
    }
    measure();
    ck_assert_uint_eq(table.boxes.sizes, sizes[k]);
    for (int boundary = 0; boundary < RST_SWEEP_BOUNDARIES; ++boundary) {
      for (size_t i = 0; i < sizes[k]; ++i) {
        ck_assert_int_eq(table.boxes.size[i], 1 << i);
        ck_assert_int_eq(table.boxes.count[boundary][i], count_tiles((size_t)1 << i, boundary));
        ck_assert_int_gt(table.boxes.count[boundary][i], 0);
      }
      double slope = 0.0;
      double error = 0.0;
      fit(boundary, &slope, &error);
      rst_test_close(table.boxes.dimension[boundary], slope, 1e-12);
      rst_test_close(table.boxes.dimension_error[boundary], error, 1e-9);
    }
  }
}
END_TEST

/* Counts of equal numbers are powers of two here, and fit without an error. */
START_TEST(lines_along_an_axis_have_dimension_one_exactly) {
  for (int turned = 0; turned < 2; ++turned) {
    draw(513, 513, any);
    for (size_t i = 0; i < (size_t)513 * 513; ++i) {
      const size_t along = turned ? i / 513 : i % 513;
      table.regime[i] = along < 200 ? RST_REGIME_TRANSIENT : RST_REGIME_RESTRAINED_PERIODIC;
    }
    measure();
    ck_assert_int_eq(table.boxes.count[RST_SWEEP_CONVERGENCE][0], 512);
    rst_test_close(table.boxes.dimension[RST_SWEEP_CONVERGENCE], 1.0, 1e-12);
    ck_assert_double_lt(table.boxes.dimension_error[RST_SWEEP_CONVERGENCE], 1e-7);
    ck_assert(isnan(table.boxes.dimension[RST_SWEEP_DIVERGENCE]));
    ck_assert(isnan(table.boxes.dimension_error[RST_SWEEP_CHAOS]));
    ck_assert_int_eq(table.boxes.count[RST_SWEEP_DIVERGENCE][0], 0);
  }
}
END_TEST

START_TEST(straight_lines_have_dimension_one) {
  const double slopes[] = {0.05, 0.3, 1.0, 0.7071, 1.618, 4.0, -0.4, -2.5};
  for (size_t k = 0; k < sizeof slopes / sizeof *slopes; ++k) {
    draw(1024, 729, any);
    for (size_t i = 0; i < (size_t)1024 * 729; ++i) {
      const size_t row = i / 1024;
      const double x = (double)(i % 1024) - 511.3;
      const double y = (double)row - 364.2;
      table.regime[i] = y > slopes[k] * x ? RST_REGIME_DIVERGENT : RST_REGIME_RESTRAINED_CHAOTIC;
    }
    measure();
    const double *dimension = table.boxes.dimension;
    ck_assert_msg(fabs(dimension[RST_SWEEP_DIVERGENCE] - 1.0) < 0.03, "slope %g: dimension %g", slopes[k],
                  dimension[RST_SWEEP_DIVERGENCE]);
    /* The same line, seen from the other side. */
    ck_assert(dimension[RST_SWEEP_CHAOS] == dimension[RST_SWEEP_DIVERGENCE]);
    ck_assert(isnan(dimension[RST_SWEEP_CONVERGENCE]));
  }
}
END_TEST

static enum rst_regime checkerboard(size_t column, size_t row) {
  return (column + row) % 2 ? RST_REGIME_DIVERGENT : RST_REGIME_STABLE;
}

static enum rst_regime noise(size_t column, size_t row) {
  (void)column;
  (void)row;
  return draw_number(1) ? RST_REGIME_DIVERGENT : RST_REGIME_RESTRAINED_CHAOTIC;
}

START_TEST(what_fills_the_plane_has_dimension_two) {
  draw(1025, 1025, checkerboard);
  measure();
  rst_test_close(table.boxes.dimension[RST_SWEEP_DIVERGENCE], 2.0, 1e-12);
  rst_test_close(table.boxes.dimension[RST_SWEEP_CONVERGENCE], 2.0, 1e-12);
  draw(1025, 1025, noise);
  measure();
  ck_assert_double_eq_tol(table.boxes.dimension[RST_SWEEP_DIVERGENCE], 2.0, 0.02);
  ck_assert_double_eq_tol(table.boxes.dimension[RST_SWEEP_CHAOS], 2.0, 0.02);
}
END_TEST

/* Pascal's triangle modulo 2: log 3/log 2. */
static enum rst_regime gasket(size_t column, size_t row) {
  return (column & row) == 0 ? RST_REGIME_RESTRAINED_CHAOTIC : RST_REGIME_RESTRAINED_PERIODIC;
}

START_TEST(a_gasket_has_its_dimension) {
  draw(1025, 1025, gasket);
  measure();
  ck_assert_double_eq_tol(table.boxes.dimension[RST_SWEEP_CHAOS], log(3.0) / log(2.0), 0.02);
  ck_assert(isnan(table.boxes.dimension[RST_SWEEP_DIVERGENCE]));
}
END_TEST

struct corner {
  double x, y;
};

enum { KOCH_LEVEL = 7, KOCH_SIDES = 3 * 4 * 4 * 4 * 4 * 4 * 4 * 4 };
struct snowflake {
  struct corner corners[KOCH_SIDES + 1];
  size_t count;
};

/* The curve from a to b, without b. */
static void add_curve(struct snowflake *snowflake, struct corner a, struct corner b, int level) {
  if (level == 0) {
    snowflake->corners[snowflake->count++] = a;
    return;
  }
  const struct corner third = {(b.x - a.x) / 3.0, (b.y - a.y) / 3.0};
  const struct corner first = {a.x + third.x, a.y + third.y};
  const struct corner second = {b.x - third.x, b.y - third.y};
  const struct corner tip = {first.x + 0.5 * third.x + sqrt(0.75) * third.y,
                             first.y + 0.5 * third.y - sqrt(0.75) * third.x};
  add_curve(snowflake, a, first, level - 1);
  add_curve(snowflake, first, tip, level - 1);
  add_curve(snowflake, tip, second, level - 1);
  add_curve(snowflake, second, b, level - 1);
}

/* Whatever lies to the right of a side changes from outside to inside or back. */
static void fill(const struct snowflake *snowflake) {
  for (size_t i = 0; i < snowflake->count; ++i) {
    const struct corner a = snowflake->corners[i];
    const struct corner b = snowflake->corners[i + 1];
    const struct corner low = a.y < b.y ? a : b;
    const struct corner high = a.y < b.y ? b : a;
    for (size_t row = (size_t)ceil(low.y); (double)row < high.y; ++row) {
      const double x = low.x + (high.x - low.x) * ((double)row - low.y) / (high.y - low.y);
      for (size_t column = (size_t)ceil(x); column < table.columns; ++column) {
        table.regime[row * table.columns + column] ^= RST_REGIME_DIVERGENT;
      }
    }
  }
}

static enum rst_regime stable(size_t column, size_t row) {
  (void)column;
  (void)row;
  return RST_REGIME_STABLE;
}

START_TEST(a_snowflake_has_its_dimension) {
  const size_t points[] = {729, 1025, 2048};
  const double pi = 3.14159265358979323846;
  ck_assert_int_eq(RST_REGIME_STABLE, 0);
  for (size_t k = 0; k < 3; ++k) {
    struct snowflake *snowflake = calloc(1, sizeof *snowflake);
    struct corner corners[4];
    ck_assert_ptr_nonnull(snowflake);
    draw(points[k], points[k], stable);
    for (size_t i = 0; i < 4; ++i) {
      const double angle = 0.3 + 2.0 * pi * (double)i / 3.0;
      const double half = 0.5 * (double)points[k];
      corners[i] = (struct corner){half + 0.97 * half * cos(angle), half + 0.97 * half * sin(angle)};
    }
    for (size_t i = 0; i < 3; ++i) {
      add_curve(snowflake, corners[i], corners[i + 1], KOCH_LEVEL);
    }
    ck_assert_uint_eq(snowflake->count, KOCH_SIDES);
    snowflake->corners[KOCH_SIDES] = snowflake->corners[0];
    fill(snowflake);
    measure();
    const double expected = log(4.0) / log(3.0);
    ck_assert_msg(fabs(table.boxes.dimension[RST_SWEEP_DIVERGENCE] - expected) < 0.05,
                  "%zu points: dimension %g, not %g", points[k], table.boxes.dimension[RST_SWEEP_DIVERGENCE],
                  expected);
    ck_assert_double_lt(table.boxes.dimension_error[RST_SWEEP_DIVERGENCE], 0.02);
    free(snowflake);
  }
}
END_TEST

/* Such a map is as good as the one without the strip of undecided points that slow orbits leave at a boundary. */
START_TEST(undecided_points_hide_no_boundary_but_that_of_chaos) {
  draw(513, 513, any);
  for (size_t i = 0; i < (size_t)513 * 513; ++i) {
    const size_t column = i % 513;
    table.regime[i] = RST_REGIME_STABLE;
    if (column >= 200) {
      table.regime[i] = column < 203 ? RST_REGIME_UNDECIDED : RST_REGIME_RESTRAINED_CHAOTIC;
    }
  }
  measure();
  rst_test_close(table.boxes.dimension[RST_SWEEP_CONVERGENCE], 1.0, 1e-12);
  ck_assert_int_eq(table.boxes.count[RST_SWEEP_CHAOS][0], 0);
}
END_TEST

START_TEST(small_maps_have_no_dimension) {
  const size_t shapes[][2] = {{1, 1}, {1, 40}, {2, 2}, {31, 500}, {500, 31}};
  for (size_t k = 0; k < 5; ++k) {
    draw(shapes[k][0], shapes[k][1], checkerboard);
    measure();
    ck_assert_uint_ge(table.boxes.sizes, 1);
    ck_assert_int_eq(table.boxes.size[0], 1);
    ck_assert_int_eq(table.boxes.count[RST_SWEEP_DIVERGENCE][0],
                     (int64_t)((shapes[k][0] - 1) * (shapes[k][1] - 1)));
    ck_assert(isnan(table.boxes.dimension[RST_SWEEP_DIVERGENCE]));
    ck_assert(isnan(table.boxes.dimension_error[RST_SWEEP_DIVERGENCE]));
  }
}
END_TEST

START_TEST(boundaries_have_names) {
  const char *const expected[] = {"divergence", "convergence", "chaos"};
  for (size_t i = 0; i < RST_SWEEP_BOUNDARIES; ++i) {
    ck_assert_str_eq(rst_sweep_boundary_names()[i], expected[i]);
  }
  ck_assert_ptr_null(rst_sweep_boundary_names()[RST_SWEEP_BOUNDARIES]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("boundary");
  TCase *tests = tcase_create("boundary");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, boxes_are_counted_by_the_definition);
  tcase_add_test(tests, lines_along_an_axis_have_dimension_one_exactly);
  tcase_add_test(tests, straight_lines_have_dimension_one);
  tcase_add_test(tests, what_fills_the_plane_has_dimension_two);
  tcase_add_test(tests, a_gasket_has_its_dimension);
  tcase_add_test(tests, a_snowflake_has_its_dimension);
  tcase_add_test(tests, undecided_points_hide_no_boundary_but_that_of_chaos);
  tcase_add_test(tests, small_maps_have_no_dimension);
  tcase_add_test(tests, boundaries_have_names);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
