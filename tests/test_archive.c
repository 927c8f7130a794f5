/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>
#include <hdf5_hl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hdf5/support.h"
#include "restrain/archive.h"
#include "restrain/version.h"
#include "sample_run.h"

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};
enum { PRECISION_COUNT = 2, SNAPSHOTS = 12, NAME_LENGTH = 512 };

static struct rst_run_file *create(struct rst_context *context, const char *path,
                                   enum rst_precision precision) {
  struct rst_run_file *file = NULL;
  const struct rst_run_layout layout = sample_layout(precision);
  const struct rst_provenance provenance = sample_provenance();
  RST_TEST_OK(context, rst_run_file_create(context, path, &layout, &provenance, &file));
  return file;
}

static struct rst_run_file *reopen(struct rst_context *context, const char *path, size_t snapshots) {
  struct rst_run_file *file = NULL;
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  const struct rst_provenance provenance = sample_provenance();
  RST_TEST_OK(context, rst_run_file_reopen(context, path, &layout, &provenance, snapshots,
                                           snapshots * SAMPLE_ROWS, &file));
  ck_assert_int_eq((int)rst_run_file_snapshots(file), (int)snapshots);
  ck_assert_int_eq((int)rst_run_file_iterations(file), (int)(snapshots * SAMPLE_ROWS));
  return file;
}

/* Append until the file has `total` snapshots, flushing after each. */
static void extend(struct rst_context *context, struct rst_run_file *file, size_t total,
                   enum rst_precision precision) {
  while (rst_run_file_snapshots(file) < total) {
    sample_append(context, file, precision);
    RST_TEST_OK(context, rst_run_file_flush(file, false));
  }
}

static void write_run(struct rst_context *context, const char *path, enum rst_precision precision) {
  struct rst_run_file *file = create(context, path, precision);
  extend(context, file, SNAPSHOTS, precision);
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 2.5));
  ck_assert_ptr_null(file);
}

/* `growing` is the unlimited axis, -1 for none. */
static void check_dataset(hid_t file, const struct rst_variable *variable, int rank, int growing,
                          const hsize_t *dims, const char *const *scales) {
  hsize_t actual[3] = {0};
  hsize_t largest[3] = {0};
  const hid_t dataset = H5Dopen2(file, variable->name, H5P_DEFAULT);
  ck_assert_msg(dataset >= 0, "/%s is missing", variable->name);
  const hid_t space = H5Dget_space(dataset);
  ck_assert_int_eq(H5Sget_simple_extent_dims(space, actual, largest), rank);
  for (int axis = 0; axis < rank; ++axis) {
    ck_assert(actual[axis] == dims[axis]);
    ck_assert(largest[axis] == (axis == growing ? H5S_UNLIMITED : dims[axis]));
    const hid_t scale = H5Dopen2(file, scales[axis], H5P_DEFAULT);
    char name[NAME_LENGTH] = "";
    ck_assert(H5DSis_attached(dataset, scale, (unsigned)axis) > 0);
    ck_assert_int_eq(H5DSget_num_scales(dataset, (unsigned)axis), 1);
    ck_assert(H5DSget_scale_name(scale, name, sizeof name) > 0);
    const char *slash = strrchr(scales[axis], '/');
    ck_assert_str_eq(name, slash ? slash + 1 : scales[axis]);
    H5Dclose(scale);
  }
  sample_check_text(dataset, "long_name", variable->long_name);
  sample_check_text(dataset, "units", variable->units);
  H5Sclose(space);
  H5Dclose(dataset);
}

