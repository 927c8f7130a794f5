/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_CENTRAL_FLOW_H
#define RESTRAIN_CENTRAL_FLOW_H

#include <stddef.h>

#include "restrain/flow.h"

/** @file
 * The central flow of gradient descent (Cohen, Damian, Talwalkar, Kolter, Lee, arXiv 2410.24206): the path w(t) that gradient
 * descent with learning rate lr follows in the mean over its oscillations at the edge of stability. With L = E + (alpha/2) |w|^2,
 * H its Hessian, u_i the unit eigenvectors of eigenvalues above RST_CENTRAL_FLOW_CRITICAL 2/lr, G_ij = d/dw (u_i' H(w) u_j), t in
 * updates,
 *
 *     dw/dt = -lr [ grad L + (1/2) sum_ij X_ij G_ij ]
 *
 * X, the covariance of the oscillation in the u_i, is what keeps these eigenvalues from rising beyond 2/lr: of a substep dt
 *
 *     X >= 0,   Y = A + B[X] >= 0,   tr(X Y) = 0        (positive semidefinite)
 *     A = (2/lr) I - U' H U + dt lr <G_ij, grad L>,   B_ij,kl = dt (lr/2) <G_ij, G_kl>
 *
 * Y is (2/lr) I - U' H U after the substep. Without such eigenvalues it is the gradient flow. It follows from an expansion to the
 * third order in the oscillation, and so fails where that is large: in chaos, and by fourth derivatives
 * (src/stability/central_flow.md has numbers). Substeps are Euler's, first order in dt.
 *
 * No basis is followed from substep to substep: the problem is the same in every orthonormal basis of the eigenvectors' span.
 */

enum { RST_CENTRAL_FLOW_MOST = 3 /**< critical eigenvalues */ };
/** An eigenvalue above this part of 2/lr is critical. */
#define RST_CENTRAL_FLOW_CRITICAL 0.975

struct rst_central_flow_parameters {
  double lr, weight_decay;
  int substeps; /**< of an update, 1/dt; at least 1 */
};

/** At w, before a step. */
struct rst_central_flow_numbers {
  double loss;         /**< L(w) */
  double sharpness;    /**< lambda_max(H(w)) */
  double variance;     /**< tr X: of the oscillation about w, as it is predicted */
  double average_loss; /**< L(w) + tr(X)/lr: the predicted mean of the loss over the oscillation */
  /** Root of |grad L|^2 + tr(H Sigma H), Sigma = U X U': the predicted root mean square of |grad L|. */
  double average_grad_norm;
  size_t critical; /**< eigenvalues */
};

struct rst_central_flow;

/** The flow is borrowed. RST_ERROR_ARGUMENT for parameters out of range. */
RST_API enum rst_status rst_central_flow_create(struct rst_context *context, struct rst_flow *flow,
                                                const struct rst_central_flow_parameters *parameters,
                                                struct rst_central_flow **central);
RST_API void rst_central_flow_destroy(struct rst_central_flow **central);

/** From w(t) to w(t + 1), in place; the linearisation of the flow is lost. RST_ERROR_NUMERIC, with w somewhere on the way, where w
 * is not finite, eigenvalues do not converge, there are more critical ones than RST_CENTRAL_FLOW_MOST, or no X solves it. */
RST_API enum rst_status rst_central_flow_step(struct rst_central_flow *central, struct rst_field *w,
                                              struct rst_central_flow_numbers *numbers);

/** What the next step depends on beside w, [RST_CENTRAL_FLOW_MOST + 1] warm starts of eigenvectors, zero at first: saved and
 * restored by checkpoints. */
RST_API struct rst_field *const *rst_central_flow_state(struct rst_central_flow *central);

#endif
