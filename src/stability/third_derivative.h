/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_THIRD_DERIVATIVE_H
#define RST_THIRD_DERIVATIVE_H

#include "restrain/flow.h"

/** @file
 * Third derivatives of a flow's E, from its Hessian: D^3 E is symmetric, so that
 *
 *     d/dw (u' H(w) v) = D^3 E[u, v, .] = (H(w + e u) v - H(w - e u) v)/(2 e) + O(e^2)
 *
 * e = eps^(1/3) |w| (eps^(1/3) where w = 0), eps the unit of rounding: the error of the difference, e^2/6 times a fifth
 * derivative, and that of rounding, eps |H|/e, are of one size there, some 1e-10 of |H|/|w| in double, 1e-5 in float, where E
 * changes over lengths like |w|.
 */

/** derivatives[j] = D^3 E[u, v_j, .] at w, j < count, all fields states of the flow, u of unit norm; `scratch` two more. The flow
 * is linearised elsewhere afterwards. */
void rst_third_derivatives(struct rst_flow *flow, const struct rst_field *w, const struct rst_field *u,
                           size_t count, struct rst_field *const *v, struct rst_field *const *derivatives,
                           struct rst_field *const scratch[2]);

#endif
