/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/subdivision.h"

#include "core/core.h"

struct cell {
  size_t x, y; /* of its lower corner */
  int level;
};

static size_t side(const struct rst_sweep_table *table, int level) {
  return (size_t)1 << (table->refine - level);
}

/* The lengths of the cell's edges; 0 along an axis of one value. */
static size_t width(const struct rst_sweep_table *table, const struct cell *cell) {
  return table->columns > 1 ? side(table, cell->level) : 0;
}

static size_t height(const struct rst_sweep_table *table, const struct cell *cell) {
  return table->rows > 1 ? side(table, cell->level) : 0;
}

size_t rst_sweep_coarse_count(const struct rst_sweep_table *table, size_t count) {
  return (count - 1) / side(table, 0) + 1;
}

size_t rst_sweep_coarse_points(const struct rst_sweep_table *table) {
  size_t points = 1;
  for (size_t axis = 0; axis < table->axis_count; ++axis) {
    points *= rst_sweep_coarse_count(table, table->axes[axis].count);
  }
  return points;
}

/* The axes from the fastest one on: those of the step come first. */
static void order_axes(const struct rst_sweep_table *table, size_t order[RST_SWEEP_MOST_AXES]) {
  size_t count = 0;
  for (int is_step = 1; is_step >= 0; --is_step) {
    for (size_t axis = table->axis_count; axis-- > 0;) {
      if (((int)axis == table->lr_axis || (int)axis == table->weight_decay_axis) == is_step) {
        order[count++] = axis;
      }
    }
  }
}

size_t rst_sweep_coarse_place(const struct rst_sweep_table *table, size_t point) {
  size_t order[RST_SWEEP_MOST_AXES];
  size_t place = 0;
  order_axes(table, order);
  for (size_t i = 0; i < table->axis_count; ++i) {
    const size_t count = rst_sweep_coarse_count(table, table->axes[order[i]].count);
    place += point % count * side(table, 0) * rst_sweep_table_stride(table, order[i]);
    point /= count;
  }
  return place;
}

size_t rst_sweep_coarse_point(const struct rst_sweep_table *table, size_t place) {
  size_t order[RST_SWEEP_MOST_AXES];
  size_t point = 0;
  order_axes(table, order);
  for (size_t i = table->axis_count; i-- > 0;) {
    const size_t index = rst_sweep_table_index(table, order[i], place);
    if (index % side(table, 0) != 0) {
      return SIZE_MAX;
    }
    point = point * rst_sweep_coarse_count(table, table->axes[order[i]].count) + index / side(table, 0);
  }
  return point;
}

void rst_sweep_forget_filled(struct rst_sweep_table *table) {
  for (size_t i = 0; i < table->points; ++i) {
    if (table->regime[i] == RST_SWEEP_PENDING || table->level[i] == RST_SWEEP_FILLED) {
      rst_sweep_table_forget(table, i);
    }
  }
}

static bool is_divided(const struct rst_sweep_table *table, const struct cell *cell) {
  const size_t x = cell->x + width(table, cell) / 2;
  const size_t y = cell->y + height(table, cell) / 2;
  return cell->level < table->refine && table->level[y * table->columns + x] != RST_SWEEP_FILLED;
}

/* Whether a point computed at a place has another regime than those before. */
static bool differs(const struct rst_sweep_table *table, size_t x, size_t y, int8_t *regime) {
  const int8_t found = table->regime[y * table->columns + x];
  if (found != RST_SWEEP_PENDING && *regime == RST_SWEEP_PENDING) {
    *regime = found;
  }
  return found != RST_SWEEP_PENDING && found != *regime;
}

static bool has_a_boundary(const struct rst_sweep_table *table, const struct cell *cell) {
  const size_t right = cell->x + width(table, cell);
  const size_t top = cell->y + height(table, cell);
  int8_t regime = RST_SWEEP_PENDING;
  bool found = false;
  for (size_t x = cell->x; x <= right && !found; ++x) {
    found = differs(table, x, cell->y, &regime) || differs(table, x, top, &regime);
  }
  for (size_t y = cell->y; y <= top && !found; ++y) {
    found = differs(table, cell->x, y, &regime) || differs(table, right, y, &regime);
  }
  return found;
}

static enum rst_status append(struct rst_context *context, size_t place, struct rst_sweep_places *list) {
  if (list->count == list->capacity) {
    const size_t capacity = list->capacity > 0 ? 2 * list->capacity : 1024;
    size_t *places = realloc(list->places, capacity * sizeof *places);
    RST_REQUIRE(context, places, RST_ERROR_MEMORY, "memory is exhausted");
    list->places = places;
    list->capacity = capacity;
  }
  list->places[list->count++] = place;
  return RST_OK;
}

/* Nine points, three of a segment; the corners are there. */
static enum rst_status divide(struct rst_context *context, struct rst_sweep_table *table,
                              const struct cell *cell, struct rst_sweep_places *wanted) {
  const size_t half = side(table, cell->level) / 2;
  for (size_t y = cell->y; y <= cell->y + height(table, cell); y += half) {
    for (size_t x = cell->x; x <= cell->x + width(table, cell); x += half) {
      const size_t place = y * table->columns + x;
      if (table->level[place] == RST_SWEEP_FILLED) {
        table->level[place] = (int8_t)(cell->level + 1);
        RST_TRY(append(context, place, wanted));
      }
    }
  }
  return RST_OK;
}

