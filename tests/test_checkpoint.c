/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/checkpoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

enum { FIELDS = 3, MANY = 200, NY = 4, NX = 6, NAME_LENGTH = 512 };

/* It has every row that a checkpoint could need. */
static const struct rst_checkpoint_run any_run = {
    .identifier = "", .snapshots = SIZE_MAX, .iterations = SIZE_MAX};

/* A checkpoint whose content follows from its iteration; fields of both precisions. */
static struct rst_checkpoint head(long iteration) {
  return (struct rst_checkpoint){
      .iteration = iteration,
      .time = 0.1 * (double)iteration,
      .time_compensation = 1e-18 * (double)iteration,
      .snapshots = (size_t)iteration / 2,
      .radius = 3.25,
      .wall_seconds = 7.5,
      .effective = "title: Größe\n",
      .wisdom = iteration % 2 ? NULL : "(wisdom)",
  };
}

static struct rst_blocks make_blocks(struct rst_context *context, size_t count, long iteration) {
  struct rst_blocks blocks = {0};
  for (size_t i = 0; i < count; ++i) {
    const enum rst_precision precision = i == 1 ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
    const size_t ny = NY + i % FIELDS;
    struct rst_field *field = NULL;
    RST_TEST_OK(context, rst_field_create(context, precision, ny, NX, &field));
    for (size_t y = 0; y < ny; ++y) {
      for (size_t x = 0; x < NX; ++x) {
        rst_field_set(field, y, x, sin((double)(iteration + (long)(i * 31 + y * 7 + x))));
      }
    }
    rst_blocks_add(&blocks, field, "part.%zu", i);
  }
  RST_TEST_OK(context, rst_blocks_check(context, &blocks));
  return blocks;
}

static void destroy_blocks(struct rst_blocks *blocks) {
  for (size_t i = 0; i < blocks->count; ++i) {
    rst_field_destroy(&blocks->block[i].field);
  }
  rst_blocks_clear(blocks);
}

static void save_many(struct rst_context *context, const char *path, size_t count, long iteration) {
  const struct rst_checkpoint checkpoint = head(iteration);
  struct rst_blocks blocks = make_blocks(context, count, iteration);
  RST_TEST_OK(context, rst_checkpoint_save(context, path, &checkpoint, &blocks));
  destroy_blocks(&blocks);
}

static void save(struct rst_context *context, const char *path, long iteration) {
  save_many(context, path, FIELDS, iteration);
}

static void check_blocks(struct rst_context *context, const struct rst_checkpoint *loaded, size_t count) {
  struct rst_blocks expected = make_blocks(context, count, loaded->iteration);
  struct rst_blocks restored = make_blocks(context, count, 0);
  RST_TEST_OK(context, rst_checkpoint_restore(context, loaded, &restored));
  for (size_t i = 0; i < count; ++i) {
    ck_assert(rst_test_same_bits(restored.block[i].field, expected.block[i].field));
  }
  destroy_blocks(&restored);
  destroy_blocks(&expected);
}

static void check_loads(struct rst_context *context, const char *path, long iteration) {
  const struct rst_checkpoint expected = head(iteration);
  struct rst_checkpoint loaded = {0};
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &any_run, &loaded));
  ck_assert_int_eq(loaded.iteration, iteration);
  ck_assert_int_eq((int)loaded.snapshots, (int)expected.snapshots);
  ck_assert_double_eq(loaded.time, expected.time);
  ck_assert_double_eq(loaded.time_compensation, expected.time_compensation);
  ck_assert_double_eq(loaded.radius, expected.radius);
  ck_assert_double_eq(loaded.wall_seconds, expected.wall_seconds);
  ck_assert_str_eq(loaded.effective, expected.effective);
  ck_assert_str_eq(loaded.wisdom, expected.wisdom ? expected.wisdom : "");
  check_blocks(context, &loaded, FIELDS);
  rst_checkpoint_clear(&loaded);
  ck_assert_ptr_null(loaded.path);
}

static void keep_warning(void *user, const char *text) {
  snprintf(user, NAME_LENGTH, "%s", text);
}

START_TEST(generations_follow_one_another) {
  static const char path[] = "checkpoint_two.h5";
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint none = {0};
  RST_TEST_OK(context, rst_checkpoint_remove(context, path));
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &any_run, &none));
  ck_assert_ptr_null(none.path);
  for (long iteration = 4; iteration < 8; ++iteration) {
    save(context, path, iteration);
    check_loads(context, path, iteration);
  }
  /* Killed between the two renames of a save. */
  ck_assert_int_eq(unlink("checkpoint_two.checkpoint"), 0);
  check_loads(context, path, 6);
  RST_TEST_OK(context, rst_checkpoint_remove(context, path));
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &any_run, &none));
  ck_assert_ptr_null(none.path);
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
  static const char current[] = "checkpoint_damaged.checkpoint";
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
  static const char current[] = "checkpoint_cut.checkpoint";
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint none = {0};
  char warning[NAME_LENGTH] = "";
  rst_context_set_warning(context, keep_warning, warning);
  save(context, path, 20);
  save(context, path, 21);
  ck_assert_int_eq(truncate(current, file_size(current) / 2), 0);
  check_loads(context, path, 20);
  ck_assert_ptr_nonnull(strstr(warning, current));
  ck_assert_ptr_nonnull(strstr(warning, "going on from checkpoint_cut.checkpoint.previous"));
  ck_assert_int_eq(truncate("checkpoint_cut.checkpoint.previous", 0), 0);
  RST_TEST_FAILS(context, RST_ERROR_IO,
                 "no checkpoint is usable: checkpoint_cut.checkpoint is incomplete or damaged, and "
                 "checkpoint_cut.checkpoint.previous is incomplete or damaged",
                 rst_checkpoint_load(context, path, &any_run, &none));
  ck_assert_ptr_null(none.path);
  /* What is wrong is the newest generation, not that there is no other; and nothing need be destroyed. */
  ck_assert_int_eq(unlink("checkpoint_cut.checkpoint.previous"), 0);
  RST_TEST_FAILS(context, RST_ERROR_IO,
                 "checkpoint_cut.checkpoint is incomplete or damaged, and "
                 "checkpoint_cut.checkpoint.previous is missing",
                 rst_checkpoint_load(context, path, &any_run, &none));
  ck_assert_ptr_null(strstr(rst_context_message(context), "--force"));
  rst_context_destroy(&context);
}
END_TEST

