/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "image/kinds.h"
#include "transform/transform.h"

/** @file
 * A real Gaussian field with power spectrum |w|^-exponent, from white noise r:
 *
 *     I = F^-1( |w|^(-exponent/2) F r ),   mode w = 0 dropped, then shifted and scaled to mean 0, variance 1
 *
 * The unit of |w| drops out in the scaling; cycles over the image are used, whose smallest value is 1, so
 * that positive exponents cannot overflow.
 */

enum { ROWS, COLUMNS, COLUMNS_BACK, ROWS_BACK, PLAN_COUNT };

struct plans {
  struct rst_transform *plan[PLAN_COUNT];
  double complex *modes; /* [n][n/2+1] */
};

static enum rst_status create_plans(struct rst_context *context, size_t n, struct plans *plans) {
  const size_t m = n / 2 + 1;
  const enum rst_precision precision = RST_PRECISION_DOUBLE;
  const struct rst_transform_layout layouts[PLAN_COUNT] = {
      [ROWS] = {RST_TRANSFORM_REAL_TO_COMPLEX, precision, n, n, 1, n, 1, m, false},
      [COLUMNS] = {RST_TRANSFORM_FORWARD, precision, n, m, m, 1, m, 1, true},
      [COLUMNS_BACK] = {RST_TRANSFORM_BACKWARD, precision, n, m, m, 1, m, 1, true},
      [ROWS_BACK] = {RST_TRANSFORM_COMPLEX_TO_REAL, precision, n, n, 1, m, 1, n, false},
  };
  for (int i = 0; i < PLAN_COUNT; ++i) {
    RST_TRY(rst_transform_create(context, &layouts[i], &plans->plan[i]));
  }
  void *modes = NULL;
  RST_TRY(rst_allocate(context, n * m, sizeof *plans->modes, &modes));
  plans->modes = modes;
  return RST_OK;
}

static void destroy_plans(struct plans *plans) {
  for (int i = 0; i < PLAN_COUNT; ++i) {
    rst_transform_destroy(&plans->plan[i]);
  }
  free(plans->modes);
}

static void weigh(size_t n, double exponent, double complex *modes) {
  const size_t m = n / 2 + 1;
  for (size_t y = 0; y < n; ++y) {
    const double ky = (double)(y <= n / 2 ? y : n - y);
    for (size_t x = 0; x < m; ++x) {
      const double k = hypot(ky, (double)x);
      modes[y * m + x] *= k > 0.0 ? pow(k, -0.5 * exponent) : 0.0;
    }
  }
}

/* Replace the noise in `image` by the coloured field. */
static enum rst_status colour(struct rst_context *context, double exponent, struct rst_field *image) {
  /* An image is the same in every process, whatever the rigor of the plans that work on it. */
  const enum rst_rigor rigor = rst_context_rigor(context);
  struct plans plans = {0};
  rst_context_set_rigor(context, RST_RIGOR_ESTIMATE);
  const enum rst_status status = create_plans(context, image->nx, &plans);
  rst_context_set_rigor(context, rigor);
  if (status == RST_OK) {
    rst_transform_execute(plans.plan[ROWS], image->data, plans.modes);
    rst_transform_execute(plans.plan[COLUMNS], plans.modes, plans.modes);
    weigh(image->nx, exponent, plans.modes);
    rst_transform_execute(plans.plan[COLUMNS_BACK], plans.modes, plans.modes);
    rst_transform_execute(plans.plan[ROWS_BACK], plans.modes, image->data);
  }
  destroy_plans(&plans);
  return status;
}

static enum rst_status standardise(struct rst_context *context, double exponent, struct rst_field *image) {
  const double count = (double)rst_field_count(image);
  const double mean = rst_field_sum(image) / count;
  double *values = image->data;
  for (size_t i = 0; i < rst_field_count(image); ++i) {
    values[i] -= mean;
  }
  const double deviation = rst_field_norm(image) / sqrt(count);
  RST_REQUIRE(context, isfinite(deviation) && deviation > 0.0, RST_ERROR_ARGUMENT,
              "the exponent %g of a gaussian-field of %zu points a side leaves the representable range",
              exponent, image->nx);
  rst_field_scale(1.0 / deviation, image);
  return RST_OK;
}

enum rst_status rst_image_make_gaussian_field(struct rst_context *context,
                                              const struct rst_image_parameters *parameters,
                                              struct rst_field **image) {
  RST_REQUIRE(context, parameters->size != 1, RST_ERROR_ARGUMENT,
              "the size of a gaussian-field is 1; it must be at least 2 to have a variance");
  RST_REQUIRE(context, isfinite(parameters->exponent), RST_ERROR_ARGUMENT,
              "the exponent of a gaussian-field is %g; it must be finite", parameters->exponent);
  struct rst_field *made = NULL;
  RST_TRY(rst_image_make_square(context, parameters, &made));
  enum rst_status status = rst_random_normal(context, parameters->seed, rst_field_count(made), made->data);
  if (status == RST_OK) {
    status = colour(context, parameters->exponent, made);
  }
  if (status == RST_OK) {
    status = standardise(context, parameters->exponent, made);
  }
  if (status != RST_OK) {
    rst_field_destroy(&made);
    return status;
  }
  *image = made;
  return RST_OK;
}
