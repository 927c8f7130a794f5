/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <math.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "step/scheme_type.h"

/** @file
 * Gradient descent that keeps within its own step limit, the Courant-Friedrichs-Lewy condition of the flow
 * linearised at u_t:
 *
 *     lr_t = min(lr, safety 2 / lambda_max(H(u_t) + alpha)),   lr_t = lr where lambda_max <= 0
 *
 * The eigenvector w of one step starts the search of the next; it is part of the state, so that a resumed run
 * takes the same steps to the bit.
 *
 * Where the eigenvalue limits the step, a perturbation du changes it too: d lr_t = -(lr_t/lambda_max) d lambda_max,
 * and d lambda_max = d<w, H(u) w> along du with w held fixed, since w is stationary for the quotient; from a central
 * difference, because third derivatives of the flow are not at hand.
 */

enum { EIGENVECTOR, STATE_COUNT };
enum { POINT = STATE_COUNT, PRODUCT, FIELD_COUNT };

static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct rst_scheme *scheme = user;
  rst_flow_hessian_product(scheme->flow, v, product);
  rst_scheme_add_decay(scheme, v, product);
}

/* scheme->dt, and lambda_max where it limits the step; 0 elsewhere. The flow is linearised at u. */
static enum rst_status limit_step(struct rst_scheme *scheme, double *limiting) {
  const double tolerance = 1e-6; /* relative, of the eigenvalue: far below what `safety` leaves */
  struct rst_eigenpair sharpness;
  RST_TRY(rst_extremal_eigenpair(scheme->context, apply, scheme, RST_SPECTRUM_LARGEST, tolerance,
                                 scheme->fields[EIGENVECTOR], &sharpness));
  const double limit = scheme->parameters.safety * 2.0 / sharpness.value;
  if (sharpness.value > 0.0 && limit < scheme->dt) {
    scheme->dt = limit;
    *limiting = sharpness.value;
  }
  return RST_OK;
}

/* <w, H(u + a du) w>; the flow is linearised there. */
static double curvature(struct rst_scheme *scheme, const struct rst_field *u, double a,
                        const struct rst_field *du) {
  const struct rst_field *w = scheme->fields[EIGENVECTOR];
  rst_field_copy(u, scheme->fields[POINT]);
  rst_field_axpy(a, du, scheme->fields[POINT]);
  rst_flow_linearise(scheme->flow, scheme->fields[POINT], NULL, NULL);
  rst_flow_hessian_product(scheme->flow, w, scheme->fields[PRODUCT]);
  return rst_field_dot(w, scheme->fields[PRODUCT]);
}

/* d lambda_max along du. The distance balances truncation, its square, with rounding. */
static double change_of_eigenvalue(struct rst_scheme *scheme, const struct rst_field *u,
                                   const struct rst_field *du) {
  const double epsilon = u->precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  const double length = rst_field_norm(du);
  if (length == 0.0) {
    return 0.0;
  }
  const double h = cbrt(epsilon) * fmax(rst_field_norm(u), 1.0) / length;
  return (curvature(scheme, u, h, du) - curvature(scheme, u, -h, du)) / (2.0 * h);
}

/* The gradient holds the decay. */
static void step_perturbation(struct rst_scheme *scheme, const struct rst_field *gradient,
                              const struct rst_field *u, double limiting,
                              const struct rst_perturbation *perturbation) {
  const double relative =
      limiting > 0.0 ? -change_of_eigenvalue(scheme, u, perturbation->du) / limiting : 0.0;
  rst_scheme_add_decay(scheme, perturbation->du, perturbation->product);
  rst_field_axpy(-scheme->dt, perturbation->product, perturbation->du);
  if (relative != 0.0) {
    rst_field_axpy(-scheme->dt * relative, gradient, perturbation->du);
  }
}

static enum rst_status perturbed(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u,
                                 const struct rst_perturbation *perturbations, size_t count) {
  double limiting = 0.0;
  rst_scheme_add_decay(scheme, u, gradient);
  /* Where the slope has overflowed there is no limit to keep: take the step and let u show it. */
  if (rst_field_is_finite(gradient)) {
    RST_TRY(limit_step(scheme, &limiting));
  }
  for (size_t i = 0; i < count; ++i) {
    step_perturbation(scheme, gradient, u, limiting, &perturbations[i]);
  }
  rst_field_descend(scheme->dt, scheme->parameters.divisor, gradient, u);
  return RST_OK;
}

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  rst_flow_linearise(scheme->flow, u, NULL, NULL);
  return perturbed(scheme, gradient, u, NULL, 0);
}

/* That of gradient descent. */
static double limit(const struct rst_scheme_parameters *parameters) {
  return 2.0 / parameters->lr;
}

static enum rst_status check(struct rst_context *context, const struct rst_scheme_parameters *parameters) {
  RST_REQUIRE(context, parameters->safety > 0.0 && parameters->safety <= 1.0, RST_ERROR_ARGUMENT,
              "safety is %g; it must be above 0 and at most 1", parameters->safety);
  return RST_OK;
}

static const struct rst_key rows[] = {
    {REAL("step.safety", ABOVE(0, 1)), DEFAULT("0.9"), PLACE(struct rst_scheme_parameters, safety),
     HELP("fraction of the local limit 2/lambda_max")},
};
static const struct rst_keys cfl_keys = RST_KEYS(rows, struct rst_scheme_parameters);
static const struct rst_keys *const keys[] = {&rst_divisor_keys, &cfl_keys, NULL};

const struct rst_scheme_type rst_scheme_cfl = {
    .facts = {.adapts = true},
    .takes_divisor = true,
    .state_count = STATE_COUNT,
    .work_count = FIELD_COUNT - STATE_COUNT,
    .step = step,
    .step_with_perturbations = perturbed,
    .limit = limit,
    .check = check,
    .keys = keys,
};
