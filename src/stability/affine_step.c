/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/affine_step.h"

#include <gsl/gsl_linalg.h>
#include <math.h>

#include "core/core.h"

static struct rst_affine_step step_euler(const struct rst_scheme_parameters *p, double m) {
  return (struct rst_affine_step){.a = {1.0 - p->lr * (m + p->weight_decay)}, .b = {-p->lr}};
}

static struct rst_affine_step step_imex(const struct rst_scheme_parameters *p, double m) {
  const double implicit = 1.0 + p->lr * p->weight_decay;
  return (struct rst_affine_step){.a = {(1.0 - p->lr * m) / implicit}, .b = {-p->lr / implicit}};
}

/* v' = mu v + g, then u' = d u - lr (v' or, looking ahead, g + mu v'). */
static struct rst_affine_step step_momentum(const struct rst_scheme_parameters *p, double m, bool ahead) {
  const double mu = p->momentum;
  const bool coupled = p->decay == RST_DECAY_COUPLED;
  const double h = m + (coupled ? p->weight_decay : 0.0);
  const double d = coupled ? 1.0 : 1.0 - p->lr * p->weight_decay;
  const double of_slope = ahead ? 1.0 + mu : 1.0;
  const double of_buffer = ahead ? mu * mu : mu;
  return (struct rst_affine_step){.a = {d - p->lr * of_slope * h, -p->lr * of_buffer, h, mu},
                                  .b = {-p->lr * of_slope, 1.0}};
}

enum rst_status rst_affine_step_find(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters, double m,
                                     struct rst_affine_step *step) {
  const struct rst_scheme_facts facts = rst_scheme_facts(parameters->kind);
  RST_REQUIRE(context, facts.affine, RST_ERROR_UNSUPPORTED,
              "the step of %s is not affine; use euler, heavy-ball, nesterov or imex", parameters->kind);
  *step = facts.implicit_decay ? step_imex(parameters, m)
          : facts.buffers > 0  ? step_momentum(parameters, m, facts.looks_ahead)
                               : step_euler(parameters, m);
  return RST_OK;
}

double rst_affine_step_growth(const struct rst_affine_step *step) {
  const double half = 0.5 * (step->a[0] + step->a[3]);
  const double determinant = step->a[0] * step->a[3] - step->a[1] * step->a[2];
  const double square = half * half - determinant;
  return square < 0.0 ? sqrt(determinant) : fabs(half) + sqrt(square);
}

void rst_affine_pair_gain(const struct rst_affine_step *i, const struct rst_affine_step *j, double r,
                          double s[4]) {
  enum { N = 4 };
  double matrix[N * N];
  size_t places[N];
  int sign = 0;
  for (size_t row = 0; row < N; ++row) {
    for (size_t column = 0; column < N; ++column) {
      matrix[row * N + column] =
          (row == column ? r : 0.0) - i->a[row / 2 * 2 + column / 2] * j->a[row % 2 * 2 + column % 2];
    }
    s[row] = i->b[row / 2] * j->b[row % 2];
  }
  gsl_matrix_view system = gsl_matrix_view_array(matrix, N, N);
  gsl_vector_view solution = gsl_vector_view_array(s, N);
  gsl_permutation permutation = {N, places};
  gsl_linalg_LU_decomp(&system.matrix, &permutation, &sign);
  bool is_singular = false;
  for (size_t row = 0; row < N; ++row) {
    is_singular = is_singular || matrix[row * N + row] == 0.0;
  }
  if (!is_singular) {
    gsl_linalg_LU_svx(&system.matrix, &permutation, &solution.vector);
  }
  for (size_t row = 0; is_singular && row < N; ++row) {
    s[row] = INFINITY;
  }
}
