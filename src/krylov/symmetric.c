/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/symmetric.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdbool.h>

enum { MOST = 32 }; /* rows of a matrix whose margin is asked for */

/* The exponent of two that brings the largest element near 1 where all are far from it; elsewhere 0, so that nothing is rounded. */
static int find_exponent(const double *elements, size_t count) {
  enum { FAR = 400 };
  double largest = 0.0;
  int exponent = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = fmax(largest, fabs(elements[i]));
  }
  if (isfinite(largest)) {
    (void)frexp(largest, &exponent);
  }
  return exponent < -FAR || exponent > FAR ? -exponent : 0;
}

static void scale(int exponent, double *values, size_t count) {
  for (size_t i = 0; exponent != 0 && i < count; ++i) {
    values[i] = ldexp(values[i], exponent);
  }
}

void rst_symmetric_eigenvalues(size_t n, double *matrix, double *values, double *work) {
  const int exponent = find_exponent(matrix, n * n);
  gsl_matrix_view of = gsl_matrix_view_array(matrix, n, n);
  gsl_vector_view found = gsl_vector_view_array(values, n);
  gsl_eigen_symm_workspace space = {.size = n, .d = work, .sd = work + n};
  scale(exponent, matrix, n * n);
  gsl_eigen_symm(&of.matrix, &found.vector, &space);
  scale(-exponent, values, n);
}

void rst_symmetric_eigenvectors(size_t n, double *matrix, double *values, double *vectors, double *work) {
  const int exponent = find_exponent(matrix, n * n);
  gsl_matrix_view of = gsl_matrix_view_array(matrix, n, n);
  gsl_vector_view found = gsl_vector_view_array(values, n);
  gsl_matrix_view columns = gsl_matrix_view_array(vectors, n, n);
  gsl_eigen_symmv_workspace space = {
      .size = n, .d = work, .sd = work + n, .gc = work + 2 * n, .gs = work + 3 * n};
  scale(exponent, matrix, n * n);
  gsl_eigen_symmv(&of.matrix, &found.vector, &columns.matrix, &space);
  scale(-exponent, values, n);
}

/* Whether sign (H - shift I) is positive definite, or semidefinite but for rounding. */
static bool is_definite(size_t n, const double *matrix, double sign, double shift) {
  double factor[MOST * MOST];
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k <= i; ++k) {
      double sum = sign * (matrix[i * n + k] - (i == k ? shift : 0.0));
      for (size_t m = 0; m < k; ++m) {
        sum -= factor[i * n + m] * factor[k * n + m];
      }
      if (i == k && !(sum > 0.0)) {
        return false;
      }
      factor[i * n + k] = i == k ? 1.0 / sqrt(sum) : sum * factor[k * n + k];
    }
  }
  return true;
}

static double frobenius_norm(size_t n, const double *matrix) {
  double square = 0.0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k <= i; ++k) {
      square += (i == k ? 1.0 : 2.0) * matrix[i * n + k] * matrix[i * n + k];
    }
  }
  return sqrt(square);
}

double rst_symmetric_margin(size_t n, const double *matrix, double lowest, double highest, double relative) {
  static const double parts[] = {0.75, 0.25, 1.0 / 16, 1.0 / 64, 1.0 / 256, 0.0};
  const double allowed = relative * frobenius_norm(n, matrix);
  double most = INFINITY;
  if (!isfinite(allowed)) {
    return NAN;
  }
  for (size_t i = 0; i < n; ++i) {
    const double value = matrix[i * n + i];
    most = fmin(most, fmin(value - lowest, highest - value) + allowed);
  }
  for (size_t p = 0; most > 0.0 && p < sizeof parts / sizeof *parts; ++p) {
    const double margin = parts[p] * most;
    if ((isinf(lowest) || is_definite(n, matrix, 1.0, lowest - allowed + margin)) &&
        (isinf(highest) || is_definite(n, matrix, -1.0, highest + allowed - margin))) {
      return margin;
    }
  }
  return -1.0;
}
