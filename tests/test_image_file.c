/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <dirent.h>
#include <float.h>
#include <hdf5.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restrain/image.h"

/* A folder of its own for each test program. */
static char folder[] = "/tmp/restrain-image-XXXXXX";

enum { PATH_LENGTH = 320 };

static const char *path_of(const char *name) {
  static char path[PATH_LENGTH];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void write_bytes(const char *name, const void *bytes, size_t count) {
  FILE *stream = fopen(path_of(name), "wb");
  ck_assert_ptr_nonnull(stream);
  ck_assert_uint_eq(fwrite(bytes, 1, count, stream), count);
  ck_assert_int_eq(fclose(stream), 0);
}

static void write_text(const char *name, const char *text) {
  write_bytes(name, text, strlen(text));
}

static struct rst_field *read_image(struct rst_context *context, const char *name) {
  struct rst_field *image = NULL;
  const struct rst_image_parameters parameters = {.kind = "file", .file = path_of(name)};
  RST_TEST_OK(context, rst_image_create(context, &parameters, RST_PRECISION_DOUBLE, &image));
  return image;
}

static void read_fails(struct rst_context *context, const char *name, enum rst_status status,
                       const char *fragment) {
  struct rst_field *image = NULL;
  const struct rst_image_parameters parameters = {.kind = "file", .file = path_of(name)};
  RST_TEST_FAILS(context, status, fragment,
                 rst_image_create(context, &parameters, RST_PRECISION_FLOAT, &image));
  ck_assert_ptr_nonnull(strstr(rst_context_message(context), folder));
  ck_assert_ptr_null(image);
}

/* PNG. */

struct png_layout {
  const char *name;
  int color_type, depth, channels, interlace;
};

static const struct png_layout png_layouts[] = {
    {"grey1.png", PNG_COLOR_TYPE_GRAY, 1, 1, PNG_INTERLACE_NONE},
    {"grey2.png", PNG_COLOR_TYPE_GRAY, 2, 1, PNG_INTERLACE_ADAM7},
    {"grey4.png", PNG_COLOR_TYPE_GRAY, 4, 1, PNG_INTERLACE_NONE},
    {"grey8.png", PNG_COLOR_TYPE_GRAY, 8, 1, PNG_INTERLACE_NONE},
    {"grey16.png", PNG_COLOR_TYPE_GRAY, 16, 1, PNG_INTERLACE_ADAM7},
    {"greya8.png", PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2, PNG_INTERLACE_NONE},
    {"greya16.png", PNG_COLOR_TYPE_GRAY_ALPHA, 16, 2, PNG_INTERLACE_NONE},
    {"rgb8.png", PNG_COLOR_TYPE_RGB, 8, 3, PNG_INTERLACE_ADAM7},
    {"rgb16.png", PNG_COLOR_TYPE_RGB, 16, 3, PNG_INTERLACE_NONE},
    {"rgba8.png", PNG_COLOR_TYPE_RGB_ALPHA, 8, 4, PNG_INTERLACE_NONE},
    {"rgba16.png", PNG_COLOR_TYPE_RGB_ALPHA, 16, 4, PNG_INTERLACE_ADAM7},
    {"palette4.png", PNG_COLOR_TYPE_PALETTE, 4, 1, PNG_INTERLACE_NONE},
    {"palette8.png", PNG_COLOR_TYPE_PALETTE, 8, 1, PNG_INTERLACE_ADAM7},
};
enum { PNG_LAYOUT_COUNT = sizeof png_layouts / sizeof *png_layouts, PNG_NY = 9, PNG_NX = 11 };

/* Deterministic samples that reach both ends of the range and, at x = y, are equal in all channels. */
static unsigned png_sample(const struct png_layout *layout, size_t y, size_t x, int channel) {
  const unsigned levels = 1U << layout->depth;
  if (y == x) {
    return y == 0 ? 0 : y == 1 ? levels - 1 : (unsigned)(y * 23) % levels;
  }
  return (unsigned)(7919 * y + 104729 * x + 1299709 * (size_t)channel) % levels;
}

static png_color palette_entry(unsigned index) {
  return (png_color){(png_byte)(index * 5), (png_byte)(255 - index * 3), (png_byte)(index * 11)};
}

static void write_png(const struct png_layout *layout) {
  FILE *stream = fopen(path_of(layout->name), "wb");
  ck_assert_ptr_nonnull(stream);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, stream);
  png_set_IHDR(png, info, PNG_NX, PNG_NY, layout->depth, layout->color_type, layout->interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (layout->color_type == PNG_COLOR_TYPE_PALETTE) {
    png_color palette[256];
    for (int i = 0; i < 1 << layout->depth; ++i) {
      palette[i] = palette_entry((unsigned)i);
    }
    const png_byte transparency[] = {0, 128, 3};
    png_set_PLTE(png, info, palette, 1 << layout->depth);
    png_set_tRNS(png, info, transparency, 3, NULL);
  } else if (layout->color_type == PNG_COLOR_TYPE_GRAY || layout->color_type == PNG_COLOR_TYPE_RGB) {
    const png_color_16 transparent = {0};
    png_set_tRNS(png, info, NULL, 0, &transparent);
  }
  png_set_gAMA(png, info, 0.3);
  png_write_info(png, info);
  png_byte data[PNG_NY][PNG_NX * 8] = {{0}};
  png_bytep rows[PNG_NY];
  for (size_t y = 0; y < PNG_NY; ++y) {
    rows[y] = data[y];
    for (size_t x = 0; x < PNG_NX; ++x) {
      for (int c = 0; c < layout->channels; ++c) {
        const size_t bit = (x * (size_t)layout->channels + (size_t)c) * (size_t)layout->depth;
        const unsigned value = png_sample(layout, y, x, c);
        if (layout->depth == 16) {
          data[y][bit / 8] = (png_byte)(value >> 8);
          data[y][bit / 8 + 1] = (png_byte)value;
        } else {
          data[y][bit / 8] |= (png_byte)(value << (8U - (unsigned)layout->depth - bit % 8));
        }
      }
    }
  }
  png_write_image(png, rows);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  ck_assert_int_eq(fclose(stream), 0);
}

static double expected_png_level(const struct png_layout *layout, size_t y, size_t x, double *tolerance) {
  const double white = (double)((1U << layout->depth) - 1);
  *tolerance = 0.0;
  if (layout->color_type == PNG_COLOR_TYPE_PALETTE) {
    const png_color color = palette_entry(png_sample(layout, y, x, 0));
    *tolerance = 4 * DBL_EPSILON;
    return 2 * (0.2126 * color.red + 0.7152 * color.green + 0.0722 * color.blue) / 255 - 1;
  }
  if (layout->channels < 3 || y == x) {
    return 2 * (double)png_sample(layout, y, x, 0) / white - 1;
  }
  *tolerance = 4 * DBL_EPSILON;
  return 2 *
             (0.2126 * png_sample(layout, y, x, 0) + 0.7152 * png_sample(layout, y, x, 1) +
              0.0722 * png_sample(layout, y, x, 2)) /
             white -
         1;
}

START_TEST(png_files_are_read_as_grey_levels) {
  struct rst_context *context = rst_test_context();
  const struct png_layout *layout = &png_layouts[_i];
  write_png(layout);
  struct rst_field *image = read_image(context, layout->name);
  ck_assert(image->ny == PNG_NY && image->nx == PNG_NX);
  for (size_t y = 0; y < PNG_NY; ++y) {
    for (size_t x = 0; x < PNG_NX; ++x) {
      double tolerance = NAN;
      const double expected = expected_png_level(layout, y, x, &tolerance);
      const double actual = rst_field_get(image, y, x);
      ck_assert_msg(fabs(actual - expected) <= tolerance, "%s [%zu][%zu]: %a, not %a", layout->name, y, x,
                    actual, expected);
    }
  }
  rst_field_destroy(&image);
  rst_context_destroy(&context);
}
END_TEST

/* Every proper prefix of a PNG (short ones all, longer ones by steps) is refused, and so is a file with any
 * one byte of its header changed. */
START_TEST(damaged_png_files_are_refused) {
  struct rst_context *context = rst_test_context();
  const struct png_layout *layout = &png_layouts[_i];
  write_png(layout);
  unsigned char bytes[8192];
  FILE *stream = fopen(path_of(layout->name), "rb");
  ck_assert_ptr_nonnull(stream);
  const size_t size = fread(bytes, 1, sizeof bytes, stream);
  ck_assert_int_eq(fclose(stream), 0);
  ck_assert(size > 57 && size < sizeof bytes);
  for (size_t length = 1; length < size; length += length < 64 ? 1 : 13) {
    write_bytes("cut.png", bytes, length);
    read_fails(context, "cut.png", RST_ERROR_IO, length < 8 ? "neither a PNG" : "valid PNG file: ");
  }
  for (size_t i = 8; i < 33; ++i) { /* length, type, content and check sum of IHDR */
    bytes[i] ^= 0x5a;
    write_bytes("flip.png", bytes, size);
    read_fails(context, "flip.png", RST_ERROR_IO, "PNG file: ");
    bytes[i] ^= 0x5a;
  }
  rst_context_destroy(&context);
}
END_TEST

/* A correct header of an image of 65 GB, and nothing behind it. */
START_TEST(headers_alone_do_not_allocate) {
  struct rst_context *context = rst_test_context();
  FILE *stream = fopen(path_of("huge.png"), "wb");
  ck_assert_ptr_nonnull(stream);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, stream);
  png_set_IHDR(png, info, 180000, 180000, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const png_byte empty[] = {0};
  png_write_chunk(png, (png_const_bytep) "IDAT", empty, 0);
  png_destroy_write_struct(&png, &info);
  ck_assert_int_eq(fclose(stream), 0);
  read_fails(context, "huge.png", RST_ERROR_IO, "180000 x 180000 pixels do not fit");
  write_text("huge.pgm", "P5\n1000000000 1000000000\n255\n....");
  read_fails(context, "huge.pgm", RST_ERROR_IO, "do not fit");
  rst_context_destroy(&context);
}
END_TEST

/* PGM. */

START_TEST(pgm_files_are_read_as_grey_levels) {
  static const struct {
    const char *content;
    size_t length;
    size_t ny, nx;
    double maxval;
    unsigned levels[6];
  } cases[] = {
      {"P2\n# a comment\n3 2 # another\n255\n0 128 255\n1 2 254\n", 0, 2, 3, 255, {0, 128, 255, 1, 2, 254}},
      {"P2 2 1 65535 65535 256", 0, 1, 2, 65535, {65535, 256}},
      {"P2#glued\n1#\n1\n7 3", 0, 1, 1, 7, {3}},
      {"P5\n# raw\r\n3 2\n255\n\0\x80\xff\x01\x02\xfe", 24, 2, 3, 255, {0, 128, 255, 1, 2, 254}},
      {"P5 1 2 65535\n\x01\x02\xff\xff", 17, 2, 1, 65535, {258, 65535}},
      {"P5 2 1 256\n\x01\0\0\x23", 15, 1, 2, 256, {256, 35}},
      {"P5 2 1 100\n##", 13, 1, 2, 100, {35, 35}},
      {"P5 1 1 9\n\x09trailing bytes", 24, 1, 1, 9, {9}},
  };
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const size_t length = cases[i].length ? cases[i].length : strlen(cases[i].content);
    write_bytes("grey.pgm", cases[i].content, length);
    struct rst_field *image = read_image(context, "grey.pgm");
    ck_assert_msg(image->ny == cases[i].ny && image->nx == cases[i].nx, "case %zu", i);
    for (size_t p = 0; p < rst_field_count(image); ++p) {
      ck_assert_msg(rst_field_get(image, p / image->nx, p % image->nx) ==
                        2.0 * cases[i].levels[p] / cases[i].maxval - 1.0,
                    "case %zu, pixel %zu", i, p);
    }
    rst_field_destroy(&image);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(malformed_pgm_files_are_refused) {
  static const char *const cases[][2] = {
      {"P2", "ends before its width"},
      {"P2\n3", "ends before its height"},
      {"P5 3 2 # no more", "ends before its maxval"},
      {"P5 3 2 255\n12345", "ends before its last pixel"},
      {"P5 3 2 65535\n12345678901", "ends before its last pixel"},
      {"P2 3 2 255\n1 2 3 4 5  ", "ends before its last pixel"},
      {"P2 3 x 255\n1 2 3 4 5 6", "0x78 at offset 5"},
      {"P2 3 2 255\n1 2 3 4 5 6x", "0x78 at offset 22"},
      {"P2 0 2 255\n", "must be positive"},
      {"P2 3 2 65536\n1 2 3 4 5 6", "maxval exceeds 65535"},
      {"P2 99999999999999999999 2 9\n1 2 3 4 5 6", "width exceeds"},
      {"P2 3 2 5\n1 2 3 4 5 6", "pixel exceeds 5"},
      {"P5 1 1 64\nA", "the pixel 65 at row 0, column 0 exceeds maxval 64"},
      {"P3 1 1 255\n1 2 3", "neither a PNG"},
      {"", "is empty"},
  };
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    write_text("bad.pgm", cases[i][0]);
    read_fails(context, "bad.pgm", RST_ERROR_IO, cases[i][1]);
  }
  rst_context_destroy(&context);
}
END_TEST

/* HDF5 and files in general. */

static void write_dataset(const char *name, const char *dataset, int rank, const hsize_t *shape,
                          const double *values) {
  const hid_t file = H5Fcreate(path_of(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(rank, shape, NULL);
  const hid_t set =
      H5Dcreate2(file, dataset, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ck_assert(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(set);
  H5Sclose(space);
  ck_assert(H5Fclose(file) >= 0);
}

START_TEST(datasets_are_taken_as_they_are) {
  struct rst_context *context = rst_test_context();
  const double values[] = {1.5, -2, 3e10, 0.1, 0.2, 0.3};
  write_dataset("numbers.bin", "/k", 2, (hsize_t[]){2, 3}, values);
  struct rst_field *image = read_image(context, "numbers.bin:/k");
  ck_assert(image->ny == 2 && image->nx == 3);
  for (size_t i = 0; i < 6; ++i) {
    ck_assert(rst_field_get(image, i / 3, i % 3) == values[i]);
  }
  rst_field_destroy(&image);
  read_fails(context, "numbers.bin", RST_ERROR_IO, "name a dataset");
  read_fails(context, "numbers.bin:/missing", RST_ERROR_IO, "/missing");
  read_fails(context, "absent.h5:/k", RST_ERROR_IO, "No such file");
  const double infinite[] = {0, 1, 2, INFINITY, 4, NAN};
  write_dataset("nan.h5", "/k", 2, (hsize_t[]){2, 3}, infinite);
  read_fails(context, "nan.h5:/k", RST_ERROR_ARGUMENT, "inf at row 1, column 0");
  rst_context_destroy(&context);
}
END_TEST

START_TEST(unreadable_files_are_refused) {
  struct rst_context *context = rst_test_context();
  read_fails(context, "absent.png", RST_ERROR_IO, "No such file");
  read_fails(context, "", RST_ERROR_IO, "is a folder or device");
  write_text("plain.txt", "text");
  read_fails(context, "plain.txt:/k", RST_ERROR_IO, "plain.txt");
  write_text("secret.pgm", "P2 1 1 1 1");
  ck_assert_int_eq(chmod(path_of("secret.pgm"), 0), 0);
  if (access(path_of("secret.pgm"), R_OK) != 0) { /* not as root */
    read_fails(context, "secret.pgm", RST_ERROR_IO, "Permission denied");
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(initial_states_are_read_from_files_of_their_shape) {
  struct rst_context *context = rst_test_context();
  const double values[] = {1, 2, 3, 4, 5, 6};
  write_dataset("start.h5", "/kernel", 3, (hsize_t[]){1, 2, 3}, values);
  struct rst_initial_parameters parameters = {
      .kind = "file", .scale = 0.5, .file = path_of("start.h5:/kernel")};
  struct rst_field *u = NULL;
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_FLOAT, 2, 3, &u));
  RST_TEST_OK(context, rst_test_fill(context, &parameters, u));
  for (size_t i = 0; i < 6; ++i) {
    ck_assert(rst_field_get(u, i / 3, i % 3) == 0.5 * values[i]);
  }
  rst_field_destroy(&u);
  write_dataset("line.h5", "/u", 1, (hsize_t[]){6}, values);
  parameters.file = path_of("line.h5:/u");
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 1, 6, &u));
  RST_TEST_OK(context, rst_test_fill(context, &parameters, u));
  ck_assert(rst_field_get(u, 0, 5) == 3.0);
  rst_field_destroy(&u);

  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, 3, 2, &u));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "holds 1 x 6 points, the initial state needs 3 x 2",
                 rst_test_fill(context, &parameters, u));
  write_text("start.pgm", "P2 2 3 2 0 1 2 2 1 0");
  parameters.file = path_of("start.pgm");
  RST_TEST_OK(context, rst_test_fill(context, &parameters, u));
  ck_assert(rst_field_get(u, 0, 0) == -0.5 && rst_field_get(u, 1, 1) == 0.5);
  rst_field_destroy(&u);
  rst_context_destroy(&context);
}
END_TEST

static void remove_folder(void) {
  DIR *entries = opendir(folder);
  if (!entries) {
    return;
  }
  for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
    if (entry->d_name[0] != '.') {
      unlink(path_of(entry->d_name));
    }
  }
  closedir(entries);
  rmdir(folder);
}

int main(void) {
  Suite *suite = suite_create("image_file");
  TCase *tests = tcase_create("image_file");
  tcase_add_loop_test(tests, png_files_are_read_as_grey_levels, 0, PNG_LAYOUT_COUNT);
  tcase_add_loop_test(tests, damaged_png_files_are_refused, 0, PNG_LAYOUT_COUNT);
  tcase_add_test(tests, headers_alone_do_not_allocate);
  tcase_add_test(tests, pgm_files_are_read_as_grey_levels);
  tcase_add_test(tests, malformed_pgm_files_are_refused);
  tcase_add_test(tests, datasets_are_taken_as_they_are);
  tcase_add_test(tests, unreadable_files_are_refused);
  tcase_add_test(tests, initial_states_are_read_from_files_of_their_shape);
  suite_add_tcase(suite, tests);
  if (!mkdtemp(folder)) {
    return EXIT_FAILURE;
  }
  const int result = rst_test_run(suite);
  remove_folder();
  return result;
}
