/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/tap_sums.h"

#include "core/line.h"
#include "core/real.h"
#include "core/sizes.h"
#include "network/operation_lanes.h"

#ifdef RST_WIDER_VECTORS
#include <immintrin.h>
#endif

#include "core/unrolled.h"

/* What a tile takes at most. */
enum { MOST_POSITIONS = 6, MOST_TAPS = 3, MOST_VECTORS = 2 };

#define UNROLL RST_UNROLL
/* Functions that take constants. Checks make copies of them too large for compilers. */
#ifdef RST_SANITIZED
#define SANITIZED 1
#define TILE static __attribute__((noinline))
#else
#define SANITIZED 0
#define TILE RST_INLINE
#endif

/* Positions of a block of apply, and points of it, about. */
enum { BLOCK_COLUMNS = 12, BLOCK_POINTS = 384 };

/* Channels in of a block; all blocks have nearly as many. */
static size_t channels_of(const struct rst_tap_sums *shape) {
  const size_t columns = rst_least(shape->columns, BLOCK_COLUMNS);
  const size_t step = (size_t)(shape->x.column < 0 ? -shape->x.column : shape->x.column);
  const size_t points = shape->tap_rows * ((columns - 1) * step + shape->tap_columns);
  const size_t most = rst_most(BLOCK_POINTS / points, 1);
  const size_t blocks = (shape->in + most - 1) / most;
  return (shape->in + blocks - 1) / blocks;
}

/* Rows of positions that weights takes together. */
static size_t rows_of(const struct rst_tap_sums *shape) {
  return shape->columns < RST_TAP_POSITIONS ? RST_TAP_POSITIONS / shape->columns : 1;
}

#define WIDTH 16
#define TARGET
#define NAME(x) x##_of_all
#include "network/tap_sums.inc"

#ifdef RST_WIDER_VECTORS
#define WIDTH 32
#define TARGET RST_WITH_AVX2_FMA
#define NAME(x) x##_avx2
#ifdef RST_REAL_IS_FLOAT
#define SPREAD(factor) _mm256_set1_ps(factor)
#define FUSED(x, y, sum) _mm256_fmadd_ps(x, y, sum)
#else
#define SPREAD(factor) _mm256_set1_pd(factor)
#define FUSED(x, y, sum) _mm256_fmadd_pd(x, y, sum)
#endif
#include "network/tap_sums.inc"

#define WIDTH 64
#define TARGET RST_WITH_AVX512
#define NAME(x) x##_avx512
#ifdef RST_REAL_IS_FLOAT
#define SPREAD(factor) _mm512_set1_ps(factor)
#define FUSED(x, y, sum) _mm512_fmadd_ps(x, y, sum)
#else
#define SPREAD(factor) _mm512_set1_pd(factor)
#define FUSED(x, y, sum) _mm512_fmadd_pd(x, y, sum)
#endif
#include "network/tap_sums.inc"
#endif

const struct rst_tap_loops RST_REAL(rst_tap_loops)[] = {
#ifdef RST_WIDER_VECTORS
    [RST_VECTORS_AVX512] = {apply_avx512, weights_avx512},
    [RST_VECTORS_AVX2] = {apply_avx2, weights_avx2},
#endif
    [RST_VECTORS_OF_ALL] = {apply_of_all, weights_of_all},
};
