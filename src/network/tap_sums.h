/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TAP_SUMS_H
#define RST_TAP_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/vectors.h"

/** @file
 * The sums over taps that all passes of a convolution consist of, on maps in lanes (operation.h), for each set of vector
 * instructions. With t = (ky, kx) the taps and x[i][p + t] the point of channel i that tap t meets at position p,
 *
 *     apply      z[o][p]    += sum_{i,t} w[o][i][t] x[i][p + t]            for each lane
 *     weights    dw[o][i][t] += sum_{p,lane} z[o][p] x[i][p + t]
 *
 * Each product is fused with its sum, and all sums run in an order that has nothing to do with vectors, so that all sets give
 * the same bits: by i, then t (apply); by p for each lane, and over lanes as rst_line_sum() has it (weights). Processors without
 * the instruction take fma() of the library for it, which is slow.
 */

/** Numbers of channels, positions and taps, and steps from one to the next: of maps in points, of weights in numbers. */
struct rst_tap_sums {
  size_t in, out, rows, columns, tap_rows, tap_columns;
  struct {
    ptrdiff_t channel, row, column, tap_row, tap_column;
  } x;
  struct {
    ptrdiff_t channel, row, column;
  } z;
  struct {
    ptrdiff_t out, in, row, column;
  } w;
};

/** What apply begins with: z itself, or in its place a number for each channel out, or (NULL) zeros. */
struct rst_tap_start {
  bool adds;
  const void *values;
};

enum {
  RST_TAP_CHANNELS = 4, /**< out that are taken together */
};

/** In one set of instructions. Maps begin with what the first tap meets at the first position. */
struct rst_tap_loops {
  void (*apply)(const struct rst_tap_sums *shape, struct rst_tap_start start, const void *w, const void *x,
                void *z);
  /** `sums` has room for RST_TAP_CHANNELS x in x taps points if there are more than RST_TAP_POSITIONS positions. */
  void (*weights)(const struct rst_tap_sums *shape, const void *x, const void *z, void *dw, void *sums);
};

enum {
  RST_TAP_POSITIONS =
      64, /**< in whole rows, that weights takes together, where a row is not longer: some kilobytes of maps */
};

/** By enum rst_vectors. */
extern const struct rst_tap_loops rst_tap_loops_double[], rst_tap_loops_float[];

#endif
