/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/phi.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/symmetric.h"

/** @file
 * Lanczos' method makes A V = V T + beta v_{m+1} e_m' with V orthonormal and T tridiagonal; then
 *
 *     t phi_k(-t A) v = |v| V t phi_k(-t T) e_1,   with the error about |v| beta s [t phi_{k+1}(-t T)]_{m1}
 *
 * (Saad, SIAM J. Numer. Anal. 29, 1992), s the time for which an error lasts: t, or 1/theta where the smallest Ritz value
 * theta is positive, by which it decays. The basis is kept orthogonal by two passes of Gram-Schmidt. For t to infinity and
 * A positive, t phi_1(-t A) v tends to A^-1 v.
 */

enum { BASIS = 48, BASIS_OF_LARGE = 24, LARGE = 1 << 17, FIRST_CHECKS = 4 };

struct rst_krylov {
  struct rst_context *context;
  rst_operator *apply;
  void *user;
  struct rst_field *basis[BASIS + 1]; /* made as they are needed */
  double diagonal[BASIS], beside[BASIS];
  double values[BASIS],
      vectors[BASIS * BASIS]; /* Ritz values, unordered; vector k in column k, [size][size] */
  double scale;               /* largest |A v| met for a unit v */
  double norm;                /* |v| */
  size_t size, capacity;
  bool whole; /* the space is invariant: it holds all powers of A on v */
  int products;
};

enum rst_status rst_krylov_create(struct rst_context *context, const struct rst_field *like,
                                  struct rst_krylov **krylov) {
  struct rst_krylov *made = NULL;
  *krylov = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  const size_t count = rst_field_count(like);
  const size_t most = count >= LARGE ? BASIS_OF_LARGE : BASIS;
  made->capacity = count < most ? count : most;
  const enum rst_status status = rst_field_create_like(context, like, &made->basis[0]);
  if (status != RST_OK) {
    rst_krylov_destroy(&made);
    return status;
  }
  *krylov = made;
  return RST_OK;
}

void rst_krylov_destroy(struct rst_krylov **krylov) {
  if (*krylov) {
    for (size_t i = 0; i <= BASIS; ++i) {
      rst_field_destroy(&(*krylov)->basis[i]);
    }
    free(*krylov);
    *krylov = NULL;
  }
}

void rst_krylov_begin(struct rst_krylov *krylov, rst_operator *apply, void *user, const struct rst_field *v) {
  krylov->apply = apply;
  krylov->user = user;
  krylov->norm = rst_field_norm(v);
  krylov->size = 0;
  krylov->scale = 0.0;
  krylov->whole = krylov->norm == 0.0;
  rst_field_copy(v, krylov->basis[0]);
  if (!krylov->whole) {
    rst_field_scale(1.0 / krylov->norm, krylov->basis[0]);
  }
}

/* One more column of T, one more vector. */
static enum rst_status extend(struct rst_krylov *krylov) {
  const double negligible = 1e-14;
  const size_t m = krylov->size;
  RST_TRY(rst_go_on(krylov->context));
  if (!krylov->basis[m + 1]) {
    RST_TRY(rst_field_create_like(krylov->context, krylov->basis[0], &krylov->basis[m + 1]));
  }
  struct rst_field *next = krylov->basis[m + 1];
  krylov->apply(krylov->user, krylov->basis[m], next);
  ++krylov->products;
  const double length = rst_field_norm(next);
  RST_REQUIRE(krylov->context, isfinite(length), RST_ERROR_NUMERIC,
              "the operator gave a vector of norm %g for a unit vector; no function of it is known where it "
              "overflows",
              length);
  krylov->scale = fmax(krylov->scale, length);
  krylov->diagonal[m] = rst_field_dot(krylov->basis[m], next);
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t i = m + 1; i-- > 0;) {
      rst_field_axpy(-rst_field_dot(krylov->basis[i], next), krylov->basis[i], next);
    }
  }
  krylov->beside[m] = rst_field_norm(next);
  krylov->size = m + 1;
  krylov->whole = krylov->beside[m] <= negligible * krylov->scale || krylov->size == rst_field_count(next);
  if (!krylov->whole) {
    rst_field_scale(1.0 / krylov->beside[m], next);
  }
  return RST_OK;
}

