/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_TANGENT_H
#define RESTRAIN_TANGENT_H

#include "restrain/scheme.h"

/** @file
 * Tangent dynamics: infinitesimal perturbations of a trajectory, advanced by the exact Jacobian of the scheme.
 *
 *     v_{t+1} = J_t v_t,     J_t = I - lr (H(u_t) + alpha) for euler
 *
 * A perturbation has a part du in the space of the state and, for a momentum scheme, a part dv in that of the buffer; its
 * norm is sqrt(|du|^2 + |lr dv|^2), lr v being what the buffer moves the state by. For adam there are dm and dv, both weighed
 * by lr; the derivative of the root of v is taken as 0 where v = 0. Leading perturbations are kept
 * orthonormal by a QR decomposition after every step (Benettin et al., Meccanica 15 (1980) 9 and 21): with R_jj(t) its
 * diagonal, local growth is R_11(t) and the j-th Lyapunov exponent per iteration is the limit of (1/T) sum_t log R_jj(t).
 *
 * Jacobians are exact, also those of the Runge-Kutta stages. That of cfl holds the derivative of its step size, which
 * takes the derivative of an eigenvalue along du from a central difference (relative error about 1e-8).
 */

struct rst_tangent;

enum { RST_TANGENT_MOST = 64 };

/** Create `count` perturbations, 1 to RST_TANGENT_MOST and at most the dimension (the free points, times one more than the
 * number of buffers): normal random numbers from `seed` (rst_random_normal(), one perturbation after the other, each du, then
 * lr dv), zero on fixed points, orthonormalised. With dv = 0 all of them would keep to one direction of the two that each mode
 * of a constant Hessian has. Those of adam, as many as there are free points, start with 1e-9 times that for lr dm and 1e-18
 * times for lr dv: its first steps divide by averages of a few slopes, which may be tiny. They work in the precision of the flow; sums and norms are taken in double. The flow must outlive the
 * object. */
RST_API enum rst_status rst_tangent_create(struct rst_context *context,
                                           const struct rst_scheme_parameters *parameters,
                                           struct rst_flow *flow, size_t count, uint32_t seed,
                                           struct rst_tangent **tangent);
RST_API void rst_tangent_destroy(struct rst_tangent **tangent);

/** The steps from now on have this lr, as that of their scheme (rst_scheme_set_lr()). */
RST_API void rst_tangent_set_lr(struct rst_tangent *tangent, double lr);

RST_API size_t rst_tangent_count(const struct rst_tangent *tangent);

/** One step of `scheme`, to the same bits as rst_scheme_step(), and of the perturbations with it. The scheme must have been
 * made from the same parameters and flow; a divisor has no part in the Jacobian.
 * @param gradient as rst_flow_linearise() gave it at u, the last linearisation of the flow; destroyed, and so is the
 * linearisation by schemes with several stages.
 * Where the state overflows, growths are NaN and perturbations stay as they were. */
RST_API enum rst_status rst_tangent_step(struct rst_tangent *tangent, struct rst_scheme *scheme,
                                         struct rst_field *gradient, struct rst_field *u, double *dt);

/** log R_jj of the last step: log of the local growth for j = 0; NaN before the first step; -infinity where a perturbation
 * vanished but for rounding errors of double (it goes on from its first random numbers, orthogonal to those before it). */
RST_API double rst_tangent_log_growth(const struct rst_tangent *tangent, size_t j);
/** Rayleigh quotient <du, (H + alpha) du>/<du, du> of the leading perturbation before the last step; NaN if du was zero. */
RST_API double rst_tangent_rayleigh(const struct rst_tangent *tangent);

/** Perturbation j in the space of the state, du: at most of unit norm. Owned by the object. */
RST_API const struct rst_field *rst_tangent_vector(const struct rst_tangent *tangent, size_t j);
/** du of the leading perturbation before the last step, in its norm then. Owned by the object. */
RST_API const struct rst_field *rst_tangent_previous(const struct rst_tangent *tangent);

/** The fields that later steps depend on, for checkpoints. The array is owned by the object, the fields may be written. */
RST_API size_t rst_tangent_state(struct rst_tangent *tangent, struct rst_field ***fields);

/** Participation ratio (sum v^2)^2/(n sum v^4) in [1/n, 1]: the share of points that carry v; NaN for v = 0. */
RST_API double rst_participation_ratio(const struct rst_field *v);

/** The largest eigenvalue of grad L (decay included) for which steps of length parameters->lr are locally stable, found on
 * the growth polynomial: R/lr for coupled decay, R the real-axis limit; R (1/lr - alpha/2) + alpha for decoupled and 2/lr +
 * 2 alpha for implicit decay; 2/lr for cfl; for adam the limit of scheme.h, which is one of P^-1 H. NaN where no
 * eigenvalue is stable (decoupled decay with a large lr alpha) and for parameters out of range. */
RST_API double rst_scheme_local_limit(struct rst_context *context,
                                      const struct rst_scheme_parameters *parameters);

#endif
