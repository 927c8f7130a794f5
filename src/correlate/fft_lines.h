/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_LINES_H
#define RST_FFT_LINES_H

#include <stddef.h>
#include <string.h>

#include "core/real.h"

/** @file
 * Two real rows A and B as one line of complex numbers A + i B, and their transforms (^) as the line's one. Lines and spectra are pairs
 * of real and imaginary parts; arrays do not overlap, except as stated. */

/** line [width] = a + i b, from rows of `count`, continued by zeros; b NULL for zeros. */
static inline void rst_fft_join(size_t count, const real *restrict a, const real *restrict b, size_t width,
                                real *restrict line) {
  for (size_t x = 0; x < count; ++x) {
    line[2 * x] = a[x];
    line[2 * x + 1] = b ? b[x] : 0;
  }
  memset(line + 2 * count, 0, 2 * (width - count) * sizeof(real));
}

/** a, b [count] = the real and the imaginary parts of a line; b NULL if they are not asked. */
static inline void rst_fft_separate(size_t count, const real *restrict line, real *restrict a,
                                    real *restrict b) {
  for (size_t x = 0; x < count; ++x) {
    a[x] = line[2 * x];
    if (b) {
      b[x] = line[2 * x + 1];
    }
  }
}

/** a, b [count <= width] = 2 A^, 2 B^ out of the transform of A + i B, of whose [width + 1] numbers the last one is set. */
static inline void rst_fft_separate_spectra(size_t count, size_t width, real *restrict line, real *restrict a,
                                            real *restrict b) {
  line[2 * width] = line[0];
  line[2 * width + 1] = line[1];
  for (size_t x = 0; x < count; ++x) {
    const real *z = line + 2 * x;
    const real *mirrored = line + 2 * (width - x);
    a[2 * x] = z[0] + mirrored[0];
    a[2 * x + 1] = z[1] - mirrored[1];
    b[2 * x] = z[1] + mirrored[1];
    b[2 * x + 1] = mirrored[0] - z[0];
  }
}

/** line [width + 1] = the transform of 2 (A + i B), where A and B are the real parts of what the spectra a and b, zero from `count` on,
 * are transforms of; its last number is of no use. a and b may be the same. */
static inline void rst_fft_join_spectra(size_t count, size_t width, const real *restrict a,
                                        const real *restrict b, real *restrict line) {
  for (size_t x = 0; x < count; ++x) {
    line[2 * x] = a[2 * x] - b[2 * x + 1];
    line[2 * x + 1] = a[2 * x + 1] + b[2 * x];
  }
  memset(line + 2 * count, 0, 2 * (width + 1 - count) * sizeof(real));
  for (size_t x = 0; x < count; ++x) {
    line[2 * (width - x)] += a[2 * x] + b[2 * x + 1];
    line[2 * (width - x) + 1] += b[2 * x] - a[2 * x + 1];
  }
  line[0] += line[2 * width];
  line[1] += line[2 * width + 1];
}

#endif
