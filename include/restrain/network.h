/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_NETWORK_H
#define RESTRAIN_NETWORK_H

#include <stdbool.h>

#include "restrain/examples.h"
#include "restrain/layout.h"

/** @file
 * Parameters of the flow `network`: a feed-forward network over a set of examples,
 *
 *     E(u) = sum_i w_i l(f(u, x_i), y_i),
 *
 * whose state u is all its parameters, one tensor each, with the names of a PyTorch state dict of nn.Sequential:
 * `0.weight` (out, in, y, x), `0.bias` (out), `0.norm.weight`, `0.norm.bias` (out), dense `5.weight` (out, in); those of a
 * residual layer's own layers are `2.0.weight`, ... .
 *
 * Formulas are those of PyTorch. A position of `conv` and of its output, with p points of margin in all and stride s:
 *
 *     z[o][y][x] = b[o] + sum_{i,ky,kx} w[o][i][ky][kx] x[i][y s + ky][x s + kx],   (n + p - k) div s + 1 a side
 *
 * where the padding `valid` has no margin, `same` one of zeros, `periodic` the input continued: (k - 1)/2 points, rounded down,
 * before and k - 1 in all. Normalisation is (z - mean)/sqrt(variance + 1e-5) with the biased variance over the channels of a
 * group and all positions of an example (`group`), or over a channel's positions in the whole batch (`batch`); then, if affine,
 * a weight and a bias per channel.
 *
 * | loss          | l(f, y)                                                                   |
 * |---------------|---------------------------------------------------------------------------|
 * | cross-entropy | log sum_k exp(f_k) - f_y                                                  |
 * | logistic      | log(1 + exp(-f)) for y = 1, log(1 + exp(f)) for y = 0, one output f       |
 * | mean-square   | sum_k (f_k - [k = y])^2/2, or (f - y)^2/2 of one output                   |
 *
 * w_i is 1/n, or what is drawn (sampling.h); class weights c turn it into w_i n c_{y_i} / sum_j c_{y_j}, the sum over the whole
 * training set.
 *
 * Evaluations over whole sets (train_loss, test_accuracy, ...) are normalised by running averages in the place of a batch's
 * means and variances: after each update a = 0.9 a + 0.1 (mean or unbiased variance of its batch), from means 0 and variances 1.
 */

enum rst_normalisation { RST_NORMALISATION_NONE, RST_NORMALISATION_GROUP, RST_NORMALISATION_BATCH };
enum rst_loss { RST_LOSS_CROSS_ENTROPY, RST_LOSS_LOGISTIC, RST_LOSS_MEAN_SQUARE };

/** | kind     | members                                                                 | does                                      |
 *  |----------|-------------------------------------------------------------------------|-------------------------------------------|
 *  | conv     | channels, kernel, padding, stride, bias, normalisation, activation      | cross-correlation, bias, normalisation, activation |
 *  | pool     | size                                                                    | average over size x size blocks, incomplete ones dropped |
 *  | mean     |                                                                         | mean over positions: a vector of channels |
 *  | dense    | units, bias, activation                                                 | on the flattened input (channel, y, x)    |
 *  | residual | layers, activation                                                      | activation(x + F(x)); where F changes channels or stride, x is subsampled and padded with zero channels |
 */
struct rst_layer_parameters {
  const char *kind;
  size_t channels, kernel, stride, size, units; /**< those that the kind has, each at least 1 */
  enum rst_padding { RST_PADDING_VALID, RST_PADDING_SAME, RST_PADDING_PERIODIC } padding;
  bool bias;
  struct {
    enum rst_normalisation kind;
    size_t groups;
    bool affine;
  } normalisation;
  struct {
    const char *kind; /**< one of rst_activation_names() */
    double beta;
  } activation;
  const struct rst_layer_parameters *layers; /**< of residual */
  size_t layer_count;
};

/** Strings and arrays are borrowed during rst_flow_create() only. */
struct rst_network_parameters {
  const struct rst_layer_parameters *layers;
  size_t layer_count;
  enum rst_loss loss;
  const double *class_weights; /**< [class_weight_count], > 0, one for each class; NULL: all 1 */
  size_t class_weight_count;
  struct rst_examples_parameters train;
  struct rst_examples_parameters test; /**< without a kind where there is none */
  /** Examples that are evaluated at a time, at most, for which there is room from the start; 0: the training set. Normalisation
   * over the batch alone takes room for each. */
  size_t room;
};

/** What the multi-layer theorem of arXiv 2206.02001v4 takes of a layer, at a state.
 *
 * The theorem replaces the factor by which the layers behind multiply by a constant gamma; the bounds of one layer then hold
 * with a gamma in place of a. Here p is the network's output, that of the label's class if there are several, and
 *
 *     gamma    the mean over examples and positions of dp/d(output of the layer), of the channel where its magnitude is largest
 *     bounds   the extreme eigenvalues of  s''(0) gamma sum_e w_e a_e sum_m x_em x_em',  a_e = dl_e/dp,
 *
 * with x_em the inputs in the window at position m, as they are at the state, s the layer's activation. NaN for a layer with
 * a normalisation, of which the theorem knows nothing. The decay is to be added.
 *
 * The shares are those of positions, over examples and channels, by the slope of the activation (Table 3 there). */
struct rst_layer_state {
  double gamma;
  double windowed_min, windowed_max;
  double activated;     /**< s' >= 1 - RST_TRANSITION_SLOPE */
  double transitioning; /**< in between */
  double not_activated; /**< s' <= RST_TRANSITION_SLOPE */
};
#define RST_TRANSITION_SLOPE 0.05

/** NULL-terminated list of the kinds of layers. */
RST_API const char *const *rst_layer_names(void);

#endif
