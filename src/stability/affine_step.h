/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_AFFINE_STEP_H
#define RST_AFFINE_STEP_H

#include "restrain/scheme.h"

/** @file
 * The step of an affine scheme on a mode, s' = A s + b zeta, s = (u, v); see mean_square.h.
 */

struct rst_affine_step {
  double a[4]; /**< by rows; affine in the curvature */
  double b[2]; /**< does not depend on it */
};

/** The step on curvature m of the data term. RST_ERROR_UNSUPPORTED for a scheme that is not affine. */
enum rst_status rst_affine_step_find(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters, double m,
                                     struct rst_affine_step *step);

/** The spectral radius of A. */
double rst_affine_step_growth(const struct rst_affine_step *step);

/** S_uu, S_uv, S_vu, S_vv of r S = A_i S A_j' + b b', the sum over k of A_i^k b b' A_j'^k / r^(k+1) for r beyond the growth of both;
 * infinite where there is none. */
void rst_affine_pair_gain(const struct rst_affine_step *i, const struct rst_affine_step *j, double r,
                          double s[4]);

#endif
