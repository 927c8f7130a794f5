/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ACTIVATION_KERNELS_H
#define RST_ACTIVATION_KERNELS_H

#include "core/vectors.h"
#include "restrain/activation.h"

/** @file
 * The activations in one precision; activation.c picks the table. A new activation is one line of the list
 * and one function in activation_kernels.c.
 */

#define RST_ACTIVATION_LIST(X)                                                                               \
  X(swish)                                                                                                   \
  X(tanh)                                                                                                    \
  X(softplus)                                                                                                \
  X(gelu)                                                                                                    \
  X(relu)                                                                                                    \
  X(identity)

/** Elements taken together, so that what loops leave for each other stays in the first cache. */
enum { RST_ACTIVATION_BLOCK = 256 };

struct rst_activation_operations {
  /** s, s', s'' at `count` elements of z, for the activation at `index` of the list; the arrays do not overlap. */
  void (*evaluate)(size_t index, double beta, size_t count, const void *z, void *s, void *ds, void *dds);
  /** Sum of the elements in double. */
  double (*sum)(size_t count, const void *s);
};

/** By enum rst_vectors. */
extern const struct rst_activation_operations rst_activation_operations_double[],
    rst_activation_operations_float[];

#endif