START_TEST(datasets_have_their_shapes_scales_and_texts) {
  static const char path[] = "archive_layout.h5";
  static const char *const field_scales[] = {"time", "y", "x"};
  static const char *const scalar_scales[][2] = {
      {"iteration"}, {"twin", "iteration"}, {"exponent", "iteration"}}; /* by enum sample_per */
  struct rst_context *context = rst_test_context();
  write_run(context, path, precisions[_i]);
  const hid_t file = sample_open(path);
  const hsize_t field_dims[] = {SNAPSHOTS, SAMPLE_NY, SAMPLE_NX};
  const hsize_t rows = SNAPSHOTS * SAMPLE_ROWS;
  const hsize_t scalar_dims[][2] = {{rows}, {SAMPLE_TWINS, rows}, {SAMPLE_EXPONENTS, rows}};
  for (size_t i = 0; i < SAMPLE_FIELDS; ++i) {
    check_dataset(file, &sample_fields[i], 3, 0, field_dims, field_scales);
  }
  for (size_t i = 0; i < SAMPLE_SCALARS; ++i) {
    const int rank = sample_per[i] == PER_RUN ? 1 : 2;
    check_dataset(file, &sample_scalars[i], rank, rank - 1, scalar_dims[sample_per[i]],
                  scalar_scales[sample_per[i]]);
  }
  for (size_t i = 0; i < SAMPLE_SUMMARIES; ++i) {
    const enum sample_per per = sample_summary_per[i];
    check_dataset(file, &sample_summaries[i], 1, -1, scalar_dims[per], scalar_scales[per]);
  }
  const struct rst_variable step = {"step", "number of updates done before the snapshot", "1"};
  check_dataset(file, &step, 1, 0, field_dims, field_scales);
  const hid_t provenance = H5Gopen2(file, "provenance", H5P_DEFAULT);
  sample_check_text(provenance, "exit_reason", "completed");
  sample_check_text(provenance, "argv", "restrain 'it'\\''s <one> & \"two\"'");
  sample_check_text(provenance, "rigor", "estimate");
  sample_check_text(provenance, "version", rst_version()->version);
  char *effective = NULL;
  RST_TEST_OK(context, rst_provenance_effective(context, path, &effective, NULL));
  ck_assert_str_eq(effective, sample_provenance().case_effective);
  free(effective);
  H5Fclose(file);
  rst_context_destroy(&context);
}
END_TEST

static double read_value(struct rst_context *context, const char *path, const char *name, size_t y,
                         size_t x) {
  struct rst_field *field = NULL;
  RST_TEST_OK(context, rst_archive_read_field(context, path, name, SIZE_MAX, &field));
  const double value = rst_field_get(field, y, x);
  rst_field_destroy(&field);
  return value;
}

START_TEST(values_return_exactly) {
  static const char path[] = "archive_values.h5";
  struct rst_context *context = rst_test_context();
  write_run(context, path, precisions[_i]);
  for (size_t t = 0; t < SNAPSHOTS; ++t) {
    for (size_t field = 0; field < SAMPLE_FIELDS; ++field) {
      char view[NAME_LENGTH];
      snprintf(view, sizeof view, "/snapshots/%s/000/%06zu", sample_fields[field].name, t);
      const double exact = sample_value(field, t, 2, 3);
      const double expected = precisions[_i] == RST_PRECISION_FLOAT ? (double)(float)exact : exact;
      ck_assert_double_eq(read_value(context, path, view, 2, 3), expected);
    }
    ck_assert_double_eq(read_value(context, path, "/time", 0, t), sample_time(t));
    ck_assert_double_eq(read_value(context, path, "/step", 0, t), (double)sample_step(t));
  }
  for (size_t t = 0; t < (size_t)SNAPSHOTS * SAMPLE_ROWS; ++t) {
    for (size_t i = 0; i < SAMPLE_SCALARS; ++i) {
      for (size_t member = 0; member < sample_members[sample_per[i]]; ++member) {
        ck_assert_double_eq(read_value(context, path, sample_scalars[i].name, member, t),
                            sample_scalar(i, member, t));
      }
    }
    ck_assert_double_eq(read_value(context, path, "iteration", 0, t), (double)t);
  }
  ck_assert_double_eq(read_value(context, path, "y", 0, SAMPLE_NY - 1), 0.5 * (SAMPLE_NY - 1));
  ck_assert_double_eq(read_value(context, path, "x", 0, SAMPLE_NX - 1), 0.5 * (SAMPLE_NX - 1));
  rst_context_destroy(&context);
}
END_TEST

/* Bytes of a dataset's shape and values, malloc'ed. */
static unsigned char *dataset_bytes(hid_t dataset, size_t *size) {
  hsize_t dims[3] = {0};
  const hid_t space = H5Dget_space(dataset);
  const hid_t type = H5Dget_type(dataset);
  H5Sget_simple_extent_dims(space, dims, NULL);
  *size = sizeof dims + (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type);
  unsigned char *bytes = calloc(1, *size);
  ck_assert_ptr_nonnull(bytes);
  memcpy(bytes, dims, sizeof dims);
  ck_assert(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes + sizeof dims) >= 0);
  H5Tclose(type);
  H5Sclose(space);
  return bytes;
}

/* Strings of variable length are pointers. */
static bool are_labels(hid_t dataset) {
  const hid_t type = H5Dget_type(dataset);
  const bool variable = H5Tis_variable_str(type) > 0;
  H5Tclose(type);
  return variable;
}

