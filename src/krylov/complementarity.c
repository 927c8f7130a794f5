/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/complementarity.h"

#include <float.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/core.h"
#include "krylov/symmetric.h"

/** @file
 * For n = 1, X = max(0, -A/B). For more rows an interior-point method for the monotone problem (Kojima, Shindoh, Hara, SIAM J.
 * Optim. 7, 1997): Newton's method on
 *
 *     Y = A + B[X],   (X Y + Y X)/2 = mu I
 *
 * with the symmetrised product of Alizadeh, Haeberly and Overton (SIAM J. Optim. 8, 1998), which stays regular at a solution
 * where X + Y > 0, X and Y kept definite, while mu falls to nothing. The problem is scaled to A and B of norm 1 before.
 */

enum { ROWS = RST_PACKED_MOST_ROWS, PACKED = RST_PACKED_MOST, MOST_ITERATIONS = 200 };

size_t rst_packed_count(size_t n) {
  return n * (n + 1) / 2;
}

void rst_packed_place(size_t n, size_t index, size_t *row, size_t *column) {
  size_t i = 0;
  while (index >= n - i) {
    index -= n - i;
    ++i;
  }
  *row = i;
  *column = i + index;
}

void rst_packed_from(size_t n, const double *full, double *packed) {
  for (size_t k = 0; k < rst_packed_count(n); ++k) {
    size_t i = 0;
    size_t j = 0;
    rst_packed_place(n, k, &i, &j);
    packed[k] = full[i * n + j] * (i == j ? 1.0 : sqrt(2.0));
  }
}

void rst_packed_to(size_t n, const double *packed, double *full) {
  for (size_t k = 0; k < rst_packed_count(n); ++k) {
    size_t i = 0;
    size_t j = 0;
    rst_packed_place(n, k, &i, &j);
    full[i * n + j] = full[j * n + i] = packed[k] / (i == j ? 1.0 : sqrt(2.0));
  }
}

static double dot(size_t m, const double *x, const double *y) {
  double sum = 0.0;
  for (size_t k = 0; k < m; ++k) {
    sum += x[k] * y[k];
  }
  return sum;
}

static double smallest_eigenvalue(size_t n, const double *packed) {
  double full[ROWS * ROWS];
  double values[ROWS];
  double work[2 * ROWS];
  double smallest = INFINITY;
  rst_packed_to(n, packed, full);
  rst_symmetric_eigenvalues(n, full, values, work);
  for (size_t i = 0; i < n; ++i) {
    smallest = fmin(smallest, values[i]);
  }
  return smallest;
}

/* The packed (P Q + Q P)/2. */
static void multiply(size_t n, const double *p, const double *q, double *product) {
  double left[ROWS * ROWS];
  double right[ROWS * ROWS];
  double sum[ROWS * ROWS] = {0.0};
  rst_packed_to(n, p, left);
  rst_packed_to(n, q, right);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t k = 0; k < n; ++k) {
        sum[i * n + j] += 0.5 * (left[i * n + k] * right[k * n + j] + right[i * n + k] * left[k * n + j]);
      }
    }
  }
  rst_packed_from(n, sum, product);
}

/* An iterate, and the problem that it belongs to, scaled. */
struct point {
  size_t n, m;
  const double *a, *b;
  double x[PACKED], y[PACKED];
};

/* matrix = that of the symmetrised product with p. */
static void product_matrix(size_t n, const double *p, double *matrix) {
  const size_t m = rst_packed_count(n);
  for (size_t k = 0; k < m; ++k) {
    double unit[PACKED] = {0.0};
    double column[PACKED];
    unit[k] = 1.0;
    multiply(n, p, unit, column);
    for (size_t i = 0; i < m; ++i) {
      matrix[i * m + k] = column[i];
    }
  }
}

/* x of matrix x = right, by QR; destroys both. */
static void solve_linear(size_t m, double *matrix, double *right) {
  double scales[PACKED];
  gsl_matrix_view of = gsl_matrix_view_array(matrix, m, m);
  gsl_vector_view tau = gsl_vector_view_array(scales, m);
  gsl_vector_view x = gsl_vector_view_array(right, m);
  gsl_linalg_QR_decomp(&of.matrix, &tau.vector);
  gsl_linalg_QR_svx(&of.matrix, &tau.vector, &x.vector);
}

/* defect = A + B[X] - Y. */
static void find_defect(const struct point *point, double *defect) {
  for (size_t i = 0; i < point->m; ++i) {
    defect[i] = point->a[i] + dot(point->m, point->b + i * point->m, point->x) - point->y[i];
  }
}

/* Newton's step towards the centre of that mu: with E, F the products with Y and X,
 * dY = defect + B[dX],  (E + F B) dX = mu I - (X Y + Y X)/2 - F defect. */
