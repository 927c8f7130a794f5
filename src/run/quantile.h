/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_QUANTILE_H
#define RST_QUANTILE_H

#include <stddef.h>

/** @file
 * Quantiles of numbers that need not be finite, as members that diverge have them.
 */

/** In place, ascending, NaN at the end. */
void rst_sort_numbers(size_t count, double *numbers);

/** The quantile of level p, 0 to 1, of sorted numbers, at least one: at p (count - 1), counted from 0, by linear interpolation between
 * its neighbours (definition 7 of Hyndman and Fan, Am. Stat. 50, 1996; NumPy's). NaN counts as infinite. */
double rst_sorted_quantile(size_t count, const double *sorted, double p);

#endif
