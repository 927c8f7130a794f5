/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "example_files.h"

#include "restrain/image.h"

/** @file
 * Sets of examples: what is read is what was written, chosen and scaled as the header says.
 */

static struct rst_context *context;

static void set_up(void) {
  context = rst_test_context();
}

static void tear_down(void) {
  rst_context_destroy(&context);
}

/* Five images of 2 x 3 bytes, number i of which begins with 50 i, and their labels. */
enum { COUNT = 5, NY = 2, NX = 3, POINTS = NY * NX };
static const unsigned char labels[COUNT] = {2, 0, 1, 2, 0};

static void make_images(unsigned char images[COUNT * POINTS]) {
  for (int i = 0; i < COUNT * POINTS; ++i) {
    images[i] = (unsigned char)(i / POINTS * 50 + i % POINTS * 11);
  }
}

static void write_idx_pair(void (*write)(const char *, const void *, size_t)) {
  unsigned char images[COUNT * POINTS];
  unsigned char file[256];
  make_images(images);
  write("images", file, rst_test_idx(file, 3, (const unsigned[]){COUNT, NY, NX}, images, sizeof images));
  write("labels", file, rst_test_idx(file, 1, (const unsigned[]){COUNT}, labels, sizeof labels));
}

static const struct rst_examples_parameters idx = {.kind = "idx", .images = "images", .labels = "labels"};

START_TEST(idx_files_are_read_plain_and_packed) {
  write_idx_pair(_i ? rst_test_write_gz : rst_test_write);
  struct rst_examples *set = rst_test_examples(context, &idx, NULL);
  const struct rst_examples_shape shape = rst_examples_shape(set);
  ck_assert(shape.count == COUNT && shape.channels == 1 && shape.ny == NY && shape.nx == NX &&
            shape.classes == 3);
  for (size_t i = 0; i < COUNT; ++i) {
    ck_assert_int_eq(rst_examples_labels(set)[i], labels[i]);
    for (size_t j = 0; j < POINTS; ++j) {
      ck_assert_double_eq(rst_test_pixel(set, i, j), (double)(i * 50 + j * 11));
    }
  }
  rst_examples_destroy(&set);
}
END_TEST

START_TEST(idx_numbers_are_big_endian) {
  static const unsigned char images[] = {0, 0, 0x0b, 3, 0, 0, 0,    1,    0,    0,
                                         0, 1, 0,    0, 0, 2, 0x01, 0x02, 0xff, 0xfe};
  unsigned char file[64];
  rst_test_write("images", images, sizeof images);
  rst_test_write("labels", file, rst_test_idx(file, 1, (const unsigned[]){1}, "", 1));
  struct rst_examples *set = rst_test_examples(context, &idx, NULL);
  ck_assert_double_eq(rst_test_pixel(set, 0, 0), 0x0102);
  ck_assert_double_eq(rst_test_pixel(set, 0, 1), -2);
  rst_examples_destroy(&set);
}
END_TEST

START_TEST(batches_of_cifar_follow_each_other) {
  enum { RECORD = 3073, PIXELS = 3072 };
  unsigned char batch[2 * RECORD];
  for (int i = 0; i < 2 * RECORD; ++i) {
    batch[i] = (unsigned char)(i * 7 % 251);
  }
  batch[0] = 9;
  batch[RECORD] = 3;
  rst_test_write("one.bin", batch, sizeof batch);
  rst_test_write("two.bin", batch + RECORD, RECORD);
  static const char *files[] = {"one.bin", "two.bin"};
  const struct rst_examples_parameters parameters = {.kind = "cifar", .files = files, .file_count = 2};
  struct rst_examples *set = rst_test_examples(context, &parameters, NULL);
  const struct rst_examples_shape shape = rst_examples_shape(set);
  ck_assert(shape.count == 3 && shape.channels == 3 && shape.ny == 32 && shape.nx == 32 &&
            shape.classes == 10);
  static const int32_t expected[] = {9, 3, 3};
  ck_assert_mem_eq(rst_examples_labels(set), expected, sizeof expected);
  for (size_t j = 0; j < PIXELS; j += 97) {
    ck_assert_double_eq(rst_test_pixel(set, 0, j), batch[1 + j]);
    ck_assert_double_eq(rst_test_pixel(set, 2, j), batch[RECORD + 1 + j]);
  }
  rst_examples_destroy(&set);
}
END_TEST

