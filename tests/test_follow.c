/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "follow/file_series.h"
#include "restrain/follow.h"
#include "stability/window_distance.h"
#include "support.h"

START_TEST(distances_of_samples) {
  /* Sorted 1 2 2 5 and 2 2 3 9: differences 0 1 1 4; behind 1 the functions are 1/4 and 0, behind 2 3/4 and 1/2, behind 3 3/4 and
   * 3/4. */
  double x[] = {2, 5, 1, 2};
  double y[] = {9, 2, 3, 2};
  double wasserstein = 0.0;
  double kolmogorov = 0.0;
  rst_window_distances(4, x, y, &wasserstein, &kolmogorov);
  ck_assert_double_eq(wasserstein, (1 + 0 + 1 + 4) / 4.0);
  ck_assert_double_eq(kolmogorov, 0.25);
}
END_TEST

START_TEST(a_shift_moves_all_and_disjoint_samples_differ_wholly) {
  double x[] = {0.25, 0.5, 0.75};
  double y[] = {2.25, 2.5, 2.75};
  double wasserstein = 0.0;
  double kolmogorov = 0.0;
  rst_window_distances(3, x, y, &wasserstein, &kolmogorov);
  ck_assert_double_eq(wasserstein, 2.0);
  ck_assert_double_eq(kolmogorov, 1.0);
  rst_window_distances(3, x, x, &wasserstein, &kolmogorov);
  ck_assert_double_eq(wasserstein, 0.0);
  ck_assert_double_eq(kolmogorov, 0.0);
}
END_TEST

START_TEST(numbers_in_names_count_by_their_value) {
  static const char *const ordered[] = {"a", "a-2", "a-9.npy", "a-010.npy", "a-10b.npy", "a-11.npy", "b-1"};
  const size_t count = sizeof ordered / sizeof *ordered;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) {
      const int order = rst_natural_order(ordered[i], ordered[j]);
      ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
    }
  }
}
END_TEST

/* Asks to stop at once. */
static const char *stop(void *user, const struct rst_follow_progress *progress) {
  (void)progress;
  ++*(int *)user;
  return "enough";
}

/* Two states of float, as NumPy stores them. */
static void write_states(void) {
  static const char header[] =
      "\x93NUMPY\x01\x00\x37\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
  ck_assert_int_eq(mkdir("states", 0777), 0);
  for (int i = 0; i < 3; ++i) {
    char path[256];
    const float values[] = {(float)i, 2.0F};
    snprintf(path, sizeof path, "states/s-%d.npy", 10 * i);
    FILE *stream = fopen(path, "wb");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(header, 1, sizeof header - 1, stream), sizeof header - 1);
    ck_assert_uint_eq(fwrite(values, sizeof *values, 2, stream), 2);
    ck_assert_int_eq(fclose(stream), 0);
  }
}

START_TEST(a_library_call_stores_nothing_unless_asked_and_stops) {
  struct rst_context *context = rst_test_context();
  struct rst_follow *follow = NULL;
  const char *stopped = NULL;
  int polls = 0;
  const char *const paths[] = {"states", "states"};
  write_states();
  struct rst_follow_options options = {.paths = paths, .path_count = 2};
  RST_TEST_OK(context, rst_follow(context, &options, &follow, &stopped));
  ck_assert_ptr_null(stopped);
  ck_assert_uint_eq(follow->time_count, 3);
  ck_assert_uint_eq(follow->all.count, 2);
  ck_assert_double_eq(follow->step[2], 20.0);
  ck_assert_double_eq(follow->all.weight_norm[0], 2.0);
  ck_assert_double_eq(follow->all.global_displacement[2], 4.0);
  ck_assert_double_eq(follow->all.local_displacement[1], 1.0);
  ck_assert(isnan(follow->all.local_displacement[2]));
  ck_assert_double_eq(follow->all.distance[2], 0.0);
  ck_assert(isnan(follow->all.participation[2]));
  ck_assert_double_eq(follow->all.twins[0].saturation, -1.0);
  rst_follow_destroy(&follow);
  options.poll = stop;
  options.user = &polls;
  RST_TEST_OK(context, rst_follow(context, &options, &follow, &stopped));
  ck_assert_str_eq(stopped, "enough");
  ck_assert_ptr_null(follow);
  ck_assert_int_eq(polls, 1);
  options.path_count = 0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "no trajectory",
                 rst_follow(context, &options, &follow, &stopped));
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("follow");
  TCase *follow = tcase_create("follow");
  tcase_add_test(follow, distances_of_samples);
  tcase_add_test(follow, a_shift_moves_all_and_disjoint_samples_differ_wholly);
  tcase_add_test(follow, numbers_in_names_count_by_their_value);
  tcase_add_test(follow, a_library_call_stores_nothing_unless_asked_and_stops);
  suite_add_tcase(suite, follow);
  return rst_test_run(suite);
}
