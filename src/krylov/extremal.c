/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/extremal.h"

#include <float.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/symmetric.h"

/** @file
 * Lanczos' method with thick restarts (Wu and Simon, SIAM J. Matrix Anal. Appl. 22, 2000), written as
 * Rayleigh-Ritz on an orthonormal basis V that each step extends by the residual of a Ritz pair:
 *
 *     (V^T A V) y = theta y,   x = V y,   r = A x - theta x,   V <- [V, r/|r|]
 *
 * From one start vector the leading pair's residuals span the Krylov space; besides, the residual is known at
 * every step without a product, and a start of two vectors needs no block form. The basis is kept orthogonal
 * by two passes of Gram-Schmidt. Nothing is hidden between calls: equal input gives equal bits.
 *
 * A small residual proves that an eigenvalue is near, not that it is the extreme one. If symmetry makes the
 * old eigenvector an exact one for ever (a checkerboard image does), no Krylov space that starts there can
 * notice that another eigenvalue has overtaken it; and where the tolerance is wider than the spectrum, every
 * vector passes. So a fixed pseudo-random vector joins the basis, and once the leading pair has converged the
 * runner-up's residual is followed for GUARD_STEPS steps.
 */

enum {
  BASIS = 64,          /* most basis vectors; made as they are needed */
  BASIS_OF_LARGE = 24, /* for fields of LARGE points and more, to bound the memory */
  LARGE = 1 << 17,
  GUARD_STEPS = 3,
  MAX_PRODUCTS = 20000,
  MAX_ROUNDS = 4
};

struct lanczos {
  struct rst_context *context;
  rst_operator *apply;
  void *user;
  double sign;                   /* +1 or -1: the largest eigenvalue of sign A is sought */
  double tolerance;              /* relative */
  double scale;                  /* largest |A v| met for a unit v */
  struct rst_field *v, *product; /* what A is applied to, in the vector's precision */
  /* All in double. The row after the last basis vector holds the next candidate. */
  struct rst_field *basis[BASIS + 1];
  struct rst_field *images[BASIS]; /* sign A basis */
  struct rst_field *scratch;
  size_t size, capacity;          /* basis vectors now and at most */
  double projected[BASIS][BASIS]; /* basis^T images */
  double values[BASIS];           /* Ritz values, descending */
  double vectors[BASIS * BASIS];  /* [size][size], Ritz vector k in column k */
  int products;
};

static enum rst_status ensure(struct lanczos *lanczos, struct rst_field **field) {
  return *field ? RST_OK
                : rst_field_create(lanczos->context, RST_PRECISION_DOUBLE, lanczos->v->ny, lanczos->v->nx,
                                   field);
}

/* product = A v, for x of unit norm rounded to v. */
static enum rst_status multiply(struct lanczos *lanczos, const struct rst_field *x) {
  RST_TRY(rst_go_on(lanczos->context));
  rst_field_copy(x, lanczos->v);
  lanczos->apply(lanczos->user, lanczos->v, lanczos->product);
  ++lanczos->products;
  const double norm = rst_field_norm(lanczos->product);
  RST_REQUIRE(
      lanczos->context, isfinite(norm), RST_ERROR_NUMERIC,
      "the operator gave a vector of norm %g for a unit vector; no eigenvalue can be found at a state "
      "where it overflows",
      norm);
  lanczos->scale = fmax(lanczos->scale, norm);
  return RST_OK;
}

/* Orthonormalise the candidate, multiply it and take it into the basis, unless it lies in the basis' span. */
static enum rst_status extend(struct lanczos *lanczos, bool *extended) {
  const double dependent = 1e-8;
  const size_t size = lanczos->size;
  struct rst_field *candidate = lanczos->basis[size];
  *extended = false;
  const double length = rst_field_norm(candidate);
  if (size == lanczos->capacity || length == 0.0) {
    return RST_OK;
  }
  rst_field_scale(1.0 / length, candidate);
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t i = 0; i < size; ++i) {
      rst_field_axpy(-rst_field_dot(lanczos->basis[i], candidate), lanczos->basis[i], candidate);
    }
  }
  const double remaining = rst_field_norm(candidate);
  if (!(remaining > dependent)) {
    return RST_OK;
  }
  rst_field_scale(1.0 / remaining, candidate);
  RST_TRY(ensure(lanczos, &lanczos->images[size]));
  RST_TRY(ensure(lanczos, &lanczos->basis[size + 1]));
  RST_TRY(multiply(lanczos, candidate));
  rst_field_copy(lanczos->product, lanczos->images[size]);
  rst_field_scale(lanczos->sign, lanczos->images[size]);
  for (size_t i = 0; i <= size; ++i) {
    const double entry = rst_field_dot(lanczos->basis[i], lanczos->images[size]);
    lanczos->projected[i][size] = entry;
    lanczos->projected[size][i] = entry;
  }
  ++lanczos->size;
  *extended = true;
  return RST_OK;
}

