/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/type.h"

/** @file
 * Explicit Runge-Kutta schemes whose stage s needs the slope of stage s-1 alone, on du/dt = -g(u):
 *
 *     U_1 = u,   U_s = u - a_s lr g(U_{s-1}),   u_{t+1} = u - lr sum_s b_s g(U_s)
 *
 * rk2 is the explicit midpoint rule, rk4 the classical scheme (Hairer, Norsett, Wanner, Solving Ordinary
 * Differential Equations I, section II.1); s stages have order s and the growth polynomial of degree s of
 * exp(z).
 */

enum { STAGE, TOTAL, WORK_COUNT, MAX_STAGES = 4 };

struct tableau {
  int stages;
  double a[MAX_STAGES];             /* sub-diagonal; a[0] is not used */
  double b[MAX_STAGES];             /* weights */
  double stability[MAX_STAGES + 1]; /* coefficients of the stability polynomial, ascending */
};

static const struct tableau midpoint = {
    .stages = 2,
    .a = {0.0, 0.5},
    .b = {0.0, 1.0},
    .stability = {1.0, 1.0, 1.0 / 2.0},
};

static const struct tableau classical = {
    .stages = 4,
    .a = {0.0, 0.5, 0.5, 1.0},
    .b = {1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0},
    .stability = {1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0},
};

static void step(struct rst_scheme *scheme, const struct tableau *tableau, struct rst_field *gradient,
                 struct rst_field *u) {
  struct rst_field *stage = scheme->fields[STAGE];
  struct rst_field *total = scheme->fields[TOTAL];
  const double lr = scheme->parameters.lr;
  rst_scheme_add_decay(scheme, u, gradient);
  rst_field_copy(gradient, total);
  rst_field_scale(tableau->b[0], total);
  for (int s = 1; s < tableau->stages; ++s) {
    rst_field_copy(u, stage);
    rst_field_axpy(-tableau->a[s] * lr, gradient, stage);
    struct rst_flow_value value;
    rst_flow_evaluate(scheme->flow, stage, &value, gradient);
    rst_scheme_add_decay(scheme, stage, gradient);
    rst_field_axpy(tableau->b[s], gradient, total);
  }
  rst_field_axpy(-lr, total, u);
}

static void polynomial(const struct tableau *tableau, const struct rst_scheme_parameters *parameters,
                       double complex lambda, double complex *coefficients) {
  const double complex z = -parameters->lr * (lambda + parameters->weight_decay);
  double complex growth = tableau->stability[tableau->stages];
  for (int s = tableau->stages - 1; s >= 0; --s) {
    growth = growth * z + tableau->stability[s];
  }
  coefficients[1] = 1.0;
  coefficients[0] = -growth;
}

static enum rst_status step_rk2(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  step(scheme, &midpoint, gradient, u);
  return RST_OK;
}

static enum rst_status step_rk4(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  step(scheme, &classical, gradient, u);
  return RST_OK;
}

static void polynomial_rk2(const struct rst_scheme_parameters *parameters, double complex lambda,
                           double complex *coefficients) {
  polynomial(&midpoint, parameters, lambda, coefficients);
}

static void polynomial_rk4(const struct rst_scheme_parameters *parameters, double complex lambda,
                           double complex *coefficients) {
  polynomial(&classical, parameters, lambda, coefficients);
}

const struct rst_scheme_type rst_scheme_rk2 = {
    .work_count = WORK_COUNT,
    .degree = 1,
    .step = step_rk2,
    .polynomial = polynomial_rk2,
};

const struct rst_scheme_type rst_scheme_rk4 = {
    .work_count = WORK_COUNT,
    .degree = 1,
    .step = step_rk4,
    .polynomial = polynomial_rk4,
};
