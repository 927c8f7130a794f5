/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/lane_block.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "restrain/event.h"

static double norm_of(size_t count, const double *x) {
  double square = 0.0;
  for (size_t i = 0; i < count; ++i) {
    square += x[i] * x[i];
  }
  return sqrt(square);
}

static enum rst_status create_arrays(struct rst_context *context, struct rst_lane_block *block) {
  const size_t patches = block->network->patches;
  const size_t rank = block->network->rank;
  const struct {
    double **values;
    size_t rows;
  } arrays[] = {{&block->state, rank + 1},
                {&block->velocity, rank + 1},
                {&block->perturbation, block->directions},
                {&block->perturbed_velocity, block->directions},
                {&block->next_perturbation, block->directions},
                {&block->next_perturbed_velocity, block->directions},
                {&block->response, patches},
                {&block->value, patches},
                {&block->slope, patches},
                {&block->curvature, patches},
                {&block->tangent, patches},
                {&block->gradient, rank + 1},
                {&block->product, block->directions},
                {&block->peak_state, rank + 1}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) {
    RST_TRY(rst_allocate(context, arrays[i].rows, RST_LANES * sizeof(double), arrays[i].values));
  }
  return RST_OK;
}

static struct rst_lane_scheme scheme_of(const struct rst_scheme_parameters *parameters) {
  const struct rst_scheme_facts facts = rst_scheme_facts(parameters->kind);
  return (struct rst_lane_scheme){.takes_momentum = facts.buffers > 0,
                                  .looks_ahead = facts.looks_ahead,
                                  .implicit_decay = facts.implicit_decay,
                                  .decoupled_decay = parameters->decay == RST_DECAY_DECOUPLED,
                                  .momentum = parameters->momentum};
}

enum rst_status rst_lane_block_create(struct rst_context *context, const struct rst_case *from,
                                      const struct rst_reduced_network *network,
                                      struct rst_lane_block **block) {
  *block = NULL;
  struct rst_lane_block *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->network = network;
  made->scheme = scheme_of(&from->step.scheme);
  made->activation = (size_t)rst_name_index(rst_activation_names(), from->flow.conv.activation);
  made->beta = from->flow.conv.beta;
  made->shift = from->flow.conv.shift;
  made->radius = from->stop.blow_up * fmax(norm_of(network->rank + 1, network->initial), 1.0);
  made->asked = (double)from->step.iterations;
  made->may_settle = true;
  made->directions = network->rank + (made->scheme.takes_momentum ? 2 : 1);
  enum rst_status status = create_arrays(context, made);
  if (status != RST_OK) {
    rst_lane_block_destroy(&made);
    return status;
  }
  for (size_t lane = 0; lane < RST_LANES; ++lane) {
    rst_lane_block_begin(made, lane, 1.0, 1.0, 0.0);
  }
  *block = made;
  return RST_OK;
}

void rst_lane_block_destroy(struct rst_lane_block **block) {
  struct rst_lane_block *made = *block;
  if (made) {
    free(made->state);
    free(made->velocity);
    free(made->perturbation);
    free(made->perturbed_velocity);
    free(made->next_perturbation);
    free(made->next_perturbed_velocity);
    free(made->response);
    free(made->value);
    free(made->slope);
    free(made->curvature);
    free(made->tangent);
    free(made->gradient);
    free(made->product);
    free(made->peak_state);
    free(made);
    *block = NULL;
  }
}

void rst_lane_block_begin(struct rst_lane_block *block, size_t lane, double lr, double weight_decay,
                          double limit) {
  const struct rst_reduced_network *network = block->network;
  block->lr[lane] = lr;
  block->weight_decay[lane] = weight_decay;
  block->keep[lane] =
      block->scheme.implicit_decay ? 1.0 / (1.0 + lr * weight_decay) : 1.0 - lr * weight_decay;
  block->limit[lane] = limit;
  block->end[lane] = RST_LANE_RUNS;
  block->done[lane] = 0.0;
  block->unstable[lane] = 0.0;
  block->peak[lane] = 0.0;
  block->max_growth[lane] = 0.0;
  block->rest[lane] = 0.0;
  block->rest_log_growth[lane] = 0.0;
  for (size_t i = 0; i <= network->rank; ++i) {
    block->state[i * RST_LANES + lane] = network->initial[i];
    block->velocity[i * RST_LANES + lane] = 0.0;
  }
  for (size_t i = 0; i < block->directions; ++i) {
    block->perturbation[i * RST_LANES + lane] = network->perturbation[0][i];
    block->perturbed_velocity[i * RST_LANES + lane] = network->perturbation[1][i] / lr;
  }
}

void rst_lane_block_end_event(struct rst_lane_block *block, size_t lane) {
  const double rounding = 1e-9;
  const struct rst_reduced_network *network = block->network;
  const double alpha = block->weight_decay[lane];
  const double neutral = block->scheme.decoupled_decay ? block->scheme.momentum * alpha : 0.0;
  double state[RST_REDUCTION_MOST_RANK];
  if (block->peak[lane] == 0.0) {
    return;
  }
  for (size_t i = 0; i < network->rank; ++i) {
    state[i] = block->peak_state[i * RST_LANES + lane];
  }
  const struct rst_reduced_extremes extremes =
      rst_reduced_network_extremes(network, block->activation, block->beta, block->shift, state);
  const double low = extremes.smallest + alpha;
  const double high = extremes.largest + alpha;
  const bool grows = low < neutral - rounding * fmax(fabs(low), fabs(high));
  block->unstable[lane] = grows || high > block->limit[lane] ? 1.0 : 0.0;
  block->peak[lane] = 0.0;
}

void rst_lane_block_watch(struct rst_lane_block *block, const double *growth) {
  for (size_t lane = 0; lane < RST_LANES; ++lane) {
    if (block->end[lane] != RST_LANE_RUNS || block->unstable[lane] > 0.0) {
      continue;
    }
    if (!(growth[lane] >= 1.0 + RST_EVENT_TOLERANCE)) {
      rst_lane_block_end_event(block, lane);
    } else if (growth[lane] > block->peak[lane]) {
      block->peak[lane] = growth[lane];
      for (size_t i = 0; i < block->network->rank; ++i) {
        block->peak_state[i * RST_LANES + lane] = block->state[i * RST_LANES + lane];
      }
    }
  }
}
