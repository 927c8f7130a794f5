/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sums as they stand, for small kernels. The image is kept continued periodically, so that both boundaries are
 * one, in rows of an odd number of cache lines, so that no power of two makes neighbouring rows share places in the
 * caches.
 *
 * Positions are taken in blocks of ROWS rows and one vector of columns. A vector of the image serves all rows of the
 * kernel and of the block that meet there, up to TAPS times, for each of the kernel's columns:
 *
 *     apply:    sum[a] += K[i][j] I[m+a+i][n+j]         sums of a block in registers, all j in turn
 *     adjoint:  sum[i][j] += d[m+a][n] I[m+a+i][n+j]    sums of taps in registers, a panel of blocks in turn
 *
 * Three columns of the kernel take their vectors out of two, where that costs less than to read across the ends of
 * cache lines.
 *
 * Bits depend neither on the width of vectors nor on the number of threads. A response is a sum in the order of at most
 * TAPS rows i of the kernel, then j, then i; of i, then j, for a kernel of 3 x 3. An element of adjoint has, for each
 * strip of rows, as many partial sums as a cache line has numbers; each runs over the rows and lines of a panel. In
 * the end strips are added in their order and partial sums in pairs. Nothing is fused. */
#include "correlate/direct.h"

#include <string.h>

#include "core/core.h"
#include "core/line.h"
#include "core/real.h"
#include "core/share.h"
#include "core/sizes.h"
#include "core/unrolled.h"

#define UNROLL RST_UNROLL

enum {
  ROWS = 6,                  /* of positions in a block */
  TAPS = 8,                  /* rows of the kernel taken together, at most */
  WIDEST = 3,                /* columns of the kernel taken together by adjoint, at most */
  SIDE = 3,                  /* of the kernel whose taps stay in registers in apply */
  SIDE_ROWS = 4,             /* of positions in a block there: fewer rows to be fetched at once */
  LANES = 64 / sizeof(real), /* a cache line */
  CELLS = 16,                /* blocks of a line's columns in a panel that is gone through several times */
  CELLS_ONCE = 64,           /* in one that is gone through once */
  STRIP = 64,                /* rows in a strip, at least, where there are several */
  MOST_STRIPS = 16,
};

#define FOR_TAPS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

/* Whether all taps stay in registers. */
RST_INLINE bool is_side(const struct rst_correlation_shape *shape) {
  return shape->ky == SIDE && shape->kx == SIDE;
}

/* How many of the `left` rows of the kernel are taken next; all parts are nearly equal. */
RST_INLINE size_t next_taps(size_t left) {
  const size_t parts = (left + TAPS - 1) / TAPS;
  return (left + parts - 1) / parts;
}

/* The first block of a strip; that of strip number `strips` is the end. */
RST_INLINE size_t strip_start(const struct rst_direct *direct, size_t strip) {
  const size_t blocks = (direct->shape.my + ROWS - 1) / ROWS;
  return blocks * strip / direct->strips * ROWS;
}

/* Integers of the size of a number, to mask its vectors. */
#ifdef RST_REAL_IS_FLOAT
typedef int32_t mask;
#else
typedef int64_t mask;
#endif

/* Blocks of weights that stay in the first cache with the image below them. Whole lines are read, which may reach into
 * the next row but not beyond the weights. */
struct panel {
  size_t blocks, columns;
  const real *weights;
  mask last[LANES]; /* of the last line of a row: whether the numbers belong to it */
};

static size_t panel_cells(const struct rst_correlation_shape *shape) {
  return shape->ky <= TAPS && shape->kx <= WIDEST ? CELLS_ONCE : CELLS;
}

