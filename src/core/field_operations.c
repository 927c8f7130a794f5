/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/field_operations.h"

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

static double dot(size_t rows, size_t columns, const void *x, const void *y) {
  double total = 0.0;
  for (size_t r = 0; r < rows; ++r) {
    const real *p = (const real *)x + r * columns;
    const real *q = (const real *)y + r * columns;
    double sum = 0.0;
    for (size_t c = 0; c < columns; ++c) {
      sum += (double)p[c] * (double)q[c];
    }
    total += sum;
  }
  return total;
}

static double sum(size_t rows, size_t columns, const void *x) {
  double total = 0.0;
  for (size_t r = 0; r < rows; ++r) {
    const real *p = (const real *)x + r * columns;
    double row = 0.0;
    for (size_t c = 0; c < columns; ++c) {
      row += (double)p[c];
    }
    total += row;
  }
  return total;
}

static double scaled_square(size_t rows, size_t columns, double scale_by, const void *x, const void *y) {
  double total = 0.0;
  for (size_t r = 0; r < rows; ++r) {
    const real *p = (const real *)x + r * columns;
    const real *q = y ? (const real *)y + r * columns : NULL;
    double row = 0.0;
    for (size_t c = 0; c < columns; ++c) {
      const double difference = ((double)p[c] - (q ? (double)q[c] : 0.0)) / scale_by;
      row += difference * difference;
    }
    total += row;
  }
  return total;
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
    .dot = dot,
    .sum = sum,
    .scaled_square = scaled_square,
    .max_abs = max_abs,
};
