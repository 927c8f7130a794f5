/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "analysis/analysis_task.h"
#include "analysis/descend.h"
#include "analysis/threshold_curves.h"
#include "core/core.h"
#include "krylov/extremal.h"
#include "stability/fixed_point_within.h"
#include "stability/free_hessian.h"

/** @file
 * The theory's thresholds along an axis of weight decays.
 *
 * A descent per weight decay would define the minimum but is dear. Minima depend smoothly on the weight decay as long as
 * H + alpha is regular, so that descents are made at a few weight decays only, and the minimum of one is followed to the next
 * by Newton's method from an extrapolation. Where it arrives at what the descent there leads to, all between belong to it.
 * Where not, the branch was lost or left on the way: another descent halves the interval, until it is known between which two
 * neighbours that happened.
 */

enum { DESCENTS = 5, MOST_OPEN = DESCENTS + 64, MOST_PRODUCTS = 4000 };
/* Relative distance within which two minima are the same. */
static const double merging_distance = 1e-6;
/* Of the residual of a fixed point; of the eigenpair that decides, whose value is far better than that unless the next
 * eigenvalue is as near; of the smallest eigenvalue, whose sign alone counts. */
static const double newton_tolerance = 1e-9, largest_tolerance = 1e-6, smallest_tolerance = 1e-2;

/* A weight decay of the axis, each value once. */
struct node {
  double weight_decay;
  struct rst_lr_limits theory;
};

/* A node where a descent was made. */
struct stop {
  size_t node;
  bool settled;        /* near a fixed point, in the steps it was given */
  struct rst_field *u; /* the minimum that it led to, NULL if to none */
};

struct walk {
  struct rst_case of; /* with the weight decay of the node at hand */
  struct rst_analysis_task task;
  struct node *nodes;
  size_t count;
  struct rst_field *lowest, *top; /* packed eigenvectors, the next warm starts */
  struct stop open[MOST_OPEN];    /* descents still ahead, the nearest last */
  size_t open_count;
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

struct shifted {
  struct rst_free_hessian *hessian;
  double shift;
};

/* product = (H + shift) v. */
static void apply_shifted(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct shifted *shifted = user;
  rst_free_hessian_apply(shifted->hessian, v, product);
  rst_field_axpy(shifted->shift, v, product);
}

/* Relative tolerances of H + alpha are easily met, also where H has many eigenvalues near 0. */
static enum rst_status find_extremes(struct walk *walk, struct shifted *shifted,
                                     struct rst_eigenpair *smallest, struct rst_eigenpair *largest) {
  struct rst_context *context = walk->task.context;
  struct rst_field **vectors[] = {&walk->lowest, &walk->top};
  for (size_t i = 0; i < 2; ++i) {
    if (!*vectors[i]) {
      RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, 1, shifted->hessian->count, vectors[i]));
    }
  }
  RST_TRY(rst_extremal_eigenpair(context, apply_shifted, shifted, RST_SPECTRUM_LARGEST, largest_tolerance,
                                 walk->top, largest));
  return rst_extremal_eigenpair(context, apply_shifted, shifted, RST_SPECTRUM_SMALLEST, smallest_tolerance,
                                walk->lowest, smallest);
}

/* Whether the fixed point u of a node is a minimum, and lr_lo there. */
static enum rst_status study(struct walk *walk, size_t node, const struct rst_field *u, bool *minimum) {
  const double smallest_ratio = 1e-9;
  struct shifted shifted = {.shift = decay_at(walk, node)};
  struct rst_eigenpair smallest;
  struct rst_eigenpair largest;
  RST_TRY(rst_free_hessian_create(walk->task.context, walk->task.flow, u, &shifted.hessian));
  const enum rst_status status = find_extremes(walk, &shifted, &smallest, &largest);
  rst_free_hessian_destroy(&shifted.hessian);
  RST_TRY(status);
  *minimum = smallest.value > smallest_ratio * largest.value;
  walk->nodes[node].theory.lr_lo = NAN;
  if (!*minimum) {
    return RST_OK;
  }
  const double lambda_max = largest.value - shifted.shift;
  const bool decay_alone = fabs(lambda_max) <= fmax(largest.residual, 1e-13 * largest.value);
  return largest_lr(walk, node, fmin(smallest.value - shifted.shift, 0.0), decay_alone ? 0.0 : lambda_max,
                    &walk->nodes[node].theory.lr_lo);
}

