/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "restrain/image.h"
#include "restrain/laplacian.h"

enum { DISCRETISATION_COUNT = 3, ENDS_COUNT = 3, PRECISION_COUNT = 2, SETTING_COUNT = 18, SHAPE_COUNT = 9 };

static const enum rst_discretisation discretisations[] = {
    RST_DISCRETISATION_SECOND, RST_DISCRETISATION_FOURTH, RST_DISCRETISATION_SPECTRAL};
static const enum rst_ends all_ends[] = {RST_ENDS_PERIODIC, RST_ENDS_FIXED, RST_ENDS_FREE};
static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
static const size_t shapes[SHAPE_COUNT][2] = {{1, 5}, {1, 12}, {1, 31}, {9, 1}, {5, 5},
                                              {6, 7}, {7, 6},  {8, 12}, {5, 17}};

/* Loop tests run over all settings: discretisation x ends x precision. */
struct setting {
  struct rst_diffusion diffusion;
  enum rst_ends ends;
  enum rst_precision precision;
  double unit; /* rounding error of one operation */
};

static struct setting setting_of(int index) {
  const enum rst_precision precision = precisions[index % PRECISION_COUNT];
  return (struct setting){
      .diffusion = {.coefficient = 0.7, .spacing = 0.3, .discretisation = discretisations[index / 6]},
      .ends = all_ends[index / PRECISION_COUNT % ENDS_COUNT],
      .precision = precision,
      .unit = precision == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON};
}

/* An operator and fields of its shape: u and v hold noise, g and h zeros. */
struct bench {
  struct rst_context *context;
  struct setting setting;
  size_t ny, nx;
  struct rst_laplacian *laplacian;
  struct rst_field *u, *v, *g, *h;
};

static struct bench set_up(const struct setting *setting, size_t ny, size_t nx) {
  struct bench bench = {.context = rst_test_context(), .setting = *setting, .ny = ny, .nx = nx};
  RST_TEST_OK(bench.context, rst_laplacian_create(bench.context, setting->precision, ny, nx, setting->ends,
                                                  &setting->diffusion, &bench.laplacian));
  struct rst_field **fields[] = {&bench.u, &bench.v, &bench.g, &bench.h};
  for (uint32_t i = 0; i < 4; ++i) {
    RST_TEST_OK(bench.context, rst_field_create(bench.context, setting->precision, ny, nx, fields[i]));
    const struct rst_initial_parameters noise = {.kind = i < 2 ? "normal" : "zero", .seed = i, .scale = 1.0};
    RST_TEST_OK(bench.context, rst_test_fill(bench.context, &noise, *fields[i]));
  }
  return bench;
}

static void tear_down(struct bench *bench) {
  rst_field_destroy(&bench->h);
  rst_field_destroy(&bench->g);
  rst_field_destroy(&bench->v);
  rst_field_destroy(&bench->u);
  rst_laplacian_destroy(&bench->laplacian);
  rst_context_destroy(&bench->context);
}

static double pi(void) {
  return acos(-1.0);
}

/* The k-th eigenvector along an axis of n points at point i, and its phase angle. Whole turns are removed
 * from the arguments before they are rounded. */
static double mode(enum rst_ends ends, size_t n, size_t k, size_t i, double phase, double *theta) {
  const double size = (double)n;
  *theta = 0.0;
  if (n == 1) {
    return 1.0;
  }
  switch (ends) {
  case RST_ENDS_PERIODIC:
    *theta = 2 * pi() * (2 * k <= n ? (double)k : (double)k - size) / size;
    return cos(2 * pi() * (double)(k * i % n) / size + phase);
  case RST_ENDS_FIXED:
    *theta = pi() * (double)k / (size - 1);
    return i == 0 || i == n - 1 ? 0.0 : sin(pi() * (double)(k * i % (2 * n - 2)) / (size - 1));
  case RST_ENDS_FREE:
    *theta = pi() * (double)k / size;
    return cos(pi() * (double)(k * (2 * i + 1) % (4 * n)) / (2 * size));
  }
  return NAN;
}

/* Number of the first mode and of modes along an axis. */
static size_t first_mode(enum rst_ends ends, size_t n) {
  return ends == RST_ENDS_FIXED && n > 1 ? 1 : 0;
}

