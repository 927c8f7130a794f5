/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/examples.h"

#include <assert.h>

#include "core/core.h"
#include "core/sizes.h"
#include "data/example_kinds.h"

#define NAME(kind) #kind,
static const char *const names[] = {RST_EXAMPLE_KINDS(NAME) NULL};
#undef NAME

#define MAKER(kind) rst_examples_make_##kind,
static rst_examples_maker *const makers[] = {RST_EXAMPLE_KINDS(MAKER)};
#undef MAKER

const char *const *rst_examples_names(void) {
  return names;
}

/* A test set is of the shape and the classes of its training set. */
static enum rst_status agree(struct rst_context *context, const char *name,
                             const struct rst_examples *training, struct rst_examples *set) {
  const struct rst_examples_shape *own = &set->shape;
  const struct rst_examples_shape *other = &training->shape;
  RST_REQUIRE(context, own->channels == other->channels && own->ny == other->ny && own->nx == other->nx,
              RST_ERROR_ARGUMENT,
              "'%s' has images of %zu x %zu points and %zu channels, the training set of %zu x %zu and %zu",
              name, own->ny, own->nx, own->channels, other->ny, other->nx, other->channels);
  RST_REQUIRE(context, own->classes <= other->classes, RST_ERROR_ARGUMENT,
              "'%s' has labels up to %zu, the training set has %zu classes; choose the same classes of both",
              name, own->classes - 1, other->classes);
  set->shape.classes = other->classes;
  return RST_OK;
}

static enum rst_status fill(struct rst_context *context, const struct rst_examples_parameters *parameters,
                            int kind, const struct rst_examples *training, struct rst_example_arrays *arrays,
                            struct rst_examples *set) {
  RST_TRY(makers[kind](context, parameters, arrays));
  RST_TRY(rst_examples_assemble(context, arrays, set));
  RST_TRY(rst_examples_choose(context, parameters, arrays->image_name, set));
  if (training) {
    RST_TRY(agree(context, arrays->image_name, training, set));
  }
  return rst_examples_find_scales(context, parameters->scale, arrays->image_name, training ? training : set,
                                  set);
}

enum rst_status rst_examples_create(struct rst_context *context,
                                    const struct rst_examples_parameters *parameters,
                                    const struct rst_examples *training, struct rst_examples **examples) {
  *examples = NULL;
  const int kind = rst_name_index(names, parameters->kind);
  if (kind < 0) {
    return rst_fail_unknown(context, "kind of examples", parameters->kind, names);
  }
  struct rst_example_arrays arrays = {0};
  struct rst_examples *set = NULL;
  RST_TRY(RST_NEW(context, 1, &set));
  const enum rst_status status = fill(context, parameters, kind, training, &arrays, set);
  rst_array_free(&arrays.images);
  rst_array_free(&arrays.labels);
  if (status != RST_OK) {
    rst_examples_destroy(&set);
    return status;
  }
  *examples = set;
  return RST_OK;
}

void rst_examples_destroy(struct rst_examples **examples) {
  if (*examples) {
    rst_array_free(&(*examples)->images);
    free((*examples)->labels);
    free((*examples)->scales);
  }
  free(*examples);
  *examples = NULL;
}

struct rst_examples_shape rst_examples_shape(const struct rst_examples *examples) {
  return examples->shape;
}

const int32_t *rst_examples_labels(const struct rst_examples *examples) {
  return examples->labels;
}

/* Numbers of one channel of one image, scaled, to a row. */
static void copy_channel(const struct rst_examples *examples, size_t from,
                         const struct rst_pixel_scale *scale, size_t to, struct rst_field *rows) {
  enum { PIECE = 512 };
  double values[PIECE];
  const size_t points = examples->shape.ny * examples->shape.nx;
  for (size_t first = 0; first < points; first += PIECE) {
    const size_t length = rst_least(points - first, PIECE);
    rst_array_read(&examples->images, from + first, length, values);
    for (size_t i = 0; i < length; ++i) {
      values[i] = (values[i] - scale->shift) / scale->divisor;
    }
    for (size_t i = 0; i < length; ++i) {
      if (rows->precision == RST_PRECISION_DOUBLE) {
        ((double *)rows->data)[to + first + i] = values[i];
      } else {
        ((float *)rows->data)[to + first + i] = (float)values[i];
      }
    }
  }
}

void rst_examples_copy(const struct rst_examples *examples, const size_t *indices, size_t first, size_t count,
                       struct rst_field *rows) {
  const size_t channels = examples->shape.channels;
  const size_t points = examples->shape.ny * examples->shape.nx;
  assert(rows->ny >= count && rows->nx == channels * points);
  for (size_t r = 0; r < count; ++r) {
    const size_t example = indices ? indices[r] : first + r;
    assert(example < examples->shape.count);
    for (size_t c = 0; c < channels; ++c) {
      copy_channel(examples, (example * channels + c) * points, &examples->scales[c],
                   (r * channels + c) * points, rows);
    }
  }
}