/* Newton's method from u at a node, to a minimum: NULL if there is none nearby. */
static enum rst_status refine(struct walk *walk, size_t node, const struct rst_field *u,
                              struct rst_field **found) {
  struct rst_fixed_point point = {0};
  bool minimum = false;
  *found = NULL;
  enum rst_status status = rst_fixed_point_find_within(
      walk->task.context, walk->task.flow, decay_at(walk, node), u, newton_tolerance, MOST_PRODUCTS, &point);
  if (status == RST_OK) {
    status = study(walk, node, point.u, &minimum);
  }
  if (status != RST_OK || !minimum) {
    rst_field_destroy(&point.u);
    walk->nodes[node].theory.lr_lo = NAN;
  }
  *found = point.u;
  return status == RST_ERROR_NUMERIC ? RST_OK : status;
}

/* Make the stop of a node: where a descent from the initial state leads. */
static enum rst_status descend(struct walk *walk, size_t node, struct stop *stop) {
  struct rst_field *u = NULL;
  const double decay = decay_at(walk, node);
  *stop = (struct stop){.node = node};
  walk->nodes[node].theory.lr_lo = NAN;
  RST_TRY(rst_field_create_like(walk->task.context, walk->task.initial, &u));
  rst_field_copy(walk->task.initial, u);
  enum rst_status status = rst_analysis_descend(&walk->task, u);
  if (status == RST_OK) {
    status = rst_analysis_descend_further(&walk->task, decay, u, &stop->settled);
  }
  if (status == RST_OK && stop->settled) {
    status = refine(walk, node, u, &stop->u);
  }
  rst_field_destroy(&u);
  return status == RST_ERROR_NUMERIC ? RST_OK : status;
}

/* start = the minimum at `node`, from those at the two nodes before; the first step has but one. */
static void extrapolate(const struct walk *walk, size_t node, const struct rst_field *before,
                        const struct rst_field *last, struct rst_field *start) {
  rst_field_copy(last, start);
  if (before) {
    const double step = walk->nodes[node].weight_decay - walk->nodes[node - 1].weight_decay;
    const double step_before = walk->nodes[node - 1].weight_decay - walk->nodes[node - 2].weight_decay;
    rst_field_axpy(step / step_before, last, start);
    rst_field_axpy(-step / step_before, before, start);
  }
}

/* Follow the minimum of a stop to the node of another one: `u` there, NULL if it was lost. */
static enum rst_status follow(struct walk *walk, const struct stop *from, size_t to, struct rst_field **u) {
  struct rst_context *context = walk->task.context;
  struct rst_field *start = NULL;
  struct rst_field *before = NULL;
  RST_TRY(rst_field_create_like(context, from->u, &start));
  enum rst_status status = rst_field_create_like(context, from->u, u);
  if (status == RST_OK) {
    rst_field_copy(from->u, *u);
  }
  for (size_t node = from->node + 1; status == RST_OK && *u && node <= to && !is_stopped(walk); ++node) {
    extrapolate(walk, node, before, *u, start);
    rst_field_destroy(&before);
    before = *u;
    status = refine(walk, node, start, u);
  }
  rst_field_destroy(&before);
  rst_field_destroy(&start);
  return status;
}

static bool is_same(const struct rst_field *a, const struct rst_field *b) {
  return rst_field_distance(a, b) <= merging_distance * fmax(rst_field_norm(a), rst_field_norm(b));
}

/* Whether all nodes between two stops belong to the minimum of both, or to none; they are done then. A descent that did not
 * settle contradicts nothing: its stop takes the minimum that arrives there. */
