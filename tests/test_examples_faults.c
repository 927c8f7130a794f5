/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "example_files.h"

/** @file
 * Data that are not what they should be: each fault has one message, which names the file.
 */

static struct rst_context *context;

static void set_up(void) {
  context = rst_test_context();
}

static void tear_down(void) {
  rst_context_destroy(&context);
}

static void fails(const struct rst_examples_parameters *parameters, const struct rst_examples *training,
                  enum rst_status status, const char *fragment) {
  struct rst_examples *set = NULL;
  RST_TEST_FAILS(context, status, fragment, rst_examples_create(context, parameters, training, &set));
  ck_assert_ptr_null(set);
}

static const struct rst_examples_parameters idx = {.kind = "idx", .images = "images", .labels = "labels"};
static const struct rst_examples_parameters file = {.kind = "file", .images = "x.npy", .labels = "y.npy"};

/* Two images of 2 x 2 bytes as an idx file; the labels 0, 1 are right. */
static size_t make_idx(unsigned char bytes[64]) {
  unsigned char label_file[16];
  rst_test_write("labels", label_file, rst_test_idx(label_file, 1, (const unsigned[]){2}, "\0\1", 2));
  return rst_test_idx(bytes, 3, (const unsigned[]){2, 2, 2}, "abcdefgh", 8);
}

START_TEST(idx_files_that_are_none_are_refused) {
  unsigned char bytes[64];
  const size_t size = make_idx(bytes);
  fails(&idx, NULL, RST_ERROR_IO, "'images' cannot be read: No such file");
  rst_test_write("images", "", 0);
  fails(&idx, NULL, RST_ERROR_IO, "'images' is truncated");
  for (size_t cut = 5; cut < size; ++cut) {
    rst_test_write("images", bytes, cut);
    fails(&idx, NULL, RST_ERROR_IO, "'images' is truncated");
  }
  bytes[size] = 0;
  rst_test_write("images", bytes, size + 1);
  fails(&idx, NULL, RST_ERROR_IO, "goes on behind the numbers");
  bytes[2] = 0x0a;
  rst_test_write("images", bytes, size);
  fails(&idx, NULL, RST_ERROR_IO, "'images' is no idx file: it begins with 00 00 0a 03");
}
END_TEST

START_TEST(packed_files_that_are_damaged_are_refused) {
  unsigned char bytes[64];
  unsigned char packed[128];
  const size_t size = make_idx(bytes);
  rst_test_write_gz("images", bytes, size);
  FILE *stream = fopen("images", "rb");
  const size_t length = fread(packed, 1, sizeof packed, stream);
  ck_assert_int_eq(fclose(stream), 0);
  for (size_t cut = length - 9; cut < length; ++cut) {
    rst_test_write("images", packed, cut);
    fails(&idx, NULL, RST_ERROR_IO, "'images' is truncated");
  }
  packed[length - 6] ^= 1; /* its check sum */
  rst_test_write("images", packed, length);
  fails(&idx, NULL, RST_ERROR_IO, "'images' is damaged");
}
END_TEST

/* Whatever a header claims, a few bytes must not ask for gigabytes: such a request would end in "memory is exhausted", or in
 * success. */
START_TEST(headers_alone_do_not_allocate) {
  unsigned char bytes[64];
  make_idx(bytes);
  const size_t size = rst_test_idx(bytes, 3, (const unsigned[]){2, 0xffffffff, 0xffffffff}, "a", 1);
  rst_test_write("images", bytes, size);
  fails(&idx, NULL, RST_ERROR_IO, "states more numbers than the file can hold");
  rst_test_write_gz("images", bytes, size);
  fails(&idx, NULL, RST_ERROR_IO, "states more numbers than the file can hold");
  rst_test_write_npy("x.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 9999, 99999)}",
                     "", 0);
  fails(&file, NULL, RST_ERROR_IO, "'x.npy' is truncated: its header states more");
  rst_test_write_dataset("x.h5", "x", H5T_NATIVE_DOUBLE, 3, (const hsize_t[]){99999, 9999, 99999}, NULL);
  struct rst_examples_parameters dataset = file;
  dataset.images = "x.h5:/x";
  fails(&dataset, NULL, RST_ERROR_IO, "x.h5: /x is incomplete");
}
END_TEST

