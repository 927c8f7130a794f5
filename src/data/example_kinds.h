/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_EXAMPLE_KINDS_H
#define RST_EXAMPLE_KINDS_H

#include "core/array.h"
#include "restrain/examples.h"

/** @file
 * What the sources of examples share: a kind reads or makes two arrays, and all else is the same for every kind.
 */

/** One word per kind, its name and its maker's suffix. */
#define RST_EXAMPLE_KINDS(X) X(idx) X(cifar) X(file) X(textures)

struct rst_example_arrays {
  struct rst_array images;             /**< [n][y][x] or [n][c][y][x] */
  struct rst_array labels;             /**< [n] */
  const char *image_name, *label_name; /**< for messages: their files or the kind; borrowed */
  size_t classes;                      /**< at least so many */
};

/** Fill the arrays and names; what a failed maker leaves in them is freed by its caller. */
typedef enum rst_status rst_examples_maker(struct rst_context *context,
                                           const struct rst_examples_parameters *parameters,
                                           struct rst_example_arrays *arrays);

#define RST_EXAMPLES_DECLARE(kind) rst_examples_maker rst_examples_make_##kind;
RST_EXAMPLE_KINDS(RST_EXAMPLES_DECLARE)
#undef RST_EXAMPLES_DECLARE

/** Read the dataset "file.h5:/path", or a .npy file (examples_file.c). */
enum rst_status rst_examples_read_array(struct rst_context *context, const char *name,
                                        struct rst_array *array);

/** value = (number - shift)/divisor. */
struct rst_pixel_scale {
  double shift, divisor;
};

struct rst_examples {
  struct rst_examples_shape shape;
  struct rst_array images;
  int32_t *labels;
  struct rst_pixel_scale *scales; /**< [channels] */
};

/** Hold the arrays against each other, and the labels against what labels may be, into a set without scales, which takes the
 * images over (example_arrays.c). */
enum rst_status rst_examples_assemble(struct rst_context *context, struct rst_example_arrays *arrays,
                                      struct rst_examples *set);
/** Keep the examples that the parameters ask for (examples_choice.c). */
enum rst_status rst_examples_choose(struct rst_context *context,
                                    const struct rst_examples_parameters *parameters, const char *name,
                                    struct rst_examples *set);
/** Set the scales (examples_scale.c); `training` may be the set itself. */
enum rst_status rst_examples_find_scales(struct rst_context *context, enum rst_examples_scale scale,
                                         const char *name, const struct rst_examples *training,
                                         struct rst_examples *set);

#endif
