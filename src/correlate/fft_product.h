/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_PRODUCT_H
#define RST_FFT_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/** @file
 * The products of fft.c and their adjoint, for one column and its mirror image, in the notation of fft.c. Arrays are of complex
 * numbers of the precision of their table, pairs of real and imaginary parts, and do not overlap.
 */

/** Complex numbers in the widest vector. */
enum { RST_FFT_PRODUCT_UNIT = 8 };

/** A column of a tile of the image. */
struct rst_fft_column {
  size_t height;     /**< numbers of each array, a multiple of RST_FFT_PRODUCT_UNIT */
  size_t phases;     /**< 1 or 2 */
  const void *a, *b; /**< A^, B^ */
  const void *shift; /**< s; used for two phases */
};

/** The products in one set of instructions. All sets give the same bits. */
struct rst_fft_products {
  const char *name;
  /** response = c_1^ + i c_2^, mirrored = conj(c_1^) + i conj(c_2^). @param kernel K_q^ of each phase. */
  void (*apply)(const struct rst_fft_column *column, const void *const kernel[2], void *response,
                void *mirrored);
  /** Set 2 g_0^ to u A^ + v B^ and, for two phases, 2 g_1^ to u B^ + v s A^, or add these; u = conj(d^) + m^, v = i (conj(d^) - m^).
   * @param weights d^ @param mirrored m^ */
  void (*adjoint)(const struct rst_fft_column *column, bool add, const void *weights, const void *mirrored,
                  void *const gradient[2]);
};

/** The sets of instructions that this processor has, the widest vectors first; NULL after the last. */
const struct rst_fft_products *rst_fft_products_double(size_t index);
const struct rst_fft_products *rst_fft_products_float(size_t index);

#endif
