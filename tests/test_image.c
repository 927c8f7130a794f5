/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "restrain/correlation.h"
#include "restrain/image.h"

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISION_COUNT = 2 };

static struct rst_field *make(struct rst_context *context, struct rst_image_parameters parameters,
                              enum rst_precision precision) {
  struct rst_field *image = NULL;
  RST_TEST_OK(context, rst_image_create(context, &parameters, precision, &image));
  ck_assert_int_eq(image->precision, precision);
  return image;
}

/* Synthetic images. */

START_TEST(checkerboard_and_constant_are_exact) {
  struct rst_context *context = rst_test_context();
  struct rst_field *board =
      make(context, (struct rst_image_parameters){.kind = "checkerboard", .size = 5}, precisions[_i]);
  struct rst_field *constant = make(
      context, (struct rst_image_parameters){.kind = "constant", .size = 3, .value = -0.1}, precisions[_i]);
  ck_assert(board->ny == 5 && board->nx == 5 && constant->ny == 3 && constant->nx == 3);
  for (size_t y = 0; y < 5; ++y) {
    for (size_t x = 0; x < 5; ++x) {
      ck_assert(rst_field_get(board, y, x) == ((y + x) % 2 ? 1.0 : -1.0));
    }
  }
  const double rounded = precisions[_i] == RST_PRECISION_FLOAT ? (double)-0.1F : -0.1;
  for (size_t i = 0; i < 9; ++i) {
    ck_assert(rst_field_get(constant, i / 3, i % 3) == rounded);
  }
  rst_field_destroy(&constant);
  rst_field_destroy(&board);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(gratings_are_cosines_exact_at_quarter_turns) {
  struct rst_context *context = rst_test_context();
  struct rst_image_parameters parameters = {.kind = "grating", .size = 12, .period = 4, .angle = 0};
  const double quarter[] = {1, 0, -1, 0};
  const double angles[] = {0, 90, 180, 270};
  for (size_t a = 0; a < 4; ++a) {
    parameters.angle = angles[a];
    struct rst_field *image = make(context, parameters, precisions[_i]);
    for (size_t i = 0; i < 144; ++i) {
      ck_assert(rst_field_get(image, i / 12, i % 12) == quarter[(a % 2 ? i / 12 : i % 12) % 4]);
    }
    rst_field_destroy(&image);
  }
  parameters.period = 5.3;
  parameters.angle = 33.0;
  struct rst_field *image = make(context, parameters, precisions[_i]);
  const double pi = acos(-1.0);
  const double unit = precisions[_i] == RST_PRECISION_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON;
  for (size_t y = 0; y < 12; ++y) {
    for (size_t x = 0; x < 12; ++x) {
      const double phase = (double)x * cos(pi * 33 / 180) + (double)y * sin(pi * 33 / 180);
      ck_assert_double_eq_tol(rst_field_get(image, y, x), cos(2 * pi * phase / 5.3), 32 * unit);
    }
  }
  rst_field_destroy(&image);
  rst_context_destroy(&context);
}
END_TEST

/* Least-squares slope of log power over log |w|, over all modes within the circle of the Nyquist mode. */
static double spectral_slope(struct rst_context *context, const struct rst_field *image) {
  const size_t n = image->nx;
  struct rst_field *power = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, n, n, &power));
  RST_TEST_OK(context, rst_power_spectrum(context, image, power));
  double rings[1024][2] = {{0}};
  for (size_t y = 0; y < n; ++y) {
    for (size_t x = 0; x < n; ++x) {
      const double k = hypot((double)(y <= n / 2 ? y : n - y), (double)(x <= n / 2 ? x : n - x));
      const size_t ring = (size_t)(k + 0.5);
      if (ring > 0 && ring <= n / 2) {
        rings[ring][0] += rst_field_get(power, y, x);
        rings[ring][1] += 1;
      }
    }
  }
  double s1 = 0;
  double sx = 0;
  double sy = 0;
  double sxx = 0;
  double sxy = 0;
  for (size_t ring = 1; ring <= n / 2; ++ring) {
    const double weight = rings[ring][1];
    const double lx = log((double)ring);
    const double ly = log(rings[ring][0] / weight);
    s1 += weight;
    sx += weight * lx;
    sy += weight * ly;
    sxx += weight * lx * lx;
    sxy += weight * lx * ly;
  }
  rst_field_destroy(&power);
  return (s1 * sxy - sx * sy) / (s1 * sxx - sx * sx);
}

