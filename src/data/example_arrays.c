/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "core/sizes.h"
#include "data/example_kinds.h"

enum { PIECE = 512 };

/* [n][y][x] has one channel. */
static enum rst_status check_shapes(struct rst_context *context, const struct rst_example_arrays *arrays,
                                    struct rst_examples_shape *shape) {
  const struct rst_array *images = &arrays->images;
  const struct rst_array *labels = &arrays->labels;
  RST_REQUIRE(context, images->rank == 3 || images->rank == 4, RST_ERROR_ARGUMENT,
              "'%s' has %d axis or axes; images need 3, [n][y][x], or 4, [n][channel][y][x]%s",
              arrays->image_name, images->rank,
              images->rank == 1 && labels->rank > 1 ? ": images and labels seem to be swapped" : "");
  RST_REQUIRE(context, labels->rank == 1, RST_ERROR_ARGUMENT, "'%s' has %d axes; labels need 1, [n]",
              arrays->label_name, labels->rank);
  RST_REQUIRE(context, images->dims[0] == labels->dims[0], RST_ERROR_ARGUMENT,
              "'%s' holds %zu images, '%s' %zu labels; name two files of one set", arrays->image_name,
              images->dims[0], arrays->label_name, labels->dims[0]);
  const bool has_channels = images->rank == 4;
  *shape = (struct rst_examples_shape){.count = images->dims[0],
                                       .channels = has_channels ? images->dims[1] : 1,
                                       .ny = images->dims[images->rank - 2],
                                       .nx = images->dims[images->rank - 1]};
  RST_REQUIRE(context, shape->count > 0 && shape->channels > 0 && shape->ny > 0 && shape->nx > 0,
              RST_ERROR_ARGUMENT, "'%s' holds no images: %zu of %zu channels of %zu x %zu points",
              arrays->image_name, shape->count, shape->channels, shape->ny, shape->nx);
  return RST_OK;
}

static enum rst_status require_finite(struct rst_context *context, const struct rst_example_arrays *arrays,
                                      const struct rst_examples_shape *shape) {
  if (rst_element_facts(arrays->images.element)->is_integer) {
    return RST_OK;
  }
  double values[PIECE];
  const size_t points = shape->channels * shape->ny * shape->nx;
  const size_t count = shape->count * points;
  for (size_t first = 0; first < count; first += PIECE) {
    const size_t length = rst_least(count - first, PIECE);
    rst_array_read(&arrays->images, first, length, values);
    for (size_t i = 0; i < length; ++i) {
      const size_t at = first + i;
      RST_REQUIRE(
          context, isfinite(values[i]), RST_ERROR_ARGUMENT,
          "'%s': image %zu has the value %g in channel %zu, row %zu, column %zu (all from 0); images must "
          "be finite",
          arrays->image_name, at / points, values[i], at % points / (shape->ny * shape->nx),
          at / shape->nx % shape->ny, at % shape->nx);
    }
  }
  return RST_OK;
}

/* Labels as they are used, and the number of classes. */
static enum rst_status read_labels(struct rst_context *context, const struct rst_example_arrays *arrays,
                                   struct rst_examples *set) {
  RST_TRY(RST_NEW(context, set->shape.count, &set->labels));
  set->shape.classes = arrays->classes;
  for (size_t i = 0; i < set->shape.count; ++i) {
    double label = 0.0;
    rst_array_read(&arrays->labels, i, 1, &label);
    /* NaN fails the comparison too. */
    RST_REQUIRE(context, label >= 0 && label < INT32_MAX && label == nearbyint(label), RST_ERROR_ARGUMENT,
                "'%s': label %zu (from 0) is %.10g; labels are whole numbers from 0", arrays->label_name, i,
                label);
    set->labels[i] = (int32_t)label;
    if ((size_t)label >= set->shape.classes) {
      set->shape.classes = (size_t)label + 1;
    }
  }
  return RST_OK;
}

enum rst_status rst_examples_assemble(struct rst_context *context, struct rst_example_arrays *arrays,
                                      struct rst_examples *set) {
  RST_TRY(check_shapes(context, arrays, &set->shape));
  RST_TRY(require_finite(context, arrays, &set->shape));
  RST_TRY(read_labels(context, arrays, set));
  set->images = arrays->images;
  arrays->images.data = NULL;
  return RST_OK;
}