/* Eigenpairs of the projected operator. */
static void rayleigh_ritz(struct lanczos *lanczos) {
  const size_t m = lanczos->size;
  double matrix[BASIS * BASIS];
  double work[4 * BASIS];
  for (size_t i = 0; i < m; ++i) {
    memcpy(matrix + i * m, lanczos->projected[i], m * sizeof *matrix);
  }
  gsl_vector_view values = gsl_vector_view_array(lanczos->values, m);
  gsl_matrix_view vectors = gsl_matrix_view_array(lanczos->vectors, m, m);
  rst_symmetric_eigenvectors(m, matrix, lanczos->values, lanczos->vectors, work);
  gsl_eigen_symmv_sort(&values.vector, &vectors.matrix, GSL_EIGEN_SORT_VAL_DESC);
}

static double ritz_component(const struct lanczos *lanczos, size_t i, size_t k) {
  return lanczos->vectors[i * lanczos->size + k];
}

/* candidate = residual of Ritz pair k; returns its norm. */
static double residual(struct lanczos *lanczos, size_t k) {
  struct rst_field *candidate = lanczos->basis[lanczos->size];
  rst_field_fill(0.0, candidate);
  for (size_t i = 0; i < lanczos->size; ++i) {
    const double y = ritz_component(lanczos, i, k);
    rst_field_axpy(y, lanczos->images[i], candidate);
    rst_field_axpy(-lanczos->values[k] * y, lanczos->basis[i], candidate);
  }
  return rst_field_norm(candidate);
}

/* rows = their `kept` leading Ritz combinations, in place. */
static void combine(const struct lanczos *lanczos, size_t kept, struct rst_field *const *rows) {
  const size_t count = rst_field_count(rows[0]);
  for (size_t x = 0; x < count; ++x) {
    double old[BASIS];
    for (size_t i = 0; i < lanczos->size; ++i) {
      old[i] = ((const double *)rows[i]->data)[x];
    }
    for (size_t k = 0; k < kept; ++k) {
      double sum = 0.0;
      for (size_t i = 0; i < lanczos->size; ++i) {
        sum += ritz_component(lanczos, i, k) * old[i];
      }
      ((double *)rows[k]->data)[x] = sum;
    }
  }
}

/* Keep the leading third of the Ritz vectors, and the candidate. */
static void restart(struct lanczos *lanczos) {
  const size_t kept = lanczos->size / 3;
  combine(lanczos, kept, lanczos->basis);
  combine(lanczos, kept, lanczos->images);
  memset(lanczos->projected, 0, sizeof lanczos->projected);
  for (size_t k = 0; k < kept; ++k) {
    lanczos->projected[k][k] = lanczos->values[k];
  }
  struct rst_field *candidate = lanczos->basis[lanczos->size];
  lanczos->basis[lanczos->size] = lanczos->basis[kept];
  lanczos->basis[kept] = candidate;
  lanczos->size = kept;
}

/* Residual that is asked for; no product is more accurate than its rounding errors, though. */
static double limit(const struct lanczos *lanczos, double value) {
  const double epsilon = lanczos->v->precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  const double rounding = RST_EXTREMAL_ROUNDING * epsilon * lanczos->scale;
  return fmax(fmax(lanczos->tolerance * fabs(value), rounding), DBL_MIN);
}

/* Extend the basis until the leading Ritz pair has converged and `guard` steps more, along the runner-up
 * where there is one, have not displaced it. */
static enum rst_status converge(struct lanczos *lanczos, int guard) {
  const double margin = 0.5; /* the final check meets rounding errors that the recurrence does not see */
  for (;;) {
    rayleigh_ritz(lanczos);
    if (residual(lanczos, 0) <= margin * limit(lanczos, lanczos->values[0])) {
      if (guard-- == 0) {
        return RST_OK;
      }
      if (lanczos->size > 1) {
        (void)residual(lanczos, 1);
      }
    }
    if (lanczos->size == lanczos->capacity && lanczos->capacity < rst_field_count(lanczos->v)) {
      restart(lanczos);
    }
    bool extended = false;
    RST_TRY(extend(lanczos, &extended));
    if (!extended || lanczos->products >= MAX_PRODUCTS) {
      return RST_OK; /* the final check decides */
    }
  }
}

/* One more product with the leading Ritz vector, which is left in v and, rounded alike, as the candidate. */
static enum rst_status verify(struct lanczos *lanczos, struct rst_eigenpair *result) {
  struct rst_field *x = lanczos->basis[lanczos->size];
  rst_field_fill(0.0, x);
  for (size_t i = 0; i < lanczos->size; ++i) {
    rst_field_axpy(ritz_component(lanczos, i, 0), lanczos->basis[i], x);
  }
  rst_field_scale(1.0 / rst_field_norm(x), x);
  RST_TRY(multiply(lanczos, x));
  rst_field_copy(lanczos->v, x);
  rst_field_copy(lanczos->product, lanczos->scratch);
  result->value = rst_field_dot(x, lanczos->scratch) / rst_field_dot(x, x);
  rst_field_axpy(-result->value, x, lanczos->scratch);
  result->residual = rst_field_norm(lanczos->scratch);
  result->products = lanczos->products;
  return RST_OK;
}