static void find_direction(const struct point *point, double mu, double *dx, double *dy) {
  const size_t m = point->m;
  double of_x[PACKED * PACKED];
  double of_y[PACKED * PACKED];
  double defect[PACKED];
  double product[PACKED];
  product_matrix(point->n, point->x, of_x);
  product_matrix(point->n, point->y, of_y);
  multiply(point->n, point->x, point->y, product);
  find_defect(point, defect);
  for (size_t i = 0; i < m; ++i) {
    size_t row = 0;
    size_t column = 0;
    rst_packed_place(point->n, i, &row, &column);
    dx[i] = (row == column ? mu : 0.0) - product[i] - dot(m, of_x + i * m, defect);
    for (size_t j = 0; j < m; ++j) {
      for (size_t k = 0; k < m; ++k) {
        of_y[i * m + j] += of_x[i * m + k] * point->b[k * m + j];
      }
    }
  }
  solve_linear(m, of_y, dx);
  for (size_t i = 0; i < m; ++i) {
    dy[i] = defect[i] + dot(m, point->b + i * m, dx);
  }
}

/* to = from + length times direction; whether it is definite. */
static bool move(size_t n, const double *from, double length, const double *direction, double *to) {
  for (size_t k = 0; k < rst_packed_count(n); ++k) {
    to[k] = from[k] + length * direction[k];
  }
  return smallest_eigenvalue(n, to) > 0.0;
}

/* The longest of some fractions of the step that stays inside, and nine tenths of that unless it is all. */
static double advance(struct point *point, const double *dx, const double *dy) {
  const double shortest = 1e-10;
  struct point next = *point;
  double length = 1.0;
  while (length > shortest &&
         !(move(point->n, point->x, length, dx, next.x) && move(point->n, point->y, length, dy, next.y))) {
    length *= 0.8;
  }
  length *= length < 1.0 ? 0.9 : 1.0;
  (void)move(point->n, point->x, length, dx, next.x);
  (void)move(point->n, point->y, length, dy, next.y);
  *point = next;
  return length;
}

static double largest(size_t m, const double *values) {
  double most = 0.0;
  for (size_t k = 0; k < m; ++k) {
    most = isnan(values[k]) ? (double)INFINITY : fmax(most, fabs(values[k]));
  }
  return most;
}

/* Of the scaled problem, from X = Y = start I. */
static bool iterate(size_t n, const double *a, const double *b, double start, double *x) {
  const double tolerance = 1e-13;
  struct point point = {.n = n, .m = rst_packed_count(n), .a = a, .b = b};
  for (size_t i = 0; i < n; ++i) {
    point.x[i * n - i * (i - 1) / 2] = point.y[i * n - i * (i - 1) / 2] = start;
  }
  for (int iteration = 0; iteration < MOST_ITERATIONS; ++iteration) {
    double dx[PACKED];
    double dy[PACKED];
    double defect[PACKED];
    const double gap = dot(point.m, point.x, point.y);
    find_defect(&point, defect);
    const double size = fmax(1.0, largest(point.m, point.x));
    if (gap <= tolerance && largest(point.m, defect) <= tolerance * size) {
      memcpy(x, point.x, point.m * sizeof *x);
      return true;
    }
    find_direction(&point, 0.1 * gap / (double)n, dx, dy);
    if (!isfinite(largest(point.m, dx)) || !isfinite(largest(point.m, dy)) ||
        !(advance(&point, dx, dy) > 1e-9)) {
      return false;
    }
  }
  return false;
}

/* Starts beyond the solution are safe, nearer ones arrive sooner and more exactly. */
static bool solve(size_t n, const double *a, const double *b, double *x) {
  static const double starts[] = {1.0, 1e2, 1e4, 1e-2};
  bool done = false;
  for (size_t i = 0; !done && i < sizeof starts / sizeof *starts; ++i) {
    done = iterate(n, a, b, starts[i], x);
  }
  return done;
}

enum rst_status rst_complementarity_solve(struct rst_context *context, size_t n, const double *a,
                                          const double *b, double *x) {
  const size_t m = rst_packed_count(n);
  const double a_size = largest(m, a);
  const double b_size = largest(m * m, b);
  double scaled_a[PACKED];
  double scaled_b[PACKED * PACKED];
  double scaled_x[PACKED] = {0.0};
  bool done = isfinite(a_size) && isfinite(b_size);
  if (done && smallest_eigenvalue(n, a) < 0.0) {
    const double size = fmax(a_size, DBL_MIN) / fmax(b_size, DBL_MIN);
    for (size_t i = 0; i < m; ++i) {
      scaled_a[i] = a[i] / a_size;
    }
    for (size_t i = 0; i < m * m; ++i) {
      scaled_b[i] = b[i] / b_size;
    }
    scaled_x[0] = n == 1 ? 1.0 : 0.0;
    done = b_size > 0.0 && (n == 1 ? b[0] > 0.0 : solve(n, scaled_a, scaled_b, scaled_x));
    for (size_t i = 0; i < m; ++i) {
      scaled_x[i] *= size;
    }
  }
  RST_REQUIRE(context, done, RST_ERROR_NUMERIC,
              "the complementarity problem of %zu rows has no solution, or none that could be found", n);
  memcpy(x, scaled_x, m * sizeof *x);
  return RST_OK;
}
