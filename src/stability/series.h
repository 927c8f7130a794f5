/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SERIES_H
#define RST_SERIES_H

#include <stdbool.h>
#include <stddef.h>

/** @file
 * What the rules of regime.h ask of one series x over [first, end); rst_block_mean() is of this kind.
 */

/** The smallest and the largest value, infinity and -infinity of none; both NaN if any value is not finite. */
struct rst_series_extent {
  double low, high;
};
struct rst_series_extent rst_series_extent(const double *x, size_t first, size_t end);

/** Largest |x|; NaN are passed over. */
double rst_series_magnitude(const double *x, size_t first, size_t end);

/** Whether x, of this extent from `first` on, varies by no more than rounding may, or has faded from its history before. */
bool rst_series_is_constant(const double *x, size_t first, struct rst_series_extent extent);

/** 1 if x (finite) rises steadily, by the means of 16 blocks, -1 if it falls, 0 otherwise. */
int rst_series_trend(const double *x, size_t first, size_t end);

/** Ranges of a series over two neighbouring stretches, and over both together, where it also has an extent; NaN if a value is. */
struct rst_series_swing {
  double before, after, both;
  struct rst_series_extent extent;
};
/** Over [first, middle) and [middle, end). */
struct rst_series_swing rst_series_swing(const double *x, size_t first, size_t middle, size_t end);
/** The ratio of the larger to the smaller one if that holds the other, more if they are displaced, 4 if disjoint. */
double rst_series_change(const struct rst_series_swing *swing);

#endif
