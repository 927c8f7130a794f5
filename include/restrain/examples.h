/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_EXAMPLES_H
#define RESTRAIN_EXAMPLES_H

#include <stdint.h>

#include "restrain/field.h"

/** @file
 * A set of examples: images of one shape (channel, y, x), each with a label 0 ... classes - 1.
 *
 * | kind     | from                                                                                    |
 * |----------|-----------------------------------------------------------------------------------------|
 * | idx      | the files of MNIST and Fashion-MNIST, plain or .gz                                       |
 * | cifar    | binary batches of CIFAR-10, one after the other                                          |
 * | file     | images [n][y][x] or [n][c][y][x] and labels [n], each `file.h5:/path` or .npy            |
 * | textures | built in: an oriented grating per class, with a random phase, and noise                  |
 *
 * Images are kept as the file has them (a byte per pixel where it has bytes) and scaled when they are copied.
 */

/** `none`: as they are; `unit`: integers to 0..1, `symmetric`: to -1..1, by the full range of their type, floats refused;
 * `standardise`: mean 0, standard deviation 1 (biased) per channel over the training set. */
enum rst_examples_scale {
  RST_EXAMPLES_NONE,
  RST_EXAMPLES_UNIT,
  RST_EXAMPLES_SYMMETRIC,
  RST_EXAMPLES_STANDARDISE
};

/** Strings and arrays are borrowed during rst_examples_create() only. */
struct rst_examples_parameters {
  const char *kind;            /**< NULL: there is no such set */
  const char *images, *labels; /**< of idx and file */
  const char **files;          /**< of cifar */
  size_t file_count;
  size_t size, texture_classes, texture_count; /**< of textures: points a side, classes, examples */
  double noise;                                /**< of textures: standard deviation of what is added */
  uint32_t seed;                               /**< of textures */
  const double *classes;                       /**< labels to keep, renumbered in this order; NULL: all */
  size_t class_count;
  size_t first, count; /**< of what is left: the first one taken, and how many; 0: all the rest */
  enum rst_examples_scale scale;
};

struct rst_examples;

/** NULL-terminated list of kinds. */
RST_API const char *const *rst_examples_names(void);

/** Read or make a set.
 * @param training the set whose mean and deviation `standardise` takes and whose shape and classes must agree; NULL for the
 * training set itself. It is used during the call only.
 * RST_ERROR_IO for a file that cannot be read, is cut short or is not what its kind says, RST_ERROR_ARGUMENT for parameters
 * out of range, labels that are no class, an empty choice, shapes that do not fit. Images that are not finite are refused. The
 * message names the file. */
RST_API enum rst_status rst_examples_create(struct rst_context *context,
                                            const struct rst_examples_parameters *parameters,
                                            const struct rst_examples *training,
                                            struct rst_examples **examples);
RST_API void rst_examples_destroy(struct rst_examples **examples);

struct rst_examples_shape {
  size_t count, channels, ny, nx, classes;
};
RST_API struct rst_examples_shape rst_examples_shape(const struct rst_examples *examples);
/** [count], owned by the set. */
RST_API const int32_t *rst_examples_labels(const struct rst_examples *examples);

/** Copy examples, scaled, to the rows of a field [count][channels * ny * nx] of either precision: row r receives example
 * indices[r], or first + r if `indices` is NULL. Thread-safe. */
RST_API void rst_examples_copy(const struct rst_examples *examples, const size_t *indices, size_t first,
                               size_t count, struct rst_field *rows);

#endif
