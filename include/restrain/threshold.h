/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_THRESHOLD_H
#define RESTRAIN_THRESHOLD_H

#include "restrain/scheme.h"

/** @file
 * Empirical thresholds: bisection over real runs of a linear flow. The difference of two runs of a linear
 * flow obeys the homogeneous equation, so that a threshold shows as the change from a shrinking to a growing
 * difference.
 */

struct rst_threshold_search {
  enum rst_step_parameter parameter; /**< varied; the other one is as in the parameters */
  double low, high;                  /**< 0 < low < high; one stable, the other unstable */
  double tolerance;                  /**< relative width of the final bracket, > 0 */
  long iterations;                   /**< of each run, at least 16; the growth is taken over its last half */
};

struct rst_threshold {
  double value;     /**< middle of the final bracket */
  double low, high; /**< the bracket */
  int runs;
};

/** Bisect. Each run is a pair of fresh schemes on the real flow, from +d/2 and -d/2, d the unit vector along
 * `start`. Their difference, momentum included, is rescaled to unit size about zero when it leaves
 * [1e-6, 1e6].
 * @param start state of the flow with a component along the critical mode on the free points (the critical
 * eigenvector itself makes short runs exact, of a momentum scheme from about 64/(1 - momentum) iterations on;
 * any other start needs about 1/tolerance).
 * RST_ERROR_ARGUMENT if both ends of the bracket are stable, or both unstable, and for a search out of range.
 * RST_ERROR_UNSUPPORTED for a flow that is not linear and a scheme without growth polynomial. */
RST_API enum rst_status rst_threshold_bisect(struct rst_context *context, struct rst_flow *flow,
                                             const struct rst_scheme_parameters *parameters,
                                             const struct rst_field *start,
                                             const struct rst_threshold_search *search,
                                             struct rst_threshold *threshold);

#endif
