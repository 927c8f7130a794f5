/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "krylov/symmetric.h"
#include "reduced/reduction.h"

enum { RANK = RST_REDUCTION_MOST_RANK };

/* h += factor x x^T, its lower triangle, which is all that is asked for. */
static void add_square(size_t rank, double factor, const double *x, double *h) {
  for (size_t i = 0; i < rank; ++i) {
    const double scaled = factor * x[i];
    for (size_t k = 0; k <= i; ++k) {
      h[i * rank + k] += scaled * x[k];
    }
  }
}

double rst_reduced_add_hessian(const struct rst_reduced_network *network, size_t image, size_t first,
                               const struct rst_reduced_slopes *at, double *h) {
  const size_t rank = network->rank;
  const struct rst_reduced_image *of = &network->images[image];
  const double share = of->pooling / (double)network->image_count;
  double sum[RANK] = {0.0};
  double square = 0.0;
  for (size_t j = first; j < first + of->patches; ++j) {
    const double *z = network->responses + j * rank;
    const double weight = network->multiplicities[j];
    const double slope = weight * at->slope[j * at->stride];
    add_square(rank, share * at->residual * weight * at->curvature[j * at->stride], z, h);
    for (size_t i = 0; i < rank; ++i) {
      sum[i] += slope * z[i];
    }
  }
  add_square(rank, share * at->factor, sum, h);
  for (size_t i = 0; i < rank; ++i) {
    square += sum[i] * sum[i];
  }
  return sqrt(square);
}

void rst_reduced_find_magnitudes(struct rst_reduced_network *network) {
  size_t first = 0;
  for (size_t i = 0; i < network->image_count; ++i) {
    double h[RANK * RANK] = {0.0};
    double lambda[RANK];
    double work[2 * RANK];
    for (size_t j = first; j < first + network->images[i].patches; ++j) {
      add_square(network->rank, network->multiplicities[j], network->responses + j * network->rank, h);
    }
    network->images[i].magnitude = 0.0;
    if (network->rank > 0) {
      rst_symmetric_eigenvalues(network->rank, h, lambda, work);
    }
    for (size_t k = 0; k < network->rank; ++k) {
      network->images[i].magnitude = fmax(network->images[i].magnitude, lambda[k]);
    }
    first += network->images[i].patches;
  }
}
