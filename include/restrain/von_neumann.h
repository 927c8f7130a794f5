/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_VON_NEUMANN_H
#define RESTRAIN_VON_NEUMANN_H

#include "restrain/scheme.h"

/** @file
 * Von Neumann analysis: a scheme's growth polynomial over the spectrum of a linear operator.
 *
 * A mode with eigenvalue lambda of grad E is multiplied in each step by at most the largest root modulus G of
 * the growth polynomial (scheme.h). A scheme is stable on a spectrum iff max G <= 1. All operators here are
 * symmetric: lambda is real, and the extremes of the spectrum decide, because the eigenvalues at which G
 * stays below a bound form an interval.
 *
 * G = 1 is stable (a mode that the flow leaves alone, the limit itself). Rounding is allowed for: G counts as
 * stable up to 1 + 16 eps, and up to 1 + 16 eps/(1 - momentum) where there are two roots, the error of which
 * grows as they approach each other.
 *
 * All limits are found on the growth polynomial. With R the real-axis limit they are, in closed form,
 *
 * | decay                              | decay_min               | step, for the largest lambda      |
 * |------------------------------------|-------------------------|-----------------------------------|
 * | coupled (euler, momentum, rk)      | -lambda_min             | lr (lambda + alpha) <= R          |
 * | decoupled (momentum)               | -lambda_min/(1-mu)      | lr (lambda / R + alpha / 2) <= 1  |
 * | implicit (imex, R = 2)             | -lambda_min             | lr (lambda - alpha) <= R          |
 *
 * Functions of parameters alone are thread-safe for distinct contexts.
 */

/** The real-axis limit: the largest x such that the scheme without weight decay is stable for every lr lambda
 * in [0, x] (2 for euler, 2(1+mu) for heavy-ball, ...; scheme.h), to 1e-13, relative. Of the parameters, lr
 * and weight_decay do not matter. RST_ERROR_UNSUPPORTED for a scheme without growth polynomial. */
RST_API enum rst_status rst_scheme_real_limit(struct rst_context *context,
                                              const struct rst_scheme_parameters *parameters, double *limit);

/** The complex limit: the largest radius r such that z = rho exp(i angle) is stable for all rho in [0, r],
 * without weight decay; 0 where no step is stable. A radius below about 1e-7 (of euler, say, that close to
 * the imaginary axis) drowns in rounding and is given as 0.
 * @param angle in radians, in [pi/2, 3 pi/2] for decaying modes; pi gives the real-axis limit.
 * RST_ERROR_ARGUMENT for an angle that is not finite, others as above. */
RST_API enum rst_status rst_scheme_complex_limit(struct rst_context *context,
                                                 const struct rst_scheme_parameters *parameters, double angle,
                                                 double *radius);

/** Where the stable set of the step parameters ends for a spectrum [lambda_min, lambda_max] of grad E (decay
 * not included). */
struct rst_step_limits {
  double decay_min; /**< the smallest stable weight decay for lr -> 0, 0 if none is needed */
  double decay_max; /**< the largest stable weight decay at the given lr; infinite for imex; NaN if none is */
  double lr_max;    /**< the largest stable lr at the given weight decay; 0 if none, infinite if all are */
  bool stable;      /**< the given (lr, weight decay) */
  double growth;    /**< max G over the spectrum at the given (lr, weight decay) */
  double critical;  /**< the end of the spectrum where it is taken: lambda_min or lambda_max */
};

/** Find them by root finding on the growth polynomial, to 1e-12, relative (decay_max relative to the larger
 * of itself and 1/lr; decay_min to 1e-14/(1 - momentum)).
 * RST_ERROR_ARGUMENT: lambda_min > lambda_max or not finite. RST_ERROR_UNSUPPORTED as above. */
RST_API enum rst_status rst_step_limits_find(struct rst_context *context,
                                             const struct rst_scheme_parameters *parameters,
                                             double lambda_min, double lambda_max,
                                             struct rst_step_limits *limits);

/** Amplification factors |G(w)| of a linear flow under a scheme: `growth` is a double field of the shape of
 * rst_flow_symbol_shape(), wave numbers in FFT order. RST_ERROR_UNSUPPORTED for a flow without symbol or a
 * scheme without growth polynomial. */
RST_API enum rst_status rst_amplification(struct rst_context *context, struct rst_flow *flow,
                                          const struct rst_scheme_parameters *parameters,
                                          struct rst_field *growth);

/** The same from any symbol (for example one frozen at a state of a non-linear flow), a double field;
 * `growth` may be the same field. */
RST_API enum rst_status rst_amplification_of_symbol(struct rst_context *context,
                                                    const struct rst_field *lambda,
                                                    const struct rst_scheme_parameters *parameters,
                                                    struct rst_field *growth);

/** Smallest and largest value of a field, with the first of their places. */
struct rst_extent {
  double smallest, largest;
  size_t smallest_y, smallest_x, largest_y, largest_x;
};
RST_API void rst_field_extent(const struct rst_field *field, struct rst_extent *extent);

#endif