/* Eigenpairs of T. */
static void decompose(struct rst_krylov *krylov) {
  const size_t m = krylov->size;
  double matrix[BASIS * BASIS];
  double work[4 * BASIS];
  memset(matrix, 0, m * m * sizeof *matrix);
  for (size_t i = 0; i < m; ++i) {
    matrix[i * m + i] = krylov->diagonal[i];
    if (i > 0) {
      matrix[i * m + i - 1] = matrix[(i - 1) * m + i] = krylov->beside[i - 1];
    }
  }
  rst_symmetric_eigenvectors(m, matrix, krylov->values, krylov->vectors, work);
}

double rst_phi(int k, double z) {
  double factorial = 1.0;
  for (int i = 2; i <= k; ++i) {
    factorial *= i;
  }
  if (fabs(z) < 1.0) {
    double term = 1.0 / factorial;
    double sum = 0.0;
    for (int i = 1; sum + term != sum; ++i) {
      sum += term;
      term *= z / (k + i);
    }
    return sum;
  }
  double phi = exp(z);
  double reciprocal = 1.0; /* 1/i! */
  for (int i = 0; i < k; ++i) {
    phi = (phi - reciprocal) / z;
    reciprocal /= i + 1;
  }
  return phi;
}

/* Entry `row` of t phi_k(-t T) e_1. */
static double entry(const struct rst_krylov *krylov, int k, double t, size_t row) {
  const size_t m = krylov->size;
  double sum = 0.0;
  for (size_t i = 0; i < m; ++i) {
    sum += krylov->vectors[row * m + i] * krylov->vectors[i] * rst_phi(k, -t * krylov->values[i]);
  }
  return t * sum;
}

void rst_krylov_ritz(const struct rst_krylov *krylov, double *smallest, double *largest) {
  *smallest = INFINITY;
  *largest = -INFINITY;
  for (size_t i = 0; i < krylov->size; ++i) {
    *smallest = fmin(*smallest, krylov->values[i]);
    *largest = fmax(*largest, krylov->values[i]);
  }
}

int rst_krylov_products(const struct rst_krylov *krylov) {
  return krylov->products;
}

/* t, no longer than is of use. */
static double bounded(const struct rst_krylov *krylov, double t) {
  const double most_growth = 10.0;
  const double most_decay = 1e6;
  double smallest = 0.0;
  double largest = 0.0;
  rst_krylov_ritz(krylov, &smallest, &largest);
  return smallest < 0 ? fmin(t, most_growth / -smallest) : fmin(t, most_decay / smallest);
}

static bool is_accurate(const struct rst_krylov *krylov, int order, double tolerance, double t) {
  double smallest = 0.0;
  double largest = 0.0;
  double square = 0.0;
  if (krylov->whole) {
    return true;
  }
  rst_krylov_ritz(krylov, &smallest, &largest);
  for (size_t i = 0; i < krylov->size; ++i) {
    square += pow(entry(krylov, order, t, i), 2);
  }
  const double lasts = smallest > 0 ? fmin(t, 1 / smallest) : t;
  const double error =
      krylov->beside[krylov->size - 1] * lasts * fabs(entry(krylov, order + 1, t, krylov->size - 1));
  return error <= tolerance * sqrt(square);
}

/* After the first ones it is checked less and less often. */
static bool is_time_to_check(const struct rst_krylov *krylov) {
  const size_t m = krylov->size;
  return krylov->whole || m <= FIRST_CHECKS || m == krylov->capacity || m % (m < 16 ? 2 : 8) == 0;
}

enum rst_status rst_krylov_phi(struct rst_krylov *krylov, int order, double tolerance, double *t,
                               struct rst_field *result) {
  rst_field_fill(0.0, result);
  if (krylov->norm == 0.0) {
    return RST_OK;
  }
  double reached = *t;
  bool accurate = false;
  if (krylov->size > 0) {
    reached = bounded(krylov, *t);
    accurate = is_accurate(krylov, order, tolerance, reached);
  }
  while (!accurate && !krylov->whole && krylov->size < krylov->capacity) {
    RST_TRY(extend(krylov));
    if (is_time_to_check(krylov)) {
      decompose(krylov);
      reached = bounded(krylov, *t);
      accurate = is_accurate(krylov, order, tolerance, reached);
    }
  }
  for (int halvings = 0; halvings < 200 && !is_accurate(krylov, order, tolerance, reached); ++halvings) {
    reached /= 2;
  }
  *t = reached;
  for (size_t i = 0; i < krylov->size; ++i) {
    rst_field_axpy(krylov->norm * entry(krylov, order, reached, i), krylov->basis[i], result);
  }
  return RST_OK;
}
