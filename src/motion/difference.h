/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DIFFERENCE_H
#define RST_DIFFERENCE_H

#include "restrain/scheme.h"

/** @file
 * The difference of two runs of a linear flow, which obeys the homogeneous equation.
 */

/** Logarithm of the factor by which the difference grows over the last half of `iterations` steps; infinite
 * if it overflows within a step, minus infinity if it vanishes. The runs begin at rest from +d/2 and -d/2, d
 * the unit vector along `start` on the free points; their difference, momentum included, is rescaled to unit
 * size about zero when it leaves [1e-6, 1e6].
 * RST_ERROR_ARGUMENT if `start` vanishes on the free points or is not finite. RST_ERROR_UNSUPPORTED if the
 * flow is not linear. */
enum rst_status rst_difference_growth(struct rst_context *context, struct rst_flow *flow,
                                      const struct rst_scheme_parameters *parameters,
                                      const struct rst_field *start, long iterations, double *growth);

#endif
