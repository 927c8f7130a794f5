/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

/* What moves from mesh to mesh: the fixed point of a non-linear flow, and eigenvectors, as warm starts. */
struct followed {
  struct rst_field *u;
  struct rst_state_spectrum spectrum;
};

static enum rst_status begin(const struct rst_analysis_task *task, const struct rst_analysis *analysis,
                             struct followed *followed) {
  const bool moves = analysis->minimum >= 0;
  const struct rst_state_spectrum *known =
      moves ? &analysis->points[analysis->minimum].spectrum : &analysis->spectrum;
  struct rst_field **made[] = {&followed->u, &followed->spectrum.vector_min, &followed->spectrum.vector_max};
  const struct rst_field *from[] = {moves ? analysis->points[analysis->minimum].point.u : task->initial,
                                    known->vector_min, known->vector_max};
  for (size_t i = 0; i < sizeof made / sizeof *made; ++i) {
    RST_TRY(rst_field_create_like(task->context, from[i], made[i]));
    rst_field_copy(from[i], *made[i]);
  }
  return RST_OK;
}

static void end(struct followed *followed) {
  rst_field_destroy(&followed->u);
  rst_state_spectrum_clear(&followed->spectrum);
}

static enum rst_status follow(const struct rst_analysis_task *task, struct rst_flow *flow, bool linear,
                              struct followed *followed) {
  if (!linear) {
    const double tolerance = 1e-10;
    struct rst_fixed_point found = {0};
    RST_TRY(rst_fixed_point_find(task->context, flow, rst_effective_decay(&task->from->step.scheme),
                                 followed->u, tolerance, &found));
    rst_field_copy(found.u, followed->u);
    rst_field_destroy(&found.u);
  }
  return rst_state_spectrum_find(task->context, flow, followed->u, &followed->spectrum);
}

static enum rst_status refine(const struct rst_analysis_task *task, bool linear, struct followed *followed,
                              struct rst_refinement *refinement) {
  struct rst_flow_parameters parameters = task->parameters;
  struct rst_flow *flow = NULL;
  struct rst_spectrum_limits found;
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  parameters.diffusion.spacing = refinement->spacing;
  RST_TRY(rst_flow_create(task->context, &parameters, &flow));
  enum rst_status status = follow(task, flow, linear, followed);
  if (status == RST_OK) {
    rst_state_spectrum_extremes(&followed->spectrum, &lambda_min, &lambda_max);
    status =
        rst_spectrum_limits_find(task->context, &task->from->step.scheme, lambda_min, lambda_max, &found);
  }
  if (status == RST_OK) {
    refinement->lambda_max = lambda_max;
    refinement->lr_max = found.limits.lr_max;
    refinement->mesh_number =
        parameters.diffusion.coefficient * refinement->lr_max / (refinement->spacing * refinement->spacing);
  }
  rst_flow_destroy(&flow);
  return status;
}

/* Where the fixed point is lost the rest of the table has no value, which is a finding and no failure. */
static enum rst_status fill(const struct rst_analysis_task *task, struct followed *followed,
                            struct rst_analysis *analysis) {
  bool lost = false;
  for (int i = 0; i < RST_REFINEMENTS; ++i) {
    struct rst_refinement *refinement = &analysis->refinements[i];
    *refinement = (struct rst_refinement){ldexp(task->parameters.diffusion.spacing, -i), NAN, NAN, NAN};
    const enum rst_status status = lost ? RST_OK : refine(task, analysis->linear, followed, refinement);
    if (status != RST_ERROR_NUMERIC) {
      RST_TRY(status);
    }
    lost = lost || status != RST_OK;
  }
  analysis->refinement_count = RST_REFINEMENTS;
  return RST_OK;
}

enum rst_status rst_analyze_refinement(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  if (!(task->parameters.diffusion.coefficient > 0) || (!analysis->linear && analysis->minimum < 0)) {
    return RST_OK;
  }
  struct followed followed = {0};
  enum rst_status status = begin(task, analysis, &followed);
  if (status == RST_OK) {
    status = fill(task, &followed, analysis);
  }
  end(&followed);
  return status;
}
