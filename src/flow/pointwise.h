/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_POINTWISE_H
#define RST_POINTWISE_H

#include "restrain/field.h"

/** @file
 * What the convolutional flows do with responses, element by element, in one precision.
 */

struct rst_pointwise {
  /** x = a dds x + b ds. */
  void (*combine)(size_t count, double a, const void *dds, double b, const void *ds, void *x);
  /** sum of w x y, in double. */
  double (*weighted_dot)(size_t count, const void *w, const void *x, const void *y);
};

extern const struct rst_pointwise rst_pointwise_double, rst_pointwise_float;

static inline const struct rst_pointwise *rst_pointwise(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? &rst_pointwise_float : &rst_pointwise_double;
}

#endif
