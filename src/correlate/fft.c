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
 * The kernel being real, K^(width-x, -y) = conj K^(x, y), and half of the columns are enough. The others of image, response and weights
 * are mirrored: they are transformed along y with the opposite sign, which lays them down at -y, where they meet the numbers of the
 * kernel in their order,
 *
 *     (c_1 + i c_2)^(width-x, -y) = K^(x, y) J^(width-x, -y).
 *
 * The gradient is the real part of what half of the columns give, G^(x, y), to which the conjugates of the mirrored ones are added:
 *
 *     G^(x, y) = sum over tiles of conj(d^(x, y)) J^(x, y) + d^(width-x, -y) conj(J^(width-x, -y)),        d = d_1 + i d_2.
 *
 * Transforms along x are of two rows of the kernel, or of the gradient, at a time; here they must be separated.
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
#include "correlate/fft_lines.h"
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
  size_t half;    /* columns of the kernel: 0 to width/2, rounded up to blocks; the others are mirrored */
  size_t stride;  /* complex numbers from row to row; an odd number of cache lines */
  size_t depth;   /* rows of `given` that are ever other than zero */
  int threads;
  struct rst_transform *row_forward, *row_backward;
  struct rst_transform *gather[2], *scatter[2]; /* of columns, out of rows and back; [1]: of mirrored ones */
  real *given;    /* complex [height][stride], rows before the transform of columns */
  real *kept;     /* complex [height][stride], rows after it */
  real *product;  /* complex [phases][half][height]: 2 K^, or G^ / 2 */
  real *spectrum; /* complex [tiles][phases][columns][height]: J^ / (2 width height) */
  real *scratch;  /* complex [threads], the arrays of each worker */
};

static size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t most(size_t a, size_t b) {
  return a > b ? a : b;
}

/* One thread of a team, and its work space. */
struct worker {
  size_t index, team;
  real *line;    /* complex [width] */
  real *joint;   /* complex [width + 1] */
  real *columns; /* complex [BLOCK][height] */
};

static size_t scratch_length(const struct rst_fft_tiling *tiling) {
  return round_up(tiling->width, LINE) + round_up(tiling->width + 1, LINE) +
         round_up(BLOCK * tiling->height, LINE);
}

static struct worker make_worker(const struct fft *fft, int index, int team) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  real *line = fft->scratch + 2 * (size_t)index * scratch_length(tiling);
  real *joint = line + 2 * round_up(tiling->width, LINE);
  return (struct worker){.index = (size_t)index,
                         .team = (size_t)team,
                         .line = line,
                         .joint = joint,
                         .columns = joint + 2 * round_up(tiling->width + 1, LINE)};
}

struct range {
  size_t begin, end;
};

/* The worker's part of `count` rows or columns, which are shared out by units of so many. */
static struct range part_of(const struct worker *worker, size_t count, size_t unit) {
  const size_t units = count / unit;
  return (struct range){.begin = unit * (units * worker->index / worker->team),
                        .end = unit * (units * (worker->index + 1) / worker->team)};
}

/* Wait until the whole team is here. */
static void meet(const struct worker *worker) {
#ifdef _OPENMP
  if (worker->team > 1) {
#pragma omp barrier
  }
#else
  (void)worker;
#endif
}

/* Some rows of an array: `count` of them, each `step` numbers after the one before. */
struct rows {
  const real *first;
  size_t count, length, step;
};

/* Rows first, first + step, ... of an array of ny x nx, at most `limit`. */
static struct rows take_rows(const real *array, size_t ny, size_t nx, size_t first, size_t step,
                             size_t limit) {
  if (first >= ny) {
    return (struct rows){0};
  }
  return (struct rows){.first = array + first * nx,
                       .count = least((ny - first - 1) / step + 1, limit),
                       .length = nx,
                       .step = step * nx};
}

/* Those of an array in the shape of the response that are a tile's real part, or its imaginary one. */
static struct rows rows_of_tile(const struct fft *fft, const real *response, size_t tile, size_t part) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t first = 2 * tile * tiling->share + part * tiling->offset;
  return take_rows(response, fft->shape.my, fft->shape.mx, first, tiling->phases, tiling->share);
}

/* The first `count` numbers of rows y and further below of `given` are 0. */
static void clear_rows(struct fft *fft, const struct worker *worker, size_t y, size_t count) {
  const struct range rows = part_of(worker, fft->depth - y, 1);
  for (size_t i = rows.begin; i < rows.end; ++i) {
    memset(fft->given + 2 * (y + i) * fft->stride, 0, 2 * count * sizeof(real));
  }
}

