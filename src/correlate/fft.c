/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation by the discrete Fourier transform (^) on a grid of tiles that need no padding: a circular correlation wraps only where
 * the kernel reaches over the edge, and no such position is kept, or the image is periodic along x.
 *
 *     c^ = conj(K^) I^        and        g^ = conj(d^) I^.
 *
 * The rows of the response are shared out among tiles (overlap-save; fft_tiling.h), whose columns are so short that each is a single
 * one of FFTW's codelets. Image, kernel, response and weights are real; two rows of the image make a complex one, J = I_1 + i I_2,
 *
 *     c_1 + i c_2 = K * J        and        g = sum over tiles of Re( conj(d_1 + i d_2) * J ),
 *
 * so that nothing separates transforms of real arrays. Where rows 1 and 2 are even and odd ones, K is the sum of two kernels, each with
 * an image of its own: J_q of the rows that begin q rows further below.
 *
 * Only rows that are not zero or that are kept are transformed, and the gradient is summed before it is transformed back. Such short
 * contiguous transforms leave the planner little to choose: estimated plans are about as fast as measured ones, so that speed and
 * reproducible bits go together. Threads share the rows and the columns of a tile; no sum depends on how many there are. */
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "core/core.h"
#include "core/real.h"
#include "correlate/correlation_type.h"
#include "correlate/fft_product.h"
#include "correlate/fft_tiling.h"
#include "transform/transform.h"

enum {
  LINE = 64 / (2 * sizeof(real)), /* complex numbers in a cache line */
  BLOCK = 2 * LINE                /* columns transformed together */
};

struct fft {
  struct rst_correlation_shape shape;
  struct rst_fft_tiling tiling;
  size_t columns; /* of a tile: the width, rounded up to blocks */
  size_t stride;  /* complex numbers from row to row; an odd number of cache lines */
  size_t depth;   /* rows of `given` that are ever other than zero */
  int threads;
  struct rst_transform *row_forward, *row_backward, *columns_forward, *columns_backward;
  real *given;    /* complex [height][stride], rows before the transform of columns */
  real *kept;     /* complex [height][stride], rows after it */
  real *product;  /* complex [phases][columns][height]: K^, or the sum of conj(d^) J^ */
  real *spectrum; /* complex [tiles][phases][columns][height]: J^ / (width height) */
  real *scratch;  /* complex [threads][width + BLOCK height], rounded up to cache lines */
};

static size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* A loop whose passes the team of threads shares, or that one thread runs where there is no team. */
#ifdef _OPENMP
#define SHARED_LOOP _Pragma("omp for schedule(static)") for
#else
#define SHARED_LOOP for
#endif

/* The calling thread's work space. */
struct scratch {
  real *line;    /* complex [width] */
  real *columns; /* complex [BLOCK][height] */
};

static size_t scratch_length(const struct fft *fft) {
  return round_up(fft->tiling.width, LINE) + round_up(BLOCK * fft->tiling.height, LINE);
}

static struct scratch scratch_of_thread(const struct fft *fft) {
  size_t thread = 0;
#ifdef _OPENMP
  thread = (size_t)omp_get_thread_num();
#endif
  real *line = fft->scratch + 2 * thread * scratch_length(fft);
  return (struct scratch){.line = line, .columns = line + 2 * round_up(fft->tiling.width, LINE)};
}

/* Some rows of an array: `count` of them, each `step` numbers after the one before. */
struct rows {
  const real *first;
  size_t count, length, step;
};

/* Rows first, first + step, ... of an array of ny x nx, at most `most`. */
static struct rows take_rows(const real *array, size_t ny, size_t nx, size_t first, size_t step,
                             size_t most) {
  if (first >= ny) {
    return (struct rows){0};
  }
  return (struct rows){.first = array + first * nx,
                       .count = least((ny - first - 1) / step + 1, most),
                       .length = nx,
                       .step = step * nx};
}

