/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/field_operations.h"

#include "core/lane_sums.h"
#include "core/real.h"

static void fill(size_t count, double value, void *u) {
  real *p = u;
  for (size_t i = 0; i < count; ++i) {
    p[i] = (real)value;
  }
}

static void scale(size_t count, double a, void *u) {
  const real factor = (real)a;
  real *p = u;
  for (size_t i = 0; i < count; ++i) {
    p[i] *= factor;
  }
}

static void axpy(size_t count, double a, const void *x, void *y) {
  const real factor = (real)a;
  const real *p = x;
  real *q = y;
  for (size_t i = 0; i < count; ++i) {
    q[i] += factor * p[i];
  }
}

static void axpby(size_t count, double a, const void *x, double b, void *y) {
  const real factor_x = (real)a;
  const real factor_y = (real)b;
  const real *p = x;
  real *q = y;
  for (size_t i = 0; i < count; ++i) {
    q[i] = factor_x * p[i] + factor_y * q[i];
  }
}

/* The build forbids contraction to fused multiply-add (-ffp-contract=off) and value-changing optimisation, so
 * that each operation below rounds once; q = 1 needs no case of its own, since x * 1 and x / 1 are exact. */
static void descend(size_t count, double lr, double q, const void *g, void *u) {
  const real divisor = (real)q;
  const real factor = (real)lr * divisor;
  const real *slope = g;
  real *p = u;
  for (size_t i = 0; i < count; ++i) {
    p[i] = p[i] - factor * (slope[i] / divisor);
  }
}

/* 0, and NaN if an element is not finite. */
static double sum_of_zeros(size_t count, const void *x) {
  const real *p = x;
  RST_SUM_IN_LANES(count, (double)(p[i] * 0));
}

static double dot(size_t count, const void *x, const void *y) {
  const real *p = x;
  const real *q = y;
  RST_SUM_IN_LANES(count, (double)p[i] * (double)q[i]);
}

static double sum(size_t count, const void *x) {
  const real *p = x;
  RST_SUM_IN_LANES(count, (double)p[i]);
}

static double square(size_t count, double factor, const void *x) {
  const real *p = x;
  RST_SUM_IN_LANES(count, ((double)p[i] * factor) * ((double)p[i] * factor));
}

static inline double scaled_difference(real p, real q, double factor) {
  return ((double)p - (double)q) * factor;
}

static double square_of_difference(size_t count, double factor, const void *x, const void *y) {
  const real *p = x;
  const real *q = y;
  RST_SUM_IN_LANES(count, scaled_difference(p[i], q[i], factor) * scaled_difference(p[i], q[i], factor));
}

/* 0 where both are 0. */
static inline double relative_difference(double p, double q) {
  const double size = fabs(p) + fabs(q);
  return size == 0.0 ? 0.0 : 2.0 * fabs(p - q) / size;
}

static double sum_of_relative_differences(size_t count, const void *x, const void *y) {
  const real *p = x;
  const real *q = y;
  RST_SUM_IN_LANES(count, relative_difference((double)p[i], (double)q[i]));
}

static void relative_differences(size_t count, const void *x, const void *y, void *difference) {
  const real *p = x;
  const real *q = y;
  real *r = difference;
  for (size_t i = 0; i < count; ++i) {
    r[i] = (real)relative_difference((double)p[i], (double)q[i]);
  }
}

static double max_abs(size_t count, const void *x, const void *y) {
  const real *p = x;
  const real *q = y;
  double largest = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const double magnitude = fabs((double)p[i] - (q ? (double)q[i] : 0.0));
    /* Written so that NaN, which compares false with everything, is kept. */
    if (!(magnitude <= largest)) {
      largest = magnitude;
    }
    if (isnan(largest)) {
      return largest;
    }
  }
  return largest;
}

const struct rst_field_operations RST_REAL(rst_field_operations) = {
    .fill = fill,
    .scale = scale,
    .axpby = axpby,
    .axpy = axpy,
    .descend = descend,
    .sum_of_zeros = sum_of_zeros,
    .dot = dot,
    .sum = sum,
    .square = square,
    .square_of_difference = square_of_difference,
    .sum_of_relative_differences = sum_of_relative_differences,
    .relative_differences = relative_differences,
    .max_abs = max_abs,
};