static enum rst_status connect(struct walk *walk, const struct stop *here, struct stop *next,
                               bool *connected) {
  const bool adjacent = next->node == here->node + 1;
  *connected = true;
  if (adjacent && next->settled) {
    return RST_OK;
  }
  if (!here->u || (!next->u && next->settled)) {
    *connected = adjacent || (!here->u && !next->u);
    for (size_t node = here->node + 1; node < next->node; ++node) {
      walk->nodes[node].theory.lr_lo = NAN;
    }
    return RST_OK;
  }
  const double lr_lo = walk->nodes[next->node].theory.lr_lo;
  struct rst_field *u = NULL;
  RST_TRY(follow(walk, here, next->node, &u));
  if (!next->settled && (u || adjacent)) {
    next->u = u;
    return RST_OK;
  }
  walk->nodes[next->node].theory.lr_lo = lr_lo;
  *connected = u && next->u && is_same(u, next->u);
  rst_field_destroy(&u);
  return RST_OK;
}

/* The nearest descent ahead is `here`; one more between it and the next. */
static enum rst_status halve(struct walk *walk) {
  struct stop *here = &walk->open[walk->open_count - 1];
  struct stop *middle = here;
  here[1] = here[0];
  walk->open_count += 1;
  return descend(walk, here[-1].node - (here[-1].node - here[1].node) / 2, middle);
}

static enum rst_status walk_along(struct walk *walk) {
  const size_t gaps = walk->count < DESCENTS ? walk->count - 1 : DESCENTS - 1;
  for (size_t i = gaps + 1; i-- > 0 && !is_stopped(walk);) {
    const size_t node = gaps ? i * (walk->count - 1) / gaps : 0;
    RST_TRY(descend(walk, node, &walk->open[walk->open_count++]));
  }
  while (walk->open_count > 1 && !is_stopped(walk)) {
    struct stop *here = &walk->open[walk->open_count - 1];
    bool connected = false;
    RST_TRY(connect(walk, here, here - 1, &connected));
    if (connected) {
      rst_field_destroy(&here->u);
      walk->open_count -= 1;
    } else {
      RST_TRY(halve(walk));
    }
  }
  return RST_OK;
}

static enum rst_status find_nonlinear(struct walk *walk) {
  double stiffest = 0.0; /* eigenvalue of the regulariser */
  RST_TRY(rst_diffusion_extreme(&walk->task, true, &stiffest));
  for (size_t node = 0; node < walk->count; ++node) {
    RST_TRY(largest_lr(walk, node, 0.0, stiffest, &walk->nodes[node].theory.lr_hi));
  }
  return walk_along(walk);
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

/* Nodes from the largest weight decay, where descents are easiest, to the smallest, each once. */
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
  RST_TRY(rst_analysis_prepare(&walk->task));
  return rst_flow_facts(walk->task.flow).linear ? find_linear(walk) : find_nonlinear(walk);
}

static void release(struct walk *walk) {
  while (walk->open_count > 0) {
    rst_field_destroy(&walk->open[--walk->open_count].u);
  }
  rst_field_destroy(&walk->lowest);
  rst_field_destroy(&walk->top);
  rst_analysis_release(&walk->task);
  free(walk->nodes);
}

enum rst_status rst_lr_limits_until(struct rst_context *context, const struct rst_case *from,
                                    const double *weight_decays, size_t count, bool (*stop)(void *user),
                                    void *user, struct rst_lr_limits *theory, bool *stopped) {
  struct walk walk = {
      .of = *from, .task = {.context = context, .from = &walk.of}, .stop = stop, .user = user};
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
  release(&walk);
  return status;
}

enum rst_status rst_lr_limits_find(struct rst_context *context, const struct rst_case *from,
                                   const double *weight_decays, size_t count, struct rst_lr_limits *theory) {
  bool stopped = false;
  return rst_lr_limits_until(context, from, weight_decays, count, NULL, NULL, theory, &stopped);
}
