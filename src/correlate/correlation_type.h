/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CORRELATION_TYPE_H
#define RST_CORRELATION_TYPE_H

#include "restrain/correlation.h"

/** @file
 * An implementation of the correlation operator. A new one is one line of the list and one file among
 * real_sources that defines its table, `const struct rst_correlation_type RST_REAL(rst_correlation_<name>)`.
 */

#define RST_CORRELATION_LIST(X)                                                                              \
  X(reference)                                                                                               \
  X(direct)                                                                                                  \
  X(fft)                                                                                                     \
  X(patch)

/** Shapes of a correlation; fixed for the life of an operator. */
struct rst_correlation_shape {
  size_t ny, nx; /**< image */
  size_t ky, kx; /**< kernel */
  size_t my, mx; /**< positions: n-k+1 for `valid`, n for `periodic` */
};

/** Arrays are contiguous, of the precision of the table. */
struct rst_correlation_type {
  /** Estimated nanoseconds of one apply() and one adjoint() on one thread: a formula with measured constants, which must
   * not depend on the machine, since it decides the last bits. NULL: they depend on the image. */
  double (*cost)(const struct rst_correlation_shape *shape);
  /** The same for a state; where cost is NULL. */
  double (*state_cost)(const void *state);
  /** Copies what it needs of the image. *state, NULL before, stays so on failure, and with RST_OK if cost is NULL and one
   * apply() and one adjoint() would take `budget` nanoseconds or more; never if that is infinite. */
  enum rst_status (*create)(struct rst_context *context, const struct rst_correlation_shape *shape,
                            const void *image, double budget, void **state);
  /** The multiplicities, of the shape of the response. NULL: all are 1, and the response is my x mx. */
  const struct rst_field *(*multiplicities)(const void *state);
  /** As rst_correlation_spread(); where there are multiplicities. */
  void (*spread)(const void *state, const void *response, void *positions);
  void (*apply)(void *state, const void *kernel, void *response);
  void (*adjoint)(void *state, const void *weights, void *kernel);
  void (*destroy)(void *state); /**< never called with NULL */
};

/** Estimated nanoseconds of one apply() and one adjoint() of the operator. */
double rst_correlation_cost(const struct rst_correlation *correlation);

#define RST_CORRELATION_DECLARE(name)                                                                        \
  extern const struct rst_correlation_type rst_correlation_##name##_double, rst_correlation_##name##_float;
RST_CORRELATION_LIST(RST_CORRELATION_DECLARE)
#undef RST_CORRELATION_DECLARE

#endif
