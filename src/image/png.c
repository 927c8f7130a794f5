/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <png.h>
#include <stdbool.h>
#include <string.h>

#include "core/core.h"
#include "image/kinds.h"

/** @file
 * PNG through libpng: any colour type and depth, interlaced or not, as grey levels of 8 or 16 bits. The
 * luminance is taken of the encoded values; alpha is ignored.
 */

struct reader {
  png_structp png;
  png_infop info;
  FILE *stream;
  png_uint_32 width, height;
  size_t row_bytes, packed; /* of a row, decoded and as the file holds it */
  size_t channels;          /* 1 or 3 */
  size_t depth;             /* bytes of a sample, 1 or 2 */
  png_bytep data;
  png_bytepp rows; /* into data */
  char message[128];
};

static void on_error(png_structp png, png_const_charp message) {
  struct reader *reader = png_get_error_ptr(png);
  snprintf(reader->message, sizeof reader->message, "%s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

/* libpng leaves the next two functions by longjmp(); what they change lives in *reader, not in locals. */
static bool read_header(struct reader *reader) {
  if (setjmp(png_jmpbuf(reader->png))) {
    return false;
  }
  png_init_io(reader->png, reader->stream);
  png_read_info(reader->png, reader->info);
  reader->packed = png_get_rowbytes(reader->png, reader->info);
  if (png_get_color_type(reader->png, reader->info) == PNG_COLOR_TYPE_PALETTE) {
    png_set_palette_to_rgb(reader->png);
  } else {
    png_set_expand_gray_1_2_4_to_8(reader->png);
  }
  png_set_strip_alpha(reader->png);
  png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  reader->width = png_get_image_width(reader->png, reader->info);
  reader->height = png_get_image_height(reader->png, reader->info);
  reader->row_bytes = png_get_rowbytes(reader->png, reader->info);
  reader->channels = png_get_channels(reader->png, reader->info);
  reader->depth = png_get_bit_depth(reader->png, reader->info) / 8U;
  return true;
}

static bool read_pixels(struct reader *reader) {
  if (setjmp(png_jmpbuf(reader->png))) {
    return false;
  }
  png_read_image(reader->png, reader->rows);
  png_read_end(reader->png, NULL);
  return true;
}

static double sample(const struct reader *reader, size_t y, size_t x, size_t channel) {
  const png_byte *bytes = reader->rows[y] + (x * reader->channels + channel) * reader->depth;
  return reader->depth == 1 ? (double)bytes[0] : 256.0 * (double)bytes[0] + (double)bytes[1];
}

static double luminance(const struct reader *reader, size_t y, size_t x) {
  return reader->channels == 1
             ? sample(reader, y, x, 0)
             : rst_image_luminance(sample(reader, y, x, 0), sample(reader, y, x, 1), sample(reader, y, x, 2));
}

static enum rst_status allocate_rows(struct rst_context *context, struct reader *reader) {
  RST_TRY(rst_allocate(context, reader->height, reader->row_bytes, &reader->data));
  RST_TRY(RST_NEW(context, reader->height, &reader->rows));
  for (size_t y = 0; y < reader->height; ++y) {
    reader->rows[y] = reader->data + y * reader->row_bytes;
  }
  return RST_OK;
}

static enum rst_status convert(struct rst_context *context, const struct reader *reader,
                               struct rst_image_levels *levels, struct rst_field **image) {
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, reader->height, reader->width, image));
  *levels = (struct rst_image_levels){0.0, reader->depth == 1 ? 255.0 : 65535.0};
  for (size_t y = 0; y < reader->height; ++y) {
    for (size_t x = 0; x < reader->width; ++x) {
      rst_field_set(*image, y, x, luminance(reader, y, x));
    }
  }
  return RST_OK;
}

/* Checked before memory is asked for. Deflate shrinks at most 1032-fold, and each row has a filter byte. */
static enum rst_status check_size(struct rst_context *context, const struct rst_image_file *file,
                                  const struct reader *reader) {
  const size_t expansion = 1032;
  const size_t bytes = reader->height * (reader->packed + 1);
  RST_REQUIRE(context, bytes / expansion <= file->size, RST_ERROR_IO,
              "'%s' is truncated: %u x %u pixels do not fit into its %zu bytes", file->name,
              (unsigned)reader->height, (unsigned)reader->width, file->size);
  return rst_image_check_points(context, file, reader->height, reader->width);
}

static enum rst_status decode(struct rst_context *context, const struct rst_image_file *file,
                              struct reader *reader, struct rst_image_levels *levels,
                              struct rst_field **image) {
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
  reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
  RST_REQUIRE(context, reader->info, RST_ERROR_MEMORY, "'%s' cannot be read: libpng could not be started",
              file->name);
  RST_REQUIRE(context, read_header(reader), RST_ERROR_IO, "'%s' is not a valid PNG file: %s", file->name,
              reader->message);
  RST_TRY(check_size(context, file, reader));
  RST_TRY(allocate_rows(context, reader));
  RST_REQUIRE(context, read_pixels(reader), RST_ERROR_IO, "'%s' is truncated or not a valid PNG file: %s",
              file->name, reader->message);
  return convert(context, reader, levels, image);
}

enum rst_status rst_image_decode_png(struct rst_context *context, const struct rst_image_file *file,
                                     struct rst_image_levels *levels, struct rst_field **image) {
  struct reader reader = {.stream = file->stream};
  const enum rst_status status = decode(context, file, &reader, levels, image);
  png_destroy_read_struct(&reader.png, &reader.info, NULL);
  free(reader.rows);
  free(reader.data);
  return status;
}
