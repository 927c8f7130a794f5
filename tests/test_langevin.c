/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "restrain/langevin.h"
#include "restrain/mean_square.h"
#include "support.h"

/* Critical where 2 h lr (1 + mu) = (1 - mu)^2. */
static const double lr = 0.1;
static const double mu = 0.5;
static const double critical = 0.25 / (2.0 * 0.1 * 1.5);
static const double decay = 0.2;
static const double noise = 0.7;

static struct rst_langevin damped(int damping) {
  static const double times[] = {3.0, 1.0, 0.4};
  const struct rst_langevin found = rst_langevin_find(lr, mu, critical * times[damping] - decay, decay);
  ck_assert_int_eq(found.damping, damping);
  return found;
}

/* E' = F E with F = [[0, 1], [-omega^2, -2 gamma]], E(s + t) = E(s) E(t), E(0) = 1. */
START_TEST(the_propagator_solves_the_equation) {
  const struct rst_langevin langevin = damped(_i);
  const double h = 1e-5;
  double zero[4];
  double e[4];
  double back[4];
  double ahead[4];
  double twice[4];
  rst_langevin_propagator(&langevin, 0.0, zero);
  for (int i = 0; i < 4; ++i) {
    ck_assert_double_eq_tol(zero[i], i == 0 || i == 3 ? 1.0 : 0.0, 1e-15);
  }
  double t = 0.05;
  while (t < 3.0) {
    const double square = langevin.omega * langevin.omega;
    rst_langevin_propagator(&langevin, t, e);
    rst_langevin_propagator(&langevin, t - h, back);
    rst_langevin_propagator(&langevin, t + h, ahead);
    rst_langevin_propagator(&langevin, 2.0 * t, twice);
    for (int j = 0; j < 2; ++j) {
      ck_assert_double_eq_tol((ahead[j] - back[j]) / (2.0 * h), e[2 + j], 1e-6);
      ck_assert_double_eq_tol((ahead[2 + j] - back[2 + j]) / (2.0 * h),
                              -square * e[j] - 2.0 * langevin.gamma * e[2 + j], 1e-4);
      ck_assert_double_eq_tol(twice[j], e[0] * e[j] + e[1] * e[2 + j], 1e-13);
      ck_assert_double_eq_tol(twice[2 + j], e[2] * e[j] + e[3] * e[2 + j], 1e-12);
    }
    t *= 1.7;
  }
}
END_TEST

/* V' = F V + V F' + diag(0, s), s = 4 sigma^2 rho/((1+mu)^2 lr S); V(0) = 0 and V' = 0 at D. */
START_TEST(the_covariance_solves_the_equation) {
  const struct rst_langevin langevin = damped(_i);
  const double source = 4.0 * noise * langevin.curvature / ((1.0 + mu) * (1.0 + mu) * lr);
  const double h = 1e-5;
  double v[3] = {0};
  double back[3];
  double ahead[3];
  double t = 0.0;
  while (t < 1e3) {
    const double square = langevin.omega * langevin.omega;
    rst_langevin_covariance(&langevin, noise, t, v);
    const double slope[3] = {2.0 * v[1], v[2] - square * v[0] - 2.0 * langevin.gamma * v[1],
                             -2.0 * square * v[1] - 4.0 * langevin.gamma * v[2] + source};
    rst_langevin_covariance(&langevin, noise, t - h, back);
    rst_langevin_covariance(&langevin, noise, t + h, ahead);
    for (int i = 0; i < 3; ++i) {
      ck_assert_double_eq_tol((ahead[i] - back[i]) / (2.0 * h), slope[i], 1e-5 * source);
      ck_assert(t > 0.0 || fabs(v[i]) < 1e-15);
    }
    t = t * 3.0 + 0.1;
  }
  rst_test_close(v[0], noise * langevin.position_variance, 1e-12);
  rst_test_close(v[2], noise * langevin.velocity_variance, 1e-12);
  /* From equilibrium the displacement tends to twice the variance, by the propagator. */
  rst_test_close(rst_langevin_displacement(&langevin, noise, 1e3), 2.0 * v[0], 1e-12);
}
END_TEST

