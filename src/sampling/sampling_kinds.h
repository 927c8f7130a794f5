/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SAMPLING_KINDS_H
#define RST_SAMPLING_KINDS_H

#include "restrain/sampling.h"

/** @file
 * What a kind of sampling provides. A new one is a line of the list and a table of that name in sampling.c.
 */

#define RST_SAMPLING_LIST(X)                                                                                 \
  X(full, "full")                                                                                            \
  X(minibatch, "minibatch")                                                                                  \
  X(svag, "svag")                                                                                            \
  X(gaussian, "gaussian")                                                                                    \
  X(sde, "sde")                                                                                              \
  X(hessian, "hessian")

/** An example and its random number. */
struct rst_ticket {
  uint64_t raw;
  size_t example;
};

struct rst_sampler {
  const struct rst_sampling_kind *kind;
  struct rst_sampling_parameters parameters;
  size_t examples;
  struct rst_draw draw;
  long drawn;                 /**< the update that `draw` is of; -1: of none yet */
  size_t *indices;            /**< [draw.count]; 0, 1, ... unless the kind fills them */
  double *weights;            /**< [draw.count], or the noise */
  uint64_t *raw;              /**< [max(examples, draw.count) + 1] */
  struct rst_ticket *tickets; /**< [examples] in the order of the epoch */
  long epoch;                 /**< theirs; -1 before the first */
  double *details; /**< [examples] normal numbers that halve an increment; NULL unless the kind does */
};

struct rst_sampling_kind {
  bool takes_batch, takes_length, needs_root;
  bool halves; /**< the length is a power of two */
  /** Entries of a draw, or its noise; NULL: weights are equal, there is nothing to draw. */
  size_t (*count)(const struct rst_sampling_parameters *parameters, size_t examples);
  /** Fill the weights of update t, and the indices unless they are all examples in order. */
  void (*fill)(struct rst_sampler *sampler, long t);
};

#endif
