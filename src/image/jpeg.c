/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
/* jpeglib.h needs what stdio.h declares. */
#include <jerror.h>
#include <jpeglib.h>

#include "core/core.h"
#include "image/kinds.h"

/** @file
 * JPEG through libjpeg, baseline or progressive, grey or in colour, as grey levels of 8 bits. The luminance is taken of the
 * decoded colours, as of a PNG file, not the file's own Y channel, whose weights are others (Rec. 601).
 */

enum { WHITE = 255, COLOURS = 3 };

struct reader {
  struct jpeg_error_mgr errors;
  jmp_buf out;
  char message[JMSG_LENGTH_MAX];
  struct jpeg_decompress_struct jpeg;
  unsigned char *row;
};

static void on_error(j_common_ptr jpeg) {
  struct reader *reader = jpeg->client_data;
  jpeg->err->format_message(jpeg, reader->message);
  longjmp(reader->out, 1);
}

/* libjpeg calls damage a warning and makes pixels up; bytes too many between markers are harmless. */
static void on_message(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) {
    on_error(jpeg);
  }
}

/* libjpeg leaves the next two functions by longjmp(); what they change lives in *reader, not in locals. */
static bool read_header(struct reader *reader, FILE *stream) {
  if (setjmp(reader->out)) {
    return false;
  }
  jpeg_create_decompress(&reader->jpeg);
  jpeg_stdio_src(&reader->jpeg, stream);
  jpeg_read_header(&reader->jpeg, TRUE);
  return true;
}

static void take_row(const struct reader *reader, size_t y, struct rst_field *image) {
  const unsigned char *at = reader->row;
  for (size_t x = 0; x < image->nx; ++x) {
    if (reader->jpeg.output_components == 1) {
      rst_field_set(image, y, x, (double)*at++);
    } else {
      rst_field_set(image, y, x, rst_image_luminance((double)at[0], (double)at[1], (double)at[2]));
      at += COLOURS;
    }
  }
}

static bool read_rows(struct reader *reader, struct rst_field *image) {
  if (setjmp(reader->out)) {
    return false;
  }
  jpeg_start_decompress(&reader->jpeg);
  while (reader->jpeg.output_scanline < reader->jpeg.output_height) {
    const size_t y = reader->jpeg.output_scanline;
    JSAMPROW rows[] = {reader->row};
    if (jpeg_read_scanlines(&reader->jpeg, rows, 1) == 1) {
      take_row(reader, y, image);
    }
  }
  jpeg_finish_decompress(&reader->jpeg);
  return true;
}

/* Checked before memory is asked for. A block of 8 x 8 points of the finest component takes a bit or more, and a component has at
 * most 4 points for one of another in one direction. */
static enum rst_status check_header(struct rst_context *context, const struct rst_image_file *file,
                                    struct reader *reader) {
  const size_t expansion = (size_t)8 * 8 * 8 * 4;
  const size_t ny = reader->jpeg.image_height;
  const size_t nx = reader->jpeg.image_width;
  const J_COLOR_SPACE space = reader->jpeg.jpeg_color_space;
  RST_REQUIRE(context, space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB, RST_ERROR_IO,
              "'%s' is a JPEG file of other colours than grey, YCbCr or RGB; save it in RGB", file->name);
  RST_REQUIRE(context, ny * nx / expansion <= file->size, RST_ERROR_IO,
              "'%s' is truncated: %zu x %zu pixels do not fit into its %zu bytes", file->name, ny, nx,
              file->size);
  reader->jpeg.out_color_space = space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  return rst_image_check_points(context, file, ny, nx);
}

static enum rst_status decode(struct rst_context *context, const struct rst_image_file *file,
                              struct reader *reader, struct rst_field **image) {
  RST_REQUIRE(context, read_header(reader, file->stream), RST_ERROR_IO, "'%s' is not a valid JPEG file: %s",
              file->name, reader->message);
  RST_TRY(check_header(context, file, reader));
  RST_TRY(rst_allocate(context, reader->jpeg.image_width, COLOURS, &reader->row));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, reader->jpeg.image_height, reader->jpeg.image_width,
                           image));
  RST_REQUIRE(context, read_rows(reader, *image), RST_ERROR_IO,
              "'%s' is truncated or not a valid JPEG file: %s", file->name, reader->message);
  return RST_OK;
}

enum rst_status rst_image_decode_jpeg(struct rst_context *context, const struct rst_image_file *file,
                                      struct rst_image_levels *levels, struct rst_field **image) {
  struct reader *reader = NULL;
  RST_TRY(RST_NEW(context, 1, &reader));
  reader->jpeg.err = jpeg_std_error(&reader->errors);
  reader->jpeg.client_data = reader;
  reader->errors.error_exit = on_error;
  reader->errors.emit_message = on_message;
  const enum rst_status status = decode(context, file, reader, image);
  jpeg_destroy_decompress(&reader->jpeg);
  free(reader->row);
  free(reader);
  *levels = (struct rst_image_levels){0.0, WHITE};
  if (status != RST_OK) {
    rst_field_destroy(image);
  }
  return status;
}
