/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/layout.h"

#include <assert.h>

size_t rst_tensor_planes(const struct rst_tensor *tensor) {
  size_t planes = 1;
  for (int axis = 0; axis < tensor->rank - 2; ++axis) {
    planes *= tensor->dims[axis];
  }
  return planes;
}

void rst_tensor_plane_shape(const struct rst_tensor *tensor, size_t *ny, size_t *nx) {
  assert(tensor->rank >= 1 && tensor->rank <= RST_TENSOR_MOST_AXES);
  *ny = tensor->rank > 1 ? tensor->dims[tensor->rank - 2] : 1;
  *nx = tensor->dims[tensor->rank - 1];
}

size_t rst_tensor_count(const struct rst_tensor *tensor) {
  size_t ny = 0;
  size_t nx = 0;
  rst_tensor_plane_shape(tensor, &ny, &nx);
  return rst_tensor_planes(tensor) * ny * nx;
}

void rst_layout_shape(const struct rst_layout *layout, size_t *ny, size_t *nx) {
  rst_tensor_plane_shape(layout->tensors, ny, nx);
  if (*ny * *nx != layout->count) {
    *ny = 1;
    *nx = layout->count;
  }
}

struct rst_field rst_layout_plane(const struct rst_layout *layout, const struct rst_field *u, size_t tensor,
                                  size_t plane) {
  assert(u->ny == 1 && u->nx == layout->count && tensor < layout->tensor_count);
  const struct rst_tensor *of = &layout->tensors[tensor];
  struct rst_field view = {.precision = u->precision};
  assert(plane < rst_tensor_planes(of));
  rst_tensor_plane_shape(of, &view.ny, &view.nx);
  const size_t first = of->offset + plane * view.ny * view.nx;
  view.data = (char *)u->data + first * rst_precision_size(u->precision);
  return view;
}

size_t rst_layout_free_count(const struct rst_layout *layout) {
  size_t free_points = layout->count;
  for (size_t i = 0; layout->fixed && i < layout->count; ++i) {
    free_points -= layout->fixed[i];
  }
  return free_points;
}
