/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_VON_NEUMANN_H
#define RESTRAIN_VON_NEUMANN_H

#include "restrain/scheme.h"

/** @file
 * Von Neumann analysis: a scheme's growth polynomial over the spectrum of a linear operator.
 *
 * A mode with eigenvalue lambda of grad E is multiplied in each step by at most the largest root modulus G of the
 * growth polynomial (scheme.h). A scheme is stable on a spectrum iff max G <= 1. All operators here are symmetric:
 * lambda is real, and the extremes of the spectrum decide, because every scheme's stable set on the real axis is an
 * interval that ends in 0.
 *
 * Functions of parameters alone are thread-safe for distinct contexts.
 */

/** The real-axis limit: the largest x such that the scheme without weight decay is stable for every lr lambda in [0, x]
 * (2 for euler, 2(1+mu) for heavy-ball, ...; scheme.h), found on the growth polynomial to 1e-13, relative.
 * RST_ERROR_UNSUPPORTED for a scheme without growth polynomial. */
RST_API enum rst_status rst_scheme_real_limit(struct rst_context *context,
                                              const struct rst_scheme_parameters *parameters, double *limit);

/** The complex limit: the largest radius r such that z = rho exp(i angle) is stable for all rho in [0, r], without weight
 * decay; 0 where no step is stable. @param angle in radians, in [pi/2, 3 pi/2] for decaying modes; pi gives the
 * real-axis limit. Errors as above. */
RST_API enum rst_status rst_scheme_complex_limit(struct rst_context *context,
                                                 const struct rst_scheme_parameters *parameters, double angle,
                                                 double *radius);

/** Where the stable set of the step parameters ends for a spectrum [lambda_min, lambda_max] of grad E (decay not
 * included). */
struct rst_step_limits {
  double decay_min; /**< the smallest stable weight decay for lr -> 0: max(0, -lambda_min) */
  double
      decay_max; /**< the largest stable weight decay at the given lr; infinite for imex; NaN if none is stable */
  double
      lr_max;  /**< the largest stable lr at the given weight decay; 0 if none, infinite if all are stable */
  bool stable; /**< the given (lr, weight decay) */
  double growth;   /**< max G over the spectrum at the given (lr, weight decay) */
  double critical; /**< the end of the spectrum where it is taken: lambda_min or lambda_max */
};

/** Compute them: in closed form where the scheme has one (euler: decay_min <= alpha, lr (alpha + lambda_max) <= 2), else
 * by root finding on the growth polynomial, to 1e-12, relative; both agree where both exist.
 * RST_ERROR_ARGUMENT: lambda_min > lambda_max or not finite. RST_ERROR_UNSUPPORTED as above. */
RST_API enum rst_status rst_step_limits_find(struct rst_context *context,
                                             const struct rst_scheme_parameters *parameters,
                                             double lambda_min, double lambda_max,
                                             struct rst_step_limits *limits);

/** Amplification factors |G(w)| of a linear flow under a scheme: `growth` is a double field of the shape of
 * rst_flow_symbol_shape(), wave numbers in FFT order. RST_ERROR_UNSUPPORTED for a flow without symbol or a scheme without
 * growth polynomial. */
RST_API enum rst_status rst_amplification(struct rst_context *context, struct rst_flow *flow,
                                          const struct rst_scheme_parameters *parameters,
                                          struct rst_field *growth);

/** The same from any symbol (for example one frozen at a state of a non-linear flow). */
RST_API enum rst_status rst_amplification_of_symbol(struct rst_context *context,
                                                    const struct rst_field *lambda,
                                                    const struct rst_scheme_parameters *parameters,
                                                    struct rst_field *growth);

/** Smallest and largest value of a double field, with their places. */
struct rst_extent {
  double smallest, largest;
  size_t smallest_y, smallest_x, largest_y, largest_x;
};
RST_API void rst_field_extent(const struct rst_field *field, struct rst_extent *extent);

#endif
