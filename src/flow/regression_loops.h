/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REGRESSION_LOOPS_H
#define RST_REGRESSION_LOOPS_H

#include "restrain/field.h"

/** @file
 * Loops of the flow `regression`, in one precision.
 */

/** Weighted examples: entry k is row indices[k] of X with weights[k]. */
struct rst_regression_examples {
  size_t count, columns;
  const void *x;         /**< X [n][columns] */
  const double *y;       /**< [n]; NULL: zeros */
  const size_t *indices; /**< [count]; NULL: 0, 1, ... */
  const double *weights; /**< [count]; NULL: 1/count */
};

struct rst_regression_loops {
  /** (1/2) sum h (u - c)^2, summed in double, and unless NULL gradient = h (u - c). */
  double (*evaluate)(size_t count, const void *h, double c, const void *u, void *gradient);
  /** sum w r^2/2 with r = x_i.u - y_i, summed in double as the residual sum w r; unless NULL gradient = sum w r x_i. */
  double (*evaluate_examples)(const struct rst_regression_examples *examples, const void *u, double *residual,
                              void *gradient);
  /** y += a x or, with `anew`, y = a x, element by element. */
  void (*multiply)(size_t count, bool anew, const void *a, const void *x, void *y);
};

extern const struct rst_regression_loops rst_regression_loops_double, rst_regression_loops_float;

#endif
