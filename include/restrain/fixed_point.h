/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_FIXED_POINT_H
#define RESTRAIN_FIXED_POINT_H

#include "restrain/flow.h"

/** @file
 * Fixed points of du/dt = -grad E(u) - alpha u: grad E(u*) + alpha u* = 0, by a damped Newton method
 * whose linear systems (H + alpha) d = -(grad E + alpha u) are solved matrix-free by MINRES (Paige and
 * Saunders 1975), which allows indefinite H.
 */

struct rst_fixed_point {
  struct rst_field *u; /**< u*, owned by the caller: destroy it */
  double residual;     /**< |grad E(u*) + alpha u*|, evaluated afresh */
  double loss;         /**< L(u*) = E + (alpha/2)|u*|^2 */
  double data_loss;    /**< E(u*) */
  int newton_steps;
  int products; /**< Hessian products spent */
};

/** Find a fixed point from the start `u` (unchanged). Newton steps are halved until |grad L| falls; where
 * that fails, a gradient step of length 1/|H + alpha| is taken. Saddles are found as well as minima: the
 * smallest eigenvalue of H + alpha (spectrum.h) tells which it is. To reach the minimum that a descent leads
 * to, start from the state of a descent.
 * @param tolerance the residual, relative to |grad E(u)| + alpha |u| at the start; a floor of 64 eps times
 * the size of the terms applies, and up to 1000 times the whole is accepted where rounding errors let the
 * residual fall no further.
 * RST_ERROR_NUMERIC if it is not reached in 200 Newton steps or the flow overflows; RST_ERROR_UNSUPPORTED for
 * a float flow; RST_ERROR_ARGUMENT for a start that is not finite, a negative weight decay, a tolerance <= 0.
 */
RST_API enum rst_status rst_fixed_point_find(struct rst_context *context, struct rst_flow *flow,
                                             double weight_decay, const struct rst_field *u, double tolerance,
                                             struct rst_fixed_point *found);

#endif
