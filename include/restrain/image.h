/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_IMAGE_H
#define RESTRAIN_IMAGE_H

#include <stdint.h>

#include "restrain/layout.h"

/** @file
 * Images and initial states: fields made from a few parameters or read from files.
 *
 * Image kinds:
 *
 * | kind           | I[m][n]                                                                     |
 * |----------------|-----------------------------------------------------------------------------|
 * | checkerboard   | -1 where m + n is even, +1 elsewhere                                        |
 * | constant       | value                                                                       |
 * | grating        | cos(2 pi (n cos(angle) + m sin(angle)) / period)                            |
 * | gaussian-field | real Gaussian field, power spectrum abs(w)^-exponent, mean 0, variance 1    |
 * | paper          | one row of 100 points, the signal of arXiv 2206.02001v4, figure 2: 35 of    |
 * |                | 230, 30 of 160, 35 that fall from 230 to 205                                |
 * | file           | PNG, JPEG, TIFF, PGM, .npy, or an HDF5 dataset "file.h5:/path"; any shape   |
 * | memory         | `pixels`, which a calling program gives (rst_case_set_image()); any shape   |
 *
 * The noise of gaussian-field is rst_random_normal(seed), transformed, weighted, transformed back; exponent 2 is
 * like nature. Levels black ... white of a file map linearly to -1 ... 1: 0 ... max of PNG, JPEG, PGM and whole numbers of TIFF,
 * -1 ... 1 of HDF5, .npy and floating-point TIFF, whose numbers so are taken as they are; `range` states others. Colour, which in an array is a last or else a first axis
 * of 3, becomes luminance (Rec. 709 weights) before; alpha and Exif's orientation are ignored.
 *
 * Initial kinds, on a state of given layout, whose tensors are taken in their order; tent, and file where it is a plane, fill
 * every plane alike:
 *
 * | kind     | u[i][j]                                                                                |
 * |----------|----------------------------------------------------------------------------------------|
 * | normal   | scale * NumPy's legacy seed(seed); randn(count), bit for bit                           |
 * | fan-in   | weights: gain/sqrt(fan_in) * randn(...); biases: 0, no number is drawn for them         |
 * | uniform  | weights and biases: numpy.random.uniform(-b, b), b = 1/sqrt(fan_in)                     |
 * | zero     | 0                                                                                      |
 * | constant | scale                                                                                  |
 * | tent     | scale * product over axes of (1 - abs(2 i/(n-1) - 1)); axes of length 1 contribute 1   |
 * | list     | the values, as many as the state has numbers, in the order of the state                |
 * | file     | scale * the HDF5 dataset "file.h5:/path" (leading axes of length 1 dropped), PNG, JPEG, |
 * |          | PGM or .npy, of the shape of the plane; or scale * the HDF5 group "file.h5:/path" or       |
 * |          | "file.h5" of datasets with the names and shapes of the tensors, leading axes of length 1 dropped |
 * |          | and entry `snapshot` taken of one as long as `time` beside them, a run's; or a         |
 * |          | file "file.safetensors" of such tensors                                                |
 *
 * A tensor whose name ends in `.bias` is a bias, any other a weight. fan_in, the numbers that an output depends on, is the
 * product of the lengths of a weight's axes but the first, and of a bias that of the weight `.weight` beside it; of a tensor
 * of another name, such as the kernel of a flow that has one alone, it is the number of elements. `.norm.weight` and
 * `.norm.bias` of a normalisation become 1 and 0 with fan-in and uniform, and no number is drawn for them.
 */

/** Points of a file that are read without being asked: 2 GiB of doubles. */
#define RST_IMAGE_MOST_POINTS ((size_t)1 << 28)

struct rst_image_parameters {
  const char *kind;
  size_t size; /**< points a side, for synthetic images */
  const char *file;
  size_t most_points; /**< that a file may have; 0 for RST_IMAGE_MOST_POINTS */
  const double
      *range; /**< of a file: the levels that become -1 and 1; borrowed; NULL for those of its format */
  size_t range_count; /**< 2, or 0 */
  uint32_t seed;
  double value;    /**< of `constant` */
  double period;   /**< of `grating`, in points, > 0 */
  double angle;    /**< of `grating`, in degrees from the x axis towards the y axis */
  double exponent; /**< of `gaussian-field` */
  /** Of `memory`, and in place of any other kind: of any shape and precision, borrowed and copied; NULL for none. */
  const struct rst_field *pixels;
};

struct rst_initial_parameters {
  const char *kind;
  uint32_t seed;
  double scale;
  const char *file;
  long snapshot;        /**< of a run's file, from 0; negative ones count from the end, -1 is the last */
  double gain;          /**< of `fan-in` */
  const double *values; /**< of `list`, borrowed */
  size_t value_count;
};

/** NULL-terminated lists of kinds. */
RST_API const char *const *rst_image_names(void);
/** Whether the kind is `memory`: the calling program gives the pixels. */
RST_API bool rst_image_is_given(const struct rst_image_parameters *parameters);
RST_API const char *const *rst_initial_names(void);
/** Whether the states of a kind are drawn from `seed`; false for a kind that there is not. */
RST_API bool rst_initial_is_seeded(const char *kind);

/** Make or read an image; the caller destroys it. RST_ERROR_ARGUMENT for unknown kind, zero size or missing
 * file name, or a range of other than two different numbers; RST_ERROR_IO for a missing, unreadable or malformed file or dataset;
 * RST_ERROR_ARGUMENT for NaN or infinite data. Integers beyond -1 ... 1 that are taken as they are without a range that says so
 * are worth a warning. */
RST_API enum rst_status rst_image_create(struct rst_context *context,
                                         const struct rst_image_parameters *parameters,
                                         enum rst_precision precision, struct rst_field **image);

/** Levels of a file that are -1 and 1 of the image; just these where its numbers are taken as they are. */
struct rst_image_levels {
  double black, white;
};
/** rst_image_create() that also tells the levels; those of another kind than `file` are -1 and 1. */
RST_API enum rst_status rst_image_create_with_levels(struct rst_context *context,
                                                     const struct rst_image_parameters *parameters,
                                                     enum rst_precision precision,
                                                     struct rst_image_levels *levels,
                                                     struct rst_field **image);

/** Fill the state `u`; errors as above, and RST_ERROR_ARGUMENT if a file's shape differs from that of a plane or the length
 * of a list from that of the state. A flow may have an initial state of its own: rst_flow_fill_initial(). */
RST_API enum rst_status rst_initial_fill(struct rst_context *context,
                                         const struct rst_initial_parameters *parameters,
                                         const struct rst_layout *layout, struct rst_field *u);

/** values[0..count) = NumPy's legacy numpy.random.seed(seed); numpy.random.randn(count): MT19937, doubles of
 * 53 bits, polar Gaussian, the second value of each pair first. Bit for bit on the same libm. */
RST_API enum rst_status rst_random_normal(struct rst_context *context, uint32_t seed, size_t count,
                                          double *values);

/** Likewise numpy.random.random_sample(count): in [0, 1), bit for bit. */
RST_API enum rst_status rst_random_uniform(struct rst_context *context, uint32_t seed, size_t count,
                                           double *values);

#endif
