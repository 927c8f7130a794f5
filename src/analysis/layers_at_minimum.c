/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

static enum rst_status find_block(const struct rst_analysis_task *task, const struct rst_field *u,
                                  const struct rst_layer *layer, struct rst_analysed_layer *found) {
  struct rst_field *vector = NULL;
  struct rst_eigenpair pair = {.value = NAN};
  struct rst_spectrum_limits limits;
  RST_TRY(rst_field_create(task->context, u->precision, 1, layer->count, &vector));
  const enum rst_status status = rst_spectrum_block_extreme(
      task->context, task->flow, u, layer, RST_SPECTRUM_LARGEST, RST_ANALYSIS_TOLERANCE, vector, &pair);
  rst_field_destroy(&vector);
  RST_TRY(status);
  /* Of the block's own smallest eigenvalue, which a minimum keeps from being negative, nothing depends. */
  RST_TRY(rst_spectrum_limits_find(task->context, &task->from->step.scheme, pair.value, pair.value, &limits));
  found->lambda_max = pair.value;
  found->lr_lo = limits.limits.lr_max;
  return RST_OK;
}

static enum rst_status find_layer(const struct rst_analysis_task *task, const struct rst_field *u,
                                  const struct rst_layer *layer, struct rst_analysed_layer *found) {
  struct rst_spectrum_limits limits;
  RST_TRY(rst_format(task->context, &found->name, "%s", layer->name));
  RST_TRY(find_block(task, u, layer, found));
  found->windowed_lr_max = NAN;
  if (!isnan(found->state.windowed_min)) {
    RST_TRY(rst_spectrum_limits_find(task->context, &task->from->step.scheme, found->state.windowed_min,
                                     found->state.windowed_max, &limits));
    found->windowed_lr_max = limits.limits.lr_max;
  }
  return RST_OK;
}

enum rst_status rst_analyze_layers(const struct rst_analysis_task *task, const struct rst_field *u,
                                   struct rst_analysis *analysis) {
  const struct rst_layout *layout = rst_flow_layout(task->flow);
  if (layout->layer_count == 0) {
    return RST_OK;
  }
  RST_SCOPED struct rst_layer_state *states = NULL;
  RST_TRY(RST_NEW(task->context, layout->layer_count, &states));
  RST_TRY(RST_NEW(task->context, layout->layer_count, &analysis->layers));
  analysis->layer_count = layout->layer_count;
  RST_TRY(rst_flow_layer_states(task->flow, u, states));
  for (size_t i = 0; i < layout->layer_count; ++i) {
    analysis->layers[i].state = states[i];
    RST_TRY(find_layer(task, u, &layout->layers[i], &analysis->layers[i]));
  }
  return RST_OK;
}
