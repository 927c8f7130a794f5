/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

static const double pi = 3.14159265358979323846;

static bool is(const char *kind, const char *name) {
  return strcmp(kind, name) == 0;
}

static double growth(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                     double complex lambda) {
  double value = NAN;
  RST_TEST_OK(context, rst_scheme_growth(context, parameters, lambda, &value));
  return value;
}

/* Amplitudes of the plane wave cos(2 pi k x / n) of a periodic heat flow over four states; each state must
 * stay that wave. */
static void wave_amplitudes(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                            struct rst_flow *flow, int k, double amplitude[4]) {
  struct rst_scheme *scheme = rst_test_scheme(context, parameters, flow);
  struct rst_field *u = rst_test_state(context, flow, 1, 1.0);
  const size_t n = u->nx;
  for (size_t x = 0; x < n; ++x) {
    rst_field_set(u, 0, x, cos(2.0 * pi * (double)k * (double)x / (double)n));
  }
  for (int t = 0; t < 4; ++t) {
    if (t > 0) {
      rst_test_advance(context, flow, scheme, 1, u);
    }
    amplitude[t] = rst_field_get(u, 0, 0);
    for (size_t x = 0; x < n; ++x) {
      const double wave = cos(2.0 * pi * (double)k * (double)x / (double)n);
      ck_assert_double_eq_tol(rst_field_get(u, 0, x), amplitude[t] * wave, 1e-13 * (1 + fabs(amplitude[t])));
    }
  }
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
}

/* sum_i c_i u_{n+i} = 0 along the steps, for every scheme with a polynomial and all its parameters. */
START_TEST(growth_polynomial_equals_steps) {
  enum { POINTS = 12 };
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, POINTS);
  const char *kind = rst_scheme_names()[_i];
  int checked = 0;
  for (int variant = 0; variant < 16; ++variant) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = kind;
    p.lr = 0.23;
    p.weight_decay = variant & 1 ? 0.6 : 0.0;
    p.divisor = variant & 2 ? 3.0 : 1.0;
    p.decay = variant & 4 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
    p.momentum = variant & 8 ? 0.7 : 0.0;
    double complex c[RST_GROWTH_MAX_DEGREE + 1];
    int degree = 0;
    if (!rst_test_scheme_has_polynomial(kind) || !rst_test_scheme_accepts(&p)) {
      const enum rst_status expected =
          rst_test_scheme_accepts(&p) ? RST_ERROR_UNSUPPORTED : RST_ERROR_ARGUMENT;
      ck_assert_int_eq(rst_scheme_growth_polynomial(context, &p, 1.0, c, &degree), expected);
      continue;
    }
    for (int k = 0; k <= POINTS / 2; k += 2) {
      const double s = sin(pi * (double)k / POINTS);
      double amplitude[4];
      wave_amplitudes(context, &p, flow, k, amplitude);
      RST_TEST_OK(context, rst_scheme_growth_polynomial(context, &p, 4.0 * s * s, c, &degree));
      ck_assert_int_eq(degree, rst_test_scheme_has_momentum(kind) ? 2 : 1);
      ck_assert(c[degree] == 1.0);
      for (int n = 0; n + degree < 4; ++n) {
        double complex sum = 0.0;
        for (int i = 0; i <= degree; ++i) {
          sum += c[i] * amplitude[n + i];
        }
        ck_assert_msg(cabs(sum) < 1e-13, "%s, variant %d, mode %d, step %d: %g", kind, variant, k, n,
                      cabs(sum));
      }
      ++checked;
    }
  }
  ck_assert(!rst_test_scheme_has_polynomial(kind) || checked >= 16);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The polynomials written out once more, at complex eigenvalues, against the published table. */
