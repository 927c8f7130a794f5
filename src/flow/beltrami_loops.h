/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_BELTRAMI_LOOPS_H
#define RST_BELTRAMI_LOOPS_H

#include "restrain/field.h"

/** @file
 * The arithmetic of the Beltrami flow in one precision. A difference that would reach beyond the grid is 0: no flux.
 */

struct rst_beltrami_grid {
  size_t ny, nx;
  double spacing;
  double delta, fidelity;
};

/** Second derivatives of s = sqrt(p^2 + q^2 + delta^2) by p = D_x u and q = D_y u. */
struct rst_beltrami_curvature {
  double xx, xy, yy;
};

struct rst_beltrami_loops {
  /** sum of (fidelity/2) (I - u)^2 + s, and unless NULL its gradient. */
  double (*evaluate)(const struct rst_beltrami_grid *grid, const void *signal, const void *u, void *gradient);
  /** The curvature at every point, 0 for differences beyond the grid. */
  void (*linearise)(const struct rst_beltrami_grid *grid, const void *u, void *xx, void *xy, void *yy);
  /** product = H v with that curvature. */
  void (*product)(const struct rst_beltrami_grid *grid, const void *xx, const void *xy, const void *yy,
                  const void *v, void *product);
  /** The curvature's mean over all points. */
  struct rst_beltrami_curvature (*mean_curvature)(const struct rst_beltrami_grid *grid, const void *u);
};

extern const struct rst_beltrami_loops rst_beltrami_loops_double, rst_beltrami_loops_float;

static inline const struct rst_beltrami_loops *rst_beltrami_loops(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? &rst_beltrami_loops_float : &rst_beltrami_loops_double;
}

#endif
