/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/symmetric.h"

#include <gsl/gsl_eigen.h>
#include <math.h>

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
