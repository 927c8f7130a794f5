/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "step/adam_loops.h"
#include "step/scheme_type.h"

/** @file
 * Adam (Kingma, Ba, arXiv 1412.6980) for coupled and AdamW (Loshchilov, Hutter, arXiv 1711.05101) for decoupled decay, in
 * PyTorch's form. Update t = 1, 2, ... with the slope g, which holds alpha u for coupled decay:
 *
 *     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2,   m = v = 0 at the start
 *     d = (m/(1 - beta1^t))/P,       P = sqrt(v/(1 - beta2^t)) + epsilon
 *     u = (1 - lr alpha) u for decoupled decay;   u = u - (lr q)(d/q)
 *
 * With P frozen and beta1^t gone this is the heavy ball with the step lr (1 - beta1) on P^-1 g. Its growth polynomial on
 * an eigenvalue lambda of P^-1 H, H with the decay where it is coupled, is r^2 - (d + beta1 + z) r + beta1 d, z = -lr (1 -
 * beta1) lambda, d = 1 - lr alpha for decoupled decay and 1 otherwise (Cohen et al., arXiv 2207.14484).
 */

enum { MEAN, SQUARE, BUFFERS, UPDATES = BUFFERS, FIELD_COUNT };
enum { BETA1, BETA2, EPSILON };

static bool is_decoupled(const struct rst_scheme_parameters *parameters) {
  return parameters->decay == RST_DECAY_DECOUPLED;
}

static double shrinking(const struct rst_scheme_parameters *parameters) {
  return is_decoupled(parameters) ? 1.0 - parameters->lr * parameters->weight_decay : 1.0;
}

/* Of update t. */
static struct rst_adam_numbers numbers_of(const struct rst_scheme *scheme, double t) {
  const double *own = scheme->parameters.own;
  return (struct rst_adam_numbers){
      .beta2 = own[BETA2],
      .correction1 = 1.0 - pow(own[BETA1], t),
      .correction2 = 1.0 - pow(own[BETA2], t),
      .epsilon = own[EPSILON],
  };
}

/* gradient = the slope that m and v average. */
static void average(struct rst_scheme *scheme, const struct rst_adam_numbers *of, struct rst_field *gradient,
                    const struct rst_field *u) {
  const double beta1 = scheme->parameters.own[BETA1];
  if (!is_decoupled(&scheme->parameters)) {
    rst_scheme_add_decay(scheme, u, gradient);
  }
  rst_field_axpby(1.0 - beta1, gradient, beta1, scheme->fields[MEAN]);
  rst_adam_loops(u->precision)
      ->average_square(rst_field_count(u), of, gradient->data, scheme->fields[SQUARE]->data);
}

static void shrink(struct rst_scheme *scheme, struct rst_field *work, struct rst_field *u) {
  if (is_decoupled(&scheme->parameters)) {
    rst_scheme_scale_free(scheme, shrinking(&scheme->parameters), work, u);
  }
}

/* With the averages of the scheme after its update. */
static void step_perturbation(const struct rst_scheme *scheme, const struct rst_adam_numbers *of,
                              const struct rst_field *gradient, const struct rst_perturbation *perturbation) {
  const struct rst_adam_loops *loops = rst_adam_loops(gradient->precision);
  const double beta1 = scheme->parameters.own[BETA1];
  struct rst_scheme *own = perturbation->scheme;
  struct rst_field *product = perturbation->product;
  const size_t count = rst_field_count(product);
  if (!is_decoupled(&scheme->parameters)) {
    rst_scheme_add_decay(scheme, perturbation->du, product);
  }
  rst_field_axpby(1.0 - beta1, product, beta1, own->fields[MEAN]);
  loops->perturb_average(count, of, gradient->data, product->data, own->fields[SQUARE]->data);
  shrink(own, product, perturbation->du);
  loops->perturb_direction(count, of, scheme->fields[MEAN]->data, scheme->fields[SQUARE]->data,
                           own->fields[MEAN]->data, own->fields[SQUARE]->data, product->data);
  rst_field_axpy(-scheme->dt, product, perturbation->du);
}

