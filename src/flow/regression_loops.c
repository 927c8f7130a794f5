/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/regression_loops.h"

#include "core/real.h"

static double evaluate(size_t count, const void *h, double c, const void *u, void *gradient) {
  const real *curvature = h;
  const real *state = u;
  const real minimum = (real)c;
  real *slope = gradient;
  double energy = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const real away = state[i] - minimum;
    const real force = curvature[i] * away;
    energy += 0.5 * (double)force * (double)away;
    if (slope) {
      slope[i] = force;
    }
  }
  return energy;
}

static void multiply(size_t count, bool anew, const void *a, const void *x, void *y) {
  const real *p = a;
  const real *q = x;
  real *product = y;
  for (size_t i = 0; i < count; ++i) {
    product[i] = (anew ? 0 : product[i]) + p[i] * q[i];
  }
}

const struct rst_regression_loops RST_REAL(rst_regression_loops) = {.evaluate = evaluate,
                                                                    .multiply = multiply};
