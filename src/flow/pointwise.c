/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/pointwise.h"

#include "core/real.h"

static void combine(size_t count, double a, const void *dds, double b, const void *ds, void *x) {
  const real second = (real)a;
  const real first = (real)b;
  const real *p = dds;
  const real *q = ds;
  real *r = x;
  for (size_t i = 0; i < count; ++i) {
    r[i] = second * p[i] * r[i] + first * q[i];
  }
}

static double weighted_dot(size_t count, const void *w, const void *x, const void *y) {
  const real *weight = w;
  const real *p = x;
  const real *q = y;
  double sum = 0.0;
  for (size_t i = 0; i < count; ++i) {
    sum += (double)weight[i] * ((double)p[i] * (double)q[i]);
  }
  return sum;
}

const struct rst_pointwise RST_REAL(rst_pointwise) = {.combine = combine, .weighted_dot = weighted_dot};
