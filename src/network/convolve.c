/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cross-correlation over input channels, and a bias:
 *
 *     z[o][y][x] = b[o] + sum_{i,ky,kx} w[o][i][ky][kx] x[i][y stride + ky][x stride + kx]
 *
 * of the input as it is, or within zeros, or continued periodically: (k-1)/2 points (rounded down) before and the rest behind. A
 * dense layer is the case of one position, its input flattened. All passes are made of three sums, of w x, w' dz and dz x', and
 * these of two kinds (tap_sums.h): with s the stride, point r = q s + a of an axis of the input receives from the output
 *
 *     x'[i][q s + a] = sum_{o,m} w[o][i][m s + a] z'[o][q - m],        m s + a < k,
 *
 * a sum over taps for each remainder a of an axis, the last tap first.
 *
 * Maps are copied first where they need margins, or where channels that are read together are such a number of cache lines
 * apart that they would share places in the first cache: copies have an odd number.
 */
#include <string.h>

#include "core/sizes.h"
#include "network/operation_lanes.h"
#include "network/tap_sums.h"

static const struct rst_tap_loops *loops(void) {
  return &RST_REAL(rst_tap_loops)[rst_vectors_widest()];
}

/* Maps within margins; `from` is what stands in them. */
struct frame {
  size_t channels, ny, nx; /* of the maps */
  size_t rows, columns;    /* with margins, of which so many are before: */
  size_t top, left;
  size_t channel; /* points from one channel to the next */
  bool wraps;     /* continued periodically; otherwise zeros */
};

static struct frame frame_of(struct rst_map_shape shape, size_t before, size_t rows, size_t columns) {
  return (struct frame){.channels = shape.channels,
                        .ny = shape.ny,
                        .nx = shape.nx,
                        .rows = rows,
                        .columns = columns,
                        .top = before,
                        .left = before,
                        .channel = rows * columns | 1};
}

static size_t frame_points(const struct frame *frame) {
  return frame->channels * frame->channel;
}

/* Where the point `at` of a framed axis comes from; `count` for a zero. */
static size_t origin(const struct frame *frame, size_t before, size_t at, size_t count) {
  if (frame->wraps) {
    return (at + count - before % count) % count;
  }
  return at >= before && at - before < count ? at - before : count;
}

static void fill_point(const struct frame *frame, const real *row, size_t x, real *to) {
  const size_t from = origin(frame, frame->left, x, frame->nx);
  if (from < frame->nx) {
    memcpy(to + x * LANES, row + from * LANES, RST_LANE_BYTES);
  } else {
    memset(to + x * LANES, 0, RST_LANE_BYTES);
  }
}

static void fill_row(const struct frame *frame, const real *row, real *to) {
  for (size_t x = 0; x < frame->left; ++x) {
    fill_point(frame, row, x, to);
  }
  memcpy(to + frame->left * LANES, row, frame->nx * RST_LANE_BYTES);
  for (size_t x = frame->left + frame->nx; x < frame->columns; ++x) {
    fill_point(frame, row, x, to);
  }
}

static void fill(const struct frame *frame, const real *maps, real *to) {
  for (size_t c = 0; c < frame->channels; ++c) {
    for (size_t y = 0; y < frame->rows; ++y) {
      const size_t from = origin(frame, frame->top, y, frame->ny);
      real *row = to + (c * frame->channel + y * frame->columns) * LANES;
      if (from < frame->ny) {
        fill_row(frame, maps + (c * frame->ny + from) * frame->nx * LANES, row);
      } else {
        memset(row, 0, frame->columns * RST_LANE_BYTES);
      }
    }
  }
}

/* The adjoint of filling periodic margins. */
static void fold(const struct frame *frame, const real *from, real *maps) {
  for (size_t c = 0; c < frame->channels; ++c) {
    for (size_t y = 0; y < frame->rows; ++y) {
      const real *row = from + (c * frame->channel + y * frame->columns) * LANES;
      real *to = maps + (c * frame->ny + origin(frame, frame->top, y, frame->ny)) * frame->nx * LANES;
      for (size_t x = 0; x < frame->columns; ++x) {
        const size_t at = origin(frame, frame->left, x, frame->nx);
        for (size_t l = 0; l < LANES; ++l) {
          to[at * LANES + l] += row[x * LANES + l];
        }
      }
    }
  }
}

