/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Means of consecutive blocks of a sequence, which tell its trend and the error of its mean.
 */

#include <math.h>

#include "restrain/regime.h"
#include "stability/stretch.h"

enum {
  BLOCKS = 16,      /* whose means are compared */
  STEADY = 12,      /* of BLOCKS - 1 differences of means of one sign: chance for noise about 1e-4 */
  LEAST_VALUES = 32 /* for an error from block means */
};

/* End of a block of `count` numbers. */
static size_t end_of(size_t block, size_t count) {
  return ((block + 1) * count + BLOCKS - 1) / BLOCKS;
}

/* Means of `values` finite numbers among these, in BLOCKS consecutive blocks. */
static void mean_blocks(const struct rst_sequence *x, size_t first, size_t end, size_t values,
                        double means[BLOCKS]) {
  struct rst_stretch stretch = {NULL, first, first};
  size_t t = first;
  size_t rank = 0;
  for (size_t b = 0; b < BLOCKS; ++b) {
    const size_t begun = rank;
    const size_t end_rank = end_of(b, values);
    double sum = 0.0;
    while (t < end && rank < end_rank) {
      if (t == stretch.end) {
        stretch = rst_stretch_at(x, t, t, end);
      }
      for (; t < stretch.end && rank < end_rank; ++t) {
        const double value = stretch.values[t - stretch.first];
        if (isfinite(value)) {
          sum += value;
          ++rank;
        }
      }
    }
    means[b] = sum / (double)(rank - begun);
  }
}

static double sum_of(const struct rst_sequence *x, size_t first, size_t end) {
  struct rst_series_sum sum = {0};
  struct rst_stretch stretch;
  for (; first < end; first = stretch.end) {
    stretch = rst_stretch_at(x, first, first, end);
    rst_series_sum_add(&sum, stretch.values, 0, stretch.end - first);
  }
  return rst_series_sum_total(&sum);
}

/* As mean_blocks() if all values are finite; the mean of all, which is not finite otherwise. */
static double mean_finite_blocks(const struct rst_sequence *x, size_t first, size_t count,
                                 double means[BLOCKS]) {
  double sum = 0.0;
  size_t begin = 0;
  for (size_t b = 0; b < BLOCKS; ++b) {
    const size_t end = end_of(b, count);
    const double part = sum_of(x, first + begin, first + end);
    means[b] = part / (double)(end - begin);
    sum += part;
    begin = end;
  }
  return sum / (double)count;
}

static double error_of(const double means[BLOCKS], double mean) {
  double square = 0.0;
  for (size_t b = 0; b < BLOCKS; ++b) {
    square += (means[b] - mean) * (means[b] - mean);
  }
  return sqrt(square / (BLOCKS - 1) / BLOCKS);
}

/* The mean of the finite values and their number; -infinity if that is among all. */
static double mean_of_finite(const struct rst_sequence *x, size_t first, size_t end, size_t *finite) {
  struct rst_stretch stretch;
  double sum = 0.0;
  *finite = 0;
  for (; first < end; first = stretch.end) {
    stretch = rst_stretch_at(x, first, first, end);
    for (size_t i = 0; i < stretch.end - first; ++i) {
      const double value = stretch.values[i];
      if (isinf(value) && value < 0.0) {
        return -INFINITY;
      }
      *finite += isfinite(value) ? 1 : 0;
      sum += isfinite(value) ? value : 0.0;
    }
  }
  return sum / (double)*finite;
}

void rst_block_mean(const struct rst_sequence *x, size_t first, size_t end, double *mean, double *error) {
  double means[BLOCKS];
  size_t finite = end - first;
  *mean = mean_finite_blocks(x, first, finite, means);
  if (!isfinite(*mean)) {
    *mean = mean_of_finite(x, first, end, &finite);
    if (finite >= LEAST_VALUES && isfinite(*mean)) {
      mean_blocks(x, first, end, finite, means);
    }
  }
  *error = finite >= LEAST_VALUES && isfinite(*mean) ? error_of(means, *mean) : (double)NAN;
}

int rst_sequence_trend(const struct rst_sequence *x, size_t first, size_t end) {
  int rises = 0;
  int falls = 0;
  double means[BLOCKS];
  if (end - first >= BLOCKS) {
    mean_blocks(x, first, end, end - first, means);
    for (size_t b = 1; b < BLOCKS; ++b) {
      rises += means[b] > means[b - 1] ? 1 : 0;
      falls += means[b] < means[b - 1] ? 1 : 0;
    }
  }
  return rises >= STEADY ? 1 : falls >= STEADY ? -1 : 0;
}