/* Numbers of each type, once as HDF5 and once as .npy. */
static const struct {
  const char *code;
  size_t size;
  bool is_signed, is_float;
} types[] = {{"|u1", 1, false, false}, {"|i1", 1, true, false},  {"<u2", 2, false, false},
             {"<i2", 2, true, false},  {"<u4", 4, false, false}, {"<i4", 4, true, false},
             {"<u8", 8, false, false}, {"<i8", 8, true, false},  {"<f4", 4, true, true},
             {"<f8", 8, true, true}};
enum { TYPES = sizeof types / sizeof *types };

static hid_t hdf5_type(int index) {
  const hid_t list[] = {H5T_STD_U8LE,  H5T_STD_I8LE,  H5T_STD_U16LE, H5T_STD_I16LE,  H5T_STD_U32LE,
                        H5T_STD_I32LE, H5T_STD_U64LE, H5T_STD_I64LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE};
  return list[index];
}

static void store(int type, double value, unsigned char *bytes) {
  const int64_t whole = (int64_t)value;
  const float single = (float)value;
  const void *from = !types[type].is_float               ? (const void *)&whole
                     : types[type].size == sizeof single ? (const void *)&single
                                                         : (const void *)&value;
  memcpy(bytes, from, types[type].size); /* the low bytes come first */
}

START_TEST(every_type_of_number_is_read) {
  enum { CHANNELS = 2, NUMBERS = 2 * CHANNELS * NY * NX };
  unsigned char bytes[NUMBERS * sizeof(double)];
  unsigned char classes[2 * sizeof(double)];
  double values[NUMBERS];
  char dictionary[128];
  for (int i = 0; i < NUMBERS; ++i) {
    values[i] = (i % 3 == 1 && types[_i].is_signed ? -1 : 1) * (double)i + (types[_i].is_float ? 0.25 : 0.0);
    store(_i, values[i], bytes + (size_t)i * types[_i].size);
  }
  store(_i, 1, classes);
  store(_i, 0, classes + types[_i].size);
  rst_test_write_dataset("set.h5", "x", hdf5_type(_i), 4, (const hsize_t[]){2, CHANNELS, NY, NX}, bytes);
  snprintf(dictionary, sizeof dictionary,
           "{'descr': '%s', 'fortran_order': False, 'shape': (2, 2, 2, 3), }   \n", types[_i].code);
  rst_test_write_npy("x.npy", 1 + _i % 3, dictionary, bytes, NUMBERS * types[_i].size);
  snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }\n",
           types[_i].code);
  rst_test_write_npy("y.npy", 1, dictionary, classes, 2 * types[_i].size);
  static const char *const images[] = {"set.h5:/x", "x.npy"};
  for (int form = 0; form < 2; ++form) {
    const struct rst_examples_parameters parameters = {
        .kind = "file", .images = images[form], .labels = "y.npy"};
    struct rst_examples *set = rst_test_examples(context, &parameters, NULL);
    ck_assert_uint_eq(rst_examples_shape(set).channels, CHANNELS);
    ck_assert(rst_examples_labels(set)[0] == 1 && rst_examples_labels(set)[1] == 0);
    for (size_t i = 0; i < NUMBERS; ++i) {
      ck_assert_double_eq(rst_test_pixel(set, i / (NUMBERS / 2), i % (NUMBERS / 2)), values[i]);
    }
    rst_examples_destroy(&set);
  }
}
END_TEST

START_TEST(booleans_are_0_and_1) {
  const hid_t flags = H5Tenum_create(H5T_NATIVE_INT8);
  H5Tenum_insert(flags, "FALSE", (const signed char[]){0});
  H5Tenum_insert(flags, "TRUE", (const signed char[]){1});
  rst_test_write_dataset("y.h5", "y", flags, 1, (const hsize_t[]){2}, "\1\0");
  H5Tclose(flags);
  rst_test_write_npy("x.npy", 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2, 1, 1)}", "\0\1", 2);
  const struct rst_examples_parameters parameters = {.kind = "file", .images = "x.npy", .labels = "y.h5:/y"};
  struct rst_examples *set = rst_test_examples(context, &parameters, NULL);
  ck_assert(rst_test_pixel(set, 0, 0) == 0.0 && rst_test_pixel(set, 1, 0) == 1.0);
  ck_assert(rst_examples_labels(set)[0] == 1 && rst_examples_labels(set)[1] == 0);
  rst_examples_destroy(&set);
}
END_TEST

