/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ACTIVATION_H
#define RESTRAIN_ACTIVATION_H

#include "restrain/context.h"
#include "restrain/field.h"

/** @file
 * Activation functions s(z) with their first and second derivatives.
 *
 * | name     | s(z)                      | error |
 * |----------|---------------------------|-------|
 * | swish    | z sigmoid(beta z)         | 4     |
 * | tanh     | tanh(beta z)              | 5     |
 * | softplus | log(1 + exp(beta z))/beta | 4     |
 * | gelu     | z (1 + erf(z/sqrt 2))/2   | 5     |
 * | relu     | max(z, 0), s'(0) = 0      | 0     |
 * | identity | z                         | 0     |
 *
 * beta, finite and not 0, applies to swish, tanh and softplus and is ignored by the others. Infinite z gives the limits,
 * NaN gives NaN.
 *
 * Errors of s, s', s'' are at most the number in the table times epsilon (2^-52, in float 2^-23) times the result; where
 * the terms of a derivative cancel, near a zero of s' or s'' of swish or of s' of gelu, times the sum of their magnitudes:
 *
 *     swish:  s' = g + w g h,  s'' = beta g h (2 + w (h - g)),   w = beta z,  g = sigmoid(w),  h = sigmoid(-w)
 *     gelu:   s' = F + z f,    F and f the normal distribution and its density
 *
 * Rounding of w, where the product is not exact, adds (1 + |w|/2) epsilon, for tanh (1 + |w|) epsilon: the functions
 * decay like exp(-|w|) and exp(-2 |w|). These and exp(-z^2/2) of gelu count as 0 below exp(-708), in float exp(-87);
 * digits that subnormal numbers lack are lost. Results are the same to the bit on every processor.
 */

struct rst_activation; /* a const type object; see rst_activation_find() */

/** NULL-terminated list of names. */
RST_API const char *const *rst_activation_names(void);
/** The activation of that name, NULL if there is none. Static, never freed. */
RST_API const struct rst_activation *rst_activation_find(const char *name);
RST_API const char *rst_activation_name(const struct rst_activation *activation);

/** s''(0). */
RST_API double rst_activation_curvature(const struct rst_activation *activation, double beta);

/** s, s', s'' at every element of z into the fields that are not NULL (any may alias z), all of z's shape and
 * precision. If `sum` is not NULL it receives the sum of s over all elements, accumulated in double in an
 * order that depends on the shape alone (also when `s` is NULL). Large fields are shared out among the threads of the
 * context, to the same bits; without one, NULL, the caller alone does it. Thread-safe on distinct outputs. */
RST_API void rst_activation_evaluate(const struct rst_context *context,
                                     const struct rst_activation *activation, double beta,
                                     const struct rst_field *z, struct rst_field *s, struct rst_field *ds,
                                     struct rst_field *dds, double *sum);

#endif