START_TEST(datasets_that_are_elsewhere_are_refused) {
  const hid_t made = H5Fcreate("o.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(3, (const hsize_t[]){2, 1, 1}, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(list, "/etc/hostname", 0, 16);
  H5Dclose(H5Dcreate2(made, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
  H5Pclose(list);
  H5Sclose(space);
  H5Fclose(made);
  struct rst_examples_parameters parameters = file;
  parameters.images = "o.h5:/x";
  fails(&parameters, NULL, RST_ERROR_IO, "o.h5: /x keeps its numbers in other files");
}
END_TEST

START_TEST(batches_that_are_not_of_cifar_10_are_refused) {
  static unsigned char records[2 * 3074];
  static const char *files[] = {"batch.bin"};
  const struct rst_examples_parameters cifar = {.kind = "cifar", .files = files, .file_count = 1};
  rst_test_write("batch.bin", records, sizeof records); /* CIFAR-100 has 3074 bytes a record */
  fails(&cifar, NULL, RST_ERROR_IO, "'batch.bin' is no batch of CIFAR-10, or is truncated");
  records[3073] = 10;
  rst_test_write("batch.bin", records, 2 * 3073);
  fails(&cifar, NULL, RST_ERROR_IO, "the label of record 1 (from 0) is 10");
  rst_test_write("batch.bin", records, 0);
  fails(&cifar, NULL, RST_ERROR_ARGUMENT, "'batch.bin' holds no images");
}
END_TEST

static const struct {
  int version;
  const char *dictionary, *fragment;
} headers[] = {
    {4, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1, 1)}", "version 4.0"},
    {1, "{'descr': '>f8', 'fortran_order': False, 'shape': (2, 1, 1)}", "holds the type '>f8'"},
    {1, "{'descr': '|S8', 'fortran_order': False, 'shape': (2, 1, 1)}", "holds the type '|S8'"},
    {1, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2, 1, 1)}", "holds the type [('a'"},
    {1, "{'fortran_order': False, 'shape': (2, 1, 1)}", "has no 'descr'"},
    {1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1, 1)}", "numpy.ascontiguousarray"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, x, 1)}", "has no shape"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1, 1", "has no shape"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,1,1,1,1,1,1,1,1)}", "has no shape"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1, 1, 3)}", "'x.npy' is truncated"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1)}", "goes on behind the numbers"},
};
enum { HEADERS = sizeof headers / sizeof *headers };

START_TEST(headers_of_numpy_that_do_not_fit_are_refused) {
  static const double numbers[2] = {1, 2};
  rst_test_write_npy("x.npy", headers[_i].version, headers[_i].dictionary, numbers, sizeof numbers);
  fails(&file, NULL, RST_ERROR_IO, headers[_i].fragment);
  ck_assert_ptr_nonnull(strstr(rst_context_message(context), "'x.npy'"));
}
END_TEST

START_TEST(what_is_neither_npy_nor_dataset_is_refused) {
  struct rst_examples_parameters parameters = file;
  rst_test_write("x.npy", "something else", 14);
  fails(&parameters, NULL, RST_ERROR_IO, "'x.npy' is neither a .npy file nor a dataset file.h5:/path");
  parameters.images = "none.h5:/x";
  fails(&parameters, NULL, RST_ERROR_IO, "'none.h5:/x' cannot be read");
  rst_test_write_dataset("x.h5", "x", H5T_NATIVE_DOUBLE, 1, (const hsize_t[]){1}, NULL);
  parameters.images = "x.h5:/y";
  fails(&parameters, NULL, RST_ERROR_IO, "x.h5 holds no dataset /y");
  parameters.images = NULL;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "need images and labels");
  parameters.kind = "mnist";
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "unknown kind of examples 'mnist'; choose one of: idx, cifar");
}
END_TEST

/* Two images of 1 x 2 floats and their labels. */
static void write_pair(double first_label, double last_pixel) {
  const double images[4] = {0, 1, 2, last_pixel};
  const double labels[2] = {first_label, 1};
  rst_test_write_npy("x.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1, 2)}", images,
                     sizeof images);
  rst_test_write_npy("y.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", labels,
                     sizeof labels);
}

START_TEST(numbers_that_are_no_labels_or_pixels_are_refused) {
  static const double bad[] = {-1, 0.5, NAN, INFINITY, 3e9};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    write_pair(bad[i], 3);
    fails(&file, NULL, RST_ERROR_ARGUMENT, "'y.npy': label 0 (from 0) is");
  }
  for (size_t i = 2; i < 4; ++i) {
    write_pair(0, bad[i]);
    fails(&file, NULL, RST_ERROR_ARGUMENT, "'x.npy': image 1 has the value");
    ck_assert_ptr_nonnull(strstr(rst_context_message(context), "channel 0, row 0, column 1"));
  }
}
END_TEST

