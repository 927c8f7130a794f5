/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MINIMUM_H
#define RST_MINIMUM_H

#include "restrain/fixed_point.h"

/** @file
 * The minimum that the continuous flow du/dt = -grad E(u) - alpha u reaches from a state: the one rule of analyses and sweeps
 * for which minimum decides.
 *
 * The flow is followed (descent.h) until a minimum's own basin is entered: H + alpha is positive at u, one step of Newton's
 * method with it leads to v, from which the method goes on to a minimum u* of lower loss, and v was right to within a quarter,
 * |u* - v| <= min(|u* - u|, |u*|)/4. Or until F has vanished.
 * Where that is a saddle, reached by a symmetry of state and flow alone, any rounding error leaves it: the way goes on along
 * the eigenvector of its smallest eigenvalue, largest component positive.
 *
 * With decay L grows without bound in all directions, hence there is a minimum, always. Without, the flow may run to infinity
 * where the loss falls for ever: it still moves when F has vanished.
 */

struct rst_minimum {
  struct rst_fixed_point point; /**< u is NULL where the flow runs to infinity; else the caller destroys it */
  bool escapes;                 /**< the flow runs to infinity, and there is none */
  int saddles;                  /**< by which it went */
  int steps;                    /**< along the flow */
  /** Smallest eigenvalue of H + alpha, to 1e-2 where it is not near 0; of flat minima about 0. */
  double lowest;
};

/** An eigenvalue below this, relative to the largest, is taken for 0: a flat minimum. */
#define RST_FLAT_RATIO 1e-9

/** @param tolerance as of rst_fixed_point_find(). RST_ERROR_NUMERIC where the flow could not be followed, so that nothing is
 * known. */
enum rst_status rst_minimum_find(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                 const struct rst_field *u, double tolerance, struct rst_minimum *found);

/** Whether the flow still has a way to go at u although F is small there: Newton's step along F, |F|/(F'AF/F'F), is longer
 * than |u|/1000. It shrinks to nothing at a fixed point, and does not on the way to infinity. */
enum rst_status rst_minimum_is_far(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                   const struct rst_field *u, bool *far);

#endif
