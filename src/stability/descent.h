/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DESCENT_H
#define RST_DESCENT_H

#include "krylov/phi.h"
#include "restrain/flow.h"

/** @file
 * The continuous flow du/dt = -F(u), F = grad E + alpha u, followed to its end: time counts for nothing, the way does. The
 * steps are those of an exponential Rosenbrock method (exprb32: Hochbruck and Ostermann, Acta Numerica 19, 2010, (2.45)),
 * exact where F is linear, of order 3 elsewhere; with A = H + alpha at u and D = F(v) - F(u) - A (v - u),
 *
 *     v = u - t phi_1(-t A) F(u),   u <- v - 2 t phi_3(-t A) D
 *
 * The last term is the error of v. It is kept below 1e-3 of the step |v - u|, so that a trajectory that passes by a saddle
 * leaves it on the right side however near it came, for its steps get as short as its distance; and below 1e-3 of |v|, so that
 * a long way down to small states ends on the right side of zero. Stiffness limits no step.
 */

struct rst_descent {
  struct rst_context *context;
  struct rst_flow *flow;
  double decay;
  struct rst_field *u;
  struct rst_field *gradient; /* F(u) */
  double slope;               /* |F(u)| */
  double terms, most_terms;   /* |grad E| + alpha |u| at u; the largest met */
  double loss;                /* L(u) */
  double scale;               /* largest |A v| met for a unit v at the last step */
  double t;                   /* of the next step */
  bool convex;                /* no negative Ritz value was met at the last step */
  int steps;
  struct rst_field *next, *next_gradient, *step, *defect;
  struct rst_krylov *krylov;
};

/** Begin at a copy of u. To be destroyed also after a failure. */
enum rst_status rst_descent_begin(struct rst_descent *descent, struct rst_context *context,
                                  struct rst_flow *flow, double decay, const struct rst_field *u);
void rst_descent_end(struct rst_descent *descent);
/** Go on from a u that was changed. */
void rst_descent_restart(struct rst_descent *descent);
/** One step. RST_ERROR_NUMERIC where the flow overflows, or has kinks that no step is short enough for. */
enum rst_status rst_descent_step(struct rst_descent *descent);

#endif