START_TEST(shapes_that_do_not_fit_are_refused) {
  static const unsigned char zeros[8];
  write_pair(0, 3);
  struct rst_examples_parameters swapped = file;
  swapped.images = "y.npy";
  swapped.labels = "x.npy";
  fails(&swapped, NULL, RST_ERROR_ARGUMENT, "images and labels seem to be swapped");
  swapped.images = "x.npy";
  fails(&swapped, NULL, RST_ERROR_ARGUMENT, "'x.npy' has 3 axes; labels need 1");
  rst_test_write_npy("y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", zeros, 3);
  fails(&file, NULL, RST_ERROR_ARGUMENT, "'x.npy' holds 2 images, 'y.npy' 3 labels");
  rst_test_write_npy("y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (0,)}", zeros, 0);
  rst_test_write_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 2, 2)}", zeros, 0);
  fails(&file, NULL, RST_ERROR_ARGUMENT, "'x.npy' holds no images");
}
END_TEST

START_TEST(choices_that_cannot_be_met_are_refused) {
  struct rst_examples_parameters parameters = file;
  write_pair(0, 3);
  parameters.first = 2;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "1 examples from 2 on (from 0) are asked for, 'x.npy' has 2");
  parameters.first = 1;
  parameters.count = 2;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "2 examples from 1 on");
  parameters.first = parameters.count = 0;
  parameters.classes = (const double[]){1, 2};
  parameters.class_count = 2;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT,
        "'x.npy' has no example of the class 2; its labels are within 0 to 1");
  parameters.classes = (const double[]){1, 1};
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "the class 1 is twice");
  parameters.class_count = 0;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "no class of 'x.npy' is to be kept");
}
END_TEST

START_TEST(scales_that_do_not_fit_are_refused) {
  struct rst_examples_parameters parameters = file;
  write_pair(0, 3);
  parameters.scale = RST_EXAMPLES_UNIT;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "'x.npy' holds float64, which have no full range");
  parameters.scale = RST_EXAMPLES_SYMMETRIC;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "choose none or standardise");
  rst_test_write_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 2)}", "aaaa", 4);
  parameters.scale = RST_EXAMPLES_STANDARDISE;
  fails(&parameters, NULL, RST_ERROR_ARGUMENT, "'x.npy': channel 0 has the standard deviation 0");
}
END_TEST

START_TEST(test_sets_that_do_not_fit_are_refused) {
  const struct rst_examples_parameters textures = {
      .kind = "textures", .size = 2, .texture_classes = 1, .texture_count = 3};
  struct rst_examples *training = rst_test_examples(context, &textures, NULL);
  struct rst_examples_parameters parameters = file;
  write_pair(0, 3);
  fails(&parameters, training, RST_ERROR_ARGUMENT, "'x.npy' has images of 1 x 2 points and 1 channels");
  rst_test_write_npy("x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2)}", "abcdefgh",
                     8);
  fails(&parameters, training, RST_ERROR_ARGUMENT,
        "'x.npy' has labels up to 1, the training set has 1 classes");
  rst_test_write_npy("y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "\0\0", 2);
  parameters.scale = RST_EXAMPLES_STANDARDISE;
  fails(&parameters, training, RST_ERROR_ARGUMENT, "'x.npy' holds uint8, the training set");
  rst_examples_destroy(&training);
}
END_TEST

START_TEST(textures_that_cannot_be_are_refused) {
  struct rst_examples_parameters textures = {
      .kind = "textures", .size = 2, .texture_classes = 4, .texture_count = 3};
  fails(&textures, NULL, RST_ERROR_ARGUMENT, "3 textures cannot be of 4 classes");
  textures.texture_classes = 0;
  fails(&textures, NULL, RST_ERROR_ARGUMENT, "0 classes");
  textures.texture_classes = 1;
  textures.noise = -1;
  fails(&textures, NULL, RST_ERROR_ARGUMENT, "the noise of textures is -1");
  textures.noise = 0;
  textures.size = SIZE_MAX / 2;
  fails(&textures, NULL, RST_ERROR_MEMORY, "larger than any memory");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("examples_faults");
  TCase *tests = tcase_create("examples_faults");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, idx_files_that_are_none_are_refused);
  tcase_add_test(tests, packed_files_that_are_damaged_are_refused);
  tcase_add_test(tests, headers_alone_do_not_allocate);
  tcase_add_test(tests, datasets_that_are_elsewhere_are_refused);
  tcase_add_test(tests, batches_that_are_not_of_cifar_10_are_refused);
  tcase_add_loop_test(tests, headers_of_numpy_that_do_not_fit_are_refused, 0, HEADERS);
  tcase_add_test(tests, what_is_neither_npy_nor_dataset_is_refused);
  tcase_add_test(tests, numbers_that_are_no_labels_or_pixels_are_refused);
  tcase_add_test(tests, shapes_that_do_not_fit_are_refused);
  tcase_add_test(tests, choices_that_cannot_be_met_are_refused);
  tcase_add_test(tests, scales_that_do_not_fit_are_refused);
  tcase_add_test(tests, test_sets_that_do_not_fit_are_refused);
  tcase_add_test(tests, textures_that_cannot_be_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
