/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "step/scheme_type.h"

/** @file
 * Nesterov's momentum in PyTorch's form: v = mu v + g; u - (lr q)((g + mu v)/q), v = 0 at the start. With lr
 * v eliminated, u_{t+1} = (d + mu + (1 + mu) z) u_t - mu (d + z) u_{t-1} on u' = -lambda u, d = 1 - lr alpha
 * for decoupled decay and 1 otherwise. Real limit 2 (1 + mu)/(1 + 2 mu). Order 1 on the flow with time scaled
 * by 1/(1 - mu).
 */

enum { VELOCITY, STATE_COUNT };
enum { WORK = STATE_COUNT, FIELD_COUNT };

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  const struct rst_scheme_parameters *p = &scheme->parameters;
  struct rst_field *velocity = scheme->fields[VELOCITY];
  if (p->decay == RST_DECAY_COUPLED) {
    rst_scheme_add_decay(scheme, u, gradient);
  }
  rst_field_axpby(1.0, gradient, p->momentum, velocity);
  rst_field_axpy(p->momentum, velocity, gradient);
  if (p->decay == RST_DECAY_DECOUPLED) {
    rst_scheme_scale_free(scheme, 1.0 - p->lr * p->weight_decay, scheme->fields[WORK], u);
  }
  rst_field_descend(scheme->dt, p->divisor, gradient, u);
  return RST_OK;
}

static void polynomial(const struct rst_scheme_type *type, const struct rst_scheme_parameters *parameters,
                       double complex lambda, double complex *coefficients) {
  (void)type;
  const bool decoupled = parameters->decay == RST_DECAY_DECOUPLED;
  const double d = decoupled ? 1.0 - parameters->lr * parameters->weight_decay : 1.0;
  const double complex z = -parameters->lr * (decoupled ? lambda : lambda + parameters->weight_decay);
  const double mu = parameters->momentum;
  coefficients[2] = 1.0;
  coefficients[1] = -(d + mu + (1.0 + mu) * z);
  coefficients[0] = mu * (d + z);
}

static const struct rst_keys *const keys[] = {&rst_momentum_keys, &rst_decay_keys, &rst_divisor_keys, NULL};

const struct rst_scheme_type rst_scheme_nesterov = {
    .facts = {.affine = true, .looks_ahead = true, .buffers = STATE_COUNT},
    .takes_divisor = true,
    .state_count = STATE_COUNT,
    .work_count = FIELD_COUNT - STATE_COUNT,
    .degree = 2,
    .step = step,
    .polynomial = polynomial,
    .keys = keys,
};
