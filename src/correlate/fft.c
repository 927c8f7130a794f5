/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation by the discrete Fourier transform. With ^ the transform on the image's own ny x nx grid,
 *
 *     c^ = conj(K^) I^        and        g^ = conj(d^) I^,
 *
 * so that apply and adjoint are one function: correlate an array, continued by zeros, with the image and keep
 * the first rows and columns of the result. Nothing is padded: the circular correlation wraps only at
 * positions where the array reaches over the image's edge, and `valid` keeps none of these.
 *
 * The two-dimensional transforms are one-dimensional ones along rows, then along columns. Only rows that are
 * not zero are transformed forward and only rows that are kept are transformed back. Columns are gathered,
 * block at a time, into contiguous scratch that stays in the first cache, transformed, multiplied by the
 * image's spectrum, transformed back and scattered. Estimated plans of such short contiguous transforms are
 * as fast as measured ones, so that speed and reproducible bits go together. Cost: (ky + my) row transforms
 * and 2 (nx/2 + 1) column transforms for either direction. */
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "core/real.h"
#include "correlate/correlation_type.h"
#include "transform/transform.h"

/* Columns transformed together: a cache line of double complex. */
static const size_t block = 4;
/* Complex numbers to which rows and columns are padded, for FFTW's vector instructions. */
static const size_t alignment = 4;

struct fft {
  struct rst_correlation_shape shape;
  size_t width;  /* complex numbers from row to row: nx/2 + 1 rounded up to blocks */
  size_t height; /* complex numbers from column to column: ny rounded up */
  struct rst_transform *row_forward, *row_backward, *columns_forward, *columns_backward;
  real *line;             /* [nx] */
  real *rows;             /* complex [ny][width] */
  real *columns, *scaled; /* complex [block][height]; before and after columns_forward */
  real *spectrum;         /* complex [width][height]: I^ / (ny nx) */
};

static size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/* Work of one transform: n log2 n, and more where a large prime factor forces a convolution. */
static double transform_work(size_t n) {
  enum { LARGEST_CODED_FACTOR = 13 };
  const double penalty = 6.0;
  size_t rest = n;
  for (size_t p = 2; p <= LARGEST_CODED_FACTOR; ++p) {
    while (rest % p == 0) {
      rest /= p;
    }
  }
  return (double)n * log2((double)n + 1.0) * (rest > 1 ? penalty : 1.0);
}

static double cost(const struct rst_correlation_shape *shape) {
  /* Measured: apply and adjoint, per unit of work, and the fixed part of each row and column. */
  const double nanoseconds = 0.031 * (double)sizeof(real);
  const double overhead = 15.0;
  const double rows = (double)(shape->ky + shape->my);
  const size_t columns = shape->nx / 2 + 1;
  return 2.0 * rows * (overhead + nanoseconds * transform_work(shape->nx) / 2.0) +
         4.0 * (double)columns * (overhead + nanoseconds * transform_work(shape->ny));
}

/* rows = transform along x of `count` rows of `length` numbers continued by zeros. */
static void transform_rows(struct fft *fft, size_t count, size_t length, const real *from) {
  memset(fft->line + length, 0, (fft->shape.nx - length) * sizeof(real));
  for (size_t y = 0; y < count; ++y) {
    memcpy(fft->line, from + y * length, length * sizeof(real));
    rst_transform_execute(fft->row_forward, fft->line, fft->rows + 2 * y * fft->width);
  }
}

/* The inverse for the first `length` numbers of the first `count` rows. */
static void transform_rows_back(struct fft *fft, size_t count, size_t length, real *to) {
  for (size_t y = 0; y < count; ++y) {
    rst_transform_execute(fft->row_backward, fft->rows + 2 * y * fft->width, fft->line);
    memcpy(to + y * length, fft->line, length * sizeof(real));
  }
}

/* scaled = transform along y of block columns from `first` on, whose first `count` rows are not zero. */
static void transform_columns(struct fft *fft, size_t first, size_t count) {
  const real *row = fft->rows + 2 * first;
  for (size_t y = 0; y < count; ++y, row += 2 * fft->width) {
    for (size_t b = 0; b < block; ++b) {
      fft->columns[2 * (b * fft->height + y)] = row[2 * b];
      fft->columns[2 * (b * fft->height + y) + 1] = row[2 * b + 1];
    }
  }
  for (size_t b = 0; b < block; ++b) {
    memset(fft->columns + 2 * (b * fft->height + count), 0, 2 * (fft->shape.ny - count) * sizeof(real));
  }
  rst_transform_execute(fft->columns_forward, fft->columns, fft->scaled);
}

/* The inverse, for the first `count` rows. */
static void transform_columns_back(struct fft *fft, size_t first, size_t count) {
  rst_transform_execute(fft->columns_backward, fft->scaled, fft->columns);
  real *row = fft->rows + 2 * first;
  for (size_t y = 0; y < count; ++y, row += 2 * fft->width) {
    for (size_t b = 0; b < block; ++b) {
      row[2 * b] = fft->columns[2 * (b * fft->height + y)];
      row[2 * b + 1] = fft->columns[2 * (b * fft->height + y) + 1];
    }
  }
}

