/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_FIELD_H
#define RESTRAIN_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "restrain/context.h"

/** @file
 * A field: a two-dimensional array of double or float, [ny][nx], x fastest, contiguous, aligned to 64 bytes.
 * Images, responses and symbols are fields; a state is a field of one row, see layout.h.
 *
 * Vector operations below take fields of one shape and one precision (asserted, not reported: a mismatch is a
 * programming error) and do their arithmetic in that precision, except that sums are accumulated in double,
 * in an order that depends on the number of elements alone. Scalars are rounded once to the precision of the fields.
 * Operations on different fields may run in different threads.
 */

enum rst_precision { RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT };

struct rst_field {
  enum rst_precision precision;
  size_t ny, nx; /**< rows and columns, both at least 1 */
  void *data;    /**< double[ny][nx] or float[ny][nx]; owned by the field */
};

/** Create a field of zeros. RST_ERROR_ARGUMENT for an empty shape or one whose size overflows. */
RST_API enum rst_status rst_field_create(struct rst_context *context, enum rst_precision precision, size_t ny,
                                         size_t nx, struct rst_field **field);
/** Create a field of zeros with shape and precision of `like`. */
RST_API enum rst_status rst_field_create_like(struct rst_context *context, const struct rst_field *like,
                                              struct rst_field **field);
RST_API void rst_field_destroy(struct rst_field **field);

/** Number of elements, ny nx. */
RST_API size_t rst_field_count(const struct rst_field *field);
/** Bytes of one element. */
RST_API size_t rst_precision_size(enum rst_precision precision);
/** Unit of rounding: DBL_EPSILON or FLT_EPSILON. */
RST_API double rst_precision_epsilon(enum rst_precision precision);

RST_API double rst_field_get(const struct rst_field *field, size_t y, size_t x);
RST_API void rst_field_set(struct rst_field *field, size_t y, size_t x, double value);

/** to = from; the shapes must agree, the precisions may differ (values are rounded). */
RST_API void rst_field_copy(const struct rst_field *from, struct rst_field *to);
/** Every element = value. */
RST_API void rst_field_fill(double value, struct rst_field *field);
/** u = a u. */
RST_API void rst_field_scale(double a, struct rst_field *u);
/** y = y + a x. */
RST_API void rst_field_axpy(double a, const struct rst_field *x, struct rst_field *y);
/** y = a x + b y. */
RST_API void rst_field_axpby(double a, const struct rst_field *x, double b, struct rst_field *y);
/** u = u - (lr q) (g / q), with lr q and g / q each rounded once to the precision of u, then one product and
 * one subtraction: the published perturbation of gradient descent (arXiv 2206.02001). Equal to u - lr g in
 * exact arithmetic; in floating point q moves the last bits. Never fused or re-associated. */
RST_API void rst_field_descend(double lr, double q, const struct rst_field *g, struct rst_field *u);

/** sum x y. */
RST_API double rst_field_dot(const struct rst_field *x, const struct rst_field *y);
/** sqrt(sum x^2), without overflow or underflow of the squares. NaN if an element is NaN. */
RST_API double rst_field_norm(const struct rst_field *x);
/** sqrt(sum (x-y)^2), likewise. */
RST_API double rst_field_distance(const struct rst_field *x, const struct rst_field *y);
/** Mean over the elements of 2 |x - y|/(|x| + |y|), 0 where both are 0: the published measure of how far two training runs
 * are apart (arXiv 2206.02001, figure 2). In [0, 2]. */
RST_API double rst_field_relative_distance(const struct rst_field *x, const struct rst_field *y);
/** The same, element by element; `difference` may be x or y. */
RST_API void rst_field_relative_difference(const struct rst_field *x, const struct rst_field *y,
                                           struct rst_field *difference);
/** sum x. */
RST_API double rst_field_sum(const struct rst_field *x);
/** max |x|; NaN if an element is NaN. */
RST_API double rst_field_max_abs(const struct rst_field *x);
/** Whether every element is finite. */
RST_API bool rst_field_is_finite(const struct rst_field *x);

#endif