static size_t mode_count(enum rst_ends ends, size_t n) {
  return ends == RST_ENDS_FIXED && n > 1 ? n - 2 : n;
}

static bool on_rim(const struct bench *bench, size_t y, size_t x) {
  return bench->setting.ends == RST_ENDS_FIXED && ((bench->ny > 1 && (y == 0 || y == bench->ny - 1)) ||
                                                   (bench->nx > 1 && (x == 0 || x == bench->nx - 1)));
}

/* v = 0 on the rim of fixed ends. */
static void pin(const struct bench *bench, struct rst_field *v) {
  for (size_t y = 0; y < bench->ny; ++y) {
    for (size_t x = 0; x < bench->nx; ++x) {
      if (on_rim(bench, y, x)) {
        rst_field_set(v, y, x, 0.0);
      }
    }
  }
}

/* A u = lambda u for one eigenvector, with the symbol as lambda; also the energy lambda |u|^2/2. */
static void check_mode(struct bench *bench, size_t ky, size_t kx) {
  double theta_y = 0.0;
  double theta_x = 0.0;
  for (size_t y = 0; y < bench->ny; ++y) {
    for (size_t x = 0; x < bench->nx; ++x) {
      const double along_y = mode(bench->setting.ends, bench->ny, ky, y, 0.4, &theta_y);
      rst_field_set(bench->u, y, x, along_y * mode(bench->setting.ends, bench->nx, kx, x, -0.9, &theta_x));
    }
  }
  rst_field_fill(0.0, bench->g);
  rst_laplacian_add(bench->laplacian, bench->u, bench->g);
  const double lambda = rst_laplacian_symbol(bench->laplacian, theta_y, theta_x);
  const double tolerance = 4 * bench->setting.unit * rst_laplacian_symbol(bench->laplacian, pi(), pi());
  ck_assert_double_ge(lambda, 0.0);
  for (size_t y = 0; y < bench->ny; ++y) {
    for (size_t x = 0; x < bench->nx; ++x) {
      const double error = rst_field_get(bench->g, y, x) - lambda * rst_field_get(bench->u, y, x);
      ck_assert_msg(fabs(error) <= tolerance, "%zu x %zu, mode %zu %zu, [%zu][%zu]: %g over %g", bench->ny,
                    bench->nx, ky, kx, y, x, error, tolerance);
    }
  }
  const double square = rst_field_dot(bench->u, bench->u);
  ck_assert_double_le(fabs(rst_laplacian_energy(bench->laplacian, bench->u) - 0.5 * lambda * square),
                      tolerance * square);
}

START_TEST(symbol_is_the_eigenvalue_of_every_mode) {
  const struct setting setting = setting_of(_i);
  for (size_t s = 0; s < SHAPE_COUNT; ++s) {
    struct bench bench = set_up(&setting, shapes[s][0], shapes[s][1]);
    for (size_t ky = 0; ky < mode_count(setting.ends, bench.ny); ++ky) {
      for (size_t kx = 0; kx < mode_count(setting.ends, bench.nx); ++kx) {
        check_mode(&bench, ky + first_mode(setting.ends, bench.ny), kx + first_mode(setting.ends, bench.nx));
      }
    }
    tear_down(&bench);
  }
}
END_TEST

START_TEST(symbols_follow_their_formulas) {
  const struct setting setting = setting_of(_i);
  const double scale =
      setting.diffusion.coefficient / (setting.diffusion.spacing * setting.diffusion.spacing);
  struct bench line = set_up(&setting, 1, 8);
  struct bench plane = set_up(&setting, 6, 8);
  for (int i = -8; i <= 8; ++i) {
    const double theta = pi() * i / 8;
    const double formulas[] = {4 * sin(theta / 2) * sin(theta / 2),
                               (15 - 16 * cos(theta) + cos(2 * theta)) / 6, theta * theta};
    const double expected = scale * formulas[setting.diffusion.discretisation];
    ck_assert_double_eq_tol(rst_laplacian_symbol(line.laplacian, 1.0, theta), expected, 1e-13);
    const double sum = expected + rst_laplacian_symbol(line.laplacian, 0.0, 0.4);
    ck_assert_double_eq_tol(rst_laplacian_symbol(plane.laplacian, theta, 0.4), sum, 1e-13);
  }
  tear_down(&plane);
  tear_down(&line);
}
END_TEST

