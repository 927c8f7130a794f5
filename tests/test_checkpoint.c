/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/checkpoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

enum { FIELDS = 3, NY = 4, NX = 6, NAME_LENGTH = 512 };

/* A checkpoint whose content follows from its iteration; fields of both precisions. */
static struct rst_checkpoint make(struct rst_context *context, long iteration) {
  struct rst_checkpoint checkpoint = {
      .iteration = iteration,
      .time = 0.1 * (double)iteration,
      .time_compensation = 1e-18 * (double)iteration,
      .snapshots = (size_t)iteration / 2,
      .radius = 3.25,
      .wall_seconds = 7.5,
      .effective = strdup("title: Größe\n"),
      .wisdom = strdup(iteration % 2 ? "" : "(wisdom)"),
      .field_count = FIELDS,
      .fields = calloc(FIELDS, sizeof *checkpoint.fields),
  };
  for (size_t i = 0; i < FIELDS; ++i) {
    const enum rst_precision precision = i == 1 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
    RST_TEST_OK(context, rst_field_create(context, precision, NY + i, NX, &checkpoint.fields[i]));
    for (size_t y = 0; y < NY + i; ++y) {
      for (size_t x = 0; x < NX; ++x) {
        rst_field_set(checkpoint.fields[i], y, x, sin((double)(iteration + (long)(i * 31 + y * 7 + x))));
      }
    }
  }
  return checkpoint;
}

static void save(struct rst_context *context, const char *path, long iteration) {
  struct rst_checkpoint checkpoint = make(context, iteration);
  RST_TEST_OK(context, rst_checkpoint_save(context, path, &checkpoint));
  rst_checkpoint_clear(&checkpoint);
}

static void check_loads(struct rst_context *context, const char *path, long iteration) {
  struct rst_checkpoint expected = make(context, iteration);
  struct rst_checkpoint loaded = {0};
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &loaded));
  ck_assert_int_eq(loaded.iteration, iteration);
  ck_assert_int_eq((int)loaded.snapshots, (int)expected.snapshots);
  ck_assert_double_eq(loaded.time, expected.time);
  ck_assert_double_eq(loaded.time_compensation, expected.time_compensation);
  ck_assert_double_eq(loaded.radius, expected.radius);
  ck_assert_double_eq(loaded.wall_seconds, expected.wall_seconds);
  ck_assert_str_eq(loaded.effective, expected.effective);
  ck_assert_str_eq(loaded.wisdom, expected.wisdom);
  ck_assert_int_eq((int)loaded.field_count, FIELDS);
  for (size_t i = 0; i < FIELDS; ++i) {
    const struct rst_field *a = loaded.fields[i];
    const struct rst_field *b = expected.fields[i];
    ck_assert(a->precision == b->precision && a->ny == b->ny && a->nx == b->nx);
    ck_assert(memcmp(a->data, b->data, rst_field_count(a) * rst_precision_size(a->precision)) == 0);
  }
  rst_checkpoint_clear(&loaded);
  rst_checkpoint_clear(&expected);
  ck_assert_ptr_null(loaded.fields);
}

static void keep_warning(void *user, const char *text) {
  snprintf(user, NAME_LENGTH, "%s", text);
}

START_TEST(generations_follow_one_another) {
  static const char path[] = "checkpoint_two.h5";
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint none = {0};
  RST_TEST_OK(context, rst_checkpoint_remove(context, path));
  ck_assert(!rst_checkpoint_exists(path));
  RST_TEST_FAILS(context, RST_ERROR_IO, "there is no checkpoint checkpoint_two.checkpoint.h5",
                 rst_checkpoint_load(context, path, &none));
  for (long iteration = 4; iteration < 8; ++iteration) {
    save(context, path, iteration);
    check_loads(context, path, iteration);
  }
  ck_assert(rst_checkpoint_exists(path));
  /* Killed between the two renames of a save. */
  ck_assert_int_eq(unlink("checkpoint_two.checkpoint.h5"), 0);
  ck_assert(rst_checkpoint_exists(path));
  check_loads(context, path, 6);
  RST_TEST_OK(context, rst_checkpoint_remove(context, path));
  ck_assert(!rst_checkpoint_exists(path));
  rst_context_destroy(&context);
}
END_TEST

static long file_size(const char *path) {
  FILE *stream = fopen(path, "rb");
  ck_assert_ptr_nonnull(stream);
  ck_assert_int_eq(fseek(stream, 0, SEEK_END), 0);
  const long size = ftell(stream);
  ck_assert_int_eq(fclose(stream), 0);
  return size;
}

