/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

/* The brackets lie this factor to either side of the computed thresholds. */
static const double below = 0.8;
static const double above = 1.25;

/* Bisect one threshold on runs that differ by the eigenvector which is critical there. Where both ends of the
 * bracket behave alike the computed threshold is wrong, which is a finding and no failure; where the step
 * depends on the state there is none. */
static enum rst_status measure(const struct rst_analysis_task *task, enum rst_step_parameter parameter,
                               double expected, const struct rst_field *vector,
                               struct rst_threshold *threshold) {
  /* Transients of momentum last for 1/(1 - mu) steps. */
  const double steps = 64.0 / (1.0 - task->from->step.scheme.momentum);
  const struct rst_threshold_search search = {.parameter = parameter,
                                              .low = below * expected,
                                              .high = above * expected,
                                              .tolerance = 1e-4,
                                              .iterations = (long)steps};
  const enum rst_status status =
      rst_threshold_bisect(task->context, task->flow, &task->from->step.scheme, vector, &search, threshold);
  if (status == RST_ERROR_ARGUMENT || status == RST_ERROR_UNSUPPORTED) {
    rst_warn(task->context, "no threshold was found within 0.8 and 1.25 times the computed %s = %g: %s",
             parameter == RST_STEP_LR ? "learning rate" : "weight decay", expected,
             rst_context_message(task->context));
    *threshold = (struct rst_threshold){.value = NAN};
    return RST_OK;
  }
  return status;
}

enum rst_status rst_analyze_thresholds(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const struct rst_step_limits *limits = &analysis->exact.limits;
  const bool window = limits->decay_max > above * limits->decay_min;
  analysis->measured_decay_min.value = analysis->measured_decay_max.value = NAN;
  analysis->measured_lr_max.value = NAN;
  if (task->from->analyze.empirical == RST_SWITCH_NO) {
    return RST_OK;
  }
  if (limits->lr_max > 0 && isfinite(limits->lr_max)) {
    RST_TRY(measure(task, RST_STEP_LR, limits->lr_max, analysis->spectrum.vector_max,
                    &analysis->measured_lr_max));
  }
  if (limits->decay_min > 0 && window) {
    RST_TRY(measure(task, RST_STEP_WEIGHT_DECAY, limits->decay_min, analysis->spectrum.vector_min,
                    &analysis->measured_decay_min));
  }
  if (isfinite(limits->decay_max) && limits->decay_max > 0 && below * limits->decay_max > limits->decay_min) {
    RST_TRY(measure(task, RST_STEP_WEIGHT_DECAY, limits->decay_max, analysis->spectrum.vector_max,
                    &analysis->measured_decay_max));
  }
  return RST_OK;
}
