/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "analysis/analysis_task.h"
#include "analysis/threshold_curves.h"
#include "core/core.h"
#include "krylov/extremal.h"
#include "stability/free_hessian.h"
#include "stability/minimum.h"

/** @file
 * The theory's thresholds along an axis of weight decays: at each of them the flow is followed from the initial state to its
 * minimum, for the branch of minima that one weight decay leads to may exist at the next without being reached there.
 */

/* Of the residual of a fixed point; of the eigenpair that decides, whose value is far better than that unless the next
 * eigenvalue is as near. */
static const double newton_tolerance = 1e-9, largest_tolerance = 1e-6;

/* A weight decay of the axis, each value once. */
struct node {
  double weight_decay;
  struct rst_lr_limits theory;
};

struct walk {
  struct rst_case of; /* with the weight decay of the node at hand */
  struct rst_analysis_task task;
  struct node *nodes;
  size_t count;
  struct rst_field *top; /* packed eigenvector, the next warm start */
  bool (*stop)(void *user);
  void *user;
  bool stopped;
};

/* Also tells that it has been stopped before: nothing more is worth computing. */
static bool is_stopped(struct walk *walk) {
  walk->stopped = walk->stopped || (walk->stop && walk->stop(walk->user));
  return walk->stopped;
}

static double decay_at(struct walk *walk, size_t node) {
  walk->of.step.scheme.weight_decay = walk->nodes[node].weight_decay;
  return rst_effective_decay(&walk->of.step.scheme);
}

static enum rst_status largest_lr(struct walk *walk, size_t node, double lambda_min, double lambda_max,
                                  double *lr) {
  struct rst_spectrum_limits found;
  (void)decay_at(walk, node);
  RST_TRY(
      rst_spectrum_limits_find(walk->task.context, &walk->of.step.scheme, lambda_min, lambda_max, &found));
  *lr = found.limits.lr_max;
  return RST_OK;
}

/* The largest eigenvalue of H + alpha at u. Its relative tolerance is easily met, also where H has many eigenvalues near 0. */
static enum rst_status find_largest(struct walk *walk, double decay, const struct rst_field *u,
                                    struct rst_eigenpair *largest) {
  struct rst_context *context = walk->task.context;
  struct rst_free_hessian *hessian = NULL;
  RST_TRY(rst_free_hessian_create(context, walk->task.flow, u, &hessian));
  hessian->shift = decay;
  enum rst_status status =
      walk->top ? RST_OK : rst_field_create(context, RST_PRECISION_DOUBLE, 1, hessian->count, &walk->top);
  if (status == RST_OK) {
    status = rst_extremal_eigenpair(context, rst_free_hessian_apply, hessian, RST_SPECTRUM_LARGEST,
                                    largest_tolerance, walk->top, largest);
  }
  rst_free_hessian_destroy(&hessian);
  return status;
}

/* lr_lo of a node, NaN where the flow reaches no minimum or could not be followed. */
static enum rst_status visit(struct walk *walk, size_t node) {
  const double decay = decay_at(walk, node);
  struct rst_minimum found;
  struct rst_eigenpair largest;
  walk->nodes[node].theory.lr_lo = NAN;
  enum rst_status status = rst_minimum_find(walk->task.context, walk->task.flow, decay, walk->task.initial,
                                            newton_tolerance, &found);
  if (status == RST_ERROR_NUMERIC || (status == RST_OK && found.escapes)) {
    return RST_OK;
  }
  RST_TRY(status);
  status = find_largest(walk, decay, found.point.u, &largest);
  rst_field_destroy(&found.point.u);
  RST_TRY(status);
  if (found.lowest < -RST_FLAT_RATIO * largest.value) {
    return RST_OK;
  }
  const double lambda_max = largest.value - decay;
  const bool decay_alone = fabs(lambda_max) <= fmax(largest.residual, 1e-13 * largest.value);
  return largest_lr(walk, node, fmin(fmax(found.lowest, 0.0) - decay, 0.0), decay_alone ? 0.0 : lambda_max,
                    &walk->nodes[node].theory.lr_lo);
}

static enum rst_status find_nonlinear(struct walk *walk) {
  for (size_t node = 0; node < walk->count; ++node) {
    (void)decay_at(walk, node);
    RST_TRY(rst_lr_hi_find(&walk->task, &walk->nodes[node].theory.lr_hi));
  }
  for (size_t node = 0; node < walk->count && !is_stopped(walk); ++node) {
    RST_TRY(visit(walk, node));
  }
  return RST_OK;
}

