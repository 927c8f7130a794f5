/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/fixed_point.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#include "core/core.h"
#include "krylov/minres.h"
#include "stability/fixed_point_within.h"

/** @file
 * Inexact Newton's method for F(u) = grad E(u) + alpha u = 0 on the free points. The step d solves
 * (H + alpha) d = -F to a relative residual eta = min(0.01, |F| / |F_0|), which keeps the convergence
 * quadratic (Dembo, Eisenstat, Steihaug, SIAM J. Numer. Anal. 19, 1982). MINRES makes |F + (H + alpha) d|
 * smallest, hence d/dt |F(u + t d)|^2 = -2 (1 - eta^2) |F|^2 at t = 0: a direction of descent for |F|^2,
 * whatever the signs of the eigenvalues. Minima, saddles and maxima of L are all found.
 */

enum { MOST_STEPS = 200, MOST_HALVINGS = 10, LEAST_PRODUCTS = 100 };
static const double largest_eta = 1e-2, smallest_eta = 1e-12, armijo = 1e-4;
/* Times the target: the residual that is accepted where it falls no further. grad E is summed from terms that
 * may be larger than it shows. */
static const double stalled = 1e3;

/* A state with all that is known there. */
struct place {
  struct rst_field *u, *gradient; /* gradient = F */
  double norm;                    /* |F| */
  double data_loss;
  double terms; /* |grad E| + alpha |u|, on the free points */
};

struct newton {
  struct rst_context *context;
  struct rst_flow *flow;
  double weight_decay;
  struct place here, there;
  struct rst_field *direction;
  double scale; /* |H + alpha|, as far as it was met */
  int steps, products;
  int most_products;
};

/* product = (H + alpha) v at the linearisation, v zero on the fixed points. */
static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct newton *newton = user;
  rst_flow_hessian_product(newton->flow, v, product);
  rst_field_axpy(newton->weight_decay, v, product);
}

/* Everything of the place from its u. */
static void evaluate(const struct newton *newton, struct place *place) {
  struct rst_flow_value value;
  rst_flow_evaluate(newton->flow, place->u, &value, place->gradient);
  const double slope = rst_field_norm(place->gradient);
  rst_field_axpy(newton->weight_decay, place->u, place->gradient);
  rst_flow_pin(newton->flow, place->gradient);
  place->norm = rst_field_norm(place->gradient);
  place->data_loss = value.data_loss;
  place->terms = slope + newton->weight_decay * rst_field_norm(place->u);
}

/* there = here + length * step. */
static void try_step(struct newton *newton, double length, const struct rst_field *step) {
  rst_field_copy(newton->here.u, newton->there.u);
  rst_field_axpy(length, step, newton->there.u);
  evaluate(newton, &newton->there);
}

static void go_there(struct newton *newton) {
  const struct place left = newton->here;
  newton->here = newton->there;
  newton->there = left;
}

/* A Newton step, halved until |F| falls enough; `fell` tells whether it did. */
static enum rst_status newton_step(struct newton *newton, double eta, bool *fell) {
  const int unknowns = (int)fmin((double)rst_field_count(newton->direction), 1e6);
  const int useful = 2 * unknowns + LEAST_PRODUCTS;
  const int left = newton->most_products - newton->products;
  const int most = left < useful ? left : useful;
  struct rst_minres_result solved;
  rst_flow_linearise(newton->flow, newton->here.u, NULL, NULL);
  rst_field_scale(-1.0, newton->here.gradient);
  const enum rst_status status = rst_minres(newton->context, apply, newton, newton->here.gradient, eta, most,
                                            newton->direction, &solved);
  rst_field_scale(-1.0, newton->here.gradient);
  RST_TRY(status);
  newton->products += solved.products;
  newton->scale = solved.scale;
  double length = 1.0;
  *fell = false;
  for (int i = 0; i < MOST_HALVINGS && !*fell; ++i) {
    try_step(newton, length, newton->direction);
    *fell = newton->there.norm <= (1.0 - armijo * length) * newton->here.norm;
    length /= 2;
  }
  if (*fell) {
    go_there(newton);
  }
  return RST_OK;
}

/* A step of the gradient flow, as long as its stiffest mode allows. */
static void gradient_step(struct newton *newton) {
  if (newton->scale > 0.0) {
    try_step(newton, -1.0 / newton->scale, newton->here.gradient);
    go_there(newton);
  }
}

/* Residual that counts as zero: what is asked for, but not below the rounding errors of the terms. Those of a
 * state that runs away are no excuse, hence the bound by what was there at the start. */
