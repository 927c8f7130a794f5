/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/curvature.h"

#include "core/real.h"

static void combine(size_t count, double a, const void *dds, const void *x, double b, void *ds) {
  const real second = (real)a;
  const real first = (real)b;
  const real *p = dds;
  const real *q = x;
  real *r = ds;
  for (size_t i = 0; i < count; ++i) {
    r[i] = second * p[i] * q[i] + first * r[i];
  }
}

const struct rst_curvature RST_REAL(rst_curvature) = {.combine = combine};
