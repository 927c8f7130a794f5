/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/sharpness.h"

#include <float.h>
#include <math.h>

#include "core/core.h"
#include "stability/extremal.h"

struct rst_sharpness {
  struct rst_context *context;
  struct rst_flow *flow;
  double weight_decay;
  long every;
  double tolerance;
  double limit;             /* for steps of length lr; NaN if the scheme's step depends on the state */
  struct rst_field *vector; /* the last eigenvector, zero before the first */
};

struct linearisation {
  const struct rst_sharpness *sharpness;
  const struct rst_field *u;
};

static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct linearisation *at = user;
  rst_flow_hessian_product(at->sharpness->flow, at->u, v, product);
  rst_field_axpy(at->sharpness->weight_decay, v, product);
  rst_flow_pin(at->sharpness->flow, product);
}

static bool is_stable(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                      double lambda) {
  const double rounding = 16 * DBL_EPSILON;
  double growth = NAN;
  return rst_scheme_growth(context, parameters, lambda - parameters->weight_decay, &growth) == RST_OK &&
         growth <= 1.0 + rounding;
}

/* The stable eigenvalues of grad L end where the growth polynomial's largest root leaves the unit disc: bisection to the
 * last bit. Every scheme's limit lies below 16/lr unless its decay is treated apart, which adds at most a few alpha. */
static double find_limit(struct rst_context *context, const struct rst_scheme_parameters *parameters) {
  const double alpha = parameters->weight_decay;
  double stable = alpha;
  double unstable = 16.0 / parameters->lr + 16.0 * alpha;
  if (!is_stable(context, parameters, stable) || is_stable(context, parameters, unstable)) {
    return NAN;
  }
  for (;;) {
    const double middle = 0.5 * (stable + unstable);
    if (middle <= stable || middle >= unstable) {
      return stable;
    }
    *(is_stable(context, parameters, middle) ? &stable : &unstable) = middle;
  }
}

enum rst_status rst_sharpness_create(struct rst_context *context, const struct rst_case *run,
                                     struct rst_flow *flow, struct rst_sharpness **sharpness) {
  void *memory = NULL;
  *sharpness = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **sharpness, &memory));
  struct rst_sharpness *made = memory;
  *made = (struct rst_sharpness){.context = context,
                                 .flow = flow,
                                 .weight_decay = run->step.scheme.weight_decay,
                                 .every = run->sharpness.every,
                                 .tolerance = run->sharpness.tolerance,
                                 .limit = find_limit(context, &run->step.scheme)};
  size_t ny = 0;
  size_t nx = 0;
  rst_flow_shape(flow, &ny, &nx);
  const enum rst_status status = rst_field_create(context, rst_flow_precision(flow), ny, nx, &made->vector);
  if (status != RST_OK) {
    rst_sharpness_destroy(&made);
    return status;
  }
  *sharpness = made;
  return RST_OK;
}

void rst_sharpness_destroy(struct rst_sharpness **sharpness) {
  if (*sharpness) {
    rst_field_destroy(&(*sharpness)->vector);
    free(*sharpness);
    *sharpness = NULL;
  }
}

void rst_sharpness_measure(struct rst_sharpness *sharpness, long t, const struct rst_field *u, double *value,
                           double *residual) {
  struct linearisation at = {sharpness, u};
  struct rst_extremal_result found = {.value = NAN, .residual = NAN};
  if (t % sharpness->every == 0 && rst_field_is_finite(u)) {
    (void)rst_extremal_eigenpair(sharpness->context, apply, &at, RST_EXTREME_LARGEST, sharpness->tolerance,
                                 sharpness->vector, &found);
  }
  *value = found.value;
  *residual = found.residual;
}

double rst_sharpness_limit(const struct rst_sharpness *sharpness, double dt) {
  return isnan(sharpness->limit) ? 2.0 / dt : sharpness->limit;
}

struct rst_field *rst_sharpness_state(struct rst_sharpness *sharpness) {
  return sharpness->vector;
}
