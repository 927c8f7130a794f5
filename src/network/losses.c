/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses l(f, y) of the outputs f of an example with label y, in double; no difference of nearly equal numbers, no logarithm
 * of 0:
 *
 *     cross-entropy  log sum_k exp(f_k) - f_y               l' = p - e_y    l'. = p (f. - <p, f.>),  p = softmax(f)
 *     logistic       log(1 + exp(q)), q = -f or f           l' = a          l'. = sigmoid'(f) f.
 *     mean-square    |f - t|^2/2, t = e_y, or y if one      l' = f - t      l'. = f.
 */
#include "network/operation_lanes.h"

static size_t at(size_t output) {
  return output * LANES;
}

static size_t largest(size_t outputs, const real *f) {
  size_t best = 0;
  for (size_t k = 1; k < outputs; ++k) {
    best = f[at(k)] > f[at(best)] ? k : best;
  }
  return best;
}

/* log sum_k exp(f_k - most). */
static double log_sum(size_t outputs, const real *f, double most) {
  double sum = 0.0;
  for (size_t k = 0; k < outputs; ++k) {
    sum += exp((double)f[at(k)] - most);
  }
  return log(sum);
}

static void cross_entropy(size_t outputs, const void *values, int label, double weight,
                          struct rst_network_totals *totals, void *adjoint) {
  const real *f = values;
  const size_t best = largest(outputs, f);
  const double most = (double)f[at(best)];
  const double log_of_sum = log_sum(outputs, f, most);
  const double own = (double)f[at((size_t)label)] - most - log_of_sum;
  totals->loss -= weight * own;
  totals->residual -= weight * expm1(own);
  totals->correct += best == (size_t)label ? 1.0 : 0.0;
  for (size_t k = 0; adjoint && k < outputs; ++k) {
    const double p = (double)f[at(k)] - most - log_of_sum;
    ((real *)adjoint)[at(k)] = (real)(weight * (k == (size_t)label ? expm1(own) : exp(p)));
  }
}

static void cross_entropy_tangent(size_t outputs, const void *values, int label, double weight,
                                  const void *tangent, void *adjoint_tangent) {
  (void)label;
  const real *f = values;
  const real *df = tangent;
  real *to = adjoint_tangent;
  const double most = (double)f[at(largest(outputs, f))];
  const double log_of_sum = log_sum(outputs, f, most);
  double mean = 0.0;
  for (size_t k = 0; k < outputs; ++k) {
    mean += exp((double)f[at(k)] - most - log_of_sum) * (double)df[at(k)];
  }
  for (size_t k = 0; k < outputs; ++k) {
    to[at(k)] = (real)(weight * exp((double)f[at(k)] - most - log_of_sum) * ((double)df[at(k)] - mean));
  }
}

static double sigmoid(double q) {
  const double e = exp(-fabs(q));
  return (q < 0 ? e : 1.0) / (1.0 + e);
}

static void logistic(size_t outputs, const void *values, int label, double weight,
                     struct rst_network_totals *totals, void *adjoint) {
  (void)outputs;
  const double f = (double)*(const real *)values;
  const double q = label == 1 ? -f : f;
  const double residual = label == 1 ? -sigmoid(q) : sigmoid(q);
  totals->loss += weight * (fmax(q, 0.0) + log1p(exp(-fabs(q))));
  totals->residual += weight * residual;
  totals->correct += (f > 0) == (label == 1) ? 1.0 : 0.0;
  if (adjoint) {
    *(real *)adjoint = (real)(weight * residual);
  }
}

static void logistic_tangent(size_t outputs, const void *values, int label, double weight,
                             const void *tangent, void *adjoint_tangent) {
  (void)outputs;
  (void)label;
  const double f = (double)*(const real *)values;
  *(real *)adjoint_tangent = (real)(weight * sigmoid(f) * sigmoid(-f) * (double)*(const real *)tangent);
}

static void mean_square(size_t outputs, const void *values, int label, double weight,
                        struct rst_network_totals *totals, void *adjoint) {
  const real *f = values;
  double sum = 0.0;
  for (size_t k = 0; k < outputs; ++k) {
    const double target = outputs == 1 ? (double)label : k == (size_t)label ? 1.0 : 0.0;
    const double difference = (double)f[at(k)] - target;
    sum += difference * difference;
    if (adjoint) {
      ((real *)adjoint)[at(k)] = (real)(weight * difference);
    }
  }
  const bool right = outputs == 1 ? fabs((double)*f - label) < 0.5 : largest(outputs, f) == (size_t)label;
  totals->loss += weight * (0.5 * sum);
  totals->residual += weight * (outputs == 1 ? (double)*f - label : 1.0 - (double)f[at((size_t)label)]);
  totals->correct += right ? 1.0 : 0.0;
}

static void mean_square_tangent(size_t outputs, const void *values, int label, double weight,
                                const void *tangent, void *adjoint_tangent) {
  (void)values;
  (void)label;
  const real *df = tangent;
  for (size_t k = 0; k < outputs; ++k) {
    ((real *)adjoint_tangent)[at(k)] = (real)(weight * (double)df[at(k)]);
  }
}

static void label_output(size_t outputs, const void *values, int label, double weight,
                         struct rst_network_totals *totals, void *adjoint) {
  (void)values;
  (void)weight;
  (void)totals;
  for (size_t k = 0; adjoint && k < outputs; ++k) {
    ((real *)adjoint)[at(k)] = outputs == 1 || k == (size_t)label ? 1 : 0;
  }
}

const struct rst_loss_type RST_REAL(rst_label_output) = {.evaluate = label_output};

const struct rst_loss_type RST_REAL(rst_losses)[] = {
    [RST_LOSS_CROSS_ENTROPY] = {cross_entropy, cross_entropy_tangent},
    [RST_LOSS_LOGISTIC] = {logistic, logistic_tangent},
    [RST_LOSS_MEAN_SQUARE] = {mean_square, mean_square_tangent},
};

const struct rst_operation_type *const RST_REAL(rst_operations)[] = {
    [RST_OPERATION_CONVOLVE] = &RST_REAL(rst_operation_convolve),
    [RST_OPERATION_NORMALISE] = &RST_REAL(rst_operation_normalise),
    [RST_OPERATION_ACTIVATE] = &RST_REAL(rst_operation_activate),
    [RST_OPERATION_AVERAGE] = &RST_REAL(rst_operation_average),
    [RST_OPERATION_SHORTCUT] = &RST_REAL(rst_operation_shortcut),
};