START_TEST(classes_are_renumbered_and_the_rest_is_cut) {
  write_idx_pair(rst_test_write);
  struct rst_examples_parameters parameters = idx;
  parameters.classes = (const double[]){2, 0};
  parameters.class_count = 2;
  struct rst_examples *set = rst_test_examples(context, &parameters, NULL);
  static const int32_t all[] = {0, 1, 0, 1}; /* of the examples 0, 1, 3, 4 */
  ck_assert_uint_eq(rst_examples_shape(set).count, 4);
  ck_assert_uint_eq(rst_examples_shape(set).classes, 2);
  ck_assert_mem_eq(rst_examples_labels(set), all, sizeof all);
  ck_assert_double_eq(rst_test_pixel(set, 2, 0), 150);
  rst_examples_destroy(&set);
  parameters.first = 1;
  parameters.count = 2;
  set = rst_test_examples(context, &parameters, NULL);
  ck_assert_uint_eq(rst_examples_shape(set).count, 2);
  ck_assert(rst_examples_labels(set)[0] == 1 && rst_examples_labels(set)[1] == 0);
  ck_assert_double_eq(rst_test_pixel(set, 0, 0), 50);
  ck_assert_double_eq(rst_test_pixel(set, 1, 5), 205);
  rst_examples_destroy(&set);
}
END_TEST

START_TEST(integers_are_scaled_by_their_full_range) {
  write_idx_pair(rst_test_write);
  struct rst_examples_parameters parameters = idx;
  parameters.scale = RST_EXAMPLES_UNIT;
  struct rst_examples *unit = rst_test_examples(context, &parameters, NULL);
  ck_assert_double_eq(rst_test_pixel(unit, 1, 1), 61.0 / 255.0);
  parameters.scale = RST_EXAMPLES_SYMMETRIC;
  struct rst_examples *symmetric = rst_test_examples(context, &parameters, NULL);
  ck_assert_double_eq(rst_test_pixel(symmetric, 0, 0), -1.0);
  ck_assert_double_eq(rst_test_pixel(symmetric, 4, 5), 0.0 + (255.0 - 127.5) / 127.5);
  rst_examples_destroy(&unit);
  rst_examples_destroy(&symmetric);
  static const signed char signs[] = {-128, 127};
  rst_test_write_npy("x.npy", 1, "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 1, 2)}", signs, 2);
  rst_test_write_npy("y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", "", 1);
  const struct rst_examples_parameters bytes = {
      .kind = "file", .images = "x.npy", .labels = "y.npy", .scale = RST_EXAMPLES_SYMMETRIC};
  struct rst_examples *set = rst_test_examples(context, &bytes, NULL);
  ck_assert(rst_test_pixel(set, 0, 0) == -1.0 && rst_test_pixel(set, 0, 1) == 1.0);
  rst_examples_destroy(&set);
}
END_TEST

/* Mean and deviation of a channel over a whole set. */
static void moments(const struct rst_examples *set, size_t channel, double *mean, double *deviation) {
  const struct rst_examples_shape shape = rst_examples_shape(set);
  const size_t points = shape.ny * shape.nx;
  double sum = 0.0;
  double squares = 0.0;
  for (size_t i = 0; i < shape.count * points; ++i) {
    const double value = rst_test_pixel(set, i / points, channel * points + i % points);
    sum += value;
    squares += value * value;
  }
  *mean = sum / (double)(shape.count * points);
  *deviation = sqrt(squares / (double)(shape.count * points) - *mean * *mean);
}

START_TEST(standardised_sets_have_mean_0_and_deviation_1) {
  enum { CHANNELS = 2, IMAGES = 3 };
  double images[IMAGES * CHANNELS * POINTS];
  RST_TEST_OK(context, rst_random_normal(context, 5, IMAGES * CHANNELS * POINTS, images));
  for (int i = 0; i < IMAGES * CHANNELS * POINTS; ++i) {
    images[i] = i / POINTS % CHANNELS == 0 ? 3.0 * images[i] + 100.0 : images[i];
  }
  rst_test_write_dataset("set.h5", "x", H5T_NATIVE_DOUBLE, 4, (const hsize_t[]){IMAGES, CHANNELS, NY, NX},
                         images);
  rst_test_write_npy("y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", "\0\1\1", 3);
  struct rst_examples_parameters parameters = {.kind = "file",
                                               .images = "set.h5:/x",
                                               .labels = "y.npy",
                                               .scale = RST_EXAMPLES_STANDARDISE,
                                               .count = 2};
  struct rst_examples *training = rst_test_examples(context, &parameters, NULL);
  for (size_t c = 0; c < CHANNELS; ++c) {
    double mean = 0.0;
    double deviation = 0.0;
    moments(training, c, &mean, &deviation);
    ck_assert_double_le(fabs(mean), 1e-13);
    ck_assert_double_le(fabs(deviation - 1.0), 1e-13);
  }
  /* A test set is scaled like the training set, of which example 1 is its example 0. */
  parameters.first = 1;
  struct rst_examples *test = rst_test_examples(context, &parameters, training);
  for (size_t j = 0; j < CHANNELS * POINTS; ++j) {
    ck_assert_double_eq(rst_test_pixel(test, 0, j), rst_test_pixel(training, 1, j));
  }
  ck_assert_uint_eq(rst_examples_shape(test).classes, 2);
  rst_examples_destroy(&test);
  rst_examples_destroy(&training);
}
END_TEST

