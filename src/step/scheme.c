/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <math.h>

#include "core/core.h"
#include "step/scheme_type.h"

static const struct rst_scheme_type *const types[] = {
#define RST_SCHEME_TYPE(symbol, name) &rst_scheme_##symbol,
    RST_SCHEME_LIST(RST_SCHEME_TYPE)
#undef RST_SCHEME_TYPE
};

static const char *const names[] = {
#define RST_SCHEME_NAME(symbol, name) name,
    RST_SCHEME_LIST(RST_SCHEME_NAME)
#undef RST_SCHEME_NAME
        NULL};

const char *const *rst_scheme_names(void) {
  return names;
}

struct rst_scheme_facts rst_scheme_facts(const char *kind) {
  const int index = rst_name_index(names, kind);
  assert(index >= 0);
  return types[index]->facts;
}

const struct rst_keys *const *rst_scheme_keys(size_t kind) {
  return types[kind]->keys;
}

static enum rst_status find(struct rst_context *context, const char *kind, int *index) {
  *index = rst_name_index(names, kind);
  return *index >= 0 ? RST_OK : rst_fail_unknown(context, "scheme", kind, names);
}

static enum rst_status check_taken(struct rst_context *context, const struct rst_scheme_type *type,
                                   const struct rst_scheme_parameters *p) {
  RST_REQUIRE(context, type->takes_divisor || p->divisor == 1.0, RST_ERROR_ARGUMENT,
              "divisor is %g, but scheme %s takes none; leave it at 1", p->divisor, p->kind);
  RST_REQUIRE(context, type->facts.buffers > 0 || p->decay == RST_DECAY_COUPLED, RST_ERROR_ARGUMENT,
              "decay is decoupled, but scheme %s has no momentum to decouple it from; use coupled", p->kind);
  return type->check ? type->check(context, p) : RST_OK;
}

/* The comparisons are written so that NaN fails them. */
static enum rst_status validate(struct rst_context *context, const struct rst_scheme_parameters *p,
                                int *index) {
  RST_TRY(find(context, p->kind, index));
  RST_REQUIRE(context, p->lr > 0.0 && isfinite(p->lr), RST_ERROR_ARGUMENT,
              "lr is %g; it must be positive and finite", p->lr);
  RST_REQUIRE(context, p->weight_decay >= 0.0 && isfinite(p->weight_decay), RST_ERROR_ARGUMENT,
              "weight_decay is %g; it must be finite and not negative", p->weight_decay);
  RST_REQUIRE(context, p->momentum >= 0.0 && p->momentum < 1.0, RST_ERROR_ARGUMENT,
              "momentum is %g; it must be at least 0 and below 1", p->momentum);
  RST_REQUIRE(context, p->divisor > 0.0 && isfinite(p->lr * p->divisor), RST_ERROR_ARGUMENT,
              "divisor is %g with lr %g; it must be positive and the product finite", p->divisor, p->lr);
  RST_REQUIRE(context, p->decay == RST_DECAY_COUPLED || p->decay == RST_DECAY_DECOUPLED, RST_ERROR_ARGUMENT,
              "decay is %d; it must be coupled or decoupled", (int)p->decay);
  return check_taken(context, types[*index], p);
}

static enum rst_status create_fields(struct rst_scheme *scheme) {
  const size_t count = scheme->type->state_count + scheme->type->work_count;
  for (size_t i = 0; i < count; ++i) {
    const bool counter = scheme->type->counts_updates && i + 1 == scheme->type->state_count;
    RST_TRY(counter ? rst_field_create(scheme->context, RST_PRECISION_DOUBLE, 1, 1, &scheme->fields[i])
                    : rst_flow_create_state(scheme->context, scheme->flow, &scheme->fields[i]));
  }
  return RST_OK;
}

enum rst_status rst_scheme_create(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                                  struct rst_flow *flow, struct rst_scheme **scheme) {
  *scheme = NULL;
  int index = 0;
  RST_TRY(validate(context, parameters, &index));
  struct rst_scheme *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made =
      (struct rst_scheme){.type = types[index], .context = context, .flow = flow, .parameters = *parameters};
  made->parameters.kind = names[index];
  const enum rst_status status = create_fields(made);
  if (status != RST_OK) {
    rst_scheme_destroy(&made);
    return status;
  }
  *scheme = made;
  return RST_OK;
}

void rst_scheme_destroy(struct rst_scheme **scheme) {
  if (*scheme) {
    for (size_t i = 0; i < RST_SCHEME_MAX_FIELDS; ++i) {
      rst_field_destroy(&(*scheme)->fields[i]);
    }
    free(*scheme);
    *scheme = NULL;
  }
}

static enum rst_status take_step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u) {
  scheme->dt = scheme->parameters.lr;
  return scheme->type->step(scheme, gradient, u);
}