static int compare_datasets(hid_t a, hid_t b) {
  if (are_labels(a)) {
    char *labels_a = rst_hdf5_dataset_labels(a, ".");
    char *labels_b = rst_hdf5_dataset_labels(b, ".");
    ck_assert_str_eq(labels_a, "3\nfloat\n");
    ck_assert_str_eq(labels_b, labels_a);
    free(labels_a);
    free(labels_b);
    return 1;
  }
  size_t size_a = 0;
  size_t size_b = 0;
  unsigned char *bytes_a = dataset_bytes(a, &size_a);
  unsigned char *bytes_b = dataset_bytes(b, &size_b);
  ck_assert(size_a == size_b && memcmp(bytes_a, bytes_b, size_a) == 0);
  free(bytes_a);
  free(bytes_b);
  return 1;
}

/* Every dataset below two groups, soft links followed; the number of datasets. */
static int compare_groups(hid_t a, hid_t b) {
  H5G_info_t info_a;
  H5G_info_t info_b;
  int count = 0;
  ck_assert(H5Gget_info(a, &info_a) >= 0 && H5Gget_info(b, &info_b) >= 0);
  ck_assert(info_a.nlinks == info_b.nlinks);
  for (hsize_t i = 0; i < info_a.nlinks; ++i) {
    char name[NAME_LENGTH];
    H5Lget_name_by_idx(a, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    const hid_t below_a = H5Oopen(a, name, H5P_DEFAULT);
    const hid_t below_b = H5Oopen(b, name, H5P_DEFAULT);
    ck_assert_msg(below_a >= 0 && below_b >= 0, "%s is not in both files", name);
    count += H5Iget_type(below_a) == H5I_GROUP ? compare_groups(below_a, below_b)
                                               : compare_datasets(below_a, below_b);
    H5Oclose(below_a);
    H5Oclose(below_b);
  }
  return count;
}

static void compare_files(const char *path_a, const char *path_b, int least) {
  const hid_t a = sample_open(path_a);
  const hid_t b = sample_open(path_b);
  ck_assert_int_ge(compare_groups(a, b), least);
  H5Fclose(a);
  H5Fclose(b);
}

static void compare_texts(const char *path_a, const char *path_b) {
  static char text[2][1 << 16];
  const char *const paths[] = {path_a, path_b};
  for (int i = 0; i < 2; ++i) {
    FILE *stream = fopen(paths[i], "r");
    ck_assert_msg(stream != NULL, "%s is missing", paths[i]);
    const size_t length = fread(text[i], 1, sizeof text[i] - 1, stream);
    text[i][length] = '\0';
    ck_assert_int_eq(fclose(stream), 0);
  }
  ck_assert_str_eq(text[0], text[1]);
}

enum { STOPPED = 9, KEPT_COUNT = 4 };
static const size_t kept[KEPT_COUNT] = {0, 1, 6, STOPPED};

/* Resumed after a stop without finish(), with flushed rows beyond the checkpoint, views included. */
START_TEST(a_resumed_file_equals_the_uninterrupted_one) {
  struct rst_context *context = rst_test_context();
  mkdir("archive_whole", 0777);
  mkdir("archive_resumed", 0777);
  write_run(context, "archive_whole/run.h5", RST_PRECISION_DOUBLE);
  struct rst_run_file *file = create(context, "archive_resumed/run.h5", RST_PRECISION_DOUBLE);
  extend(context, file, STOPPED, RST_PRECISION_DOUBLE);
  RST_TEST_OK(context, rst_run_file_flush(file, true));
  sample_append(context, file, RST_PRECISION_DOUBLE); /* never flushed */
  rst_run_file_abandon(&file);
  ck_assert_ptr_null(file);
  file = reopen(context, "archive_resumed/run.h5", kept[_i]);
  extend(context, file, SNAPSHOTS, RST_PRECISION_DOUBLE);
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 3.0));
  const int least = SNAPSHOTS * SAMPLE_FIELDS + 2 * SAMPLE_FIELDS + SAMPLE_SCALARS + SAMPLE_SUMMARIES + 25;
  compare_files("archive_whole/run.h5", "archive_resumed/run.h5", least);
  compare_texts("archive_whole/run.xdmf", "archive_resumed/run.xdmf");
  char target[NAME_LENGTH] = "";
  ck_assert(readlink("archive_resumed/run.vtkhdf", target, sizeof target - 1) > 0);
  ck_assert_str_eq(target, "run.h5");
  rst_context_destroy(&context);
}
END_TEST

