/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_COPIES_H
#define RST_COPIES_H

#include "restrain/flow.h"

/** @file
 * Copies of a flow, themselves a flow: on a row u = (u_1, ..., u_n) of n states, one after the other,
 *
 *     E(u) = sum_c E_c(u_c),      grad E(u) = (grad E_1(u_1), ..., grad E_n(u_n))
 *
 * where E_c is E of the flow with the draw of copy c. A scheme that treats all numbers of a state alike, with a step that does not
 * depend on them (no fact `adapts`), steps the copies at once, each to the bits that it comes to by itself.
 */

/** The flow is borrowed; it must know no running averages (rst_flow_averages()). Between evaluations it can be used by others and has
 * equal weights on all examples. The copies have no Hessian: they are evaluated, not linearised. */
enum rst_status rst_flow_copies_create(struct rst_context *context, struct rst_flow *flow, size_t count,
                                       struct rst_flow **copies);

/** From now on evaluate copy c with draws[c], as rst_flow_choose(), for which the flow must be prepared; with draws[0] alone all
 * with that, without any all with equal weights. Borrowed until the next call. */
void rst_flow_copies_choose(struct rst_flow *copies, size_t draw_count, const struct rst_draw *const *draws);

/** Of the last evaluation. */
const struct rst_flow_value *rst_flow_copies_value(const struct rst_flow *copies, size_t copy);

#endif
