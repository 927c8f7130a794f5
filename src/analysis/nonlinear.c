/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Fixed points of a non-linear flow, and the two limits of its learning rate.
 *
 * lr_lo is the local limit at the minimum that decides: beyond it the linearisation of the step there has a
 * growing mode. lr_hi belongs to what is linear whatever the state: decay, regulariser, fidelity term. The gradient of
 * the rest is bounded (abs(yhat - y) <= 1, s' bounded; fluxes of at most 1), hence a run below lr_hi stays in a ball, and
 * beyond it large states grow. Where the rest grows (landscape) nothing of the kind follows.
 */

#include <math.h>
#include <string.h>

#include "analysis/analysis_task.h"
#include "core/core.h"
#include "stability/fixed_point_within.h"
#include "stability/minimum.h"

/* Fixed points closer than this to each other, relative to the largest one found, are the same. */
static const double merging_distance = 1e-6;
/* Of the residual, relative to the terms of the gradient where Newton's method begins. */
static const double newton_tolerance = 1e-13;
/* Hessian products for Newton's method from zero, which need not lead anywhere. */
enum { MOST_PRODUCTS = 4000 };

enum { START_INITIAL, START_ZERO, START_RANDOM };

/* Start 0 is the initial state, start 1 zero, the others are random and small. */
static enum rst_status make_start(const struct rst_analysis_task *task, int start, struct rst_field *u) {
  if (start == START_INITIAL) {
    rst_field_copy(task->initial, u);
    return RST_OK;
  }
  const struct rst_initial_parameters random = {.kind = start == START_ZERO ? "zero" : "normal",
                                                .seed = task->from->analyze.seed + (uint32_t)start - 2U,
                                                .scale = task->from->analyze.start_scale};
  return rst_flow_fill_initial(task->context, task->flow, &random, u);
}

static enum rst_fixed_point_kind classify(const struct rst_state_spectrum *spectrum, double weight_decay) {
  const double low = spectrum->smallest.value + weight_decay;
  const double high = spectrum->largest.value + weight_decay;
  const double zero = RST_FLAT_RATIO * fmax(fabs(low), fabs(high));
  if (low > zero) {
    return RST_FIXED_POINT_MINIMUM;
  }
  if (high < -zero) {
    return RST_FIXED_POINT_MAXIMUM;
  }
  return low < -zero ? RST_FIXED_POINT_SADDLE : RST_FIXED_POINT_FLAT;
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

/* The limits at a minimum; at a flat one those across its valley, whose own eigenvalues are 0 but for rounding. */
static enum rst_status find_limits(const struct rst_analysis_task *task,
                                   const struct rst_analysed_point *point,
                                   struct rst_spectrum_limits *limits) {
  const struct rst_scheme_parameters *scheme = &task->from->step.scheme;
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  rst_state_spectrum_extremes(&point->spectrum, &lambda_min, &lambda_max);
  if (point->kind == RST_FIXED_POINT_FLAT) {
    lambda_min = fmax(lambda_min, -rst_effective_decay(scheme));
  }
  return rst_spectrum_limits_find(task->context, scheme, lambda_min, lambda_max, limits);
}

/* Spectrum, kind and local limit of a new fixed point. */
static enum rst_status study(const struct rst_analysis_task *task, struct rst_analysed_point *point) {
  struct rst_spectrum_limits found;
  RST_TRY(rst_state_spectrum_find(task->context, task->flow, point->point.u, &point->spectrum));
  point->kind = classify(&point->spectrum, rst_effective_decay(&task->from->step.scheme));
  point->lr_lo = NAN;
  if (rst_fixed_point_is_minimum(point->kind)) {
    RST_TRY(find_limits(task, point, &found));
    point->lr_lo = found.limits.lr_max;
  }
  return RST_OK;
}

/* Where a start leads: its flow; from zero, which often is a saddle by symmetry and worth knowing, Newton's method. */
static enum rst_status lead(const struct rst_analysis_task *task, int start, const struct rst_field *u,
                            struct rst_minimum *found) {
  const double decay = rst_effective_decay(&task->from->step.scheme);
  if (start != START_ZERO) {
    return rst_minimum_find(task->context, task->flow, decay, u, newton_tolerance, found);
  }
  *found = (struct rst_minimum){0};
  RST_TRY(rst_fixed_point_find_within(task->context, task->flow, decay, u, newton_tolerance, MOST_PRODUCTS,
                                      &found->point));
  const enum rst_status status =
      decay > 0 ? RST_OK
                : rst_minimum_is_far(task->context, task->flow, decay, found->point.u, &found->escapes);
  if (status != RST_OK || found->escapes) {
    rst_field_destroy(&found->point.u);
  }
  return status;
}

static const char *describe_start(int start, int saddles) {
  static const char *const names[][2] = {{"initial state", "initial state, by way of a saddle"},
                                         {"zero, by Newton's method", "zero, by Newton's method"},
                                         {"random", "random, by way of a saddle"}};
  return names[start < START_RANDOM ? start : START_RANDOM][saddles > 0];
}

static enum rst_status search_from(const struct rst_analysis_task *task, int start, struct rst_field *u,
                                   struct rst_analysis *analysis) {
  struct rst_minimum found;
  RST_TRY(make_start(task, start, u));
  RST_TRY(lead(task, start, u, &found));
  if (found.escapes) {
    analysis->escaping_starts += 1;
    analysis->initial_escapes = analysis->initial_escapes || start == START_INITIAL;
    return RST_OK;
  }
  struct rst_analysed_point *known = find_known(analysis, found.point.u);
  if (known) {
    known->starts += 1;
    rst_field_destroy(&found.point.u);
    return RST_OK;
  }
  struct rst_analysed_point *made = &analysis->points[analysis->point_count++];
  *made = (struct rst_analysed_point){.point = found.point,
                                      .start = describe_start(start, found.saddles),
                                      .starts = 1,
                                      .of_initial = start == START_INITIAL};
  return study(task, made);
}

/* A start whose flow cannot be followed is counted and no failure. */
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

/* The minimum that decides is the initial state's. */
static void choose_minimum(struct rst_analysis *analysis) {
  if (analysis->point_count > 0) {
    qsort(analysis->points, analysis->point_count, sizeof *analysis->points, compare_losses);
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    if (point->of_initial && rst_fixed_point_is_minimum(point->kind)) {
      analysis->minimum = (int)i;
    }
  }
}

enum rst_status rst_analyze_nonlinear(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  RST_TRY(search(task, analysis));
  choose_minimum(analysis);
  analysis->linear_terms = rst_flow_linear_terms(task->flow);
  RST_TRY(rst_lr_hi_find(task, &analysis->lr_hi));
  analysis->saturated_amplitude = rst_saturated_amplitude(task, analysis->real_limit, analysis->lr_hi);
  if (analysis->minimum < 0) {
    return RST_OK;
  }
  const struct rst_analysed_point *minimum = &analysis->points[analysis->minimum];
  RST_TRY(find_limits(task, minimum, &analysis->exact));
  analysis->lr_lo = analysis->exact.limits.lr_max;
  if (rst_flow_facts(task->flow).plane_waves) {
    RST_TRY(rst_analyze_frozen_symbol(task, minimum->point.u, analysis));
  }
  RST_TRY(rst_analyze_layers(task, minimum->point.u, analysis));
  return rst_analyze_distribution(task, minimum->point.u, &minimum->spectrum, analysis);
}
