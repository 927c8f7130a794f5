/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "stability/event_region.h"

/* The region that holds a share of an energy, and the dominant wave, on fields where both are known. */

static const double pi = 3.14159265358979323846;

static struct rst_field *field(struct rst_context *context, size_t ny, size_t nx) {
  struct rst_field *made = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &made));
  return made;
}

static struct rst_event locate(struct rst_context *context, const struct rst_field *energy, double spacing) {
  struct rst_event event = {.kind = RST_EVENT_CONTINUOUS, .peak = 3.0};
  RST_TEST_OK(context, rst_event_find_region(context, energy, spacing, &event));
  ck_assert(event.kind == RST_EVENT_CONTINUOUS && event.peak == 3.0);
  return event;
}

static struct rst_event wave(struct rst_context *context, const struct rst_field *v, double spacing) {
  struct rst_event event = {.first = 5};
  RST_TEST_OK(context, rst_event_find_wave(context, v, spacing, &event));
  ck_assert_int_eq(event.first, 5);
  return event;
}

static void check_box(const struct rst_event *event, long y_first, long y_last, long x_first, long x_last) {
  ck_assert_int_eq(event->y_first, y_first);
  ck_assert_int_eq(event->y_last, y_last);
  ck_assert_int_eq(event->x_first, x_first);
  ck_assert_int_eq(event->x_last, x_last);
}

START_TEST(one_point) {
  const double energies[] = {1e-300, 2.5, 1e300};
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, 6, 9);
  for (int i = 0; i < 3; ++i) {
    rst_field_set(energy, 4, 7, energies[i]);
    const struct rst_event event = locate(context, energy, 0.5);
    check_box(&event, 4, 4, 7, 7);
    rst_test_close(event.centroid_y, 2.0, 1e-15);
    rst_test_close(event.centroid_x, 3.5, 1e-15);
    ck_assert_double_eq(event.share, 1.0 / 54);
    rst_test_close(event.participation, 1.0 / 54, 1e-15);
  }
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

/* Equal energies: the first nine tenths of the points in memory, and every point takes part. */
START_TEST(constant) {
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, 5, 8);
  rst_field_fill(0.25, energy);
  const struct rst_event event = locate(context, energy, 1.0);
  check_box(&event, 0, 4, 0, 7);
  ck_assert_double_eq(event.share, 1.0);
  ck_assert_double_eq(event.participation, 1.0);
  ck_assert_double_eq_tol(event.centroid_y, 2.0, 1e-14);
  ck_assert_double_eq_tol(event.centroid_x, 3.5, 1e-14);
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(equals_belong_to_the_region_together) {
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, 1, 12);
  rst_field_set(energy, 0, 2, 8.0);
  for (size_t x = 5; x < 9; ++x) {
    rst_field_set(energy, 0, x, 0.5); /* 9 of 10 are reached with two of the four */
  }
  rst_field_set(energy, 0, 7, 0.5 * (1.0 - 0.5 * RST_EVENT_TIE));
  rst_field_set(energy, 0, 8, 0.5 * (1.0 - 2.0 * RST_EVENT_TIE));
  const struct rst_event event = locate(context, energy, 1.0);
  check_box(&event, 0, 0, 2, 7);
  ck_assert_double_eq(event.share, 4.0 / 12);
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

static void add_blob(double amount, size_t y, size_t x, struct rst_field *energy) {
  for (size_t i = 0; i < 9; ++i) {
    rst_field_set(energy, y + i / 3, x + i % 3, amount / 9);
  }
}

/* 95 and 5 per cent: the region needs nothing of the second; 80 and 20: it spans both. */
START_TEST(two_blobs) {
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, 20, 30);
  add_blob(95.0, 3, 4, energy);
  add_blob(5.0, 15, 25, energy);
  struct rst_event event = locate(context, energy, 2.0);
  check_box(&event, 3, 5, 4, 6);
  ck_assert_double_eq_tol(event.centroid_y, 8.0, 1e-13);
  ck_assert_double_eq_tol(event.centroid_x, 10.0, 1e-13);
  ck_assert_double_eq(event.share, 9.0 / 600);
  rst_test_close(event.participation, 1e4 / 600 / ((95.0 * 95 + 5.0 * 5) / 9), 1e-14);
  add_blob(80.0, 3, 4, energy);
  add_blob(20.0, 15, 25, energy);
  event = locate(context, energy, 2.0);
  check_box(&event, 3, 17, 4, 27);
  ck_assert_double_eq(event.share, 18.0 / 600);
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

/* exp(-r^2/(2 s^2)): a disc of radius s sqrt(2 log 10) holds nine tenths; the participation of its root is 4 pi s^2/n. */
START_TEST(gaussian_blob) {
  enum { N = 128 };
  const double s = 8.0;
  const double radius = s * sqrt(2.0 * log(10.0));
  const double centre[] = {60.3, 70.6};
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, N, N);
  for (size_t i = 0; i < (size_t)N * N; ++i) {
    const size_t y = i / N;
    const double r = hypot((double)y - centre[0], (double)(i % N) - centre[1]);
    rst_field_set(energy, y, i % N, exp(-r * r / (2.0 * s * s)));
  }
  const struct rst_event event = locate(context, energy, 1.0);
  ck_assert_double_eq_tol(event.centroid_y, centre[0], 0.02);
  ck_assert_double_eq_tol(event.centroid_x, centre[1], 0.02);
  ck_assert_double_eq_tol((double)event.y_first, centre[0] - radius, 1.0);
  ck_assert_double_eq_tol((double)event.y_last, centre[0] + radius, 1.0);
  ck_assert_double_eq_tol((double)event.x_first, centre[1] - radius, 1.0);
  ck_assert_double_eq_tol((double)event.x_last, centre[1] + radius, 1.0);
  rst_test_close(event.share, pi * radius * radius / (N * N), 0.01);
  rst_test_close(event.participation, 4.0 * pi * s * s / (N * N), 1e-6);
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

