/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/image.h"

#include <float.h>
#include <math.h>

#include "core/core.h"
#include "image/kinds.h"

#define NAME(name, suffix) name,
static const char *const names[] = {RST_IMAGE_KINDS(NAME) NULL};
#undef NAME

#define MAKER(name, suffix) rst_image_make_##suffix,
static rst_image_maker *const makers[] = {RST_IMAGE_KINDS(MAKER)};
#undef MAKER

const char *const *rst_image_names(void) {
  return names;
}

enum rst_status rst_image_require_finite(struct rst_context *context, const char *what,
                                         const struct rst_field *values, enum rst_precision precision) {
  const double largest = precision == RST_PRECISION_FLOAT ? (double)FLT_MAX : DBL_MAX;
  for (size_t y = 0; y < values->ny; ++y) {
    for (size_t x = 0; x < values->nx; ++x) {
      const double value = rst_field_get(values, y, x);
      /* NaN fails the comparison too. */
      RST_REQUIRE(context, fabs(value) <= largest, RST_ERROR_ARGUMENT,
                  "%s: the value %g at row %zu, column %zu (from 0) is not a finite number in %s precision",
                  what, value, y, x, precision == RST_PRECISION_FLOAT ? "float" : "double");
    }
  }
  return RST_OK;
}

enum rst_status rst_image_make_square(struct rst_context *context,
                                      const struct rst_image_parameters *parameters,
                                      struct rst_field **image) {
  RST_REQUIRE(context, parameters->size > 0, RST_ERROR_ARGUMENT,
              "the size of a %s image is 0; it must be at least 1", parameters->kind);
  return rst_field_create(context, RST_PRECISION_DOUBLE, parameters->size, parameters->size, image);
}

/* Replace a double field by one of the asked precision. */
static enum rst_status round_to(struct rst_context *context, enum rst_precision precision,
                                struct rst_field **image) {
  if (precision == RST_PRECISION_DOUBLE) {
    return RST_OK;
  }
  struct rst_field *rounded = NULL;
  RST_TRY(rst_field_create(context, precision, (*image)->ny, (*image)->nx, &rounded));
  rst_field_copy(*image, rounded);
  rst_field_destroy(image);
  *image = rounded;
  return RST_OK;
}

enum rst_status rst_image_make_memory(struct rst_context *context,
                                      const struct rst_image_parameters *parameters,
                                      struct rst_field **image) {
  (void)parameters;
  *image = NULL;
  return rst_fail(context, RST_ERROR_ARGUMENT,
                  "an image of kind memory comes from the program that calls the library "
                  "(rst_case_set_image); give its file with kind file instead");
}

static enum rst_status copy_pixels(struct rst_context *context, const struct rst_field *pixels,
                                   enum rst_precision precision, struct rst_field **image) {
  RST_TRY(rst_image_require_finite(context, "image in memory", pixels, precision));
  RST_TRY(rst_field_create(context, precision, pixels->ny, pixels->nx, image));
  rst_field_copy(pixels, *image);
  return RST_OK;
}

bool rst_image_is_given(const struct rst_image_parameters *parameters) {
  const int kind = rst_name_index(names, parameters->kind);
  return kind >= 0 && makers[kind] == rst_image_make_memory;
}

enum rst_status rst_image_create_with_levels(struct rst_context *context,
                                             const struct rst_image_parameters *parameters,
                                             enum rst_precision precision, struct rst_image_levels *levels,
                                             struct rst_field **image) {
  *image = NULL;
  *levels = (struct rst_image_levels){-1.0, 1.0};
  if (parameters->pixels) {
    return copy_pixels(context, parameters->pixels, precision, image);
  }
  const int kind = rst_name_index(names, parameters->kind);
  if (kind < 0) {
    return rst_fail_unknown(context, "image kind", parameters->kind, names);
  }
  struct rst_field *made = NULL;
  const bool is_file = makers[kind] == rst_image_make_file;
  RST_TRY(is_file ? rst_image_make_levels(context, parameters, levels, &made)
                  : makers[kind](context, parameters, &made));
  const char *what = is_file ? parameters->file : parameters->kind;
  enum rst_status status = rst_image_require_finite(context, what, made, precision);
  if (status == RST_OK) {
    status = round_to(context, precision, &made);
  }
  if (status != RST_OK) {
    rst_field_destroy(&made);
    return status;
  }
  *image = made;
  return RST_OK;
}

enum rst_status rst_image_create(struct rst_context *context, const struct rst_image_parameters *parameters,
                                 enum rst_precision precision, struct rst_field **image) {
  struct rst_image_levels levels;
  return rst_image_create_with_levels(context, parameters, precision, &levels, image);
}
