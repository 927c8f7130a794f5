/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FIELD_OPERATIONS_H
#define RST_FIELD_OPERATIONS_H

#include "restrain/field.h"

/** @file
 * The arithmetic of fields in one precision; field.c picks the table. `rows` x `columns` elements,
 * contiguous; sums run along each row first.
 */

struct rst_field_operations {
  void (*fill)(size_t count, double value, void *u);
  void (*scale)(size_t count, double a, void *u);
  void (*axpby)(size_t count, double a, const void *x, double b, void *y);
  void (*axpy)(size_t count, double a, const void *x, void *y);
  void (*descend)(size_t count, double lr, double q, const void *g, void *u);
  double (*dot)(size_t rows, size_t columns, const void *x, const void *y);
  double (*sum)(size_t rows, size_t columns, const void *x);
  /** sum of ((x - y) / scale)^2; y may be NULL. */
  double (*scaled_square)(size_t rows, size_t columns, double scale, const void *x, const void *y);
  /** max |x - y|, NaN if any difference is NaN; y may be NULL. */
  double (*max_abs)(size_t count, const void *x, const void *y);
};

extern const struct rst_field_operations rst_field_operations_double, rst_field_operations_float;

#endif
