/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "activation/activation_kernels.h"
#include "activation/exponential.h"
#include "krylov/symmetric.h"
#include "reduced/reduction.h"

enum { RANK = RST_REDUCTION_MOST_RANK, PATCHES = RST_REDUCTION_MOST_PATCHES };

/* The responses to a state and what the activation makes of them. */
struct responses {
  double z[PATCHES], value[PATCHES], slope[PATCHES], curvature[PATCHES];
};

static double row_dot(const struct rst_reduced_network *network, size_t patch, const double *state) {
  double sum = 0.0;
  for (size_t i = 0; i < network->rank; ++i) {
    sum += network->responses[patch * network->rank + i] * state[i];
  }
  return sum;
}

/* h += factor x x^T, its lower triangle, which is all that is asked for. */
static void add_square(size_t rank, double factor, const double *x, double *h) {
  for (size_t i = 0; i < rank; ++i) {
    for (size_t k = 0; k <= i; ++k) {
      h[i * rank + k] += factor * x[i] * x[k];
    }
  }
}

/* Add the Hessian of the loss of an image, whose patches begin with `first`. */
static void add_image(const struct rst_reduced_network *network, const struct rst_reduced_image *image,
                      size_t first, double shift, const struct responses *at, double *h) {
  const size_t rank = network->rank;
  const double sign = image->label == 1 ? -1.0 : 1.0;
  const double share = image->pooling / (double)network->image_count;
  double sum = 0.0;
  double slope[RANK] = {0.0};
  for (size_t j = first; j < first + image->patches; ++j) {
    const double multiplicity = network->multiplicities[j];
    sum += multiplicity * at->value[j];
    for (size_t i = 0; i < rank; ++i) {
      slope[i] += multiplicity * at->slope[j] * network->responses[j * rank + i];
    }
  }
  const double q = sign * (image->pooling * sum - shift);
  const double t = exponential(-fabs(q)).value;
  const double high = 1.0 / (1.0 + t);
  const double low = t * high;
  const double residual = sign * (q < 0.0 ? low : high);
  for (size_t j = first; j < first + image->patches; ++j) {
    add_square(rank, share * residual * network->multiplicities[j] * at->curvature[j],
               network->responses + j * rank, h);
  }
  add_square(rank, share * image->pooling * low * high, slope, h);
}

/* Of the symmetric h, [rank][rank], rank > 0, which is destroyed; NaN if it is not finite. */
static struct rst_reduced_extremes extremes_of(size_t rank, double *h) {
  struct rst_reduced_extremes extremes = {INFINITY, -INFINITY};
  double lambda[RANK];
  double work[2 * RANK];
  for (size_t i = 0; i < rank * rank; ++i) {
    if (!isfinite(h[i])) {
      return (struct rst_reduced_extremes){NAN, NAN};
    }
  }
  rst_symmetric_eigenvalues(rank, h, lambda, work);
  for (size_t i = 0; i < rank; ++i) {
    extremes.smallest = fmin(extremes.smallest, lambda[i]);
    extremes.largest = fmax(extremes.largest, lambda[i]);
  }
  return extremes;
}

struct rst_reduced_extremes rst_reduced_network_extremes(const struct rst_reduced_network *network,
                                                         size_t activation, double beta, double shift,
                                                         const double *state) {
  const size_t rank = network->rank;
  struct responses at;
  double h[RANK * RANK] = {0.0};
  /* All directions but those of the span have the eigenvalue 0. */
  const double outside = network->dimension > rank ? 0.0 : NAN;
  if (rank == 0) {
    return (struct rst_reduced_extremes){outside, outside};
  }
  for (size_t j = 0; j < network->patches; ++j) {
    at.z[j] = row_dot(network, j, state);
  }
  rst_activation_operations_double[rst_vectors_widest()].evaluate(activation, beta, network->patches, at.z,
                                                                  at.value, at.slope, at.curvature);
  size_t first = 0;
  for (size_t i = 0; i < network->image_count; ++i) {
    add_image(network, &network->images[i], first, shift, &at, h);
    first += network->images[i].patches;
  }
  const struct rst_reduced_extremes inside = extremes_of(rank, h);
  return (struct rst_reduced_extremes){fmin(outside, inside.smallest), fmax(outside, inside.largest)};
}

double rst_reduced_slope_sum(const struct rst_reduced_network *network, size_t image, size_t first,
                             const double *slope, size_t stride) {
  double square = 0.0;
  for (size_t i = 0; i < network->rank; ++i) {
    double sum = 0.0;
    for (size_t j = first; j < first + network->images[image].patches; ++j) {
      sum += network->multiplicities[j] * slope[j * stride] * network->responses[j * network->rank + i];
    }
    square += sum * sum;
  }
  return sqrt(square);
}

void rst_reduced_find_magnitudes(struct rst_reduced_network *network) {
  size_t first = 0;
  for (size_t i = 0; i < network->image_count; ++i) {
    double h[RANK * RANK] = {0.0};
    for (size_t j = first; j < first + network->images[i].patches; ++j) {
      add_square(network->rank, network->multiplicities[j], network->responses + j * network->rank, h);
    }
    network->images[i].magnitude = network->rank > 0 ? extremes_of(network->rank, h).largest : 0.0;
    first += network->images[i].patches;
  }
}
