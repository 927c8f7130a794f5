/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SERIES_H
#define RST_SERIES_H

#include <stdbool.h>
#include <stddef.h>

/** @file
 * What the rules of regime.h ask of one series x over [first, end); rst_block_mean() is of this kind.
 */

/** max - min; NaN if any value is not finite. */
double rst_series_range(const double *x, size_t first, size_t end);

/** Largest |x|; NaN are passed over. */
double rst_series_magnitude(const double *x, size_t first, size_t end);

/** Whether x varies by no more than rounding may, or has faded from its history before. */
bool rst_series_constant(const double *x, size_t first, size_t end);

/** 1 if x (finite) rises steadily, by the means of 16 blocks, -1 if it falls, 0 otherwise. */
int rst_series_trend(const double *x, size_t first, size_t end);

#endif
