/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the multi-layer theorem takes of a layer (restrain/network.h). One visit of all slices behind a backward pass from p
 * yields gamma and the shares. The windowed operator is the layer's own correlation with one output channel, followed by its
 * adjoint: a visit behind a forward pass for each product. Parts have sums of their own, added in their order, so that no bit
 * depends on threads.
 */
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "network/network.h"

/* Of a layer's channel, over examples and positions. */
struct tally {
  double slope; /* sum of dp/d(output) */
  double activated, not_activated;
};

struct study {
  struct rst_network *network;
  const struct rst_batch *batch;
  const struct rst_field *u;
  size_t channels;       /* of all layers */
  struct tally *tallies; /* [parts][channels] */
  double *factors;       /* w_e a_e, [examples] */
  /* of the windowed operator of a layer: */
  struct rst_operation window;
  const void *direction;
  char *sums; /* [parts][count], in the network's precision */
  size_t count;
};

static const struct rst_operation *last_of(const struct rst_network *network, size_t layer) {
  return &network->operations[network->layer_operations[layer].last];
}

static const struct rst_operation *first_of(const struct rst_network *network, size_t layer) {
  return &network->operations[network->layer_operations[layer].first];
}

static size_t positions_of(const struct rst_operation *operation) {
  return operation->out.ny * operation->out.nx;
}

/* Lanes of an operation's output, [point][lane]. */
static struct rst_field lanes_of(const struct rst_network *network, void *maps, size_t first, size_t points) {
  const size_t lanes = RST_LANE_BYTES / rst_precision_size(network->precision);
  return (struct rst_field){network->precision, points, lanes, (char *)maps + first * RST_LANE_BYTES};
}

/* s' of the layer's activation, which its backward pass has noted; 1 without one. */
static double slope_at(const struct rst_operation *last, const struct rst_field *notes, size_t point,
                       size_t lane) {
  return last->kind == RST_OPERATION_ACTIVATE ? rst_field_get(notes, point, lane) : 1.0;
}

static void tally_layer(const struct rst_network *network, size_t layer, const struct rst_slice *slice,
                        struct tally *tallies) {
  const struct rst_operation *last = last_of(network, layer);
  const size_t positions = positions_of(last);
  const size_t points = rst_map_points(last->out);
  const struct rst_field adjoints = lanes_of(network, slice->maps[RST_ADJOINTS], last->output, points);
  const struct rst_field notes = lanes_of(network, slice->notes, last->notes, points);
  for (size_t point = 0; point < points; ++point) {
    struct tally *tally = &tallies[point / positions];
    for (size_t lane = 0; lane < slice->present; ++lane) {
      const double slope = slope_at(last, &notes, point, lane);
      tally->slope += rst_field_get(&adjoints, point, lane);
      tally->activated += slope >= 1.0 - RST_TRANSITION_SLOPE ? 1.0 : 0.0;
      tally->not_activated += slope <= RST_TRANSITION_SLOPE ? 1.0 : 0.0;
    }
  }
}

/* dl/dp of an example whose outputs stand at `values`: the residual, which for several outputs is its negative. */
static double residual_of(const struct rst_network *network, const void *values, int label) {
  const struct rst_loss_type *losses =
      network->precision == RST_PRECISION_FLOAT ? rst_losses_float : rst_losses_double;
  struct rst_network_totals totals = {0};
  const size_t outputs = rst_map_points(network->out);
  losses[network->loss].evaluate(outputs, values, label, 1.0, &totals, NULL);
  return outputs == 1 ? totals.residual : -totals.residual;
}

