/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_KINDS_H
#define RST_KINDS_H

#include <stdio.h>

#include "core/array.h"
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

/** rst_image_make_file() that tells the levels, too. */
enum rst_status rst_image_make_levels(struct rst_context *context,
                                      const struct rst_image_parameters *parameters,
                                      struct rst_image_levels *levels, struct rst_field **image);

/** RST_ERROR_ARGUMENT naming `what`, value and position if an element of the double field `values` is not
 * finite in `precision`. */
enum rst_status rst_image_require_finite(struct rst_context *context, const char *what,
                                         const struct rst_field *values, enum rst_precision precision);

/** A file that is being read. */
struct rst_image_file {
  const char *name;   /* as given, for messages */
  FILE *stream;       /* NULL for a dataset of HDF5 */
  size_t size;        /* bytes */
  size_t most_points; /* of which more are refused */
  bool colour;        /* an axis of 3 are channels */
};

/** Read a picture (PNG, JPEG, TIFF, PGM, told by its content), a .npy file or a dataset "file.h5:/path": its own levels, and which of
 * them are -1 and 1 (include/restrain/image.h). The caller destroys the image, which on failure is NULL. `warn` tells whether
 * integers that are no levels of a picture are worth a warning. */
enum rst_status rst_image_read_levels(struct rst_context *context, const struct rst_image_file *given,
                                      bool warn, struct rst_image_levels *levels, struct rst_field **image);
/** Levels to -1 ... 1, in place. */
void rst_image_map(const struct rst_image_levels *levels, struct rst_field *image);

/** Read the levels of one format, and which are black and white. */
typedef enum rst_status rst_image_decoder(struct rst_context *context, const struct rst_image_file *file,
                                          struct rst_image_levels *levels, struct rst_field **image);
rst_image_decoder rst_image_decode_png;
rst_image_decoder rst_image_decode_jpeg;
rst_image_decoder rst_image_decode_pgm;
rst_image_decoder rst_image_decode_tiff;

/** The plane that an array of numbers is. Axes of length 1 are passed over where there are more than two, the leading ones first,
 * then the last ones. RST_ERROR_IO for another shape or too many points; rst_image_check_array() needs no numbers. */
enum rst_status rst_image_check_array(struct rst_context *context, const struct rst_image_file *file,
                                      const struct rst_array *array);
enum rst_status rst_image_take_array(struct rst_context *context, const struct rst_image_file *file,
                                     const struct rst_array *array, struct rst_field **image);

/** RST_ERROR_IO if ny x nx points are more than the file may have. */
enum rst_status rst_image_check_points(struct rst_context *context, const struct rst_image_file *file,
                                       size_t ny, size_t nx);

/** Rec. 709, written so that equal components give exactly that grey. */
static inline double rst_image_luminance(double red, double green, double blue) {
  return green + 0.2126 * (red - green) + 0.0722 * (blue - green);
}

#endif
