/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>

#include "core/core.h"
#include "image/kinds.h"

/** @file
 * Portable grey maps, plain (P2) and binary (P5), as netpbm defines them: magic, width, height and maxval as
 * decimal numbers between white space and comments, then the rows from the top. Binary samples above maxval
 * 255 have two bytes, the high one first.
 */

enum { MAXVAL_LIMIT = 65535, SIDE_LIMIT = 1 << 30 };

struct scanner {
  struct rst_context *context;
  const char *name;
  FILE *stream;
};

/* The next character, a comment up to the end of its line, LF or CR, being one newline. */
static int next_character(const struct scanner *scanner) {
  int c = getc(scanner->stream);
  if (c == '#') {
    while (c != '\n' && c != '\r' && c != EOF) {
      c = getc(scanner->stream);
    }
  }
  return c;
}

static bool is_space(int c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

/* Read a number up to `limit` and the one character behind it. */
static enum rst_status read_number(const struct scanner *scanner, const char *what, unsigned long limit,
                                   unsigned long *number) {
  int c = ' ';
  while (is_space(c)) {
    c = next_character(scanner);
  }
  RST_REQUIRE(scanner->context, c != EOF, RST_ERROR_IO, "'%s' is truncated: it ends before its %s",
              scanner->name, what);
  unsigned long value = 0;
  const int first = c;
  while (is_digit(c) && value <= limit) {
    value = 10 * value + (unsigned long)(c - '0');
    c = next_character(scanner);
  }
  RST_REQUIRE(scanner->context, is_digit(first) && (is_digit(c) || is_space(c) || c == EOF), RST_ERROR_IO,
              "'%s' is not a valid PGM file: the byte 0x%02x at offset %ld is not part of a number (%s)",
              scanner->name, (unsigned)c, ftell(scanner->stream) - 1, what);
  RST_REQUIRE(scanner->context, value <= limit, RST_ERROR_IO,
              "'%s' is not a valid PGM file: its %s exceeds %lu", scanner->name, what, limit);
  *number = value;
  return RST_OK;
}

static enum rst_status read_plain(const struct scanner *scanner, unsigned long maxval,
                                  struct rst_field *image) {
  for (size_t y = 0; y < image->ny; ++y) {
    for (size_t x = 0; x < image->nx; ++x) {
      unsigned long value = 0;
      RST_TRY(read_number(scanner, "last pixel", maxval, &value));
      rst_field_set(image, y, x, (double)value);
    }
  }
  return RST_OK;
}

static enum rst_status read_binary(const struct scanner *scanner, unsigned long maxval,
                                   struct rst_field *image) {
  const bool wide = maxval > 255;
  for (size_t y = 0; y < image->ny; ++y) {
    for (size_t x = 0; x < image->nx; ++x) {
      const int high = wide ? getc(scanner->stream) : 0;
      const int low = getc(scanner->stream);
      RST_REQUIRE(scanner->context, high != EOF && low != EOF, RST_ERROR_IO,
                  "'%s' is truncated: it ends before its last pixel", scanner->name);
      const unsigned long value = (unsigned long)high << 8 | (unsigned long)low;
      RST_REQUIRE(scanner->context, value <= maxval, RST_ERROR_IO,
                  "'%s' is not a valid PGM file: the pixel %lu at row %zu, column %zu exceeds maxval %lu",
                  scanner->name, value, y, x, maxval);
      rst_field_set(image, y, x, (double)value);
    }
  }
  return RST_OK;
}

enum rst_status rst_image_decode_pgm(struct rst_context *context, const struct rst_image_file *file,
                                     struct rst_image_levels *levels, struct rst_field **image) {
  const struct scanner scanner = {context, file->name, file->stream};
  getc(file->stream);
  const bool plain = getc(file->stream) == '2';
  unsigned long width = 0;
  unsigned long height = 0;
  unsigned long maxval = 0;
  RST_TRY(read_number(&scanner, "width", SIDE_LIMIT, &width));
  RST_TRY(read_number(&scanner, "height", SIDE_LIMIT, &height));
  RST_TRY(read_number(&scanner, "maxval", MAXVAL_LIMIT, &maxval));
  RST_REQUIRE(context, width > 0 && height > 0 && maxval > 0, RST_ERROR_IO,
              "'%s' is not a valid PGM file: width %lu, height %lu and maxval %lu must be positive",
              file->name, width, height, maxval);
  /* Checked before memory is asked for: a header of a few bytes must not allocate gigabytes. */
  RST_REQUIRE(context, width * height <= file->size, RST_ERROR_IO,
              "'%s' is truncated: %lu x %lu pixels do not fit into its %zu bytes", file->name, height, width,
              file->size);
  RST_TRY(rst_image_check_points(context, file, height, width));
  struct rst_field *made = NULL;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, height, width, &made));
  const enum rst_status status =
      plain ? read_plain(&scanner, maxval, made) : read_binary(&scanner, maxval, made);
  if (status != RST_OK) {
    rst_field_destroy(&made);
    return status;
  }
  *levels = (struct rst_image_levels){0.0, (double)maxval};
  *image = made;
  return RST_OK;
}
