/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cross-correlation over input channels, and a bias:
 *
 *     z[o][y][x] = b[o] + sum_{i,ky,kx} w[o][i][ky][kx] x[i][y stride + ky][x stride + kx]
 *
 * of the input as it is, or within zeros, or continued periodically: (k-1)/2 points (rounded down) before and the rest behind. A
 * dense layer is the case of one position, its input flattened. All passes are made of three sums, of w x, w' dz and dz x'.
 */
#include <string.h>

#include "core/vectors.h"
#include "network/operation_lanes.h"

/* Sums over an input that has its margins. */
struct sums {
  size_t in, out, ny, nx, oy, ox, kernel, stride;
};

/* What a tile takes at most. */
enum { MOST_CHANNELS = 4, MOST_POSITIONS = 4, MOST_TAPS = 3 };

struct loops {
  void (*apply)(const struct sums *shape, const real *w, const real *x, real *z);
  void (*adjoint)(const struct sums *shape, const real *w, const real *dz, real *dx);
  void (*weights)(const struct sums *shape, const real *x, const real *dz, real *dw);
};

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 4")
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#endif

#define WIDTH 16
#define TARGET
#define NAME(x) x##_of_all
#include "network/convolve_loops.inc"
#undef WIDTH
#undef TARGET
#undef NAME

#ifdef RST_WIDER_VECTORS
#define WIDTH 32
#define TARGET RST_WITH_AVX2
#define NAME(x) x##_avx2
#include "network/convolve_loops.inc"
#undef WIDTH
#undef TARGET
#undef NAME

#define WIDTH 64
#define TARGET RST_WITH_AVX512
#define NAME(x) x##_avx512
#include "network/convolve_loops.inc"
#undef WIDTH
#undef TARGET
#undef NAME
#endif

static const struct loops loops[] = {
#ifdef RST_WIDER_VECTORS
    [RST_VECTORS_AVX512] = {apply_avx512, adjoint_avx512, weights_avx512},
    [RST_VECTORS_AVX2] = {apply_avx2, adjoint_avx2, weights_avx2},
#endif
    [RST_VECTORS_OF_ALL] = {apply_of_all, adjoint_of_all, weights_of_all},
};

static bool has_margins(const struct rst_operation *operation) {
  return operation->convolve.padding != RST_PADDING_VALID && operation->convolve.kernel > 1;
}

static struct rst_map_shape padded(const struct rst_operation *operation) {
  struct rst_map_shape shape = operation->in;
  if (has_margins(operation)) {
    shape.ny += operation->convolve.kernel - 1;
    shape.nx += operation->convolve.kernel - 1;
  }
  return shape;
}

static struct sums sums_of(const struct rst_operation *operation) {
  const struct rst_map_shape in = padded(operation);
  return (struct sums){.in = in.channels,
                       .out = operation->out.channels,
                       .ny = in.ny,
                       .nx = in.nx,
                       .oy = operation->out.ny,
                       .ox = operation->out.nx,
                       .kernel = operation->convolve.kernel,
                       .stride = operation->convolve.stride};
}

/* Where the point `at` of a padded axis comes from; `count` for a zero. */
static size_t origin(const struct rst_operation *operation, size_t at, size_t count) {
  const size_t before = (operation->convolve.kernel - 1) / 2;
  if (operation->convolve.padding == RST_PADDING_PERIODIC) {
    return (at + count - before % count) % count;
  }
  return at >= before && at - before < count ? at - before : count;
}

/* Call `visit` for every row of the padded input that is not all zeros, with the one that it comes from. */
typedef void row_visitor(const struct rst_operation *operation, real *padded_row, real *row);

static void each_row(const struct rst_operation *operation, real *margins, real *x, row_visitor *visit) {
  const struct rst_map_shape in = operation->in;
  const struct rst_map_shape shape = padded(operation);
  for (size_t c = 0; c < shape.channels; ++c) {
    for (size_t y = 0; y < shape.ny; ++y) {
      const size_t from = origin(operation, y, in.ny);
      if (from < in.ny) {
        visit(operation, margins + (c * shape.ny + y) * shape.nx * LANES,
              x + (c * in.ny + from) * in.nx * LANES);
      }
    }
  }
}

static void fill_row(const struct rst_operation *operation, real *padded_row, real *row) {
  for (size_t x = 0; x < padded(operation).nx; ++x) {
    const size_t from = origin(operation, x, operation->in.nx);
    if (from < operation->in.nx) {
      memcpy(padded_row + x * LANES, row + from * LANES, RST_LANE_BYTES);
    }
  }
}

static void fold_row(const struct rst_operation *operation, real *padded_row, real *row) {
  for (size_t x = 0; x < padded(operation).nx; ++x) {
    const size_t from = origin(operation, x, operation->in.nx);
    for (size_t l = 0; from < operation->in.nx && l < LANES; ++l) {
      row[from * LANES + l] += padded_row[x * LANES + l];
    }
  }
}

