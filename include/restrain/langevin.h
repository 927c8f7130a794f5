/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_LANGEVIN_H
#define RESTRAIN_LANGEVIN_H

#include <stddef.h>

#include "restrain/context.h"

/** @file
 * The limiting dynamics of stochastic gradient descent with momentum (Kunin et al., arXiv 2107.09133): heavy-ball with lr, mu
 * and decay lambda on a mode of curvature rho, its gradient noise of variance (sigma^2/S) rho, follows for small lr the
 * stochastic differential equation of a damped oscillator in the time t = lr k of k updates,
 *
 *     da = b dt,   db = -(omega^2 a + 2 gamma b) dt + (2/((1+mu) sqrt(lr S))) sigma sqrt(rho) dW
 *     gamma = (1-mu)/(lr (1+mu)),   omega^2 = 2 (rho+lambda)/(lr (1+mu))
 *
 * a the distance from the minimum, b its velocity, the change of a per update over lr (minus the buffer of the scheme). With
 * delta^2 = |omega^2 - gamma^2| its propagator, under-damped (omega > gamma), is
 *
 *     E(t) = exp(-gamma t) [[cos + (gamma/delta) sin, sin/delta], [-(omega^2/delta) sin, cos - (gamma/delta) sin]](delta t)
 *
 * over-damped with cosh and sinh, critically damped with 1 and delta t. The covariance of (a, b) from a point is
 * V(t) = D - E(t) D E(t)', D = (sigma^2/S) diag(lr rho/(2 (1-mu)(rho+lambda)), rho/(1-mu^2)) the stationary one. The discrete
 * dynamics itself, whose variances are larger: mean_square.h.
 *
 * Functions without a context fail never and are thread-safe.
 */

enum rst_damping { RST_UNDER_DAMPED, RST_CRITICALLY_DAMPED, RST_OVER_DAMPED };

struct rst_langevin {
  double lr, momentum, curvature, decay;
  enum rst_damping damping; /**< critical to 1e-12 of gamma^2 */
  double gamma, omega, delta;
  double frequency;          /**< angular, of the mean: delta if it is under-damped, otherwise 0 */
  double discrete_frequency; /**< arg(z)/lr, z^2 - (1 + mu - lr (rho+lambda)) z + mu = 0 */
  /** D over sigma^2/S. */
  double position_variance, velocity_variance;
};

RST_API struct rst_langevin rst_langevin_find(double lr, double momentum, double curvature, double decay);
/** E(t), by rows. */
RST_API void rst_langevin_propagator(const struct rst_langevin *langevin, double t, double propagator[4]);
/** E(t) (a, b). */
RST_API void rst_langevin_mean(const struct rst_langevin *langevin, double a0, double b0, double t, double *a,
                               double *b);
/** V(t), V_aa, V_ab, V_bb; @param noise sigma^2/S. A band of probability 95 % is 1.96 sqrt(V_aa) about the mean. */
RST_API void rst_langevin_covariance(const struct rst_langevin *langevin, double noise, double t,
                                     double covariance[3]);
/** E (a(s+t) - a(s))^2 of the stationary mode: 2 D_aa (1 - E_aa(t)). */
RST_API double rst_langevin_displacement(const struct rst_langevin *langevin, double noise, double t);
/** The modified loss that the stationary density is a Boltzmann distribution of, exp(-kappa/(2 sigma^2) (U_a a^2 + U_b b^2)) with
 * kappa = S (1-mu^2): U_a = 2/(lr (1+mu)) (1 + lambda/rho), U_b = 1/rho. */
RST_API void rst_langevin_modified_loss(const struct rst_langevin *langevin, double *position,
                                        double *velocity);

/** The stationary probability current of dx = -A x dt + sqrt(2 D) dW, A [n][n] symmetric positive definite, D [n][n] symmetric:
 * the density is exp(-x' U x/2) with U = (D + Q)^{-1} A, and the current over the density, drift -A x less diffusion -D U x, is
 * J = -Q U x: the mean velocity, half from the past and half to the future, at x. Q, antisymmetric, solves A Q + Q A = A D - D A, in the
 * eigenvectors of A Q_ij = D_ij (s_i - s_j)/(s_i + s_j). RST_ERROR_NUMERIC where A is not
 * positive definite or D + Q is singular. @param q [n][n]. @param u [n][n]. */
RST_API enum rst_status rst_probability_current_find(struct rst_context *context, size_t n, const double *a,
                                                     const double *d, double *q, double *u);

/** Slope of the least-squares line through (log t, log y): the exponent c of y ~ t^c. All numbers must be positive, and there must
 * be two different t. @param error the standard error of the slope, for residuals that are independent, NaN of fewer than three
 * points; NULL: it is not asked for. */
RST_API double rst_exponent_fit(size_t count, const double *t, const double *y, double *error);

#endif
