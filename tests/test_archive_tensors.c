/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/series_list.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdlib.h>

#include "hdf5/support.h"
#include "sample_run.h"

/* A run whose state has several tensors. */

enum { TENSORS = 4, COUNT = 100, SNAPSHOTS = 5, KEPT = 3, NAME_LENGTH = 256 };

static const struct rst_tensor tensors[TENSORS] = {
    {"0.weight", "kernels of layer 0", 4, {3, 2, 2, 4}, 0, 0.5},
    {"0.bias", "biases of layer 0", 1, {3}, 48, 1},
    {"1.scale", "a stack of planes", 3, {2, 3, 5}, 51, 1},
    {"head.weight", NULL, 2, {2, 9}, 81, 1},
};
static const struct rst_layout state = {.count = 99, .tensor_count = TENSORS, .tensors = tensors};
static const char *const twins[] = {"3"};
static const struct rst_variable kernel = {"kernel", "state of the flow", "1"};
static const struct rst_variable difference = {"difference", "state minus the twin's", "1"};
static const struct rst_variable loss = {"loss", "objective", "1"};
static const struct rst_variable distance = {"twin_distance", "distance to the twin", "1"};
static const struct rst_variable plateau = {"twin_plateau", "mean distance", "1"};

static void make_list(struct rst_context *context, enum rst_precision precision,
                      struct rst_series_list *list) {
  const struct rst_series_options options = {.precision = precision, .twins = twins, .twin_count = 1};
  RST_TEST_OK(context, rst_series_list_create(context, &state, &options, list));
  RST_TEST_OK(context, rst_series_list_add_state(list, &kernel));
  RST_TEST_OK(context, rst_series_list_add_field(list, &difference, twins[0]));
  RST_TEST_OK(context, rst_series_list_add(list, &loss, RST_AT_ITERATION, NULL));
  RST_TEST_OK(context, rst_series_list_add(list, &distance, RST_AT_ITERATION, &list->twin));
  RST_TEST_OK(context, rst_series_list_add(list, &plateau, RST_AT_END, &list->twin));
}

/* Of number `i` of the state, or of its difference. */
static double value(bool is_difference, size_t snapshot, size_t i) {
  return (is_difference ? 1000.0 : 0.0) + 100.0 * (double)snapshot + (double)i;
}

static void append(struct rst_context *context, struct rst_run_file *file, enum rst_precision precision) {
  const size_t snapshot = rst_run_file_snapshots(file);
  struct rst_field *fields[2 * TENSORS] = {NULL};
  for (size_t f = 0; f < (size_t)2 * TENSORS; ++f) {
    const struct rst_tensor *tensor = &tensors[f % TENSORS];
    const size_t count = rst_tensor_count(tensor);
    RST_TEST_OK(context, rst_field_create(context, precision, 1, count, &fields[f]));
    for (size_t i = 0; i < count; ++i) {
      rst_field_set(fields[f], 0, i, value(f >= TENSORS, snapshot, tensor->offset + i));
    }
  }
  const long iteration = (long)snapshot;
  const double row[] = {(double)snapshot, 2.0 * (double)snapshot};
  RST_TEST_OK(context, rst_run_file_append_snapshot(file, (long)snapshot, 0.5 * (double)snapshot,
                                                    (const struct rst_field *const *)fields));
  RST_TEST_OK(context, rst_run_file_append_scalars(file, 1, &iteration, row));
  RST_TEST_OK(context, rst_run_file_flush(file, true));
  for (size_t f = 0; f < (size_t)2 * TENSORS; ++f) {
    rst_field_destroy(&fields[f]);
  }
}

static void write_run(struct rst_context *context, const char *path, enum rst_precision precision) {
  const struct rst_provenance provenance = sample_provenance();
  struct rst_series_list list;
  struct rst_run_file *file = NULL;
  make_list(context, precision, &list);
  RST_TEST_OK(context, rst_run_file_create(context, path, &list.layout, &provenance, &file));
  while (rst_run_file_snapshots(file) < SNAPSHOTS) {
    append(context, file, precision);
  }
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  rst_series_list_clear(&list);
}