static size_t margin_before(const struct rst_operation *operation) {
  return operation->convolve.padding == RST_PADDING_VALID ? 0 : (operation->convolve.kernel - 1) / 2;
}

static struct frame frame_of_input(const struct rst_operation *operation) {
  const size_t margin = operation->convolve.padding == RST_PADDING_VALID ? 0 : operation->convolve.kernel - 1;
  struct frame frame =
      frame_of(operation->in, margin_before(operation), operation->in.ny + margin, operation->in.nx + margin);
  frame.wraps = operation->convolve.padding == RST_PADDING_PERIODIC;
  return frame;
}

/* Zeros around the output such that every point of the framed input finds what its taps lead to. */
static struct frame frame_of_output(const struct rst_operation *operation) {
  const struct frame input = frame_of_input(operation);
  const size_t stride = operation->convolve.stride;
  const size_t before = (operation->convolve.kernel - 1) / stride;
  const struct rst_map_shape out = operation->out;
  const size_t rows = rst_most((input.rows - 1) / stride + 1, out.ny);
  const size_t columns = rst_most((input.columns - 1) / stride + 1, out.nx);
  return frame_of(out, before, before + rows, before + columns);
}

/* How many channels of the input are read together. */
enum reading { ONE_BY_ONE, SIDE_BY_SIDE };

/* The input in its frame, or as it is; then that is what the frame tells. */
static const real *framed_input(const struct rst_operation *operation, const struct rst_slice *slice,
                                enum rst_maps maps, enum reading reading, struct frame *frame) {
  enum { CROWDED = 8 }; /* divides the distance of channels that share places */
  const real *x = input_of(operation, slice, maps);
  const size_t points = operation->in.ny * operation->in.nx;
  const bool meets_once = operation->convolve.kernel == 1;
  *frame = frame_of_input(operation);
  if (frame->rows * frame->columns == points &&
      (meets_once || reading == ONE_BY_ONE || points % CROWDED != 0)) {
    frame->channel = points;
    return x;
  }
  fill(frame, x, slice->scratch);
  return slice->scratch;
}

/* Channels in that meet one tap each are taken as taps of a row. */
static struct rst_tap_sums with_channels_as_taps(struct rst_tap_sums sums) {
  if (sums.tap_rows * sums.tap_columns == 1) {
    sums.tap_columns = sums.in;
    sums.in = 1;
    sums.x.tap_column = sums.x.channel;
    sums.w.column = sums.w.in;
  }
  return sums;
}

static struct rst_tap_sums sums_of(const struct rst_operation *operation, const struct frame *frame) {
  const ptrdiff_t columns = (ptrdiff_t)frame->columns;
  const ptrdiff_t kernel = (ptrdiff_t)operation->convolve.kernel;
  const ptrdiff_t stride = (ptrdiff_t)operation->convolve.stride;
  const ptrdiff_t width = (ptrdiff_t)operation->out.nx;
  return with_channels_as_taps((struct rst_tap_sums){
      .in = operation->in.channels,
      .out = operation->out.channels,
      .rows = operation->out.ny,
      .columns = operation->out.nx,
      .tap_rows = operation->convolve.kernel,
      .tap_columns = operation->convolve.kernel,
      .x = {(ptrdiff_t)frame->channel, stride * columns, stride, columns, 1},
      .z = {(ptrdiff_t)operation->out.ny * width, width, 1},
      .w = {(ptrdiff_t)operation->in.channels * kernel * kernel, kernel * kernel, kernel, 1},
  });
}

static const real *tensor(const void *state, size_t offset) {
  return (const real *)state + offset;
}

static void apply(const struct rst_operation *operation, const struct rst_slice *slice, const void *state,
                  enum rst_maps from, struct rst_tap_start start, real *z) {
  struct frame frame;
  const real *x = framed_input(operation, slice, from, SIDE_BY_SIDE, &frame);
  const struct rst_tap_sums sums = sums_of(operation, &frame);
  loops()->apply(&sums, start, tensor(state, operation->weight), x, z);
}

