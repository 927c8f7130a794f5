/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"
#include "core/files.h"
#include "core/warn_once.h"
#include "hdf5/read_array.h"
#include "image/kinds.h"
#include "image/npy.h"

/** @file
 * Images from files. What a file holds is told by its first bytes; a name "file:/path" whose part before the
 * colon is a file means a dataset in it.
 */

static const struct rst_image_levels as_they_are = {-1.0, 1.0};

void rst_image_map(const struct rst_image_levels *levels, struct rst_field *image) {
  assert(image);
  double *values = image->data;
  if (levels->black == as_they_are.black && levels->white == as_they_are.white) {
    return;
  }
  for (size_t i = 0; i < image->ny * image->nx; ++i) {
    values[i] = 2.0 * (values[i] - levels->black) / (levels->white - levels->black) - 1.0;
  }
}

/* The level that is likely to be white: pictures of 8 and of 16 bits are kept as wider integers, too. */
static double likely_white(double greatest, double most) {
  const double byte = 255.0;
  const double word = 65535.0;
  const double white = greatest <= byte ? byte : greatest <= word ? word : most;
  return fmin(white, most);
}

/* Integers are levels of a picture more often than numbers. */
static void warn_of_integers(struct rst_context *context, const char *name, const struct rst_array *array,
                             const struct rst_field *image) {
  const struct rst_element_facts *facts = rst_element_facts(array->element);
  double least = DBL_MAX;
  double greatest = -DBL_MAX;
  for (size_t i = 0; i < image->ny * image->nx; ++i) {
    const double value = ((const double *)image->data)[i];
    least = fmin(least, value);
    greatest = fmax(greatest, value);
  }
  if (facts->is_integer && (least < as_they_are.black || greatest > as_they_are.white)) {
    rst_warn_once(
        context,
        "'%s' holds %s numbers, taken as they are, %.10g to %.10g; of a picture's levels 0 to %.10g "
        "become -1 to 1 by range: [0, %.10g] beside file, and range: [-1, 1] says that these are none",
        name, facts->name, least, greatest, likely_white(greatest, facts->most),
        likely_white(greatest, facts->most));
  }
}

static enum rst_status take_numbers(struct rst_context *context, const struct rst_image_file *file, bool warn,
                                    const struct rst_array *array, struct rst_field **image) {
  RST_TRY(rst_image_take_array(context, file, array, image));
  if (warn) {
    warn_of_integers(context, file->name, array, *image);
  }
  return RST_OK;
}

/* A snapshot's axes have scales, a picture's have none. */
static enum rst_status read_dataset(struct rst_context *context, const struct rst_image_file *given,
                                    const char *path, const char *dataset, bool warn,
                                    struct rst_field **image) {
  struct rst_image_file file = *given;
  struct rst_array array = {0};
  bool has_scales = false;
  RST_TRY(rst_hdf5_read_shape(context, path, dataset, &array, &has_scales));
  file.colour = file.colour && !has_scales;
  RST_TRY(rst_image_check_array(context, &file, &array));
  RST_TRY(rst_hdf5_read_array(context, path, dataset, &array));
  const enum rst_status status = take_numbers(context, &file, warn, &array, image);
  rst_array_free(&array);
  return status;
}

static enum rst_status read_npy(struct rst_context *context, const struct rst_image_file *file, bool warn,
                                struct rst_field **image) {
  struct rst_array array = {0};
  RST_TRY(rst_npy_read(context, file->name, &array));
  const enum rst_status status = take_numbers(context, file, warn, &array, image);
  rst_array_free(&array);
  return status;
}

enum rst_status rst_image_check_points(struct rst_context *context, const struct rst_image_file *file,
                                       size_t ny, size_t nx) {
  RST_REQUIRE(context, ny <= file->most_points / nx, RST_ERROR_IO, RST_TOO_MANY_POINTS, file->name, ny, nx,
              file->most_points);
  return RST_OK;
}

/* How files begin. */
static const struct {
  const char *magic;
  size_t length;
  rst_image_decoder *decode;
} formats[] = {{"\x89PNG\r\n\x1a\n", 8, rst_image_decode_png},
               {"\xff\xd8\xff", 3, rst_image_decode_jpeg},
               {"II*\0", 4, rst_image_decode_tiff},
               {"MM\0*", 4, rst_image_decode_tiff},
               {"P2", 2, rst_image_decode_pgm},
               {"P5", 2, rst_image_decode_pgm}};