enum { QUARTERS = 4 };

/* False where the grid is flat and has no such quarter. */
static bool find_quarter(const struct rst_sweep_table *table, const struct cell *cell, int index,
                         struct cell *quarter) {
  const bool is_right = index % 2 == 1;
  const bool is_upper = index / 2 == 1;
  *quarter = (struct cell){cell->x + (is_right ? width(table, cell) / 2 : 0),
                           cell->y + (is_upper ? height(table, cell) / 2 : 0), cell->level + 1};
  return !(is_right && table->columns == 1) && !(is_upper && table->rows == 1);
}

static enum rst_status refine(struct rst_context *context, struct rst_sweep_table *table,
                              const struct cell *cell, struct rst_sweep_places *wanted) {
  if (cell->level == table->refine || !(is_divided(table, cell) || has_a_boundary(table, cell))) {
    return RST_OK;
  }
  RST_TRY(divide(context, table, cell, wanted));
  for (int i = 0; i < QUARTERS; ++i) {
    struct cell quarter;
    if (find_quarter(table, cell, i, &quarter)) {
      RST_TRY(refine(context, table, &quarter, wanted));
    }
  }
  return RST_OK;
}

/* The cell of level 0 after this one, in the order of the grid; false after the last. */
static bool advance(const struct rst_sweep_table *table, struct cell *cell) {
  cell->x += side(table, 0);
  if (cell->x + 1 >= table->columns) {
    cell->x = 0;
    cell->y += side(table, 0);
  }
  return cell->y == 0 || cell->y + 1 < table->rows;
}

enum rst_status rst_sweep_refine(struct rst_context *context, struct rst_sweep_table *table,
                                 struct rst_sweep_places *wanted) {
  struct cell cell = {0};
  do {
    RST_TRY(refine(context, table, &cell, wanted));
  } while (advance(table, &cell));
  return RST_OK;
}

/* The lower end, among those `size` apart from `origin` on, of the piece of an axis that lies to one side of a point of it; false
 * where the axis ends there. An axis of one value has one side. */
static bool find_piece(size_t count, size_t at, bool is_upper, size_t size, size_t *lower) {
  *lower = is_upper || at == 0 ? at / size * size : (at - 1) / size * size;
  return count == 1 ? is_upper : is_upper ? at + 1 < count : at > 0;
}

/* The cell that is not divided, of those that hold what lies to one side of a point; false where the grid ends there. */
static bool find_cell(const struct rst_sweep_table *table, size_t place, int side_of, struct cell *cell) {
  const size_t x = place % table->columns;
  const size_t y = place / table->columns;
  for (*cell = (struct cell){0};; ++cell->level) {
    const size_t size = side(table, cell->level);
    const bool found = find_piece(table->columns, x, side_of % 2 == 1, size, &cell->x) &&
                       find_piece(table->rows, y, side_of / 2 == 1, size, &cell->y);
    if (!found || !is_divided(table, cell)) {
      return found;
    }
  }
}

enum rst_status rst_sweep_refine_around(struct rst_context *context, struct rst_sweep_table *table,
                                        size_t place, struct rst_sweep_places *wanted) {
  for (int i = 0; i < QUARTERS; ++i) {
    struct cell cell;
    if (find_cell(table, place, i, &cell)) {
      RST_TRY(refine(context, table, &cell, wanted));
    }
  }
  return RST_OK;
}

/* The nearest end of a piece, the lower one of two. */
static size_t nearest(size_t at, size_t lower, size_t length) {
  return at - lower <= length / 2 ? lower : lower + length;
}

static void fill_whole(struct rst_sweep_table *table, const struct cell *cell) {
  const size_t right = cell->x + width(table, cell);
  const size_t top = cell->y + height(table, cell);
  for (size_t y = cell->y; y < top || (y == top && y + 1 == table->rows); ++y) {
    const size_t row = nearest(y, cell->y, top - cell->y) * table->columns;
    for (size_t x = cell->x; x < right || (x == right && x + 1 == table->columns); ++x) {
      const size_t place = y * table->columns + x;
      if (table->level[place] == RST_SWEEP_FILLED) {
        rst_sweep_table_adopt(table, place, table, row + nearest(x, cell->x, right - cell->x));
        table->level[place] = RST_SWEEP_FILLED;
      }
    }
  }
}

static void fill(struct rst_sweep_table *table, const struct cell *cell) {
  if (!is_divided(table, cell)) {
    fill_whole(table, cell);
    return;
  }
  for (int i = 0; i < QUARTERS; ++i) {
    struct cell quarter;
    if (find_quarter(table, cell, i, &quarter)) {
      fill(table, &quarter);
    }
  }
}

void rst_sweep_fill(struct rst_sweep_table *table) {
  struct cell cell = {0};
  do {
    fill(table, &cell);
  } while (advance(table, &cell));
}
