/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NETWORK_ROOM_H
#define RST_NETWORK_ROOM_H

#include "core/core.h"
#include "network/operation.h"

/** @file
 * A network, its parameters as a state, and its passes over examples.
 */

struct rst_network {
  struct rst_context *context;
  enum rst_precision precision;
  enum rst_loss loss;
  struct rst_operation *operations;
  size_t operation_count;
  struct rst_tensor *tensors;
  char **texts; /**< names of the tensors, and long names */
  size_t text_count;
  struct rst_layout layout;
  struct rst_map_shape in, out;
  bool whole; /**< some operation is over the whole batch */
  /* in points: */
  size_t maps, notes, scratch; /**< of a slice */
  struct rst_network_work *work;
};

/** Examples and their weights: E = sum_i weights[i] l(f(x_i), y_i). All is borrowed. */
struct rst_batch {
  const struct rst_examples *examples;
  const size_t *indices; /**< [count]; NULL for the first `count` */
  size_t count;
  const double *weights; /**< [count] */
};

/** Build the layers for examples of that shape, with room to work on as many of them at a time as `most`. RST_ERROR_ARGUMENT for
 * parameters out of range, layers that do not fit. */
enum rst_status rst_network_create(struct rst_context *context,
                                   const struct rst_network_parameters *parameters,
                                   enum rst_precision precision, struct rst_examples_shape shape, size_t most,
                                   struct rst_network **network);
void rst_network_destroy(struct rst_network **network);

/** E at the parameters u over at most `most` examples and, unless NULL, its gradient. Sums run in an order that depends on the
 * number of examples alone. */
void rst_network_evaluate(struct rst_network *network, const struct rst_batch *batch,
                          const struct rst_field *u, struct rst_network_totals *totals,
                          struct rst_field *gradient);
/** The same, to the same bits, and keep what products at u need, as far as there is room. */
void rst_network_linearise(struct rst_network *network, const struct rst_batch *batch,
                           const struct rst_field *u, struct rst_network_totals *totals,
                           struct rst_field *gradient);
/** product = H v with the exact Hessian of E at u; batch and u are those of the last linearisation. */
void rst_network_product(struct rst_network *network, const struct rst_batch *batch,
                         const struct rst_field *u, const struct rst_field *v, struct rst_field *product);

/** Room for passes (passes.c); a network's own. */
enum rst_status rst_network_work_create(struct rst_network *network, size_t most);
void rst_network_work_destroy(struct rst_network *network);

#endif
