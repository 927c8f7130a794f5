/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_PRODUCT_H
#define RST_FFT_PRODUCT_H

#include "core/real.h"

/** @file
 * Products of `count` complex numbers, pairs of real and imaginary parts, in arrays that do not overlap. */

/** to = conj(z) w. */
void RST_REAL(rst_fft_multiply)(size_t count, const real *z, const real *w, real *to);
/** to = to + conj(z) w. */
void RST_REAL(rst_fft_add_product)(size_t count, const real *z, const real *w, real *to);

#endif
