/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/symmetric.h"
#include "restrain/langevin.h"

/* V' m V, or V m V' to go back; [n][n] each. */
static void transform(size_t n, const double *vectors, bool back, const double *m, double *half,
                      double *result) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      half[i * n + j] = 0.0;
      for (size_t k = 0; k < n; ++k) {
        half[i * n + j] += (back ? vectors[i * n + k] : vectors[k * n + i]) * m[k * n + j];
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      result[i * n + j] = 0.0;
      for (size_t k = 0; k < n; ++k) {
        result[i * n + j] += half[i * n + k] * (back ? vectors[j * n + k] : vectors[k * n + j]);
      }
    }
  }
}

/* U = (D + Q)^{-1} A, one column after the other; sum is destroyed. */
static enum rst_status solve(struct rst_context *context, size_t n, const double *a, double *sum,
                             size_t *places, double *u) {
  gsl_matrix_view of = gsl_matrix_view_array(sum, n, n);
  gsl_permutation permutation = {n, places};
  int sign = 0;
  RST_REQUIRE(context, gsl_linalg_LU_decomp(&of.matrix, &permutation, &sign) == 0, RST_ERROR_NUMERIC,
              "the diffusion could not be factored");
  for (size_t i = 0; i < n; ++i) {
    RST_REQUIRE(context, sum[i * n + i] != 0.0, RST_ERROR_NUMERIC,
                "the diffusion has a direction without noise, so that there is no stationary density");
  }
  for (size_t j = 0; j < n; ++j) {
    gsl_vector_const_view right = gsl_vector_const_view_array_with_stride(a + j, n, n);
    gsl_vector_view column = gsl_vector_view_array_with_stride(u + j, n, n);
    gsl_linalg_LU_solve(&of.matrix, &permutation, &right.vector, &column.vector);
  }
  return RST_OK;
}

/* In work: [n][n] of a copy, of eigenvectors and of a product, then [n] eigenvalues and [4 n]. */
static enum rst_status find(struct rst_context *context, size_t n, const double *a, const double *d,
                            double *work, size_t *places, double *q, double *u) {
  double *copy = work;
  double *vectors = copy + n * n;
  double *half = vectors + n * n;
  double *values = half + n * n;
  memcpy(copy, a, n * n * sizeof *a);
  rst_symmetric_eigenvectors(n, copy, values, vectors, values + n);
  for (size_t i = 0; i < n; ++i) {
    RST_REQUIRE(context, values[i] > 0.0, RST_ERROR_NUMERIC,
                "the drift has the eigenvalue %g; there is a stationary density only where all are positive",
                values[i]);
  }
  transform(n, vectors, false, d, half, copy);
  for (size_t i = 0; i < n * n; ++i) {
    copy[i] *= (values[i / n] - values[i % n]) / (values[i / n] + values[i % n]);
  }
  transform(n, vectors, true, copy, half, q);
  for (size_t i = 0; i < n * n; ++i) {
    copy[i] = d[i] + q[i];
  }
  return solve(context, n, a, copy, places, u);
}

enum rst_status rst_probability_current_find(struct rst_context *context, size_t n, const double *a,
                                             const double *d, double *q, double *u) {
  enum { MATRICES = 3, VECTORS = 5 };
  RST_SCOPED double *work = NULL;
  RST_SCOPED size_t *places = NULL;
  RST_REQUIRE(context, n > 0, RST_ERROR_ARGUMENT, "there is no probability current in no dimension");
  RST_TRY(RST_NEW(context, MATRICES * n * n + VECTORS * n, &work));
  RST_TRY(RST_NEW(context, n, &places));
  return find(context, n, a, d, work, places, q, u);
}
