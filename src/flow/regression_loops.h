/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REGRESSION_LOOPS_H
#define RST_REGRESSION_LOOPS_H

#include "restrain/field.h"

/** @file
 * Loops of the flow `regression` in its diagonal form, in one precision.
 */

struct rst_regression_loops {
  /** (1/2) sum h (u - c)^2, summed in double, and unless NULL gradient = h (u - c). */
  double (*evaluate)(size_t count, const void *h, double c, const void *u, void *gradient);
  /** y += a x or, with `anew`, y = a x, element by element. */
  void (*multiply)(size_t count, bool anew, const void *a, const void *x, void *y);
};

extern const struct rst_regression_loops rst_regression_loops_double, rst_regression_loops_float;

#endif
