/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/beltrami_loops.h"

#include "core/real.h"

/* A vector with a part along each axis: of differences, or of fluxes. */
struct pair {
  real x, y;
};

/* Forward differences of u at point i = (y, x). */
static struct pair differences(const struct rst_beltrami_grid *grid, const real *u, size_t y, size_t x) {
  const real h = (real)grid->spacing;
  const real *at = u + y * grid->nx + x;
  return (struct pair){x + 1 < grid->nx ? (at[1] - at[0]) / h : 0,
                       y + 1 < grid->ny ? (at[grid->nx] - at[0]) / h : 0};
}

/* g += the adjoint of the differences at a point, of a flux there. */
static void add_adjoint(const struct rst_beltrami_grid *grid, struct pair flux, size_t y, size_t x, real *g) {
  const real h = (real)grid->spacing;
  real *at = g + y * grid->nx + x;
  if (x + 1 < grid->nx) {
    at[0] -= flux.x / h;
    at[1] += flux.x / h;
  }
  if (y + 1 < grid->ny) {
    at[0] -= flux.y / h;
    at[grid->nx] += flux.y / h;
  }
}

static real slope(const struct rst_beltrami_grid *grid, struct pair d) {
  const real delta = (real)grid->delta;
  return sqrt(d.x * d.x + d.y * d.y + delta * delta);
}

static double evaluate(const struct rst_beltrami_grid *grid, const void *signal, const void *u,
                       void *gradient) {
  const real fidelity = (real)grid->fidelity;
  const real *at = u;
  const real *of = signal;
  real *g = gradient;
  double sum = 0.0;
  for (size_t i = 0; g && i < grid->ny * grid->nx; ++i) {
    g[i] = fidelity * (at[i] - of[i]);
  }
  for (size_t y = 0; y < grid->ny; ++y) {
    for (size_t x = 0; x < grid->nx; ++x) {
      const struct pair d = differences(grid, at, y, x);
      const real s = slope(grid, d);
      const double misfit = (double)at[y * grid->nx + x] - (double)of[y * grid->nx + x];
      sum += 0.5 * grid->fidelity * misfit * misfit + (double)s;
      if (g) {
        add_adjoint(grid, (struct pair){d.x / s, d.y / s}, y, x, g);
      }
    }
  }
  return sum;
}

/* In a form without differences of nearly equal numbers; scaled, so that squares do not overflow before s does. */
static void curve(const struct rst_beltrami_grid *grid, const real *u, size_t y, size_t x, real *xx, real *xy,
                  real *yy) {
  const struct pair d = differences(grid, u, y, x);
  const real s = slope(grid, d);
  const real p = d.x / s;
  const real q = d.y / s;
  const real r = (real)grid->delta / s;
  const bool has_x = x + 1 < grid->nx;
  const bool has_y = y + 1 < grid->ny;
  *xx = has_x ? (q * q + r * r) / s : 0;
  *yy = has_y ? (p * p + r * r) / s : 0;
  *xy = has_x && has_y ? -(p * q) / s : 0;
}

static void linearise(const struct rst_beltrami_grid *grid, const void *u, void *xx, void *xy, void *yy) {
  real *a = xx;
  real *b = xy;
  real *c = yy;
  for (size_t y = 0; y < grid->ny; ++y) {
    for (size_t x = 0; x < grid->nx; ++x) {
      const size_t i = y * grid->nx + x;
      curve(grid, u, y, x, &a[i], &b[i], &c[i]);
    }
  }
}

static void product(const struct rst_beltrami_grid *grid, const void *xx, const void *xy, const void *yy,
                    const void *v, void *product) {
  const real fidelity = (real)grid->fidelity;
  const real *a = xx;
  const real *b = xy;
  const real *c = yy;
  const real *of = v;
  real *sum = product;
  for (size_t i = 0; i < grid->ny * grid->nx; ++i) {
    sum[i] = fidelity * of[i];
  }
  for (size_t y = 0; y < grid->ny; ++y) {
    for (size_t x = 0; x < grid->nx; ++x) {
      const size_t i = y * grid->nx + x;
      const struct pair d = differences(grid, of, y, x);
      add_adjoint(grid, (struct pair){a[i] * d.x + b[i] * d.y, b[i] * d.x + c[i] * d.y}, y, x, sum);
    }
  }
}

static struct rst_beltrami_curvature mean_curvature(const struct rst_beltrami_grid *grid, const void *u) {
  const double count = (double)(grid->ny * grid->nx);
  struct rst_beltrami_curvature sum = {0};
  for (size_t y = 0; y < grid->ny; ++y) {
    for (size_t x = 0; x < grid->nx; ++x) {
      real xx = 0;
      real xy = 0;
      real yy = 0;
      curve(grid, u, y, x, &xx, &xy, &yy);
      sum.xx += (double)xx;
      sum.xy += (double)xy;
      sum.yy += (double)yy;
    }
  }
  return (struct rst_beltrami_curvature){sum.xx / count, sum.xy / count, sum.yy / count};
}

const struct rst_beltrami_loops RST_REAL(rst_beltrami_loops) = {
    .evaluate = evaluate,
    .linearise = linearise,
    .product = product,
    .mean_curvature = mean_curvature,
};
