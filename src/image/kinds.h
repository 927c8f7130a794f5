/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_KINDS_H
#define RST_KINDS_H

#include <stdio.h>

#include "restrain/image.h"

/** @file
 * What the sources of images share. Everything is made in double and rounded once, at the end.
 */

/** One line per image kind: its name, and the suffix of its maker. */
#define RST_IMAGE_KINDS(X)                                                                                   \
  X("checkerboard", checkerboard)                                                                            \
  X("constant", constant)                                                                                    \
  X("grating", grating)                                                                                      \
  X("gaussian-field", gaussian_field)                                                                        \
  X("paper", paper)                                                                                          \
  X("file", file)                                                                                            \
  X("memory", memory)

/** Make a double field; the caller destroys it. */
typedef enum rst_status rst_image_maker(struct rst_context *context,
                                        const struct rst_image_parameters *parameters,
                                        struct rst_field **image);

#define RST_IMAGE_DECLARE(name, suffix) rst_image_maker rst_image_make_##suffix;
RST_IMAGE_KINDS(RST_IMAGE_DECLARE)
#undef RST_IMAGE_DECLARE

/** A double field of zeros, size x size. */
rst_image_maker rst_image_make_square;

/** RST_ERROR_ARGUMENT naming `what`, value and position if an element of the double field `values` is not
 * finite in `precision`. */
enum rst_status rst_image_require_finite(struct rst_context *context, const char *what,
                                         const struct rst_field *values, enum rst_precision precision);

/** Read a PNG or PGM file (told by its content) as grey levels -1..1, or the numbers of a .npy file or a dataset "file.h5:/path". Files of more than
 * `most_points` points are refused. */
enum rst_status rst_image_read(struct rst_context *context, const char *file, size_t most_points,
                               struct rst_field **image);

/** An open file that is being read. */
struct rst_image_file {
  const char *name; /* for messages */
  FILE *stream;
  size_t size; /* bytes */
  size_t most_points;
};
enum rst_status rst_image_decode_png(struct rst_context *context, const struct rst_image_file *file,
                                     struct rst_field **image);
enum rst_status rst_image_decode_pgm(struct rst_context *context, const struct rst_image_file *file,
                                     struct rst_field **image);
enum rst_status rst_image_decode_npy(struct rst_context *context, const struct rst_image_file *file,
                                     struct rst_field **image);
/** RST_ERROR_IO if ny x nx points are more than the file may have. */
enum rst_status rst_image_check_points(struct rst_context *context, const struct rst_image_file *file,
                                       size_t ny, size_t nx);

#endif
