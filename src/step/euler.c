/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/scheme_type.h"

/** @file
 * Gradient descent: explicit Euler, order 1. u - (lr q)(g/q), growth 1 + z. The divisor q is the published
 * perturbation of the last bits (arXiv 2206.02001).
 */

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  rst_scheme_add_decay(scheme, u, gradient);
  rst_field_descend(scheme->dt, scheme->parameters.divisor, gradient, u);
  return RST_OK;
}

static void polynomial(const struct rst_scheme_type *type, const struct rst_scheme_parameters *parameters,
                       double complex lambda, double complex *coefficients) {
  (void)type;
  coefficients[1] = 1.0;
  coefficients[0] = -(1.0 - parameters->lr * (lambda + parameters->weight_decay));
}

static const struct rst_keys *const keys[] = {&rst_divisor_keys, NULL};

const struct rst_scheme_type rst_scheme_euler = {
    .facts = {.affine = true, .symmetric_jacobian = true},
    .takes_divisor = true,
    .degree = 1,
    .step = step,
    .polynomial = polynomial,
    .keys = keys,
};
