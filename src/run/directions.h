/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DIRECTIONS_H
#define RST_DIRECTIONS_H

#include "restrain/case.h"

/** @file
 * Directions in the space of states along which the covariance of an ensemble is told: its first coordinates, or the eigenvectors of
 * the Hessian of the data term at the initial state, all examples with equal weights, with the largest eigenvalues, falling.
 */

/** Unit vectors as rows [count][numbers of a state], double. RST_ERROR_CASE where a state has fewer numbers.
 * @param u the initial state. The flow is linearised there. */
enum rst_status rst_directions_create(struct rst_context *context, const struct rst_case *run,
                                      struct rst_flow *flow, const struct rst_field *u,
                                      struct rst_field **directions);

#endif
