/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/copies.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "flow/flow_type.h"

struct copies {
  struct rst_flow base;
  struct rst_flow *flow; /* borrowed */
  size_t count;
  uint8_t *fixed;                /* [base.layout.count]; NULL where the flow has none */
  struct rst_flow_value *values; /* [count] */
  size_t draw_count;
  const struct rst_draw *const *draws; /* [draw_count], borrowed */
};

static struct rst_field state_of(const struct rst_field *u, size_t numbers, size_t copy) {
  const size_t size = rst_precision_size(u->precision);
  return (struct rst_field){u->precision, 1, numbers, (char *)u->data + copy * numbers * size};
}

static void evaluate(struct rst_flow *flow, const struct rst_field *u, struct rst_flow_value *value,
                     struct rst_field *gradient) {
  struct copies *own = (struct copies *)flow;
  const size_t numbers = own->flow->layout.count;
  *value = (struct rst_flow_value){.residual = NAN, .accuracy = NAN};
  for (size_t c = 0; c < own->count; ++c) {
    const struct rst_field state = state_of(u, numbers, c);
    if (c < own->draw_count) {
      rst_flow_choose(own->flow, own->draws[c]);
    }
    if (gradient) {
      struct rst_field slope = state_of(gradient, numbers, c);
      own->flow->type->evaluate(own->flow, &state, &own->values[c], &slope);
    } else {
      own->flow->type->evaluate(own->flow, &state, &own->values[c], NULL);
    }
    value->data_loss += own->values[c].data_loss;
  }
  if (own->draw_count > 0) {
    rst_flow_choose(own->flow, NULL);
  }
}

static void destroy(struct rst_flow *flow) {
  struct copies *own = (struct copies *)flow;
  free(own->fixed);
  free(own->values);
}

static const struct rst_flow_type type = {
    .size = sizeof(struct copies), .destroy = destroy, .evaluate = evaluate};

static enum rst_status build(struct copies *own) {
  const struct rst_layout *layout = &own->flow->layout;
  struct rst_context *context = own->base.context;
  size_t numbers = 0;
  RST_REQUIRE(context, !__builtin_mul_overflow(own->count, layout->count, &numbers), RST_ERROR_MEMORY,
              "%zu states of %zu numbers are more than memory has", own->count, layout->count);
  RST_TRY(RST_NEW(context, own->count, &own->values));
  if (layout->fixed) {
    RST_TRY(RST_NEW(context, numbers, &own->fixed));
    for (size_t c = 0; c < own->count; ++c) {
      memcpy(own->fixed + c * layout->count, layout->fixed, layout->count);
    }
  }
  own->base.layout = (struct rst_layout){.count = numbers, .fixed = own->fixed};
  return RST_OK;
}

enum rst_status rst_flow_copies_create(struct rst_context *context, struct rst_flow *flow, size_t count,
                                       struct rst_flow **copies) {
  *copies = NULL;
  assert(count > 0 && !rst_flow_averages(flow));
  struct copies *own = NULL;
  RST_TRY(RST_NEW(context, 1, &own));
  *own = (struct copies){.flow = flow, .count = count};
  own->base = (struct rst_flow){.type = &type,
                                .name = flow->name,
                                .context = context,
                                .precision = flow->precision,
                                .correlation = flow->correlation,
                                .cell = flow->cell};
  struct rst_flow *made = &own->base;
  const enum rst_status status = build(own);
  if (status != RST_OK) {
    rst_flow_destroy(&made);
    return status;
  }
  *copies = made;
  return RST_OK;
}

void rst_flow_copies_choose(struct rst_flow *copies, size_t draw_count, const struct rst_draw *const *draws) {
  struct copies *own = (struct copies *)copies;
  assert(copies->type == &type && draw_count <= own->count);
  own->draw_count = draw_count;
  own->draws = draws;
}

const struct rst_flow_value *rst_flow_copies_value(const struct rst_flow *copies, size_t copy) {
  const struct copies *own = (const struct copies *)copies;
  assert(copies->type == &type && copy < own->count);
  return &own->values[copy];
}