/* Where sums go that belong to the framed input. */
struct target {
  real *x;
  size_t ny, nx, channel;
  size_t before; /* points of the frame that are missing there */
  bool adds;
};

/* The points of an axis of the target with the remainder `a`: the first, the number of all, and q of the first. */
struct comb {
  size_t first, count, quotient;
};

static struct comb comb_of(size_t points, size_t before, size_t stride, size_t a) {
  const size_t first = (a + stride - before % stride) % stride;
  const size_t count = first < points ? (points - 1 - first) / stride + 1 : 0;
  return (struct comb){first, count, (first + before - a) / stride};
}

/* The sums of the points with remainders (a, b). */
static void give_comb(const struct rst_operation *operation, const struct target *target, size_t a, size_t b,
                      const real *w, const real *dz) {
  const struct frame frame = frame_of_output(operation);
  const size_t kernel = operation->convolve.kernel;
  const size_t stride = operation->convolve.stride;
  const struct comb rows = comb_of(target->ny, target->before, stride, a);
  const struct comb columns = comb_of(target->nx, target->before, stride, b);
  const ptrdiff_t width = (ptrdiff_t)frame.columns;
  const ptrdiff_t step = (ptrdiff_t)stride;
  const ptrdiff_t side = (ptrdiff_t)kernel;
  if (a >= kernel || b >= kernel || rows.count == 0 || columns.count == 0) {
    return;
  }
  const size_t tap_rows = (kernel - a + stride - 1) / stride;
  const size_t tap_columns = (kernel - b + stride - 1) / stride;
  const size_t row = rows.quotient + frame.top - (tap_rows - 1);
  const size_t column = columns.quotient + frame.left - (tap_columns - 1);
  const size_t tap = (a + (tap_rows - 1) * stride) * kernel + b + (tap_columns - 1) * stride;
  const struct rst_tap_sums sums = with_channels_as_taps((struct rst_tap_sums){
      .in = operation->out.channels,
      .out = operation->in.channels,
      .rows = rows.count,
      .columns = columns.count,
      .tap_rows = tap_rows,
      .tap_columns = tap_columns,
      .x = {(ptrdiff_t)frame.channel, width, 1, width, 1},
      .z = {(ptrdiff_t)target->channel, step * (ptrdiff_t)target->nx, step},
      .w = {side * side, (ptrdiff_t)operation->in.channels * side * side, -step * side, -step},
  });
  loops()->apply(&sums, (struct rst_tap_start){.adds = target->adds}, w + tap,
                 dz + (row * frame.columns + column) * LANES,
                 target->x + (rows.first * target->nx + columns.first) * LANES);
}

static void give_adjoint(const struct rst_operation *operation, const struct rst_slice *slice,
                         const void *state, const real *dz, bool adds, real *dx) {
  const struct frame input = frame_of_input(operation);
  const struct frame output = frame_of_output(operation);
  const size_t stride = operation->convolve.stride;
  const size_t points = rst_map_points(operation->in);
  real *framed = slice->scratch;
  struct target target = {
      dx,  operation->in.ny, operation->in.nx, operation->in.ny * operation->in.nx, margin_before(operation),
      adds};
  if (input.wraps) {
    target = (struct target){
        framed + frame_points(&output) * LANES, input.rows, input.columns, input.channel, 0, false};
  }
  if (!adds && (input.wraps || operation->convolve.kernel < stride)) {
    memset(dx, 0, points * RST_LANE_BYTES);
  }
  if (input.wraps && operation->convolve.kernel < stride) {
    memset(target.x, 0, frame_points(&input) * RST_LANE_BYTES);
  }
  fill(&output, dz, framed);
  for (size_t a = 0; a < stride; ++a) {
    for (size_t b = 0; b < stride; ++b) {
      give_comb(operation, &target, a, b, tensor(state, operation->weight), framed);
    }
  }
  if (input.wraps) {
    fold(&input, target.x, dx);
  }
}