/* By the definition of the smallest set: fewer points cannot hold the share. */
START_TEST(no_smaller_set_holds_the_share) {
  enum { N = 37 };
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, 1, N);
  rst_test_noise(11, energy);
  double values[N];
  double sum = 0.0;
  for (size_t i = 0; i < N; ++i) {
    values[i] = fabs(rst_field_get(energy, 0, i));
    rst_field_set(energy, 0, i, values[i]);
    sum += values[i];
  }
  const struct rst_event event = locate(context, energy, 1.0);
  size_t needed = 0;
  for (double held = 0.0; held < RST_EVENT_SHARE * sum; ++needed) {
    size_t largest = 0;
    for (size_t i = 0; i < N; ++i) {
      largest = values[i] > values[largest] ? i : largest;
    }
    held += values[largest];
    values[largest] = 0.0;
  }
  ck_assert_double_eq(event.share, (double)needed / N);
  ck_assert_uint_gt(needed, N / 4);
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(no_energy) {
  struct rst_context *context = rst_test_context();
  struct rst_field *energy = field(context, 3, 4);
  const struct rst_event event = locate(context, energy, 1.0);
  check_box(&event, 0, -1, 0, -1);
  ck_assert_double_eq(event.share, 0.0);
  ck_assert(isnan(event.participation) && isnan(event.centroid_y) && isnan(event.centroid_x));
  rst_field_destroy(&energy);
  rst_context_destroy(&context);
}
END_TEST

/* All waves of even and odd grids come back as (ky, kx) or as its mirror, with ky >= 0. */
START_TEST(plane_waves) {
  const size_t shapes[][2] = {{8, 12}, {7, 9}, {1, 16}, {1, 31}};
  const size_t ny = shapes[_i][0];
  const size_t nx = shapes[_i][1];
  const double h = 0.25;
  struct rst_context *context = rst_test_context();
  struct rst_field *v = field(context, ny, nx);
  for (size_t j = 0; j < ny * nx; ++j) {
    const size_t row = j / nx;
    const double a = 2.0 * pi * (double)row / (double)ny;
    const double b = 2.0 * pi * (double)(j % nx) / (double)nx;
    for (size_t i = 0; i < ny * nx; ++i) {
      const size_t y = i / nx;
      rst_field_set(v, y, i % nx, 1e-3 * cos(a * (double)y + b * (double)(i % nx) + 0.7));
    }
    const struct rst_event event = wave(context, v, h);
    const double sign = a > 1.0001 * pi ? -1.0 : 1.0;
    ck_assert_double_eq_tol(cos(event.ky * h), cos(a), 1e-14);
    ck_assert_double_eq_tol(sin(event.ky * h), sign * sin(a), 1e-14);
    ck_assert(event.ky >= 0.0 && event.ky * h <= pi && event.kx * h > -pi && event.kx * h <= pi);
    const bool mirrored = row == 0 || 2 * row == ny; /* both signs of kx are one wave */
    ck_assert_double_eq_tol(cos(event.kx * h), cos(b), 1e-14);
    ck_assert_double_eq_tol(sin(event.kx * h), mirrored ? fabs(sin(b)) : sign * sin(b), 1e-14);
    ck_assert(!mirrored || event.kx >= 0.0);
  }
  rst_field_destroy(&v);
  rst_context_destroy(&context);
}
END_TEST

/* cos cos is two waves of one power: kx > 0 is taken, in both precisions; the stronger of two waves wins. */
START_TEST(several_waves) {
  enum { N = 20 };
  struct rst_context *context = rst_test_context();
  for (int p = 0; p < 2; ++p) {
    struct rst_field *v = NULL;
    RST_TEST_OK(context, rst_field_create(context, p ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE, N, N, &v));
    for (size_t i = 0; i < (size_t)N * N; ++i) {
      const size_t row = i / N;
      const double y = 2.0 * pi * (double)row / N;
      const double x = 2.0 * pi * (double)(i % N) / N;
      rst_field_set(v, row, i % N, cos(3.0 * y) * cos(4.0 * x) + 0.45 * cos(y) + 0.01);
    }
    const struct rst_event event = wave(context, v, 1.0);
    rst_test_close(event.ky, 2.0 * pi * 3 / N, 1e-15);
    rst_test_close(event.kx, 2.0 * pi * 4 / N, 1e-15);
    rst_field_destroy(&v);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("event_region");
  TCase *tests = tcase_create("event_region");
  tcase_add_test(tests, one_point);
  tcase_add_test(tests, constant);
  tcase_add_test(tests, equals_belong_to_the_region_together);
  tcase_add_test(tests, two_blobs);
  tcase_add_test(tests, gaussian_blob);
  tcase_add_test(tests, no_smaller_set_holds_the_share);
  tcase_add_test(tests, no_energy);
  tcase_add_loop_test(tests, plane_waves, 0, 4);
  tcase_add_test(tests, several_waves);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
