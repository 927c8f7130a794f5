/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "krylov/complementarity.h"
#include "krylov/symmetric.h"
#include "support.h"

/* The semidefinite complementarity problem: problems made from their solutions, the conditions of optimality, and a slow method
 * of another kind. */

enum { ROWS = RST_PACKED_MOST_ROWS, PACKED = RST_PACKED_MOST, PROBLEMS = 300 };

struct problem {
  size_t n, m;
  double a[PACKED], b[PACKED * PACKED];
  double x[PACKED], y[PACKED]; /* the solution it was made from */
};

static uint32_t state;

/* In [-1, 1): a linear congruential generator (Numerical Recipes). */
static double noise(void) {
  state = state * UINT32_C(1664525) + UINT32_C(1013904223);
  return (double)state / 2147483648.0 - 1.0;
}

static double dot(size_t m, const double *x, const double *y) {
  double sum = 0.0;
  for (size_t k = 0; k < m; ++k) {
    sum += x[k] * y[k];
  }
  return sum;
}

/* B = G'G of `rank` random rows. */
static void fill_b(struct problem *problem, size_t rank) {
  double g[PACKED][PACKED];
  for (size_t r = 0; r < rank; ++r) {
    for (size_t k = 0; k < problem->m; ++k) {
      g[r][k] = noise();
    }
  }
  for (size_t i = 0; i < problem->m; ++i) {
    for (size_t j = 0; j < problem->m; ++j) {
      double sum = 0.0;
      for (size_t r = 0; r < rank; ++r) {
        sum += g[r][i] * g[r][j];
      }
      problem->b[i * problem->m + j] = sum;
    }
  }
}

/* packed = Q diag(values) Q', Q a product of random rotations. */
static void rotate(size_t n, const double *values, const double *q, double *packed) {
  double full[ROWS * ROWS] = {0.0};
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t k = 0; k < n; ++k) {
        full[i * n + j] += q[i * n + k] * values[k] * q[j * n + k];
      }
    }
  }
  rst_packed_from(n, full, packed);
}

static void fill_q(size_t n, double *q) {
  double matrix[ROWS * ROWS];
  double values[ROWS];
  double work[4 * ROWS];
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      matrix[i * n + j] = matrix[j * n + i] = noise();
    }
  }
  rst_symmetric_eigenvectors(n, matrix, values, q, work);
}

/* X of rank r, Y of rank n - r, in a common basis, and A = Y - B[X]. */
static struct problem make_problem(size_t n, size_t r, size_t rank, double scale_a, double scale_b) {
  struct problem problem = {.n = n, .m = rst_packed_count(n)};
  double q[ROWS * ROWS];
  double x[ROWS] = {0.0};
  double y[ROWS] = {0.0};
  fill_q(n, q);
  for (size_t i = 0; i < n; ++i) {
    *(i < r ? &x[i] : &y[i]) = 0.05 + fabs(noise());
    x[i] *= scale_a / scale_b;
    y[i] *= scale_a;
  }
  rotate(n, x, q, problem.x);
  rotate(n, y, q, problem.y);
  fill_b(&problem, rank);
  for (size_t i = 0; i < problem.m * problem.m; ++i) {
    problem.b[i] *= scale_b;
  }
  for (size_t i = 0; i < problem.m; ++i) {
    problem.a[i] = problem.y[i] - dot(problem.m, problem.b + i * problem.m, problem.x);
  }
  return problem;
}

static double smallest(size_t n, const double *packed) {
  double full[ROWS * ROWS];
  double values[ROWS];
  double work[2 * ROWS];
  double least = INFINITY;
  rst_packed_to(n, packed, full);
  rst_symmetric_eigenvalues(n, full, values, work);
  for (size_t i = 0; i < n; ++i) {
    least = fmin(least, values[i]);
  }
  return least;
}

/* X >= 0, Y >= 0, tr(X Y) = 0. */
static void check_conditions(const struct problem *problem, const double *x, double scale_a, double scale_b) {
  double y[PACKED];
  for (size_t i = 0; i < problem->m; ++i) {
    y[i] = problem->a[i] + dot(problem->m, problem->b + i * problem->m, x);
  }
  ck_assert_double_ge(smallest(problem->n, x) * scale_b / scale_a, -1e-14);
  ck_assert_double_ge(smallest(problem->n, y) / scale_a, -1e-11);
  ck_assert_double_le(fabs(dot(problem->m, x, y)) * scale_b / (scale_a * scale_a), 1e-11);
}

