/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Averages over blocks of positions, incomplete ones dropped; linear, so that tangents go the way of values. */
#include <string.h>

#include "network/operation_lanes.h"

/* Points of x, by number, of block (y, x) of channel c: each with the lanes of z. */
#define EACH_POINT_OF_BLOCK(operation, c, y, x, at)                                                          \
  for (size_t by = 0; by < (operation)->average.ny; ++by)                                                    \
    for (size_t at = ((c) * (operation)->in.ny + (y) * (operation)->average.ny + by) * (operation)->in.nx +  \
                     (x) * (operation)->average.nx,                                                          \
                end = at + (operation)->average.nx;                                                          \
         at < end; ++at)

static void apply(const struct rst_operation *operation, const real *x, real *z) {
  const double share = 1.0 / (double)(operation->average.ny * operation->average.nx);
  const struct rst_map_shape out = operation->out;
  for (size_t point = 0; point < rst_map_points(out); ++point) {
    double sum[LANES] = {0};
    EACH_POINT_OF_BLOCK(operation, point / (out.ny * out.nx), point / out.nx % out.ny, point % out.nx, at) {
      for (size_t l = 0; l < LANES; ++l) {
        sum[l] += (double)x[at * LANES + l];
      }
    }
    for (size_t l = 0; l < LANES; ++l) {
      z[point * LANES + l] = (real)(share * sum[l]);
    }
  }
}

/* Points outside of all blocks receive nothing. */
static void give_adjoint(const struct rst_operation *operation, const real *z, real *x) {
  const real share = (real)(1.0 / (double)(operation->average.ny * operation->average.nx));
  const struct rst_map_shape out = operation->out;
  if (!operation->adds) {
    memset(x, 0, rst_map_points(operation->in) * RST_LANE_BYTES);
  }
  for (size_t point = 0; point < rst_map_points(out); ++point) {
    EACH_POINT_OF_BLOCK(operation, point / (out.ny * out.nx), point / out.nx % out.ny, point % out.nx, at) {
      for (size_t l = 0; l < LANES; ++l) {
        x[at * LANES + l] += share * z[point * LANES + l];
      }
    }
  }
}

static void forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  apply(operation, input_of(operation, slice, RST_VALUES), output_of(operation, slice, RST_VALUES));
}

static void tangent_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  apply(operation, input_of(operation, slice, RST_TANGENTS), output_of(operation, slice, RST_TANGENTS));
}

static void backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  give_adjoint(operation, output_of(operation, slice, RST_ADJOINTS),
               input_of(operation, slice, RST_ADJOINTS));
}

static void tangent_backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  give_adjoint(operation, output_of(operation, slice, RST_ADJOINT_TANGENTS),
               input_of(operation, slice, RST_ADJOINT_TANGENTS));
}

const struct rst_operation_type RST_REAL(rst_operation_average) = {
    .step = {forward, backward, tangent_forward, tangent_backward}};