static void tally_slice(void *user, const struct rst_network *network, const struct rst_slice *slice,
                        size_t part, size_t first) {
  struct study *study = user;
  const struct rst_batch *batch = study->batch;
  const int32_t *labels = rst_examples_labels(batch->examples);
  const struct rst_operation *end = &network->operations[network->operation_count - 1];
  struct tally *tallies = study->tallies + part * study->channels;
  for (size_t layer = 0; layer < network->layout.layer_count; ++layer) {
    tally_layer(network, layer, slice, tallies);
    tallies += last_of(network, layer)->out.channels;
  }
  for (size_t lane = 0; lane < slice->present; ++lane) {
    const size_t place = first + lane;
    const int label = labels[batch->indices ? batch->indices[place] : place];
    const char *values = (const char *)slice->maps[RST_VALUES] + end->output * RST_LANE_BYTES +
                         lane * rst_precision_size(network->precision);
    study->factors[place] = batch->weights[place] * residual_of(network, values, label);
  }
}

/* Channels from `tally` on are those of the layer. */
static void conclude_layer(const struct study *study, size_t layer, const struct tally *tally,
                           struct rst_layer_state *state) {
  const struct rst_operation *last = last_of(study->network, layer);
  const double places = (double)positions_of(last) * (double)study->batch->count;
  const double all = places * (double)last->out.channels;
  double activated = 0.0;
  double not_activated = 0.0;
  *state = (struct rst_layer_state){.windowed_min = NAN, .windowed_max = NAN};
  for (size_t c = 0; c < last->out.channels; ++c) {
    struct tally sum = {0};
    for (size_t part = 0; part < RST_NETWORK_MOST_PARTS; ++part) {
      const struct tally *own = &tally[part * study->channels + c];
      sum.slope += own->slope;
      activated += own->activated;
      not_activated += own->not_activated;
    }
    const double gamma = sum.slope / places;
    state->gamma = fabs(gamma) <= fabs(state->gamma) ? state->gamma : gamma;
  }
  state->activated = activated / all;
  state->not_activated = not_activated / all;
  state->transitioning = (all - activated - not_activated) / all;
}

/* sum_m x_m (factor of the example) x_m' v of a slice. */
static void apply_window(void *user, const struct rst_network *network, const struct rst_slice *slice,
                         size_t part, size_t first) {
  const struct study *study = user;
  const struct rst_operation *window = &study->window;
  const struct rst_operation_type *type = rst_operation_type(network->precision, window->kind);
  const size_t points = rst_map_points(window->out);
  struct rst_slice own = *slice;
  struct rst_field values = lanes_of(network, own.maps[RST_VALUES], window->output, points);
  struct rst_field adjoints = lanes_of(network, own.maps[RST_ADJOINTS], window->output, points);
  own.u = study->direction;
  own.gradient = study->sums + part * study->count * rst_precision_size(network->precision);
  type->step[RST_PASS_FORWARD](window, &own);
  for (size_t point = 0; point < points; ++point) {
    for (size_t lane = 0; lane < values.nx; ++lane) {
      const double factor = lane < slice->present ? study->factors[first + lane] : 0.0;
      rst_field_set(&adjoints, point, lane, factor * rst_field_get(&values, point, lane));
    }
  }
  type->step[RST_PASS_BACKWARD](window, &own);
}

/* product = sum_e w_e a_e sum_m x_em x_em' v (an rst_operator). */
static void window_product(void *user, const struct rst_field *v, struct rst_field *product) {
  struct study *study = user;
  const size_t size = rst_precision_size(v->precision);
  const struct rst_visit visit = {.last = RST_PASS_FORWARD, .visit = apply_window, .user = study};
  study->direction = v->data;
  memset(study->sums, 0, RST_NETWORK_MOST_PARTS * study->count * size);
  rst_network_visit(study->network, study->batch, study->u, &visit);
  rst_field_fill(0.0, product);
  for (size_t part = 0; part < RST_NETWORK_MOST_PARTS; ++part) {
    const struct rst_field own = {v->precision, 1, study->count, study->sums + part * study->count * size};
    rst_field_axpy(1.0, &own, product);
  }
}

/* s''(0) of the layer's activation. */
static double curvature_of(const struct rst_operation *last) {
  return last->kind == RST_OPERATION_ACTIVATE
             ? rst_activation_curvature(last->activate.activation, last->activate.beta)
             : 0.0;
}

