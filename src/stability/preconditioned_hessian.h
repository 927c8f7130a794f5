/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PRECONDITIONED_HESSIAN_H
#define RST_PRECONDITIONED_HESSIAN_H

#include "restrain/flow.h"

/** @file
 * The symmetric operator P^-1/2 (H + decay) P^-1/2 with the eigenvalues of P^-1 (H + decay), H where the flow was linearised
 * last, P diagonal and positive.
 */

struct rst_preconditioned_hessian {
  struct rst_flow *flow;
  double decay;
  const struct rst_field *root; /**< P^-1/2; NULL for P = 1 */
  struct rst_field *work;       /**< like root; NULL for P = 1 */
};

/** rst_operator() of extremal.h; `user` is a struct rst_preconditioned_hessian. */
void rst_preconditioned_hessian_apply(void *user, const struct rst_field *v, struct rst_field *product);

/** On entry root = P, on exit P^-1/2. v = P^1/2 v unless v is NULL. */
void rst_preconditioned_root(struct rst_field *root, struct rst_field *v);

#endif