static enum rst_status perturbed(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u,
                                 const struct rst_perturbation *perturbations, size_t count) {
  double *updates = scheme->fields[UPDATES]->data;
  *updates += 1.0;
  const struct rst_adam_numbers of = numbers_of(scheme, *updates);
  average(scheme, &of, gradient, u);
  for (size_t i = 0; i < count; ++i) {
    step_perturbation(scheme, &of, gradient, &perturbations[i]);
  }
  shrink(scheme, gradient, u);
  rst_adam_loops(u->precision)
      ->direct(rst_field_count(u), &of, scheme->fields[MEAN]->data, scheme->fields[SQUARE]->data,
               gradient->data);
  rst_field_descend(scheme->dt, scheme->parameters.divisor, gradient, u);
  return RST_OK;
}

static enum rst_status step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  return perturbed(scheme, gradient, u, NULL, 0);
}

static void precondition(const struct rst_scheme *scheme, struct rst_field *p) {
  const double *updates = scheme->fields[UPDATES]->data;
  const struct rst_adam_numbers of = numbers_of(scheme, *updates);
  rst_adam_loops(p->precision)->precondition(rst_field_count(p), &of, scheme->fields[SQUARE]->data, p->data);
}

static void polynomial(const struct rst_scheme_type *type, const struct rst_scheme_parameters *parameters,
                       double complex lambda, double complex *coefficients) {
  (void)type;
  const double beta1 = parameters->own[BETA1];
  coefficients[2] = 1.0;
  coefficients[1] = -(shrinking(parameters) + beta1 - parameters->lr * (1.0 - beta1) * lambda);
  coefficients[0] = beta1 * shrinking(parameters);
}

/* The stable eigenvalues lie between the roots 1 and -1 of the polynomial, if the product of its roots is within 1. */
static double limit(const struct rst_scheme_parameters *parameters) {
  const double beta1 = parameters->own[BETA1];
  const double d = shrinking(parameters);
  const double largest = (1.0 + beta1) * (1.0 + d) / ((1.0 - beta1) * parameters->lr);
  const double smallest = (d - 1.0) / parameters->lr;
  return beta1 * fabs(d) < 1.0 && smallest < largest ? largest : NAN;
}

static enum rst_status check(struct rst_context *context, const struct rst_scheme_parameters *parameters) {
  const double *own = parameters->own;
  for (int i = BETA1; i <= BETA2; ++i) {
    RST_REQUIRE(context, own[i] >= 0.0 && own[i] < 1.0, RST_ERROR_ARGUMENT,
                "beta%d is %g; it must be at least 0 and below 1", i + 1, own[i]);
  }
  RST_REQUIRE(context, own[EPSILON] > 0.0 && isfinite(own[EPSILON]), RST_ERROR_ARGUMENT,
              "epsilon is %g; it must be positive and finite", own[EPSILON]);
  return RST_OK;
}

static const struct rst_key rows[] = {
    {REAL("step.beta1", BELOW(0, 1)), DEFAULT("0.9"), PLACE(struct rst_scheme_parameters, own[BETA1]),
     HELP("what remains of the average of the slope")},
    {REAL("step.beta2", BELOW(0, 1)), DEFAULT("0.999"), PLACE(struct rst_scheme_parameters, own[BETA2]),
     HELP("what remains of the average of its square")},
    {REAL("step.epsilon", MORE_THAN(0)), DEFAULT("1e-8"), PLACE(struct rst_scheme_parameters, own[EPSILON]),
     HELP("added to the root of that average, by which the step is divided")},
};
static const struct rst_keys adam_keys = RST_KEYS(rows, struct rst_scheme_parameters);
static const struct rst_keys *const keys[] = {&rst_decay_keys, &rst_divisor_keys, &adam_keys, NULL};

const struct rst_scheme_type rst_scheme_adam = {
    .facts = {.preconditioned = true, .buffers = BUFFERS},
    .takes_divisor = true,
    .state_count = FIELD_COUNT,
    .counts_updates = true,
    .degree = 2,
    .step = step,
    .step_with_perturbations = perturbed,
    .precondition = precondition,
    .polynomial = polynomial,
    .limit = limit,
    .check = check,
    .keys = keys,
};
