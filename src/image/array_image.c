/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "image/kinds.h"

enum { CHANNELS = 3 };

/* Where the points of a plane lie in an array: `step` numbers apart, and its channels `across`. */
struct plane {
  size_t ny, nx, step, across;
  int channels;
};

/* Axes of length 1 are none where there are more than two: the first ones, then the last ones. */
static int drop_axes(const struct rst_array *array, const size_t **dims) {
  int rank = array->rank;
  *dims = array->dims;
  while (rank > 2 && **dims == 1) {
    ++*dims;
    --rank;
  }
  while (rank > 2 && (*dims)[rank - 1] == 1) {
    --rank;
  }
  return rank;
}

/* The plane of two axes, or of three of which the last, else the first, are channels. */
static bool find_plane(const struct rst_image_file *file, int rank, const size_t *dims, struct plane *plane) {
  const bool last = rank == 3 && file->colour && dims[2] == CHANNELS;
  const bool first = rank == 3 && file->colour && !last && dims[0] == CHANNELS;
  if (rank == 1) {
    *plane = (struct plane){.ny = 1, .nx = dims[0], .step = 1, .channels = 1};
  } else if (last) {
    *plane =
        (struct plane){.ny = dims[0], .nx = dims[1], .step = CHANNELS, .across = 1, .channels = CHANNELS};
  } else if (first) {
    *plane = (struct plane){
        .ny = dims[1], .nx = dims[2], .step = 1, .across = dims[1] * dims[2], .channels = CHANNELS};
  } else {
    *plane = (struct plane){.ny = dims[0], .nx = dims[1], .step = 1, .channels = 1};
  }
  return rank <= 2 || last || first;
}

static double level(const struct rst_array *array, const struct plane *plane, size_t point) {
  double values[CHANNELS] = {0};
  for (size_t c = 0; c < (size_t)plane->channels; ++c) {
    rst_array_read(array, point * plane->step + c * plane->across, 1, &values[c]);
  }
  return plane->channels == 1 ? values[0] : rst_image_luminance(values[0], values[1], values[2]);
}

enum rst_status rst_image_check_array(struct rst_context *context, const struct rst_image_file *file,
                                      const struct rst_array *array) {
  const size_t *dims = NULL;
  struct plane plane = {0};
  const int rank = drop_axes(array, &dims);
  RST_REQUIRE(context, rank >= 1 && find_plane(file, rank, dims, &plane), RST_ERROR_IO,
              "'%s' has %d axes without those of length 1 (%zu along the first one); an image has two, rows "
              "and columns%s",
              file->name, rank, rank > 0 ? dims[0] : 0,
              file->colour ? ", or a third one, the first or the last, of the 3 colours" : "");
  RST_REQUIRE(context, plane.ny > 0 && plane.nx > 0, RST_ERROR_IO, "'%s' is empty", file->name);
  return rst_image_check_points(context, file, plane.ny, plane.nx);
}

enum rst_status rst_image_take_array(struct rst_context *context, const struct rst_image_file *file,
                                     const struct rst_array *array, struct rst_field **image) {
  const size_t *dims = NULL;
  struct plane plane = {0};
  RST_TRY(rst_image_check_array(context, file, array));
  const int rank = drop_axes(array, &dims);
  (void)find_plane(file, rank, dims, &plane);
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, plane.ny, plane.nx, image));
  for (size_t i = 0; i < plane.ny * plane.nx; ++i) {
    ((double *)(*image)->data)[i] = level(array, &plane, i);
  }
  return RST_OK;
}
