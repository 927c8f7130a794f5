/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FFT_STATE_H
#define RST_FFT_STATE_H

#include "core/real.h"
#include "core/sizes.h"
#include "correlate/fft_loops.h"
#include "correlate/fft_tiling.h"
#include "transform/transform.h"

/** @file
 * What the correlation by Fourier transforms keeps of its image: the tiling, the plans of the transforms, work space and the image's
 * spectrum, in the notation of fft.c. Complex numbers are pairs of real and imaginary parts.
 */

enum {
  RST_FFT_LINE = 64 / (2 * sizeof(real)), /**< complex numbers in a cache line */
  RST_FFT_BLOCK = 2 * RST_FFT_LINE        /**< columns transformed together */
};

struct rst_fft {
  struct rst_correlation_shape shape;
  struct rst_fft_tiling tiling;
  size_t half;   /**< columns of image and kernel: 0 to width/2, rounded up to blocks; others are mirrored */
  size_t stride; /**< complex numbers from row to row: whole blocks and a line, an odd number of lines */
  size_t depth;  /**< rows of `given` that are ever other than zero */
  const struct rst_context *context;
  size_t team; /**< threads that are worth a pass over a tile */
  const struct rst_fft_loops *loops;
  struct rst_transform *row_forward, *row_backward;
  struct rst_transform *gather[2];  /**< of columns, out of rows; [1]: of mirrored ones */
  struct rst_transform *scatter[2]; /**< the same, back into rows */
  real *given;                      /**< complex [height][stride], rows before the transform of columns */
  real *kept;                       /**< complex [height][stride], rows after it */
  real *product;                    /**< complex [phases][half][height]: 2 K_q^, or 2 g_q^ */
  real *spectrum;                   /**< complex [tiles][2][half][height]: A^, B^ / (2 width height) */
  real *shift;                      /**< complex [height]: s */
  real *nothing;                    /**< complex [height]: zeros */
  real *scratch;                    /**< complex [team], the arrays of each member */
};

/** Complex numbers that a member has in `scratch`: a line of the width, one of the width + 1, each rounded up to cache lines, two
 * blocks of columns and a column. */
static inline size_t rst_fft_scratch_length(const struct rst_fft_tiling *tiling) {
  return rst_round_up(tiling->width, RST_FFT_LINE) + rst_round_up(tiling->width + 1, RST_FFT_LINE) +
         (2 * RST_FFT_BLOCK + 1) * tiling->height;
}

/** Whether column x of a tile is mirrored. */
static inline bool rst_fft_is_mirrored(const struct rst_fft *fft, size_t x) {
  return x >= fft->half;
}

/** to = the block of columns of `given` that begins with x, transformed. */
static inline void rst_fft_gather(const struct rst_fft *fft, size_t x, real *to) {
  rst_transform_execute(fft->gather[rst_fft_is_mirrored(fft, x)], fft->given + 2 * x, to);
}

/** Column x of a tile's spectrum: A^ for part 0, B^ for part 1. */
static inline real *rst_fft_spectrum_at(const struct rst_fft *fft, size_t tile, size_t part, size_t x) {
  return fft->spectrum + 2 * ((2 * tile + part) * fft->half + x) * fft->tiling.height;
}

/** The members of rst_correlation_type of these names. */
enum rst_status RST_REAL(rst_fft_create)(struct rst_context *context,
                                         const struct rst_correlation_shape *shape, const void *image,
                                         double budget, void **state);
void RST_REAL(rst_fft_destroy)(void *state);

#endif
