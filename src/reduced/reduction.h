/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REDUCTION_H
#define RST_REDUCTION_H

#include "restrain/case.h"

/** @file
 * The exact reduction of a network on images of few distinct patches P_j. Responses are inner products with patches and
 * gradients are sums of them, so that the kernel moves, but for its decay, within their span. In an orthonormal basis of that
 * span, followed by the direction of what of the initial kernel lies outside, the state is
 *
 *     K_t = B q_t,    <P_j, K_t> = sum_i Z_ji q_ti,    Z_ji = 0 for the last direction
 *
 * and a perturbation likewise, with the directions of its own parts outside the span. Both sets of last directions need not
 * be orthogonal to each other: no product of state and perturbation is ever taken.
 *
 * Basis and coordinates come from a Householder QR decomposition of the patches with column pivoting.
 */

enum { RST_REDUCTION_MOST_RANK = 32, RST_REDUCTION_MOST_PATCHES = 256 };

struct rst_reduced_image {
  size_t patches; /**< of this image; they follow those of the images before */
  double pooling; /**< 1, or 1/(number of positions) */
  int label;
  double magnitude; /**< the largest eigenvalue of sum_j m_j z_j z_j^T over its patches */
};

struct rst_reduced_network {
  size_t image_count, patches, rank;
  struct rst_reduced_image *images;
  double *multiplicities;  /**< [patches] */
  double *responses;       /**< Z, [patches][rank] */
  size_t dimension;        /**< of all of B, for information */
  double *initial, *probe; /**< u_0 and the probe (run/orbit.h) in coordinates of the state, [rank + 1] */
  double *perturbation
      [2]; /**< du_0 and lr dv_0 in coordinates of perturbations, [rank + 2]; zeros without momentum */
};

/** *reduction stays NULL where the reduction does not apply: another flow, precision or scheme, a regulariser, an image of
 * too many patches, or patches of too high a rank. @param flow made from the case. */
enum rst_status rst_reduced_network_create(struct rst_context *context, const struct rst_case *from,
                                           struct rst_flow *flow, struct rst_reduced_network **reduction);
void rst_reduced_network_destroy(struct rst_reduced_network **reduction);

/** What tells of the Hessian of an image's loss at a state: of patch j, slope[j stride] = s'(<P_j, K>) and
 * curvature[j stride] = s''(<P_j, K>); a, and pooling sigmoid'(p). */
struct rst_reduced_slopes {
  const double *slope, *curvature;
  size_t stride;
  double residual, factor;
};

/** Add the Hessian of the loss of an image, whose patches begin with `first`, in coordinates: to the lower triangle of h,
 * [rank][rank]. @return |sum_j m_j s'_j z_j|. */
double rst_reduced_add_hessian(const struct rst_reduced_network *network, size_t image, size_t first,
                               const struct rst_reduced_slopes *at, double *h);
/** Find the magnitudes of all images. */
void rst_reduced_find_magnitudes(struct rst_reduced_network *network);

#endif
