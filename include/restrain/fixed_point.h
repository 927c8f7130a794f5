/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_FIXED_POINT_H
#define RESTRAIN_FIXED_POINT_H

#include "restrain/flow.h"

/** @file
 * Fixed points of du/dt = -grad E(u) - alpha u: grad E(u*) + alpha u* = 0, by a damped Newton method whose linear systems
 * (H + alpha) d = -(grad E + alpha u) are solved matrix-free by MINRES (Paige and Saunders 1975), which allows indefinite H.
 */

struct rst_fixed_point {
  struct rst_field *u; /**< u*, owned by the caller: destroy it */
  double residual;     /**< |grad E(u*) + alpha u*|, evaluated afresh */
  double loss;         /**< L(u*) = E + (alpha/2)|u*|^2 */
  double data_loss;    /**< E(u*) */
  int newton_steps;
  int products; /**< Hessian products spent */
};

/** Find a fixed point from the start `u` (unchanged). Steps are halved until |grad L| falls (Armijo on the squared norm); far from
 * the basin, where that fails, gradient steps of length 1/lambda_max are taken.
 * @param tolerance the residual, relative to |grad E(u)| + alpha |u| at the start; a floor of 64 eps times the size of the
 * terms applies.
 * RST_ERROR_NUMERIC if it is not reached in 200 Newton steps; RST_ERROR_UNSUPPORTED for a float flow. */
RST_API enum rst_status rst_fixed_point_find(struct rst_context *context, struct rst_flow *flow,
                                             double weight_decay, const struct rst_field *u, double tolerance,
                                             struct rst_fixed_point *found);

#endif