/* The same numbers on every machine: splitmix64 (Steele, Lea, Flood 2014), mapped to [-1, 1). */
static void fill_start(struct rst_field *v) {
  uint64_t state = 0;
  double *values = v->data;
  for (size_t i = 0; i < rst_field_count(v); ++i) {
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    values[i] = (double)(bits >> 11) * 0x1p-52 - 1.0;
  }
}

static enum rst_status solve(struct lanczos *lanczos, const struct rst_field *start,
                             struct rst_eigenpair *result) {
  RST_TRY(ensure(lanczos, &lanczos->scratch));
  RST_TRY(ensure(lanczos, &lanczos->basis[0]));
  bool extended = false;
  rst_field_copy(start, lanczos->basis[0]);
  RST_TRY(extend(lanczos, &extended));
  fill_start(lanczos->basis[lanczos->size]);
  RST_TRY(extend(lanczos, &extended));
  int guard = GUARD_STEPS;
  for (int round = 0; round < MAX_ROUNDS && lanczos->products < MAX_PRODUCTS; ++round) {
    RST_TRY(converge(lanczos, guard));
    RST_TRY(verify(lanczos, result));
    if (result->residual <= limit(lanczos, result->value)) {
      return RST_OK;
    }
    /* Rounding errors have gathered in the images: begin anew from what was found. */
    struct rst_field *found = lanczos->basis[lanczos->size];
    lanczos->basis[lanczos->size] = lanczos->basis[0];
    lanczos->basis[0] = found;
    lanczos->size = 0;
    guard = 0;
    RST_TRY(extend(lanczos, &extended));
  }
  return rst_fail(lanczos->context, RST_ERROR_NUMERIC,
                  "the %s eigenvalue, about %g, did not converge: residual %g after %d products; loosen its "
                  "relative tolerance of %g",
                  lanczos->sign > 0.0 ? "largest" : "smallest", result->value, result->residual,
                  lanczos->products, lanczos->tolerance);
}

static void release(struct lanczos *lanczos) {
  for (size_t i = 0; i < BASIS; ++i) {
    rst_field_destroy(&lanczos->basis[i]);
    rst_field_destroy(&lanczos->images[i]);
  }
  rst_field_destroy(&lanczos->basis[BASIS]);
  rst_field_destroy(&lanczos->scratch);
  rst_field_destroy(&lanczos->product);
  rst_field_destroy(&lanczos->v);
}

/* vector = v with its largest component positive. */
static void deliver(const struct rst_field *v, struct rst_field *vector) {
  double largest = 0.0;
  for (size_t y = 0; y < v->ny; ++y) {
    for (size_t x = 0; x < v->nx; ++x) {
      const double value = rst_field_get(v, y, x);
      largest = fabs(value) > fabs(largest) ? value : largest;
    }
  }
  rst_field_copy(v, vector);
  if (largest < 0.0) {
    rst_field_scale(-1.0, vector);
  }
}

enum rst_status rst_extremal_eigenpair(struct rst_context *context, rst_operator *apply, void *user,
                                       enum rst_spectrum_end which, double tolerance,
                                       struct rst_field *vector, struct rst_eigenpair *result) {
  RST_REQUIRE(context, tolerance > 0.0 && isfinite(tolerance), RST_ERROR_ARGUMENT,
              "the eigenvalue's tolerance is %g; it must be positive and finite", tolerance);
  RST_REQUIRE(context, rst_field_is_finite(vector), RST_ERROR_ARGUMENT,
              "the start vector is not finite; zero it for a cold start");
  const size_t count = rst_field_count(vector);
  const size_t most = count < LARGE ? BASIS : BASIS_OF_LARGE;
  struct lanczos lanczos = {
      .context = context,
      .apply = apply,
      .user = user,
      .sign = which == RST_SPECTRUM_LARGEST ? 1.0 : -1.0,
      .tolerance = tolerance,
      .capacity = count < most ? count : most,
  };
  struct rst_eigenpair found = {0};
  enum rst_status status = rst_field_create_like(context, vector, &lanczos.v);
  if (status == RST_OK) {
    status = rst_field_create_like(context, vector, &lanczos.product);
  }
  if (status == RST_OK) {
    status = solve(&lanczos, vector, &found);
  }
  if (status == RST_OK) {
    deliver(lanczos.v, vector);
    *result = found;
  }
  release(&lanczos);
  return status;
}
