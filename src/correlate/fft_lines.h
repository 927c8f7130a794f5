/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_LINES_H
#define RST_FFT_LINES_H

#include <stddef.h>
#include <string.h>

#include "core/real.h"
#include "core/vectors.h"

/** @file
 * The loops of fft_loops.h over lines, to be compiled for each set of instructions.
 */

RST_INLINE void rst_fft_join(size_t count, const real *restrict a, const real *restrict b, size_t width,
                             real *restrict line) {
  for (size_t x = 0; x < count; ++x) {
    line[2 * x] = a[x];
    line[2 * x + 1] = b ? b[x] : 0;
  }
  memset(line + 2 * count, 0, 2 * (width - count) * sizeof(real));
}

RST_INLINE void rst_fft_separate(size_t count, const real *restrict line, real *restrict a,
                                 real *restrict b) {
  for (size_t x = 0; x < count; ++x) {
    a[x] = line[2 * x];
    if (b) {
      b[x] = line[2 * x + 1];
    }
  }
}

RST_INLINE void rst_fft_separate_spectra(size_t count, size_t width, real *restrict line, real *restrict a,
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

RST_INLINE void rst_fft_join_spectra(size_t count, size_t width, const real *restrict a,
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
