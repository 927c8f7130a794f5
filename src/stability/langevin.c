/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/langevin.h"

#include <assert.h>
#include <complex.h>
#include <math.h>
#include <stdbool.h>

struct rst_langevin rst_langevin_find(double lr, double momentum, double curvature, double decay) {
  const double critical = 1e-12;
  const double h = curvature + decay;
  const double gamma = (1.0 - momentum) / (lr * (1.0 + momentum));
  const double square = 2.0 * h / (lr * (1.0 + momentum));
  const double excess = square - gamma * gamma;
  const double complex half = 0.5 * (1.0 + momentum - lr * h);
  const double complex z = half + csqrt(half * half - momentum);
  const bool is_critical = fabs(excess) <= critical * gamma * gamma;
  const double delta = is_critical ? 0.0 : sqrt(fabs(excess));
  const enum rst_damping damping = is_critical    ? RST_CRITICALLY_DAMPED
                                   : excess > 0.0 ? RST_UNDER_DAMPED
                                                  : RST_OVER_DAMPED;
  return (struct rst_langevin){.lr = lr,
                               .momentum = momentum,
                               .curvature = curvature,
                               .decay = decay,
                               .damping = damping,
                               .gamma = gamma,
                               .omega = sqrt(square),
                               .delta = delta,
                               .frequency = damping == RST_UNDER_DAMPED ? delta : 0.0,
                               .discrete_frequency = fabs(carg(z)) / lr,
                               .position_variance = lr * curvature / (2.0 * (1.0 - momentum) * h),
                               .velocity_variance = curvature / (1.0 - momentum * momentum)};
}

void rst_langevin_propagator(const struct rst_langevin *langevin, double t, double propagator[4]) {
  const double gamma = langevin->gamma;
  const double delta = langevin->delta;
  double even = exp(-gamma * t);
  double odd = even * t; /* sine over delta */
  if (langevin->damping == RST_UNDER_DAMPED) {
    odd = even * sin(delta * t) / delta;
    even *= cos(delta * t);
  } else if (langevin->damping == RST_OVER_DAMPED) {
    /* gamma - delta without cancellation. */
    const double slow = exp(-langevin->omega * langevin->omega / (gamma + delta) * t);
    const double ratio = exp(-2.0 * delta * t);
    even = 0.5 * slow * (1.0 + ratio);
    odd = -0.5 * slow * expm1(-2.0 * delta * t) / delta;
  }
  propagator[0] = even + gamma * odd;
  propagator[1] = odd;
  propagator[2] = -langevin->omega * langevin->omega * odd;
  propagator[3] = even - gamma * odd;
}

void rst_langevin_mean(const struct rst_langevin *langevin, double a0, double b0, double t, double *a,
                       double *b) {
  double propagator[4];
  rst_langevin_propagator(langevin, t, propagator);
  *a = propagator[0] * a0 + propagator[1] * b0;
  *b = propagator[2] * a0 + propagator[3] * b0;
}

void rst_langevin_covariance(const struct rst_langevin *langevin, double noise, double t,
                             double covariance[3]) {
  const double position = noise * langevin->position_variance;
  const double velocity = noise * langevin->velocity_variance;
  double e[4];
  rst_langevin_propagator(langevin, t, e);
  covariance[0] = position - (e[0] * e[0] * position + e[1] * e[1] * velocity);
  covariance[1] = -(e[0] * e[2] * position + e[1] * e[3] * velocity);
  covariance[2] = velocity - (e[2] * e[2] * position + e[3] * e[3] * velocity);
}

double rst_langevin_displacement(const struct rst_langevin *langevin, double noise, double t) {
  double e[4];
  rst_langevin_propagator(langevin, t, e);
  return 2.0 * noise * langevin->position_variance * (1.0 - e[0]);
}

void rst_langevin_modified_loss(const struct rst_langevin *langevin, double *position, double *velocity) {
  *position =
      2.0 / (langevin->lr * (1.0 + langevin->momentum)) * (1.0 + langevin->decay / langevin->curvature);
  *velocity = 1.0 / langevin->curvature;
}

double rst_exponent_fit(size_t count, const double *t, const double *y, double *error) {
  double mean_t = 0.0;
  double mean_y = 0.0;
  double squares = 0.0;
  double products = 0.0;
  double residuals = 0.0;
  assert(count > 1);
  for (size_t i = 0; i < count; ++i) {
    mean_t += log(t[i]) / (double)count;
    mean_y += log(y[i]) / (double)count;
  }
  for (size_t i = 0; i < count; ++i) {
    squares += (log(t[i]) - mean_t) * (log(t[i]) - mean_t);
    products += (log(t[i]) - mean_t) * (log(y[i]) - mean_y);
  }
  const double exponent = products / squares;
  for (size_t i = 0; error && i < count; ++i) {
    const double residual = log(y[i]) - mean_y - exponent * (log(t[i]) - mean_t);
    residuals += residual * residual;
  }
  if (error) {
    *error = count > 2 ? sqrt(residuals / (double)(count - 2) / squares) : (double)NAN;
  }
  return exponent;
}
