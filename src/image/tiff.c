/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "core/core.h"
#include "image/kinds.h"

/** @file
 * TIFF through libtiff, compressed in any way that it knows: the first image of a file, in rows, grey or RGB, whole numbers of 8
 * or 16 bits as levels, floating-point numbers of 32 bits as they are. The luminance is taken of the stored values; further
 * samples of a point, such as alpha, are ignored.
 */

struct reader {
  TIFF *tiff;
  uint32_t nx, ny;
  uint16_t bits, format; /* of a sample */
  uint16_t samples, photometric, planes;
  void *row;
  char message[128];
};

static int on_error(TIFF *tiff, void *user, const char *module, const char *form, va_list arguments) {
  struct reader *reader = user;
  (void)tiff;
  (void)module;
  vsnprintf(reader->message, sizeof reader->message, form, arguments);
  return 1;
}

/* Tags that libtiff does not know are no fault. */
static int on_warning(TIFF *tiff, void *user, const char *module, const char *form, va_list arguments) {
  (void)tiff;
  (void)user;
  (void)module;
  (void)form;
  (void)arguments;
  return 1;
}

/* libtiff closes the descriptor that it is given. */
static enum rst_status open_tiff(struct rst_context *context, const struct rst_image_file *file,
                                 struct reader *reader) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  RST_REQUIRE(context, options, RST_ERROR_MEMORY, "memory is exhausted");
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, reader);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, NULL);
  const int descriptor = dup(fileno(file->stream));
  if (descriptor >= 0) {
    reader->tiff = TIFFFdOpenExt(descriptor, file->name, "rm", options);
    if (!reader->tiff) {
      (void)close(descriptor);
    }
  }
  TIFFOpenOptionsFree(options);
  RST_REQUIRE(context, reader->tiff, RST_ERROR_IO, "'%s' is not a valid TIFF file: %s", file->name,
              reader->message);
  return RST_OK;
}

static bool is_grey(const struct reader *reader) {
  return reader->photometric == PHOTOMETRIC_MINISBLACK || reader->photometric == PHOTOMETRIC_MINISWHITE;
}

static bool is_float(const struct reader *reader) {
  return reader->format == SAMPLEFORMAT_IEEEFP;
}

static enum rst_status read_header(struct rst_context *context, const struct rst_image_file *file,
                                   struct reader *reader) {
  TIFF *tiff = reader->tiff;
  const bool there = TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &reader->nx) &&
                     TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &reader->ny) &&
                     TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &reader->photometric) &&
                     TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &reader->bits) &&
                     TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &reader->format) &&
                     TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &reader->samples) &&
                     TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &reader->planes);
  RST_REQUIRE(context, there && reader->nx > 0 && reader->ny > 0, RST_ERROR_IO,
              "'%s' is not a valid TIFF file: it does not say how large it is and what its numbers mean",
              file->name);
  const bool is_read = is_grey(reader) || (reader->photometric == PHOTOMETRIC_RGB && reader->samples >= 3);
  const bool in_rows = !TIFFIsTiled(tiff) && (reader->planes == PLANARCONFIG_CONTIG || reader->samples == 1);
  const bool has_numbers =
      is_float(reader) ? reader->bits == 32
                       : reader->format == SAMPLEFORMAT_UINT && (reader->bits == 8 || reader->bits == 16);
  RST_REQUIRE(
      context, is_read && in_rows && has_numbers, RST_ERROR_IO,
      "'%s' is a TIFF file of a kind that is not read; store it in rows (no tiles or planes) as grey or "
      "RGB of 8 or 16 bits, or as 32-bit floating point",
      file->name);
  return rst_image_check_points(context, file, reader->ny, reader->nx);
}

static double sample(const struct reader *reader, size_t x, size_t channel) {
  const size_t place = x * reader->samples + channel;
  if (is_float(reader)) {
    return (double)((const float *)reader->row)[place];
  }
  return reader->bits == 8 ? (double)((const uint8_t *)reader->row)[place]
                           : (double)((const uint16_t *)reader->row)[place];
}

static void take_row(const struct reader *reader, size_t y, double white, struct rst_field *image) {
  for (size_t x = 0; x < reader->nx; ++x) {
    const double level = is_grey(reader) ? sample(reader, x, 0)
                                         : rst_image_luminance(sample(reader, x, 0), sample(reader, x, 1),
                                                               sample(reader, x, 2));
    rst_field_set(image, y, x, reader->photometric == PHOTOMETRIC_MINISWHITE ? white - level : level);
  }
}

static enum rst_status read_rows(struct rst_context *context, const struct rst_image_file *file,
                                 struct reader *reader, struct rst_image_levels *levels,
                                 struct rst_field **image) {
  *levels = is_float(reader) ? (struct rst_image_levels){-1.0, 1.0}
                             : (struct rst_image_levels){0.0, reader->bits == 8 ? 255.0 : 65535.0};
  RST_TRY(rst_allocate(context, 1, (size_t)TIFFScanlineSize(reader->tiff), &reader->row));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, reader->ny, reader->nx, image));
  for (uint32_t y = 0; y < reader->ny; ++y) {
    if (TIFFReadScanline(reader->tiff, reader->row, y, 0) < 0) {
      rst_field_destroy(image);
      return rst_fail(context, RST_ERROR_IO, "'%s' is truncated or not a valid TIFF file: %s", file->name,
                      reader->message);
    }
    take_row(reader, y, levels->white, *image);
  }
  return RST_OK;
}

enum rst_status rst_image_decode_tiff(struct rst_context *context, const struct rst_image_file *file,
                                      struct rst_image_levels *levels, struct rst_field **image) {
  struct reader reader = {0};
  enum rst_status status = open_tiff(context, file, &reader);
  if (status == RST_OK) {
    status = read_header(context, file, &reader);
  }
  if (status == RST_OK) {
    status = read_rows(context, file, &reader, levels, image);
  }
  if (reader.tiff) {
    TIFFClose(reader.tiff);
  }
  free(reader.row);
  return status;
}