static enum rst_status find_linear(struct walk *walk) {
  struct rst_state_spectrum spectrum = {0};
  double lambda_min = 0.0;
  double lambda_max = 0.0;
  enum rst_status status =
      rst_state_spectrum_find(walk->task.context, walk->task.flow, walk->task.initial, &spectrum);
  if (status == RST_OK) {
    rst_state_spectrum_extremes(&spectrum, &lambda_min, &lambda_max);
  }
  for (size_t node = 0; status == RST_OK && node < walk->count; ++node) {
    struct rst_lr_limits *theory = &walk->nodes[node].theory;
    status = largest_lr(walk, node, lambda_min, lambda_max, &theory->lr_lo);
    theory->lr_hi = theory->lr_lo;
  }
  rst_state_spectrum_clear(&spectrum);
  return status;
}

static int descending(const void *a, const void *b) {
  const double one = ((const struct node *)a)->weight_decay;
  const double other = ((const struct node *)b)->weight_decay;
  return (one < other) - (one > other);
}

/* Nodes from the largest weight decay to the smallest, each once. */
static enum rst_status make_nodes(struct walk *walk, const double *weight_decays, size_t count) {
  RST_TRY(RST_NEW(walk->task.context, count, &walk->nodes));
  for (size_t i = 0; i < count; ++i) {
    walk->nodes[i].weight_decay = weight_decays[i];
  }
  qsort(walk->nodes, count, sizeof *walk->nodes, descending);
  for (size_t i = 0; i < count; ++i) {
    if (i == 0 || walk->nodes[i].weight_decay < walk->nodes[walk->count - 1].weight_decay) {
      walk->nodes[walk->count++] = walk->nodes[i];
    }
  }
  return RST_OK;
}

static enum rst_status find_all(struct walk *walk, const double *weight_decays, size_t count) {
  RST_TRY(make_nodes(walk, weight_decays, count));
  if (!walk->task.flow) {
    RST_TRY(rst_analysis_prepare(&walk->task));
  }
  return rst_flow_facts(walk->task.flow).linear ? find_linear(walk) : find_nonlinear(walk);
}

static void release(struct walk *walk, bool owns) {
  rst_field_destroy(&walk->top);
  free(walk->nodes);
  if (owns) {
    rst_analysis_release(&walk->task);
  }
}

enum rst_status rst_lr_limits_until(struct rst_context *context, const struct rst_case *from,
                                    struct rst_flow *flow, struct rst_field *initial,
                                    const double *weight_decays, size_t count, bool (*stop)(void *user),
                                    void *user, struct rst_lr_limits *theory, bool *stopped) {
  struct walk walk = {.of = *from,
                      .task = {.context = context,
                               .from = &walk.of,
                               .parameters = from->flow,
                               .flow = flow,
                               .initial = initial},
                      .stop = stop,
                      .user = user};
  *stopped = false;
  for (size_t i = 0; i < count; ++i) {
    RST_REQUIRE(context, weight_decays[i] >= 0.0 && isfinite(weight_decays[i]), RST_ERROR_ARGUMENT,
                "weight decay %zu is %g; it must be finite and not negative", i, weight_decays[i]);
  }
  if (count == 0) {
    return RST_OK;
  }
  if (rst_scheme_facts(from->step.scheme.kind).preconditioned) {
    for (size_t i = 0; i < count; ++i) {
      theory[i] = (struct rst_lr_limits){.lr_lo = NAN, .lr_hi = NAN};
    }
    return RST_OK;
  }
  const enum rst_status status = find_all(&walk, weight_decays, count);
  for (size_t i = 0; status == RST_OK && i < count; ++i) {
    const struct node key = {.weight_decay = weight_decays[i]};
    const struct node *node = bsearch(&key, walk.nodes, walk.count, sizeof key, descending);
    theory[i] = node->theory;
  }
  *stopped = walk.stopped;
  release(&walk, !flow);
  return status;
}

enum rst_status rst_lr_limits_find(struct rst_context *context, const struct rst_case *from,
                                   const double *weight_decays, size_t count, struct rst_lr_limits *theory) {
  bool stopped = false;
  return rst_lr_limits_until(context, from, NULL, NULL, weight_decays, count, NULL, NULL, theory, &stopped);
}