START_TEST(gaussian_fields_have_the_spectrum_asked_for) {
  struct rst_context *context = rst_test_context();
  const size_t sizes[] = {128, 135};
  const double exponents[] = {0, 1, 2, 3.5, -1};
  for (size_t s = 0; s < 2; ++s) {
    for (size_t e = 0; e < sizeof exponents / sizeof *exponents; ++e) {
      const struct rst_image_parameters parameters = {
          .kind = "gaussian-field", .size = sizes[s], .seed = 3, .exponent = exponents[e]};
      struct rst_field *image = make(context, parameters, RST_PRECISION_DOUBLE);
      const double count = (double)rst_field_count(image);
      ck_assert_double_eq_tol(rst_field_sum(image) / count, 0.0, 1e-14);
      ck_assert_double_eq_tol(rst_field_dot(image, image) / count, 1.0, 1e-13);
      ck_assert_double_eq_tol(spectral_slope(context, image), -exponents[e], 0.05);
      rst_field_destroy(&image);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(gaussian_fields_are_the_same_bits_every_time) {
  struct rst_context *context = rst_test_context();
  struct rst_image_parameters parameters = {.kind = "gaussian-field", .size = 30, .seed = 5, .exponent = 2};
  struct rst_field *first = make(context, parameters, RST_PRECISION_DOUBLE);
  rst_context_set_rigor(context, RST_RIGOR_MEASURE);
  struct rst_field *second = make(context, parameters, RST_PRECISION_DOUBLE);
  ck_assert_int_eq(rst_context_rigor(context), RST_RIGOR_MEASURE);
  struct rst_field *rounded = make(context, parameters, RST_PRECISION_FLOAT);
  parameters.seed = 6;
  struct rst_field *other = make(context, parameters, RST_PRECISION_DOUBLE);
  const size_t bytes = rst_field_count(first) * sizeof(double);
  ck_assert_mem_eq(first->data, second->data, bytes);
  ck_assert_double_gt(rst_field_distance(first, other), 0.5 * rst_field_norm(first));
  for (size_t i = 0; i < rst_field_count(first); ++i) {
    ck_assert(((const float *)rounded->data)[i] == (float)((const double *)first->data)[i]);
  }
  rst_field_destroy(&other);
  rst_field_destroy(&rounded);
  rst_field_destroy(&second);
  rst_field_destroy(&first);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(every_kind_refuses_what_it_cannot_make) {
  static const struct {
    struct rst_image_parameters parameters;
    const char *fragment;
  } cases[] = {
      {{.kind = "checkers", .size = 4}, "checkerboard, constant, grating, gaussian-field, paper, file"},
      {{.kind = NULL, .size = 4}, "choose one of"},
      {{.kind = "grating", .size = 4, .period = 0}, "period of a grating is 0"},
      {{.kind = "grating", .size = 4, .period = (double)NAN}, "period"},
      {{.kind = "grating", .size = 4, .period = 3, .angle = (double)INFINITY}, "angle"},
      {{.kind = "constant", .size = 4, .value = (double)NAN}, "row 0, column 0"},
      {{.kind = "constant", .size = 4, .value = 1e39}, "float precision"},
      {{.kind = "gaussian-field", .size = 1}, "at least 2"},
      {{.kind = "gaussian-field", .size = 8, .exponent = (double)NAN}, "exponent"},
      {{.kind = "gaussian-field", .size = 8, .exponent = -1e4}, "representable range"},
      {{.kind = "memory"}, "give its file with kind file"},
      {{.kind = "file", .size = 4}, "needs the name"},
      {{.kind = "file", .size = 4, .file = ""}, "needs the name"},
  };
  struct rst_context *context = rst_test_context();
  struct rst_field *image = NULL;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, cases[i].fragment,
                   rst_image_create(context, &cases[i].parameters, RST_PRECISION_FLOAT, &image));
    ck_assert_ptr_null(image);
  }
  for (const char *const *name = rst_image_names(); *name; ++name) {
    if (strcmp(*name, "file") != 0 && strcmp(*name, "paper") != 0 && strcmp(*name, "memory") != 0) {
      const struct rst_image_parameters parameters = {.kind = *name, .period = 2};
      RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "0; it must be at least 1",
                     rst_image_create(context, &parameters, RST_PRECISION_FLOAT, &image));
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Initial states. */

static struct rst_field *initial(struct rst_context *context, struct rst_initial_parameters parameters,
                                 enum rst_precision precision, size_t ny, size_t nx) {
  struct rst_field *u = NULL;
  RST_TEST_OK(context, rst_field_create(context, precision, ny, nx, &u));
  rst_field_fill(99.0, u);
  RST_TEST_OK(context, rst_test_fill(context, &parameters, u));
  return u;
}

/* A value of the initial state of scale -0.3, and of gain 3, on 5 x 7 points. */
static double expected_initial(const char *kind, const double *normal, const double *uniform, size_t y,
                               size_t x) {
  if (strcmp(kind, "normal") == 0) {
    return -0.3 * normal[7 * y + x];
  }
  if (strcmp(kind, "constant") == 0) {
    return -0.3;
  }
  if (strcmp(kind, "tent") == 0) {
    return -0.3 * (1 - fabs(2 * (double)y / 4 - 1)) * (1 - fabs(2 * (double)x / 6 - 1));
  }
  if (strcmp(kind, "fan-in") == 0) {
    return 3.0 / sqrt(35.0) * normal[7 * y + x];
  }
  if (strcmp(kind, "uniform") == 0) {
    return -1.0 / sqrt(35.0) + 2.0 / sqrt(35.0) * uniform[7 * y + x];
  }
  if (strcmp(kind, "list") == 0) {
    return normal[7 * y + x];
  }
  ck_assert_str_eq(kind, "zero");
  return 0.0;
}

START_TEST(initial_states_follow_their_formulas) {
  struct rst_context *context = rst_test_context();
  double normal[35];
  double uniform[35];
  RST_TEST_OK(context, rst_random_normal(context, 7, 35, normal));
  RST_TEST_OK(context, rst_random_uniform(context, 7, 35, uniform));
  for (const char *const *name = rst_initial_names(); *name; ++name) {
    if (strcmp(*name, "file") == 0) {
      continue;
    }
    const struct rst_initial_parameters parameters = {
        .kind = *name, .seed = 7, .scale = -0.3, .gain = 3.0, .values = normal, .value_count = 35};
    struct rst_field *u = initial(context, parameters, precisions[_i], 5, 7);
    for (size_t i = 0; i < 35; ++i) {
      double expected = expected_initial(*name, normal, uniform, i / 7, i % 7);
      if (precisions[_i] == RST_PRECISION_FLOAT) {
        expected = (double)(float)expected;
      }
      ck_assert_msg(rst_field_get(u, i / 7, i % 7) == expected, "%s, point %zu: not %a", *name, i, expected);
    }
    rst_field_destroy(&u);
  }
  rst_context_destroy(&context);
}
END_TEST

/* The published start of the heat equation. */
START_TEST(the_tent_of_31_points_has_its_height) {
  struct rst_context *context = rst_test_context();
  const struct rst_initial_parameters parameters = {.kind = "tent", .scale = 1.5};
  struct rst_field *u = initial(context, parameters, precisions[_i], 1, 31);
  ck_assert(rst_field_get(u, 0, 0) == 0.0 && rst_field_get(u, 0, 30) == 0.0);
  ck_assert(rst_field_get(u, 0, 15) == 1.5);
  for (size_t x = 0; x < 15; ++x) {
    ck_assert_double_eq_tol(rst_field_get(u, 0, x), 0.1 * (double)x, 1e-7);
    ck_assert_double_eq_tol(rst_field_get(u, 0, x), rst_field_get(u, 0, 30 - x), 1e-7);
  }
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(failed_fills_leave_the_state_alone) {
  static const struct {
    struct rst_initial_parameters parameters;
    enum rst_status status;
    const char *fragment;
  } cases[] = {
      {{.kind = "normall"}, RST_ERROR_ARGUMENT, "normal, fan-in, uniform, zero, constant, tent, list, file"},
      {{.kind = "list"}, RST_ERROR_ARGUMENT, "the initial list has 0 values and the state 4 numbers"},
      {{.kind = NULL}, RST_ERROR_ARGUMENT, "choose one of"},
      {{.kind = "file"}, RST_ERROR_ARGUMENT, "needs the name"},
      {{.kind = "file", .file = "/nonexistent/kernel.h5:/k"}, RST_ERROR_IO, "No such file"},
      {{.kind = "constant", .scale = (double)NAN}, RST_ERROR_ARGUMENT, "nan at row 0, column 0"},
      {{.kind = "normal", .scale = 1e39}, RST_ERROR_ARGUMENT, "float precision"},
  };
  struct rst_context *context = rst_test_context();
  struct rst_field *u = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_FLOAT, 2, 2, &u));
  rst_field_fill(3.0, u);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    RST_TEST_FAILS(context, cases[i].status, cases[i].fragment,
                   rst_test_fill(context, &cases[i].parameters, u));
    for (size_t p = 0; p < 4; ++p) {
      ck_assert(rst_field_get(u, p / 2, p % 2) == 3.0);
    }
  }
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("image");
  TCase *tests = tcase_create("image");
  tcase_add_loop_test(tests, checkerboard_and_constant_are_exact, 0, PRECISION_COUNT);
  tcase_add_loop_test(tests, gratings_are_cosines_exact_at_quarter_turns, 0, PRECISION_COUNT);
  tcase_add_test(tests, gaussian_fields_have_the_spectrum_asked_for);
  tcase_add_test(tests, gaussian_fields_are_the_same_bits_every_time);
  tcase_add_test(tests, every_kind_refuses_what_it_cannot_make);
  tcase_add_loop_test(tests, initial_states_follow_their_formulas, 0, PRECISION_COUNT);
  tcase_add_loop_test(tests, the_tent_of_31_points_has_its_height, 0, PRECISION_COUNT);
  tcase_add_test(tests, failed_fills_leave_the_state_alone);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
