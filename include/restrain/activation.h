/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ACTIVATION_H
#define RESTRAIN_ACTIVATION_H

#include "restrain/field.h"

/** @file
 * Activation functions s(z) with their first and second derivatives.
 *
 * | name     | s(z)                                  |
 * |----------|---------------------------------------|
 * | swish    | z sigmoid(beta z)                     |
 * | tanh     | tanh(beta z)                          |
 * | softplus | log(1 + exp(beta z)) / beta           |
 * | gelu     | z (1 + erf(z / sqrt 2)) / 2           |
 * | relu     | max(z, 0), s'(0) = 0, s'' = 0         |
 * | identity | z                                     |
 *
 * beta applies to swish, tanh and softplus and is ignored by the others. Every function is evaluated without
 * overflow on the whole real line; NaN gives NaN.
 */

struct rst_activation; /* a const type object; see rst_activation_find() */

/** NULL-terminated list of names. */
RST_API const char *const *rst_activation_names(void);
/** The activation of that name, NULL if there is none. Static, never freed. */
RST_API const struct rst_activation *rst_activation_find(const char *name);
RST_API const char *rst_activation_name(const struct rst_activation *activation);

/** s, s', s'' at every element of z into the fields that are not NULL (any may alias z), all of z's shape and
 * precision. If `sum` is not NULL it receives the sum of s over all elements, accumulated in double in an
 * order that depends on the shape alone (also when `s` is NULL). Thread-safe on distinct outputs. */
RST_API void rst_activation_evaluate(const struct rst_activation *activation, double beta,
                                     const struct rst_field *z, struct rst_field *s, struct rst_field *ds,
                                     struct rst_field *dds, double *sum);

#endif