/* given = a + i b, continued by zeros, transformed along x. */
static void transform_rows(struct fft *fft, const struct worker *worker, struct rows a, struct rows b) {
  const size_t width = fft->tiling.width;
  const struct range rows = part_of(worker, a.count, 1);
  for (size_t y = rows.begin; y < rows.end; ++y) {
    RST_REAL(rst_fft_join)
    (a.length, a.first + y * a.step, y < b.count ? b.first + y * b.step : NULL, width, worker->line);
    rst_transform_execute(fft->row_forward, worker->line, fft->given + 2 * y * fft->stride);
  }
  clear_rows(fft, worker, a.count, width);
  meet(worker);
}

static bool is_mirrored(const struct fft *fft, size_t x) {
  return x >= fft->half;
}

/* to = the block of columns of `given` that begins with x, transformed. */
static void gather(const struct fft *fft, size_t x, real *to) {
  rst_transform_execute(fft->gather[is_mirrored(fft, x)], fft->given + 2 * x, to);
}

/* The block of columns of `kept` that begins with x = columns, transformed back. */
static void scatter(const struct fft *fft, size_t x, real *columns) {
  rst_transform_execute(fft->scatter[is_mirrored(fft, x)], columns, fft->kept + 2 * x);
}

static void multiply(enum rst_fft_product product, size_t count, const real *z, const real *w, real *to) {
  RST_REAL(rst_fft_multiply)(product, count, z, w, to);
}

/* Column x of phase q of the product. */
static real *product_at(const struct fft *fft, size_t q, size_t x) {
  return fft->product + 2 * (q * fft->half + x) * fft->tiling.height;
}

static real *spectrum_at(const struct fft *fft, size_t tile, size_t q, size_t x) {
  return fft->spectrum + 2 * ((tile * fft->tiling.phases + q) * fft->columns + x) * fft->tiling.height;
}

/* given = 2 times the rows of phase q of the kernel, transformed along x. */
static void transform_kernel_rows(struct fft *fft, const struct worker *worker, const real *kernel,
                                  size_t q) {
  const struct rst_correlation_shape *shape = &fft->shape;
  const size_t width = fft->tiling.width;
  const size_t phases = fft->tiling.phases;
  const size_t count = least(fft->half, width);
  const struct rows a = take_rows(kernel, shape->ky, shape->kx, q, 2 * phases, shape->ky);
  const struct rows b = take_rows(kernel, shape->ky, shape->kx, q + phases, 2 * phases, shape->ky);
  const struct range pairs = part_of(worker, a.count, 1);
  for (size_t pair = pairs.begin; pair < pairs.end; ++pair) {
    const bool single = pair >= b.count;
    real *row = fft->given + 4 * pair * fft->stride;
    RST_REAL(rst_fft_join)
    (a.length, a.first + pair * a.step, single ? NULL : b.first + pair * b.step, width, worker->line);
    rst_transform_execute(fft->row_forward, worker->line, worker->joint);
    RST_REAL(rst_fft_separate_spectra)
    (count, width, worker->joint, row, single ? worker->line : row + 2 * fft->stride);
  }
  clear_rows(fft, worker, a.count + b.count, count);
  meet(worker);
}

static void transform_kernel(struct fft *fft, const struct worker *worker, const real *kernel) {
  const struct range columns = part_of(worker, fft->half, BLOCK);
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    transform_kernel_rows(fft, worker, kernel, q);
    for (size_t x = columns.begin; x < columns.end; x += BLOCK) {
      gather(fft, x, product_at(fft, q, x));
    }
    meet(worker);
  }
}

/* columns = phase q of the tile's response, added to those before, for the block that begins with x. Whatever is beyond the width ends up
 * where nobody reads. */
static void multiply_block(const struct fft *fft, size_t tile, size_t q, size_t x, real *columns) {
  const size_t height = fft->tiling.height;
  const size_t width = fft->tiling.width;
  const real *spectrum = spectrum_at(fft, tile, q, x);
  if (!is_mirrored(fft, x)) {
    multiply(q == 0 ? RST_FFT_CONJUGATE_PRODUCT : RST_FFT_ADD_CONJUGATE_PRODUCT, BLOCK * height,
             product_at(fft, q, x), spectrum, columns);
    return;
  }
  for (size_t i = 0; i < least(BLOCK, width - x); ++i) {
    multiply(q == 0 ? RST_FFT_PRODUCT : RST_FFT_ADD_PRODUCT, height, product_at(fft, q, width - x - i),
             spectrum + 2 * i * height, columns + 2 * i * height);
  }
}

/* kept = the tile's rows of the response, before the transform back along x. */
static void multiply_tile(struct fft *fft, const struct worker *worker, size_t tile) {
  const struct range columns = part_of(worker, fft->columns, BLOCK);
  for (size_t x = columns.begin; x < columns.end; x += BLOCK) {
    for (size_t q = 0; q < fft->tiling.phases; ++q) {
      multiply_block(fft, tile, q, x, worker->columns);
    }
    scatter(fft, x, worker->columns);
  }
  meet(worker);
}

