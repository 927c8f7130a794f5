/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products are spelled out in vectors: a compiler that finds sums and differences of products side by side may fuse them, whatever it
 * is told (GCC 12 for 64-byte vectors), and bits would depend on the processor. */
#include "correlate/fft_loops.h"

#include <stdint.h>

#include "core/real.h"
#include "correlate/fft_lines.h"

/* Integers of the size of a number, for places in vectors. */
#ifdef RST_REAL_IS_FLOAT
typedef int32_t mask;
#define PAIRS_16(at, x, y) (at) + (x), (at) + (y), (at) + 2 + (x), (at) + 2 + (y)
#define IN_16 4
#else
typedef int64_t mask;
#define PAIRS_16(at, x, y) (at) + (x), (at) + (y)
#define IN_16 2
#endif
#define PAIRS_32(at, x, y) PAIRS_16(at, x, y), PAIRS_16((at) + IN_16, x, y)
#define PAIRS_64(at, x, y) PAIRS_32(at, x, y), PAIRS_32((at) + 2 * IN_16, x, y)

#ifdef __clang__
#define SHUFFLED(type, z, ...) __builtin_shufflevector(z, z, __VA_ARGS__)
#else
#define SHUFFLED(type, z, ...) __builtin_shuffle(z, (type){__VA_ARGS__})
#endif

/* Of i z out of the swapped parts of z; from the second one on, of conj(z). */
static const real signs[] = {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};

#ifdef RST_WIDER_VECTORS
#define WIDTH 64
#define TARGET RST_WITH_AVX512
#define NAME(x) x##_avx512
#define PAIRS(x, y) PAIRS_64(0, x, y)
#include "correlate/fft_loops.inc"

#define WIDTH 32
#define TARGET RST_WITH_AVX2
#define NAME(x) x##_avx2
#define PAIRS(x, y) PAIRS_32(0, x, y)
#include "correlate/fft_loops.inc"
#endif

#define WIDTH 16
#define TARGET
#define NAME(x) x##_baseline
#define PAIRS(x, y) PAIRS_16(0, x, y)
#include "correlate/fft_loops.inc"

#define LOOPS(set)                                                                                           \
  {                                                                                                          \
    .join = join_##set, .separate = separate_##set, .separate_spectra = separate_spectra_##set,              \
    .join_spectra = join_spectra_##set, .apply = apply_##set, .adjoint = adjoint_##set                       \
  }
const struct rst_fft_loops RST_REAL(rst_fft_loops)[] = {
#ifdef RST_WIDER_VECTORS
    [RST_VECTORS_AVX512] = LOOPS(avx512),
    [RST_VECTORS_AVX2] = LOOPS(avx2),
#endif
    [RST_VECTORS_OF_ALL] = LOOPS(baseline),
};
#undef LOOPS
