/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_LOOPS_H
#define RST_FFT_LOOPS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/vectors.h"

/** @file
 * The loops of fft.c, in its notation, for each set of vector instructions: over lines, which are two real rows as one row of complex
 * numbers, and over columns with their mirror images. Arrays are of the precision of their table and do not overlap, but for what is
 * said; complex numbers are pairs of real and imaginary parts.
 */

/** Complex numbers in the widest vector. */
enum { RST_FFT_LOOPS_UNIT = 8 };

/** A column of a tile of the image. */
struct rst_fft_column {
  size_t height;     /**< numbers of each array, a multiple of RST_FFT_LOOPS_UNIT */
  size_t phases;     /**< 1 or 2 */
  const void *a, *b; /**< A^, B^ */
  const void *shift; /**< s; used for two phases */
};

/** The loops in one set of instructions. All sets give the same bits. */
struct rst_fft_loops {
  /** line [width] = a + i b, from rows of `count`, continued by zeros; b NULL for zeros. */
  void (*join)(size_t count, const void *a, const void *b, size_t width, void *line);
  /** a, b [count] = the real and the imaginary parts of a line; b NULL if they are not asked. */
  void (*separate)(size_t count, const void *line, void *a, void *b);
  /** a, b [count <= width] = 2 A^, 2 B^ out of the transform of A + i B, of whose [width + 1] numbers the last one is set. */
  void (*separate_spectra)(size_t count, size_t width, void *line, void *a, void *b);
  /** line [width + 1] = the transform of 2 (A + i B), where A and B are the real parts of what the spectra a and b, zero from `count`
   * on, are transforms of; its last number is of no use. a and b may be the same. */
  void (*join_spectra)(size_t count, size_t width, const void *a, const void *b, void *line);
  /** response = c_1^ + i c_2^, mirrored = conj(c_1^) + i conj(c_2^). @param kernel K_q^ of each phase. */
  void (*apply)(const struct rst_fft_column *column, const void *const kernel[2], void *response,
                void *mirrored);
  /** Set 2 g_0^ to u A^ + v B^ and, for two phases, 2 g_1^ to u B^ + v s A^, or add these; u = conj(d^) + m^, v = i (conj(d^) - m^).
   * @param weights d^ @param mirrored m^ */
  void (*adjoint)(const struct rst_fft_column *column, bool add, const void *weights, const void *mirrored,
                  void *const gradient[2]);
};

/** By enum rst_vectors. */
extern const struct rst_fft_loops rst_fft_loops_double[], rst_fft_loops_float[];

#endif
