/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NETWORK_ROOM_H
#define RST_NETWORK_ROOM_H

#include "core/core.h"
#include "network/operation.h"

/** @file
 * A network, its parameters as a state, and its passes over examples.
 */

/** The operations that a layer with parameters begins with, its correlation, and ends with. */
struct rst_layer_operations {
  size_t first, last;
};

struct rst_network {
  struct rst_context *context;
  enum rst_precision precision;
  enum rst_loss loss;
  struct rst_operation *operations;
  size_t operation_count;
  struct rst_tensor *tensors;
  struct rst_layer *layers; /**< [layout.layer_count], as the next */
  struct rst_layer_operations *layer_operations;
  char **texts; /**< names of the tensors, and long names */
  size_t text_count;
  struct rst_layout layout;
  struct rst_map_shape in, out;
  bool whole; /**< some operation is over the whole batch */
  /** Of the last forward pass over a batch, for each operation over it means of its channels, then unbiased variances. */
  double *statistics;
  struct rst_layout averages; /**< of them, and of their running averages; count 0: there are none */
  struct rst_tensor *average_tensors;
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

/** Build the layers for examples of that shape; before passes over batches there must be room for them. RST_ERROR_ARGUMENT for
 * parameters out of range, layers that do not fit. */
enum rst_status rst_network_create(struct rst_context *context,
                                   const struct rst_network_parameters *parameters,
                                   enum rst_precision precision, struct rst_examples_shape shape,
                                   struct rst_network **network);
void rst_network_destroy(struct rst_network **network);

/** Make room to evaluate at that many examples at a time, unless there is; on failure there is as much as before. */
enum rst_status rst_network_reserve(struct rst_network *network, size_t examples);
/** Whether there is, or it would take no more than a linearisation may keep. */
bool rst_network_has_room(const struct rst_network *network, size_t examples);

/** E at the parameters u over as many examples as there is room for and, unless NULL, its gradient. Sums run in an order that depends on the
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

/** E at u over any number of examples, normalised by running averages in the place of the batch's statistics; NULL where the
 * network has none. Takes no room. */
void rst_network_assess(struct rst_network *network, const struct rst_batch *batch, const struct rst_field *u,
                        const double *averages, struct rst_network_totals *totals);

/** Sees a slice of `part` behind the last pass, examples from number `first` of the batch on, and may use up what it holds.
 * Parts come in different threads, the slices of one in order. */
typedef void rst_slice_visitor(void *user, const struct rst_network *network, const struct rst_slice *slice,
                               size_t part, size_t first);

struct rst_visit {
  const struct rst_loss_type *loss; /**< in place of the network's; NULL for that */
  enum rst_pass last;               /**< forward or backward */
  rst_slice_visitor *visit;
  void *user;
};

/** Take all slices through the passes, for a visitor; linearisations are left alone. */
void rst_network_visit(struct rst_network *network, const struct rst_batch *batch, const struct rst_field *u,
                       const struct rst_visit *visit);

enum { RST_NETWORK_MOST_PARTS = 32 };

/** states[i] of layer i at u over the batch (layer_states.c). RST_ERROR_NUMERIC where its eigenvalues do not converge. */
enum rst_status rst_network_layer_states(struct rst_network *network, const struct rst_batch *batch,
                                         const struct rst_field *u, struct rst_layer_state *states);

/** Room for passes (workspace.c); a network's own. */
enum rst_status rst_network_work_create(struct rst_network *network);
void rst_network_work_destroy(struct rst_network *network);

#endif
