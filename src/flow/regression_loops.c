/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/regression_loops.h"

#include "core/lane_sums.h"
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

/* As rst_field_dot(). */
static double dot(size_t count, const real *p, const real *q) {
  RST_SUM_IN_LANES(count, (double)p[i] * (double)q[i]);
}

static double evaluate_examples(const struct rst_regression_examples *examples, const void *u,
                                double *residual, void *gradient) {
  const size_t columns = examples->columns;
  const real *x = examples->x;
  real *slope = gradient;
  double energy = 0.0;
  double sum = 0.0;
  for (size_t j = 0; slope && j < columns; ++j) {
    slope[j] = 0;
  }
  for (size_t k = 0; k < examples->count; ++k) {
    const size_t i = examples->indices ? examples->indices[k] : k;
    const double weight = examples->weights ? examples->weights[k] : 1.0 / (double)examples->count;
    const real *row = x + i * columns;
    const double misfit = dot(columns, row, u) - (examples->y ? examples->y[i] : 0.0);
    const real factor = (real)(weight * misfit);
    energy += 0.5 * weight * misfit * misfit;
    sum += weight * misfit;
    for (size_t j = 0; slope && j < columns; ++j) {
      slope[j] += factor * row[j];
    }
  }
  *residual = sum;
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

const struct rst_regression_loops RST_REAL(rst_regression_loops) = {
    .evaluate = evaluate, .evaluate_examples = evaluate_examples, .multiply = multiply};
