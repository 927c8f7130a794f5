/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LOCAL_RANGE_H
#define RST_LOCAL_RANGE_H

#include <math.h>
#include <stdbool.h>

#include "restrain/regime.h"
#include "restrain/tangent.h"

/** @file
 * The eigenvalues of H(u), decay included, with which a step from u is locally stable: those from `lowest`, below which the
 * flow itself grows, to `largest`, beyond which the step overshoots. lowest is 0, for decoupled decay mu alpha, because
 * momentum multiplies the gradient's effect by 1/(1 - mu) but not the decay's. largest is rst_scheme_local_limit(), infinity
 * for cfl, which is always within its limit, and -infinity where no eigenvalue is stable. Of a preconditioned scheme they are
 * eigenvalues of P^-1 H, without the decay where it is decoupled, and lowest is then -alpha.
 */
struct rst_local_range {
  double lowest, largest;
};

enum rst_status rst_local_range_find(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters,
                                     struct rst_local_range *range);

/** The distance of extreme eigenvalues `low` and `high` from the nearer limit, negative beyond it; eigenvalues are known to
 * RST_REGIME_EIGENVALUE times the larger modulus of the two, which is allowed for. NaN if one is. */
static inline double rst_local_range_margin(const struct rst_local_range *range, double low, double high) {
  const double size = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
  const double below = low - range->lowest;
  const double above = range->largest - high;
  return (below < above ? below : above) + RST_REGIME_EIGENVALUE * size + 0.0 * (low + high);
}

#endif
