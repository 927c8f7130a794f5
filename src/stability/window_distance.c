/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/window_distance.h"

#include <gsl/gsl_sort.h>
#include <math.h>

void rst_window_distances(size_t count, double *x, double *y, double *wasserstein, double *kolmogorov) {
  double sum = 0.0;
  double largest = 0.0;
  gsl_sort(x, 1, count);
  gsl_sort(y, 1, count);
  for (size_t i = 0; i < count; ++i) {
    sum += fabs(x[i] - y[i]);
  }
  /* Both functions are looked at behind a value, where all samples that are equal to it have been passed. */
  for (size_t i = 0, j = 0; i < count && j < count;) {
    const double value = x[i] < y[j] ? x[i] : y[j];
    while (i < count && x[i] <= value) {
      ++i;
    }
    while (j < count && y[j] <= value) {
      ++j;
    }
    largest = fmax(largest, fabs((double)i - (double)j));
  }
  *wasserstein = sum / (double)count;
  *kolmogorov = largest / (double)count;
}
