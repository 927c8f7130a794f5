/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <hdf5.h>
#include <stdlib.h>

#include "restrain/archive.h"
#include "restrain/version.h"
#include "sample_run.h"

/* A file with the kinds of datasets that can be read as a field, and those that cannot. */
static void write_kinds(const char *path) {
  const hsize_t stack[] = {1, 1, 2, 3};
  const hsize_t deep[] = {2, 2, 3};
  const hsize_t none[] = {0};
  const short numbers[] = {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12};
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const struct {
    const char *name;
    hid_t space, type;
  } datasets[] = {
      {"stack", H5Screate_simple(4, stack, NULL), H5T_NATIVE_SHORT},
      {"deep", H5Screate_simple(3, deep, NULL), H5T_NATIVE_SHORT},
      {"empty", H5Screate_simple(1, none, NULL), H5T_NATIVE_SHORT},
      {"scalar", H5Screate(H5S_SCALAR), H5T_NATIVE_SHORT},
      {"text", H5Screate(H5S_SCALAR), H5T_C_S1},
  };
  for (size_t i = 0; i < sizeof datasets / sizeof *datasets; ++i) {
    const hid_t dataset = H5Dcreate2(file, datasets[i].name, datasets[i].type, datasets[i].space, H5P_DEFAULT,
                                     H5P_DEFAULT, H5P_DEFAULT);
    ck_assert(H5Dwrite(dataset, datasets[i].type, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    H5Dclose(dataset);
    H5Sclose(datasets[i].space);
  }
  ck_assert(H5Fclose(file) >= 0);
}

START_TEST(numbers_of_any_type_become_fields) {
  static const char path[] = "read_kinds.h5";
  struct rst_context *context = rst_test_context();
  struct rst_field *field = NULL;
  write_kinds(path);
  RST_TEST_OK(context, rst_archive_read_field(context, path, "stack", SIZE_MAX, &field));
  ck_assert_int_eq((int)field->ny, 2);
  ck_assert_int_eq((int)field->nx, 3);
  ck_assert_double_eq(rst_field_get(field, 1, 2), -6.0);
  rst_field_destroy(&field);
  RST_TEST_FAILS(context, RST_ERROR_IO, "deep has 3 axes",
                 rst_archive_read_field(context, path, "deep", SIZE_MAX, &field));
  RST_TEST_FAILS(context, RST_ERROR_IO, "empty is empty",
                 rst_archive_read_field(context, path, "empty", SIZE_MAX, &field));
  RST_TEST_FAILS(context, RST_ERROR_IO, "scalar has 0 axes",
                 rst_archive_read_field(context, path, "scalar", SIZE_MAX, &field));
  RST_TEST_FAILS(context, RST_ERROR_IO, "does not hold numbers",
                 rst_archive_read_field(context, path, "text", SIZE_MAX, &field));
  RST_TEST_FAILS(context, RST_ERROR_IO, "holds no dataset /absent/one",
                 rst_archive_read_field(context, path, "/absent/one", SIZE_MAX, &field));
  ck_assert_ptr_null(field);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(files_that_cannot_be_read_are_named) {
  struct rst_context *context = rst_test_context();
  struct rst_field *field = NULL;
  char *text = NULL;
  RST_TEST_FAILS(context, RST_ERROR_IO, "No such file",
                 rst_archive_read_field(context, "read_absent.h5", "/image", SIZE_MAX, &field));
  FILE *stream = fopen("read_garbage.h5", "w");
  ck_assert_ptr_nonnull(stream);
  fputs("this is no HDF5 file", stream);
  ck_assert_int_eq(fclose(stream), 0);
  RST_TEST_FAILS(context, RST_ERROR_IO, "read_garbage.h5 cannot be opened as an HDF5 file",
                 rst_archive_describe(context, "read_garbage.h5", false, &text));
  ck_assert_ptr_null(text);
  write_kinds("read_stranger.h5");
  RST_TEST_FAILS(context, RST_ERROR_IO, "read_stranger.h5 is no file of results",
                 rst_provenance_effective(context, "read_stranger.h5", &text, NULL));
  ck_assert_ptr_null(text);
  rst_context_destroy(&context);
}
END_TEST

static herr_t count_errors(hid_t stack, void *user) {
  (void)stack;
  *(int *)user += 1;
  return 0;
}

START_TEST(the_applications_error_handler_is_left_alone) {
  struct rst_context *context = rst_test_context();
  struct rst_field *field = NULL;
  H5E_auto2_t handler = NULL;
  void *user = NULL;
  int errors = 0;
  ck_assert(H5Eset_auto2(H5E_DEFAULT, count_errors, &errors) >= 0);
  RST_TEST_FAILS(context, RST_ERROR_IO, "read_absent.h5",
                 rst_archive_read_field(context, "read_absent.h5", "/image", SIZE_MAX, &field));
  ck_assert_int_eq(errors, 0);
  ck_assert(H5Eget_auto2(H5E_DEFAULT, &handler, &user) >= 0);
  ck_assert(handler == count_errors && user == &errors);
  ck_assert(H5Fopen("read_absent.h5", H5F_ACC_RDONLY, H5P_DEFAULT) < 0);
  ck_assert_int_gt(errors, 0);
  rst_context_destroy(&context);
}
END_TEST

static void write_run(struct rst_context *context, const char *path) {
  struct rst_run_file *file = NULL;
  const struct rst_run_layout layout = sample_layout(RST_PRECISION_FLOAT);
  const struct rst_provenance provenance = sample_provenance();
  RST_TEST_OK(context, rst_run_file_create(context, path, &layout, &provenance, &file));
  for (int i = 0; i < 3; ++i) {
    sample_append(context, file, RST_PRECISION_FLOAT);
  }
  const struct rst_regime_result regime = {.regime = RST_REGIME_DIVERGENT, .reason = "|u| > 1e6"};
  RST_TEST_OK(context, rst_run_file_write_regime(file, &regime));
  RST_TEST_OK(context, rst_run_file_finish(&file, "diverged", 0.5));
}

START_TEST(a_run_is_described) {
  static const char path[] = "read_described.h5";
  static const char *const of_text[] = {
      "/kernel",
      "float32  (3, 3, 5)  kernel K [1]",
      "/iteration",
      "int64    (12)",
      "/provenance/case",
      "exit_reason              diverged",
      "wall_seconds             0.5",
      "loss ",
      "regime                   divergent",
      "regime_reason            |u| > 1e6",
      "twins                    3, float",
      "exponents                3",
      "events                   1",
      "/events/kind             int8     (1)  whether the step or the flow makes it grow [1]",
  };
  static const char *const of_json[] = {
      "\"file\": \"read_described.h5\"",
      "\"/kernel\": {\"shape\": [3, 3, 5], \"type\": \"float32\"",
      "\"units\": \"1\", \"long_name\": \"kernel K\"}",
      "\"exit_reason\": \"diverged\"",
      "\"threads\": 2",
      "\"iteration\": 11",
      "\"time\": 0.5",
      "\"regime\": \"divergent\"",
      "\"twins\": [\"3\", \"float\"]",
      "\"exponents\": 3",
      "\"events\": 1",
      "\"twin_difference\": [",
  };
  struct rst_context *context = rst_test_context();
  char *text = NULL;
  write_run(context, path);
  RST_TEST_OK(context, rst_archive_describe(context, path, false, &text));
  for (size_t i = 0; i < sizeof of_text / sizeof *of_text; ++i) {
    ck_assert_msg(strstr(text, of_text[i]) != NULL, "\"%s\" is not in:\n%s", of_text[i], text);
  }
  ck_assert_ptr_null(strstr(text, "snapshots/"));
  ck_assert_ptr_null(strstr(text, "\n  events/"));
  free(text);
  RST_TEST_OK(context, rst_archive_describe(context, path, true, &text));
  for (size_t i = 0; i < sizeof of_json / sizeof *of_json; ++i) {
    ck_assert_msg(strstr(text, of_json[i]) != NULL, "\"%s\" is not in:\n%s", of_json[i], text);
  }
  free(text);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(versions_are_known) {
  struct rst_context *context = rst_test_context();
  static const char *const libraries[] = {"FFTW ",        "HDF5 ",    "GSL ",  "libfyaml ", "libpng ",
                                          "libjpeg API ", "libtiff ", "zlib ", "libzip "};
  const struct rst_version *version = rst_version();
  char *text = NULL;
  ck_assert(isdigit((unsigned char)version->version[0]));
  ck_assert(*version->commit && *version->compiler && strstr(version->flags, "buildtype="));
  RST_TEST_OK(context, rst_version_libraries(context, &text));
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; ++i) {
    const char *found = strstr(text, libraries[i]);
    ck_assert_msg(found && isdigit((unsigned char)found[strlen(libraries[i])]), "%s", text);
  }
  free(text);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("archive_read");
  TCase *tests = tcase_create("archive_read");
  tcase_add_test(tests, numbers_of_any_type_become_fields);
  tcase_add_test(tests, files_that_cannot_be_read_are_named);
  tcase_add_test(tests, the_applications_error_handler_is_left_alone);
  tcase_add_test(tests, a_run_is_described);
  tcase_add_test(tests, versions_are_known);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
