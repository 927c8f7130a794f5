/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/lane_block.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/symmetric.h"

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
  const size_t images = block->network->image_count;
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
                {&block->residual, images},
                {&block->factor, images},
                {&block->old_weight, patches},
                {&block->old_slope, patches},
                {&block->old_factor, images},
                {&block->old_sum, images}};
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
  const struct rst_local_range range = {0.0, INFINITY};
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
    rst_lane_block_begin(made, lane, 1.0, 1.0, &range);
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
    free(made->residual);
    free(made->factor);
    free(made->old_weight);
    free(made->old_slope);
    free(made->old_factor);
    free(made->old_sum);
    free(made);
    *block = NULL;
  }
}

void rst_lane_block_begin(struct rst_lane_block *block, size_t lane, double lr, double weight_decay,
                          const struct rst_local_range *range) {
  const struct rst_reduced_network *network = block->network;
  block->lr[lane] = lr;
  block->weight_decay[lane] = weight_decay;
  block->keep[lane] =
      block->scheme.implicit_decay ? 1.0 / (1.0 + lr * weight_decay) : 1.0 - lr * weight_decay;
  block->lowest[lane] = range->lowest;
  block->largest[lane] = range->largest;
  block->end[lane] = RST_LANE_RUNS;
  block->done[lane] = 0.0;
  block->unstable[lane] = 0.0;
  block->margin[lane] = -1.0;
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

/* H of a lane in the span, its lower triangle; |s| of every image becomes that of the reference. */
static void fill_hessian(struct rst_lane_block *block, size_t lane, double *h) {
  const struct rst_reduced_network *network = block->network;
  size_t first = 0;
  for (size_t i = 0; i < network->image_count; ++i) {
    const size_t at = i * RST_LANES + lane;
    const struct rst_reduced_slopes slopes = {.slope = block->slope + lane,
                                              .curvature = block->curvature + lane,
                                              .stride = RST_LANES,
                                              .residual = block->residual[at],
                                              .factor = block->factor[at]};
    block->old_sum[at] = rst_reduced_add_hessian(network, i, first, &slopes, h);
    first += network->images[i].patches;
  }
}

void rst_lane_block_refer(struct rst_lane_block *block, size_t lane) {
  const struct rst_reduced_network *network = block->network;
  const struct rst_local_range range = {block->lowest[lane] - block->weight_decay[lane],
                                        block->largest[lane] - block->weight_decay[lane]};
  double h[RST_REDUCTION_MOST_RANK * RST_REDUCTION_MOST_RANK];
  size_t first = 0;
  memset(h, 0, network->rank * network->rank * sizeof *h);
  fill_hessian(block, lane, h);
  const bool outside = network->dimension > network->rank; /* where H is 0, always */
  block->margin[lane] =
      rst_symmetric_margin(network->rank, h, range.lowest, range.largest, RST_REGIME_EIGENVALUE);
  const bool beyond = outside && (range.lowest > 0.0 || range.largest < 0.0);
  block->unstable[lane] = block->margin[lane] < 0.0 || beyond ? 1.0 : 0.0;
  for (size_t i = 0; i < network->image_count; ++i) {
    const size_t at = i * RST_LANES + lane;
    block->old_factor[at] = block->factor[at];
    for (size_t j = first; j < first + network->images[i].patches; ++j) {
      block->old_weight[j * RST_LANES + lane] = block->residual[at] * block->curvature[j * RST_LANES + lane];
      block->old_slope[j * RST_LANES + lane] = block->slope[j * RST_LANES + lane];
    }
    first += network->images[i].patches;
  }
}
