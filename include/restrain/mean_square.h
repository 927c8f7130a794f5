/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_MEAN_SQUARE_H
#define RESTRAIN_MEAN_SQUARE_H

#include "restrain/scheme.h"

/** @file
 * Mean-square stability: von Neumann analysis for stochastic gradients. A mode is stable in mean square if its second moments
 * stay bounded, which its mean alone does not tell.
 *
 * An affine scheme (euler, heavy-ball, nesterov, imex) takes a mode u, with v the buffer of its momentum, measured from the
 * minimum, and the stochastic slope g = (m + xi) u + zeta of the data term to
 *
 *     s' = A s + b (xi u + zeta),   s = (u, v)
 *
 * with A of the mean curvature m, decay included, xi of variance s2, zeta of variance q, independent of each other and from one
 * update to the next. The second moments M = E s s' obey the linear map
 *
 *     M' = A M A' + b b' (s2 M_uu + q)
 *
 * on (M_uu, M_uv, M_vv), the 3 x 3 moment matrix. Its spectral radius is the growth of the second moments; the mode is stable in
 * mean square where that is below 1. Of heavy-ball with coupled decay, m including it, in closed form
 *
 *     lr [ s2 (1 + mu) + (1 - mu) m^2 ] < 2 (1 + mu)(1 - mu) m
 *
 * A stationary mode of heavy-ball with s2 = 0, h = m + alpha:
 *
 *     M_uu = lr q (1+mu)/((1-mu) h (2(1+mu) - lr h)),  M_vv = 2 q/((1-mu) (2(1+mu) - lr h)),  M_uv = -lr M_vv/2
 *
 * which exceed those of the stochastic differential equation (langevin.h) by the factor 1/(1 - lr h/(2(1+mu))).
 *
 * Of linear regression (flow.h) on batches of B examples drawn with replacement, the state has d numbers, H = mean x x', and
 *
 *     M' = A M A' + (b b') (x) (1/B) [ mean (x' M_uu x) x x' - H M_uu H ]
 *
 * is exact: a linear map on symmetric matrices that keeps the positive semidefinite ones so, whence its spectral radius is an
 * eigenvalue. Other draws, and what they add to B: rst_sampling_variance() of sampling.h.
 *
 * Functions are thread-safe for distinct contexts. All fail with RST_ERROR_UNSUPPORTED for schemes that are
 * not affine, with RST_ERROR_ARGUMENT for numbers out of range.
 */

/** A mode of the data term, decay excluded, and its noise. */
struct rst_noisy_mode {
  double curvature;          /**< m */
  double curvature_variance; /**< s2 >= 0 */
  double noise;              /**< q >= 0 */
};

/** E u^2, E u v, E v^2; v is 0 for schemes without momentum. */
struct rst_second_moments {
  double uu, uv, vv;
};

/** The moment matrix, by rows, of (uu, uv, vv). */
RST_API enum rst_status rst_moment_matrix(struct rst_context *context,
                                          const struct rst_scheme_parameters *parameters,
                                          const struct rst_noisy_mode *mode, double matrix[9]);
/** Its spectral radius. */
RST_API enum rst_status rst_moment_growth(struct rst_context *context,
                                          const struct rst_scheme_parameters *parameters,
                                          const struct rst_noisy_mode *mode, double *growth);
/** The moments that stay as they are; infinite where the mode is not stable in mean square. */
RST_API enum rst_status rst_stationary_moments(struct rst_context *context,
                                               const struct rst_scheme_parameters *parameters,
                                               const struct rst_noisy_mode *mode,
                                               struct rst_second_moments *moments);
/** E (u_{t+lag} - u_t)^2 of a stationary mode: 2 (M_uu - (A^lag M)_uu). Infinite where it is not stable in mean square. */
RST_API enum rst_status rst_stationary_displacement(struct rst_context *context,
                                                    const struct rst_scheme_parameters *parameters,
                                                    const struct rst_noisy_mode *mode, long lag,
                                                    double *displacement);
/** A mode with s2 = 0 that has taken `updates` of them from s_0 = (u, 0): the mean of u, (A^t s_0)_u, and the moments about the
 * mean, M_{t+1} = A M_t A' + q b b', M_0 = 0; stable or not. */
RST_API enum rst_status rst_transient_moments(struct rst_context *context,
                                              const struct rst_scheme_parameters *parameters,
                                              const struct rst_noisy_mode *mode, double u, long updates,
                                              double *mean, struct rst_second_moments *moments);
/** lr_ms, the lr up to which the mode is stable in mean square, whatever parameters->lr, to 1e-13, relative; 0 if none is,
 * infinite if all are. */
RST_API enum rst_status rst_mean_square_limit(struct rst_context *context,
                                              const struct rst_scheme_parameters *parameters,
                                              const struct rst_noisy_mode *mode, double *lr_ms);

/** Linear regression whose update takes the gradient of some examples. */
struct rst_random_regression {
  size_t examples, count; /**< n, d */
  const double *x;        /**< [n][d], borrowed */
  double variance;        /**< 1/B, or rst_sampling_variance() */
};

/** One update of the second moments about the minimum, from `moments` to `mapped`, both [2 d][2 d], u before v; what the
 * targets' own noise adds is left out. */
RST_API enum rst_status rst_moment_map_apply(struct rst_context *context,
                                             const struct rst_scheme_parameters *parameters,
                                             const struct rst_random_regression *regression,
                                             const double *moments, double *mapped);
/** Spectral radius of that map at parameters->lr, and lr_ms as above, both to 1e-9, relative. Modes without curvature and decay,
 * which nothing moves, are left out. Takes some hundred times n d^2 operations. RST_ERROR_NUMERIC where the iteration does not
 * converge. */
RST_API enum rst_status rst_moment_map_growth(struct rst_context *context,
                                              const struct rst_scheme_parameters *parameters,
                                              const struct rst_random_regression *regression, double *growth);
RST_API enum rst_status rst_moment_map_limit(struct rst_context *context,
                                             const struct rst_scheme_parameters *parameters,
                                             const struct rst_random_regression *regression, double *lr_ms);
/** The covariance of u that stays as it is, where the gradient at the minimum has noise of that covariance, the targets' own;
 * infinite where the regression is not stable in mean square. Both are [d][d]. RST_ERROR_NUMERIC as above. */
RST_API enum rst_status rst_moment_map_stationary(struct rst_context *context,
                                                  const struct rst_scheme_parameters *parameters,
                                                  const struct rst_random_regression *regression,
                                                  const double *noise, double *covariance);

#endif