enum rst_status rst_scheme_step(struct rst_scheme *scheme, struct rst_field *gradient, struct rst_field *u,
                                double *dt) {
  RST_TRY(take_step(scheme, gradient, u));
  if (dt) {
    *dt = scheme->dt;
  }
  return RST_OK;
}

enum rst_status rst_scheme_step_with_perturbations(struct rst_scheme *scheme, struct rst_field *gradient,
                                                   struct rst_field *u,
                                                   const struct rst_perturbation *perturbations, size_t count,
                                                   double *dt) {
  for (size_t i = 0; i < count; ++i) {
    assert(perturbations[i].scheme->type == scheme->type && perturbations[i].scheme->flow == scheme->flow);
  }
  if (scheme->type->step_with_perturbations) {
    scheme->dt = scheme->parameters.lr;
    RST_TRY(scheme->type->step_with_perturbations(scheme, gradient, u, perturbations, count));
  } else {
    RST_TRY(take_step(scheme, gradient, u));
    for (size_t i = 0; i < count; ++i) {
      RST_TRY(take_step(perturbations[i].scheme, perturbations[i].product, perturbations[i].du));
    }
  }
  if (dt) {
    *dt = scheme->dt;
  }
  return RST_OK;
}

void rst_scheme_set_lr(struct rst_scheme *scheme, double lr) {
  scheme->parameters.lr = lr;
}

size_t rst_scheme_state(struct rst_scheme *scheme, struct rst_field ***fields) {
  *fields = scheme->fields;
  return scheme->type->state_count;
}

void rst_scheme_preconditioner(const struct rst_scheme *scheme, struct rst_field *p) {
  if (scheme->type->precondition) {
    scheme->type->precondition(scheme, p);
  } else {
    rst_field_fill(1.0, p);
  }
}

void rst_scheme_add_decay(const struct rst_scheme *scheme, const struct rst_field *u, struct rst_field *g) {
  if (scheme->parameters.weight_decay > 0.0) {
    rst_field_axpy(scheme->parameters.weight_decay, u, g);
    rst_flow_pin(scheme->flow, g);
  }
}

/* The sum of the free part and the fixed part is exact: one of the two is zero at every point. */
void rst_scheme_scale_free(const struct rst_scheme *scheme, double factor, struct rst_field *work,
                           struct rst_field *u) {
  rst_field_copy(u, work);
  rst_flow_pin(scheme->flow, work);
  rst_field_axpy(-1.0, work, u);
  rst_field_axpy(factor, work, u);
}

enum rst_status rst_scheme_growth_polynomial(struct rst_context *context,
                                             const struct rst_scheme_parameters *parameters,
                                             double complex lambda,
                                             double complex coefficients[RST_GROWTH_MAX_DEGREE + 1],
                                             int *degree) {
  int index = 0;
  RST_TRY(validate(context, parameters, &index));
  const struct rst_scheme_type *type = types[index];
  RST_REQUIRE(context, type->degree > 0 && !type->precondition, RST_ERROR_UNSUPPORTED,
              "scheme %s has no growth polynomial: its step depends on the state", names[index]);
  type->polynomial(type, parameters, lambda, coefficients);
  *degree = type->degree;
  return RST_OK;
}

/* The larger root of r^2 + b r + c is -(b +- d)/2, d^2 = b^2 - 4 c, with the sign that does not cancel. Both
 * coefficients are scaled so that b^2 cannot overflow. */
static double larger_root_modulus(double complex b, double complex c) {
  const double scale = fmax(cabs(b), sqrt(cabs(c)));
  if (scale == 0.0 || !isfinite(scale)) {
    return scale;
  }
  const double complex p = b / scale;
  const double complex d = csqrt(p * p - 4.0 * (c / scale / scale));
  return scale * fmax(cabs(p + d), cabs(p - d)) / 2.0;
}

static double growth_of(int degree, const double complex *coefficients) {
  return degree == 1 ? cabs(coefficients[0]) : larger_root_modulus(coefficients[1], coefficients[0]);
}

enum rst_status rst_scheme_growth(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                                  double complex lambda, double *growth) {
  double complex coefficients[RST_GROWTH_MAX_DEGREE + 1];
  int degree = 0;
  RST_TRY(rst_scheme_growth_polynomial(context, parameters, lambda, coefficients, &degree));
  *growth = growth_of(degree, coefficients);
  return RST_OK;
}

double rst_scheme_frozen_growth(const struct rst_scheme_parameters *parameters, double lambda) {
  double complex coefficients[RST_GROWTH_MAX_DEGREE + 1];
  const struct rst_scheme_type *type = types[rst_name_index(names, parameters->kind)];
  assert(type->precondition);
  type->polynomial(type, parameters, lambda, coefficients);
  return growth_of(type->degree, coefficients);
}

double rst_scheme_own_limit(const struct rst_scheme_parameters *parameters) {
  return types[rst_name_index(names, parameters->kind)]->limit(parameters);
}
