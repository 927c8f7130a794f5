/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/spectrum.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/extremal.h"
#include "krylov/symmetric.h"
#include "stability/free_hessian.h"

enum { DENSE_POINTS = 4096 };

/* The packed eigenvector is made from `vector` and returned to it. */
static enum rst_status find_extreme(struct rst_context *context, struct rst_free_hessian *hessian,
                                    enum rst_spectrum_end end, double tolerance, struct rst_field *packed,
                                    struct rst_field *vector, struct rst_eigenpair *pair) {
  const enum rst_spectrum_end which =
      end == RST_SPECTRUM_LARGEST ? RST_SPECTRUM_LARGEST : RST_SPECTRUM_SMALLEST;
  struct rst_eigenpair found;
  rst_free_hessian_pack(hessian, vector, packed);
  RST_TRY(rst_extremal_eigenpair(context, rst_free_hessian_apply, hessian, which, tolerance, packed, &found));
  rst_field_fill(0.0, vector);
  rst_free_hessian_unpack(hessian, packed, vector);
  *pair =
      (struct rst_eigenpair){.value = found.value, .residual = found.residual, .products = found.products};
  return RST_OK;
}

enum rst_status rst_spectrum_extreme(struct rst_context *context, struct rst_flow *flow,
                                     const struct rst_field *u, enum rst_spectrum_end end, double tolerance,
                                     struct rst_field *vector, struct rst_eigenpair *pair) {
  struct rst_free_hessian *hessian = NULL;
  struct rst_field *packed = NULL;
  double known = 0.0;
  if (rst_flow_known_extreme(flow, end, vector, &known)) {
    *pair = (struct rst_eigenpair){.value = known};
    return RST_OK;
  }
  RST_TRY(rst_free_hessian_create(context, flow, u, &hessian));
  enum rst_status status = rst_field_create(context, u->precision, 1, hessian->count, &packed);
  if (status == RST_OK) {
    status = find_extreme(context, hessian, end, tolerance, packed, vector, pair);
  }
  rst_field_destroy(&packed);
  rst_free_hessian_destroy(&hessian);
  return status;
}

size_t rst_spectrum_dense_count(const struct rst_flow *flow) {
  return rst_layout_free_count(rst_flow_layout(flow));
}

/* matrix = H column by column, [count][count]. */
static enum rst_status fill_matrix(struct rst_context *context, struct rst_free_hessian *hessian,
                                   struct rst_field *unit, struct rst_field *column, double *matrix) {
  for (size_t j = 0; j < hessian->count; ++j) {
    rst_field_fill(0.0, unit);
    rst_field_set(unit, 0, j, 1.0);
    rst_free_hessian_apply(hessian, unit, column);
    RST_REQUIRE(context, rst_field_is_finite(column), RST_ERROR_NUMERIC,
                "column %zu of the Hessian is not finite; it has no eigenvalues at a state where the flow "
                "overflows",
                j);
    for (size_t i = 0; i < hessian->count; ++i) {
      matrix[i * hessian->count + j] = rst_field_get(column, 0, i);
    }
  }
  return RST_OK;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* `memory` holds the matrix and two rows of work space. */
static enum rst_status find_all(struct rst_context *context, struct rst_free_hessian *hessian, double *memory,
                                double *values) {
  const size_t n = hessian->count;
  struct rst_field *unit = NULL;
  struct rst_field *column = NULL;
  enum rst_status status = rst_field_create(context, hessian->v->precision, 1, n, &unit);
  if (status == RST_OK) {
    status = rst_field_create_like(context, unit, &column);
  }
  if (status == RST_OK) {
    status = fill_matrix(context, hessian, unit, column, memory);
  }
  if (status == RST_OK) {
    rst_symmetric_eigenvalues(n, memory, values, memory + n * n);
    qsort(values, n, sizeof *values, ascending);
  }
  rst_field_destroy(&unit);
  rst_field_destroy(&column);
  return status;
}

enum rst_status rst_spectrum_dense(struct rst_context *context, struct rst_flow *flow,
                                   const struct rst_field *u, double *values) {
  struct rst_free_hessian *hessian = NULL;
  void *memory = NULL;
  RST_TRY(rst_free_hessian_create(context, flow, u, &hessian));
  const size_t n = hessian->count;
  enum rst_status status = RST_OK;
  if (n > DENSE_POINTS) {
    status = rst_fail(context, RST_ERROR_ARGUMENT,
                      "the state has %zu free points, more than the %d that dense algebra takes; ask for the "
                      "extreme eigenvalues or the density instead",
                      n, DENSE_POINTS);
  }
  if (status == RST_OK) {
    status = rst_allocate(context, n * (n + 2), sizeof(double), &memory);
  }
  if (status == RST_OK) {
    status = find_all(context, hessian, memory, values);
  }
  free(memory);
  rst_free_hessian_destroy(&hessian);
  return status;
}
