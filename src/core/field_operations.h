/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FIELD_OPERATIONS_H
#define RST_FIELD_OPERATIONS_H

#include "restrain/field.h"

/** @file
 * The arithmetic of fields in one precision; field.c picks the table. Arrays of `count` elements.
 */

struct rst_field_operations {
  void (*fill)(size_t count, double value, void *u);
  void (*scale)(size_t count, double a, void *u);
  void (*axpby)(size_t count, double a, const void *x, double b, void *y);
  void (*axpy)(size_t count, double a, const void *x, void *y);
  void (*descend)(size_t count, double lr, double q, const void *g, void *u);
  /** sum of 0 x: 0, and NaN if an element is not finite. */
  double (*sum_of_zeros)(size_t count, const void *x);
  double (*dot)(size_t count, const void *x, const void *y);
  double (*sum)(size_t count, const void *x);
  /** sum of (factor x)^2, and of (factor (x - y))^2. */
  double (*square)(size_t count, double factor, const void *x);
  double (*square_of_difference)(size_t count, double factor, const void *x, const void *y);
  /** 2 |x - y|/(|x| + |y|), 0 where both are 0. */
  double (*sum_of_relative_differences)(size_t count, const void *x, const void *y);
  void (*relative_differences)(size_t count, const void *x, const void *y, void *difference);
  /** max |x - y|, NaN if any difference is NaN; y may be NULL. */
  double (*max_abs)(size_t count, const void *x, const void *y);
};

extern const struct rst_field_operations rst_field_operations_double, rst_field_operations_float;

#endif
