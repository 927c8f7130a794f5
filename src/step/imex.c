/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/scheme_type.h"

/** @file
 * Implicit-explicit Euler, order 1: the decay is implicit, the data term explicit.
 *
 *     u_{t+1} = (u - lr grad E(u)) / (1 + lr alpha),   growth (1 - lr lambda_E)/(1 + lr alpha)
 *
 * The decay alone is stable for every lr.
 */

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  rst_field_axpy(-scheme->dt, gradient, u);
  rst_scheme_scale_free(scheme, 1.0 / (1.0 + scheme->dt * scheme->parameters.weight_decay), gradient, u);
  return RST_OK;
}

static void polynomial(const struct rst_scheme_type *type, const struct rst_scheme_parameters *parameters,
                       double complex lambda, double complex *coefficients) {
  (void)type;
  coefficients[1] = 1.0;
  coefficients[0] = -(1.0 - parameters->lr * lambda) / (1.0 + parameters->lr * parameters->weight_decay);
}

const struct rst_scheme_type rst_scheme_imex = {
    .facts = {.affine = true, .symmetric_jacobian = true, .implicit_decay = true},
    .degree = 1,
    .step = step,
    .polynomial = polynomial,
};
