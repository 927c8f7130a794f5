/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "correlate/fft_state.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "core/share.h"

void RST_REAL(rst_fft_destroy)(void *state) {
  struct rst_fft *fft = state;
  rst_transform_destroy(&fft->row_forward);
  rst_transform_destroy(&fft->row_backward);
  for (size_t i = 0; i < 2; ++i) {
    rst_transform_destroy(&fft->gather[i]);
    rst_transform_destroy(&fft->scatter[i]);
  }
  free(fft->given);
  free(fft->kept);
  free(fft->product);
  free(fft->spectrum);
  free(fft->shift);
  free(fft->nothing);
  free(fft->scratch);
  free(fft);
}

static enum rst_status plan_row(struct rst_context *context, const struct rst_fft *fft,
                                enum rst_transform_kind kind, struct rst_transform **transform) {
  const struct rst_transform_layout layout = {.kind = kind,
                                              .precision = RST_REAL_PRECISION,
                                              .n = fft->tiling.width,
                                              .batch = 1,
                                              .input_stride = 1,
                                              .output_stride = 1};
  return rst_transform_create(context, &layout, transform);
}

static enum rst_status plan_columns(struct rst_context *context, struct rst_fft *fft, bool mirrored) {
  const struct rst_transform_layout gather_layout = {.kind = mirrored ? RST_TRANSFORM_BACKWARD
                                                                      : RST_TRANSFORM_FORWARD,
                                                     .precision = RST_REAL_PRECISION,
                                                     .n = fft->tiling.height,
                                                     .batch = RST_FFT_BLOCK,
                                                     .input_stride = fft->stride,
                                                     .input_distance = 1,
                                                     .output_stride = 1,
                                                     .output_distance = fft->tiling.height};
  const struct rst_transform_layout scatter_layout = {.kind = mirrored ? RST_TRANSFORM_FORWARD
                                                                       : RST_TRANSFORM_BACKWARD,
                                                      .precision = RST_REAL_PRECISION,
                                                      .n = fft->tiling.height,
                                                      .batch = RST_FFT_BLOCK,
                                                      .input_stride = 1,
                                                      .input_distance = fft->tiling.height,
                                                      .output_stride = fft->stride,
                                                      .output_distance = 1};
  RST_TRY(rst_transform_create(context, &gather_layout, &fft->gather[mirrored]));
  return rst_transform_create(context, &scatter_layout, &fft->scatter[mirrored]);
}

static enum rst_status plan(struct rst_context *context, struct rst_fft *fft) {
  RST_TRY(plan_row(context, fft, RST_TRANSFORM_FORWARD, &fft->row_forward));
  RST_TRY(plan_row(context, fft, RST_TRANSFORM_BACKWARD, &fft->row_backward));
  RST_TRY(plan_columns(context, fft, false));
  return plan_columns(context, fft, true);
}

static enum rst_status allocate(struct rst_context *context, struct rst_fft *fft) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const struct {
    real **array;
    size_t count;
  } arrays[] = {
      {&fft->given, tiling->height * fft->stride},
      {&fft->kept, tiling->height * fft->stride},
      {&fft->product, tiling->phases * fft->half * tiling->height},
      {&fft->spectrum, tiling->tiles * 2 * fft->half * tiling->height},
      {&fft->shift, tiling->height},
      {&fft->nothing, tiling->height},
      {&fft->scratch, fft->team * rst_fft_scratch_length(tiling)},
  };
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) {
    RST_TRY(rst_allocate(context, arrays[i].count, 2 * sizeof(real), arrays[i].array));
  }
  return RST_OK;
}

/* given = the rows of a tile of the image, continued periodically, below its real part or below its imaginary one, transformed along
 * x. */
static void transform_image(struct rst_fft *fft, const real *image, size_t tile, size_t part) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const struct rst_correlation_shape *shape = &fft->shape;
  const size_t reach = rst_least(shape->mx + shape->kx - 1, tiling->width);
  real *line = fft->scratch;
  memset(line, 0, 2 * tiling->width * sizeof(real));
  for (size_t y = 0; y < tiling->height; ++y) {
    const size_t row = 2 * tile * tiling->share + tiling->phases * y + part * tiling->offset;
    const real *from = image + row % shape->ny * shape->nx;
    for (size_t x = 0; x < reach; ++x) {
      line[2 * x] = from[x % shape->nx];
    }
    rst_transform_execute(fft->row_forward, line, fft->given + 2 * y * fft->stride);
  }
}

static void store_spectrum(struct rst_fft *fft, const real *image) {
  const size_t height = fft->tiling.height;
  const real points = 2 * (real)fft->tiling.width * (real)height;
  for (size_t i = 0; i < 2 * fft->tiling.tiles; ++i) {
    transform_image(fft, image, i / 2, i % 2);
    for (size_t x = 0; x < fft->half; x += RST_FFT_BLOCK) {
      rst_fft_gather(fft, x, rst_fft_spectrum_at(fft, i / 2, i % 2, x));
    }
    real *spectrum = rst_fft_spectrum_at(fft, i / 2, i % 2, 0);
    for (size_t j = 0; j < 2 * fft->half * height; ++j) {
      spectrum[j] /= points;
    }
  }
  memset(fft->given, 0, 2 * height * fft->stride * sizeof(real));
}

static void store_shift(struct rst_fft *fft) {
  const double turn = 2.0 * 3.14159265358979323846;
  const size_t height = fft->tiling.height;
  for (size_t y = 0; y < height; ++y) {
    fft->shift[2 * y] = (real)cos(turn * (double)y / (double)height);
    fft->shift[2 * y + 1] = (real)sin(turn * (double)y / (double)height);
  }
}

/* The stages of one apply and one adjoint are about as many, and a team meets after each. */
static size_t team_size(const struct rst_fft *fft, double nanoseconds) {
  const double stages = 4.0 * (double)(fft->tiling.tiles + fft->tiling.phases);
  return rst_team_size(fft->context, nanoseconds / stages, fft->half / RST_FFT_BLOCK);
}

enum rst_status RST_REAL(rst_fft_create)(struct rst_context *context,
                                         const struct rst_correlation_shape *shape, const void *image,
                                         double budget, void **state) {
  (void)budget;
  double nanoseconds = 0.0;
  struct rst_fft *fft = NULL;
  RST_TRY(RST_NEW(context, 1, &fft));
  fft->shape = *shape;
  fft->tiling = RST_REAL(rst_fft_tiling)(shape, &nanoseconds);
  fft->half = rst_round_up(fft->tiling.width / 2 + 1, RST_FFT_BLOCK);
  fft->stride = rst_round_up(fft->tiling.width, RST_FFT_BLOCK) + RST_FFT_LINE;
  const size_t kernel_rows = (shape->ky - 1) / fft->tiling.phases + 1;
  fft->depth = kernel_rows > fft->tiling.share ? kernel_rows : fft->tiling.share;
  fft->context = context;
  fft->team = team_size(fft, nanoseconds);
  fft->loops = &RST_REAL(rst_fft_loops)[rst_vectors_widest()];
  enum rst_status status = allocate(context, fft);
  if (status == RST_OK) {
    status = plan(context, fft);
  }
  if (status != RST_OK) {
    RST_REAL(rst_fft_destroy)(fft);
    return status;
  }
  store_spectrum(fft, image);
  store_shift(fft);
  *state = fft;
  return RST_OK;
}