/* The mean starts where it is told, and follows the three formulas of the paper. */
START_TEST(the_mean_is_in_closed_form) {
  const struct rst_langevin langevin = damped(_i);
  const double t = 0.37;
  const double g = langevin.gamma;
  const double s = langevin.damping == RST_UNDER_DAMPED        ? sin(langevin.delta * t) / langevin.delta
                   : langevin.damping == RST_CRITICALLY_DAMPED ? t
                                                               : sinh(langevin.delta * t) / langevin.delta;
  const double c = langevin.damping == RST_UNDER_DAMPED        ? cos(langevin.delta * t)
                   : langevin.damping == RST_CRITICALLY_DAMPED ? 1.0
                                                               : cosh(langevin.delta * t);
  double a = 0.0;
  double b = 0.0;
  rst_langevin_mean(&langevin, 1.4, -0.6, t, &a, &b);
  rst_test_close(a, exp(-g * t) * (1.4 * c + (g * 1.4 - 0.6) * s), 1e-13);
  rst_test_close(b, exp(-g * t) * (-0.6 * c - (langevin.omega * langevin.omega * 1.4 - g * 0.6) * s), 1e-13);
}
END_TEST

/* Both variances of the discrete dynamics are larger by 1/(1 - lr h/(2 (1+mu))). */
START_TEST(discrete_variances_are_larger) {
  const double parts[] = {0.013, 0.13, 0.66};
  struct rst_context *context = rst_test_context();
  for (int k = 0; k < 12; ++k) {
    const double momentum = k / 3 % 2 ? 0.9 : 0.0;
    const double alpha = k / 6 ? 0.3 : 0.0;
    const double h = 1.1 + alpha;
    const double step = parts[k % 3] * 2.0 * (1.0 + momentum) / h;
    const struct rst_scheme_parameters parameters = {
        .kind = "heavy-ball", .lr = step, .momentum = momentum, .weight_decay = alpha, .divisor = 1.0};
    const struct rst_noisy_mode mode = {1.1, 0.0, noise * 1.1};
    const struct rst_langevin langevin = rst_langevin_find(step, momentum, 1.1, alpha);
    struct rst_second_moments moments;
    RST_TEST_OK(context, rst_stationary_moments(context, &parameters, &mode, &moments));
    const double factor = 1.0 / (1.0 - parts[k % 3]);
    rst_test_close(moments.uu, noise * langevin.position_variance * factor, 1e-10);
    rst_test_close(moments.vv, noise * langevin.velocity_variance * factor, 1e-10);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(frequencies_are_near_each_other) {
  const struct rst_langevin langevin = rst_langevin_find(0.05, 0.9, 1.0, 0.0);
  ck_assert_double_eq_tol(0.05 * langevin.frequency, 0.2233, 5e-5);
  ck_assert_double_eq_tol(0.05 * langevin.discrete_frequency, 0.2239, 5e-5);
  ck_assert_double_eq(rst_langevin_find(0.05, 0.1, 1.0, 0.0).frequency, 0.0);
}
END_TEST

/* Its Boltzmann distribution has the stationary variances. */
START_TEST(the_modified_loss_has_the_stationary_variances) {
  const struct rst_langevin langevin = damped(_i);
  const double batch = 32.0;
  const double sigma = sqrt(noise * batch);
  const double kappa = batch * (1.0 - mu * mu);
  double position = 0.0;
  double velocity = 0.0;
  rst_langevin_modified_loss(&langevin, &position, &velocity);
  rst_test_close(sigma * sigma / (kappa * position), noise * langevin.position_variance, 1e-13);
  rst_test_close(sigma * sigma / (kappa * velocity), noise * langevin.velocity_variance, 1e-13);
}
END_TEST

/* Of figure 3 of the paper and of a larger one: A Q + Q A = A D - D A, and U^{-1} = A^{-1} (D + Q) solves A S + S A = 2 D. */
START_TEST(currents_leave_the_density_as_it_is) {
  enum { N = 3 };
  static const struct {
    size_t n;
    double a[N * N], d[N * N];
  } drifts[] = {
      {2, {2.5, -1.5, -1.5, 2.5}, {4.0, 0.0, 0.0, 1.0}},
      {3, {3.0, 0.4, -0.2, 0.4, 1.5, 0.3, -0.2, 0.3, 0.7}, {1.0, 0.2, 0.1, 0.2, 2.0, -0.3, 0.1, -0.3, 0.5}}};
  struct rst_context *context = rst_test_context();
  for (size_t k = 0; k < 2; ++k) {
    const size_t n = drifts[k].n;
    const double *a = drifts[k].a;
    const double *d = drifts[k].d;
    double q[N * N];
    double u[N * N];
    RST_TEST_OK(context, rst_probability_current_find(context, n, a, d, q, u));
    for (size_t i = 0; i < n * n; ++i) {
      const size_t row = i / n;
      const size_t column = i % n;
      double left = 0.0;
      double right = 0.0;
      double back = -a[i];
      for (size_t j = 0; j < n; ++j) {
        left += a[row * n + j] * q[j * n + column] + q[row * n + j] * a[j * n + column];
        right += a[row * n + j] * d[j * n + column] - d[row * n + j] * a[j * n + column];
        back += (d[row * n + j] + q[row * n + j]) * u[j * n + column];
      }
      ck_assert_double_eq_tol(left, right, 1e-13);
      ck_assert_double_eq_tol(back, 0.0, 1e-13);
      ck_assert_double_eq_tol(q[i], -q[column * n + row], 1e-14);
      ck_assert_double_eq_tol(u[i], u[column * n + row], 1e-12);
    }
  }
  const double saddle[] = {1.0, 0.0, 0.0, -1.0};
  double q[4];
  double u[4];
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "all are positive",
                 rst_probability_current_find(context, 2, saddle, drifts[0].d, q, u));
  rst_context_destroy(&context);
}
END_TEST

/* Spectra h_i = i^-a, 20 000 modes, of noise sigma^2 h_i: the displacement grows like t^c between the shortest and the longest
 * times, lr h_1 t from 30 to 3000. */
START_TEST(displacement_is_anomalous) {
  enum { MODES = 20000, TIMES = 41 };
  static const struct {
    double exponent, displacement;
  } spectra[] = {{1.5, 0.657}, {2.0, 0.509}, {3.0, 0.354}};
  const double step = 0.1;
  const struct rst_scheme_parameters parameters = {.kind = "euler", .lr = step, .divisor = 1.0};
  struct rst_context *context = rst_test_context();
  double times[TIMES];
  double discrete[TIMES] = {0};
  double continuous[TIMES] = {0};
  for (int k = 0; k < TIMES; ++k) {
    const long lag = lround(30.0 * pow(100.0, k / (TIMES - 1.0)) / step);
    times[k] = (double)lag;
    for (int i = 1; i <= MODES; ++i) {
      const double h = pow(i, -spectra[_i].exponent);
      const struct rst_noisy_mode mode = {h, 0.0, h};
      const struct rst_langevin langevin = rst_langevin_find(step, 0.0, h, 0.0);
      double displacement = 0.0;
      RST_TEST_OK(context, rst_stationary_displacement(context, &parameters, &mode, lag, &displacement));
      discrete[k] += displacement;
      continuous[k] += rst_langevin_displacement(&langevin, 1.0, step * (double)lag);
    }
  }
  ck_assert_double_eq_tol(rst_exponent_fit(TIMES, times, discrete, NULL), spectra[_i].displacement, 0.02);
  ck_assert_double_eq_tol(rst_exponent_fit(TIMES, times, continuous, NULL), spectra[_i].displacement, 0.02);
  rst_context_destroy(&context);
}
END_TEST

/* log t at 0, l and 2 l with l = log 2, log y at 0, 1 and 0: the line is level, the residuals are -1/3, 2/3 and -1/3, and the
 * error is sqrt(6/9 / (2 l^2)); a power of t is fitted to rounding. */
START_TEST(exponents_have_errors) {
  const double t[] = {1.0, 2.0, 4.0};
  const double bent[] = {1.0, exp(1.0), 1.0};
  const double straight[] = {3.0, 3.0 * pow(2.0, 0.7), 3.0 * pow(4.0, 0.7)};
  double error = 0.0;
  ck_assert_double_eq_tol(rst_exponent_fit(3, t, bent, &error), 0.0, 1e-15);
  ck_assert_double_eq_tol(error, sqrt(1.0 / 3.0) / log(2.0), 1e-14);
  ck_assert_double_eq_tol(rst_exponent_fit(3, t, straight, &error), 0.7, 1e-14);
  ck_assert_double_eq_tol(error, 0.0, 1e-14);
  rst_exponent_fit(2, t, bent, &error);
  ck_assert(isnan(error));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("langevin");
  TCase *tests = tcase_create("langevin");
  tcase_add_loop_test(tests, the_propagator_solves_the_equation, 0, 3);
  tcase_add_loop_test(tests, the_covariance_solves_the_equation, 0, 3);
  tcase_add_loop_test(tests, the_mean_is_in_closed_form, 0, 3);
  tcase_add_test(tests, discrete_variances_are_larger);
  tcase_add_test(tests, frequencies_are_near_each_other);
  tcase_add_loop_test(tests, the_modified_loss_has_the_stationary_variances, 0, 3);
  tcase_add_test(tests, currents_leave_the_density_as_it_is);
  tcase_add_loop_test(tests, displacement_is_anomalous, 0, 3);
  tcase_add_test(tests, exponents_have_errors);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
