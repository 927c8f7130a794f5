/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/mean_square.h"

#include <assert.h>
#include <math.h>

#include "core/core.h"
#include "restrain/von_neumann.h"
#include "stability/affine_step.h"
#include "stability/root.h"

enum { UU, UV, VV, MOMENTS };

static enum rst_status check(struct rst_context *context, const struct rst_noisy_mode *mode) {
  RST_REQUIRE(
      context,
      isfinite(mode->curvature) && mode->curvature_variance >= 0.0 && isfinite(mode->curvature_variance) &&
          mode->noise >= 0.0 && isfinite(mode->noise),
      RST_ERROR_ARGUMENT,
      "a mode of curvature %g has the variances %g and %g; all must be finite, variances not negative",
      mode->curvature, mode->curvature_variance, mode->noise);
  return RST_OK;
}

static enum rst_status find_step(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                                 const struct rst_noisy_mode *mode, struct rst_affine_step *step) {
  RST_TRY(check(context, mode));
  return rst_affine_step_find(context, parameters, mode->curvature, step);
}

enum rst_status rst_moment_matrix(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                                  const struct rst_noisy_mode *mode, double matrix[9]) {
  struct rst_affine_step step;
  RST_TRY(find_step(context, parameters, mode, &step));
  /* Of the product of two numbers of s' that moment `row` is. */
  static const size_t factors[MOMENTS][2] = {{0, 0}, {0, 1}, {1, 1}};
  for (size_t row = 0; row < MOMENTS; ++row) {
    const double *p = step.a + 2 * factors[row][0];
    const double *q = step.a + 2 * factors[row][1];
    matrix[MOMENTS * row + UU] =
        p[0] * q[0] + mode->curvature_variance * step.b[factors[row][0]] * step.b[factors[row][1]];
    matrix[MOMENTS * row + UV] = p[0] * q[1] + p[1] * q[0];
    matrix[MOMENTS * row + VV] = p[1] * q[1];
  }
  return RST_OK;
}

struct walk {
  struct rst_context *context;
  struct rst_scheme_parameters parameters;
  const struct rst_noisy_mode *mode;
  struct rst_affine_step step;
};

/* Of a gain, which is infinite, or not a number, at the growth of the mean. */
static double inverse(double gain) {
  return gain > 0.0 ? 1.0 / gain : 0.0;
}

/* r is an eigenvalue of the map, M -> A M A' + b b' s2 M_uu, where s2 times the gain at r is 1. */
static enum rst_status fall_with_growth(void *user, double r, double *value) {
  const struct walk *walk = user;
  double gain[4];
  rst_affine_pair_gain(&walk->step, &walk->step, r, gain);
  *value = walk->mode->curvature_variance - inverse(gain[0]);
  return RST_OK;
}

enum rst_status rst_moment_growth(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                                  const struct rst_noisy_mode *mode, double *growth) {
  struct walk walk = {.context = context, .mode = mode};
  RST_TRY(find_step(context, parameters, mode, &walk.step));
  const double of_mean = rst_affine_step_growth(&walk.step);
  const double least = of_mean * of_mean;
  *growth = least;
  if (mode->curvature_variance == 0.0) {
    return RST_OK;
  }
  const double first = least + mode->curvature_variance * walk.step.b[0] * walk.step.b[0];
  return rst_root_of_falling(context, fall_with_growth, &walk, least, mode->curvature_variance, first, 1e-15,
                             growth);
}

enum rst_status rst_stationary_moments(struct rst_context *context,
                                       const struct rst_scheme_parameters *parameters,
                                       const struct rst_noisy_mode *mode,
                                       struct rst_second_moments *moments) {
  struct rst_affine_step step;
  RST_TRY(find_step(context, parameters, mode, &step));
  *moments = (struct rst_second_moments){INFINITY, INFINITY, INFINITY};
  if (rst_affine_step_growth(&step) >= 1.0) {
    return RST_OK;
  }
  double gain[4];
  rst_affine_pair_gain(&step, &step, 1.0, gain);
  const double left = 1.0 - mode->curvature_variance * gain[0];
  if (left > 0.0) {
    const double slope = mode->noise / left; /* s2 M_uu + q */
    *moments = (struct rst_second_moments){slope * gain[0], slope * gain[1], slope * gain[3]};
  }
  return RST_OK;
}

static void multiply(const double left[4], const double right[4], double product[4]) {
  const double kept[4] = {left[0] * right[0] + left[1] * right[2], left[0] * right[1] + left[1] * right[3],
                          left[2] * right[0] + left[3] * right[2], left[2] * right[1] + left[3] * right[3]};
  for (int i = 0; i < 4; ++i) {
    product[i] = kept[i];
  }
}

