/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/sharpness.h"

#include <math.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "restrain/tangent.h"
#include "stability/preconditioned_hessian.h"

struct rst_sharpness {
  struct rst_context *context;
  struct rst_preconditioned_hessian hessian;
  long every;
  double tolerance;
  double lr, limit;         /* the limit holds for steps of length lr */
  struct rst_field *vector; /* the last eigenvector, zero before the first */
  struct rst_field *root;   /* P^-1/2; NULL without, as the work space of the Hessian */
};

static enum rst_status create_fields(struct rst_sharpness *made, bool preconditioned) {
  RST_TRY(rst_flow_create_state(made->context, made->hessian.flow, &made->vector));
  if (preconditioned) {
    RST_TRY(rst_field_create_like(made->context, made->vector, &made->root));
    RST_TRY(rst_field_create_like(made->context, made->vector, &made->hessian.work));
    made->hessian.root = made->root;
  }
  return RST_OK;
}

enum rst_status rst_sharpness_create(struct rst_context *context, const struct rst_case *run,
                                     struct rst_flow *flow, bool preconditioned,
                                     struct rst_sharpness **sharpness) {
  const struct rst_scheme_parameters *scheme = &run->step.scheme;
  const bool decay_apart = preconditioned && scheme->decay == RST_DECAY_DECOUPLED;
  *sharpness = NULL;
  RST_REQUIRE(
      context, !preconditioned || rst_scheme_facts(scheme->kind).preconditioned, RST_ERROR_ARGUMENT,
      "output.scalars asks for preconditioned_sharpness, but scheme %s has no preconditioner; ask for "
      "sharpness",
      scheme->kind);
  struct rst_sharpness *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_sharpness){.context = context,
                                 .hessian = {.flow = flow, .decay = decay_apart ? 0.0 : scheme->weight_decay},
                                 .every = run->sharpness.every,
                                 .tolerance = run->sharpness.tolerance,
                                 .lr = scheme->lr,
                                 .limit = rst_scheme_local_limit(context, scheme)};
  const enum rst_status status = create_fields(made, preconditioned);
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
    rst_field_destroy(&(*sharpness)->root);
    rst_field_destroy(&(*sharpness)->hessian.work);
    free(*sharpness);
    *sharpness = NULL;
  }
}

/* Whether there is an operator at u. */
static bool prepare(struct rst_sharpness *sharpness, const struct rst_field *u,
                    const struct rst_scheme *scheme) {
  if (sharpness->root) {
    rst_scheme_preconditioner(scheme, sharpness->root);
    rst_preconditioned_root(sharpness->root, NULL);
    if (!rst_field_is_finite(sharpness->root)) {
      return false;
    }
  }
  if (!rst_field_is_finite(u)) {
    return false;
  }
  rst_flow_linearise(sharpness->hessian.flow, u, NULL, NULL);
  return true;
}

void rst_sharpness_measure(struct rst_sharpness *sharpness, long t, const struct rst_field *u,
                           const struct rst_scheme *scheme, double *value, double *residual) {
  struct rst_eigenpair found = {.value = NAN, .residual = NAN};
  if (t % sharpness->every == 0 && prepare(sharpness, u, scheme)) {
    (void)rst_extremal_eigenpair(sharpness->context, rst_preconditioned_hessian_apply, &sharpness->hessian,
                                 RST_SPECTRUM_LARGEST, sharpness->tolerance, sharpness->vector, &found);
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