static void flip_byte(const char *path, long offset) {
  FILE *stream = fopen(path, "r+b");
  ck_assert_ptr_nonnull(stream);
  ck_assert_int_eq(fseek(stream, offset, SEEK_SET), 0);
  const int byte = fgetc(stream);
  ck_assert_int_eq(fseek(stream, offset, SEEK_SET), 0);
  fputc(byte ^ 0x10, stream);
  ck_assert_int_eq(fclose(stream), 0);
}

/* Whatever byte is wrong, the previous generation is taken, with a warning. */
START_TEST(a_damaged_generation_is_passed_over) {
  static const char path[] = "checkpoint_damaged.h5";
  static const char current[] = "checkpoint_damaged.checkpoint.h5";
  enum { STRIDE = 61 };
  struct rst_context *context = rst_test_context();
  char warning[NAME_LENGTH] = "";
  rst_context_set_warning(context, keep_warning, warning);
  save(context, path, 10);
  save(context, path, 11);
  const long size = file_size(current);
  for (long offset = _i; offset < size; offset += STRIDE) {
    warning[0] = '\0';
    flip_byte(current, offset);
    check_loads(context, path, 10);
    ck_assert_ptr_nonnull(strstr(warning, "is incomplete or damaged"));
    flip_byte(current, offset);
  }
  check_loads(context, path, 11);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(truncated_generations_are_passed_over_or_refused) {
  static const char path[] = "checkpoint_cut.h5";
  static const char current[] = "checkpoint_cut.checkpoint.h5";
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint none = {0};
  char warning[NAME_LENGTH] = "";
  rst_context_set_warning(context, keep_warning, warning);
  save(context, path, 20);
  save(context, path, 21);
  ck_assert_int_eq(truncate(current, file_size(current) / 2), 0);
  check_loads(context, path, 20);
  ck_assert_ptr_nonnull(strstr(warning, current));
  ck_assert_ptr_nonnull(strstr(warning, "going on from checkpoint_cut.checkpoint.previous.h5"));
  ck_assert_int_eq(truncate("checkpoint_cut.checkpoint.previous.h5", 0), 0);
  RST_TEST_FAILS(context, RST_ERROR_IO, "no checkpoint is usable", rst_checkpoint_load(context, path, &none));
  ck_assert_ptr_null(none.fields);
  rst_context_destroy(&context);
}
END_TEST

/* A limit on the size of files fails writes as a full disk does; libcheck needs files of its own, so that the
 * limit must be gone before anything is asserted. */
static enum rst_status save_limited(struct rst_context *context, const char *path,
                                    const struct rst_checkpoint *checkpoint, rlim_t largest) {
  const struct rlimit limited = {.rlim_cur = largest, .rlim_max = RLIM_INFINITY};
  const struct rlimit unlimited = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limited);
  const enum rst_status status = rst_checkpoint_save(context, path, checkpoint);
  setrlimit(RLIMIT_FSIZE, &unlimited);
  return status;
}

START_TEST(a_failed_save_leaves_the_generations) {
  static const char path[] = "checkpoint_full.h5";
  static const rlim_t limits[] = {0, 1024, 3000};
  struct rst_context *context = rst_test_context();
  save(context, path, 30);
  save(context, path, 31);
  struct rst_checkpoint checkpoint = make(context, 32);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    RST_TEST_FAILS(context, RST_ERROR_IO, "File too large",
                   save_limited(context, path, &checkpoint, limits[i]));
    ck_assert_int_ne(access("checkpoint_full.checkpoint.partial.h5", F_OK), 0);
    check_loads(context, path, 31);
  }
  RST_TEST_FAILS(context, RST_ERROR_IO, "the folder checkpoint_absent",
                 rst_checkpoint_save(context, "checkpoint_absent/run.h5", &checkpoint));
  rst_checkpoint_clear(&checkpoint);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  enum { OFFSETS = 4 };
  Suite *suite = suite_create("checkpoint");
  TCase *tests = tcase_create("checkpoint");
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, generations_follow_one_another);
  tcase_add_loop_test(tests, a_damaged_generation_is_passed_over, 0, OFFSETS);
  tcase_add_test(tests, truncated_generations_are_passed_over_or_refused);
  tcase_add_test(tests, a_failed_save_leaves_the_generations);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
