/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_SPECTRUM_H
#define RESTRAIN_SPECTRUM_H

#include "restrain/eigenpair.h"
#include "restrain/flow.h"

/** @file
 * The spectrum of the Hessian H of a flow's data term at a state, matrix-free. For conv-linear, where
 * H is constant, this is the exact spectrum of the windowed operator (a beta/2) norm X X^T, X the matrix
 * whose columns are all k x k patches; the circular bound is the symbol's (flow.h).
 */

/** One end of the spectrum of H(u), on the free points.
 * @param tolerance of the residual, relative to |value| (with a floor of 64 eps |H|). The value is better:
 * its error is about residual^2 over the distance to the next eigenvalue.
 * @param vector on entry a warm start, or zero for a cold one; on exit the unit eigenvector, largest
 * component positive.
 * RST_ERROR_NUMERIC if it does not converge. */
RST_API enum rst_status rst_spectrum_extreme(struct rst_context *context, struct rst_flow *flow,
                                             const struct rst_field *u, enum rst_spectrum_end end,
                                             double tolerance, struct rst_field *vector,
                                             struct rst_eigenpair *pair);

/** The same of a diagonal block of H(u), that of a layer of the flow's layout.
 * @param vector of the layer's numbers, one row, as above. */
RST_API enum rst_status rst_spectrum_block_extreme(struct rst_context *context, struct rst_flow *flow,
                                                   const struct rst_field *u, const struct rst_layer *layer,
                                                   enum rst_spectrum_end end, double tolerance,
                                                   struct rst_field *vector, struct rst_eigenpair *pair);

/** Number of eigenvalues: the free points. */
RST_API size_t rst_spectrum_dense_count(const struct rst_flow *flow);

/** All of them for H(u), ascending, by dense algebra (GSL): for cross-checks and small kernels.
 * @param values room for rst_spectrum_dense_count() values.
 * RST_ERROR_ARGUMENT if there are more than 4096; RST_ERROR_NUMERIC if H(u) is not finite. */
RST_API enum rst_status rst_spectrum_dense(struct rst_context *context, struct rst_flow *flow,
                                           const struct rst_field *u, double *values);

/** Spectral density of H(u) by stochastic Lanczos quadrature (Ubaru, Chen, Saad, SIAM J. Matrix Anal. Appl.
 * 38, 2017): the mean over `probes` random vectors (rst_random_normal, seeds seed, seed+1, ...) of the Gauss
 * quadrature of `steps` Lanczos steps, with full reorthogonalisation, each node smeared to a Gaussian of
 * standard deviation `width`.
 * @param count number of abscissae: the centres of equal cells that cover [smallest node - 5 width, largest
 * node + 5 width].
 * @param abscissae, density room for count values each; a density is the mean over its cell, so that their
 * sum times the spacing is 1 whatever the width.
 * RST_ERROR_ARGUMENT for probes, steps or count < 1, width <= 0. */
struct rst_density_parameters {
  int probes, steps;
  uint32_t seed;
  double width;
  size_t count;
};
RST_API enum rst_status rst_spectrum_density(struct rst_context *context, struct rst_flow *flow,
                                             const struct rst_field *u,
                                             const struct rst_density_parameters *parameters,
                                             double *abscissae, double *density);

#endif
