/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spelled out, since C's complex product also treats infinities. */
#include "correlate/fft_product.h"

/* Everything must end up inside the functions for wide vectors. */
#define INLINE static inline __attribute__((always_inline))

INLINE void multiply_inline(size_t count, const real *restrict z, const real *restrict w, real *restrict to) {
  for (size_t i = 0; i < 2 * count; i += 2) {
    to[i] = z[i] * w[i] + z[i + 1] * w[i + 1];
    to[i + 1] = z[i] * w[i + 1] - z[i + 1] * w[i];
  }
}

INLINE void add_product_inline(size_t count, const real *restrict z, const real *restrict w,
                               real *restrict to) {
  for (size_t i = 0; i < 2 * count; i += 2) {
    to[i] += z[i] * w[i] + z[i + 1] * w[i + 1];
    to[i + 1] += z[i] * w[i + 1] - z[i + 1] * w[i];
  }
}

/* The same loops for wider vectors, where the processor has them. The results are the same to the bit, since the build fuses
 * nothing; 64-byte vectors, which gain little where memory is waited for, are left out because their instructions include fused ones,
 * and GCC 12 makes an alternating sum and difference of products into one of these whatever it is told. */
#if defined(__x86_64__) && defined(__GNUC__)
#define WIDER_VECTORS 1
__attribute__((target("avx2"))) static void multiply_avx2(size_t count, const real *z, const real *w,
                                                          real *to) {
  multiply_inline(count, z, w, to);
}

__attribute__((target("avx2"))) static void add_product_avx2(size_t count, const real *z, const real *w,
                                                             real *to) {
  add_product_inline(count, z, w, to);
}
#endif

void RST_REAL(rst_fft_multiply)(size_t count, const real *z, const real *w, real *to) {
#ifdef WIDER_VECTORS
  if (__builtin_cpu_supports("avx2")) {
    multiply_avx2(count, z, w, to);
    return;
  }
#endif
  multiply_inline(count, z, w, to);
}

void RST_REAL(rst_fft_add_product)(size_t count, const real *z, const real *w, real *to) {
#ifdef WIDER_VECTORS
  if (__builtin_cpu_supports("avx2")) {
    add_product_avx2(count, z, w, to);
    return;
  }
#endif
  add_product_inline(count, z, w, to);
}
