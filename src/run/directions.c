/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/directions.h"

#include <math.h>

#include "case/fault.h"
#include "core/core.h"
#include "krylov/leading.h"
#include "restrain/spectrum.h"
#include "stability/free_hessian.h"

/* The leading eigenvectors, packed as the Hessian has them, as rows of states. */
static enum rst_status find(struct rst_context *context, struct rst_free_hessian *hessian,
                            const struct rst_field *u, struct rst_field **vectors, struct rst_field *full,
                            struct rst_field *directions) {
  const double tolerance = 1e-8;
  RST_SCOPED struct rst_eigenpair *pairs = NULL;
  size_t above = 0;
  RST_TRY(RST_NEW(context, directions->ny, &pairs));
  for (size_t d = 0; d < directions->ny; ++d) {
    RST_TRY(rst_field_create(context, u->precision, 1, hessian->count, &vectors[d]));
  }
  RST_TRY(rst_leading_eigenpairs(context, rst_free_hessian_apply, hessian, tolerance, -INFINITY,
                                 directions->ny, vectors, pairs, &above));
  for (size_t d = 0; d < directions->ny; ++d) {
    rst_field_fill(0.0, full);
    rst_free_hessian_unpack(hessian, vectors[d], full);
    for (size_t i = 0; i < directions->nx; ++i) {
      rst_field_set(directions, d, i, rst_field_get(full, i / full->nx, i % full->nx));
    }
  }
  return RST_OK;
}

static enum rst_status find_eigenvectors(struct rst_context *context, struct rst_flow *flow,
                                         const struct rst_field *u, struct rst_field *directions) {
  struct rst_free_hessian *hessian = NULL;
  struct rst_field *full = NULL;
  RST_SCOPED struct rst_field **vectors = NULL;
  RST_TRY(RST_NEW(context, directions->ny, &vectors));
  RST_TRY(rst_free_hessian_create(context, flow, u, &hessian));
  enum rst_status status = rst_field_create_like(context, u, &full);
  if (status == RST_OK) {
    status = find(context, hessian, u, vectors, full, directions);
  }
  for (size_t d = 0; d < directions->ny; ++d) {
    rst_field_destroy(&vectors[d]);
  }
  rst_field_destroy(&full);
  rst_free_hessian_destroy(&hessian);
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
