/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/boundary.h"

#include <gsl/gsl_fit.h>
#include <math.h>

#include "core/core.h"

const char *const *rst_sweep_boundary_names(void) {
  static const char *const names[] = {"divergence", "convergence", "chaos", NULL};
  return names;
}

/* Bit b: on boundary b, or inside it, or known to be inside or outside. */
typedef uint8_t marks;
enum { DIVERGENCE = 1U << RST_SWEEP_DIVERGENCE, CONVERGENCE = 1U << RST_SWEEP_CONVERGENCE };
enum { CHAOS = 1U << RST_SWEEP_CHAOS, ALL = DIVERGENCE | CONVERGENCE | CHAOS };

static marks block(const struct rst_sweep_table *table, size_t row, size_t column) {
  static const marks inside[] = {[RST_REGIME_STABLE] = CONVERGENCE,
                                 [RST_REGIME_TRANSIENT] = CONVERGENCE,
                                 [RST_REGIME_RESTRAINED_CHAOTIC] = CHAOS,
                                 [RST_REGIME_DIVERGENT] = DIVERGENCE,
                                 [RST_REGIME_UNDECIDED] = 0,
                                 [RST_REGIME_CONVERGED] = CONVERGENCE,
                                 [RST_REGIME_BOUNDED] = 0};
  const int8_t *corner = &table->regime[row * table->columns + column];
  const int8_t corners[] = {corner[0], corner[1], corner[table->columns], corner[table->columns + 1]};
  unsigned some = 0;
  unsigned every = ALL;
  unsigned known = ALL;
  for (size_t i = 0; i < 4; ++i) {
    if (corners[i] == RST_SWEEP_PENDING) {
      return 0;
    }
    some |= inside[corners[i]];
    every &= inside[corners[i]];
    const bool may_be_chaotic = corners[i] == RST_REGIME_UNDECIDED || corners[i] == RST_REGIME_BOUNDED;
    known &= may_be_chaotic ? ~(unsigned)CHAOS : ALL;
  }
  return (marks)(some & ~every & known);
}

static void count(const marks *tiles, size_t size, int64_t boxes[RST_SWEEP_BOUNDARIES]) {
  for (size_t i = 0; i < size; ++i) {
    for (unsigned boundary = 0; boundary < RST_SWEEP_BOUNDARIES; ++boundary) {
      boxes[boundary] += (tiles[i] >> boundary) & 1U;
    }
  }
}

/* Tiles of twice the side, in place. */
static void coarsen(marks *tiles, size_t *rows, size_t *columns) {
  const size_t next_rows = (*rows + 1) / 2;
  const size_t next_columns = (*columns + 1) / 2;
  for (size_t row = 0; row < next_rows; ++row) {
    for (size_t column = 0; column < next_columns; ++column) {
      unsigned found = 0;
      for (size_t y = 2 * row; y < *rows && y < 2 * row + 2; ++y) {
        for (size_t x = 2 * column; x < *columns && x < 2 * column + 2; ++x) {
          found |= tiles[y * *columns + x];
        }
      }
      tiles[row * next_columns + column] = (marks)found;
    }
  }
  *rows = next_rows;
  *columns = next_columns;
}

static void fit(struct rst_sweep_boxes *boxes, size_t boundary) {
  double sizes[RST_SWEEP_MOST_SIZES];
  double counts[RST_SWEEP_MOST_SIZES];
  double intercept = 0.0;
  double covariance[3];
  double residual = 0.0;
  boxes->dimension[boundary] = NAN;
  boxes->dimension_error[boundary] = NAN;
  if (boxes->sizes < 3 || boxes->count[boundary][0] == 0) {
    return;
  }
  for (size_t i = 0; i < boxes->sizes; ++i) {
    sizes[i] = -log((double)boxes->size[i]);
    counts[i] = log((double)boxes->count[boundary][i]);
  }
  gsl_fit_linear(sizes, 1, counts, 1, boxes->sizes, &intercept, &boxes->dimension[boundary], &covariance[0],
                 &covariance[1], &covariance[2], &residual);
  boxes->dimension_error[boundary] = sqrt(covariance[2]);
}

static void measure(marks *tiles, size_t rows, size_t columns, size_t most, struct rst_sweep_boxes *boxes) {
  for (size_t size = 1; size == 1 || size <= most; size *= 2) {
    int64_t found[RST_SWEEP_BOUNDARIES] = {0};
    count(tiles, rows * columns, found);
    boxes->size[boxes->sizes] = (int64_t)size;
    for (size_t boundary = 0; boundary < RST_SWEEP_BOUNDARIES; ++boundary) {
      boxes->count[boundary][boxes->sizes] = found[boundary];
    }
    boxes->sizes += 1;
    coarsen(tiles, &rows, &columns);
  }
  for (size_t boundary = 0; boundary < RST_SWEEP_BOUNDARIES; ++boundary) {
    fit(boxes, boundary);
  }
}

enum rst_status rst_sweep_measure_boundaries(struct rst_context *context, struct rst_sweep_table *table) {
  const size_t share = 8;
  table->boxes = (struct rst_sweep_boxes){0};
  if (table->axis_count != 2 || table->samples > 0) {
    for (size_t i = 0; i < RST_SWEEP_BOUNDARIES; ++i) {
      table->boxes.dimension[i] = table->boxes.dimension_error[i] = NAN;
    }
    return RST_OK;
  }
  const size_t columns = table->columns - 1;
  const size_t rows = table->rows - 1;
  const size_t shorter = table->columns < table->rows ? table->columns : table->rows;
  marks *tiles = NULL;
  RST_TRY(RST_NEW(context, rows * columns + 1, &tiles));
  for (size_t i = 0; i < rows * columns; ++i) {
    tiles[i] = block(table, i / columns, i % columns);
  }
  measure(tiles, rows, columns, shorter / share, &table->boxes);
  free(tiles);
  return RST_OK;
}
