/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation by the discrete Fourier transform (^) on a grid of tiles that need no padding: a circular correlation wraps only where
 * the kernel reaches over the edge, and no such position is kept, or the image is periodic along x.
 *
 *     c^ = conj(K^) I^        and        g^ = conj(d^) I^.
 *
 * The rows of the response are shared out among tiles (overlap-save; fft_tiling.h), whose columns are so short that each is a single
 * one of FFTW's codelets. Two rows of the response, or of the weights, make a complex one, c_1 + i c_2. With A the rows of the image
 * that begin where those of c_1 begin, and B those of c_2,
 *
 *     c_1^ = conj(K^) A^        and        c_2^ = conj(K^) B^.
 *
 * Where rows 1 and 2 are even and odd ones, K is the sum of two kernels, K_0 of its even rows and K_1 of its odd ones, and
 *
 *     c_1^ = conj(K_0^) A^ + conj(K_1^) B^,     c_2^ = conj(K_0^) B^ + conj(K_1^) s A^,
 *
 * where s(y) = exp(2 pi i y/height) moves A by a row; the row that comes round is met nowhere.
 *
 * All these arrays are real, f^(width-x, -y) = conj f^(x, y), and half of the columns of A, B and K are enough. The others of the
 * response and of the weights are mirrored: they are transformed along y with the opposite sign, which lays them down at -y, beside
 * their images:
 *
 *     (c_1 + i c_2)^(x, y) = c_1^ + i c_2^,     (c_1 + i c_2)^(width-x, -y) = conj(c_1^) + i conj(c_2^).
 *
 * So are the weights, d = d_1 + i d_2, with m^(x, y) = d^(width-x, -y). The gradient is a sum over the tiles,
 *
 *     2 g_0^ = u A^ + v B^,     2 g_1^ = u B^ + v s A^,     u = conj(d^) + m^ = 2 conj(d_1^),     v = i (conj(d^) - m^) = 2 conj(d_2^).
 *
 * Columns whose images are not among the mirrored ones, such as column 0, which is its own, take m^ = 0: they give what they contribute
 * by themselves to a complex gradient, whose real part is taken in the end.
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
#include "core/sizes.h"
#include "correlate/correlation_type.h"
#include "correlate/fft_state.h"

/* One thread of a team, and its work space. */
struct worker {
  size_t index, team;
  real *line;     /* complex [width] */
  real *joint;    /* complex [width + 1] */
  real *columns;  /* complex [RST_FFT_BLOCK][height] */
  real *mirrored; /* the same, of mirrored columns */
  real *spare;    /* complex [height], a column that nobody needs */
};

static struct worker make_worker(const struct rst_fft *fft, int index, int team) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t block = 2 * RST_FFT_BLOCK * tiling->height;
  real *line = fft->scratch + 2 * (size_t)index * rst_fft_scratch_length(tiling);
  real *joint = line + 2 * rst_round_up(tiling->width, RST_FFT_LINE);
  real *columns = joint + 2 * rst_round_up(tiling->width + 1, RST_FFT_LINE);
  return (struct worker){.index = (size_t)index,
                         .team = (size_t)team,
                         .line = line,
                         .joint = joint,
                         .columns = columns,
                         .mirrored = columns + block,
                         .spare = columns + 2 * block};
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
                       .count = rst_least((ny - first - 1) / step + 1, limit),
                       .length = nx,
                       .step = step * nx};
}

/* Those of an array in the shape of the response that are a tile's real part, or its imaginary one. */
static struct rows rows_of_tile(const struct rst_fft *fft, const real *response, size_t tile, size_t part) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t first = 2 * tile * tiling->share + part * tiling->offset;
  return take_rows(response, fft->shape.my, fft->shape.mx, first, tiling->phases, tiling->share);
}

/* The first `count` numbers of rows y and further below of `given` are 0. */
static void clear_rows(struct rst_fft *fft, const struct worker *worker, size_t y, size_t count) {
  const struct range rows = part_of(worker, fft->depth - y, 1);
  for (size_t i = rows.begin; i < rows.end; ++i) {
    memset(fft->given + 2 * (y + i) * fft->stride, 0, 2 * count * sizeof(real));
  }
}

/* given = a + i b, continued by zeros, transformed along x. */
static void transform_rows(struct rst_fft *fft, const struct worker *worker, struct rows a, struct rows b) {
  const size_t width = fft->tiling.width;
  const struct range rows = part_of(worker, a.count, 1);
  for (size_t y = rows.begin; y < rows.end; ++y) {
    fft->loops->join(a.length, a.first + y * a.step, y < b.count ? b.first + y * b.step : NULL, width,
                     worker->line);
    rst_transform_execute(fft->row_forward, worker->line, fft->given + 2 * y * fft->stride);
  }
  clear_rows(fft, worker, a.count, width);
  meet(worker);
}