/* The panel at (m, n), of rows before `end`. Zeros that complete the last rows add nothing. */
static void make_panel(const struct rst_direct *direct, const real *weights, size_t m, size_t end, size_t n,
                       struct panel *panel) {
  const size_t mx = direct->shape.mx;
  const size_t rows = direct->shape.my - m;
  const size_t readable = rows * mx < LANES ? 0 : (rows * mx - LANES) / (ROWS * mx);
  const size_t cells = panel_cells(&direct->shape);
  const size_t wanted = rst_least((end - m) / ROWS, mx > cells * LANES ? 1 : cells * LANES / mx);
  panel->blocks = rst_least(rst_least(wanted, readable), cells);
  panel->columns = rst_least(mx - n, cells * LANES);
  panel->weights = weights + m * mx + n;
  if (panel->blocks == 0) {
    real *const edge = direct->edge;
    const size_t left = rst_least(rows, ROWS);
    memcpy(edge, weights + m * mx, left * mx * sizeof(real));
    memset(edge + left * mx, 0, (ROWS - left) * mx * sizeof(real));
    panel->blocks = 1;
    panel->weights = edge + n;
  }
  for (size_t l = 0; l < LANES; ++l) {
    panel->last[l] = l < (panel->columns - 1) % LANES + 1 ? -1 : 0;
  }
}

static void add_strips(size_t strips, size_t taps, real *sums, real *to) {
  for (size_t strip = 1; strip < strips; ++strip) {
    for (size_t i = 0; i < taps * LANES; ++i) {
      sums[i] += sums[strip * taps * LANES + i];
    }
  }
  for (size_t t = 0; t < taps; ++t) {
    to[t] = rst_line_sum(sums + t * LANES);
  }
}

#ifdef RST_WIDER_VECTORS
#include <immintrin.h>
/* Without it gcc reads a vector again for each product, and orders sums such that vectors leave registers. */
#define KEEP(vector) __asm__ volatile("" : "+v"(vector))
/* The vector j places after x, which y continues. */
#ifdef RST_REAL_IS_FLOAT
#define SHIFTED(x, y, j) ((vector_avx512)_mm512_alignr_epi32((__m512i)(y), (__m512i)(x), (j)))
#else
#define SHIFTED(x, y, j) ((vector_avx512)_mm512_alignr_epi64((__m512i)(y), (__m512i)(x), (j)))
#endif

#define WIDTH 64
#define TARGET RST_WITH_AVX512
#define NAME(x) x##_avx512
#include "correlate/direct_loops.inc"

#define WIDTH 32
#define TARGET RST_WITH_AVX2
#define NAME(x) x##_avx2
#include "correlate/direct_loops.inc"
#else
#define KEEP(vector) (void)(vector)
#endif

#define WIDTH 16
#define TARGET
#define NAME(x) x##_baseline
#include "correlate/direct_loops.inc"