/* Those of an array in the shape of the response that are a tile's real part, or its imaginary one. */
static struct rows rows_of_tile(const struct fft *fft, const real *response, size_t tile, size_t part) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t first = 2 * tile * tiling->share + part * tiling->offset;
  return take_rows(response, fft->shape.my, fft->shape.mx, first, tiling->phases, tiling->share);
}

/* line = a + i b, continued by zeros; b NULL for zeros. */
static void join(size_t count, const real *restrict a, const real *restrict b, size_t width,
                 real *restrict line) {
  for (size_t x = 0; x < count; ++x) {
    line[2 * x] = a[x];
    line[2 * x + 1] = b ? b[x] : 0;
  }
  memset(line + 2 * count, 0, 2 * (width - count) * sizeof(real));
}

/* given = a + i b, continued by zeros, transformed along x. */
static void transform_rows(struct fft *fft, const struct scratch *scratch, struct rows a, struct rows b) {
  SHARED_LOOP(size_t y = 0; y < fft->depth; ++y) {
    real *row = fft->given + 2 * y * fft->stride;
    if (y < a.count) {
      join(a.length, a.first + y * a.step, y < b.count ? b.first + y * b.step : NULL, fft->tiling.width,
           scratch->line);
      rst_transform_execute(fft->row_forward, scratch->line, row);
    } else {
      memset(row, 0, 2 * fft->tiling.width * sizeof(real));
    }
  }
}

/* Column x of phase q of the product. */
static real *product_at(const struct fft *fft, size_t q, size_t x) {
  return fft->product + 2 * (q * fft->columns + x) * fft->tiling.height;
}

static real *spectrum_at(const struct fft *fft, size_t tile, size_t q, size_t x) {
  return fft->spectrum + 2 * ((tile * fft->tiling.phases + q) * fft->columns + x) * fft->tiling.height;
}

static void multiply(bool first, size_t count, const real *z, const real *w, real *to) {
  if (first) {
    RST_REAL(rst_fft_multiply)(count, z, w, to);
  } else {
    RST_REAL(rst_fft_add_product)(count, z, w, to);
  }
}

static void transform_kernel(struct fft *fft, const struct scratch *scratch, const real *kernel) {
  const struct rst_correlation_shape *shape = &fft->shape;
  const struct rows none = {0};
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    transform_rows(fft, scratch, take_rows(kernel, shape->ky, shape->kx, q, fft->tiling.phases, shape->ky),
                   none);
    SHARED_LOOP(size_t x = 0; x < fft->columns; x += BLOCK) {
      rst_transform_execute(fft->columns_forward, fft->given + 2 * x, product_at(fft, q, x));
    }
  }
}

/* kept = the tile's rows of the response, before the transform back along x. */
static void multiply_tile(struct fft *fft, const struct scratch *scratch, size_t tile) {
  const size_t count = BLOCK * fft->tiling.height;
  SHARED_LOOP(size_t x = 0; x < fft->columns; x += BLOCK) {
    for (size_t q = 0; q < fft->tiling.phases; ++q) {
      multiply(q == 0, count, product_at(fft, q, x), spectrum_at(fft, tile, q, x), scratch->columns);
    }
    rst_transform_execute(fft->columns_backward, scratch->columns, fft->kept + 2 * x);
  }
}

/* to = every second number of a line. */
static void separate(size_t count, const real *restrict line, real *restrict to) {
  for (size_t x = 0; x < count; ++x) {
    to[x] = line[2 * x];
  }
}

static void store_tile(struct fft *fft, const struct scratch *scratch, size_t tile, real *response) {
  const struct rows a = rows_of_tile(fft, response, tile, 0);
  const struct rows b = rows_of_tile(fft, response, tile, 1);
  SHARED_LOOP(size_t y = 0; y < a.count; ++y) {
    rst_transform_execute(fft->row_backward, fft->kept + 2 * y * fft->stride, scratch->line);
    separate(a.length, scratch->line, response + (a.first - response) + y * a.step);
    if (y < b.count) {
      separate(b.length, scratch->line + 1, response + (b.first - response) + y * b.step);
    }
  }
}

