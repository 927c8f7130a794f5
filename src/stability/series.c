/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/series.h"

#include <math.h>

#include "restrain/regime.h"

enum {
  BLOCKS = 16,      /* whose means are compared */
  STEADY = 12,      /* of BLOCKS - 1 differences of means of one sign: chance for noise about 1e-4 */
  LEAST_VALUES = 32 /* for an error from block means */
};

double rst_series_range(const double *x, size_t first, size_t end) {
  double low = INFINITY;
  double high = -INFINITY;
  for (size_t t = first; t < end; ++t) {
    if (!isfinite(x[t])) {
      return NAN;
    }
    low = fmin(low, x[t]);
    high = fmax(high, x[t]);
  }
  return high - low;
}

double rst_series_magnitude(const double *x, size_t first, size_t end) {
  double magnitude = 0.0;
  for (size_t t = first; t < end; ++t) {
    magnitude = fmax(magnitude, fabs(x[t]));
  }
  return magnitude;
}

bool rst_series_constant(const double *x, size_t first, size_t end) {
  const double range = rst_series_range(x, first, end);
  return range <= RST_REGIME_CONSTANT * rst_series_magnitude(x, first, end) ||
         range <= RST_REGIME_FADED * rst_series_magnitude(x, 0, first);
}

/* Means of `values` finite numbers among these, in BLOCKS consecutive blocks. */
static void mean_blocks(const double *x, size_t count, size_t values, double means[BLOCKS]) {
  size_t sizes[BLOCKS] = {0};
  size_t rank = 0;
  for (size_t b = 0; b < BLOCKS; ++b) {
    means[b] = 0.0;
  }
  for (size_t i = 0; i < count; ++i) {
    if (isfinite(x[i])) {
      const size_t b = rank++ * BLOCKS / values;
      means[b] += x[i];
      ++sizes[b];
    }
  }
  for (size_t b = 0; b < BLOCKS; ++b) {
    means[b] /= (double)sizes[b];
  }
}

void rst_block_mean(const double *values, size_t count, double *mean, double *error) {
  size_t finite = 0;
  double sum = 0.0;
  *error = NAN;
  for (size_t i = 0; i < count; ++i) {
    if (isinf(values[i]) && values[i] < 0.0) {
      *mean = -INFINITY;
      return;
    }
    finite += isfinite(values[i]) ? 1 : 0;
    sum += isfinite(values[i]) ? values[i] : 0.0;
  }
  *mean = sum / (double)finite;
  if (finite >= LEAST_VALUES) {
    double means[BLOCKS];
    double square = 0.0;
    mean_blocks(values, count, finite, means);
    for (size_t b = 0; b < BLOCKS; ++b) {
      square += (means[b] - *mean) * (means[b] - *mean);
    }
    *error = sqrt(square / (BLOCKS - 1) / BLOCKS);
  }
}

int rst_series_trend(const double *x, size_t first, size_t end) {
  int rises = 0;
  int falls = 0;
  double means[BLOCKS];
  if (end - first >= BLOCKS) {
    mean_blocks(x + first, end - first, end - first, means);
    for (size_t b = 1; b < BLOCKS; ++b) {
      rises += means[b] > means[b - 1] ? 1 : 0;
      falls += means[b] < means[b - 1] ? 1 : 0;
    }
  }
  return rises >= STEADY ? 1 : falls >= STEADY ? -1 : 0;
}
