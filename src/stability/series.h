/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SERIES_H
#define RST_SERIES_H

#include <stddef.h>

/** @file
 * Loops over the numbers x of an array, over [first, end).
 */

/** The smallest and the largest value, infinity and -infinity of none; both NaN if any value is not finite. */
struct rst_series_extent {
  double low, high;
};
struct rst_series_extent rst_series_extent(const double *x, size_t first, size_t end);

/** Largest |x|; NaN are passed over. */
double rst_series_magnitude(const double *x, size_t first, size_t end);

/** A sum, zeroed at first, of numbers that come in arrays; its last bits do not depend on where these end. */
enum { RST_SERIES_TERMS = 16 };
struct rst_series_sum {
  double sums[RST_SERIES_TERMS];
  double waiting[RST_SERIES_TERMS];
  size_t waiting_count;
};
void rst_series_sum_add(struct rst_series_sum *sum, const double *x, size_t first, size_t end);
double rst_series_sum_total(const struct rst_series_sum *sum);

#endif
