/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "stability/extremal.h"
#include "step/type.h"

/** @file
 * Gradient descent that keeps within its own step limit, the Courant-Friedrichs-Lewy condition of the flow
 * linearised at u_t:
 *
 *     lr_t = min(lr, safety 2 / lambda_max(H(u_t) + alpha)),   lr_t = lr where lambda_max <= 0
 *
 * The eigenvector of one step starts the search of the next; it is part of the state, so that a resumed run
 * takes the same steps to the bit.
 */

enum { EIGENVECTOR, FIELD_COUNT };

struct linearisation {
  const struct rst_scheme *scheme;
  const struct rst_field *u;
};

static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct linearisation *at = user;
  rst_flow_hessian_product(at->scheme->flow, at->u, v, product);
  rst_scheme_add_decay(at->scheme, v, product);
}

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  const double tolerance = 1e-6; /* relative, of the eigenvalue: far below what `safety` leaves */
  const struct rst_scheme_parameters *p = &scheme->parameters;
  rst_scheme_add_decay(scheme, u, gradient);
  /* Where the slope has overflowed there is no limit to keep: take the step and let u show it. */
  if (rst_field_is_finite(gradient)) {
    struct linearisation at = {.scheme = scheme, .u = u};
    struct rst_extremal_result sharpness;
    const enum rst_status status = rst_extremal_eigenpair(scheme->context, apply, &at, RST_EXTREME_LARGEST,
                                                          tolerance, scheme->fields[EIGENVECTOR], &sharpness);
    if (status != RST_OK) {
      return status;
    }
    if (sharpness.value > 0.0) {
      scheme->dt = fmin(scheme->dt, p->safety * 2.0 / sharpness.value);
    }
  }
  rst_field_descend(scheme->dt, p->divisor, gradient, u);
  return RST_OK;
}

const struct rst_scheme_type rst_scheme_cfl = {
    .takes_divisor = true,
    .takes_safety = true,
    .state_count = FIELD_COUNT,
    .step = step,
};
