/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/scheme_type.h"

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

/* The slope at u, decay included, opens the sum over the stages. */
static void begin(struct rst_scheme *scheme, const struct tableau *tableau, struct rst_field *gradient,
                  const struct rst_field *u) {
  rst_scheme_add_decay(scheme, u, gradient);
  rst_field_copy(gradient, scheme->fields[TOTAL]);
  rst_field_scale(tableau->b[0], scheme->fields[TOTAL]);
}

/* From the slope of the stage before to U_s. */
static void enter_stage(struct rst_scheme *scheme, const struct tableau *tableau, int s,
                        const struct rst_field *gradient, const struct rst_field *u) {
  rst_field_copy(u, scheme->fields[STAGE]);
  rst_field_axpy(-tableau->a[s] * scheme->parameters.lr, gradient, scheme->fields[STAGE]);
}

/* With grad E(U_s). */
static void leave_stage(struct rst_scheme *scheme, const struct tableau *tableau, int s,
                        struct rst_field *gradient) {
  rst_scheme_add_decay(scheme, scheme->fields[STAGE], gradient);
  rst_field_axpy(tableau->b[s], gradient, scheme->fields[TOTAL]);
}

static void end(struct rst_scheme *scheme, struct rst_field *u) {
  rst_field_axpy(-scheme->parameters.lr, scheme->fields[TOTAL], u);
}

/* A perturbation goes through the same stages, with H(U_s) dU_s for the gradient. */
static enum rst_status perturbed(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u,
                                 const struct rst_perturbation *perturbations, size_t count) {
  const struct tableau *tableau = scheme->type->data;
  begin(scheme, tableau, gradient, u);
  for (size_t i = 0; i < count; ++i) {
    begin(perturbations[i].scheme, tableau, perturbations[i].product, perturbations[i].du);
  }
  for (int s = 1; s < tableau->stages; ++s) {
    struct rst_flow_value value;
    enter_stage(scheme, tableau, s, gradient, u);
    (count > 0 ? rst_flow_linearise : rst_flow_evaluate)(scheme->flow, scheme->fields[STAGE], &value,
                                                         gradient);
    leave_stage(scheme, tableau, s, gradient);
    for (size_t i = 0; i < count; ++i) {
      const struct rst_perturbation *p = &perturbations[i];
      enter_stage(p->scheme, tableau, s, p->product, p->du);
      rst_flow_hessian_product(scheme->flow, p->scheme->fields[STAGE], p->product);
      leave_stage(p->scheme, tableau, s, p->product);
    }
  }
  end(scheme, u);
  for (size_t i = 0; i < count; ++i) {
    end(perturbations[i].scheme, perturbations[i].du);
  }
  return RST_OK;
}

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  return perturbed(scheme, gradient, u, NULL, 0);
}

static void polynomial(const struct rst_scheme_type *type, const struct rst_scheme_parameters *parameters,
                       double complex lambda, double complex *coefficients) {
  const struct tableau *tableau = type->data;
  const double complex z = -parameters->lr * (lambda + parameters->weight_decay);
  double complex growth = tableau->stability[tableau->stages];
  for (int s = tableau->stages - 1; s >= 0; --s) {
    growth = growth * z + tableau->stability[s];
  }
  coefficients[1] = 1.0;
  coefficients[0] = -growth;
}

#define RUNGE_KUTTA(tableau)                                                                                 \
  {                                                                                                          \
    .data = &(tableau), .work_count = WORK_COUNT, .degree = 1, .step = step,                                 \
    .step_with_perturbations = perturbed, .polynomial = polynomial                                           \
  }

const struct rst_scheme_type rst_scheme_rk2 = RUNGE_KUTTA(midpoint);
const struct rst_scheme_type rst_scheme_rk4 = RUNGE_KUTTA(classical);
