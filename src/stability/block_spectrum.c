/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "krylov/extremal.h"
#include "restrain/spectrum.h"

/* The block of a layer: a product of the whole Hessian with a direction that is zero elsewhere. */
struct block {
  struct rst_flow *flow;
  const struct rst_layer *layer;
  struct rst_field *v, *product; /* of the state's shape */
};

/* A layer's numbers of a state, borrowed. */
static struct rst_field part_of(const struct block *block, const struct rst_field *state) {
  const size_t size = rst_precision_size(state->precision);
  return (struct rst_field){state->precision, 1, block->layer->count,
                            (char *)state->data + block->layer->offset * size};
}

static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct block *block = user;
  struct rst_field from = part_of(block, block->v);
  const struct rst_field to = part_of(block, block->product);
  rst_field_copy(v, &from);
  rst_flow_hessian_product(block->flow, block->v, block->product);
  rst_field_copy(&to, product);
}

enum rst_status rst_spectrum_block_extreme(struct rst_context *context, struct rst_flow *flow,
                                           const struct rst_field *u, const struct rst_layer *layer,
                                           enum rst_spectrum_end end, double tolerance,
                                           struct rst_field *vector, struct rst_eigenpair *pair) {
  struct block block = {.flow = flow, .layer = layer};
  enum rst_status status = rst_field_create_like(context, u, &block.v);
  if (status == RST_OK) {
    status = rst_field_create_like(context, u, &block.product);
  }
  if (status == RST_OK) {
    rst_flow_linearise(flow, u, NULL, NULL);
    status = rst_extremal_eigenpair(context, apply, &block, end, tolerance, vector, pair);
  }
  rst_field_destroy(&block.v);
  rst_field_destroy(&block.product);
  return status;
}
