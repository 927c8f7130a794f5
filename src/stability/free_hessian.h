/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FREE_HESSIAN_H
#define RST_FREE_HESSIAN_H

#include "restrain/flow.h"

/** @file
 * The Hessian of a flow at a state, on the free points alone, whose values are packed into fields of one row.
 * So the points that the flow keeps fixed add no eigenvalue 0.
 */

struct rst_free_hessian {
  struct rst_flow *flow;
  size_t count;                  /**< free points */
  size_t *points;                /**< their indices in the state, ascending */
  double shift;                  /**< added to all eigenvalues, 0 at first */
  struct rst_field *v, *product; /**< of the state's shape, v zero on the fixed points */
};

/** Linearises the flow at u. While the object is in use, the flow must not be linearised elsewhere. */
enum rst_status rst_free_hessian_create(struct rst_context *context, struct rst_flow *flow,
                                        const struct rst_field *u, struct rst_free_hessian **hessian);
void rst_free_hessian_destroy(struct rst_free_hessian **hessian);

/** packed = the free points of `full`, a field of the state's shape. */
void rst_free_hessian_pack(const struct rst_free_hessian *hessian, const struct rst_field *full,
                           struct rst_field *packed);
/** The free points of `full` = packed; the others are left alone. */
void rst_free_hessian_unpack(const struct rst_free_hessian *hessian, const struct rst_field *packed,
                             struct rst_field *full);

/** product = (H + shift) v, both packed; `user` is the object (an rst_operator, see extremal.h). */
void rst_free_hessian_apply(void *user, const struct rst_field *v, struct rst_field *product);

#endif
