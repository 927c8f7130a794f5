/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/affine_step.h"

#include <math.h>
#include <string.h>

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
  const char *kind = parameters->kind;
  if (strcmp(kind, "euler") == 0) {
    *step = step_euler(parameters, m);
  } else if (strcmp(kind, "imex") == 0) {
    *step = step_imex(parameters, m);
  } else if (strcmp(kind, "heavy-ball") == 0 || strcmp(kind, "nesterov") == 0) {
    *step = step_momentum(parameters, m, strcmp(kind, "nesterov") == 0);
  } else {
    return rst_fail(context, RST_ERROR_UNSUPPORTED,
                    "the step of %s is not affine; use euler, heavy-ball, nesterov or imex", kind);
  }
  return RST_OK;
}

double rst_affine_step_growth(const struct rst_affine_step *step) {
  const double half = 0.5 * (step->a[0] + step->a[3]);
  const double determinant = step->a[0] * step->a[3] - step->a[1] * step->a[2];
  const double square = half * half - determinant;
  return square < 0.0 ? sqrt(determinant) : fabs(half) + sqrt(square);
}

/* Gaussian elimination with the largest pivot of each column; infinite where there is none. */
static void solve(double matrix[4][5], double s[4]) {
  enum { N = 4 };
  for (int k = 0; k < N; ++k) {
    int best = k;
    for (int i = k + 1; i < N; ++i) {
      best = fabs(matrix[i][k]) > fabs(matrix[best][k]) ? i : best;
    }
    for (int j = 0; j <= N && best != k; ++j) {
      const double kept = matrix[k][j];
      matrix[k][j] = matrix[best][j];
      matrix[best][j] = kept;
    }
    for (int i = k + 1; i < N; ++i) {
      const double factor = matrix[i][k] / matrix[k][k];
      for (int j = k; j <= N; ++j) {
        matrix[i][j] -= factor * matrix[k][j];
      }
    }
  }
  for (int k = N - 1; k >= 0; --k) {
    double sum = matrix[k][N];
    for (int j = k + 1; j < N; ++j) {
      sum -= matrix[k][j] * s[j];
    }
    s[k] = sum / matrix[k][k];
  }
}

void rst_affine_pair_gain(const struct rst_affine_step *i, const struct rst_affine_step *j, double r,
                          double s[4]) {
  double matrix[4][5];
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      matrix[row][column] =
          (row == column ? r : 0.0) - i->a[row / 2 * 2 + column / 2] * j->a[row % 2 * 2 + column % 2];
    }
    matrix[row][4] = i->b[row / 2] * j->b[row % 2];
  }
  solve(matrix, s);
}

enum rst_status rst_falling_root(rst_falling_function *function, void *user, double low, double at_low,
                                 double high, double tolerance, double *root) {
  enum { MOST = 200 };
  double at_high = 0.0;
  RST_TRY(function(user, high, &at_high));
  while (at_high >= 0.0 && high < 1e300) {
    low = high;
    at_low = at_high;
    high *= 2.0;
    RST_TRY(function(user, high, &at_high));
  }
  *root = at_high >= 0.0 ? (double)INFINITY : high;
  /* The Illinois method: a chord, of which an end that stays counts half. */
  for (int step = 0, side = 0; step < MOST && at_high < 0.0 && high - low > tolerance * high; ++step) {
    double value = 0.0;
    const double chord = low + (high - low) * (at_low / (at_low - at_high));
    *root = chord > low && chord < high ? chord : 0.5 * (low + high);
    if (*root <= low || *root >= high) {
      break;
    }
    RST_TRY(function(user, *root, &value));
    if (value >= 0.0) {
      low = *root;
      at_low = value;
      at_high *= side > 0 ? 0.5 : 1.0;
      side = 1;
    } else {
      high = *root;
      at_high = value;
      at_low *= side < 0 ? 0.5 : 1.0;
      side = -1;
    }
  }
  return RST_OK;
}
