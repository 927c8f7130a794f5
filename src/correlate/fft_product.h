/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_PRODUCT_H
#define RST_FFT_PRODUCT_H

#include "core/real.h"

/** @file
 * Products of `count` complex numbers, pairs of real and imaginary parts, in arrays that do not overlap. */

enum rst_fft_product {
  RST_FFT_PRODUCT,               /**< to = z w */
  RST_FFT_ADD_PRODUCT,           /**< to = to + z w */
  RST_FFT_CONJUGATE_PRODUCT,     /**< to = conj(z) w */
  RST_FFT_ADD_CONJUGATE_PRODUCT, /**< to = to + conj(z) w */
};

void RST_REAL(rst_fft_multiply)(enum rst_fft_product product, size_t count, const real *z, const real *w,
                                real *to);

#endif