/* The operation's input with its margins. */
static const real *with_margins(const struct rst_operation *operation, const struct rst_slice *slice,
                                enum rst_maps maps) {
  real *x = input_of(operation, slice, maps);
  if (!has_margins(operation)) {
    return x;
  }
  memset(slice->scratch, 0, rst_map_points(padded(operation)) * RST_LANE_BYTES);
  each_row(operation, slice->scratch, x, fill_row);
  return slice->scratch;
}

static const real *tensor(const void *state, size_t offset) {
  return (const real *)state + offset;
}

static void apply(const struct rst_operation *operation, const struct rst_slice *slice, const void *state,
                  enum rst_maps from, real *z) {
  const struct sums shape = sums_of(operation);
  loops[rst_vectors_widest()].apply(&shape, tensor(state, operation->weight),
                                    with_margins(operation, slice, from), z);
}

static void add_adjoint(const struct rst_operation *operation, const struct rst_slice *slice,
                        const void *state, const real *dz, enum rst_maps to) {
  const struct sums shape = sums_of(operation);
  const real *w = tensor(state, operation->weight);
  real *dx = input_of(operation, slice, to);
  if (!has_margins(operation)) {
    loops[rst_vectors_widest()].adjoint(&shape, w, dz, dx);
    return;
  }
  memset(slice->scratch, 0, rst_map_points(padded(operation)) * RST_LANE_BYTES);
  loops[rst_vectors_widest()].adjoint(&shape, w, dz, slice->scratch);
  each_row(operation, slice->scratch, dx, fold_row);
}

static void add_weights(const struct rst_operation *operation, const struct rst_slice *slice,
                        enum rst_maps from, const real *dz, void *gradient) {
  const struct sums shape = sums_of(operation);
  loops[rst_vectors_widest()].weights(&shape, with_margins(operation, slice, from), dz,
                                      (real *)gradient + operation->weight);
}

/* Begin the output: the bias everywhere, or zeros. */
static void begin(const struct rst_operation *operation, const void *state, real *z) {
  const size_t positions = operation->out.ny * operation->out.nx;
  for (size_t o = 0; o < operation->out.channels; ++o) {
    const real bias = operation->bias == RST_ABSENT ? 0 : tensor(state, operation->bias)[o];
    for (size_t i = 0; i < positions * LANES; ++i) {
      z[o * positions * LANES + i] = bias;
    }
  }
}

static void add_bias(const struct rst_operation *operation, const real *dz, void *gradient) {
  const size_t positions = operation->out.ny * operation->out.nx;
  for (size_t o = 0; operation->bias != RST_ABSENT && o < operation->out.channels; ++o) {
    double sum = 0.0;
    for (size_t p = 0; p < positions; ++p) {
      sum += sum_of_lanes(dz + (o * positions + p) * LANES);
    }
    ((real *)gradient)[operation->bias + o] += (real)sum;
  }
}

static void forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  real *z = output_of(operation, slice, RST_VALUES);
  begin(operation, slice->u, z);
  apply(operation, slice, slice->u, RST_VALUES, z);
}

static void backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const real *dz = output_of(operation, slice, RST_ADJOINTS);
  if (slice->gradient) {
    add_bias(operation, dz, slice->gradient);
    add_weights(operation, slice, RST_VALUES, dz, slice->gradient);
  }
  if (!operation->first) {
    add_adjoint(operation, slice, slice->u, dz, RST_ADJOINTS);
  }
}

static void tangent_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  real *z = output_of(operation, slice, RST_TANGENTS);
  begin(operation, slice->v, z);
  apply(operation, slice, slice->v, RST_VALUES, z);
  if (!operation->first) {
    apply(operation, slice, slice->u, RST_TANGENTS, z);
  }
}

static void tangent_backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const real *dz = output_of(operation, slice, RST_ADJOINTS);
  const real *dz_tangent = output_of(operation, slice, RST_ADJOINT_TANGENTS);
  add_bias(operation, dz_tangent, slice->product);
  add_weights(operation, slice, RST_VALUES, dz_tangent, slice->product);
  if (!operation->first) {
    add_weights(operation, slice, RST_TANGENTS, dz, slice->product);
    add_adjoint(operation, slice, slice->u, dz_tangent, RST_ADJOINT_TANGENTS);
    add_adjoint(operation, slice, slice->v, dz, RST_ADJOINT_TANGENTS);
  }
}

static size_t scratch(const struct rst_operation *operation) {
  return has_margins(operation) ? rst_map_points(padded(operation)) : 0;
}

const struct rst_operation_type RST_REAL(rst_operation_convolve) = {
    .step = {forward, backward, tangent_forward, tangent_backward}, .scratch = scratch};