static void add_weights(const struct rst_operation *operation, const struct rst_slice *slice,
                        enum rst_maps from, const real *dz, void *gradient) {
  struct frame frame;
  const real *x = framed_input(operation, slice, from, ONE_BY_ONE, &frame);
  const struct rst_tap_sums sums = sums_of(operation, &frame);
  const size_t used = x == slice->scratch ? frame_points(&frame) : 0;
  loops()->weights(&sums, x, dz, (real *)gradient + operation->weight, (real *)slice->scratch + used * LANES);
}

static void add_bias(const struct rst_operation *operation, const real *dz, void *gradient) {
  const size_t positions = operation->out.ny * operation->out.nx;
  for (size_t o = 0; operation->bias != RST_ABSENT && o < operation->out.channels; ++o) {
    double sum[LANES] = {0};
    for (size_t p = 0; p < positions; ++p) {
      for (size_t l = 0; l < LANES; ++l) {
        sum[l] += (double)dz[(o * positions + p) * LANES + l];
      }
    }
    double all = 0.0;
    for (size_t l = 0; l < LANES; ++l) {
      all += sum[l];
    }
    ((real *)gradient)[operation->bias + o] += (real)all;
  }
}

/* The bias, or zeros. */
static struct rst_tap_start start_of(const struct rst_operation *operation, const void *state) {
  return (struct rst_tap_start){.values =
                                    operation->bias == RST_ABSENT ? NULL : tensor(state, operation->bias)};
}

static void forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  apply(operation, slice, slice->u, RST_VALUES, start_of(operation, slice->u),
        output_of(operation, slice, RST_VALUES));
}

static void backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const real *dz = output_of(operation, slice, RST_ADJOINTS);
  if (slice->gradient) {
    add_bias(operation, dz, slice->gradient);
    add_weights(operation, slice, RST_VALUES, dz, slice->gradient);
  }
  if (!operation->first) {
    give_adjoint(operation, slice, slice->u, dz, operation->adds, input_of(operation, slice, RST_ADJOINTS));
  }
}

static void tangent_forward(const struct rst_operation *operation, const struct rst_slice *slice) {
  real *z = output_of(operation, slice, RST_TANGENTS);
  apply(operation, slice, slice->v, RST_VALUES, start_of(operation, slice->v), z);
  if (!operation->first) {
    apply(operation, slice, slice->u, RST_TANGENTS, (struct rst_tap_start){.adds = true}, z);
  }
}

static void tangent_backward(const struct rst_operation *operation, const struct rst_slice *slice) {
  const real *dz = output_of(operation, slice, RST_ADJOINTS);
  const real *dz_tangent = output_of(operation, slice, RST_ADJOINT_TANGENTS);
  add_bias(operation, dz_tangent, slice->product);
  add_weights(operation, slice, RST_VALUES, dz_tangent, slice->product);
  if (!operation->first) {
    add_weights(operation, slice, RST_TANGENTS, dz, slice->product);
    real *dx_tangent = input_of(operation, slice, RST_ADJOINT_TANGENTS);
    give_adjoint(operation, slice, slice->u, dz_tangent, operation->adds, dx_tangent);
    give_adjoint(operation, slice, slice->v, dz, true, dx_tangent);
  }
}

/* The framed input beside sums of weights, or the framed output beside the framed input's adjoint. */
static size_t scratch(const struct rst_operation *operation) {
  const struct frame input = frame_of_input(operation);
  const struct frame output = frame_of_output(operation);
  const size_t kernel = operation->convolve.kernel;
  const size_t sums = RST_TAP_CHANNELS * operation->in.channels * kernel * kernel;
  const bool in_parts = operation->out.ny * operation->out.nx > RST_TAP_POSITIONS;
  return rst_most(frame_points(&input) + (in_parts ? sums : 0),
                  frame_points(&output) + (input.wraps ? frame_points(&input) : 0));
}

const struct rst_operation_type RST_REAL(rst_operation_convolve) = {
    .step = {forward, backward, tangent_forward, tangent_backward}, .scratch = scratch};
