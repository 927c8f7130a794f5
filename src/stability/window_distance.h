/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_WINDOW_DISTANCE_H
#define RST_WINDOW_DISTANCE_H

#include <stddef.h>

/** @file
 * Distances of two distributions, each given by as many samples, at least one. The samples are sorted in place.
 */

/** W1, the mean of abs(x_(i) - y_(i)) over the sorted samples; and KS, the largest difference of the two empirical distribution
 * functions. */
void rst_window_distances(size_t count, double *x, double *y, double *wasserstein, double *kolmogorov);

#endif
