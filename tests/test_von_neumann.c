/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "restrain/von_neumann.h"

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

START_TEST(real_limits) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_SCHEME_VARIANTS; ++index) {
    struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], index);
    if (p.kind) {
      p.lr = 1e-7;
      p.weight_decay = 1e3;
      double limit = NAN;
      RST_TEST_OK(context, rst_scheme_real_limit(context, &p, &limit));
      ck_assert_msg(fabs(limit / rst_test_real_limit(&p) - 1.0) < 1e-13, "%s, momentum %g: %.17g", p.kind,
                    p.momentum, limit);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

static double radius(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                     double angle) {
  double value = NAN;
  RST_TEST_OK(context, rst_scheme_complex_limit(context, parameters, angle, &value));
  return value;
}

/* Heavy-ball has the root exp(i phi) at z = r + mu/r - (1 + mu): an ellipse through 0 with half axes 1 + mu
 * and 1 - mu; a circle without momentum. Down to angles that nearly touch the imaginary axis. */
START_TEST(complex_limits_of_heavy_ball_are_an_ellipse) {
  struct rst_context *context = rst_test_context();
  const double inclinations[] = {1e-6, 1e-4, 1e-2, 0.1, 0.7, 1.2, 0.5 * pi};
  for (size_t i = 0; i < sizeof inclinations / sizeof *inclinations; ++i) {
    const double inclination = inclinations[i];
    for (int m = 0; m < 3; ++m) {
      struct rst_scheme_parameters p = rst_test_scheme_variant("heavy-ball", 2 * m);
      const double a = 1.0 + p.momentum;
      const double b = 1.0 - p.momentum;
      const double expected =
          2.0 / a * sin(inclination) / (pow(sin(inclination) / a, 2) + pow(cos(inclination) / b, 2));
      const double allowed = 1e-13 + 1e-14 / (expected * expected); /* G - 1 falls like its square */
      for (int euler = 0; euler < (m == 0 ? 2 : 1); ++euler) {
        p.kind = euler ? "euler" : "heavy-ball";
        const double found = radius(context, &p, 0.5 * pi + inclination);
        const double conjugate = radius(context, &p, -0.5 * pi - inclination);
        ck_assert_msg(fabs(found / expected - 1.0) < allowed, "%s, momentum %g, %g: %.17g, not %.17g", p.kind,
                      p.momentum, inclination, found, expected);
        ck_assert_double_eq_tol(conjugate / expected, 1.0, allowed);
        ck_assert(radius(context, &p, 0.5 * pi - inclination) == 0.0);
      }
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Of these schemes rk4 alone is stable on the imaginary axis, to 2 sqrt 2. */
START_TEST(complex_limits_on_the_imaginary_axis) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_SCHEME_VARIANTS; ++index) {
    const struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], index);
    for (int side = 0; p.kind && side < 2; ++side) {
      const double found = radius(context, &p, side ? 1.5 * pi : 0.5 * pi);
      const double expected = is(p.kind, "rk4") ? 2.0 * sqrt(2.0) : 0.0;
      ck_assert_msg(fabs(found - expected) < 1e-13, "%s, momentum %g: %.17g", p.kind, p.momentum, found);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* By definition: stable up to the radius, unstable beyond; nothing that grows is stable. */
START_TEST(complex_limits_are_limits) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_SCHEME_VARIANTS; ++index) {
    struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], index);
    for (int a = 1; p.kind && a < 40; ++a) {
      const double angle = 0.5 * pi + pi * (double)a / 40.0;
      const double complex direction = cexp(I * angle);
      const double limit = radius(context, &p, angle);
      ck_assert_double_gt(limit, 0.05 * (1.0 - p.momentum) * (1.0 - p.momentum));
      ck_assert(radius(context, &p, angle + pi) == 0.0);
      p.lr = 1.0;
      for (int k = 1; k < 500; ++k) {
        ck_assert_double_le(growth(context, &p, -limit * (double)k / 500.0 * direction), 1.0);
      }
      ck_assert_double_gt(growth(context, &p, -limit * (1.0 + 1e-6) * direction), 1.0);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* What one step does to the size of the plane wave `wave`, cos + sin; the affine part is taken away. */
static double step_factor(struct rst_context *context, struct rst_flow *flow,
                          const struct rst_scheme_parameters *parameters, size_t wave) {
  struct rst_field *u[] = {rst_test_state(context, flow, 1, 0.0), rst_test_state(context, flow, 1, 0.0)};
  const size_t n = u[0]->nx;
  for (size_t i = 0; i < n * n; ++i) {
    const size_t phase = (wave / n) * (i / n) + (wave % n) * (i % n);
    const double angle = 2.0 * pi * (double)phase / (double)n;
    rst_field_set(u[0], i / n, i % n, cos(angle) + sin(angle));
  }
  const double before = rst_field_norm(u[0]);
  for (int i = 0; i < 2; ++i) {
    struct rst_scheme *scheme = rst_test_scheme(context, parameters, flow);
    rst_test_advance(context, flow, scheme, 1, u[i]);
    rst_scheme_destroy(&scheme);
  }
  const double after = rst_field_distance(u[0], u[1]);
  rst_field_destroy(&u[1]);
  rst_field_destroy(&u[0]);
  return after / before;
}

/* Where plane waves are eigenvectors, the field of |G| is what one step does to each, for schemes with one
 * root; with two, one step from rest does not show it, and it is compared with the roots at the symbol. */
START_TEST(amplification_equals_a_step) {
  enum { N = 9 };
  const struct rst_labelled_image image = {{.kind = "gaussian-field", .size = N, .seed = 4, .exponent = 1.0},
                                           1};
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < 2; ++index) {
    struct rst_flow_parameters parameters = rst_test_network(&image, 1, N);
    parameters.kind = index ? "conv-linear" : "heat";
    parameters.boundary = RST_BOUNDARY_PERIODIC;
    parameters.diffusion.coefficient = 0.4;
    parameters.heat.dimension = 2;
    parameters.heat.points = N;
    struct rst_flow *flow = rst_test_flow(context, &parameters);
    struct rst_field *lambda = rst_test_state(context, flow, 1, 0.0);
    struct rst_field *field = rst_test_state(context, flow, 1, 0.0);
    struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], 0);
    p.weight_decay = 0.6;
    p.lr = 0.8;
    if (p.kind) {
      const bool one_root = !rst_test_scheme_has_momentum(p.kind);
      p.momentum = 0.7;
      RST_TEST_OK(context, rst_flow_symbol(flow, lambda));
      RST_TEST_OK(context, rst_amplification(context, flow, &p, field));
      for (size_t wave = 0; wave < (size_t)N * N; ++wave) {
        const double found = rst_field_get(field, wave / N, wave % N);
        const double expected = one_root ? step_factor(context, flow, &p, wave)
                                         : growth(context, &p, rst_field_get(lambda, wave / N, wave % N));
        ck_assert_msg(fabs(found - expected) <= 1e-13 * (1.0 + expected), "%s, wave %zu: %.17g, not %.17g",
                      p.kind, wave, found, expected);
      }
    } else {
      p.kind = rst_scheme_names()[_i];
      RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "no growth polynomial",
                     rst_amplification(context, flow, &p, field));
      RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "no growth polynomial",
                     rst_amplification_of_symbol(context, lambda, &p, field));
      ck_assert(rst_field_max_abs(field) == 0.0);
    }
    rst_field_destroy(&field);
    rst_field_destroy(&lambda);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(extent_finds_the_first_extremes) {
  struct rst_context *context = rst_test_context();
  for (int precision = 0; precision < 2; ++precision) {
    struct rst_field *field = NULL;
    struct rst_extent extent;
    RST_TEST_OK(context, rst_field_create(context, (enum rst_precision)precision, 3, 5, &field));
    rst_field_extent(field, &extent);
    ck_assert(extent.smallest == 0.0 && extent.largest == 0.0 && extent.largest_y + extent.smallest_x == 0);
    rst_field_set(field, 1, 4, -2.0);
    rst_field_set(field, 2, 0, -2.0);
    rst_field_set(field, 2, 3, 7.0);
    rst_field_set(field, 2, 4, 7.0);
    rst_field_extent(field, &extent);
    ck_assert(extent.smallest == -2.0 && extent.smallest_y == 1 && extent.smallest_x == 4);
    ck_assert(extent.largest == 7.0 && extent.largest_y == 2 && extent.largest_x == 3);
    rst_field_destroy(&field);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(failures) {
  struct rst_context *context = rst_test_context();
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  double value = 7.0;
  p.kind = "euler";
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "angle is nan",
                 rst_scheme_complex_limit(context, &p, NAN, &value));
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 8, 3);
  struct rst_field *field = rst_test_state(context, flow, 1, 0.0);
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "conv is not linear",
                 rst_amplification(context, flow, &p, field));
  p.kind = "heavy-ball";
  p.momentum = 1.0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "momentum is 1", rst_scheme_real_limit(context, &p, &value));
  p.momentum = 0.9;
  p.kind = "cfl";
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "cfl has no growth polynomial",
                 rst_scheme_real_limit(context, &p, &value));
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "cfl has no growth polynomial",
                 rst_scheme_complex_limit(context, &p, pi, &value));
  ck_assert(value == 7.0);
  rst_field_destroy(&field);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("von_neumann");
  TCase *tests = tcase_create("von_neumann");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, real_limits, 0, schemes);
  tcase_add_test(tests, complex_limits_of_heavy_ball_are_an_ellipse);
  tcase_add_loop_test(tests, complex_limits_on_the_imaginary_axis, 0, schemes);
  tcase_add_loop_test(tests, complex_limits_are_limits, 0, schemes);
  tcase_add_loop_test(tests, amplification_equals_a_step, 0, schemes);
  tcase_add_test(tests, extent_finds_the_first_extremes);
  tcase_add_test(tests, failures);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
