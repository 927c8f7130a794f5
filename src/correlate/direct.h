/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DIRECT_H
#define RST_DIRECT_H

#include "core/vectors.h"
#include "correlate/correlation_type.h"

/** @file
 * Direct correlation with small kernels: its state, and its loops for each set of vector instructions.
 */

struct rst_direct;

/** The loops over one strip of rows in one set of instructions. All sets give the same bits. */
struct rst_direct_loops {
  /** The strip's rows of the response. */
  void (*apply)(const struct rst_direct *direct, size_t strip, const void *kernel, void *response);
  /** The strip's part of the sums. */
  void (*adjoint)(const struct rst_direct *direct, size_t strip, const void *weights);
};

/** The state of a direct correlation. Arrays are of the precision of its table. */
struct rst_direct {
  struct rst_correlation_shape shape;
  const struct rst_context *context; /**< for its team */
  const struct rst_direct_loops *loops;
  size_t strips; /**< of rows, by the shape alone */
  size_t stride; /**< of the image */
  void *image;   /**< continued periodically, then by zeros to whole blocks of positions */
  void *edge;    /**< a block of rows: of a response of fewer rows, or of the last weights */
  void *sums;    /**< [strips][ky][kx][one cache line]: partial sums of adjoint */
};

/** By enum rst_vectors. */
extern const struct rst_direct_loops rst_direct_loops_double[], rst_direct_loops_float[];

#endif