/* <u, A v> = <A u, v> on pinned fields, and <u, A u> > 0. */
START_TEST(operator_is_symmetric) {
  const struct setting setting = setting_of(_i);
  for (size_t s = 0; s < SHAPE_COUNT; ++s) {
    struct bench bench = set_up(&setting, shapes[s][0], shapes[s][1]);
    pin(&bench, bench.u);
    pin(&bench, bench.v);
    rst_laplacian_add(bench.laplacian, bench.u, bench.g);
    rst_laplacian_add(bench.laplacian, bench.v, bench.h);
    const double bound =
        rst_field_norm(bench.u) * rst_field_norm(bench.v) * rst_laplacian_symbol(bench.laplacian, pi(), pi());
    ck_assert_double_eq_tol(rst_field_dot(bench.u, bench.h), rst_field_dot(bench.g, bench.v),
                            setting.unit * bound);
    ck_assert_double_gt(rst_field_dot(bench.u, bench.g), 0.0);
    tear_down(&bench);
  }
}
END_TEST

/* The energy at u with one element moved, and that element as rounded. */
static double moved_energy(struct bench *bench, size_t y, size_t x, double value, double *rounded) {
  const double kept = rst_field_get(bench->u, y, x);
  rst_field_set(bench->u, y, x, value);
  *rounded = rst_field_get(bench->u, y, x);
  const double energy = rst_laplacian_energy(bench->laplacian, bench->u);
  rst_field_set(bench->u, y, x, kept);
  return energy;
}

/* The energy is quadratic: central differences are exact for any step. The rim is not at zero here. */
START_TEST(gradient_is_that_of_the_energy) {
  const struct setting setting = setting_of(_i);
  for (size_t s = 0; s < SHAPE_COUNT; ++s) {
    struct bench bench = set_up(&setting, shapes[s][0], shapes[s][1]);
    rst_laplacian_add(bench.laplacian, bench.u, bench.g);
    const double bound = rst_laplacian_symbol(bench.laplacian, pi(), pi()) * rst_field_dot(bench.u, bench.u);
    for (size_t y = 0; y < bench.ny; ++y) {
      for (size_t x = 0; x < bench.nx; ++x) {
        if (on_rim(&bench, y, x)) {
          continue;
        }
        const double centre = rst_field_get(bench.u, y, x);
        double above = 0.0;
        double below = 0.0;
        double slope = moved_energy(&bench, y, x, centre + 1, &above);
        slope -= moved_energy(&bench, y, x, centre - 1, &below);
        slope /= above - below;
        ck_assert_double_eq_tol(rst_field_get(bench.g, y, x), slope, 2 * setting.unit * bound);
      }
    }
    tear_down(&bench);
  }
}
END_TEST

/* A smooth function on [0, 2 pi] or [0, pi] whose continuation is smooth too, with its second derivative. */
static double smooth(enum rst_ends ends, double x, double *second) {
  if (ends == RST_ENDS_PERIODIC) {
    *second = exp(sin(x)) * (cos(x) * cos(x) - sin(x));
    return exp(sin(x));
  }
  if (ends == RST_ENDS_FREE) {
    *second = exp(cos(x)) * (sin(x) * sin(x) - cos(x));
    return exp(cos(x));
  }
  *second = exp(cos(x)) * sin(x) * (sin(x) * sin(x) - 3 * cos(x) - 1);
  return exp(cos(x)) * sin(x) + 2 - 0.5 * x;
}

