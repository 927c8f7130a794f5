/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/layer_watch.h"

#include <math.h>

#include "core/core.h"
#include "restrain/spectrum.h"

struct rst_layer_watch {
  struct rst_context *context;
  struct rst_flow *flow;
  const struct rst_layout *layout;
  long every;
  double tolerance, decay;
  struct rst_field
      *vectors; /* of the state's shape, each layer's part its block's eigenvector; NULL, as the next */
  double *sharpness;
  struct rst_layer_state *states;
};

static enum rst_status build(struct rst_layer_watch *made, bool sharpness, bool states) {
  if (sharpness) {
    RST_TRY(rst_flow_create_state(made->context, made->flow, &made->vectors));
    RST_TRY(RST_NEW(made->context, made->layout->layer_count, &made->sharpness));
  }
  return states ? RST_NEW(made->context, made->layout->layer_count, &made->states) : RST_OK;
}

enum rst_status rst_layer_watch_create(struct rst_context *context, const struct rst_case *run,
                                       struct rst_flow *flow, bool sharpness, bool states,
                                       struct rst_layer_watch **watch) {
  const struct rst_layout *layout = rst_flow_layout(flow);
  *watch = NULL;
  RST_REQUIRE(
      context, layout->layer_count > 0, RST_ERROR_ARGUMENT,
      "output.scalars asks for numbers of each layer, but the flow %s has no layers; ask for sharpness",
      rst_flow_name(flow));
  struct rst_layer_watch *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_layer_watch){.context = context,
                                   .flow = flow,
                                   .layout = layout,
                                   .every = run->sharpness.every,
                                   .tolerance = run->sharpness.tolerance,
                                   .decay = run->step.scheme.weight_decay};
  const enum rst_status status = build(made, sharpness, states);
  if (status != RST_OK) {
    rst_layer_watch_destroy(&made);
    return status;
  }
  *watch = made;
  return RST_OK;
}

void rst_layer_watch_destroy(struct rst_layer_watch **watch) {
  if (*watch) {
    rst_field_destroy(&(*watch)->vectors);
    free((*watch)->sharpness);
    free((*watch)->states);
    free(*watch);
    *watch = NULL;
  }
}

static double find_sharpness(struct rst_layer_watch *watch, const struct rst_field *u,
                             const struct rst_layer *layer) {
  struct rst_eigenpair found = {.value = NAN};
  struct rst_field vector = *watch->vectors;
  vector.nx = layer->count;
  vector.data = (char *)vector.data + layer->offset * rst_precision_size(vector.precision);
  const enum rst_status status = rst_spectrum_block_extreme(
      watch->context, watch->flow, u, layer, RST_SPECTRUM_LARGEST, watch->tolerance, &vector, &found);
  return status == RST_OK ? found.value + watch->decay : (double)NAN;
}

static void find_states(struct rst_layer_watch *watch, const struct rst_field *u) {
  if (rst_flow_layer_states(watch->flow, u, watch->states) != RST_OK) {
    for (size_t i = 0; i < watch->layout->layer_count; ++i) {
      watch->states[i].windowed_min = NAN;
      watch->states[i].windowed_max = NAN;
    }
  }
  for (size_t i = 0; i < watch->layout->layer_count; ++i) {
    watch->states[i].windowed_min += watch->decay;
    watch->states[i].windowed_max += watch->decay;
  }
}

static void clear(struct rst_layer_watch *watch) {
  for (size_t i = 0; i < watch->layout->layer_count; ++i) {
    if (watch->sharpness) {
      watch->sharpness[i] = NAN;
    }
    if (watch->states) {
      watch->states[i] = (struct rst_layer_state){NAN, NAN, NAN, NAN, NAN, NAN};
    }
  }
}

void rst_layer_watch_measure(struct rst_layer_watch *watch, long t, const struct rst_field *u) {
  clear(watch);
  if (t % watch->every != 0 || !rst_field_is_finite(u)) {
    return;
  }
  for (size_t i = 0; watch->sharpness && i < watch->layout->layer_count; ++i) {
    watch->sharpness[i] = find_sharpness(watch, u, &watch->layout->layers[i]);
  }
  if (watch->states) {
    find_states(watch, u);
  }
}

const double *rst_layer_watch_sharpness(const struct rst_layer_watch *watch) {
  return watch->sharpness;
}

const struct rst_layer_state *rst_layer_watch_states(const struct rst_layer_watch *watch) {
  return watch->states;
}

struct rst_field *rst_layer_watch_vectors(struct rst_layer_watch *watch) {
  return watch->vectors;
}
