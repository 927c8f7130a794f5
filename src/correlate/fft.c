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

#include "core/core.h"
#include "core/real.h"
#include "core/share.h"
#include "core/sizes.h"
#include "correlate/correlation_type.h"
#include "correlate/fft_state.h"

/* A part of a stage, and the work space of the member of the team who does it. */
struct part {
  size_t index, count;
  real *line;     /* complex [width] */
  real *joint;    /* complex [width + 1] */
  real *columns;  /* complex [RST_FFT_BLOCK][height] */
  real *mirrored; /* the same, of mirrored columns */
  real *spare;    /* complex [height], a column that nobody needs */
};

static struct part make_part(const struct rst_fft *fft, size_t index, size_t member) {
  const struct rst_fft_tiling *tiling = &fft->tiling;
  const size_t block = 2 * RST_FFT_BLOCK * tiling->height;
  real *line = fft->scratch + 2 * member * rst_fft_scratch_length(tiling);
  real *joint = line + 2 * rst_round_up(tiling->width, RST_FFT_LINE);
  real *columns = joint + 2 * rst_round_up(tiling->width + 1, RST_FFT_LINE);
  return (struct part){.index = index,
                       .count = fft->team,
                       .line = line,
                       .joint = joint,
                       .columns = columns,
                       .mirrored = columns + block,
                       .spare = columns + 2 * block};
}

/* A stage of apply or adjoint: its parts are done by a team, whose members need nothing of each other before the next one. */
struct stage {
  struct rst_fft *fft;
  void (*task)(const struct stage *stage, const struct part *part);
  size_t which;     /* tile or phase */
  const real *from; /* kernel or weights */
  real *to;         /* response or gradient */
};

static void do_part(void *work, size_t index, size_t member) {
  const struct stage *stage = work;
  const struct part part = make_part(stage->fft, index, member);
  stage->task(stage, &part);
}

static void share(struct stage stage) {
  rst_share(stage.fft->context, stage.fft->team, stage.fft->team, do_part, &stage);
}

struct range {
  size_t begin, end;
};