static void store_tile(struct fft *fft, const struct worker *worker, size_t tile, real *response) {
  const struct rows a = rows_of_tile(fft, response, tile, 0);
  const struct rows b = rows_of_tile(fft, response, tile, 1);
  const struct range rows = part_of(worker, a.count, 1);
  for (size_t y = rows.begin; y < rows.end; ++y) {
    rst_transform_execute(fft->row_backward, fft->kept + 2 * y * fft->stride, worker->line);
    RST_REAL(rst_fft_separate)(a.length, worker->line, response + (a.first - response) + y * a.step);
    if (y < b.count) {
      RST_REAL(rst_fft_separate)(b.length, worker->line + 1, response + (b.first - response) + y * b.step);
    }
  }
  meet(worker);
}

static void apply_in_team(struct fft *fft, const struct worker *worker, const real *kernel, real *response) {
  transform_kernel(fft, worker, kernel);
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    multiply_tile(fft, worker, tile);
    store_tile(fft, worker, tile, response);
  }
}

/* A block of columns of the product: the sum of the tiles up to this one, whose weights are `given`. */
static void add_block(const struct fft *fft, const struct worker *worker, size_t tile, size_t x) {
  gather(fft, x, worker->columns);
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    multiply(tile == 0 ? RST_FFT_CONJUGATE_PRODUCT : RST_FFT_ADD_CONJUGATE_PRODUCT,
             BLOCK * fft->tiling.height, worker->columns, spectrum_at(fft, tile, q, x),
             product_at(fft, q, x));
  }
}

/* The same for those of some mirrored columns that are in the block of x, and the columns of the product that they belong to. */
static void add_mirrored_block(const struct fft *fft, const struct worker *worker, size_t tile, size_t x,
                               struct range mirrored) {
  const size_t height = fft->tiling.height;
  gather(fft, x, worker->columns);
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    for (size_t column = most(x, mirrored.begin); column < least(x + BLOCK, mirrored.end); ++column) {
      multiply(RST_FFT_ADD_CONJUGATE_PRODUCT, height, spectrum_at(fft, tile, q, column),
               worker->columns + 2 * (column - x) * height, product_at(fft, q, fft->tiling.width - column));
    }
  }
}

/* A worker adds to its columns of the product what the mirrored ones give as well, and waits for nobody in between. Their blocks lie
 * askew: two workers may transform the same one. */
static void add_tile(const struct fft *fft, const struct worker *worker, size_t tile) {
  const size_t width = fft->tiling.width;
  const struct range columns = part_of(worker, fft->half, BLOCK);
  const struct range mirrored = {.begin = width + 1 > fft->half + columns.end ? width + 1 - columns.end
                                                                              : fft->half,
                                 .end = columns.begin == 0 ? width : width + 1 - least(columns.begin, width)};
  for (size_t x = columns.begin; x < columns.end; x += BLOCK) {
    add_block(fft, worker, tile, x);
  }
  for (size_t x = mirrored.begin / BLOCK * BLOCK; x < mirrored.end; x += BLOCK) {
    add_mirrored_block(fft, worker, tile, x, mirrored);
  }
  meet(worker);
}

/* The rows of the gradient that are phase q. */
static void store_gradient(struct fft *fft, const struct worker *worker, size_t q, real *gradient) {
  const size_t kx = fft->shape.kx;
  const size_t ky = fft->shape.ky;
  const size_t phases = fft->tiling.phases;
  const size_t width = fft->tiling.width;
  const struct range columns = part_of(worker, fft->half, BLOCK);
  for (size_t x = columns.begin; x < columns.end; x += BLOCK) {
    scatter(fft, x, product_at(fft, q, x));
  }
  meet(worker);
  const struct range pairs = part_of(worker, (ky + 2 * phases - 1 - q) / (2 * phases), 1);
  for (size_t i = pairs.begin; i < pairs.end; ++i) {
    const size_t y = q + 2 * i * phases;
    const bool single = y + phases >= ky;
    const real *row = fft->kept + 2 * (y / phases) * fft->stride;
    RST_REAL(rst_fft_join_spectra)
    (least(fft->half, width), width, row, single ? row : row + 2 * fft->stride, worker->joint);
    rst_transform_execute(fft->row_backward, worker->joint, worker->line);
    RST_REAL(rst_fft_separate)(kx, worker->line, gradient + y * kx);
    if (!single) {
      RST_REAL(rst_fft_separate)(kx, worker->line + 1, gradient + (y + phases) * kx);
    }
  }
  meet(worker);
}

