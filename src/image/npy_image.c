/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "image/kinds.h"
#include "image/npy.h"

/* Axes of length one are passed over, but for the last two. */
static bool is_plane(const struct rst_array *array) {
  bool plane = array->rank >= 1;
  for (int i = 0; i < array->rank - 2; ++i) {
    plane = plane && array->dims[i] == 1;
  }
  return plane;
}

static enum rst_status take(struct rst_context *context, const struct rst_image_file *file,
                            const struct rst_array *array, struct rst_field **image) {
  RST_REQUIRE(context, is_plane(array), RST_ERROR_IO, "'%s' has %d axes; an image has two, rows and columns",
              file->name, array->rank);
  const size_t nx = array->dims[array->rank - 1];
  const size_t ny = array->rank > 1 ? array->dims[array->rank - 2] : 1;
  RST_REQUIRE(context, nx > 0 && ny > 0, RST_ERROR_IO, "'%s' is empty", file->name);
  RST_TRY(rst_image_check_points(context, file, ny, nx));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, image));
  rst_array_read(array, 0, ny * nx, (*image)->data);
  return RST_OK;
}

enum rst_status rst_image_decode_npy(struct rst_context *context, const struct rst_image_file *file,
                                     struct rst_field **image) {
  struct rst_array array = {0};
  RST_TRY(rst_npy_read(context, file->name, &array));
  const enum rst_status status = take(context, file, &array, image);
  rst_array_free(&array);
  return status;
}
