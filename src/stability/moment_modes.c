/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Second moments of linear regression on random batches. In the eigenvectors of H the mean step falls apart into modes, and the
 * noise that a moment matrix M_uu makes,
 *
 *     C(M_uu) = variance ( mean (x' M_uu x) x x' - H M_uu H )
 *
 * comes back, summed over all later updates divided by r each, as g_ij C_ij, g the gains of pairs of modes. The map has the
 * eigenvalue r, beyond the growth of the mean, where the operator M_uu -> g C(M_uu) has the spectral radius 1. That operator keeps
 * the semidefinite matrices so, and power iteration from the identity finds its radius.
 */

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "krylov/symmetric.h"
#include "restrain/von_neumann.h"
#include "stability/affine_step.h"
#include "stability/moment_map.h"
#include "stability/root.h"

/* The regression in those eigenvectors of H that a gradient moves. */
struct modes {
  struct rst_context *context;
  struct rst_scheme_parameters parameters;
  size_t examples, count;
  double variance;
  double *x;                    /* [examples][count] */
  double *h;                    /* [count] */
  double *vectors;              /* [count][d] */
  double *gain, *m, *next;      /* [count][count] */
  struct rst_affine_step *step; /* [count] */
};

static void free_modes(struct modes *modes) {
  free(modes->x);
  free(modes->h);
  free(modes->vectors);
  free(modes->gain);
  free(modes->m);
  free(modes->next);
  free(modes->step);
}

static enum rst_status allocate_modes(struct modes *modes, size_t d) {
  struct rst_context *context = modes->context;
  RST_TRY(RST_NEW(context, modes->examples * d, &modes->x));
  RST_TRY(RST_NEW(context, d, &modes->h));
  RST_TRY(RST_NEW(context, d * d, &modes->vectors));
  RST_TRY(RST_NEW(context, d * d, &modes->gain));
  RST_TRY(RST_NEW(context, d * d, &modes->m));
  RST_TRY(RST_NEW(context, d * d, &modes->next));
  return RST_NEW(context, d, &modes->step);
}

/* Eigenvectors, [d][d], with eigenvalues beyond rounding; X in them. */
static void keep_modes(const struct rst_random_regression *regression, const double *values,
                       const double *vectors, struct modes *modes) {
  const double rounding = 1e-13;
  const size_t d = regression->count;
  double largest = 0.0;
  for (size_t k = 0; k < d; ++k) {
    largest = fmax(largest, values[k]);
  }
  for (size_t k = 0; k < d; ++k) {
    if (values[k] > rounding * (double)d * largest) {
      for (size_t j = 0; j < d; ++j) {
        modes->vectors[modes->count * d + j] = vectors[j * d + k];
      }
      modes->h[modes->count++] = values[k];
    }
  }
  for (size_t i = 0; i < regression->examples; ++i) {
    for (size_t k = 0; k < modes->count; ++k) {
      double sum = 0.0;
      for (size_t j = 0; j < d; ++j) {
        sum += regression->x[i * d + j] * modes->vectors[k * d + j];
      }
      modes->x[i * modes->count + k] = sum;
    }
  }
}

static enum rst_status make_modes(const struct rst_random_regression *regression, struct modes *modes) {
  const size_t d = regression->count;
  RST_SCOPED double *work = NULL;
  RST_TRY(allocate_modes(modes, d));
  RST_TRY(RST_NEW(modes->context, 2 * d * d + 5 * d, &work));
  double *vectors = work + d * d;
  double *values = vectors + d * d;
  rst_moment_make_hessian(regression, work);
  rst_symmetric_eigenvectors(d, work, values, vectors, values + d);
  keep_modes(regression, values, vectors, modes);
  return RST_OK;
}

/* next = g C(M); its trace. */
static double apply(const struct modes *modes) {
  const size_t d = modes->count;
  double trace = 0.0;
  for (size_t i = 0; i < d * d; ++i) {
    modes->next[i] = -modes->h[i / d] * modes->h[i % d] * modes->m[i];
  }
  for (size_t i = 0; i < modes->examples; ++i) {
    const double *x = modes->x + i * d;
    rst_moment_add_square(d, rst_moment_square_form(d, x, modes->m) / (double)modes->examples, x,
                          modes->next);
  }
  for (size_t i = 0; i < d * d; ++i) {
    modes->next[i] *= modes->variance * modes->gain[i];
    trace += i / d == i % d ? modes->next[i] : 0.0;
  }
  return trace;
}

/* M = g C(M), scaled to trace 1; its trace before. */
static double iterate(const struct modes *modes) {
  const double trace = apply(modes);
  for (size_t i = 0; i < modes->count * modes->count; ++i) {
    modes->m[i] = modes->next[i] / trace;
  }
  return trace;
}

static void set_gains(struct modes *modes, double r) {
  const size_t d = modes->count;
  for (size_t i = 0; i < d * d; ++i) {
    double gain[4];
    rst_affine_pair_gain(&modes->step[i / d], &modes->step[i % d], r, gain);
    modes->gain[i] = gain[0];
  }
}

/* The radius of M -> g C(M) for moments that are divided by r in each update; it starts from the last M. */
static enum rst_status find_radius(struct modes *modes, double r, double *radius) {
  enum { MOST = 10000, IN_A_ROW = 3 };
  const double tolerance = 1e-12;
  double before = 0.0;
  set_gains(modes, r);
  for (int step = 0, still = 0; step < MOST && still < IN_A_ROW; ++step) {
    *radius = iterate(modes);
    still = fabs(*radius - before) <= tolerance * *radius ? still + 1 : 0;
    before = *radius;
    RST_REQUIRE(modes->context, step < MOST - 1 && *radius > 0.0 && isfinite(*radius), RST_ERROR_NUMERIC,
                "the growth of second moments did not converge in %d iterations", MOST);
  }
  return RST_OK;
}

static enum rst_status set_lr(struct modes *modes, double lr, double *growth) {
  modes->parameters.lr = lr;
  *growth = 0.0;
  for (size_t i = 0; i < modes->count; ++i) {
    RST_TRY(rst_affine_step_find(modes->context, &modes->parameters, modes->h[i], &modes->step[i]));
    *growth = fmax(*growth, rst_affine_step_growth(&modes->step[i]));
  }
  return RST_OK;
}

static enum rst_status fall_with_growth(void *user, double r, double *value) {
  double radius = 0.0;
  RST_TRY(find_radius(user, r, &radius));
  *value = 1.0 - 1.0 / radius;
  return RST_OK;
}

static enum rst_status fall_with_lr(void *user, double lr, double *value) {
  double growth = 0.0;
  double radius = INFINITY;
  RST_TRY(set_lr(user, lr, &growth));
  if (growth < 1.0 - 1e-14) {
    RST_TRY(find_radius(user, 1.0, &radius));
  }
  *value = lr / radius - lr;
  return RST_OK;
}

static const double accuracy = 1e-11;

static enum rst_status find_growth(struct modes *modes, double *growth) {
  double of_mean = 0.0;
  RST_TRY(set_lr(modes, modes->parameters.lr, &of_mean));
  const double least = of_mean * of_mean;
  *growth = least;
  return modes->variance == 0.0 ? RST_OK
                                : rst_root_of_falling(modes->context, fall_with_growth, modes, least, 1.0,
                                                      least * (1 + 1e-3), accuracy, growth);
}

static enum rst_status find_limit(struct modes *modes, double *lr_ms) {
  struct rst_step_limits limits;
  double smallest = INFINITY;
  double largest = 0.0;
  for (size_t i = 0; i < modes->count; ++i) {
    smallest = fmin(smallest, modes->h[i]);
    largest = fmax(largest, modes->h[i]);
  }
  RST_TRY(rst_step_limits_find(modes->context, &modes->parameters, smallest, largest, &limits));
  *lr_ms = limits.lr_max;
  if (modes->variance == 0.0 || limits.lr_max == 0.0) {
    return RST_OK;
  }
  double low = isfinite(limits.lr_max) ? limits.lr_max : modes->parameters.lr;
  double at_low = -1.0;
  while (at_low <= 0.0 && low > 1e-300) {
    low *= 0x1p-6;
    RST_TRY(fall_with_lr(modes, low, &at_low));
  }
  *lr_ms = 0.0;
  return at_low <= 0.0 ? RST_OK
                       : rst_root_of_falling(modes->context, fall_with_lr, modes, low, at_low, 2.0 * low,
                                             accuracy, lr_ms);
}

/* own = V covariance V', V the rows of vectors, with a row of work space. */
static void to_modes(const struct modes *modes, size_t d, const double *covariance, double *row,
                     double *own) {
  for (size_t a = 0; a < modes->count; ++a) {
    for (size_t j = 0; j < d; ++j) {
      row[j] = 0.0;
      for (size_t i = 0; i < d; ++i) {
        row[j] += modes->vectors[a * d + i] * covariance[i * d + j];
      }
    }
    for (size_t b = 0; b < modes->count; ++b) {
      double sum = 0.0;
      for (size_t j = 0; j < d; ++j) {
        sum += row[j] * modes->vectors[b * d + j];
      }
      own[a * modes->count + b] = sum;
    }
  }
}

/* covariance = V' own V. */
static void from_modes(const struct modes *modes, size_t d, const double *own, double *row,
                       double *covariance) {
  for (size_t i = 0; i < d; ++i) {
    for (size_t b = 0; b < modes->count; ++b) {
      row[b] = 0.0;
      for (size_t a = 0; a < modes->count; ++a) {
        row[b] += modes->vectors[a * d + i] * own[a * modes->count + b];
      }
    }
    for (size_t j = 0; j < d; ++j) {
      double sum = 0.0;
      for (size_t b = 0; b < modes->count; ++b) {
        sum += row[b] * modes->vectors[b * d + j];
      }
      covariance[i * d + j] = sum;
    }
  }
}

/* Whether the moments have a limit; the gains are those of the case. */
static enum rst_status find_out(struct modes *modes, bool *stable) {
  double growth = 0.0;
  double radius = 0.0;
  RST_TRY(set_lr(modes, modes->parameters.lr, &growth));
  *stable = growth < 1.0;
  if (*stable) {
    set_gains(modes, 1.0);
  }
  if (*stable && modes->variance > 0.0) {
    RST_TRY(find_radius(modes, 1.0, &radius));
    *stable = radius < 1.0;
  }
  return RST_OK;
}

/* M = g (C(M) + N), by iteration from g N, which is in `source`. */
static enum rst_status settle(struct modes *modes, const double *source) {
  enum { MOST = 100000 };
  const double rounding = 1e-15;
  const size_t count = modes->count * modes->count;
  double change = INFINITY;
  double size = 0.0;
  memcpy(modes->m, source, count * sizeof *source);
  for (int step = 0; change > rounding * size; ++step) {
    RST_REQUIRE(modes->context, step < MOST, RST_ERROR_NUMERIC,
                "the stationary covariance did not converge in %d iterations", MOST);
    (void)apply(modes);
    change = size = 0.0;
    for (size_t i = 0; i < count; ++i) {
      const double next = modes->next[i] + source[i];
      change = fmax(change, fabs(next - modes->m[i]));
      size = fmax(size, fabs(next));
      modes->m[i] = next;
    }
  }
  return RST_OK;
}

static enum rst_status find_stationary(struct modes *modes, size_t d, const double *noise,
                                       double *covariance) {
  bool stable = false;
  RST_SCOPED double *source = NULL;
  for (size_t i = 0; i < modes->count; ++i) {
    modes->m[i * modes->count + i] = 1.0;
  }
  RST_TRY(RST_NEW(modes->context, modes->count * modes->count + d, &source));
  double *row = source + modes->count * modes->count;
  RST_TRY(find_out(modes, &stable));
  if (!stable) {
    for (size_t i = 0; i < d * d; ++i) {
      covariance[i] = INFINITY;
    }
    return RST_OK;
  }
  to_modes(modes, d, noise, row, source);
  for (size_t i = 0; i < modes->count * modes->count; ++i) {
    source[i] *= modes->gain[i];
  }
  RST_TRY(settle(modes, source));
  from_modes(modes, d, modes->m, row, covariance);
  return RST_OK;
}

enum rst_status rst_moment_map_stationary(struct rst_context *context,
                                          const struct rst_scheme_parameters *parameters,
                                          const struct rst_random_regression *regression, const double *noise,
                                          double *covariance) {
  struct modes modes = {.context = context,
                        .parameters = *parameters,
                        .examples = regression->examples,
                        .variance = regression->variance};
  RST_TRY(rst_moment_check(context, regression));
  enum rst_status status = make_modes(regression, &modes);
  if (status == RST_OK) {
    status = find_stationary(&modes, regression->count, noise, covariance);
  }
  free_modes(&modes);
  return status;
}

/* One of the two above. A regression without any curvature stays where it is. */
static enum rst_status find(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                            const struct rst_random_regression *regression,
                            enum rst_status (*of)(struct modes *modes, double *number), double without,
                            double *number) {
  struct modes modes = {.context = context,
                        .parameters = *parameters,
                        .examples = regression->examples,
                        .variance = regression->variance};
  RST_TRY(rst_moment_check(context, regression));
  enum rst_status status = make_modes(regression, &modes);
  *number = without;
  if (status == RST_OK && modes.count > 0) {
    for (size_t i = 0; i < modes.count; ++i) {
      modes.m[i * modes.count + i] = 1.0;
    }
    status = of(&modes, number);
  }
  free_modes(&modes);
  return status;
}

enum rst_status rst_moment_map_growth(struct rst_context *context,
                                      const struct rst_scheme_parameters *parameters,
                                      const struct rst_random_regression *regression, double *growth) {
  return find(context, parameters, regression, find_growth, 1.0, growth);
}

enum rst_status rst_moment_map_limit(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters,
                                     const struct rst_random_regression *regression, double *lr_ms) {
  return find(context, parameters, regression, find_limit, INFINITY, lr_ms);
}