static enum rst_status find_extremes(struct study *study, struct rst_field *vector, double scale,
                                     struct rst_layer_state *state) {
  const double tolerance = 1e-6;
  struct rst_eigenpair low;
  struct rst_eigenpair high;
  RST_TRY(rst_extremal_eigenpair(study->network->context, window_product, study, RST_SPECTRUM_SMALLEST,
                                 tolerance, vector, &low));
  rst_field_fill(0.0, vector);
  RST_TRY(rst_extremal_eigenpair(study->network->context, window_product, study, RST_SPECTRUM_LARGEST,
                                 tolerance, vector, &high));
  state->windowed_min = fmin(scale * low.value, scale * high.value);
  state->windowed_max = fmax(scale * low.value, scale * high.value);
  return RST_OK;
}

static bool is_normalised(const struct rst_network *network, size_t layer) {
  for (size_t i = network->layer_operations[layer].first; i <= network->layer_operations[layer].last; ++i) {
    if (network->operations[i].kind == RST_OPERATION_NORMALISE) {
      return true;
    }
  }
  return false;
}

static enum rst_status find_windowed(struct study *study, size_t layer, struct rst_layer_state *state) {
  const struct rst_network *network = study->network;
  const double scale = curvature_of(last_of(network, layer)) * state->gamma;
  if (is_normalised(network, layer) || !isfinite(scale)) {
    return RST_OK;
  }
  if (scale == 0.0) {
    state->windowed_min = 0.0;
    state->windowed_max = 0.0;
    return RST_OK;
  }
  struct rst_field *vector = NULL;
  study->window = *first_of(network, layer);
  study->window.out.channels = 1;
  study->window.weight = 0;
  study->window.bias = RST_ABSENT;
  study->window.first = true;
  study->count = study->window.in.channels * study->window.convolve.kernel * study->window.convolve.kernel;
  void *sums = NULL;
  RST_TRY(rst_allocate(network->context, RST_NETWORK_MOST_PARTS * study->count,
                       rst_precision_size(network->precision), &sums));
  study->sums = sums;
  enum rst_status status = rst_field_create(network->context, network->precision, 1, study->count, &vector);
  if (status == RST_OK) {
    status = find_extremes(study, vector, scale, state);
  }
  rst_field_destroy(&vector);
  free(sums);
  return status;
}

static enum rst_status find_states(struct study *study, struct rst_layer_state *states) {
  const struct rst_network *network = study->network;
  const struct rst_visit visit = {
      .loss = network->precision == RST_PRECISION_FLOAT ? &rst_label_output_float : &rst_label_output_double,
      .last = RST_PASS_BACKWARD,
      .visit = tally_slice,
      .user = study};
  const struct tally *tally = study->tallies;
  rst_network_visit(study->network, study->batch, study->u, &visit);
  for (size_t layer = 0; layer < network->layout.layer_count; ++layer) {
    conclude_layer(study, layer, tally, &states[layer]);
    tally += last_of(network, layer)->out.channels;
  }
  for (size_t layer = 0; layer < network->layout.layer_count; ++layer) {
    RST_TRY(find_windowed(study, layer, &states[layer]));
  }
  return RST_OK;
}

enum rst_status rst_network_layer_states(struct rst_network *network, const struct rst_batch *batch,
                                         const struct rst_field *u, struct rst_layer_state *states) {
  struct study study = {.network = network, .batch = batch, .u = u};
  for (size_t layer = 0; layer < network->layout.layer_count; ++layer) {
    study.channels += last_of(network, layer)->out.channels;
  }
  RST_TRY(RST_NEW(network->context, RST_NETWORK_MOST_PARTS * study.channels, &study.tallies));
  enum rst_status status = RST_NEW(network->context, batch->count, &study.factors);
  if (status == RST_OK) {
    status = find_states(&study, states);
  }
  free(study.tallies);
  free(study.factors);
  return status;
}
