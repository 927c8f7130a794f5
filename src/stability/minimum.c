/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/minimum.h"

#include <math.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "krylov/minres.h"
#include "stability/descent.h"
#include "stability/fixed_point_within.h"
#include "stability/free_hessian.h"

enum { MOST_STEPS = 4000, MOST_SADDLES = 8, MOST_PRODUCTS = 4000 };
/* F has vanished below this, relative to its terms; with decay these are those at u, without the largest met. It has also
 * where its terms are lost in rounding beside the largest. */
static const double vanished = 1e-9, lost = 1e-14;
struct search {
  struct rst_context *context;
  struct rst_flow *flow;
  double decay, tolerance;
  struct rst_descent descent;
  double tried; /* |F| where Newton's method was tried last */
  struct rst_minimum *found;
};

/* An extreme eigenvalue of H + alpha at u, with its eigenvector in `vector`. It is sought with a shift, for relative tolerances
 * say nothing of an eigenvalue 0. */
static enum rst_status find_extreme(const struct search *search, const struct rst_field *u,
                                    enum rst_spectrum_end end, struct rst_field *vector, double *value) {
  const double shift = 1e-6 * search->descent.scale;
  const double tolerance = 1e-3;
  struct rst_free_hessian *hessian = NULL;
  struct rst_field *packed = NULL;
  struct rst_eigenpair pair = {0};
  RST_TRY(rst_free_hessian_create(search->context, search->flow, u, &hessian));
  hessian->shift = search->decay + shift;
  enum rst_status status =
      rst_field_create(search->context, RST_PRECISION_DOUBLE, 1, hessian->count, &packed);
  if (status == RST_OK) {
    status = rst_extremal_eigenpair(search->context, rst_free_hessian_apply, hessian, end, tolerance, packed,
                                    &pair);
  }
  if (status == RST_OK) {
    rst_field_fill(0.0, vector);
    rst_free_hessian_unpack(hessian, packed, vector);
    *value = pair.value - shift;
  }
  rst_field_destroy(&packed);
  rst_free_hessian_destroy(&hessian);
  return status;
}

static enum rst_status find_lowest(const struct search *search, const struct rst_field *u,
                                   struct rst_field *vector, double *lowest) {
  return find_extreme(search, u, RST_SPECTRUM_SMALLEST, vector, lowest);
}

/* As rst_minimum_is_far(), for F(u) and a field to work with; the flow is linearised at u. */
static bool is_far(struct rst_flow *flow, double decay, const struct rst_field *u,
                   const struct rst_field *gradient, struct rst_field *product) {
  const double relative = 1e-3;
  const double slope = rst_field_norm(gradient);
  rst_flow_hessian_product(flow, gradient, product);
  const double curvature = rst_field_dot(gradient, product) / (slope * slope) + decay;
  const double norm = rst_field_norm(u);
  return norm > 0 && slope > relative * norm * fabs(curvature);
}

enum rst_status rst_minimum_is_far(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                   const struct rst_field *u, bool *far) {
  struct rst_field *gradient = NULL;
  struct rst_field *product = NULL;
  RST_TRY(rst_field_create_like(context, u, &gradient));
  const enum rst_status status = rst_field_create_like(context, u, &product);
  if (status == RST_OK) {
    rst_flow_linearise(flow, u, NULL, gradient);
    rst_field_axpy(weight_decay, u, gradient);
    rst_flow_pin(flow, gradient);
    *far = is_far(flow, weight_decay, u, gradient, product);
  }
  rst_field_destroy(&product);
  rst_field_destroy(&gradient);
  return status;
}

static bool is_negative(const struct search *search, double lowest) {
  return lowest < -RST_FLAT_RATIO * search->descent.scale;
}

/* Newton's method from a state; point->u NULL where it leads nowhere. */
static enum rst_status newton(const struct search *search, const struct rst_field *u,
                              struct rst_fixed_point *point) {
  const enum rst_status status = rst_fixed_point_find_within(search->context, search->flow, search->decay, u,
                                                             search->tolerance, MOST_PRODUCTS, point);
  return status == RST_ERROR_NUMERIC ? RST_OK : status;
}

/* product = A v where the flow was linearised last. */
static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct search *search = user;
  rst_flow_hessian_product(search->flow, v, product);
  rst_field_axpy(search->decay, v, product);
}

/* v = u - A^-1 F(u). */
static enum rst_status step_once(struct search *search, struct rst_field *v) {
  const double relative = 1e-2;
  const struct rst_descent *descent = &search->descent;
  struct rst_minres_result solved;
  rst_flow_linearise(search->flow, descent->u, NULL, NULL);
  RST_TRY(rst_minres(search->context, apply, search, descent->gradient, relative, MOST_PRODUCTS, v, &solved));
  rst_field_axpby(1.0, descent->u, -1.0, v);
  return RST_OK;
}

/* Whether v tells where the point is, seen from u, and on which side of zero, unless it is zero but for rounding. */
static bool is_right(const struct rst_field *u, const struct rst_field *v, const struct rst_field *point) {
  const double rounding = 1e-9;
  const double way = rst_field_distance(u, point);
  const double norm = rst_field_norm(point);
  const double scale = norm > rounding * rst_field_norm(u) ? fmin(way, norm) : way;
  return rst_field_distance(v, point) <= 0.25 * scale;
}