static void adjoint_in_team(struct fft *fft, const struct worker *worker, const real *weights,
                            real *gradient) {
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    transform_rows(fft, worker, rows_of_tile(fft, weights, tile, 0), rows_of_tile(fft, weights, tile, 1));
    add_tile(fft, worker, tile);
  }
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    store_gradient(fft, worker, q, gradient);
  }
}

typedef void task(struct fft *fft, const struct worker *worker, const real *from, real *to);

/* In a team of threads, but alone where images in several threads leave none for rows and columns. */
static void run(struct fft *fft, task *work, const real *from, real *to) {
#ifdef _OPENMP
  /* Asked here, since even in a team of one each barrier is a call of the system. */
  if (fft->threads > 1 && !omp_in_parallel()) {
#pragma omp parallel num_threads(fft->threads)
    {
      const struct worker worker = make_worker(fft, omp_get_thread_num(), omp_get_num_threads());
      work(fft, &worker, from, to);
    }
    return;
  }
#endif
  const struct worker alone = make_worker(fft, 0, 1);
  work(fft, &alone, from, to);
}

static void apply(void *state, const void *kernel, void *response) {
  run(state, apply_in_team, kernel, response);
}

static void adjoint(void *state, const void *weights, void *kernel) {
  run(state, adjoint_in_team, weights, kernel);
}

static void destroy(void *state) {
  struct fft *fft = state;
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
  free(fft->scratch);
  free(fft);
}

static enum rst_status plan_row(struct rst_context *context, const struct fft *fft,
                                enum rst_transform_kind kind, struct rst_transform **transform) {
  const struct rst_transform_layout layout = {.kind = kind,
                                              .precision = RST_REAL_PRECISION,
                                              .n = fft->tiling.width,
                                              .batch = 1,
                                              .input_stride = 1,
                                              .output_stride = 1};
  return rst_transform_create(context, &layout, transform);
}

static enum rst_status plan_columns(struct rst_context *context, struct fft *fft, bool mirrored) {
  const struct rst_transform_layout gather_layout = {.kind = mirrored ? RST_TRANSFORM_BACKWARD
                                                                      : RST_TRANSFORM_FORWARD,
                                                     .precision = RST_REAL_PRECISION,
                                                     .n = fft->tiling.height,
                                                     .batch = BLOCK,
                                                     .input_stride = fft->stride,
                                                     .input_distance = 1,
                                                     .output_stride = 1,
                                                     .output_distance = fft->tiling.height};
  const struct rst_transform_layout scatter_layout = {.kind = mirrored ? RST_TRANSFORM_FORWARD
                                                                       : RST_TRANSFORM_BACKWARD,
                                                      .precision = RST_REAL_PRECISION,
                                                      .n = fft->tiling.height,
                                                      .batch = BLOCK,
                                                      .input_stride = 1,
                                                      .input_distance = fft->tiling.height,
                                                      .output_stride = fft->stride,
                                                      .output_distance = 1};
  RST_TRY(rst_transform_create(context, &gather_layout, &fft->gather[mirrored]));
  return rst_transform_create(context, &scatter_layout, &fft->scatter[mirrored]);
}

static enum rst_status plan(struct rst_context *context, struct fft *fft) {
  RST_TRY(plan_row(context, fft, RST_TRANSFORM_FORWARD, &fft->row_forward));
  RST_TRY(plan_row(context, fft, RST_TRANSFORM_BACKWARD, &fft->row_backward));
  RST_TRY(plan_columns(context, fft, false));
  return plan_columns(context, fft, true);
}

static enum rst_status allocate(struct rst_context *context, struct fft *fft) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t column_length = tiling->phases * tiling->height;
  const struct {
    real **array;
    size_t count;
  } arrays[] = {
      {&fft->given, tiling->height * fft->stride},
      {&fft->kept, tiling->height * fft->stride},
      {&fft->product, column_length * fft->half},
      {&fft->spectrum, column_length * fft->columns * tiling->tiles},
      {&fft->scratch, (size_t)fft->threads * scratch_length(tiling)},
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
  const real points = 2 * (real)fft->tiling.width * (real)height;
  for (size_t i = 0; i < fft->tiling.tiles * fft->tiling.phases; ++i) {
    const size_t tile = i / fft->tiling.phases;
    const size_t q = i % fft->tiling.phases;
    transform_image(fft, image, tile, q);
    for (size_t x = 0; x < fft->columns; x += BLOCK) {
      gather(fft, x, spectrum_at(fft, tile, q, x));
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
  fft->half = round_up(fft->tiling.width / 2 + 1, BLOCK);
  fft->stride = fft->columns + LINE;
  const size_t kernel_rows = (shape->ky - 1) / fft->tiling.phases + 1;
  fft->depth = most(kernel_rows, fft->tiling.share);
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
