/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Fixed points of a non-linear flow, and the two limits of its learning rate.
 *
 * lr_lo is the local limit at the minimum that decides: beyond it the linearisation of the step there has a
 * growing mode. lr_hi belongs to what is linear whatever the state, decay and regulariser. The gradient of
 * the rest is bounded (abs(yhat - y) <= 1, s' bounded), hence a run below lr_hi stays in a ball, and beyond
 * it large states grow.
 */

#include <math.h>
#include <string.h>

#include "analysis/analysis_task.h"
#include "core/core.h"

/* Fixed points closer than this to each other, relative to the largest one found, are the same. */
static const double merging_distance = 1e-6;
/* Of the residual, relative to the start's gradient. */
static const double newton_tolerance = 1e-11;

enum rst_status rst_analysis_descend(const struct rst_analysis_task *task, struct rst_field *u) {
  enum { STEPS = 20 };
  struct rst_scheme_parameters parameters = task->from->step.scheme;
  struct rst_scheme *scheme = NULL;
  struct rst_field *gradient = NULL;
  parameters.weight_decay = rst_effective_decay(&parameters);
  parameters.kind = "cfl";
  parameters.decay = RST_DECAY_COUPLED;
  parameters.divisor = 1.0;
  parameters.safety = 0.5;
  if (parameters.weight_decay > 0) {
    parameters.lr = 2.0 / parameters.weight_decay;
  }
  enum rst_status status = rst_scheme_create(task->context, &parameters, task->flow, &scheme);
  if (status == RST_OK) {
    status = rst_field_create_like(task->context, u, &gradient);
  }
  for (int i = 0; status == RST_OK && i < STEPS; ++i) {
    struct rst_flow_value value;
    rst_flow_evaluate(task->flow, u, &value, gradient);
    status = rst_scheme_step(scheme, gradient, u, NULL);
  }
  rst_field_destroy(&gradient);
  rst_scheme_destroy(&scheme);
  return status;
}

/* Start 0 is the initial state, start 1 zero, the others are random and small. By symmetry zero often is a
 * saddle, and Newton's method likes saddles as well as minima: all others descend first. */
static enum rst_status make_start(const struct rst_analysis_task *task, int start, struct rst_field *u,
                                  const char **name) {
  static const char *const names[] = {"initial state, after a descent", "zero", "random, after a descent"};
  *name = names[start < 2 ? start : 2];
  if (start == 0) {
    rst_field_copy(task->initial, u);
  } else {
    const struct rst_initial_parameters random = {.kind = start == 1 ? "zero" : "normal",
                                                  .seed = task->from->analyze.seed + (uint32_t)start - 2U,
                                                  .scale = task->from->analyze.start_scale};
    RST_TRY(rst_initial_fill(task->context, &random, rst_flow_layout(task->flow), u));
  }
  return start == 1 ? RST_OK : rst_analysis_descend(task, u);
}

static enum rst_fixed_point_kind classify(const struct rst_state_spectrum *spectrum, double weight_decay) {
  const double smallest_ratio = 1e-9;
  const double low = spectrum->smallest.value + weight_decay;
  const double high = spectrum->largest.value + weight_decay;
  if (fabs(low) <= smallest_ratio * fmax(fabs(low), fabs(high))) {
    return RST_FIXED_POINT_DEGENERATE;
  }
  return low > 0 ? RST_FIXED_POINT_MINIMUM : RST_FIXED_POINT_SADDLE;
}

/* The known fixed point that `u` is, or NULL. */
static struct rst_analysed_point *find_known(struct rst_analysis *analysis, const struct rst_field *u) {
  double size = rst_field_norm(u);
  for (size_t i = 0; i < analysis->point_count; ++i) {
    size = fmax(size, rst_field_norm(analysis->points[i].point.u));
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    if (rst_field_distance(analysis->points[i].point.u, u) <= merging_distance * size) {
      return &analysis->points[i];
    }
  }
  return NULL;
}

/* Spectrum, kind and local limit of a new fixed point. */
static enum rst_status study(const struct rst_analysis_task *task, struct rst_analysed_point *point) {
  const struct rst_scheme_parameters *scheme = &task->from->step.scheme;
  struct rst_spectrum_limits found;
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  RST_TRY(rst_state_spectrum_find(task->context, task->flow, point->point.u, &point->spectrum));
  point->kind = classify(&point->spectrum, rst_effective_decay(scheme));
  point->lr_lo = NAN;
  if (point->kind == RST_FIXED_POINT_MINIMUM) {
    rst_state_spectrum_extremes(&point->spectrum, &lambda_min, &lambda_max);
    RST_TRY(rst_spectrum_limits_find(task->context, scheme, lambda_min, lambda_max, &found));
    point->lr_lo = found.limits.lr_max;
  }
  return RST_OK;
}

static enum rst_status search_from(const struct rst_analysis_task *task, int start, struct rst_field *u,
                                   struct rst_analysis *analysis) {
  const double decay = rst_effective_decay(&task->from->step.scheme);
  const char *name = NULL;
  struct rst_fixed_point found = {0};
  RST_TRY(make_start(task, start, u, &name));
  RST_TRY(rst_fixed_point_find(task->context, task->flow, decay, u, newton_tolerance, &found));
  struct rst_analysed_point *known = find_known(analysis, found.u);
  if (known) {
    known->starts += 1;
    rst_field_destroy(&found.u);
    return RST_OK;
  }
  struct rst_analysed_point *made = &analysis->points[analysis->point_count++];
  *made = (struct rst_analysed_point){.point = found, .start = name, .starts = 1, .of_initial = start == 0};
  return study(task, made);
}

/* A start whose search does not converge is counted and no failure: without decay there may be no fixed
 * point. */
static enum rst_status search(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const int starts = 2 + task->from->analyze.starts;
  struct rst_field *u = NULL;
  RST_TRY(RST_NEW(task->context, (size_t)starts, &analysis->points));
  RST_TRY(rst_field_create_like(task->context, task->initial, &u));
  enum rst_status status = RST_OK;
  for (int start = 0; status == RST_OK && start < starts; ++start) {
    const size_t before = analysis->point_count;
    status = search_from(task, start, u, analysis);
    if (status == RST_ERROR_NUMERIC && analysis->point_count == before) {
      rst_warn(task->context, "start %d led to no fixed point: %s", start,
               rst_context_message(task->context));
      analysis->failed_starts += 1;
      status = RST_OK;
    }
  }
  rst_field_destroy(&u);
  return status;
}

static int compare_losses(const void *a, const void *b) {
  const double one = ((const struct rst_analysed_point *)a)->point.loss;
  const double other = ((const struct rst_analysed_point *)b)->point.loss;
  return (one > other) - (one < other);
}

/* The minimum that decides: the initial state's, else the first in the order of losses. */
static void choose_minimum(struct rst_analysis *analysis) {
  if (analysis->point_count > 0) {
    qsort(analysis->points, analysis->point_count, sizeof *analysis->points, compare_losses);
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    if (point->kind == RST_FIXED_POINT_MINIMUM && (analysis->minimum < 0 || point->of_initial)) {
      analysis->minimum = (int)i;
    }
  }
}

enum rst_status rst_analyze_nonlinear(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const struct rst_scheme_parameters *scheme = &task->from->step.scheme;
  struct rst_spectrum_limits found;
  double stiffest = 0.0;
  RST_TRY(search(task, analysis));
  choose_minimum(analysis);
  RST_TRY(rst_diffusion_extreme(task, true, &stiffest));
  RST_TRY(rst_spectrum_limits_find(task->context, scheme, 0.0, stiffest, &found));
  analysis->lr_hi = found.limits.lr_max;
  if (analysis->minimum < 0) {
    return RST_OK;
  }
  const struct rst_analysed_point *minimum = &analysis->points[analysis->minimum];
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  rst_state_spectrum_extremes(&minimum->spectrum, &lambda_min, &lambda_max);
  RST_TRY(rst_spectrum_limits_find(task->context, scheme, lambda_min, lambda_max, &analysis->exact));
  analysis->lr_lo = analysis->exact.limits.lr_max;
  if (rst_flow_facts(task->flow).plane_waves) {
    RST_TRY(rst_analyze_frozen_symbol(task, minimum->point.u, analysis));
  }
  return rst_analyze_distribution(task, minimum->point.u, &minimum->spectrum, analysis);
}
