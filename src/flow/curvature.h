/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CURVATURE_H
#define RST_CURVATURE_H

#include "restrain/field.h"

/** @file
 * The pointwise part of the convolutional flow's Hessian product, in one precision.
 */

struct rst_curvature {
  /** ds = a dds x + b ds, element by element. */
  void (*combine)(size_t count, double a, const void *dds, const void *x, double b, void *ds);
};

extern const struct rst_curvature rst_curvature_double, rst_curvature_float;

#endif
