/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_TILING_H
#define RST_FFT_TILING_H

#include "correlate/correlation_type.h"

/** @file
 * How the correlation by Fourier transforms, fft.c, cuts its image into tiles. */

/** Tile p gives rows 2 p share to 2 (p + 1) share of the response, those that there are, by transforms of width x height points. Two of
 * them are one complex row, whose real part is row 2 p share + m phases and whose imaginary part is row 2 p share + m phases + offset,
 * for m from 0 to share-1. With one phase, two ranges of rows, one below the other (offset share); with two, even and odd rows (offset
 * 1), which takes the kernel's even and odd rows apart: two kernels half as high. */
struct rst_fft_tiling {
  size_t width, height, share, tiles;
  size_t phases, offset;
};

/** The tiling of least estimated time, and that time: nanoseconds of one apply and one adjoint. */
struct rst_fft_tiling rst_fft_tiling_double(const struct rst_correlation_shape *shape, double *cost);
struct rst_fft_tiling rst_fft_tiling_float(const struct rst_correlation_shape *shape, double *cost);

#endif