/* The numbers of a dataset as doubles, whose lengths must be these. */
static void read_all(hid_t file, const char *name, int rank, const hsize_t *dims, double *values) {
  hsize_t found[5] = {0};
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  ck_assert_msg(dataset >= 0, "/%s is missing", name);
  const hid_t space = H5Dget_space(dataset);
  ck_assert_int_eq(H5Sget_simple_extent_ndims(space), rank);
  H5Sget_simple_extent_dims(space, found, NULL);
  for (int axis = 0; axis < rank; ++axis) {
    ck_assert_msg(found[axis] == dims[axis], "/%s: axis %d has %d places", name, axis, (int)found[axis]);
  }
  ck_assert(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Sclose(space);
  H5Dclose(dataset);
}

static void check_tensor(hid_t file, const struct rst_tensor *tensor, bool is_difference, size_t snapshots) {
  static double values[SNAPSHOTS * COUNT];
  char name[NAME_LENGTH];
  hsize_t dims[5] = {snapshots};
  const size_t count = rst_tensor_count(tensor);
  for (int axis = 0; axis < tensor->rank; ++axis) {
    dims[1 + axis] = tensor->dims[axis];
  }
  snprintf(name, sizeof name, "%s%s", is_difference ? "difference_3/" : "", tensor->name);
  read_all(file, name, 1 + tensor->rank, dims, values);
  for (size_t i = 0; i < snapshots * count; ++i) {
    ck_assert_double_eq(values[i], value(is_difference, i / count, tensor->offset + i % count));
  }
  hsize_t chunk[5] = {0};
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t properties = H5Dget_create_plist(dataset);
  ck_assert_int_eq(H5Pget_chunk(properties, 5, chunk), 1 + tensor->rank);
  ck_assert(chunk[0] == 1 && chunk[tensor->rank] == dims[tensor->rank]);
  H5Pclose(properties);
  H5Dclose(dataset);
}

static void check_scale(hid_t file, const char *name, const char *scale_name, unsigned axis, double second) {
  double places[10] = {0};
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t scale = H5Dopen2(file, scale_name, H5P_DEFAULT);
  ck_assert_msg(scale >= 0, "/%s is missing", scale_name);
  ck_assert_msg(H5DSis_attached(dataset, scale, axis) > 0, "/%s is no axis of /%s", scale_name, name);
  ck_assert(H5Dread(scale, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, places) >= 0);
  ck_assert_double_eq(places[1], second);
  H5Dclose(scale);
  H5Dclose(dataset);
}

static const enum rst_precision precisions[] = {RST_PRECISION_DOUBLE, RST_PRECISION_FLOAT};

START_TEST(each_tensor_is_a_dataset_over_its_own_axes) {
  static const char path[] = "tensors.h5";
  struct rst_context *context = rst_test_context();
  write_run(context, path, precisions[_i]);
  const hid_t file = sample_open(path);
  for (size_t t = 0; t < TENSORS; ++t) {
    check_tensor(file, &tensors[t], false, SNAPSHOTS);
    check_tensor(file, &tensors[t], true, SNAPSHOTS);
  }
  static const char *const names[] = {"0.weight", "difference_3/0.weight"};
  for (int i = 0; i < 2; ++i) {
    check_scale(file, names[i], "time", 0, 0.5);
    check_scale(file, names[i], "0.weight.out", 1, 1);
    check_scale(file, names[i], "0.weight.in", 2, 1);
    check_scale(file, names[i], "0.weight.y", 3, 0.5);
    check_scale(file, names[i], "0.weight.x", 4, 0.5);
  }
  check_scale(file, "0.bias", "0.bias.out", 1, 1);
  check_scale(file, "1.scale", "1.scale.c", 1, 1);
  check_scale(file, "head.weight", "head.weight.in", 2, 1);
  ck_assert(H5Lexists(file, "y", H5P_DEFAULT) == 0 && H5Lexists(file, "kernel", H5P_DEFAULT) == 0);
  H5Fclose(file);
  rst_context_destroy(&context);
}
END_TEST

/* A picture of (out, in, y, x) has plane (out, in) at rows out y and columns in x. */
START_TEST(pictures_are_mosaics_of_the_planes) {
  static const char path[] = "tensors_pictures.h5";
  static double all[SNAPSHOTS * COUNT];
  double picture[COUNT];
  struct rst_context *context = rst_test_context();
  write_run(context, path, precisions[_i]);
  const hid_t file = sample_open(path);
  for (size_t snapshot = 0; snapshot < SNAPSHOTS; ++snapshot) {
    char name[NAME_LENGTH];
    snprintf(name, sizeof name, "snapshots/difference_3/0.weight/000/%06zu", snapshot);
    read_all(file, name, 3, (const hsize_t[]){1, 6, 8}, picture);
    for (size_t y = 0; y < 6; ++y) {
      for (size_t x = 0; x < 8; ++x) {
        const size_t i = ((y / 2 * 2 + x / 4) * 2 + y % 2) * 4 + x % 4;
        ck_assert_double_eq(picture[8 * y + x], value(true, snapshot, i));
      }
    }
    snprintf(name, sizeof name, "snapshots/1.scale/000/%06zu", snapshot);
    read_all(file, name, 3, (const hsize_t[]){1, 6, 5}, picture);
    ck_assert_double_eq(picture[29], value(false, snapshot, 80));
    snprintf(name, sizeof name, "snapshots/0.bias/000/%06zu", snapshot);
    read_all(file, name, 3, (const hsize_t[]){1, 1, 3}, picture);
    ck_assert_double_eq(picture[2], value(false, snapshot, 50));
  }
  read_all(file, "VTKHDF/CellData/kernel", 3, (const hsize_t[]){SNAPSHOTS, 6, 8}, all);
  for (size_t i = 0; i < SNAPSHOTS * 48; ++i) {
    const size_t y = i / 8 % 6;
    const size_t x = i % 8;
    ck_assert_double_eq(all[i], value(false, i / 48, ((y / 2 * 2 + x / 4) * 2 + y % 2) * 4 + x % 4));
  }
  H5Fclose(file);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(a_resumed_run_has_the_rows_that_stay) {
  static const char path[] = "tensors_resumed.h5";
  const struct rst_provenance provenance = sample_provenance();
  struct rst_context *context = rst_test_context();
  struct rst_series_list list;
  struct rst_run_file *file = NULL;
  write_run(context, path, RST_PRECISION_DOUBLE);
  make_list(context, RST_PRECISION_DOUBLE, &list);
  RST_TEST_OK(context, rst_run_file_reopen(context, path, &list.layout, &provenance, KEPT, KEPT, &file));
  const hid_t reader = sample_open(path);
  for (size_t t = 0; t < TENSORS; ++t) {
    check_tensor(reader, &tensors[t], false, KEPT);
    check_tensor(reader, &tensors[t], true, KEPT);
  }
  H5Fclose(reader);
  append(context, file, RST_PRECISION_DOUBLE);
  RST_TEST_OK(context, rst_run_file_finish(&file, "completed", 1.0));
  const hid_t whole = sample_open(path);
  check_tensor(whole, &tensors[0], true, KEPT + 1);
  H5Fclose(whole);
  rst_series_list_clear(&list);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(one_plane_has_plain_names) {
  static const struct rst_tensor plane = {"kernel", "kernel", 2, {3, 4}, 0, 0.5};
  static const struct rst_layout of_plane = {.count = 12, .tensor_count = 1, .tensors = &plane};
  static const struct rst_tensor deep = {"0.weight", "kernels", 4, {1, 1, 3, 4}, 0, 0.5};
  static const struct rst_layout of_deep = {.count = 12, .tensor_count = 1, .tensors = &deep};
  struct rst_context *context = rst_test_context();
  const struct rst_series_options options = {.precision = RST_PRECISION_DOUBLE, .exponent_count = 2};
  struct rst_series_list list;
  RST_TEST_OK(context, rst_series_list_create(context, &of_plane, &options, &list));
  RST_TEST_OK(context, rst_series_list_add_state(&list, &kernel));
  RST_TEST_OK(context, rst_series_list_add_field(&list, &difference, "3"));
  ck_assert_str_eq(list.series[0].variable.name, "kernel");
  ck_assert_str_eq(list.series[0].variable.long_name, kernel.long_name);
  ck_assert_str_eq(list.series[0].axes[0]->variable.name, "y");
  ck_assert_str_eq(list.series[1].variable.name, "difference_3");
  ck_assert_ptr_eq(list.series[1].axes[1], list.series[0].axes[1]);
  ck_assert_uint_eq(list.layout.axis_count, 1);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "/loss has values for each twin, and there is none",
                 rst_series_list_add(&list, &loss, RST_AT_ITERATION, &list.twin));
  rst_series_list_clear(&list);
  RST_TEST_OK(context, rst_series_list_create(context, &of_deep, &options, &list));
  RST_TEST_OK(context, rst_series_list_add_state(&list, &kernel));
  RST_TEST_OK(context, rst_series_list_add_field(&list, &difference, NULL));
  ck_assert_str_eq(list.series[0].variable.name, "0.weight");
  ck_assert_str_eq(list.series[0].axes[3]->variable.name, "0.weight.x");
  ck_assert_str_eq(list.series[1].variable.name, "difference");
  rst_series_list_clear(&list);
  rst_context_destroy(&context);
}
END_TEST

static const char *wanted; /* path of a run for other programs to read */

START_TEST(a_run_for_other_programs) {
  struct rst_context *context = rst_test_context();
  write_run(context, wanted, RST_PRECISION_DOUBLE);
  rst_context_destroy(&context);
}
END_TEST

/* With an absolute path: write a run there, no more. */
int main(int argc, char **argv) {
  Suite *suite = suite_create("archive_tensors");
  TCase *tests = tcase_create("archive_tensors");
  wanted = argc > 1 ? argv[1] : NULL;
  if (wanted) {
    tcase_add_test(tests, a_run_for_other_programs);
  } else {
    tcase_add_loop_test(tests, each_tensor_is_a_dataset_over_its_own_axes, 0, 2);
    tcase_add_loop_test(tests, pictures_are_mosaics_of_the_planes, 0, 2);
    tcase_add_test(tests, a_resumed_run_has_the_rows_that_stay);
    tcase_add_test(tests, one_plane_has_plain_names);
  }
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
