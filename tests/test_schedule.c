/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/schedule.h"
#include "support.h"

/* Against the formulas of schedule.h, worked out by hand. */

static void check(const struct rst_schedule *schedule, long t, long epoch, double expected) {
  const double factor = rst_schedule_factor(schedule, t, epoch);
  ck_assert_msg(fabs(factor - expected) <= 1e-15, "%.17g instead of %.17g at %ld", factor, expected, t);
}

START_TEST(constant_is_one) {
  const struct rst_schedule constant = {0};
  ck_assert(rst_schedule_is_constant(&constant));
  check(&constant, 0, 7, 1.0);
  check(&constant, 1000000, 7, 1.0);
}
END_TEST

START_TEST(steps_begin_at_their_times) {
  static const double at[] = {0, 2, 3.5};
  static const double factors[] = {0.5, 2, 0.25};
  struct rst_schedule steps = {.kind = RST_SCHEDULE_STEPS,
                               .unit = RST_SCHEDULE_EPOCHS,
                               .at = at,
                               .at_count = 3,
                               .factors = factors,
                               .factor_count = 3};
  ck_assert(!rst_schedule_is_constant(&steps));
  const double by_epoch[] = {0.5, 0.5, 0.5, 0.5, 2, 2, 2, 0.25, 0.25};
  for (long t = 0; t < 9; ++t) {
    check(&steps, t, 2, by_epoch[t]);
  }
  steps.unit = RST_SCHEDULE_ITERATIONS;
  const double by_iteration[] = {0.5, 0.5, 2, 2, 0.25};
  for (long t = 0; t < 5; ++t) {
    check(&steps, t, 2, by_iteration[t]);
  }
  steps.at_count = 0;
  check(&steps, 8, 2, 1.0);
}
END_TEST

START_TEST(cosine_falls_from_the_warm_up_to_its_end) {
  const struct rst_schedule cosine = {
      .kind = RST_SCHEDULE_COSINE, .unit = RST_SCHEDULE_EPOCHS, .final = 0.2, .warm_up = 2, .length = 14};
  /* Six updates of warm-up, then eight of the cosine. */
  for (long t = 0; t < 6; ++t) {
    check(&cosine, t, 3, (double)(t + 1) / 6);
  }
  const double root = sqrt(0.5);
  check(&cosine, 6, 3, 1.0);
  check(&cosine, 8, 3, 0.2 + 0.8 * (1 + root) / 2);
  check(&cosine, 10, 3, 0.6);
  check(&cosine, 12, 3, 0.2 + 0.8 * (1 - root) / 2);
  check(&cosine, 14, 3, 0.2);
  check(&cosine, 99, 3, 0.2);
}
END_TEST

START_TEST(warm_up_alone_rises_to_one) {
  const struct rst_schedule warm = {.unit = RST_SCHEDULE_ITERATIONS, .warm_up = 4};
  ck_assert(!rst_schedule_is_constant(&warm));
  const double expected[] = {0.25, 0.5, 0.75, 1, 1, 1};
  for (long t = 0; t < 6; ++t) {
    check(&warm, t, 100, expected[t]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("schedule");
  TCase *tests = tcase_create("schedule");
  tcase_add_test(tests, constant_is_one);
  tcase_add_test(tests, steps_begin_at_their_times);
  tcase_add_test(tests, cosine_falls_from_the_warm_up_to_its_end);
  tcase_add_test(tests, warm_up_alone_rises_to_one);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
