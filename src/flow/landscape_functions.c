/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/landscape_functions.h"

#include "core/real.h"

/* E = A sin(t_1) sin(t_2). */
static double evaluate_sine_product(const struct rst_landscape_parameters *parameters, const void *u,
                                    double *residual, void *gradient) {
  const real amplitude = (real)parameters->amplitude;
  const real *t = u;
  real *g = gradient;
  const real s1 = sin(t[0]);
  const real s2 = sin(t[1]);
  *residual = 0.0;
  if (g) {
    g[0] = amplitude * cos(t[0]) * s2;
    g[1] = amplitude * s1 * cos(t[1]);
  }
  return (double)(amplitude * s1 * s2);
}

static void multiply_sine_product(const struct rst_landscape_parameters *parameters, const void *u,
                                  const void *v, void *product) {
  const real amplitude = (real)parameters->amplitude;
  const real *t = u;
  const real *of = v;
  real *sum = product;
  const real same = -amplitude * sin(t[0]) * sin(t[1]);
  const real other = amplitude * cos(t[0]) * cos(t[1]);
  sum[0] = same * of[0] + other * of[1];
  sum[1] = other * of[0] + same * of[1];
}

static const struct rst_landscape_function sine_product = {
    .rows = 1, .columns = 2, .evaluate = evaluate_sine_product, .product = multiply_sine_product};

/* E = (w^2 - y)^2/4. */
static double evaluate_quadratic_regression(const struct rst_landscape_parameters *parameters, const void *u,
                                            double *residual, void *gradient) {
  const real w = *(const real *)u;
  const real misfit = w * w - (real)parameters->target;
  *residual = 0.0;
  if (gradient) {
    *(real *)gradient = misfit * w;
  }
  return 0.25 * (double)misfit * (double)misfit;
}

static void multiply_quadratic_regression(const struct rst_landscape_parameters *parameters, const void *u,
                                          const void *v, void *product) {
  const real w = *(const real *)u;
  *(real *)product = (3 * w * w - (real)parameters->target) * *(const real *)v;
}

static const struct rst_landscape_function quadratic_regression = {.rows = 1,
                                                                   .columns = 1,
                                                                   .grows = true,
                                                                   .evaluate = evaluate_quadratic_regression,
                                                                   .product = multiply_quadratic_regression};

/* x/sqrt(n), so that f = factor v.u. */
static real factor(const struct rst_landscape_parameters *parameters) {
  return (real)(parameters->input / sqrt((double)parameters->width));
}

static real dot(size_t n, const real *x, const real *y) {
  real sum = 0;
  for (size_t i = 0; i < n; ++i) {
    sum += x[i] * y[i];
  }
  return sum;
}

/* E = (f - y)^2/2 of u_1 ... u_n, v_1 ... v_n. */
static double evaluate_uv(const struct rst_landscape_parameters *parameters, const void *state,
                          double *residual, void *gradient) {
  const size_t n = parameters->width;
  const real c = factor(parameters);
  const real *u = state;
  const real *v = u + n;
  real *g = gradient;
  const real misfit = c * dot(n, u, v) - (real)parameters->target;
  for (size_t i = 0; g && i < n; ++i) {
    g[i] = misfit * c * v[i];
    g[n + i] = misfit * c * u[i];
  }
  *residual = (double)misfit;
  return 0.5 * (double)misfit * (double)misfit;
}

static void multiply_uv(const struct rst_landscape_parameters *parameters, const void *state, const void *of,
                        void *product) {
  const size_t n = parameters->width;
  const real c = factor(parameters);
  const real *u = state;
  const real *v = u + n;
  const real *du = of;
  const real *dv = du + n;
  real *sum = product;
  const real misfit = c * dot(n, u, v) - (real)parameters->target;
  const real change = c * (dot(n, v, du) + dot(n, u, dv));
  for (size_t i = 0; i < n; ++i) {
    sum[i] = c * (change * v[i] + misfit * dv[i]);
    sum[n + i] = c * (change * u[i] + misfit * du[i]);
  }
}

static const struct rst_landscape_function uv = {
    .rows = 2, .wide = true, .grows = true, .evaluate = evaluate_uv, .product = multiply_uv};

#define FUNCTION(name, suffix) &(suffix),
const struct rst_landscape_function *const RST_REAL(rst_landscape_functions)[] = {
    RST_LANDSCAPE_LIST(FUNCTION)};
#undef FUNCTION