START_TEST(an_existing_file_is_replaced_whole_or_not_at_all) {
  static const char path[] = "archive_replaced.h5";
  struct rst_context *context = rst_test_context();
  struct rst_run_file *file = NULL;
  const struct rst_provenance provenance = sample_provenance();
  write_run(context, path, RST_PRECISION_DOUBLE);
  struct rst_series twice[SAMPLE_SERIES];
  struct rst_run_layout impossible = sample_layout(RST_PRECISION_DOUBLE);
  sample_list(twice);
  twice[1] = twice[0];
  impossible.series = twice;
  RST_TEST_FAILS(context, RST_ERROR_IO, "/kernel cannot be made: ",
                 rst_run_file_create(context, path, &impossible, &provenance, &file));
  ck_assert_ptr_null(file);
  ck_assert_double_eq(read_value(context, path, "/step", 0, 3), (double)sample_step(3));
  ck_assert_int_eq(access("archive_replaced.xdmf", F_OK), 0);
  file = create(context, path, RST_PRECISION_DOUBLE);
  ck_assert_int_ne(access("archive_replaced.partial.h5", F_OK), 0);
  ck_assert_int_ne(access("archive_replaced.xdmf", F_OK), 0);
  struct rst_field *field = NULL;
  RST_TEST_FAILS(context, RST_ERROR_IO, "/time is empty",
                 rst_archive_read_field(context, path, "/time", SIZE_MAX, &field));
  rst_run_file_abandon(&file);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(unusable_folders_are_named) {
  struct rst_context *context = rst_test_context();
  struct rst_run_file *file = NULL;
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  const struct rst_provenance provenance = sample_provenance();
  RST_TEST_FAILS(context, RST_ERROR_IO, "the folder archive_absent/deep: No such file",
                 rst_run_file_create(context, "archive_absent/deep/run.h5", &layout, &provenance, &file));
  RST_TEST_FAILS(context, RST_ERROR_IO, "make the folder first",
                 rst_run_file_create(context, "archive_absent/run.h5", &layout, &provenance, &file));
  RST_TEST_FAILS(context, RST_ERROR_IO, "choose another place",
                 rst_run_file_create(context, "/dev/null/run.h5", &layout, &provenance, &file));
  ck_assert_ptr_null(file);
  rst_context_destroy(&context);
}
END_TEST

/* A limit on the size of files fails writes as a full disk does. */
static void limit_files(rlim_t largest) {
  const struct rlimit limit = {.rlim_cur = largest, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
}

START_TEST(a_full_disk_is_reported_and_costs_no_flushed_row) {
  static const char path[] = "archive_full.h5";
  struct rst_context *context = rst_test_context();
  struct rst_run_file *file = create(context, path, RST_PRECISION_DOUBLE);
  extend(context, file, 2, RST_PRECISION_DOUBLE);
  struct stat status;
  ck_assert_int_eq(stat(path, &status), 0);
  enum rst_status result = RST_OK;
  size_t flushed = 2;
  while (result == RST_OK) {
    sample_append(context, file, RST_PRECISION_DOUBLE);
    /* libcheck needs files of its own: the limit must be gone before anything is asserted. */
    limit_files((rlim_t)status.st_blocks * 512 + 8192);
    result = rst_run_file_flush(file, false);
    limit_files(RLIM_INFINITY);
    flushed += result == RST_OK;
    ck_assert_int_lt((int)flushed, 1000);
  }
  ck_assert_int_eq(result, RST_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(rst_context_message(context), "archive_full.h5"));
  ck_assert_ptr_nonnull(strstr(rst_context_message(context), "File too large"));
  rst_run_file_abandon(&file);
  ck_assert_double_eq(read_value(context, path, "/time", 0, flushed - 1), sample_time(flushed - 1));
  rst_context_destroy(&context);
}
END_TEST

START_TEST(a_disk_too_full_for_a_header_is_reported) {
  static const char path[] = "archive_headless.h5";
  static const rlim_t limits[] = {0, 2048, 10000};
  struct rst_context *context = rst_test_context();
  struct rst_run_file *file = NULL;
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_DOUBLE);
  const struct rst_provenance provenance = sample_provenance();
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    limit_files(limits[i]);
    const enum rst_status result = rst_run_file_create(context, path, &layout, &provenance, &file);
    limit_files(RLIM_INFINITY);
    RST_TEST_FAILS(context, RST_ERROR_IO, "File too large", result);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_ne(access("archive_headless.partial.h5", F_OK), 0);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("archive");
  TCase *tests = tcase_create("archive");
  tcase_add_loop_test(tests, datasets_have_their_shapes_scales_and_texts, 0, PRECISION_COUNT);
  tcase_add_loop_test(tests, values_return_exactly, 0, PRECISION_COUNT);
  tcase_add_loop_test(tests, a_resumed_file_equals_the_uninterrupted_one, 0, KEPT_COUNT);
  tcase_add_test(tests, an_existing_file_is_replaced_whole_or_not_at_all);
  tcase_add_test(tests, unusable_folders_are_named);
  tcase_add_test(tests, a_full_disk_is_reported_and_costs_no_flushed_row);
  tcase_add_test(tests, a_disk_too_full_for_a_header_is_reported);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
