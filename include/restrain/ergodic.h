/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ERGODIC_H
#define RESTRAIN_ERGODIC_H

#include <stddef.h>

/** @file
 * What the ergodic record of a run comes to: time means with their errors, how far apart successive windows of it are, and how far
 * the state goes. The loss may settle in distribution while the weights never do (Zhang, Li, Sra, Jadbabaie, arXiv 2110.06256).
 *
 * The record begins at iteration t_0, the first row of scalars from ergodic.burn_in on, and has n updates; E_t is the mean over its
 * iterations, however many rows are stored.
 *
 * | number                   | is                                                                                        |
 * |--------------------------|-------------------------------------------------------------------------------------------|
 * | loss_mean                | E_t[ L(u_t) ], L of the weights of update t                                               |
 * | grad_norm_mean           | E_t abs grad L(u_t), likewise                                                             |
 * | loss_change_mean         | mean over the updates of L(u_t) - L(u_{t+1}); it equals (L(u_{t_0}) - L(u_{t_0+n}))/n     |
 * | loss_change_envelope     | 2 sup abs(L)/n, which bounds it                                                           |
 * | noise_norm_mean          | mean of the measurements of that scalar                                                   |
 * | objective_grad_norm_mean | mean of abs grad L over all examples at the same iterations                               |
 * | local_displacement_mean  | mean over the updates of abs(u_{t+1} - u_t)^2                                             |
 * | displacement_exponent    | c of abs(u_{t_0+W} - u_{t_0})^2 ~ W^c over the lengths W below                            |
 * | gradient_noise_balance   | E_t[ noise curvature ] / E_t[ abs grad L squared ], over the measurements of both; 2/lr   |
 * |                          | where the loss is stationary under plain SGD (exact for quadratic losses)                 |
 *
 * Windows: for each length W, 2^4 to 2^27 rows, the iterations of the first W of the record and of the W after them. Distances are
 * those of the distributions of an observable in the two, W1 and KS (stability/window_distance.h); the difference is the mean over
 * the weights of 2 abs(A-B)/(abs A + abs B), A and B the states that the two begin with. Of a window of more than 65536 rows as many
 * stretches have a sample each, number i its row i modulo the length of a stretch, so that no period passes for a distribution.
 *
 * Errors are standard errors: of means, from the means of 16 blocks (rst_block_mean()), which allows for correlations much shorter
 * than a block, NaN of fewer than 32 numbers; of the ratio, the same of its linearisation; of the exponent, that of the fit, whose
 * points, an octave apart, are not quite independent (of a random walk the true error is 1.5 times as large).
 */

/** Numbers that a run also records over its rows, by the same names. */
#define RST_ERGODIC_MEANS(X)                                                                                 \
  X(loss_mean)                                                                                               \
  X(grad_norm_mean)                                                                                          \
  X(loss_change_mean)                                                                                        \
  X(loss_change_envelope)                                                                                    \
  X(noise_norm_mean)                                                                                         \
  X(objective_grad_norm_mean)

/** Numbers of the end: name, whether they take measurements of the noise, description, units. */
#define RST_ERGODIC_ENDINGS(X)                                                                               \
  X(loss_mean_error, false, "standard error of loss_mean", "1")                                              \
  X(grad_norm_mean_error, false, "standard error of grad_norm_mean", "1")                                    \
  X(local_displacement_mean, false, "mean of local_displacement", "1")                                       \
  X(local_displacement_mean_error, false, "its standard error", "1")                                         \
  X(displacement_exponent, false, "exponent c of global_displacement ~ t^c", "1")                            \
  X(displacement_exponent_error, false, "its standard error", "1")                                           \
  X(noise_norm_mean_error, true, "standard error of noise_norm_mean", "1")                                   \
  X(objective_grad_norm_mean_error, true, "standard error of objective_grad_norm_mean", "1")                 \
  X(gradient_noise_balance, true, "gradient-noise interaction as the ratio of time means", "1")              \
  X(gradient_noise_balance_error, true, "its standard error", "1")

/** Observables whose distributions are compared. */
#define RST_ERGODIC_OBSERVABLES(X) X(loss) X(grad_norm) X(weight_norm)

#define RST_ERGODIC_COUNT(name) +1
enum {
  RST_ERGODIC_OBSERVABLE_COUNT = 0 RST_ERGODIC_OBSERVABLES(RST_ERGODIC_COUNT),
  RST_ERGODIC_SHORTEST = 16, /**< rows */
  RST_ERGODIC_WINDOWS = 24
};
#undef RST_ERGODIC_COUNT

struct rst_ergodic_summary {
  long first, updates; /**< t_0 and n; no updates, and nothing but NaN, where the run ended before */
#define RST_ERGODIC_MEMBER(name, ...) double name;
  RST_ERGODIC_MEANS(RST_ERGODIC_MEMBER)
  RST_ERGODIC_ENDINGS(RST_ERGODIC_MEMBER)
#undef RST_ERGODIC_MEMBER
  double balance_limit; /**< 2/lr, NaN for all but plain SGD of a constant lr */
  size_t window_count;  /**< lengths of which both windows are whole */
  /** By length, ascending; NaN beyond window_count. */
  double window[RST_ERGODIC_WINDOWS]; /**< iterations */
  double window_difference[RST_ERGODIC_WINDOWS];
  double window_wasserstein[RST_ERGODIC_OBSERVABLE_COUNT][RST_ERGODIC_WINDOWS];
  double window_kolmogorov[RST_ERGODIC_OBSERVABLE_COUNT][RST_ERGODIC_WINDOWS];
};

#endif
