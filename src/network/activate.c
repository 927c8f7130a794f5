/* SPDX-License-Identifier: GPL-3.0-or-later */
/* z = s(x), element by element: x' = s'(x) z', z. = s'(x) x., x'. = s'(x) z'. + s''(x) x. z'. */
#include "network/operation_lanes.h"

/* Points whose s' and s'' are made at a time. */
enum { BLOCK = 32 };

static struct rst_field view(real *lanes, size_t points) {
  return (struct rst_field){RST_REAL_PRECISION, 1, points * LANES, lanes};
}

static void evaluate(const struct rst_operation *operation, real *x, size_t points, real *s, real *ds,
                     real *dds) {
  const struct rst_field argument = view(x, points);
  struct rst_field value = view(s, points);
  struct rst_field slope = view(ds, points);
  struct rst_field curvature = view(dds, points);
  rst_activation_evaluate(NULL, operation->activate.activation, operation->activate.beta, &argument,
                          s ? &value : NULL, ds ? &slope : NULL, dds ? &curvature : NULL, NULL);
}

/* s' goes to the notes: all other passes read it. */
static void forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  evaluate(operation, input_of(operation, slice, RST_VALUES), rst_map_points(operation->out),
           output_of(operation, slice, RST_VALUES), lanes_of(slice->notes, operation->notes), NULL);
}

static void backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const size_t count = rst_map_points(operation->out) * LANES;
  const real *ds = lanes_of(slice->notes, operation->notes);
  const real *dz = output_of(operation, slice, RST_ADJOINTS);
  real *dx = input_of(operation, slice, RST_ADJOINTS);
  for (size_t i = 0; operation->adds && i < count; ++i) {
    dx[i] += ds[i] * dz[i];
  }
  for (size_t i = 0; !operation->adds && i < count; ++i) {
    dx[i] = ds[i] * dz[i];
  }
}

static void tangent_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const real *ds = lanes_of(slice->notes, operation->notes);
  const real *x = input_of(operation, slice, RST_TANGENTS);
  real *z = output_of(operation, slice, RST_TANGENTS);
  for (size_t i = 0; i < rst_map_points(operation->out) * LANES; ++i) {
    z[i] = ds[i] * x[i];
  }
}

static void tangent_backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const size_t points = rst_map_points(operation->out);
  real *value = input_of(operation, slice, RST_VALUES);
  const real *ds = lanes_of(slice->notes, operation->notes);
  const real *tangent = input_of(operation, slice, RST_TANGENTS);
  const real *dz = output_of(operation, slice, RST_ADJOINTS);
  const real *dz_tangent = output_of(operation, slice, RST_ADJOINT_TANGENTS);
  real *dx_tangent = input_of(operation, slice, RST_ADJOINT_TANGENTS);
  _Alignas(RST_LANE_BYTES) real dds[BLOCK * LANES];
  for (size_t first = 0; first < points; first += BLOCK) {
    const size_t count = points - first < BLOCK ? points - first : BLOCK;
    const size_t at = first * LANES;
    evaluate(operation, value + at, count, NULL, NULL, dds);
    for (size_t i = 0; i < count * LANES; ++i) {
      const real term = ds[at + i] * dz_tangent[at + i] + dds[i] * tangent[at + i] * dz[at + i];
      dx_tangent[at + i] = operation->adds ? dx_tangent[at + i] + term : term;
    }
  }
}

static size_t notes(const struct rst_operation *operation) {
  return rst_map_points(operation->out);
}

const struct rst_operation_type RST_REAL(rst_operation_activate) = {
    .step = {forward, backward, tangent_forward, tangent_backward}, .notes = notes};