START_TEST(growth_polynomials_equal_their_formulas) {
  struct rst_context *context = rst_test_context();
  const double complex lambda = 0.9 + 1.7 * I;
  const double lr = 0.31;
  const double alpha = 0.4;
  const double mu = 0.6;
  const double complex z = -lr * (lambda + alpha);
  const double complex ze = -lr * lambda;
  const double d = 1.0 - lr * alpha;
  const struct {
    const char *kind;
    enum rst_decay decay;
    double complex c0, c1;
  } table[] = {
      {"euler", RST_DECAY_COUPLED, -(1 + z), 1},
      {"rk2", RST_DECAY_COUPLED, -(1 + z + z * z / 2), 1},
      {"rk4", RST_DECAY_COUPLED, -(1 + z + z * z / 2 + z * z * z / 6 + z * z * z * z / 24), 1},
      {"imex", RST_DECAY_COUPLED, -(1 + ze) / (1 + lr * alpha), 1},
      {"heavy-ball", RST_DECAY_COUPLED, mu, -(1 + mu + z)},
      {"nesterov", RST_DECAY_COUPLED, mu * (1 + z), -(1 + mu) * (1 + z)},
      {"heavy-ball", RST_DECAY_DECOUPLED, mu * d, -(d + mu + ze)},
      {"nesterov", RST_DECAY_DECOUPLED, mu * (d + ze), -(d + mu + (1 + mu) * ze)},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = table[i].kind;
    p.lr = lr;
    p.weight_decay = alpha;
    p.momentum = mu;
    p.decay = table[i].decay;
    double complex c[RST_GROWTH_MAX_DEGREE + 1];
    int degree = 0;
    RST_TEST_OK(context, rst_scheme_growth_polynomial(context, &p, lambda, c, &degree));
    ck_assert_double_lt(cabs(c[0] - table[i].c0), 4 * DBL_EPSILON);
    ck_assert_double_lt(cabs(c[1] - table[i].c1), 4 * DBL_EPSILON);
    if (degree == 1) {
      ck_assert_double_eq_tol(growth(context, &p, lambda), cabs(table[i].c0), 4 * DBL_EPSILON);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Choose a complex root and solve for lambda: heavy-ball's roots are r and mu/r, nesterov's r and mu s/r with
 * s = r^2/((1+mu) r - mu). The largest modulus squared overflows. */
START_TEST(growth_is_the_larger_root) {
  struct rst_context *context = rst_test_context();
  const double moduli[] = {0.5, 0.94, 1.0, 1.3, 40.0, 1e9, 1e180};
  const double mu = 0.9;
  for (size_t m = 0; m < sizeof moduli / sizeof *moduli; ++m) {
    for (int angle = 0; angle < 24; ++angle) {
      const double complex r = moduli[m] * cexp(2.0 * pi * I * angle / 24.0);
      struct rst_scheme_parameters p = rst_test_scheme_defaults;
      p.lr = 1.0;
      p.momentum = mu;
      p.kind = "heavy-ball";
      const double heavy = fmax(cabs(r), cabs(mu / r));
      ck_assert_double_eq_tol(growth(context, &p, -(r + mu / r - 1.0 - mu)) / heavy, 1.0, 1e-13);
      p.kind = "nesterov";
      const double complex s = r / ((1.0 + mu) - mu / r);
      const double nesterov = fmax(cabs(r), cabs(mu * s / r));
      ck_assert_double_eq_tol(growth(context, &p, 1.0 - s) / nesterov, 1.0, 1e-13);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* The largest stable lr lambda on the real axis, from the growth factor alone. */
START_TEST(real_limits) {
  struct rst_context *context = rst_test_context();
  const double momenta[] = {0.0, 0.5, 0.9, 0.99};
  for (int m = 0; m < 4; ++m) {
    const double mu = momenta[m];
    const struct {
      const char *kind;
      double limit;
    } table[] = {{"euler", 2.0},
                 {"rk2", 2.0},
                 {"rk4", 2.785293563405282},
                 {"heavy-ball", 2.0 * (1.0 + mu)},
                 {"nesterov", 2.0 * (1.0 + mu) / (1.0 + 2.0 * mu)}};
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
      struct rst_scheme_parameters p = rst_test_scheme_defaults;
      p.kind = table[i].kind;
      p.lr = 1.0;
      p.momentum = mu;
      const double limit = table[i].limit;
      ck_assert_double_eq_tol(growth(context, &p, limit), 1.0, 1e-12);
      ck_assert_double_gt(growth(context, &p, limit * (1 + 1e-9)), 1.0 + 1e-10);
      for (int k = 1; k < 100; ++k) {
        ck_assert_double_lt(growth(context, &p, limit * k / 100.0), 1.0);
      }
      double low = 0.5 * limit;
      double high = 1.5 * limit;
      while (high - low > 1e-12) {
        const double middle = 0.5 * (low + high);
        *(growth(context, &p, middle) > 1.0 ? &high : &low) = middle;
      }
      ck_assert_double_eq_tol(low, limit, 1e-11);
      /* Coupled decay shifts the spectrum and does nothing else. */
      p.weight_decay = 0.25;
      ck_assert_double_eq_tol(growth(context, &p, limit - 0.25), 1.0, 1e-12);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Whether the highest mode of the flow grows: |u_2n| > |u_n|, after the transient of the parasitic root. */
static bool grows(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                  struct rst_flow *flow, bool periodic) {
  const long half = 200;
  struct rst_scheme *scheme = rst_test_scheme(context, parameters, flow);
  struct rst_field *u = rst_test_state(context, flow, 1, 1.0);
  const double wave = periodic ? pi : pi * (double)(u->nx - 2) / (double)(u->nx - 1);
  for (size_t x = 0; x < u->nx; ++x) {
    rst_field_set(u, 0, x, periodic ? cos(wave * (double)x) : sin(wave * (double)x));
  }
  rst_flow_pin(flow, u);
  rst_test_advance(context, flow, scheme, half, u);
  const double before = rst_field_norm(u);
  rst_test_advance(context, flow, scheme, half, u);
  const bool answer = !(rst_field_norm(u) <= before); /* also where it overflows */
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
  return answer;
}

/* The largest stable lr by bisection: of the growth factor at `lambda`, or of runs if lambda is NaN. */
static double threshold(struct rst_context *context, struct rst_scheme_parameters parameters,
                        struct rst_flow *flow, bool periodic, double lambda) {
  double low = 0.1;
  double high = 2.0;
  while (high - low > 1e-8) {
    parameters.lr = 0.5 * (low + high);
    const bool unstable = isnan(lambda) ? grows(context, &parameters, flow, periodic)
                                        : growth(context, &parameters, lambda) > 1.0;
    *(unstable ? &high : &low) = parameters.lr;
  }
  return low;
}

/* Predicted threshold (growth factor at the highest mode's eigenvalue) against the bisected one (runs). */
START_TEST(predicted_thresholds_equal_bisected_ones) {
  struct rst_context *context = rst_test_context();
  const char *kind = rst_scheme_names()[_i];
  for (int variant = 0; variant < 8; ++variant) {
    const bool periodic = variant & 1;
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = kind;
    p.weight_decay = variant & 2 ? 0.3 : 0.0;
    p.decay = variant & 4 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
    p.momentum = 0.5;
    if (!rst_test_scheme_has_polynomial(kind) || !rst_test_scheme_accepts(&p)) {
      continue;
    }
    struct rst_flow *flow = periodic
                                ? rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 32)
                                : rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 31);
    const double s = periodic ? 1.0 : sin(29.0 * pi / 60.0);
    const double predicted = threshold(context, p, flow, periodic, 4.0 * s * s);
    const double measured = threshold(context, p, flow, periodic, NAN);
    ck_assert(predicted > 0.2 && predicted < 1.9); /* inside the bracket */
    ck_assert_msg(fabs(predicted - measured) < 1e-6, "%s, variant %d: predicted %.9f, measured %.9f", kind,
                  variant, predicted, measured);
    if (is(kind, "euler") && variant == 0) {
      ck_assert_double_eq_tol(measured, 0.501373, 1e-6);
    }
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("growth");
  TCase *tests = tcase_create("growth");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, growth_polynomial_equals_steps, 0, schemes);
  tcase_add_test(tests, growth_polynomials_equal_their_formulas);
  tcase_add_test(tests, growth_is_the_larger_root);
  tcase_add_test(tests, real_limits);
  tcase_add_loop_test(tests, predicted_thresholds_equal_bisected_ones, 0, schemes);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