enum { FORMATS = sizeof formats / sizeof *formats, LONGEST_MAGIC = 8 };
static const char magic_npy[] = "\x93NUMPY";
static const char magic_hdf5[] = "\x89HDF\r\n\x1a\n";

static enum rst_status decode(struct rst_context *context, const struct rst_image_file *file, bool warn,
                              struct rst_image_levels *levels, struct rst_field **image) {
  char magic[LONGEST_MAGIC] = {0};
  const size_t length = fread(magic, 1, sizeof magic, file->stream);
  RST_REQUIRE(context, length > 0, RST_ERROR_IO, "'%s' is empty", file->name);
  rewind(file->stream);
  for (size_t i = 0; i < FORMATS; ++i) {
    if (memcmp(magic, formats[i].magic, formats[i].length) == 0) {
      return formats[i].decode(context, file, levels, image);
    }
  }
  if (memcmp(magic, magic_npy, sizeof magic_npy - 1) == 0) {
    return read_npy(context, file, warn, image);
  }
  RST_REQUIRE(context, memcmp(magic, magic_hdf5, sizeof magic_hdf5 - 1) != 0, RST_ERROR_IO,
              "'%s' is an HDF5 file; name a dataset in it, as in '%s:/kernel'", file->name, file->name);
  return rst_fail(context, RST_ERROR_IO,
                  "'%s' is neither a PNG (8 or 16 bit), JPEG, TIFF or PGM (P2 or P5) image nor a .npy file",
                  file->name);
}

static enum rst_status read_stream(struct rst_context *context, const struct rst_image_file *given, bool warn,
                                   struct rst_image_levels *levels, struct rst_field **image) {
  struct rst_image_file file = *given;
  file.stream = fopen(file.name, "rb");
  RST_REQUIRE(context, file.stream, RST_ERROR_IO, "'%s' cannot be read: %s", file.name, strerror(errno));
  const enum rst_status status = decode(context, &file, warn, levels, image);
  (void)fclose(file.stream); /* nothing was written */
  return status;
}

enum rst_status rst_image_read_levels(struct rst_context *context, const struct rst_image_file *given,
                                      bool warn, struct rst_image_levels *levels, struct rst_field **image) {
  struct rst_image_file file = *given;
  struct stat information;
  *image = NULL;
  *levels = as_they_are;
  RST_REQUIRE(context, file.name && *file.name, RST_ERROR_ARGUMENT,
              "the kind 'file' needs the name of a PNG, JPEG, TIFF, PGM or .npy file or of a dataset "
              "'file.h5:/path'");
  if (stat(file.name, &information) != 0) {
    const int error = errno;
    RST_SCOPED char *path = NULL;
    RST_SCOPED char *dataset = NULL;
    RST_TRY(rst_files_split_dataset(context, file.name, &path, &dataset));
    RST_REQUIRE(context, path, RST_ERROR_IO, "'%s' cannot be read: %s", file.name, strerror(error));
    return read_dataset(context, &file, path, dataset, warn, image);
  }
  RST_REQUIRE(context, S_ISREG(information.st_mode), RST_ERROR_IO,
              "'%s' is a folder or device, not an image file", file.name);
  file.size = (size_t)information.st_size;
  return read_stream(context, &file, warn, levels, image);
}

enum rst_status rst_image_make_levels(struct rst_context *context,
                                      const struct rst_image_parameters *parameters,
                                      struct rst_image_levels *levels, struct rst_field **image) {
  const double *range = parameters->range;
  const struct rst_image_file file = {.name = parameters->file,
                                      .most_points = parameters->most_points ? parameters->most_points
                                                                             : RST_IMAGE_MOST_POINTS,
                                      .colour = true};
  RST_REQUIRE(context, !range || (parameters->range_count == 2 && range[0] != range[1]), RST_ERROR_ARGUMENT,
              "the range of an image is two different numbers, the levels of '%s' that become -1 and 1",
              parameters->file ? parameters->file : "");
  RST_TRY(rst_image_read_levels(context, &file, !range, levels, image));
  if (range) {
    *levels = (struct rst_image_levels){range[0], range[1]};
  }
  rst_image_map(levels, *image);
  return RST_OK;
}

enum rst_status rst_image_make_file(struct rst_context *context,
                                    const struct rst_image_parameters *parameters, struct rst_field **image) {
  struct rst_image_levels levels;
  return rst_image_make_levels(context, parameters, &levels, image);
}