#define LOOPS(set)                                                                                           \
  { .apply = apply_##set, .adjoint = adjoint_##set }
const struct rst_direct_loops RST_REAL(rst_direct_loops)[] = {
#ifdef RST_WIDER_VECTORS
    [RST_VECTORS_AVX512] = LOOPS(avx512),
    [RST_VECTORS_AVX2] = LOOPS(avx2),
#endif
    [RST_VECTORS_OF_ALL] = LOOPS(baseline),
};
#undef LOOPS

static size_t strip_count(const struct rst_correlation_shape *shape) {
  return shape->my < STRIP ? 1 : rst_least(shape->my / STRIP, MOST_STRIPS);
}

static double cost(const struct rst_correlation_shape *shape) {
  /* Measured with 64-byte vectors, apply and adjoint: each tap and the fixed part of a block of a line's columns, the
   * end of each tap's partial sums, each part of the kernel for a point that comes from memory, and the call. */
  const double nanoseconds = 1.85;
  const double overhead = 3.2;
  const double end = 3.7;
  const double fetch = 0.4;
  const double cache = 0x1p24;
  const double call = 50.0;
  const size_t rows = rst_round_up(shape->my, ROWS) / ROWS;
  const size_t lines = rst_round_up(shape->mx, LANES) / LANES;
  const size_t parts = rst_round_up(shape->ky, TAPS) / TAPS;
  const double taps = (double)shape->ky * (double)shape->kx;
  const double points = (double)shape->ny * (double)shape->nx;
  const double size = points * (double)sizeof(real);
  return call + (double)rows * (double)lines * (overhead + nanoseconds * taps) +
         end * (double)strip_count(shape) * taps + fetch * (double)parts * points * size / (size + cache);
}

static void destroy(void *state) {
  struct rst_direct *direct = state;
  free(direct->image);
  free(direct->edge);
  free(direct->sums);
  free(direct);
}

static enum rst_status allocate(struct rst_context *context, struct rst_direct *direct) {
  const struct rst_correlation_shape *shape = &direct->shape;
  const size_t rows = rst_round_up(shape->my, ROWS) + shape->ky - 1;
  /* Three vectors are taken out of two, the second of which may begin where the last row ends. */
  RST_TRY(rst_allocate(context, rows * direct->stride + LANES, sizeof(real), &direct->image));
  RST_TRY(rst_allocate(context, ROWS * rst_round_up(shape->mx, LANES) + LANES, sizeof(real), &direct->edge));
  return rst_allocate(context, direct->strips * shape->ky * shape->kx * LANES, sizeof(real), &direct->sums);
}

static enum rst_status create(struct rst_context *context, const struct rst_correlation_shape *shape,
                              const void *image, double budget, void **state) {
  (void)budget;
  struct rst_direct *direct = NULL;
  RST_TRY(RST_NEW(context, 1, &direct));
  const size_t lines = rst_round_up(rst_round_up(shape->mx, LANES) + shape->kx - 1, LANES) / LANES;
  *direct = (struct rst_direct){.shape = *shape,
                                .context = context,
                                .loops = &RST_REAL(rst_direct_loops)[rst_vectors_widest()],
                                .strips = strip_count(shape),
                                .stride = (lines + 1 - lines % 2) * LANES};
  const enum rst_status status = allocate(context, direct);
  if (status != RST_OK) {
    destroy(direct);
    return status;
  }
  const real *from = image;
  real *to = direct->image;
  for (size_t y = 0; y < shape->my + shape->ky - 1; ++y, to += direct->stride) {
    for (size_t x = 0; x < shape->mx + shape->kx - 1; ++x) {
      to[x] = from[y % shape->ny * shape->nx + x % shape->nx];
    }
  }
  *state = direct;
  return RST_OK;
}

static size_t team_size(const struct rst_direct *direct) {
  return rst_team_size(direct->context, cost(&direct->shape) / 2.0, direct->strips);
}

/* What goes through all strips. */
struct pass {
  const struct rst_direct *direct;
  const void *from;
  void *to;
};

static void apply_strip(void *work, size_t strip, size_t member) {
  (void)member;
  const struct pass *pass = work;
  pass->direct->loops->apply(pass->direct, strip, pass->from, pass->to);
}

static void apply(void *state, const void *kernel, void *response) {
  const struct rst_direct *direct = state;
  struct pass pass = {direct, kernel, response};
  rst_share(direct->context, team_size(direct), direct->strips, apply_strip, &pass);
}

static void adjoint_strip(void *work, size_t strip, size_t member) {
  (void)member;
  const struct pass *pass = work;
  pass->direct->loops->adjoint(pass->direct, strip, pass->from);
}

static void adjoint(void *state, const void *weights, void *kernel) {
  const struct rst_direct *direct = state;
  const size_t taps = direct->shape.ky * direct->shape.kx;
  struct pass pass = {direct, weights, NULL};
  memset(direct->sums, 0, direct->strips * taps * LANES * sizeof(real));
  rst_share(direct->context, team_size(direct), direct->strips, adjoint_strip, &pass);
  add_strips(direct->strips, taps, direct->sums, kernel);
}

const struct rst_correlation_type RST_REAL(rst_correlation_direct) = {
    .cost = cost, .create = create, .apply = apply, .adjoint = adjoint, .destroy = destroy};
