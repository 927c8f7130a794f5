/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_STRETCH_H
#define RST_STRETCH_H

#include <math.h>
#include <stdbool.h>

#include "restrain/sequence.h"
#include "stability/series.h"

/** @file
 * What the rules of regime.h ask of a sequence x, over [first, end). They walk along it in stretches that are in memory:
 *
 *     for (size_t t = first; t < end; t = stretch.end) {
 *       stretch = rst_stretch_at(x, t, t, end);
 *       ... stretch.values[i - stretch.first] is x_i ...
 *     }
 */

/** Numbers x_first ... x_{end-1}, valid until another stretch of x is asked for. */
struct rst_stretch {
  const double *values;
  size_t first, end;
};
/** The longest one inside [first, end) that holds x_t and is in memory. */
struct rst_stretch rst_stretch_at(const struct rst_sequence *x, size_t t, size_t first, size_t end);

/** x_t; and x_first ... x_{end-1} as an array, in `room` unless it is in memory. */
double rst_sequence_value(const struct rst_sequence *x, size_t t);
const double *rst_sequence_values(const struct rst_sequence *x, size_t first, size_t end, double *room);

static inline bool rst_sequence_is_none(const struct rst_sequence *x) {
  return !x->values && !x->pages;
}

/** As rst_series_extent() and rst_series_magnitude(). */
struct rst_series_extent rst_sequence_extent(const struct rst_sequence *x, size_t first, size_t end);
double rst_sequence_magnitude(const struct rst_sequence *x, size_t first, size_t end);

/** The first t at which x_t is not below the level or not a number, at which it is not finite; `end` if there is none. */
size_t rst_sequence_first_reach(const struct rst_sequence *x, size_t first, size_t end, double level);
size_t rst_sequence_first_infinite(const struct rst_sequence *x, size_t first, size_t end);
/** t + 1 for the last t at which x_t is above the level, 0 if there is none in [0, end). */
size_t rst_sequence_last_above(const struct rst_sequence *x, size_t end, double level);

/** Whether x, of this extent from `first` on, varies by no more than rounding may, or has faded from its history before. */
bool rst_sequence_is_constant(const struct rst_sequence *x, size_t first, struct rst_series_extent extent);

/** 1 if x (finite) rises steadily, by the means of 16 blocks, -1 if it falls, 0 otherwise (block_means.c). */
int rst_sequence_trend(const struct rst_sequence *x, size_t first, size_t end);

/** Ranges of a series over two neighbouring stretches, and over both together, where it also has an extent; NaN if a value is. */
struct rst_swing {
  double before, after, both;
  struct rst_series_extent extent;
};
/** Over [first, middle) and [middle, end). */
struct rst_swing rst_sequence_swing(const struct rst_sequence *x, size_t first, size_t middle, size_t end);
/** The ratio of the larger to the smaller one if that holds the other, more if they are displaced, 4 if disjoint. */
double rst_swing_change(const struct rst_swing *swing);

#endif
