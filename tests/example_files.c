/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "example_files.h"

#include <stdio.h>
#include <zlib.h>

void rst_test_write(const char *name, const void *bytes, size_t size) {
  FILE *stream = fopen(name, "wb");
  ck_assert_ptr_nonnull(stream);
  ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
  ck_assert_int_eq(fclose(stream), 0);
}

void rst_test_write_gz(const char *name, const void *bytes, size_t size) {
  gzFile stream = gzopen(name, "wb");
  ck_assert_ptr_nonnull(stream);
  ck_assert_int_eq(gzwrite(stream, bytes, (unsigned)size), (int)size);
  ck_assert_int_eq(gzclose(stream), Z_OK);
}

size_t rst_test_idx(unsigned char *file, int rank, const unsigned *dims, const void *bytes, size_t size) {
  const unsigned char head[] = {0, 0, 8, (unsigned char)rank};
  memcpy(file, head, sizeof head);
  size_t length = sizeof head;
  for (int axis = 0; axis < rank; ++axis) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      file[length++] = (unsigned char)(dims[axis] >> shift);
    }
  }
  memcpy(file + length, bytes, size);
  return length + size;
}

void rst_test_write_npy(const char *name, int version, const char *dictionary, const void *bytes,
                        size_t size) {
  unsigned char file[4096] = "\x93NUMPY";
  const size_t length = strlen(dictionary);
  file[6] = (unsigned char)version;
  file[8] = (unsigned char)length;
  file[9] = (unsigned char)(length >> 8);
  const size_t start = version == 1 ? 10 : 12;
  snprintf((char *)file + start, sizeof file - start, "%s", dictionary);
  memcpy(file + start + length, bytes, size);
  rst_test_write(name, file, start + length + size);
}

void rst_test_write_dataset(const char *name, const char *dataset, hid_t type, int rank, const hsize_t *dims,
                            const void *values) {
  const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(rank, dims, NULL);
  const hid_t made = H5Dcreate2(file, dataset, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ck_assert_int_ge(made, 0);
  if (values) {
    ck_assert_int_ge(H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
  }
  H5Dclose(made);
  H5Sclose(space);
  ck_assert_int_ge(H5Fclose(file), 0);
}

struct rst_examples *rst_test_examples(struct rst_context *context,
                                       const struct rst_examples_parameters *parameters,
                                       const struct rst_examples *training) {
  struct rst_examples *set = NULL;
  RST_TEST_OK(context, rst_examples_create(context, parameters, training, &set));
  return set;
}

double rst_test_pixel(const struct rst_examples *set, size_t example, size_t at) {
  struct rst_context *context = rst_test_context();
  const struct rst_examples_shape shape = rst_examples_shape(set);
  struct rst_field *row = NULL;
  RST_TEST_OK(context,
              rst_field_create(context, RST_PRECISION_DOUBLE, 1, shape.channels * shape.ny * shape.nx, &row));
  rst_examples_copy(set, NULL, example, 1, row);
  const double value = rst_field_get(row, 0, at);
  rst_field_destroy(&row);
  rst_context_destroy(&context);
  return value;
}