/* By the NumPy code in src/data/textures.c: seed 3, 3 classes, 4 examples of 3 x 3 points, noise 0.5. */
static const double numpy_textures[4][9] = {
    {1.0197366788451963, -1.1688353077523506, -1.1101820460663916, 0.79410845517469864, -0.27845969681133503,
     -1.2849882832211157, 0.94957886032122785, -0.47569797124985647, -1.6284203214905331},
    {1.563215175240142, 0.026887967172979185, -0.90812115054416276, -0.81490269250216985, -1.7507837457296533,
     -0.34905108537187379, -1.4854997125288318, -1.0028066216001212, 0.25191265833491916},
    {0.47565848080547402, 0.45303451453972199, 0.46992131373702006, -0.027788814268451006,
     0.35881503101382289, 0.88360725171253462, -0.59310217138477495, 0.48904245307471689,
     -0.36214222530050316},
    {-1.8242556806519257, 0.32685400186894126, 0.10277621364117207, -0.052725114583856647, 0.7227928963163851,
     -0.19692862885503271, -0.29137636792750471, 0.61061463299346308, -0.25685642441413847}};

START_TEST(textures_are_those_of_the_formula) {
  const struct rst_examples_parameters parameters = {
      .kind = "textures", .size = 3, .texture_classes = 3, .texture_count = 4, .noise = 0.5, .seed = 3};
  struct rst_examples *set = rst_test_examples(context, &parameters, NULL);
  ck_assert_uint_eq(rst_examples_shape(set).classes, 3);
  for (size_t i = 0; i < 4; ++i) {
    ck_assert_int_eq(rst_examples_labels(set)[i], (int)i % 3);
    for (size_t j = 0; j < 9; ++j) {
      ck_assert_double_le(fabs(rst_test_pixel(set, i, j) - numpy_textures[i][j]), 4e-15);
    }
  }
  rst_examples_destroy(&set);
}
END_TEST

START_TEST(rows_are_copied_by_index_in_either_precision) {
  const struct rst_examples_parameters parameters = {
      .kind = "textures", .size = 30, .texture_classes = 2, .texture_count = 6, .noise = 0.1, .seed = 1};
  struct rst_examples *set = rst_test_examples(context, &parameters, NULL);
  static const size_t indices[] = {4, 0, 4};
  struct rst_field *rows = NULL;
  struct rst_field *single = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 3, 900, &rows));
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_FLOAT, 3, 900, &single));
  rst_examples_copy(set, indices, 0, 3, rows);
  rst_examples_copy(set, indices, 0, 3, single);
  for (size_t r = 0; r < 3; ++r) {
    for (size_t j = 0; j < 900; j += 101) {
      const double value = rst_test_pixel(set, indices[r], j);
      ck_assert_double_eq(rst_field_get(rows, r, j), value);
      ck_assert_double_eq(rst_field_get(single, r, j), (float)value);
    }
  }
  rst_field_destroy(&rows);
  rst_field_destroy(&single);
  rst_examples_destroy(&set);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("examples");
  TCase *tests = tcase_create("examples");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_loop_test(tests, idx_files_are_read_plain_and_packed, 0, 2);
  tcase_add_test(tests, idx_numbers_are_big_endian);
  tcase_add_test(tests, batches_of_cifar_follow_each_other);
  tcase_add_loop_test(tests, every_type_of_number_is_read, 0, TYPES);
  tcase_add_test(tests, booleans_are_0_and_1);
  tcase_add_test(tests, classes_are_renumbered_and_the_rest_is_cut);
  tcase_add_test(tests, integers_are_scaled_by_their_full_range);
  tcase_add_test(tests, standardised_sets_have_mean_0_and_deviation_1);
  tcase_add_test(tests, textures_are_those_of_the_formula);
  tcase_add_test(tests, rows_are_copied_by_index_in_either_precision);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