/* z = conj(z) w for complex numbers; spelled out, since C's complex product also treats infinities. */
static void multiply_conjugate(size_t count, const real *restrict w, real *restrict z) {
  for (size_t i = 0; i < 2 * count; i += 2) {
    const real re = z[i] * w[i] + z[i + 1] * w[i + 1];
    const real im = z[i] * w[i + 1] - z[i + 1] * w[i];
    z[i] = re;
    z[i + 1] = im;
  }
}

/* to[m][n] = sum_ij from[i][j] I[m+i][n+j], indices of I modulo its shape, for to_ny x to_nx positions. */
static void correlate(struct fft *fft, size_t from_ny, size_t from_nx, const real *from, size_t to_ny,
                      size_t to_nx, real *to) {
  transform_rows(fft, from_ny, from_nx, from);
  for (size_t x = 0; x < fft->width; x += block) {
    transform_columns(fft, x, from_ny);
    multiply_conjugate(block * fft->height, fft->spectrum + 2 * x * fft->height, fft->scaled);
    transform_columns_back(fft, x, to_ny);
  }
  transform_rows_back(fft, to_ny, to_nx, to);
}

static void apply(void *state, const void *kernel, void *response) {
  struct fft *fft = state;
  const struct rst_correlation_shape *shape = &fft->shape;
  correlate(fft, shape->ky, shape->kx, kernel, shape->my, shape->mx, response);
}

static void adjoint(void *state, const void *weights, void *kernel) {
  struct fft *fft = state;
  const struct rst_correlation_shape *shape = &fft->shape;
  correlate(fft, shape->my, shape->mx, weights, shape->ky, shape->kx, kernel);
}

static void destroy(void *state) {
  struct fft *fft = state;
  rst_transform_destroy(&fft->row_forward);
  rst_transform_destroy(&fft->row_backward);
  rst_transform_destroy(&fft->columns_forward);
  rst_transform_destroy(&fft->columns_backward);
  free(fft->line);
  free(fft->rows);
  free(fft->columns);
  free(fft->scaled);
  free(fft->spectrum);
  free(fft);
}

static enum rst_status plan(struct rst_context *context, struct fft *fft) {
  struct rst_transform_layout row = {.kind = RST_TRANSFORM_REAL_TO_COMPLEX,
                                     .precision = RST_REAL_PRECISION,
                                     .n = fft->shape.nx,
                                     .batch = 1,
                                     .input_stride = 1,
                                     .output_stride = 1};
  RST_TRY(rst_transform_create(context, &row, &fft->row_forward));
  row.kind = RST_TRANSFORM_COMPLEX_TO_REAL;
  RST_TRY(rst_transform_create(context, &row, &fft->row_backward));
  struct rst_transform_layout column = {.kind = RST_TRANSFORM_FORWARD,
                                        .precision = RST_REAL_PRECISION,
                                        .n = fft->shape.ny,
                                        .batch = block,
                                        .input_stride = 1,
                                        .input_distance = fft->height,
                                        .output_stride = 1,
                                        .output_distance = fft->height};
  RST_TRY(rst_transform_create(context, &column, &fft->columns_forward));
  column.kind = RST_TRANSFORM_BACKWARD;
  return rst_transform_create(context, &column, &fft->columns_backward);
}

static enum rst_status allocate(struct rst_context *context, struct fft *fft) {
  const struct {
    real **array;
    size_t count;
  } arrays[] = {
      {&fft->line, fft->shape.nx},
      {&fft->rows, 2 * fft->shape.ny * fft->width},
      {&fft->columns, 2 * block * fft->height},
      {&fft->scaled, 2 * block * fft->height},
      {&fft->spectrum, 2 * fft->width * fft->height},
  };
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) {
    void *memory = NULL;
    RST_TRY(rst_allocate(context, arrays[i].count, sizeof(real), &memory));
    *arrays[i].array = memory;
  }
  return RST_OK;
}

static void store_spectrum(struct fft *fft, const real *image) {
  const size_t ny = fft->shape.ny;
  const size_t nx = fft->shape.nx;
  const real points = (real)ny * (real)nx;
  transform_rows(fft, ny, nx, image);
  for (size_t x = 0; x < fft->width; x += block) {
    transform_columns(fft, x, ny);
    real *spectrum = fft->spectrum + 2 * x * fft->height;
    for (size_t i = 0; i < 2 * block * fft->height; ++i) {
      spectrum[i] = fft->scaled[i] / points;
    }
  }
}

static enum rst_status create(struct rst_context *context, const struct rst_correlation_shape *shape,
                              const void *image, double budget, void **state) {
  (void)budget;
  void *memory = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof(struct fft), &memory));
  struct fft *fft = memory;
  fft->shape = *shape;
  fft->width = round_up(shape->nx / 2 + 1, block);
  fft->height = round_up(shape->ny, alignment);
  enum rst_status status = allocate(context, fft);
  if (status == RST_OK) {
    status = plan(context, fft);
  }
  if (status != RST_OK) {
    destroy(fft);
    return status;
  }
  store_spectrum(fft, image);
  *state = fft;
  return RST_OK;
}

const struct rst_correlation_type RST_REAL(rst_correlation_fft) = {
    .cost = cost, .create = create, .apply = apply, .adjoint = adjoint, .destroy = destroy};