/* The block of columns of `kept` that begins with x = columns, transformed back. */
static void scatter(const struct rst_fft *fft, size_t x, real *columns) {
  rst_transform_execute(fft->scatter[rst_fft_is_mirrored(fft, x)], columns, fft->kept + 2 * x);
}

/* Column x of phase q of the product. */
static real *product_at(const struct rst_fft *fft, size_t q, size_t x) {
  return fft->product + 2 * (q * fft->half + x) * fft->tiling.height;
}

/* given = 2 times the rows of phase q of the kernel, transformed along x. */
static void transform_kernel_rows(struct rst_fft *fft, const struct worker *worker, const real *kernel,
                                  size_t q) {
  const struct rst_correlation_shape *shape = &fft->shape;
  const size_t width = fft->tiling.width;
  const size_t phases = fft->tiling.phases;
  const size_t count = rst_least(fft->half, width);
  const struct rows a = take_rows(kernel, shape->ky, shape->kx, q, 2 * phases, shape->ky);
  const struct rows b = take_rows(kernel, shape->ky, shape->kx, q + phases, 2 * phases, shape->ky);
  const struct range pairs = part_of(worker, a.count, 1);
  for (size_t pair = pairs.begin; pair < pairs.end; ++pair) {
    const bool single = pair >= b.count;
    real *row = fft->given + 4 * pair * fft->stride;
    fft->loops->join(a.length, a.first + pair * a.step, single ? NULL : b.first + pair * b.step, width,
                     worker->line);
    rst_transform_execute(fft->row_forward, worker->line, worker->joint);
    fft->loops->separate_spectra(count, width, worker->joint, row,
                                 single ? worker->line : row + 2 * fft->stride);
  }
  clear_rows(fft, worker, a.count + b.count, count);
  meet(worker);
}

static void transform_kernel(struct rst_fft *fft, const struct worker *worker, const real *kernel) {
  const struct range columns = part_of(worker, fft->half, RST_FFT_BLOCK);
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    transform_kernel_rows(fft, worker, kernel, q);
    for (size_t x = columns.begin; x < columns.end; x += RST_FFT_BLOCK) {
      rst_fft_gather(fft, x, product_at(fft, q, x));
    }
    meet(worker);
  }
}

/* The block of columns that x is in begins there. */
static size_t block_of(size_t x) {
  return x / RST_FFT_BLOCK * RST_FFT_BLOCK;
}

/* Column x within its block. */
static real *column_in(const struct rst_fft *fft, real *block, size_t x) {
  return block + 2 * (x % RST_FFT_BLOCK) * fft->tiling.height;
}

/* The one of the mirrored columns that is the image of column x, 0 if none is. */
static size_t mirror_image(const struct rst_fft *fft, size_t x) {
  const size_t width = fft->tiling.width;
  return x > 0 && x < width && rst_fft_is_mirrored(fft, width - x) ? width - x : 0;
}

static struct rst_fft_column image_column(const struct rst_fft *fft, size_t tile, size_t x) {
  return (struct rst_fft_column){.height = fft->tiling.height,
                                 .phases = fft->tiling.phases,
                                 .a = rst_fft_spectrum_at(fft, tile, 0, x),
                                 .b = rst_fft_spectrum_at(fft, tile, 1, x),
                                 .shift = fft->shift};
}

/* The first column to begin with, so that the block of mirrored columns that the first one of a range belongs to is complete. */
static size_t complete_from(const struct rst_fft *fft, size_t begin) {
  const size_t image = mirror_image(fft, begin);
  const size_t last = rst_least(block_of(image) + RST_FFT_BLOCK, fft->tiling.width) - 1;
  return image > 0 ? fft->tiling.width - last : begin;
}

/* kept = the tile's rows of the response, before the transform back along x. A worker transforms its blocks of columns, and those
 * mirrored ones whose first column is an image of these. Whatever is beyond the width ends up where nobody reads. */
static void multiply_tile(struct rst_fft *fft, const struct worker *worker, size_t tile) {
  const struct range columns = part_of(worker, fft->half, RST_FFT_BLOCK);
  for (size_t x = complete_from(fft, columns.begin); x < columns.end; ++x) {
    const struct rst_fft_column column = image_column(fft, tile, x);
    const void *const kernel[] = {product_at(fft, 0, x), product_at(fft, fft->tiling.phases - 1, x)};
    const size_t image = mirror_image(fft, x);
    const bool is_own = x >= columns.begin;
    real *response = is_own ? column_in(fft, worker->columns, x) : worker->spare;
    real *mirrored = image > 0 ? column_in(fft, worker->mirrored, image) : worker->spare;
    fft->loops->apply(&column, kernel, response, mirrored);
    if (is_own && block_of(x + 1) == x + 1) {
      scatter(fft, block_of(x), worker->columns);
    }
    if (image > 0 && block_of(image) == image) {
      scatter(fft, image, worker->mirrored);
    }
  }
  meet(worker);
}

