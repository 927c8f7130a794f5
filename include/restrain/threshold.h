/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_THRESHOLD_H
#define RESTRAIN_THRESHOLD_H

#include "restrain/scheme.h"

/** @file
 * Empirical thresholds: bisection over real runs of a linear flow. The difference of two runs of a linear flow obeys the
 * homogeneous equation, so that a threshold shows as the change from a shrinking to a growing difference.
 */

enum rst_threshold_parameter { RST_THRESHOLD_LR, RST_THRESHOLD_WEIGHT_DECAY };

struct rst_threshold_search {
  enum rst_threshold_parameter
      parameter;    /**< varied between low and high; the other one is as in the parameters */
  double low, high; /**< one stable, one unstable, in either order; both > 0 */
  double tolerance; /**< relative width of the final bracket */
  long iterations;  /**< of each run, at least 16; the growth is taken over its last half */
};

struct rst_threshold {
  double value;     /**< middle of the final bracket */
  double low, high; /**< the bracket */
  int runs;
};

/** Bisect. @param start initial difference of the two runs; a unit-norm vector with a component along the critical mode (the
 * critical eigenvector itself makes short runs exact). Each run is a fresh scheme on the real flow, from `u` and from u + start,
 * the difference rescaled to unit norm by restarting when it leaves [1e-6, 1e6], momentum included.
 * RST_ERROR_ARGUMENT if both ends of the bracket are stable, or both unstable. */
RST_API enum rst_status rst_threshold_bisect(struct rst_context *context, struct rst_flow *flow,
                                             const struct rst_scheme_parameters *parameters,
                                             const struct rst_field *start,
                                             const struct rst_threshold_search *search,
                                             struct rst_threshold *threshold);

#endif