enum rst_status rst_stationary_displacement(struct rst_context *context,
                                            const struct rst_scheme_parameters *parameters,
                                            const struct rst_noisy_mode *mode, long lag,
                                            double *displacement) {
  struct rst_affine_step step;
  struct rst_second_moments moments;
  assert(lag >= 0);
  RST_TRY(find_step(context, parameters, mode, &step));
  RST_TRY(rst_stationary_moments(context, parameters, mode, &moments));
  double power[4] = {1.0, 0.0, 0.0, 1.0};
  for (long rest = lag; rest > 0; rest >>= 1) {
    if (rest & 1) {
      multiply(step.a, power, power);
    }
    multiply(step.a, step.a, step.a);
  }
  *displacement = isfinite(moments.uu) ? 2.0 * (moments.uu - (power[0] * moments.uu + power[1] * moments.uv))
                                       : (double)INFINITY;
  return RST_OK;
}

/* Some updates: s' = P s + noise of covariance M. */
struct updates {
  double p[4], m[4];
};

/* The later ones after the earlier ones: P2 P1, M2 + P2 M1 P2'. */
static struct updates compose(const struct updates *later, const struct updates *earlier) {
  const double *p = later->p;
  const double transposed[4] = {p[0], p[2], p[1], p[3]};
  struct updates both;
  multiply(p, earlier->m, both.m);
  multiply(both.m, transposed, both.m);
  multiply(p, earlier->p, both.p);
  for (int i = 0; i < 4; ++i) {
    both.m[i] += later->m[i];
  }
  return both;
}

enum rst_status rst_transient_moments(struct rst_context *context,
                                      const struct rst_scheme_parameters *parameters,
                                      const struct rst_noisy_mode *mode, double u, long updates, double *mean,
                                      struct rst_second_moments *moments) {
  struct rst_affine_step step;
  assert(updates >= 0);
  RST_TRY(find_step(context, parameters, mode, &step));
  RST_REQUIRE(context, mode->curvature_variance == 0.0, RST_ERROR_ARGUMENT,
              "the curvature has the variance %g; transient moments are of a mode whose curvature is fixed",
              mode->curvature_variance);
  const double *b = step.b;
  const double q = mode->noise;
  struct updates all = {.p = {1.0, 0.0, 0.0, 1.0}};
  struct updates some = {.p = {step.a[0], step.a[1], step.a[2], step.a[3]},
                         .m = {q * b[0] * b[0], q * b[0] * b[1], q * b[0] * b[1], q * b[1] * b[1]}};
  for (long rest = updates; rest > 0; rest >>= 1) {
    if (rest & 1) {
      all = compose(&some, &all);
    }
    some = compose(&some, &some);
  }
  *mean = all.p[0] * u;
  *moments = (struct rst_second_moments){all.m[0], all.m[1], all.m[3]};
  return RST_OK;
}

/* Positive where lr is stable in mean square; beyond the limit of the mean it is not. */
static enum rst_status fall_with_lr(void *user, double lr, double *value) {
  struct walk *walk = user;
  double gain[4];
  walk->parameters.lr = lr;
  RST_TRY(rst_affine_step_find(walk->context, &walk->parameters, walk->mode->curvature, &walk->step));
  if (rst_affine_step_growth(&walk->step) >= 1.0) {
    *value = -lr;
    return RST_OK;
  }
  rst_affine_pair_gain(&walk->step, &walk->step, 1.0, gain);
  *value = lr * inverse(gain[0]) - lr * walk->mode->curvature_variance;
  return RST_OK;
}

enum rst_status rst_mean_square_limit(struct rst_context *context,
                                      const struct rst_scheme_parameters *parameters,
                                      const struct rst_noisy_mode *mode, double *lr_ms) {
  struct walk walk = {.context = context, .parameters = *parameters, .mode = mode};
  struct rst_step_limits limits;
  RST_TRY(find_step(context, parameters, mode, &walk.step));
  RST_TRY(rst_step_limits_find(context, parameters, mode->curvature, mode->curvature, &limits));
  *lr_ms = limits.lr_max;
  if (mode->curvature_variance == 0.0 || limits.lr_max == 0.0) {
    return RST_OK;
  }
  double low = isfinite(limits.lr_max) ? limits.lr_max : parameters->lr;
  double at_low = -1.0;
  while (at_low <= 0.0 && low > 1e-300) {
    low *= 0x1p-10;
    RST_TRY(fall_with_lr(&walk, low, &at_low));
  }
  *lr_ms = 0.0;
  return at_low <= 0.0
             ? RST_OK
             : rst_root_of_falling(context, fall_with_lr, &walk, low, at_low, 2.0 * low, 1e-14, lr_ms);
}