/* The part's share of `count` rows or columns, which are shared out by units of so many. */
static struct range range_of(const struct part *part, size_t count, size_t unit) {
  const size_t units = count / unit;
  return (struct range){.begin = unit * (units * part->index / part->count),
                        .end = unit * (units * (part->index + 1) / part->count)};
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
static void clear_rows(struct rst_fft *fft, const struct part *part, size_t y, size_t count) {
  const struct range rows = range_of(part, fft->depth - y, 1);
  for (size_t i = rows.begin; i < rows.end; ++i) {
    memset(fft->given + 2 * (y + i) * fft->stride, 0, 2 * count * sizeof(real));
  }
}

/* given = the tile's rows of the weights, a + i b, continued by zeros, transformed along x. */
static void transform_tile(const struct stage *stage, const struct part *part) {
  struct rst_fft *fft = stage->fft;
  const size_t width = fft->tiling.width;
  const struct rows a = rows_of_tile(fft, stage->from, stage->which, 0);
  const struct rows b = rows_of_tile(fft, stage->from, stage->which, 1);
  const struct range rows = range_of(part, a.count, 1);
  for (size_t y = rows.begin; y < rows.end; ++y) {
    fft->loops->join(a.length, a.first + y * a.step, y < b.count ? b.first + y * b.step : NULL, width,
                     part->line);
    rst_transform_execute(fft->row_forward, part->line, fft->given + 2 * y * fft->stride);
  }
  clear_rows(fft, part, a.count, width);
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
static void transform_kernel_rows(const struct stage *stage, const struct part *part) {
  struct rst_fft *fft = stage->fft;
  const size_t q = stage->which;
  const struct rst_correlation_shape *shape = &fft->shape;
  const size_t width = fft->tiling.width;
  const size_t phases = fft->tiling.phases;
  const size_t count = rst_least(fft->half, width);
  const struct rows a = take_rows(stage->from, shape->ky, shape->kx, q, 2 * phases, shape->ky);
  const struct rows b = take_rows(stage->from, shape->ky, shape->kx, q + phases, 2 * phases, shape->ky);
  const struct range pairs = range_of(part, a.count, 1);
  for (size_t pair = pairs.begin; pair < pairs.end; ++pair) {
    const bool single = pair >= b.count;
    real *row = fft->given + 4 * pair * fft->stride;
    fft->loops->join(a.length, a.first + pair * a.step, single ? NULL : b.first + pair * b.step, width,
                     part->line);
    rst_transform_execute(fft->row_forward, part->line, part->joint);
    fft->loops->separate_spectra(count, width, part->joint, row, single ? part->line : row + 2 * fft->stride);
  }
  clear_rows(fft, part, a.count + b.count, count);
}

/* The columns of phase q of the product out of these rows. */
static void transform_kernel_columns(const struct stage *stage, const struct part *part) {
  const struct rst_fft *fft = stage->fft;
  const struct range columns = range_of(part, fft->half, RST_FFT_BLOCK);
  for (size_t x = columns.begin; x < columns.end; x += RST_FFT_BLOCK) {
    rst_fft_gather(fft, x, product_at(fft, stage->which, x));
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

/* kept = the tile's rows of the response, before the transform back along x. A part has its blocks of columns, and those
 * mirrored ones whose first column is an image of these. Whatever is beyond the width ends up where nobody reads. */
static void multiply_tile(const struct stage *stage, const struct part *part) {
  const struct rst_fft *fft = stage->fft;
  const struct range columns = range_of(part, fft->half, RST_FFT_BLOCK);
  for (size_t x = complete_from(fft, columns.begin); x < columns.end; ++x) {
    const struct rst_fft_column column = image_column(fft, stage->which, x);
    const void *const kernel[] = {product_at(fft, 0, x), product_at(fft, fft->tiling.phases - 1, x)};
    const size_t image = mirror_image(fft, x);
    const bool is_own = x >= columns.begin;
    real *response = is_own ? column_in(fft, part->columns, x) : part->spare;
    real *mirrored = image > 0 ? column_in(fft, part->mirrored, image) : part->spare;
    fft->loops->apply(&column, kernel, response, mirrored);
    if (is_own && block_of(x + 1) == x + 1) {
      scatter(fft, block_of(x), part->columns);
    }
    if (image > 0 && block_of(image) == image) {
      scatter(fft, image, part->mirrored);
    }
  }
}

static void store_tile(const struct stage *stage, const struct part *part) {
  const struct rst_fft *fft = stage->fft;
  real *response = stage->to;
  const struct rows a = rows_of_tile(fft, response, stage->which, 0);
  const struct rows b = rows_of_tile(fft, response, stage->which, 1);
  const struct range rows = range_of(part, a.count, 1);
  for (size_t y = rows.begin; y < rows.end; ++y) {
    rst_transform_execute(fft->row_backward, fft->kept + 2 * y * fft->stride, part->line);
    fft->loops->separate(a.length, part->line, response + (a.first - response) + y * a.step,
                         y < b.count ? response + (b.first - response) + y * b.step : NULL);
  }
}

/* product = the sum of the tiles up to this one, whose weights are `given`. Blocks of mirrored columns lie askew to the others: two
 * parts may transform the same one. */
static void add_tile(const struct stage *stage, const struct part *part) {
  const struct rst_fft *fft = stage->fft;
  const struct range columns = range_of(part, fft->half, RST_FFT_BLOCK);
  size_t gathered = 0; /* block of mirrored columns */
  for (size_t x = columns.begin; x < columns.end; ++x) {
    const struct rst_fft_column column = image_column(fft, stage->which, x);
    void *const gradient[] = {product_at(fft, 0, x), product_at(fft, fft->tiling.phases - 1, x)};
    const size_t image = mirror_image(fft, x);
    if (block_of(x) == x) {
      rst_fft_gather(fft, x, part->columns);
    }
    if (image > 0 && block_of(image) != gathered) {
      gathered = block_of(image);
      rst_fft_gather(fft, gathered, part->mirrored);
    }
    const real *weights = column_in(fft, part->columns, x);
    const real *mirrored = image > 0 ? column_in(fft, part->mirrored, image) : fft->nothing;
    fft->loops->adjoint(&column, stage->which > 0, weights, mirrored, gradient);
  }
}

/* kept = the columns of phase q of the gradient, transformed back. */
static void transform_gradient(const struct stage *stage, const struct part *part) {
  const struct rst_fft *fft = stage->fft;
  const struct range columns = range_of(part, fft->half, RST_FFT_BLOCK);
  for (size_t x = columns.begin; x < columns.end; x += RST_FFT_BLOCK) {
    scatter(fft, x, product_at(fft, stage->which, x));
  }
}

/* The rows of the gradient that are phase q. */
static void store_gradient(const struct stage *stage, const struct part *part) {
  const struct rst_fft *fft = stage->fft;
  const size_t q = stage->which;
  const size_t kx = fft->shape.kx;
  const size_t ky = fft->shape.ky;
  const size_t phases = fft->tiling.phases;
  const size_t width = fft->tiling.width;
  const struct range pairs = range_of(part, (ky + 2 * phases - 1 - q) / (2 * phases), 1);
  for (size_t i = pairs.begin; i < pairs.end; ++i) {
    const size_t y = q + 2 * i * phases;
    const bool single = y + phases >= ky;
    const real *row = fft->kept + 2 * (y / phases) * fft->stride;
    real *gradient = stage->to + y * kx;
    fft->loops->join_spectra(rst_least(fft->half, width), width, row, single ? row : row + 2 * fft->stride,
                             part->joint);
    rst_transform_execute(fft->row_backward, part->joint, part->line);
    fft->loops->separate(kx, part->line, gradient, single ? NULL : gradient + phases * kx);
  }
}

static void apply(void *state, const void *kernel, void *response) {
  struct rst_fft *fft = state;
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    share((struct stage){.fft = fft, .task = transform_kernel_rows, .which = q, .from = kernel});
    share((struct stage){.fft = fft, .task = transform_kernel_columns, .which = q});
  }
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    share((struct stage){.fft = fft, .task = multiply_tile, .which = tile});
    share((struct stage){.fft = fft, .task = store_tile, .which = tile, .to = response});
  }
}

static void adjoint(void *state, const void *weights, void *kernel) {
  struct rst_fft *fft = state;
  for (size_t tile = 0; tile < fft->tiling.tiles; ++tile) {
    share((struct stage){.fft = fft, .task = transform_tile, .which = tile, .from = weights});
    share((struct stage){.fft = fft, .task = add_tile, .which = tile});
  }
  for (size_t q = 0; q < fft->tiling.phases; ++q) {
    share((struct stage){.fft = fft, .task = transform_gradient, .which = q});
    share((struct stage){.fft = fft, .task = store_gradient, .which = q, .to = kernel});
  }
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
