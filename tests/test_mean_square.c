/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_eigen.h>
#include <stdlib.h>

#include "restrain/mean_square.h"
#include "support.h"

/* Schemes that are affine, and how they decay. */
static const struct {
  const char *kind;
  double momentum;
  enum rst_decay decay;
} schemes[] = {
    {"euler", 0.0, RST_DECAY_COUPLED},      {"imex", 0.0, RST_DECAY_COUPLED},
    {"heavy-ball", 0.7, RST_DECAY_COUPLED}, {"heavy-ball", 0.7, RST_DECAY_DECOUPLED},
    {"nesterov", 0.6, RST_DECAY_COUPLED},   {"nesterov", 0.6, RST_DECAY_DECOUPLED},
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

static struct rst_scheme_parameters scheme(int index, double lr, double decay) {
  return (struct rst_scheme_parameters){.kind = schemes[index].kind,
                                        .lr = lr,
                                        .weight_decay = decay,
                                        .momentum = schemes[index].momentum,
                                        .decay = schemes[index].decay,
                                        .divisor = 1.0};
}

/* The largest modulus of the eigenvalues of [n][n]. */
static double spectral_radius(size_t n, const double *matrix) {
  gsl_matrix *copy = gsl_matrix_alloc(n, n);
  gsl_vector_complex *values = gsl_vector_complex_alloc(n);
  gsl_eigen_nonsymm_workspace *space = gsl_eigen_nonsymm_alloc(n);
  double radius = 0.0;
  for (size_t i = 0; i < n * n; ++i) {
    gsl_matrix_set(copy, i / n, i % n, matrix[i]);
  }
  gsl_eigen_nonsymm(copy, values, space);
  for (size_t i = 0; i < n; ++i) {
    const gsl_complex value = gsl_vector_complex_get(values, i);
    radius = fmax(radius, hypot(GSL_REAL(value), GSL_IMAG(value)));
  }
  gsl_eigen_nonsymm_free(space);
  gsl_vector_complex_free(values);
  gsl_matrix_free(copy);
  return radius;
}

static const double mode_m = 1.3;
static const double mode_s2 = 0.8;
static const double mode_q = 0.4;

/* u and v after one real step from (u, v) under the slope (m + xi) u + zeta. */
static void step_once(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                      double slope, double s[2]) {
  const double one[] = {1.0};
  const struct rst_flow_parameters line = {
      .kind = "regression", .regression = {.spectrum = {.kind = "list", .values = one, .value_count = 1}}};
  struct rst_flow *flow = rst_test_flow(context, &line);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
  struct rst_scheme *stepper = NULL;
  struct rst_field **buffers = NULL;
  RST_TEST_OK(context, rst_scheme_create(context, parameters, flow, &stepper));
  const size_t count = rst_scheme_state(stepper, &buffers);
  rst_field_set(u, 0, 0, s[0]);
  rst_field_set(gradient, 0, 0, slope);
  if (count > 0) {
    rst_field_set(buffers[0], 0, 0, s[1]);
  }
  RST_TEST_OK(context, rst_scheme_step(stepper, gradient, u, NULL));
  s[0] = rst_field_get(u, 0, 0);
  s[1] = count > 0 ? rst_field_get(buffers[0], 0, 0) : 0.0;
  rst_scheme_destroy(&stepper);
  rst_field_destroy(&gradient);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
}

/* Two values each of xi and zeta have their variances: the mean over the four steps is exact. */
START_TEST(the_matrix_is_the_mean_over_steps) {
  struct rst_context *context = rst_test_context();
  const struct rst_scheme_parameters parameters = scheme(_i, 0.3, 0.2);
  const struct rst_noisy_mode mode = {mode_m, mode_s2, mode_q};
  const double start[2] = {0.7, schemes[_i].momentum > 0.0 ? -1.1 : 0.0};
  double matrix[9];
  double mean[3] = {0};
  double of_noise[2] = {0.0, 0.0};
  for (int k = 0; k < 4; ++k) {
    const double xi = (k % 2 ? 1.0 : -1.0) * sqrt(mode_s2);
    const double zeta = (k / 2 ? 1.0 : -1.0) * sqrt(mode_q);
    double s[2] = {start[0], start[1]};
    step_once(context, &parameters, (mode_m + xi) * s[0] + zeta, s);
    mean[0] += 0.25 * s[0] * s[0];
    mean[1] += 0.25 * s[0] * s[1];
    mean[2] += 0.25 * s[1] * s[1];
  }
  step_once(context, &parameters, 1.0, of_noise);
  RST_TEST_OK(context, rst_moment_matrix(context, &parameters, &mode, matrix));
  const double before[3] = {start[0] * start[0], start[0] * start[1], start[1] * start[1]};
  const double noise[3] = {of_noise[0] * of_noise[0], of_noise[0] * of_noise[1], of_noise[1] * of_noise[1]};
  for (int i = 0; i < 3; ++i) {
    const double expected = matrix[3 * i] * before[0] + matrix[3 * i + 1] * before[1] +
                            matrix[3 * i + 2] * before[2] + mode_q * noise[i];
    ck_assert_double_eq_tol(mean[i], expected, 1e-14);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(growth_and_stationary_moments_are_those_of_the_matrix) {
  struct rst_context *context = rst_test_context();
  const struct rst_noisy_mode mode = {mode_m, mode_s2, mode_q};
  const double decays[] = {0.0, 0.2};
  for (int k = 0; k < 20; ++k) {
    struct rst_scheme_parameters parameters = scheme(_i, 0.05 * (k + 1), decays[k % 2]);
    double matrix[9];
    double growth = 0.0;
    double of_noise[2] = {0.0, 0.0};
    struct rst_second_moments moments;
    RST_TEST_OK(context, rst_moment_matrix(context, &parameters, &mode, matrix));
    RST_TEST_OK(context, rst_moment_growth(context, &parameters, &mode, &growth));
    rst_test_close(growth, spectral_radius(3, matrix), 1e-12);
    RST_TEST_OK(context, rst_stationary_moments(context, &parameters, &mode, &moments));
    ck_assert_int_eq(isfinite(moments.uu), growth < 1.0);
    step_once(context, &parameters, 1.0, of_noise);
    if (growth < 1.0) {
      const double noise[3] = {of_noise[0] * of_noise[0], of_noise[0] * of_noise[1],
                               of_noise[1] * of_noise[1]};
      const double m[3] = {moments.uu, moments.uv, moments.vv};
      for (int i = 0; i < 3; ++i) {
        const double next =
            matrix[3 * i] * m[0] + matrix[3 * i + 1] * m[1] + matrix[3 * i + 2] * m[2] + mode_q * noise[i];
        ck_assert_double_eq_tol(next, m[i], 1e-13 / (1.0 - growth));
      }
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* lr [ s2 (1+mu) + (1-mu) m^2 ] < 2 (1+mu)(1-mu) m. */
START_TEST(heavy_ball_is_stable_by_its_closed_condition) {
  enum { CASES = 1000 };
  struct rst_context *context = rst_test_context();
  double random[4 * CASES];
  int unstable = 0;
  RST_TEST_OK(context, rst_random_uniform(context, 12, (size_t)4 * CASES, random));
  for (int k = 0; k < CASES; ++k) {
    const double *r = random + 4 * (size_t)k;
    const double mu = 0.99 * r[0];
    const double m = exp(6.0 * r[1] - 3.0);
    const struct rst_noisy_mode mode = {m, m * m * exp(12.0 * r[2] - 6.0), 0.0};
    const double limit =
        2.0 * (1.0 + mu) * (1.0 - mu) * m / (mode.curvature_variance * (1.0 + mu) + (1.0 - mu) * m * m);
    struct rst_scheme_parameters parameters = scheme(2, 2.0 * limit * r[3], 0.0);
    parameters.momentum = mu;
    double growth = 0.0;
    double lr_ms = 0.0;
    RST_TEST_OK(context, rst_moment_growth(context, &parameters, &mode, &growth));
    ck_assert_int_eq(growth < 1.0, parameters.lr < limit);
    RST_TEST_OK(context, rst_mean_square_limit(context, &parameters, &mode, &lr_ms));
    rst_test_close(lr_ms, limit, 1e-11);
    unstable += growth >= 1.0;
  }
  ck_assert(unstable > CASES / 4 && unstable < 3 * CASES / 4);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(moments_grow_beyond_the_limit_and_fall_below) {
  struct rst_context *context = rst_test_context();
  const double variances[] = {0.0, 1e-3, 0.5, 40.0};
  for (int k = 0; k < 8; ++k) {
    struct rst_scheme_parameters parameters = scheme(_i, 1.0, k / 4 ? 0.3 : 0.0);
    const struct rst_noisy_mode mode = {mode_m, variances[k % 4], 0.0};
    double lr_ms = 0.0;
    RST_TEST_OK(context, rst_mean_square_limit(context, &parameters, &mode, &lr_ms));
    for (int side = -1; side <= 1; side += 2) {
      double growth = 0.0;
      parameters.lr = lr_ms * (1.0 + side * 1e-9);
      RST_TEST_OK(context, rst_moment_growth(context, &parameters, &mode, &growth));
      ck_assert_msg((growth > 1.0) == (side > 0), "%s, s2 %g: growth 1 %+.3g at lr_ms %+d", schemes[_i].kind,
                    variances[k % 4], growth - 1.0, side);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(stationary_heavy_ball_is_in_closed_form) {
  struct rst_context *context = rst_test_context();
  const double mu = 0.9;
  const double alpha = 0.3;
  const double h = mode_m + alpha;
  double part = 0.01;
  while (part < 1.0) {
    const double lr = part * 2.0 * (1.0 + mu) / h;
    struct rst_scheme_parameters parameters = scheme(2, lr, alpha);
    const struct rst_noisy_mode mode = {mode_m, 0.0, mode_q};
    struct rst_second_moments moments;
    double displacement = 0.0;
    parameters.momentum = mu;
    RST_TEST_OK(context, rst_stationary_moments(context, &parameters, &mode, &moments));
    const double vv = 2.0 * mode_q / ((1.0 - mu) * (2.0 * (1.0 + mu) - lr * h));
    rst_test_close(moments.uu, lr * mode_q * (1.0 + mu) / ((1.0 - mu) * h * (2.0 * (1.0 + mu) - lr * h)),
                   1e-11);
    rst_test_close(moments.vv, vv, 1e-11);
    rst_test_close(moments.uv, -0.5 * lr * vv, 1e-11);
    /* An update is lr v. */
    RST_TEST_OK(context, rst_stationary_displacement(context, &parameters, &mode, 1, &displacement));
    rst_test_close(displacement, lr * lr * vv, 1e-10);
    RST_TEST_OK(context, rst_stationary_displacement(context, &parameters, &mode, 1L << 40, &displacement));
    rst_test_close(displacement, 2.0 * moments.uu, 1e-11);
    part *= 1.9;
  }
  rst_context_destroy(&context);
}
END_TEST

enum { EXAMPLES = 4, COUNT = 2, BATCH = 2, SIZE = 2 * COUNT, BATCHES = EXAMPLES * EXAMPLES };

static const double design[EXAMPLES][COUNT] = {{1.2, 0.3}, {-0.4, 0.9}, {0.5, -1.6}, {0.1, 0.7}};

/* A of a batch's Hessian, by steps from unit vectors. */
static void make_step(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                      size_t batch, double a[SIZE][SIZE]) {
  const struct rst_flow_parameters plane = {
      .kind = "regression", .regression = {.spectrum = {.kind = "power", .count = COUNT, .largest = 1.0}}};
  double hessian[COUNT][COUNT] = {{0}};
  for (size_t k = 0, rest = batch; k < BATCH; ++k, rest /= EXAMPLES) {
    const double *x = design[rest % EXAMPLES];
    for (size_t i = 0; i < (size_t)COUNT * COUNT; ++i) {
      hessian[i / COUNT][i % COUNT] += x[i / COUNT] * x[i % COUNT] / BATCH;
    }
  }
  struct rst_flow *flow = rst_test_flow(context, &plane);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
  for (size_t j = 0; j < SIZE; ++j) {
    struct rst_scheme *stepper = NULL;
    struct rst_field **buffers = NULL;
    RST_TEST_OK(context, rst_scheme_create(context, parameters, flow, &stepper));
    const size_t count = rst_scheme_state(stepper, &buffers);
    for (size_t i = 0; i < COUNT; ++i) {
      rst_field_set(u, 0, i, i == j ? 1.0 : 0.0);
      rst_field_set(gradient, 0, i, j < COUNT ? hessian[i][j] : 0.0);
      if (count > 0) {
        rst_field_set(buffers[0], 0, i, COUNT + i == j ? 1.0 : 0.0);
      }
    }
    RST_TEST_OK(context, rst_scheme_step(stepper, gradient, u, NULL));
    for (size_t i = 0; i < COUNT; ++i) {
      a[i][j] = rst_field_get(u, 0, i);
      a[COUNT + i][j] = count > 0 ? rst_field_get(buffers[0], 0, i) : 0.0;
    }
    rst_scheme_destroy(&stepper);
  }
  rst_field_destroy(&gradient);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
}

/* The map on all of [SIZE][SIZE], column by column, as the mean over all batches. */
static void enumerate(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                      double map[SIZE * SIZE][SIZE * SIZE]) {
  memset(map, 0, sizeof(double) * SIZE * SIZE * SIZE * SIZE);
  for (size_t batch = 0; batch < BATCHES; ++batch) {
    double a[SIZE][SIZE];
    make_step(context, parameters, batch, a);
    for (size_t to = 0; to < (size_t)SIZE * SIZE; ++to) {
      for (size_t from = 0; from < (size_t)SIZE * SIZE; ++from) {
        map[to][from] += a[to / SIZE][from / SIZE] * a[to % SIZE][from % SIZE] / BATCHES;
      }
    }
  }
}

START_TEST(the_map_is_the_mean_over_all_batches) {
  struct rst_context *context = rst_test_context();
  const struct rst_random_regression regression = {EXAMPLES, COUNT, design[0], 1.0 / BATCH};
  static double map[SIZE * SIZE][SIZE * SIZE];
  double moments[SIZE * SIZE];
  double mapped[SIZE * SIZE];
  double random[SIZE * SIZE];
  for (int k = 0; k < 8; ++k) {
    struct rst_scheme_parameters parameters = scheme(_i, 0.2 + 0.125 * k, k % 2 ? 0.2 : 0.0);
    double growth = 0.0;
    const size_t known = schemes[_i].momentum > 0.0 ? SIZE : COUNT;
    enumerate(context, &parameters, map);
    RST_TEST_OK(context, rst_random_uniform(context, (uint32_t)k, (size_t)SIZE * SIZE, random));
    for (size_t i = 0; i < (size_t)SIZE * SIZE; ++i) {
      const bool is_known = i / SIZE < known && i % SIZE < known;
      moments[i] = is_known ? random[i] + random[i % SIZE * SIZE + i / SIZE] : 0.0;
    }
    RST_TEST_OK(context, rst_moment_map_apply(context, &parameters, &regression, moments, mapped));
    for (size_t to = 0; to < (size_t)SIZE * SIZE; ++to) {
      double sum = 0.0;
      for (size_t from = 0; from < (size_t)SIZE * SIZE; ++from) {
        sum += map[to][from] * moments[from];
      }
      ck_assert_double_eq_tol(mapped[to], sum, 1e-12);
    }
    RST_TEST_OK(context, rst_moment_map_growth(context, &parameters, &regression, &growth));
    rst_test_close(growth, spectral_radius((size_t)SIZE * SIZE, map[0]), 1e-10);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(the_map_has_radius_1_at_its_limit) {
  struct rst_context *context = rst_test_context();
  const struct rst_random_regression regression = {EXAMPLES, COUNT, design[0], 1.0 / BATCH};
  struct rst_scheme_parameters parameters = scheme(_i, 1.0, 0.1);
  double lr_ms = 0.0;
  double growth = 0.0;
  RST_TEST_OK(context, rst_moment_map_limit(context, &parameters, &regression, &lr_ms));
  parameters.lr = lr_ms;
  RST_TEST_OK(context, rst_moment_map_growth(context, &parameters, &regression, &growth));
  rst_test_close(growth, 1.0, 1e-9);
  parameters.lr = 0.9 * lr_ms;
  RST_TEST_OK(context, rst_moment_map_growth(context, &parameters, &regression, &growth));
  ck_assert_double_lt(growth, 1.0);
  rst_context_destroy(&context);
}
END_TEST

/* M_uu of the fixed point of all moments, M = map(M) + b b' (x) N. */
START_TEST(stationary_covariance_is_a_fixed_point) {
  struct rst_context *context = rst_test_context();
  const struct rst_random_regression regression = {EXAMPLES, COUNT, design[0], 1.0 / BATCH};
  const double noise[COUNT * COUNT] = {0.7, -0.2, -0.2, 0.4};
  const struct rst_scheme_parameters parameters = scheme(_i, 0.2, 0.1);
  double of_noise[2] = {0.0, 0.0};
  double moments[SIZE * SIZE] = {0};
  double mapped[SIZE * SIZE];
  double covariance[COUNT * COUNT];
  step_once(context, &parameters, 1.0, of_noise);
  for (int step = 0; step < 4000; ++step) {
    RST_TEST_OK(context, rst_moment_map_apply(context, &parameters, &regression, moments, mapped));
    for (size_t i = 0; i < (size_t)SIZE * SIZE; ++i) {
      const size_t row = i / SIZE;
      const size_t column = i % SIZE;
      moments[i] = mapped[i] + of_noise[row / COUNT] * of_noise[column / COUNT] *
                                   noise[row % COUNT * COUNT + column % COUNT];
    }
  }
  RST_TEST_OK(context, rst_moment_map_stationary(context, &parameters, &regression, noise, covariance));
  for (size_t i = 0; i < (size_t)COUNT * COUNT; ++i) {
    ck_assert_double_eq_tol(covariance[i], moments[i / COUNT * SIZE + i % COUNT], 1e-12);
  }
  const struct rst_scheme_parameters beyond = scheme(_i, 30.0, 0.1);
  RST_TEST_OK(context, rst_moment_map_stationary(context, &beyond, &regression, noise, covariance));
  ck_assert(isinf(covariance[0]));
  rst_context_destroy(&context);
}
END_TEST

/* One example of one number in batches of 1 has s2 = mean x^4 - (mean x^2)^2. */
START_TEST(one_number_is_one_mode) {
  struct rst_context *context = rst_test_context();
  const double x[] = {0.3, 1.7, -0.9};
  const struct rst_random_regression regression = {3, 1, x, 1.0};
  double m = 0.0;
  double square = 0.0;
  for (int i = 0; i < 3; ++i) {
    m += x[i] * x[i] / 3.0;
    square += x[i] * x[i] * x[i] * x[i] / 3.0;
  }
  const struct rst_noisy_mode mode = {m, square - m * m, 0.0};
  const struct rst_scheme_parameters parameters = scheme(_i, 0.4, 0.1);
  double of_mode[2];
  double of_map[2];
  RST_TEST_OK(context, rst_moment_growth(context, &parameters, &mode, &of_mode[0]));
  RST_TEST_OK(context, rst_moment_map_growth(context, &parameters, &regression, &of_map[0]));
  RST_TEST_OK(context, rst_mean_square_limit(context, &parameters, &mode, &of_mode[1]));
  RST_TEST_OK(context, rst_moment_map_limit(context, &parameters, &regression, &of_map[1]));
  rst_test_close(of_map[0], of_mode[0], 1e-9);
  rst_test_close(of_map[1], of_mode[1], 1e-9);
  rst_context_destroy(&context);
}
END_TEST

/* Directions that no example has stand still and do not count. */
START_TEST(directions_without_examples_are_left_out) {
  struct rst_context *context = rst_test_context();
  const double flat[] = {0.6, 0.8, 1.2, 1.6};
  const double line[] = {1.0, 2.0};
  const struct rst_random_regression in_plane = {2, 2, flat, 0.5};
  const struct rst_random_regression on_line = {2, 1, line, 0.5};
  const struct rst_scheme_parameters parameters = scheme(2, 0.1, 0.0);
  double lr_ms[2];
  RST_TEST_OK(context, rst_moment_map_limit(context, &parameters, &in_plane, &lr_ms[0]));
  RST_TEST_OK(context, rst_moment_map_limit(context, &parameters, &on_line, &lr_ms[1]));
  rst_test_close(lr_ms[0], lr_ms[1], 1e-9);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(faults_are_named) {
  struct rst_context *context = rst_test_context();
  struct rst_scheme_parameters parameters = scheme(0, 0.1, 0.0);
  struct rst_noisy_mode mode = {1.0, -1.0, 0.0};
  double growth = 0.0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "variances not negative",
                 rst_moment_growth(context, &parameters, &mode, &growth));
  mode.curvature_variance = 1.0;
  parameters.kind = "rk4";
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "not affine",
                 rst_moment_growth(context, &parameters, &mode, &growth));
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("mean_square");
  TCase *tests = tcase_create("mean_square");
  tcase_add_loop_test(tests, the_matrix_is_the_mean_over_steps, 0, SCHEMES);
  tcase_add_loop_test(tests, growth_and_stationary_moments_are_those_of_the_matrix, 0, SCHEMES);
  tcase_add_test(tests, heavy_ball_is_stable_by_its_closed_condition);
  tcase_add_loop_test(tests, moments_grow_beyond_the_limit_and_fall_below, 0, SCHEMES);
  tcase_add_test(tests, stationary_heavy_ball_is_in_closed_form);
  tcase_add_loop_test(tests, the_map_is_the_mean_over_all_batches, 0, SCHEMES);
  tcase_add_loop_test(tests, the_map_has_radius_1_at_its_limit, 0, SCHEMES);
  tcase_add_loop_test(tests, stationary_covariance_is_a_fixed_point, 0, SCHEMES);
  tcase_add_loop_test(tests, one_number_is_one_mode, 0, SCHEMES);
  tcase_add_test(tests, directions_without_examples_are_left_out);
  tcase_add_test(tests, faults_are_named);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