/* By every thread of a team. */
static void apply_in_team(struct fft *fft, const real *kernel, real *response) {
  const struct scratch scratch = scratch_of_thread(fft);
  transform_kernel(fft, &scratch, kernel);
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    multiply_tile(fft, &scratch, tile);
    store_tile(fft, &scratch, tile, response);
  }
}

/* product = the sum of conj(d^) J^ over the tiles up to this one, whose weights are `given`. */
static void add_tile(struct fft *fft, const struct scratch *scratch, size_t tile) {
  const size_t count = BLOCK * fft->tiling.height;
  SHARED_LOOP(size_t x = 0; x < fft->columns; x += BLOCK) {
    rst_transform_execute(fft->columns_forward, fft->given + 2 * x, scratch->columns);
    for (size_t q = 0; q < fft->tiling.phases; ++q) {
      multiply(tile == 0, count, scratch->columns, spectrum_at(fft, tile, q, x), product_at(fft, q, x));
    }
  }
}

/* The rows of the gradient that are phase q. */
static void store_gradient(struct fft *fft, const struct scratch *scratch, size_t q, real *gradient) {
  const size_t kx = fft->shape.kx;
  const size_t phases = fft->tiling.phases;
  SHARED_LOOP(size_t x = 0; x < fft->columns; x += BLOCK) {
    rst_transform_execute(fft->columns_backward, product_at(fft, q, x), fft->kept + 2 * x);
  }
  SHARED_LOOP(size_t y = q; y < fft->shape.ky; y += phases) {
    rst_transform_execute(fft->row_backward, fft->kept + 2 * (y / phases) * fft->stride, scratch->line);
    separate(kx, scratch->line, gradient + y * kx);
  }
}

static void adjoint_in_team(struct fft *fft, const real *weights, real *gradient) {
  const struct scratch scratch = scratch_of_thread(fft);
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    transform_rows(fft, &scratch, rows_of_tile(fft, weights, tile, 0), rows_of_tile(fft, weights, tile, 1));
    add_tile(fft, &scratch, tile);
  }
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    store_gradient(fft, &scratch, q, gradient);
  }
}

#ifdef _OPENMP
/* Images in several threads leave none for rows and columns. */
static int team(const struct fft *fft) {
  return omp_in_parallel() ? 1 : fft->threads;
}
#endif

static void apply(void *state, const void *kernel, void *response) {
#ifdef _OPENMP
#pragma omp parallel num_threads(team(state))
#endif
  apply_in_team(state, kernel, response);
}

static void adjoint(void *state, const void *weights, void *kernel) {
#ifdef _OPENMP
#pragma omp parallel num_threads(team(state))
#endif
  adjoint_in_team(state, weights, kernel);
}

static void destroy(void *state) {
  struct fft *fft = state;
  rst_transform_destroy(&fft->row_forward);
  rst_transform_destroy(&fft->row_backward);
  rst_transform_destroy(&fft->columns_forward);
  rst_transform_destroy(&fft->columns_backward);
  free(fft->given);
  free(fft->kept);
  free(fft->product);
  free(fft->spectrum);
  free(fft->scratch);
  free(fft);
}

static enum rst_status plan(struct rst_context *context, struct fft *fft) {
  struct rst_transform_layout row = {.kind = RST_TRANSFORM_FORWARD,
                                     .precision = RST_REAL_PRECISION,
                                     .n = fft->tiling.width,
                                     .batch = 1,
                                     .input_stride = 1,
                                     .output_stride = 1};
  RST_TRY(rst_transform_create(context, &row, &fft->row_forward));
  row.kind = RST_TRANSFORM_BACKWARD;
  RST_TRY(rst_transform_create(context, &row, &fft->row_backward));
  const struct rst_transform_layout gather = {.kind = RST_TRANSFORM_FORWARD,
                                              .precision = RST_REAL_PRECISION,
                                              .n = fft->tiling.height,
                                              .batch = BLOCK,
                                              .input_stride = fft->stride,
                                              .input_distance = 1,
                                              .output_stride = 1,
                                              .output_distance = fft->tiling.height};
  RST_TRY(rst_transform_create(context, &gather, &fft->columns_forward));
  const struct rst_transform_layout scatter = {.kind = RST_TRANSFORM_BACKWARD,
                                               .precision = RST_REAL_PRECISION,
                                               .n = fft->tiling.height,
                                               .batch = BLOCK,
                                               .input_stride = 1,
                                               .input_distance = fft->tiling.height,
                                               .output_stride = fft->stride,
                                               .output_distance = 1};
  return rst_transform_create(context, &scatter, &fft->columns_backward);
}

