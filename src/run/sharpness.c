/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/sharpness.h"

#include <math.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "restrain/tangent.h"
#include "run/orbit.h"

struct rst_sharpness {
  struct rst_context *context;
  struct rst_flow *flow;
  enum rst_spectrum_end end;
  double weight_decay;
  long every;
  double tolerance;
  double lr, limit;         /* the limit holds for steps of length lr */
  struct rst_field *vector; /* the last eigenvector, zero before the first */
};

static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct rst_sharpness *sharpness = user;
  rst_flow_hessian_product(sharpness->flow, v, product);
  rst_field_axpy(sharpness->weight_decay, v, product);
  rst_flow_pin(sharpness->flow, product);
}

/* Points that the flow keeps fixed have the eigenvalue 0: the search for the smallest one begins, and so remains, outside
 * of them. */
static enum rst_status create_vector(struct rst_sharpness *sharpness) {
  RST_TRY(rst_flow_create_state(sharpness->context, sharpness->flow, &sharpness->vector));
  if (sharpness->end == RST_SPECTRUM_SMALLEST) {
    RST_TRY(rst_orbit_probe(sharpness->context, rst_flow_layout(sharpness->flow), sharpness->vector));
    rst_flow_pin(sharpness->flow, sharpness->vector);
  }
  return RST_OK;
}

enum rst_status rst_sharpness_create(struct rst_context *context, const struct rst_case *run,
                                     struct rst_flow *flow, enum rst_spectrum_end end,
                                     struct rst_sharpness **sharpness) {
  *sharpness = NULL;
  struct rst_sharpness *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_sharpness){.context = context,
                                 .flow = flow,
                                 .end = end,
                                 .weight_decay = run->step.scheme.weight_decay,
                                 .every = run->sharpness.every,
                                 .tolerance = run->sharpness.tolerance,
                                 .lr = run->step.scheme.lr,
                                 .limit = rst_scheme_local_limit(context, &run->step.scheme)};
  const enum rst_status status = create_vector(made);
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
  struct rst_eigenpair found = {.value = NAN, .residual = NAN};
  if (t % sharpness->every == 0 && rst_field_is_finite(u)) {
    rst_flow_linearise(sharpness->flow, u, NULL, NULL);
    (void)rst_extremal_eigenpair(sharpness->context, apply, sharpness, sharpness->end, sharpness->tolerance,
                                 sharpness->vector, &found);
  }
  *value = found.value;
  *residual = found.residual;
}

double rst_sharpness_limit(const struct rst_sharpness *sharpness, double dt) {
  return isless(dt, sharpness->lr) ? sharpness->limit * (sharpness->lr / dt) : sharpness->limit;
}

struct rst_field *rst_sharpness_state(struct rst_sharpness *sharpness) {
  return sharpness->vector;
}