static double target(const struct newton *newton, double tolerance, double start_terms) {
  const double largest_floor = 1e-8;
  const double size = newton->here.terms + newton->scale * rst_field_norm(newton->here.u);
  return fmax(tolerance * start_terms, fmin(64 * DBL_EPSILON * size, largest_floor * start_terms));
}

static enum rst_status iterate(struct newton *newton, double tolerance) {
  evaluate(newton, &newton->here);
  const double start = newton->here.norm;
  const double start_terms = newton->here.terms;
  bool fell = true;
  while (isfinite(newton->here.norm) && newton->here.norm > target(newton, tolerance, start_terms) &&
         newton->steps < MOST_STEPS && newton->products < newton->most_products) {
    const double eta = fmax(fmin(largest_eta, newton->here.norm / start), smallest_eta);
    RST_TRY(newton_step(newton, eta, &fell));
    ++newton->steps;
    if (!fell && newton->here.norm <= stalled * target(newton, tolerance, start_terms)) {
      return RST_OK;
    }
    if (!fell) {
      gradient_step(newton);
    }
  }
  RST_REQUIRE(newton->context, newton->here.norm <= target(newton, tolerance, start_terms), RST_ERROR_NUMERIC,
              "no fixed point was reached: residual %g after %d Newton steps, %g asked for; start closer to "
              "one, for example from the last state of a run, or loosen the tolerance",
              newton->here.norm, newton->steps, target(newton, tolerance, start_terms));
  return RST_OK;
}

static enum rst_status build(struct newton *newton, const struct rst_field *u) {
  struct rst_field **fields[] = {&newton->here.u, &newton->here.gradient, &newton->there.u,
                                 &newton->there.gradient, &newton->direction};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
    RST_TRY(rst_field_create_like(newton->context, u, fields[i]));
  }
  rst_field_copy(u, newton->here.u);
  return RST_OK;
}

static enum rst_status validate(struct rst_context *context, const struct rst_flow *flow, double weight_decay,
                                const struct rst_field *u, double tolerance) {
  RST_REQUIRE(context, rst_flow_precision(flow) == RST_PRECISION_DOUBLE, RST_ERROR_UNSUPPORTED,
              "the flow is in float, which is too coarse for Newton's method; create it in double");
  RST_REQUIRE(context, weight_decay >= 0.0 && isfinite(weight_decay), RST_ERROR_ARGUMENT,
              "weight_decay is %g; it must be finite and not negative", weight_decay);
  RST_REQUIRE(context, tolerance > 0.0 && isfinite(tolerance), RST_ERROR_ARGUMENT,
              "the fixed point's tolerance is %g; it must be positive and finite", tolerance);
  RST_REQUIRE(context, rst_field_is_finite(u), RST_ERROR_ARGUMENT,
              "the start of the search for a fixed point is not finite; start from a finite state");
  return RST_OK;
}

enum rst_status rst_fixed_point_find(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                     const struct rst_field *u, double tolerance,
                                     struct rst_fixed_point *found) {
  return rst_fixed_point_find_within(context, flow, weight_decay, u, tolerance, INT_MAX, found);
}

enum rst_status rst_fixed_point_find_within(struct rst_context *context, struct rst_flow *flow,
                                            double weight_decay, const struct rst_field *u, double tolerance,
                                            int most_products, struct rst_fixed_point *found) {
  RST_TRY(validate(context, flow, weight_decay, u, tolerance));
  struct newton newton = {
      .context = context, .flow = flow, .weight_decay = weight_decay, .most_products = most_products};
  enum rst_status status = build(&newton, u);
  if (status == RST_OK) {
    status = iterate(&newton, tolerance);
  }
  if (status == RST_OK) {
    const double norm = rst_field_norm(newton.here.u);
    *found = (struct rst_fixed_point){.u = newton.here.u,
                                      .residual = newton.here.norm,
                                      .loss = newton.here.data_loss +
                                              0.5 * weight_decay * rst_flow_cell(flow) * norm * norm,
                                      .data_loss = newton.here.data_loss,
                                      .newton_steps = newton.steps,
                                      .products = newton.products};
    newton.here.u = NULL;
  }
  rst_field_destroy(&newton.here.u);
  rst_field_destroy(&newton.here.gradient);
  rst_field_destroy(&newton.there.u);
  rst_field_destroy(&newton.there.gradient);
  rst_field_destroy(&newton.direction);
  return status;
}
