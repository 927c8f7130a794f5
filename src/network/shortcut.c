/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x + F(x) of a residual layer: the operation's input is F(x), of as many channels as x or more; of x every stride-th point
 * of every stride-th row is taken. Linear, so that tangents go the way of values. */
#include <string.h>

#include "network/operation_lanes.h"

/* Where in the maps of x the point (c, y, x) of the sum comes from. */
static size_t source(const struct rst_operation *operation, size_t point) {
  const struct rst_map_shape out = operation->out;
  const struct rst_map_shape from = operation->shortcut.shape;
  const size_t c = point / (out.ny * out.nx);
  const size_t y = point / out.nx % out.ny * operation->shortcut.stride;
  const size_t x = point % out.nx * operation->shortcut.stride;
  return operation->shortcut.from + (c * from.ny + y) * from.nx + x;
}

/* Points of the sum that x has a channel for. */
static size_t shared_points(const struct rst_operation *operation) {
  return operation->shortcut.shape.channels * operation->out.ny * operation->out.nx;
}

static void add(real *to, const real *what) {
  for (size_t l = 0; l < LANES; ++l) {
    to[l] += what[l];
  }
}

static void apply(const struct rst_operation *operation, void *maps) {
  real *sum = lanes_of(maps, operation->output);
  memcpy(sum, lanes_of(maps, operation->input), rst_map_points(operation->out) * RST_LANE_BYTES);
  for (size_t point = 0; point < shared_points(operation); ++point) {
    add(sum + point * LANES, lanes_of(maps, source(operation, point)));
  }
}

static void give_adjoint(const struct rst_operation *operation, void *maps) {
  const real *sum = lanes_of(maps, operation->output);
  const size_t points = rst_map_points(operation->out);
  real *inner = lanes_of(maps, operation->input);
  if (!operation->adds) {
    memcpy(inner, sum, points * RST_LANE_BYTES);
  }
  for (size_t i = 0; operation->adds && i < points * LANES; ++i) {
    inner[i] += sum[i];
  }
  if (!operation->shortcut.adds) {
    memset(lanes_of(maps, operation->shortcut.from), 0,
           rst_map_points(operation->shortcut.shape) * RST_LANE_BYTES);
  }
  for (size_t point = 0; point < shared_points(operation); ++point) {
    add(lanes_of(maps, source(operation, point)), sum + point * LANES);
  }
}

static void forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  apply(operation, slice->maps[RST_VALUES]);
}

static void tangent_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  apply(operation, slice->maps[RST_TANGENTS]);
}

static void backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  give_adjoint(operation, slice->maps[RST_ADJOINTS]);
}

static void tangent_backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  give_adjoint(operation, slice->maps[RST_ADJOINT_TANGENTS]);
}

const struct rst_operation_type RST_REAL(rst_operation_shortcut) = {
    .step = {forward, backward, tangent_forward, tangent_backward}};
