/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>

#include "core/core.h"
#include "restrain/correlation.h"
#include "transform/transform.h"

/* half = transform of the image along y and x, for the nx/2+1 wave numbers along x that are not negative. */
static enum rst_status transform_image(struct rst_context *context, struct rst_field *image,
                                       double complex *half) {
  const size_t width = image->nx / 2 + 1;
  const struct rst_transform_layout layouts[] = {
      {.kind = RST_TRANSFORM_REAL_TO_COMPLEX,
       .n = image->nx,
       .batch = image->ny,
       .input_stride = 1,
       .input_distance = image->nx,
       .output_stride = 1,
       .output_distance = width},
      {.kind = RST_TRANSFORM_FORWARD,
       .n = image->ny,
       .batch = width,
       .input_stride = width,
       .input_distance = 1,
       .output_stride = width,
       .output_distance = 1,
       .in_place = true},
  };
  void *const inputs[] = {image->data, half};
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; ++i) {
    struct rst_transform *transform = NULL;
    RST_TRY(rst_transform_create(context, &layouts[i], &transform));
    rst_transform_execute(transform, inputs[i], half);
    rst_transform_destroy(&transform);
  }
  return RST_OK;
}

/* A real image has |Ihat(-w)| = |Ihat(w)|. */
static void store_power(const double complex *half, struct rst_field *power) {
  const size_t ny = power->ny;
  const size_t nx = power->nx;
  double *to = power->data;
  for (size_t y = 0; y < ny; ++y) {
    for (size_t x = 0; x < nx; ++x) {
      const bool stored = x <= nx / 2;
      const size_t row = stored ? y : (ny - y) % ny;
      const double complex value = half[row * (nx / 2 + 1) + (stored ? x : nx - x)];
      to[y * nx + x] = creal(value) * creal(value) + cimag(value) * cimag(value);
    }
  }
}

enum rst_status rst_power_spectrum(struct rst_context *context, const struct rst_field *image,
                                   struct rst_field *power) {
  assert(power->precision == RST_PRECISION_DOUBLE && power->ny == image->ny && power->nx == image->nx);
  struct rst_field *copy = NULL;
  void *half = NULL;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, image->ny, image->nx, &copy));
  enum rst_status status =
      rst_allocate(context, image->ny * (image->nx / 2 + 1), sizeof(double complex), &half);
  if (status == RST_OK) {
    rst_field_copy(image, copy);
    status = transform_image(context, copy, half);
  }
  if (status == RST_OK) {
    store_power(half, power);
  }
  free(half);
  rst_field_destroy(&copy);
  return status;
}
