/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "restrain/sweep.h"
#include "support.h"

/** @file
 * Zoom windows of a sweep.
 */

static const struct rst_sweep_axis linear = {
    .key = "step.lr", .from = 1.0, .to = 5.0, .count = 9, .scale = RST_SCALE_LINEAR};
static const struct rst_sweep_axis logarithmic = {
    .key = "step.lr", .from = 0.01, .to = 100.0, .count = 17, .scale = RST_SCALE_LOGARITHMIC};

static struct rst_case make_case(struct rst_sweep_axis lr, struct rst_sweep_axis weight_decay,
                                 struct rst_sweep_zoom *zoom, size_t count) {
  struct rst_case made = {0};
  made.sweep.lr = lr;
  made.sweep.weight_decay = weight_decay;
  made.sweep.zoom = zoom;
  made.sweep.zoom_count = count;
  return made;
}

static void assert_axis(const struct rst_sweep_axis *axis, const struct rst_sweep_axis *whole, double from,
                        double to) {
  rst_test_close(axis->from, from, 1e-14);
  rst_test_close(axis->to, to, 1e-14);
  ck_assert_uint_eq(axis->count, whole->count);
  ck_assert_int_eq(axis->scale, whole->scale);
}

START_TEST(windows_shrink_about_their_point) {
  struct rst_sweep_zoom zoom = {.lr = 3.0, .weight_decay = 2.0, .factor = 4.0, .count = 3};
  const struct rst_case made = make_case(linear, logarithmic, &zoom, 1);
  ck_assert_uint_eq(rst_sweep_windows(&made), 3);
  for (size_t window = 0; window <= 3; ++window) {
    const double share = pow(4.0, -(double)window);
    struct rst_sweep_axis lr;
    struct rst_sweep_axis weight_decay;
    rst_sweep_window(&made, window, &lr, &weight_decay);
    assert_axis(&lr, &linear, window ? 3.0 - 2.0 * share : 1.0, window ? 3.0 + 2.0 * share : 5.0);
    const double ratio = pow(100.0 / 0.01, 0.5 * share);
    assert_axis(&weight_decay, &logarithmic, window ? 2.0 / ratio : 0.01, window ? 2.0 * ratio : 100.0);
  }
}
END_TEST

START_TEST(series_are_counted_through) {
  struct rst_sweep_zoom zoom[] = {{1.5, 1.0, 10.0, 2}, {4.0, 1.0, 100.0, 3}};
  const struct rst_case made = make_case(linear, logarithmic, zoom, 2);
  const double centres[] = {1.5, 1.5, 4.0, 4.0, 4.0};
  const double lengths[] = {4e-1, 4e-2, 4e-2, 4e-4, 4e-6};
  ck_assert_uint_eq(rst_sweep_windows(&made), 5);
  for (size_t window = 1; window <= 5; ++window) {
    struct rst_sweep_axis lr;
    struct rst_sweep_axis weight_decay;
    rst_sweep_window(&made, window, &lr, &weight_decay);
    rst_test_close(0.5 * (lr.from + lr.to), centres[window - 1], 1e-14);
    rst_test_close(lr.to - lr.from, lengths[window - 1], 1e-9);
    rst_test_close(sqrt(weight_decay.from * weight_decay.to), 1.0, 1e-14);
    rst_test_close(log(weight_decay.to / weight_decay.from),
                   log(1e4) / (window <= 2 ? pow(10.0, (double)window) : pow(100.0, (double)(window - 2))),
                   1e-9);
  }
}
END_TEST

/* A window about a point at a rim goes beyond it, but not beyond the positive axis. */
START_TEST(windows_stay_positive) {
  const struct rst_sweep_axis lr_axis = {
      .key = "step.lr", .from = 0.1, .to = 4.1, .count = 5, .scale = RST_SCALE_LINEAR};
  const struct rst_sweep_axis decay_axis = {
      .key = "step.lr", .from = 0.0, .to = 8.0, .count = 5, .scale = RST_SCALE_LINEAR};
  struct rst_sweep_zoom zoom[] = {{0.2, 0.0, 2.0, 2}, {4.1, 8.0, 2.0, 1}, {0.1, 0.5, 32.0, 1}};
  const struct rst_case made = make_case(lr_axis, decay_axis, zoom, 3);
  const double expected[][4] = {
      {0.1, 2.1, 0.0, 4.0}, {0.1, 1.1, 0.0, 2.0}, {3.1, 5.1, 6.0, 10.0}, {0.0375, 0.1625, 0.375, 0.625}};
  for (size_t window = 1; window <= 4; ++window) {
    struct rst_sweep_axis lr;
    struct rst_sweep_axis weight_decay;
    rst_sweep_window(&made, window, &lr, &weight_decay);
    assert_axis(&lr, &lr_axis, expected[window - 1][0], expected[window - 1][1]);
    assert_axis(&weight_decay, &decay_axis, expected[window - 1][2], expected[window - 1][3]);
  }
}
END_TEST

START_TEST(without_zoom_there_is_the_whole_alone) {
  const struct rst_case made = make_case(linear, logarithmic, NULL, 0);
  struct rst_sweep_axis lr;
  struct rst_sweep_axis weight_decay;
  ck_assert_uint_eq(rst_sweep_windows(&made), 0);
  rst_sweep_window(&made, 0, &lr, &weight_decay);
  assert_axis(&lr, &linear, 1.0, 5.0);
  assert_axis(&weight_decay, &logarithmic, 0.01, 100.0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("windows");
  TCase *tests = tcase_create("windows");
  tcase_add_test(tests, windows_shrink_about_their_point);
  tcase_add_test(tests, series_are_counted_through);
  tcase_add_test(tests, windows_stay_positive);
  tcase_add_test(tests, without_zoom_there_is_the_whole_alone);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