/* A limit on the size of files fails writes as a full disk does; libcheck needs files of its own, so that the
 * limit must be gone before anything is asserted. */
static enum rst_status save_limited(struct rst_context *context, const char *path,
                                    const struct rst_checkpoint *checkpoint, const struct rst_blocks *blocks,
                                    rlim_t largest) {
  const struct rlimit limited = {.rlim_cur = largest, .rlim_max = RLIM_INFINITY};
  const struct rlimit unlimited = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limited);
  const enum rst_status status = rst_checkpoint_save(context, path, checkpoint, blocks);
  setrlimit(RLIMIT_FSIZE, &unlimited);
  return status;
}

START_TEST(a_failed_save_leaves_the_generations) {
  static const char path[] = "checkpoint_full.h5";
  static const rlim_t limits[] = {0, 1024, 3000};
  struct rst_context *context = rst_test_context();
  save(context, path, 30);
  save(context, path, 31);
  const struct rst_checkpoint checkpoint = head(32);
  struct rst_blocks blocks = make_blocks(context, FIELDS, 32);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    RST_TEST_FAILS(context, RST_ERROR_IO, "File too large",
                   save_limited(context, path, &checkpoint, &blocks, limits[i]));
    ck_assert_int_ne(access("checkpoint_full.checkpoint.partial", F_OK), 0);
    check_loads(context, path, 31);
  }
  RST_TEST_FAILS(context, RST_ERROR_IO, "the folder checkpoint_absent",
                 rst_checkpoint_save(context, "checkpoint_absent/run.h5", &checkpoint, &blocks));
  destroy_blocks(&blocks);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(the_generation_that_fits_the_file_is_taken) {
  static const char path[] = "checkpoint_fits.h5";
  static const struct rst_checkpoint_run whole = {.identifier = "", .snapshots = 8, .iterations = 16};
  static const struct rst_checkpoint_run shorter = {.identifier = "", .snapshots = 7, .iterations = 16};
  static const struct rst_checkpoint_run fewer = {.identifier = "", .snapshots = 8, .iterations = 15};
  static const struct rst_checkpoint_run empty = {.identifier = ""};
  static const struct rst_checkpoint_run other = {
      .identifier = "other", .snapshots = SIZE_MAX, .iterations = SIZE_MAX};
  const struct rst_checkpoint_run *const runs[] = {&whole, &shorter, &fewer};
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint loaded = {0};
  save(context, path, 14);
  save(context, path, 16);
  for (size_t i = 0; i < sizeof runs / sizeof *runs; ++i) {
    RST_TEST_OK(context, rst_checkpoint_load(context, path, runs[i], &loaded));
    ck_assert_int_eq(loaded.iteration, i == 0 ? 16 : 14);
    rst_checkpoint_clear(&loaded);
  }
  RST_TEST_FAILS(context, RST_ERROR_IO, "needs more rows than the file has",
                 rst_checkpoint_load(context, path, &empty, &loaded));
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &other, &loaded));
  ck_assert_ptr_null(loaded.path);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(any_number_of_blocks_is_restored) {
  static const char path[] = "checkpoint_many.h5";
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint loaded = {0};
  save_many(context, path, MANY, 40);
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &any_run, &loaded));
  check_blocks(context, &loaded, MANY);
  rst_checkpoint_clear(&loaded);
  rst_context_destroy(&context);
}
END_TEST

/* Blocks are found by name, in any order; what is not there, or is another thing, is named. */
START_TEST(a_block_that_does_not_fit_is_named) {
  static const char path[] = "checkpoint_names.h5";
  struct rst_context *context = rst_test_context();
  struct rst_checkpoint loaded = {0};
  struct rst_field *field = NULL;
  save(context, path, 50);
  RST_TEST_OK(context, rst_checkpoint_load(context, path, &any_run, &loaded));
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_FLOAT, NY + 1, NX, &field));
  static const struct {
    const char *name, *message;
  } cases[] = {{"part.1", NULL},
               {"twin.3.state", "lacks the block twin.3.state"},
               {"part.0", "the block part.0 is not 5 x 6 numbers of type float"},
               {"part.2", "the block part.2 is not 5 x 6 numbers of type float"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    struct rst_blocks blocks = {0};
    rst_blocks_add(&blocks, field, "%s", cases[i].name);
    if (cases[i].message) {
      RST_TEST_FAILS(context, RST_ERROR_IO, cases[i].message,
                     rst_checkpoint_restore(context, &loaded, &blocks));
      ck_assert_ptr_null(strstr(rst_context_message(context), "--force"));
    } else {
      RST_TEST_OK(context, rst_checkpoint_restore(context, &loaded, &blocks));
    }
    rst_blocks_clear(&blocks);
  }
  rst_field_destroy(&field);
  rst_checkpoint_clear(&loaded);
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
  tcase_add_test(tests, the_generation_that_fits_the_file_is_taken);
  tcase_add_test(tests, any_number_of_blocks_is_restored);
  tcase_add_test(tests, a_block_that_does_not_fit_is_named);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
