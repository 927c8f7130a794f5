/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/quantile.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  if (isnan(x) || isnan(y)) {
    return (isnan(x) ? 1 : 0) - (isnan(y) ? 1 : 0);
  }
  return (x > y ? 1 : 0) - (x < y ? 1 : 0);
}

void rst_sort_numbers(size_t count, double *numbers) {
  qsort(numbers, count, sizeof *numbers, compare);
}

double rst_sorted_quantile(size_t count, const double *sorted, double p) {
  const double place = p * (double)(count - 1);
  const size_t below = (size_t)place;
  const double part = place - (double)below;
  const double low = isnan(sorted[below]) ? (double)INFINITY : sorted[below];
  if (part == 0.0 || isinf(low)) {
    return low;
  }
  const double high = isnan(sorted[below + 1]) ? (double)INFINITY : sorted[below + 1];
  return low + part * (high - low);
}