/* Whether the basin of a minimum has been entered, which is then found. */
static enum rst_status try_newton(struct search *search, bool *done) {
  struct rst_descent *descent = &search->descent;
  struct rst_field *v = descent->next;
  struct rst_fixed_point point = {0};
  double lowest = 0.0;
  search->tried = descent->slope;
  RST_TRY(find_lowest(search, descent->u, descent->defect, &lowest));
  if (!(lowest > 0)) {
    return RST_OK;
  }
  RST_TRY(step_once(search, v));
  RST_TRY(newton(search, v, &point));
  enum rst_status status = RST_OK;
  if (point.u && point.loss <= descent->loss && is_right(descent->u, v, point.u)) {
    status = find_lowest(search, point.u, descent->defect, &lowest);
    *done = status == RST_OK && !is_negative(search, lowest);
  }
  if (*done) {
    search->found->point = point;
    search->found->lowest = lowest;
  } else {
    rst_field_destroy(&point.u);
  }
  return status;
}

/* Leave a saddle. */
static void push(struct search *search, const struct rst_field *saddle, const struct rst_field *direction) {
  const double relative = 1e-4;
  struct rst_descent *descent = &search->descent;
  const double norm = rst_field_norm(saddle);
  rst_field_copy(saddle, descent->u);
  rst_field_axpy(relative * (norm > 0 ? norm : 1.0), direction, descent->u);
  rst_descent_restart(descent);
  search->tried = INFINITY;
  search->found->saddles += 1;
}

/* Whether F has vanished on the way to infinity: there is a way to go, or the loss itself has underflowed and its Hessian with
 * it. */
static enum rst_status find_escape(struct search *search, bool *escapes) {
  struct rst_descent *descent = &search->descent;
  if (search->decay > 0) {
    return RST_OK;
  }
  *escapes = is_far(search->flow, 0.0, descent->u, descent->gradient, descent->defect);
  if (descent->slope == 0) {
    double highest = 0.0;
    RST_TRY(find_extreme(search, descent->u, RST_SPECTRUM_LARGEST, descent->defect, &highest));
    RST_TRY(find_lowest(search, descent->u, descent->defect, &descent->scale));
    descent->scale = fmax(fabs(highest), fabs(descent->scale));
    *escapes = descent->scale == 0;
  }
  search->found->escapes = *escapes;
  return RST_OK;
}

/* F has vanished at u: a minimum, a saddle, or a way to infinity. */
static enum rst_status conclude(struct search *search, bool *done) {
  struct rst_descent *descent = &search->descent;
  struct rst_fixed_point point = {0};
  double lowest = 0.0;
  RST_TRY(find_escape(search, done));
  if (*done) {
    return RST_OK;
  }
  RST_TRY(newton(search, descent->u, &point));
  RST_REQUIRE(search->context, point.u, RST_ERROR_NUMERIC,
              "the flow ends at |grad L| = %g, where Newton's method finds no fixed point: %s",
              descent->slope, rst_context_message(search->context));
  enum rst_status status = find_lowest(search, point.u, descent->defect, &lowest);
  if (status == RST_OK && is_negative(search, lowest) && search->found->saddles < MOST_SADDLES) {
    push(search, point.u, descent->defect);
  } else if (status == RST_OK) {
    search->found->point = point;
    search->found->lowest = lowest;
    *done = true;
    return RST_OK;
  }
  rst_field_destroy(&point.u);
  return status;
}

static enum rst_status follow(struct search *search) {
  struct rst_descent *descent = &search->descent;
  bool done = false;
  search->tried = INFINITY;
  while (!done && descent->steps < MOST_STEPS) {
    const double terms = search->decay > 0 ? descent->terms : descent->most_terms;
    if (descent->slope <= fmax(vanished * terms, lost * descent->most_terms)) {
      RST_TRY(conclude(search, &done));
      continue;
    }
    if (descent->convex && descent->slope <= 0.1 * search->tried) {
      RST_TRY(try_newton(search, &done));
      rst_flow_linearise(search->flow, descent->u, NULL, NULL);
    }
    if (!done) {
      RST_TRY(rst_descent_step(descent));
    }
  }
  search->found->steps = descent->steps;
  RST_REQUIRE(search->context, done, RST_ERROR_NUMERIC,
              "the continuous flow led to no fixed point in %d steps; |grad L| is %g there", MOST_STEPS,
              descent->slope);
  return RST_OK;
}

enum rst_status rst_minimum_find(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                 const struct rst_field *u, double tolerance, struct rst_minimum *found) {
  struct search search = {
      .context = context, .flow = flow, .decay = weight_decay, .tolerance = tolerance, .found = found};
  *found = (struct rst_minimum){0};
  enum rst_status status = rst_descent_begin(&search.descent, context, flow, weight_decay, u);
  if (status == RST_OK) {
    status = follow(&search);
  }
  rst_descent_end(&search.descent);
  return status;
}
