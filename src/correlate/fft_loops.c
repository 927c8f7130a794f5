/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products are spelled out in vectors: a compiler that finds sums and differences of products side by side may fuse them, whatever it is told
 * (GCC 12 for 64-byte vectors), and bits would depend on the processor. */
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

static const real signs[] = {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};

#if defined(__x86_64__) && defined(__GNUC__)
#define WIDER_VECTORS 1

#define WIDTH 64
#define TARGET __attribute__((target("avx512f")))
#define NAME(x) x##_avx512f
#define PAIRS(x, y) PAIRS_64(0, x, y)
#include "correlate/fft_loops.inc"

#define WIDTH 32
#define TARGET __attribute__((target("avx2")))
#define NAME(x) x##_avx2
#define PAIRS(x, y) PAIRS_32(0, x, y)
#include "correlate/fft_loops.inc"
#endif

#define WIDTH 16
#define TARGET
#define NAME(x) x##_baseline
#define PAIRS(x, y) PAIRS_16(0, x, y)
#include "correlate/fft_loops.inc"

const struct rst_fft_loops *RST_REAL(rst_fft_loops)(size_t index) {
#define LOOPS(set)                                                                                           \
  {                                                                                                          \
    .name = #set, .join = join_##set, .separate = separate_##set,                                            \
    .separate_spectra = separate_spectra_##set, .join_spectra = join_spectra_##set, .apply = apply_##set,    \
    .adjoint = adjoint_##set                                                                                 \
  }
  static const struct rst_fft_loops sets[] = {
#ifdef WIDER_VECTORS
      LOOPS(avx512f),
      LOOPS(avx2),
#endif
      LOOPS(baseline),
  };
#undef LOOPS
  size_t widest = 0;
#ifdef WIDER_VECTORS
  const size_t without_avx512f = __builtin_cpu_supports("avx2") ? 1 : 2;
  widest = __builtin_cpu_supports("avx512f") ? 0 : without_avx512f;
#endif
  return index < sizeof sets / sizeof *sets - widest ? &sets[widest + index] : NULL;
}
