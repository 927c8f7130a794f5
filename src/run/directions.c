/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/directions.h"

#include <math.h>

#include "case/fault.h"
#include "core/core.h"
#include "krylov/extremal.h"
#include "stability/free_hessian.h"

/* The Hessian without the eigenvectors that have been found: their eigenvalues are moved below all others that matter,
 * H - sum_j (lambda_j + |lambda_1|) w_j w_j'. */
struct deflated {
  struct rst_free_hessian *hessian;
  struct rst_field **found; /* [count], packed */
  double *values;
  size_t count;
};

static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct deflated *deflated = user;
  rst_free_hessian_apply(deflated->hessian, v, product);
  for (size_t j = 0; j < deflated->count; ++j) {
    const double moved = deflated->values[j] + fabs(deflated->values[0]);
    rst_field_axpy(-moved * rst_field_dot(deflated->found[j], v), deflated->found[j], product);
  }
}

/* The eigenvectors one after the other; `full` is a state to work with. */
static enum rst_status find(struct rst_context *context, struct deflated *deflated, const struct rst_field *u,
                            struct rst_field *full, struct rst_field *directions) {
  const double tolerance = 1e-8;
  for (; deflated->count < directions->ny; ++deflated->count) {
    struct rst_field *vector = NULL;
    struct rst_eigenpair pair;
    RST_TRY(rst_field_create(context, u->precision, 1, deflated->hessian->count, &vector));
    deflated->found[deflated->count] = vector;
    RST_TRY(rst_extremal_eigenpair(context, apply, deflated, RST_SPECTRUM_LARGEST, tolerance, vector, &pair));
    deflated->values[deflated->count] = pair.value;
    rst_field_fill(0.0, full);
    rst_free_hessian_unpack(deflated->hessian, vector, full);
    for (size_t i = 0; i < directions->nx; ++i) {
      rst_field_set(directions, deflated->count, i, rst_field_get(full, i / full->nx, i % full->nx));
    }
  }
  return RST_OK;
}

static enum rst_status find_eigenvectors(struct rst_context *context, struct rst_flow *flow,
                                         const struct rst_field *u, struct rst_field *directions) {
  struct deflated deflated = {0};
  RST_SCOPED struct rst_field **found = NULL;
  RST_SCOPED double *values = NULL;
  struct rst_field *full = NULL;
  RST_TRY(RST_NEW(context, directions->ny, &found));
  RST_TRY(RST_NEW(context, directions->ny, &values));
  deflated.found = found;
  deflated.values = values;
  enum rst_status status = rst_field_create_like(context, u, &full);
  if (status == RST_OK) {
    status = rst_free_hessian_create(context, flow, u, &deflated.hessian);
  }
  if (status == RST_OK) {
    status = find(context, &deflated, u, full, directions);
  }
  for (size_t j = 0; j < directions->ny; ++j) {
    rst_field_destroy(&found[j]);
  }
  rst_free_hessian_destroy(&deflated.hessian);
  rst_field_destroy(&full);
  return status;
}

enum rst_status rst_directions_create(struct rst_context *context, const struct rst_case *run,
                                      struct rst_flow *flow, const struct rst_field *u,
                                      struct rst_field **directions) {
  const size_t count = run->ensemble.directions.count;
  const size_t numbers = rst_field_count(u);
  *directions = NULL;
  if (count > rst_spectrum_dense_count(flow)) {
    return rst_case_fault(context, run, "ensemble",
                          "key \"ensemble.directions.count\": the state has no %zu directions, but %zu",
                          count, rst_spectrum_dense_count(flow));
  }
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, count, numbers, directions));
  if (run->ensemble.directions.kind == RST_DIRECTIONS_EIGENVECTORS) {
    return find_eigenvectors(context, flow, u, *directions);
  }
  for (size_t d = 0; d < count; ++d) {
    rst_field_set(*directions, d, d, 1.0);
  }
  return RST_OK;
}