static void store_tile(struct rst_fft *fft, const struct worker *worker, size_t tile, real *response) {
  const struct rows a = rows_of_tile(fft, response, tile, 0);
  const struct rows b = rows_of_tile(fft, response, tile, 1);
  const struct range rows = part_of(worker, a.count, 1);
  for (size_t y = rows.begin; y < rows.end; ++y) {
    rst_transform_execute(fft->row_backward, fft->kept + 2 * y * fft->stride, worker->line);
    fft->loops->separate(a.length, worker->line, response + (a.first - response) + y * a.step,
                         y < b.count ? response + (b.first - response) + y * b.step : NULL);
  }
  meet(worker);
}

static void apply_in_team(struct rst_fft *fft, const struct worker *worker, const real *kernel,
                          real *response) {
  transform_kernel(fft, worker, kernel);
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    multiply_tile(fft, worker, tile);
    store_tile(fft, worker, tile, response);
  }
}

/* product = the sum of the tiles up to this one, whose weights are `given`. Blocks of mirrored columns lie askew to the others: two
 * workers may transform the same one. */
static void add_tile(const struct rst_fft *fft, const struct worker *worker, size_t tile) {
  const struct range columns = part_of(worker, fft->half, RST_FFT_BLOCK);
  size_t gathered = 0; /* block of mirrored columns */
  for (size_t x = columns.begin; x < columns.end; ++x) {
    const struct rst_fft_column column = image_column(fft, tile, x);
    void *const gradient[] = {product_at(fft, 0, x), product_at(fft, fft->tiling.phases - 1, x)};
    const size_t image = mirror_image(fft, x);
    if (block_of(x) == x) {
      rst_fft_gather(fft, x, worker->columns);
    }
    if (image > 0 && block_of(image) != gathered) {
      gathered = block_of(image);
      rst_fft_gather(fft, gathered, worker->mirrored);
    }
    const real *weights = column_in(fft, worker->columns, x);
    const real *mirrored = image > 0 ? column_in(fft, worker->mirrored, image) : fft->nothing;
    fft->loops->adjoint(&column, tile > 0, weights, mirrored, gradient);
  }
  meet(worker);
}

/* The rows of the gradient that are phase q. */
static void store_gradient(struct rst_fft *fft, const struct worker *worker, size_t q, real *gradient) {
  const size_t kx = fft->shape.kx;
  const size_t ky = fft->shape.ky;
  const size_t phases = fft->tiling.phases;
  const size_t width = fft->tiling.width;
  const struct range columns = part_of(worker, fft->half, RST_FFT_BLOCK);
  for (size_t x = columns.begin; x < columns.end; x += RST_FFT_BLOCK) {
    scatter(fft, x, product_at(fft, q, x));
  }
  meet(worker);
  const struct range pairs = part_of(worker, (ky + 2 * phases - 1 - q) / (2 * phases), 1);
  for (size_t i = pairs.begin; i < pairs.end; ++i) {
    const size_t y = q + 2 * i * phases;
    const bool single = y + phases >= ky;
    const real *row = fft->kept + 2 * (y / phases) * fft->stride;
    fft->loops->join_spectra(rst_least(fft->half, width), width, row, single ? row : row + 2 * fft->stride,
                             worker->joint);
    rst_transform_execute(fft->row_backward, worker->joint, worker->line);
    fft->loops->separate(kx, worker->line, gradient + y * kx, single ? NULL : gradient + (y + phases) * kx);
  }
  meet(worker);
}

static void adjoint_in_team(struct rst_fft *fft, const struct worker *worker, const real *weights,
                            real *gradient) {
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    transform_rows(fft, worker, rows_of_tile(fft, weights, tile, 0), rows_of_tile(fft, weights, tile, 1));
    add_tile(fft, worker, tile);
  }
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    store_gradient(fft, worker, q, gradient);
  }
}

typedef void task(struct rst_fft *fft, const struct worker *worker, const real *from, real *to);

/* In a team of threads, but alone where images in several threads leave none for rows and columns. */
static void run(struct rst_fft *fft, task *work, const real *from, real *to) {
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

static double cost(const struct rst_correlation_shape *shape) {
  double nanoseconds = 0.0;
  (void)RST_REAL(rst_fft_tiling)(shape, &nanoseconds);
  return nanoseconds;
}

const struct rst_correlation_type RST_REAL(rst_correlation_fft) = {.cost = cost,
                                                                   .create = RST_REAL(rst_fft_create),
                                                                   .apply = apply,
                                                                   .adjoint = adjoint,
                                                                   .destroy = RST_REAL(rst_fft_destroy)};
