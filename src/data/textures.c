/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "data/example_kinds.h"
#include "restrain/image.h"

/** @file
 * Textures: one oriented grating per class, with a random phase, and noise. Example i is of class i mod classes; in NumPy
 *
 *     numpy.random.seed(seed)
 *     z = numpy.random.randn(count, 2 + size * size)
 *     label = numpy.arange(count) % classes
 *     angle = numpy.pi * label / classes
 *     phase = numpy.arctan2(z[:, 1], z[:, 0])
 *     y, x = numpy.mgrid[:size, :size]
 *     image[i] = cos(2 pi (x cos(angle[i]) + y sin(angle[i]))/4 + phase[i]) + noise * z[i, 2:].reshape(size, size)
 *
 * The angle of two normal numbers is uniform. The wave length is 4 points, which kernels of 3 x 3 can tell apart.
 */

static const double pi = 3.14159265358979323846;

enum { PHASE_NUMBERS = 2 };

/* The image of one example; the noise may be where the image goes, or behind. */
static void make_image(size_t size, double angle, double phase, double amplitude, const double *noise,
                       double *image) {
  const double wave_length = 4.0;
  const double along_x = 2.0 * pi * cos(angle) / wave_length;
  const double along_y = 2.0 * pi * sin(angle) / wave_length;
  for (size_t y = 0; y < size; ++y) {
    for (size_t x = 0; x < size; ++x) {
      image[y * size + x] =
          cos((double)x * along_x + (double)y * along_y + phase) + amplitude * noise[y * size + x];
    }
  }
}

static enum rst_status check(struct rst_context *context, const struct rst_examples_parameters *parameters) {
  RST_REQUIRE(context,
              parameters->size > 0 && parameters->texture_classes > 0 && parameters->texture_count > 0,
              RST_ERROR_ARGUMENT,
              "textures have %zu points a side, %zu classes and %zu examples; each must be at least 1",
              parameters->size, parameters->texture_classes, parameters->texture_count);
  RST_REQUIRE(context, parameters->texture_count >= parameters->texture_classes, RST_ERROR_ARGUMENT,
              "%zu textures cannot be of %zu classes; ask for at least one of each",
              parameters->texture_count, parameters->texture_classes);
  RST_REQUIRE(context, parameters->noise >= 0 && isfinite(parameters->noise), RST_ERROR_ARGUMENT,
              "the noise of textures is %g; it must be at least 0", parameters->noise);
  return RST_OK;
}

enum rst_status rst_examples_make_textures(struct rst_context *context,
                                           const struct rst_examples_parameters *parameters,
                                           struct rst_example_arrays *arrays) {
  RST_TRY(check(context, parameters));
  const size_t count = parameters->texture_count;
  const size_t size = parameters->size;
  const size_t classes = parameters->texture_classes;
  size_t pixels = 0;
  size_t numbers = 0;
  RST_REQUIRE(context,
              !__builtin_mul_overflow(size, size, &pixels) &&
                  !__builtin_mul_overflow(count, pixels + PHASE_NUMBERS, &numbers),
              RST_ERROR_MEMORY, "%zu textures of %zu x %zu points are larger than any memory", count, size,
              size);
  arrays->image_name = arrays->label_name = parameters->kind;
  arrays->images = (struct rst_array){RST_ELEMENT_DOUBLE, 3, {count, size, size}, NULL};
  arrays->labels = (struct rst_array){RST_ELEMENT_INT32, 1, {count}, NULL};
  RST_TRY(rst_array_allocate(context, &arrays->labels));
  RST_TRY(rst_allocate(context, numbers, sizeof(double), &arrays->images.data));
  double *z = arrays->images.data;
  RST_TRY(rst_random_normal(context, parameters->seed, numbers, z));
  /* Images take the place of the random numbers, which are more. */
  for (size_t i = 0; i < count; ++i) {
    const double *own = z + i * (PHASE_NUMBERS + pixels);
    const size_t label = i % classes;
    ((int32_t *)arrays->labels.data)[i] = (int32_t)label;
    make_image(size, pi * (double)label / (double)classes, atan2(own[1], own[0]), parameters->noise,
               own + PHASE_NUMBERS, z + i * pixels);
  }
  arrays->classes = classes;
  return RST_OK;
}
