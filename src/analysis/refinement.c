/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/parts.h"
#include "core/core.h"

/* The spectrum on a finer mesh: of the linear flow, or at the fixed point that `u` moves to, which replaces
 * it. */
static enum rst_status find_spectrum(const struct rst_analysis_task *task, struct rst_flow *flow,
                                     const struct rst_analysis *analysis, struct rst_field *u,
                                     struct rst_state_spectrum *spectrum) {
  if (!analysis->linear) {
    struct rst_fixed_point found = {0};
    RST_TRY(rst_fixed_point_find(task->context, flow, rst_effective_decay(&task->from->step.scheme), u,
                                 RST_ANALYSIS_TOLERANCE, &found));
    rst_field_copy(found.u, u);
    rst_field_destroy(&found.u);
  }
  return rst_state_spectrum_find(task->context, flow, u, spectrum);
}

static enum rst_status refine(const struct rst_analysis_task *task, const struct rst_analysis *analysis,
                              struct rst_field *u, struct rst_refinement *refinement) {
  struct rst_flow_parameters parameters = task->parameters;
  struct rst_flow *flow = NULL;
  struct rst_state_spectrum spectrum = {0};
  struct rst_spectrum_limits found;
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  parameters.diffusion.spacing = refinement->spacing;
  RST_TRY(rst_flow_create(task->context, &parameters, &flow));
  enum rst_status status = find_spectrum(task, flow, analysis, u, &spectrum);
  if (status == RST_OK) {
    rst_state_spectrum_extremes(&spectrum, &lambda_min, &lambda_max);
    status =
        rst_spectrum_limits_find(task->context, &task->from->step.scheme, lambda_min, lambda_max, &found);
  }
  if (status == RST_OK) {
    refinement->lambda_max = lambda_max;
    refinement->lr_max = found.limits.lr_max;
  }
  rst_state_spectrum_clear(&spectrum);
  rst_flow_destroy(&flow);
  return status;
}

static enum rst_status fill(const struct rst_analysis_task *task, struct rst_analysis *analysis,
                            struct rst_field *u) {
  const double coefficient = task->parameters.diffusion.coefficient;
  const double spacing = task->parameters.diffusion.spacing;
  bool lost = !analysis->linear && analysis->minimum < 0;
  for (int i = 0; i < RST_REFINEMENTS; ++i) {
    struct rst_refinement *refinement = &analysis->refinements[i];
    *refinement = (struct rst_refinement){ldexp(spacing, -i), NAN, NAN, NAN};
    const enum rst_status status = lost ? RST_OK : refine(task, analysis, u, refinement);
    if (status != RST_ERROR_NUMERIC) {
      RST_TRY(status);
    }
    lost = lost || status != RST_OK;
    refinement->mesh_number = coefficient * refinement->lr_max / (refinement->spacing * refinement->spacing);
  }
  analysis->refinement_count = RST_REFINEMENTS;
  return RST_OK;
}

enum rst_status rst_analyze_refinement(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  if (!(task->parameters.diffusion.coefficient > 0)) {
    return RST_OK;
  }
  struct rst_field *u = NULL;
  RST_TRY(rst_field_create_like(task->context, task->initial, &u));
  rst_field_copy(analysis->minimum >= 0 ? analysis->points[analysis->minimum].point.u : task->initial, u);
  const enum rst_status status = fill(task, analysis, u);
  rst_field_destroy(&u);
  return status;
}
