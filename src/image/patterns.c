/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "image/kinds.h"

/** @file
 * Images given by a formula: checkerboard, constant, grating, the signal of the paper.
 */

enum rst_status rst_image_make_checkerboard(struct rst_context *context,
                                            const struct rst_image_parameters *parameters,
                                            struct rst_field **image) {
  RST_TRY(rst_image_make_square(context, parameters, image));
  for (size_t y = 0; y < (*image)->ny; ++y) {
    for (size_t x = 0; x < (*image)->nx; ++x) {
      rst_field_set(*image, y, x, (y + x) % 2 == 0 ? -1.0 : 1.0);
    }
  }
  return RST_OK;
}

enum rst_status rst_image_make_constant(struct rst_context *context,
                                        const struct rst_image_parameters *parameters,
                                        struct rst_field **image) {
  RST_TRY(rst_image_make_square(context, parameters, image));
  rst_field_fill(parameters->value, *image);
  return RST_OK;
}

/* cos(2 pi turns), exact at multiples of a quarter turn: a grating of period 4 holds 1, 0, -1, 0 and not
 * 6e-17. */
static double cosine_of_turns(double turns) {
  const double full = 2.0 * 3.14159265358979323846;
  const double eighth = 0.125;
  double folded = fabs(remainder(turns, 1.0));
  double sign = 1.0;
  if (folded > 2.0 * eighth) {
    folded = 4.0 * eighth - folded;
    sign = -1.0;
  }
  return sign * (folded <= eighth ? cos(full * folded) : sin(full * (2.0 * eighth - folded)));
}

enum rst_status rst_image_make_grating(struct rst_context *context,
                                       const struct rst_image_parameters *parameters,
                                       struct rst_field **image) {
  RST_REQUIRE(context, isfinite(parameters->period) && parameters->period > 0.0, RST_ERROR_ARGUMENT,
              "the period of a grating is %g points; it must be positive", parameters->period);
  RST_REQUIRE(context, isfinite(parameters->angle), RST_ERROR_ARGUMENT,
              "the angle of a grating is %g degrees; it must be finite", parameters->angle);
  RST_TRY(rst_image_make_square(context, parameters, image));
  const double degrees = 360.0;
  const double along_x = cosine_of_turns(parameters->angle / degrees);
  const double along_y = cosine_of_turns(parameters->angle / degrees - 0.25);
  for (size_t y = 0; y < (*image)->ny; ++y) {
    for (size_t x = 0; x < (*image)->nx; ++x) {
      const double distance = (double)x * along_x + (double)y * along_y;
      /* The remainder is exact: whole periods apart are the same bits where the distance has no rounding error. */
      const double phase = remainder(distance, parameters->period);
      rst_field_set(*image, y, x, cosine_of_turns(phase / parameters->period));
    }
  }
  return RST_OK;
}

enum rst_status rst_image_make_paper(struct rst_context *context,
                                     const struct rst_image_parameters *parameters,
                                     struct rst_field **image) {
  enum { POINTS = 100, LOW = 35, SLOPE = 65 };
  const double high = 230.0;
  const double low = 160.0;
  const double end = 205.0;
  (void)parameters;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, 1, POINTS, image));
  for (size_t x = 0; x < POINTS; ++x) {
    const double down = x < SLOPE ? 0.0 : (double)(x - SLOPE) / (POINTS - 1 - SLOPE);
    rst_field_set(*image, 0, x, x >= LOW && x < SLOPE ? low : high + (end - high) * down);
  }
  return RST_OK;
}