/* Largest error of the second derivative, along x or (transposed) along y. */
static double error_of_second_derivative(enum rst_ends ends, enum rst_discretisation discretisation, size_t n,
                                         bool along_y) {
  const double intervals = (double)(ends == RST_ENDS_FIXED ? n - 1 : n);
  const double h = (ends == RST_ENDS_PERIODIC ? 2 * pi() : pi()) / intervals;
  const double offset = ends == RST_ENDS_FREE ? 0.5 : 0.0;
  const struct setting setting = {.diffusion = {1.0, h, discretisation}, .ends = ends};
  struct bench bench = set_up(&setting, along_y ? n : 1, along_y ? 1 : n);
  double *u = bench.u->data;
  const double *g = bench.g->data;
  double second = 0.0;
  for (size_t i = 0; i < n; ++i) {
    u[i] = smooth(ends, h * ((double)i + offset), &second);
  }
  rst_laplacian_add(bench.laplacian, bench.u, bench.g);
  double largest = 0.0;
  const size_t rim = ends == RST_ENDS_FIXED ? 1 : 0;
  for (size_t i = rim; i < n - rim; ++i) {
    smooth(ends, h * ((double)i + offset), &second);
    largest = fmax(largest, fabs(g[i] + second));
  }
  tear_down(&bench);
  return largest;
}

START_TEST(orders_of_accuracy_are_two_four_and_spectral) {
  const enum rst_ends ends = all_ends[_i];
  /* The spacing is halved exactly. */
  const size_t extra = ends == RST_ENDS_FIXED ? 1 : 0;
  for (int along_y = 0; along_y < 2; ++along_y) {
    for (int d = 0; d < 2; ++d) {
      const double coarse = error_of_second_derivative(ends, discretisations[d], 128 + extra, along_y);
      const double fine = error_of_second_derivative(ends, discretisations[d], 256 + extra, along_y);
      ck_assert_double_eq_tol(log2(coarse / fine), d == 0 ? 2.0 : 4.0, 0.02);
    }
    ck_assert_double_gt(error_of_second_derivative(ends, RST_DISCRETISATION_SPECTRAL, 6, along_y), 1e-5);
    ck_assert_double_lt(error_of_second_derivative(ends, RST_DISCRETISATION_SPECTRAL, 32, along_y), 1e-11);
  }
}
END_TEST

/* What has no curvature is not changed: straight lines between fixed ends, constants otherwise. */
START_TEST(straight_lines_have_no_curvature) {
  const struct setting setting = setting_of(_i);
  const double slope = setting.ends == RST_ENDS_FIXED ? 1.0 : 0.0;
  for (size_t s = 0; s < SHAPE_COUNT; ++s) {
    struct bench bench = set_up(&setting, shapes[s][0], shapes[s][1]);
    for (size_t y = 0; y < bench.ny; ++y) {
      for (size_t x = 0; x < bench.nx; ++x) {
        const double i = (double)y;
        const double j = (double)x;
        rst_field_set(bench.u, y, x, 3 + slope * (2 * j - 0.5 * i + 0.25 * i * j));
      }
    }
    rst_laplacian_add(bench.laplacian, bench.u, bench.g);
    const bool exact = setting.diffusion.discretisation != RST_DISCRETISATION_SPECTRAL;
    const double tolerance =
        2 * setting.unit * rst_field_max_abs(bench.u) * rst_laplacian_symbol(bench.laplacian, pi(), pi());
    ck_assert_double_le(rst_field_max_abs(bench.g), exact ? 0.0 : tolerance);
    ck_assert_double_le(fabs(rst_laplacian_energy(bench.laplacian, bench.u)), exact ? 0.0 : tolerance);
    tear_down(&bench);
  }
}
END_TEST

START_TEST(the_rim_of_fixed_ends_is_never_touched) {
  const struct setting setting = setting_of(_i);
  for (size_t s = 0; s < SHAPE_COUNT; ++s) {
    struct bench bench = set_up(&setting, shapes[s][0], shapes[s][1]);
    rst_field_fill(7.0, bench.g);
    rst_laplacian_add(bench.laplacian, bench.u, bench.g);
    for (size_t y = 0; y < bench.ny; ++y) {
      for (size_t x = 0; x < bench.nx; ++x) {
        ck_assert((rst_field_get(bench.g, y, x) == 7.0) == on_rim(&bench, y, x));
      }
    }
    tear_down(&bench);
  }
}
END_TEST

