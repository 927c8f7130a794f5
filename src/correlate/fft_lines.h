/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_LINES_H
#define RST_FFT_LINES_H

#include <stddef.h>

#include "core/real.h"

/** @file
 * Two real rows A and B as one line of complex numbers A + i B, and their transforms (^) as the line's one. Lines and spectra are pairs
 * of real and imaginary parts; arrays do not overlap, except as stated. */

/** line [width] = a + i b, from rows of `count`, continued by zeros; b NULL for zeros. */
void RST_REAL(rst_fft_join)(size_t count, const real *a, const real *b, size_t width, real *line);

/** to [count] = the real parts of a line; the imaginary ones where `line` is its second number. */
void RST_REAL(rst_fft_separate)(size_t count, const real *line, real *to);

/** a, b [count <= width] = 2 A^, 2 B^ out of the transform of A + i B, of whose [width + 1] numbers the last one is set. */
void RST_REAL(rst_fft_separate_spectra)(size_t count, size_t width, real *line, real *a, real *b);

/** line [width + 1] = the transform of 2 (A + i B), where A and B are the real parts of what the spectra a and b, zero from `count` on,
 * are transforms of; its last number is of no use. a and b may be the same. */
void RST_REAL(rst_fft_join_spectra)(size_t count, size_t width, const real *a, const real *b, real *line);

#endif
