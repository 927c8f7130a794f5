/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/laplacian_operations.h"

#include <string.h>

#include "core/real.h"

enum { REACH = RST_LAPLACIAN_REACH };

/* Work space: a row of u with REACH ghost values on either side, then two ghost rows. */
static size_t work_count(const struct rst_laplacian_grid *grid) {
  return 3 * grid->nx + 2 * (size_t)REACH;
}

/* The point whose value continues a line of n at i, -n <= i < 2 n (periodic and free ends). */
static size_t image_point(enum rst_ends ends, ptrdiff_t i, size_t n) {
  const ptrdiff_t size = (ptrdiff_t)n;
  if (i >= 0 && i < size) {
    return (size_t)i;
  }
  if (ends == RST_ENDS_PERIODIC) {
    return (size_t)(i < 0 ? i + size : i - size);
  }
  return (size_t)(i < 0 ? -1 - i : 2 * size - 1 - i);
}

/* Row y of u, also beyond the first and last: a row of u, or made in `ghost`. */
static const real *row(const struct rst_laplacian_grid *grid, const real *u, ptrdiff_t y, real *ghost) {
  const ptrdiff_t last = (ptrdiff_t)grid->ny - 1;
  if (grid->ends != RST_ENDS_FIXED || (y >= 0 && y <= last)) {
    return u + image_point(grid->ends, y, grid->ny) * grid->nx;
  }
  const real *end = u + (size_t)(y < 0 ? 0 : last) * grid->nx;
  const real *inner = u + (size_t)(y < 0 ? -y : 2 * last - y) * grid->nx;
  for (size_t x = 0; x < grid->nx; ++x) {
    ghost[x] = 2 * end[x] - inner[x];
  }
  return ghost;
}

/* Copy a row to `line` and continue it by REACH values on either side; by one with fixed ends, since no free
 * point sees further. */
static void continue_row(const struct rst_laplacian_grid *grid, const real *u, real *line) {
  const size_t n = grid->nx;
  memcpy(line, u, n * sizeof *u);
  if (n == 1) {
    return;
  }
  if (grid->ends == RST_ENDS_FIXED) {
    line[-1] = 2 * u[0] - u[1];
    line[n] = 2 * u[n - 1] - u[n - 2];
    return;
  }
  for (ptrdiff_t k = 1; k <= REACH; ++k) {
    line[-k] = u[image_point(grid->ends, -k, n)];
    line[(ptrdiff_t)n - 1 + k] = u[image_point(grid->ends, (ptrdiff_t)n - 1 + k, n)];
  }
}

/* Neighbours at one distance along one axis, and their weight. */
struct neighbours {
  real weight;
  const real *before, *after;
};

static void add_along(size_t count, struct neighbours axis, const real *centre, real *restrict g) {
  for (size_t i = 0; i < count; ++i) {
    g[i] += axis.weight * ((centre[i] - axis.before[i]) - (axis.after[i] - centre[i]));
  }
}

static void add_across(size_t count, struct neighbours y, struct neighbours x, const real *centre,
                       real *restrict g) {
  for (size_t i = 0; i < count; ++i) {
    const real c = centre[i];
    g[i] +=
        y.weight * ((c - y.before[i]) - (y.after[i] - c)) + x.weight * ((c - x.before[i]) - (x.after[i] - c));
  }
}

static void differences(const struct rst_laplacian_grid *grid, const struct rst_laplacian_stencil *stencil,
                        void *work, const void *u, void *g) {
  real *line = (real *)work + REACH;
  real *ghosts[2] = {line + grid->nx + REACH, line + 2 * grid->nx + REACH};
  const size_t first = grid->first_x;
  const size_t count = grid->free_x;
  const real *centre = line + first;
  for (size_t y = grid->first_y; y < grid->first_y + grid->free_y; ++y) {
    real *out = (real *)g + y * grid->nx + first;
    continue_row(grid, (const real *)u + y * grid->nx, line);
    for (ptrdiff_t k = 1; k <= REACH; ++k) {
      struct neighbours along_y = {(real)stencil->weight[RST_LAPLACIAN_Y][k - 1], centre, centre};
      const struct neighbours along_x = {(real)stencil->weight[RST_LAPLACIAN_X][k - 1], centre - k,
                                         centre + k};
      if (along_y.weight != 0) {
        along_y.before = row(grid, u, (ptrdiff_t)y - k, ghosts[0]) + first;
        along_y.after = row(grid, u, (ptrdiff_t)y + k, ghosts[1]) + first;
      }
      if (along_y.weight != 0 && along_x.weight != 0) {
        add_across(count, along_y, along_x, centre, out);
      } else if (along_y.weight != 0) {
        add_along(count, along_y, centre, out);
      } else if (along_x.weight != 0) {
        add_along(count, along_x, centre, out);
      }
    }
  }
}

/* The straight line along `axis` through (y, x), at that point. */
static real straight_line(const struct rst_laplacian_grid *grid, enum rst_laplacian_axis axis, const real *u,
                          size_t y, size_t x) {
  const bool along_x = axis == RST_LAPLACIAN_X;
  const real start = along_x ? u[y * grid->nx] : u[x];
  const real end = along_x ? u[y * grid->nx + grid->nx - 1] : u[(grid->ny - 1) * grid->nx + x];
  const real t = along_x ? (real)x / (real)(grid->nx - 1) : (real)y / (real)(grid->ny - 1);
  return (1 - t) * start + t * end;
}

static void deviate(const struct rst_laplacian_grid *grid, enum rst_laplacian_axis axis, const void *u,
                    void *packed) {
  const real *values = u;
  if (grid->ends != RST_ENDS_FIXED) {
    memcpy(packed, u, grid->ny * grid->nx * sizeof *values);
    return;
  }
  real *out = packed;
  for (size_t y = grid->first_y; y < grid->first_y + grid->free_y; ++y) {
    for (size_t x = grid->first_x; x < grid->first_x + grid->free_x; ++x) {
      *out++ = values[y * grid->nx + x] - straight_line(grid, axis, values, y, x);
    }
  }
}

static void spread(const struct rst_laplacian_grid *grid, const void *packed, void *g) {
  for (size_t y = 0; y < grid->free_y; ++y) {
    const real *from = (const real *)packed + y * grid->free_x;
    real *to = (real *)g + (y + grid->first_y) * grid->nx + grid->first_x;
    for (size_t x = 0; x < grid->free_x; ++x) {
      to[x] += from[x];
    }
  }
}

static double dot(const struct rst_laplacian_grid *grid, const void *packed, const void *v) {
  double total = 0.0;
  for (size_t y = 0; y < grid->free_y; ++y) {
    const real *p = (const real *)packed + y * grid->free_x;
    const real *q = (const real *)v + (y + grid->first_y) * grid->nx + grid->first_x;
    double sum = 0.0;
    for (size_t x = 0; x < grid->free_x; ++x) {
      sum += (double)p[x] * (double)q[x];
    }
    total += sum;
  }
  return total;
}

static void weigh(size_t rows, size_t columns, size_t width, enum rst_laplacian_axis axis,
                  const double *weights, void *modes) {
  real *mode = modes;
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      const real weight = (real)weights[axis == RST_LAPLACIAN_X ? c : r];
      for (size_t part = 0; part < width; ++part) {
        *mode++ *= weight;
      }
    }
  }
}

const struct rst_laplacian_operations RST_REAL(rst_laplacian_operations) = {
    .work_count = work_count,
    .differences = differences,
    .deviate = deviate,
    .spread = spread,
    .dot = dot,
    .weigh = weigh,
};