static enum rst_status allocate(struct rst_context *context, struct fft *fft) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t spectrum = tiling->phases * fft->columns * tiling->height;
  const struct {
    real **array;
    size_t count;
  } arrays[] = {
      {&fft->given, tiling->height * fft->stride},
      {&fft->kept, tiling->height * fft->stride},
      {&fft->product, spectrum},
      {&fft->spectrum, spectrum * tiling->tiles},
      {&fft->scratch, (size_t)fft->threads * scratch_length(fft)},
  };
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) {
    void *memory = NULL;
    RST_TRY(rst_allocate(context, arrays[i].count, 2 * sizeof(real), &memory));
    *arrays[i].array = memory;
  }
  return RST_OK;
}

/* given = the rows of a tile of the image, continued periodically, for phase q of the kernel, transformed along x. */
static void transform_image(struct fft *fft, const real *image, size_t tile, size_t q) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const struct rst_correlation_shape *shape = &fft->shape;
  const size_t reach = least(shape->mx + shape->kx - 1, tiling->width);
  real *line = fft->scratch;
  memset(line, 0, 2 * tiling->width * sizeof(real));
  for (size_t y = 0; y < tiling->height; ++y) {
    const size_t first = 2 * tile * tiling->share + tiling->phases * y + q;
    const real *a = image + first % shape->ny * shape->nx;
    const real *b = image + (first + tiling->offset) % shape->ny * shape->nx;
    for (size_t x = 0; x < reach; ++x) {
      line[2 * x] = a[x % shape->nx];
      line[2 * x + 1] = b[x % shape->nx];
    }
    rst_transform_execute(fft->row_forward, line, fft->given + 2 * y * fft->stride);
  }
}

static void store_spectrum(struct fft *fft, const real *image) {
  const size_t height = fft->tiling.height;
  const real points = (real)fft->tiling.width * (real)height;
  for (size_t i = 0; i < fft->tiling.tiles * fft->tiling.phases; ++i) {
    const size_t tile = i / fft->tiling.phases;
    const size_t q = i % fft->tiling.phases;
    transform_image(fft, image, tile, q);
    for (size_t x = 0; x < fft->columns; x += BLOCK) {
      rst_transform_execute(fft->columns_forward, fft->given + 2 * x, spectrum_at(fft, tile, q, x));
    }
    real *spectrum = spectrum_at(fft, tile, q, 0);
    for (size_t j = 0; j < 2 * fft->columns * height; ++j) {
      spectrum[j] /= points;
    }
  }
  memset(fft->given, 0, 2 * height * fft->stride * sizeof(real));
}

static double cost(const struct rst_correlation_shape *shape) {
  double nanoseconds = 0.0;
  (void)RST_REAL(rst_fft_tiling)(shape, &nanoseconds);
  return nanoseconds;
}

static enum rst_status create(struct rst_context *context, const struct rst_correlation_shape *shape,
                              const void *image, double budget, void **state) {
  (void)budget;
  void *memory = NULL;
  double nanoseconds = 0.0;
  RST_TRY(rst_allocate(context, 1, sizeof(struct fft), &memory));
  struct fft *fft = memory;
  fft->shape = *shape;
  fft->tiling = RST_REAL(rst_fft_tiling)(shape, &nanoseconds);
  fft->columns = round_up(fft->tiling.width, BLOCK);
  fft->stride = fft->columns + LINE;
  const size_t kernel_rows = (shape->ky - 1) / fft->tiling.phases + 1;
  fft->depth = kernel_rows > fft->tiling.share ? kernel_rows : fft->tiling.share;
  fft->threads = rst_context_threads(context);
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
