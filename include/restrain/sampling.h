/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_SAMPLING_H
#define RESTRAIN_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "restrain/context.h"

/** @file
 * Stochastic gradients as distributions over example weights: update t takes the gradient of
 *
 *     E_t(u) = sum_i w_i(t) l_i(u).
 *
 * | kind      | w(t), of n examples                                                                                    |
 * |-----------|--------------------------------------------------------------------------------------------------------|
 * | full      | 1/n                                                                                                    |
 * | minibatch | 1/B on a batch of B examples                                                                           |
 * | svag      | (1 + c)/(2B) on a first batch, (1 - c)/(2B) on a second, c = sqrt(2l - 1); steps are l times shorter   |
 * | gaussian  | 1/n + (xi_i - mean xi)/sqrt(n B), xi standard normal                                                   |
 * | sde       | 1/n + sqrt(l) (xi_i - mean xi)/sqrt(n B), xi a Brownian increment; steps are l times shorter            |
 * | hessian   | 1/n, and the gradient has noise (sigma/sqrt(B)) R' xi, xi standard normal, R' R = H                    |
 *
 * svag (Li, Malladi, Arora, arXiv 2102.12470) approaches a stochastic differential equation as l grows: l updates are one of
 * the batches' step; gaussian has the covariance of batches drawn with replacement. hessian is the noise of the theory of
 * mean_square.h and langevin.h, of covariance (sigma^2/B) H whatever the state, H the Hessian of E; of flows that have the root R of H
 * (rst_flow_root_rows() of flow.h), with examples or without. The value of E stays that with equal weights.
 *
 * sde is the Euler-Maruyama method of the Ito equation that batches drawn with replacement stand for (Li, Tai, E, arXiv 1511.06251),
 *
 *     dX = -grad E(X) dt + (lr Sigma(X))^(1/2) dW,      lr a unit of time, Sigma(X) the covariance of a batch's gradient,
 *
 * with steps of lr/l: weights of covariance l times that of a batch's. Its paths refine each other: those of l and of 2l with the
 * same seed and member are driven by the same Brownian motion, as the increments of two updates of 2l, xi/sqrt(2l) each, add up to
 * that of the update of l which covers the same time. It is halved by Levy's construction: of an increment x of unit
 * variance and a detail z, the halves have (x + z)/sqrt(2), then (x - z)/sqrt(2). Whole steps have the x of stream (seed, member; s),
 * so that l = 1 is gaussian, bit for bit; interval k of the 2^j of step s has the detail z of the stream with the counters
 * (b, s, 2^j + k, 0). l is a power of two.
 *
 * Batches of `shuffle` cut an order of all examples into n div B batches, a new order for each epoch e = t div (n div B): the
 * stable argsort of n raw numbers of stream (seed, member; e); batch j = t mod (n div B) has the places j B ... j B + B - 1.
 * Those of `replacement` have the indices floor(raw n / 2^64) of B raw numbers of stream (seed, member; t). Update t of svag
 * takes batches 2t and 2t + 1, or the first and the next B raw numbers.
 *
 * Stream (seed, member; c) is NumPy's Philox(key=[seed, member], counter=[0, c, 0, 0]).random_raw(): the words of philox4x64-10
 * (Salmon, Moraes, Dror, Shaw, SC'11) with the counters (b, c, 0, 0), b = 1, 2, ... Normal numbers xi come from pairs of them:
 * sqrt(-2 log u1) cos(2 pi u2), then sin, u1 = (floor(r1/2^11) + 1)/2^53, u2 = floor(r2/2^11)/2^53; those of gaussian and of
 * hessian from stream (seed, member; t).
 *
 * There is no state: a draw is a function of seed, member and t, so that any update can be made again, and all who share
 * seed and member share the draws.
 *
 * Measurements of the noise at a state take draws of the same distribution that are no update's, each independent of all others:
 * those of member 2^64 - 1 - m. Number k of them is update k of that member, and with the order shuffle update k (n div B), the
 * first of an epoch.
 */

/** The largest length of sde is 2^RST_SAMPLING_HALVINGS. */
enum { RST_SAMPLING_HALVINGS = 30 };

enum rst_sampling_order { RST_ORDER_SHUFFLE, RST_ORDER_REPLACEMENT };

struct rst_sampling_parameters {
  const char *kind; /**< one of rst_sampling_names(); NULL: full */
  size_t batch;     /**< B, at least 1, at most n; of hessian any */
  enum rst_sampling_order order;
  double length;         /**< l of svag and of sde, at least 1 */
  double sigma;          /**< of hessian, at least 0 */
  uint64_t seed, member; /**< of the streams; member is 0 in a single run */
};

/** The weights of one update: weights[k] on example indices[k]; an example may occur several times. */
struct rst_draw {
  size_t count;
  const size_t *indices;
  const double *weights;
  /** NULL, or of hessian, whose weights are equal, count being 0: (sigma/sqrt(B)) xi, one number for each row of R. */
  const double *noise;
};

struct rst_sampler;

/** NULL-terminated list of kinds. */
RST_API const char *const *rst_sampling_names(void);

/** @param examples n; of hessian the rows of R. RST_ERROR_ARGUMENT for parameters out of range. */
RST_API enum rst_status rst_sampler_create(struct rst_context *context,
                                           const struct rst_sampling_parameters *parameters, size_t examples,
                                           struct rst_sampler **sampler);
RST_API void rst_sampler_destroy(struct rst_sampler **sampler);

/** The draw of update t >= 0, borrowed until the next call; NULL: every example has the weight 1/n, in order. Each thread takes
 * a sampler of its own. */
RST_API const struct rst_draw *rst_sampler_draw(struct rst_sampler *sampler, long t);
/** Parameters of the sampler whose draws serve measurements, and number k >= 0 of those that are independent, k (n div B) < 2^62;
 * borrowed and NULL as above. */
RST_API struct rst_sampling_parameters rst_sampling_apart(const struct rst_sampling_parameters *parameters);
RST_API const struct rst_draw *rst_sampler_draw_apart(struct rst_sampler *sampler, long k);
/** The examples of every draw; 0 for those that are NULL and those of hessian. */
RST_API size_t rst_sampler_draw_count(const struct rst_sampler *sampler);
/** What every step is multiplied by: 1/l for svag and sde, otherwise 1. */
RST_API double rst_sampling_step(const struct rst_sampling_parameters *parameters);
/** Updates of an epoch: n div B, 1 for full, of svag and sde those that are as long, l (n div B), rounded; at least 1. The
 * parameters must be valid. */
RST_API long rst_sampling_epoch(const struct rst_sampling_parameters *parameters, size_t examples);
/** Whether the length is one that the kind can take: of sde a power of two; true for an unknown kind. */
RST_API bool rst_sampling_fits_length(const struct rst_sampling_parameters *parameters);
/** Whether all updates have equal weights on all examples. */
RST_API bool rst_sampling_is_full(const struct rst_sampling_parameters *parameters);
/** The variance of n w_i of an update over that of one example drawn by itself, which is n - 1: 1/B for minibatch with replacement
 * and gaussian, l/B for svag and sde; (n/(n-1)) (l/B - 1/n) for batches of `shuffle`, l = 1 of minibatch, as if updates were
 * independent; 0 for full and hessian. The covariance of the gradient is that of the examples' gradients times this number. The
 * parameters must be valid. */
RST_API double rst_sampling_variance(const struct rst_sampling_parameters *parameters, size_t examples);
/** Whether the noise is that of hessian, which needs the root of a Hessian and no examples. */
RST_API bool rst_sampling_needs_root(const struct rst_sampling_parameters *parameters);

#endif