START_TEST(impossible_grids_are_refused) {
  static const struct {
    size_t ny, nx;
    enum rst_ends ends;
    struct rst_diffusion diffusion;
    const char *fragment;
  } cases[] = {
      {1, 8, RST_ENDS_FREE, {1, 0, RST_DISCRETISATION_SECOND}, "spacing is 0"},
      {1, 8, RST_ENDS_FREE, {1, -2, RST_DISCRETISATION_SECOND}, "spacing is -2"},
      {1, 8, RST_ENDS_FREE, {1, (double)NAN, RST_DISCRETISATION_SECOND}, "spacing is nan"},
      {1, 8, RST_ENDS_FREE, {1, 1e-200, RST_DISCRETISATION_SECOND}, "too small"},
      {1, 8, RST_ENDS_FREE, {-1, 1, RST_DISCRETISATION_SECOND}, "coefficient is -1"},
      {0, 8, RST_ENDS_FREE, {1, 1, RST_DISCRETISATION_SECOND}, "no points (0 x 8)"},
      {1, 2, RST_ENDS_FIXED, {1, 1, RST_DISCRETISATION_SECOND}, "2 points along x are too few"},
      {2, 5, RST_ENDS_FIXED, {1, 1, RST_DISCRETISATION_SPECTRAL}, "2 points along y are too few"},
      {1, 2, RST_ENDS_PERIODIC, {1, 1, RST_DISCRETISATION_SECOND}, "needs 3"},
      {9, 4, RST_ENDS_PERIODIC, {1, 1, RST_DISCRETISATION_FOURTH}, "needs 5"},
  };
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    struct rst_laplacian *laplacian = NULL;
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, cases[i].fragment,
                   rst_laplacian_create(context, RST_PRECISION_DOUBLE, cases[i].ny, cases[i].nx,
                                        cases[i].ends, &cases[i].diffusion, &laplacian));
    ck_assert_ptr_null(laplacian);
    rst_laplacian_destroy(&laplacian);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(smallest_grids_work) {
  const struct setting setting = setting_of(_i);
  const size_t periodic[] = {3, 5, 2};
  const size_t smallest = setting.ends == RST_ENDS_FREE    ? 2
                          : setting.ends == RST_ENDS_FIXED ? 3
                                                           : periodic[setting.diffusion.discretisation];
  struct bench line = set_up(&setting, 1, smallest);
  check_mode(&line, 0, 1);
  tear_down(&line);
  struct bench plane = set_up(&setting, smallest, smallest);
  check_mode(&plane, 1, 1);
  tear_down(&plane);
  struct bench point = set_up(&setting, 1, 1);
  check_mode(&point, 0, 0);
  ck_assert(rst_laplacian_symbol(point.laplacian, pi(), pi()) == 0.0);
  tear_down(&point);
}
END_TEST

START_TEST(no_coefficient_no_diffusion) {
  struct setting setting = setting_of(_i);
  setting.diffusion.coefficient = 0.0;
  struct bench bench = set_up(&setting, 6, 7);
  rst_field_fill(2.0, bench.g);
  rst_laplacian_add(bench.laplacian, bench.u, bench.g);
  ck_assert(rst_field_sum(bench.g) == 84.0 && rst_field_max_abs(bench.g) == 2.0);
  ck_assert(rst_laplacian_energy(bench.laplacian, bench.u) == 0.0);
  tear_down(&bench);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("laplacian");
  TCase *tests = tcase_create("laplacian");
  tcase_add_loop_test(tests, symbol_is_the_eigenvalue_of_every_mode, 0, SETTING_COUNT);
  tcase_add_loop_test(tests, symbols_follow_their_formulas, 0, SETTING_COUNT);
  tcase_add_loop_test(tests, operator_is_symmetric, 0, SETTING_COUNT);
  tcase_add_loop_test(tests, gradient_is_that_of_the_energy, 0, SETTING_COUNT);
  tcase_add_loop_test(tests, orders_of_accuracy_are_two_four_and_spectral, 0, ENDS_COUNT);
  tcase_add_loop_test(tests, straight_lines_have_no_curvature, 0, SETTING_COUNT);
  tcase_add_loop_test(tests, the_rim_of_fixed_ends_is_never_touched, 0, SETTING_COUNT);
  tcase_add_test(tests, impossible_grids_are_refused);
  tcase_add_loop_test(tests, smallest_grids_work, 0, SETTING_COUNT);
  tcase_add_loop_test(tests, no_coefficient_no_diffusion, 0, SETTING_COUNT);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
