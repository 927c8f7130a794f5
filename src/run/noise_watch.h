/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NOISE_WATCH_H
#define RST_NOISE_WATCH_H

#include "restrain/case.h"
#include "restrain/flow.h"

/** @file
 * The noise of the gradient during a run, at the iterations that are asked for (noise.every): where SGD stands to the edge of
 * stochastic stability (Andreyev, Beneventano, arXiv 2412.20553). With g_w and H_w the gradient and the Hessian of
 * sum_i w_i l_i + (alpha/2) |u|^2 for example weights w of the distribution that updates draw from, grad L and H those of equal
 * weights, at u_t,
 *
 *     batch sharpness                E[ g_w' H_w g_w / |g_w|^2 ]                    settles near 2/lr
 *     noise curvature                E[ g_w' H g_w ]
 *     gradient-noise interaction     E[ g_w' H g_w ] / |grad L|^2                   its ratio of time means is 2/lr where L is
 *                                                                                   stationary under plain SGD
 *     noise norm                     sqrt( E |g_w - grad L|^2 )                     = sqrt(trace of the covariance), where
 *                                                                                   E[g_w] = grad L
 *     gradient square, noise trace   G = |E g_w|^2, N = E |g_w - E g_w|^2           N/G tells up to which batch learning rates
 *                                                                                   may grow with it; without decay
 *
 * lr being the length of an update, step.lr/l of svag. Of minibatch, w are batches of sampling.batch. The means are over
 * independent draws (rst_sampling_apart()), from 10 to noise.draws, until the standard errors are below noise.tolerance times the
 * means; the draws of iteration t are number 16384 t, 16384 t + 1, ... The standard errors are those of means of independent
 * numbers; that of the interaction takes grad L as exact, as it is. There is no state.
 *
 * G and N are found without grad L, from M draws g_i, as many of noise.draws as make ten groups of equal size (Li, Malladi, Arora,
 * arXiv 2102.12470, whose code takes them so), both without bias:
 *
 *     A = (1/M) sum |g_i|^2,    G = (|sum g_i|^2/M - A)/(M - 1),    N = A - G.
 *
 * Their standard errors are the jackknife's, leaving out one group at a time. Of svag and sde, N is l times that of a batch.
 */

/** Which are measured. Each draw of the curvature costs a product with the Hessian of all examples. */
struct rst_noise_wanted {
  bool batch_sharpness, curvature, norm, slope, pairs;
};

/** NaN where there is no number; grad_norm is |grad L|. */
struct rst_noise_numbers {
  double batch_sharpness, batch_sharpness_error;
  double curvature, curvature_error;
  double interaction, interaction_error;
  double norm, norm_error;
  double grad_norm;
  double square, square_error; /**< G */
  double trace, trace_error;   /**< N */
};

struct rst_noise_watch;

/** The flow is borrowed. RST_ERROR_CASE, at the place in the case, where updates do not draw example weights, or where iterations
 * times batches are more than there are draws for. */
enum rst_status rst_noise_watch_create(struct rst_context *context, const struct rst_case *run,
                                       struct rst_flow *flow, struct rst_noise_wanted wanted,
                                       struct rst_noise_watch **watch);
void rst_noise_watch_destroy(struct rst_noise_watch **watch);

/** At iteration t, u being u_t: NaN between the iterations asked for and where the state is not finite. The linearisation of the
 * flow is lost. */
void rst_noise_watch_measure(struct rst_noise_watch *watch, long t, const struct rst_field *u,
                             struct rst_noise_numbers *numbers);

#endif