START_TEST(solutions_are_found) {
  static const double scales[][2] = {{1.0, 1.0}, {1e-6, 1e9}, {1e5, 1e-8}};
  struct rst_context *context = rst_test_context();
  const size_t n = (size_t)_i;
  state = (uint32_t)_i;
  for (int p = 0; p < PROBLEMS; ++p) {
    const double *scale = scales[p % 3];
    const size_t r = (size_t)p % (n + 1);
    const struct problem problem = make_problem(n, r, PACKED, scale[0], scale[1]);
    double x[PACKED] = {NAN};
    RST_TEST_OK(context, rst_complementarity_solve(context, n, problem.a, problem.b, x));
    check_conditions(&problem, x, scale[0], scale[1]);
    for (size_t k = 0; k < problem.m; ++k) {
      ck_assert_double_eq_tol(x[k] * scale[1] / scale[0], problem.x[k] * scale[1] / scale[0], 1e-7);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* B that is only semidefinite: the solution is one of many, the conditions hold. */
START_TEST(semidefinite_problems_are_solved) {
  struct rst_context *context = rst_test_context();
  state = 5;
  for (int p = 0; p < PROBLEMS; ++p) {
    const size_t n = 2 + (size_t)p % 2;
    const struct problem problem = make_problem(n, 1 + (size_t)p % (n - 1), n, 1.0, 1.0);
    double x[PACKED] = {NAN};
    RST_TEST_OK(context, rst_complementarity_solve(context, n, problem.a, problem.b, x));
    check_conditions(&problem, x, 1.0, 1.0);
  }
  rst_context_destroy(&context);
}
END_TEST

/* The nearest positive semidefinite matrix. */
static void project(size_t n, double *packed) {
  double full[ROWS * ROWS];
  double values[ROWS];
  double vectors[ROWS * ROWS];
  double work[4 * ROWS];
  rst_packed_to(n, packed, full);
  rst_symmetric_eigenvectors(n, full, values, vectors, work);
  for (size_t i = 0; i < n; ++i) {
    values[i] = fmax(values[i], 0.0);
  }
  rotate(n, values, vectors, packed);
}

/* Against projected gradient descent on (1/2) <X, B[X]> + <A, X>, for random A, which nothing was made from. */
START_TEST(projected_descent_agrees) {
  struct rst_context *context = rst_test_context();
  state = (uint32_t)_i;
  for (int p = 0; p < 20; ++p) {
    struct problem problem = make_problem((size_t)_i, 0, PACKED, 1.0, 1.0);
    double x[PACKED] = {NAN};
    double slow[PACKED] = {0.0};
    double trace = 0.0;
    for (size_t i = 0; i < problem.m; ++i) {
      problem.a[i] = noise();
      problem.b[i * problem.m + i] += 0.2; /* so that descent ends soon */
      trace += problem.b[i * problem.m + i];
    }
    for (int step = 0; step < 4000; ++step) {
      double slope[PACKED];
      for (size_t i = 0; i < problem.m; ++i) {
        slope[i] = problem.a[i] + dot(problem.m, problem.b + i * problem.m, slow);
      }
      for (size_t i = 0; i < problem.m; ++i) {
        slow[i] -= slope[i] / trace;
      }
      project(problem.n, slow);
    }
    RST_TEST_OK(context, rst_complementarity_solve(context, problem.n, problem.a, problem.b, x));
    for (size_t i = 0; i < problem.m; ++i) {
      ck_assert_double_eq_tol(x[i], slow[i], 1e-9);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(one_row_is_the_formula) {
  struct rst_context *context = rst_test_context();
  double x = NAN;
  RST_TEST_OK(context, rst_complementarity_solve(context, 1, (double[]){-3.0}, (double[]){4.0}, &x));
  ck_assert_double_eq(x, 0.75);
  RST_TEST_OK(context, rst_complementarity_solve(context, 1, (double[]){3.0}, (double[]){4.0}, &x));
  ck_assert_double_eq(x, 0.0);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(problems_without_a_solution_are_told) {
  struct rst_context *context = rst_test_context();
  const double nothing[PACKED * PACKED] = {0.0};
  const double indefinite[] = {1.0, 0.0, 0.0, -1.0, 0.0, 1.0};
  const double broken[] = {1.0, (double)NAN, 0.0, 1.0, 0.0, 1.0};
  double x[PACKED] = {7.0};
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "1 rows has no solution",
                 rst_complementarity_solve(context, 1, (double[]){-3.0}, nothing, x));
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "3 rows has no solution",
                 rst_complementarity_solve(context, 3, indefinite, nothing, x));
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "no solution",
                 rst_complementarity_solve(context, 3, broken, nothing, x));
  /* Y_22 = -1 + 0 X_22 whatever X. */
  const double low[] = {0.0, 0.0, -1.0};
  const double flat[] = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0};
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "no solution",
                 rst_complementarity_solve(context, 2, low, flat, x));
  ck_assert_double_eq(x[0], 7.0);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("complementarity");
  TCase *tests = tcase_create("complementarity");
  tcase_add_loop_test(tests, solutions_are_found, 1, ROWS + 1);
  tcase_add_test(tests, semidefinite_problems_are_solved);
  tcase_add_loop_test(tests, projected_descent_agrees, 1, ROWS + 1);
  tcase_add_test(tests, one_row_is_the_formula);
  tcase_add_test(tests, problems_without_a_solution_are_told);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
