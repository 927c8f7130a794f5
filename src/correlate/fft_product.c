/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spelled out, since C's complex product also treats infinities. */
#include "correlate/fft_product.h"

/* Everything must end up inside the functions for wide vectors. */
#define INLINE static inline __attribute__((always_inline))

INLINE void loop_inline(bool conjugate, bool add, size_t count, const real *restrict z,
                        const real *restrict w, real *restrict to) {
  for (size_t i = 0; i < 2 * count; i += 2) {
    const real re = conjugate ? z[i] * w[i] + z[i + 1] * w[i + 1] : z[i] * w[i] - z[i + 1] * w[i + 1];
    const real im = conjugate ? z[i] * w[i + 1] - z[i + 1] * w[i] : z[i] * w[i + 1] + z[i + 1] * w[i];
    to[i] = add ? to[i] + re : re;
    to[i + 1] = add ? to[i + 1] + im : im;
  }
}

INLINE void multiply_inline(enum rst_fft_product product, size_t count, const real *z, const real *w,
                            real *to) {
  switch (product) {
  case RST_FFT_PRODUCT:
    loop_inline(false, false, count, z, w, to);
    break;
  case RST_FFT_ADD_PRODUCT:
    loop_inline(false, true, count, z, w, to);
    break;
  case RST_FFT_CONJUGATE_PRODUCT:
    loop_inline(true, false, count, z, w, to);
    break;
  case RST_FFT_ADD_CONJUGATE_PRODUCT:
    loop_inline(true, true, count, z, w, to);
    break;
  }
}

/* The same loops for wider vectors, where the processor has them. The results are the same to the bit, since the build fuses
 * nothing; 64-byte vectors, which gain little where memory is waited for, are left out because their instructions include fused ones,
 * and GCC 12 makes an alternating sum and difference of products into one of these whatever it is told. */
#if defined(__x86_64__) && defined(__GNUC__)
#define WIDER_VECTORS 1
__attribute__((target("avx2"))) static void multiply_avx2(enum rst_fft_product product, size_t count,
                                                          const real *z, const real *w, real *to) {
  multiply_inline(product, count, z, w, to);
}
#endif

void RST_REAL(rst_fft_multiply)(enum rst_fft_product product, size_t count, const real *z, const real *w,
                                real *to) {
#ifdef WIDER_VECTORS
  if (__builtin_cpu_supports("avx2")) {
    multiply_avx2(product, count, z, w, to);
    return;
  }
#endif
  multiply_inline(product, count, z, w, to);
}
