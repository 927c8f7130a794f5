/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/series.h"

#include <math.h>
#include <stdint.h>

#include "core/vectors.h"
#include "restrain/regime.h"

enum {
  BLOCKS = 16,       /* whose means are compared */
  STEADY = 12,       /* of BLOCKS - 1 differences of means of one sign: chance for noise about 1e-4 */
  LEAST_VALUES = 32, /* for an error from block means */
  LANES = 4,         /* of a vector */
  CHAINS = 4         /* of operations that do not wait for each other */
};

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t choice
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

/* Where it holds, one, elsewhere the other. */
#define CHOOSE(holds, one, other)                                                                            \
  ((lanes)(((choice)(holds) & (choice)(one)) | (~(choice)(holds) & (choice)(other))))

RST_INLINE struct rst_series_extent extent_inline(const double *x, size_t first, size_t end) {
  lanes low[CHAINS];
  lanes high[CHAINS];
  lanes zero[CHAINS]; /* NaN where a value is not finite */
  for (size_t c = 0; c < CHAINS; ++c) {
    low[c] = (lanes){0} + (double)INFINITY;
    high[c] = (lanes){0} - (double)INFINITY;
    zero[c] = (lanes){0};
  }
  for (; first + CHAINS * LANES <= end; first += CHAINS * LANES) {
    for (size_t c = 0; c < CHAINS; ++c) {
      const lanes value = *(const lanes *)(x + first + c * LANES);
      low[c] = CHOOSE(value < low[c], value, low[c]);
      high[c] = CHOOSE(value > high[c], value, high[c]);
      zero[c] += 0.0 * value;
    }
  }
  struct rst_series_extent extent = {(double)INFINITY, -(double)INFINITY};
  double sum = 0.0;
  for (size_t i = 0; i < CHAINS * LANES; ++i) {
    const double least = low[i / LANES][i % LANES];
    const double most = high[i / LANES][i % LANES];
    extent.low = least < extent.low ? least : extent.low;
    extent.high = most > extent.high ? most : extent.high;
    sum += zero[i / LANES][i % LANES];
  }
  for (; first < end; ++first) {
    extent.low = x[first] < extent.low ? x[first] : extent.low;
    extent.high = x[first] > extent.high ? x[first] : extent.high;
    sum += 0.0 * x[first];
  }
  return isnan(sum) ? (struct rst_series_extent){NAN, NAN} : extent;
}

RST_INLINE double magnitude_inline(const double *x, size_t first, size_t end) {
  lanes largest[CHAINS];
  for (size_t c = 0; c < CHAINS; ++c) {
    largest[c] = (lanes){0};
  }
  for (; first + CHAINS * LANES <= end; first += CHAINS * LANES) {
    for (size_t c = 0; c < CHAINS; ++c) {
      const lanes size = (lanes)(*(const choice *)(x + first + c * LANES) & INT64_MAX);
      largest[c] = CHOOSE(size > largest[c], size, largest[c]);
    }
  }
  double magnitude = 0.0;
  for (size_t i = 0; i < CHAINS * LANES; ++i) {
    const double size = largest[i / LANES][i % LANES];
    magnitude = size > magnitude ? size : magnitude;
  }
  for (; first < end; ++first) {
    magnitude = fabs(x[first]) > magnitude ? fabs(x[first]) : magnitude;
  }
  return magnitude;
}

#ifdef RST_WIDER_VECTORS
RST_WITH_AVX2 static struct rst_series_extent extent_avx2(const double *x, size_t first, size_t end) {
  return extent_inline(x, first, end);
}

RST_WITH_AVX2 static double magnitude_avx2(const double *x, size_t first, size_t end) {
  return magnitude_inline(x, first, end);
}
#endif

struct rst_series_extent rst_series_extent(const double *x, size_t first, size_t end) {
#ifdef RST_WIDER_VECTORS
  if (rst_vectors_widest() <= RST_VECTORS_AVX2) {
    return extent_avx2(x, first, end);
  }
#endif
  return extent_inline(x, first, end);
}

double rst_series_magnitude(const double *x, size_t first, size_t end) {
#ifdef RST_WIDER_VECTORS
  if (rst_vectors_widest() <= RST_VECTORS_AVX2) {
    return magnitude_avx2(x, first, end);
  }
#endif
  return magnitude_inline(x, first, end);
}

bool rst_series_is_constant(const double *x, size_t first, struct rst_series_extent extent) {
  const double range = extent.high - extent.low;
  return range <= RST_REGIME_CONSTANT * fmax(fabs(extent.low), fabs(extent.high)) ||
         range <= RST_REGIME_FADED * rst_series_magnitude(x, 0, first);
}

/* Means of `values` finite numbers among these, in BLOCKS consecutive blocks. */
static void mean_blocks(const double *x, size_t count, size_t values, double means[BLOCKS]) {
  size_t i = 0;
  size_t rank = 0;
  for (size_t b = 0; b < BLOCKS; ++b) {
    const size_t first = rank;
    const size_t end = ((b + 1) * values + BLOCKS - 1) / BLOCKS;
    double sum = 0.0;
    for (; i < count && rank < end; ++i) {
      if (isfinite(x[i])) {
        sum += x[i];
        ++rank;
      }
    }
    means[b] = sum / (double)(rank - first);
  }
}

RST_INLINE double sum_of(const double *x, size_t first, size_t end) {
  lanes sums[CHAINS] = {{0}};
  double sum = 0.0;
  for (; first + CHAINS * LANES <= end; first += CHAINS * LANES) {
    for (size_t c = 0; c < CHAINS; ++c) {
      sums[c] += *(const lanes *)(x + first + c * LANES);
    }
  }
  for (size_t i = 0; i < CHAINS * LANES; ++i) {
    sum += sums[i / LANES][i % LANES];
  }
  for (; first < end; ++first) {
    sum += x[first];
  }
  return sum;
}

/* As mean_blocks() if all values are finite; the mean of all, which is not finite otherwise. */
static double mean_finite_blocks(const double *x, size_t count, double means[BLOCKS]) {
  double sum = 0.0;
  size_t first = 0;
  for (size_t b = 0; b < BLOCKS; ++b) {
    const size_t end = ((b + 1) * count + BLOCKS - 1) / BLOCKS;
    const double part = sum_of(x, first, end);
    means[b] = part / (double)(end - first);
    sum += part;
    first = end;
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

void rst_block_mean(const double *values, size_t count, double *mean, double *error) {
  double means[BLOCKS];
  size_t finite = 0;
  double sum = 0.0;
  *error = NAN;
  *mean = mean_finite_blocks(values, count, means);
  if (isfinite(*mean)) {
    *error = count >= LEAST_VALUES ? error_of(means, *mean) : NAN;
    return;
  }
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
    mean_blocks(values, count, finite, means);
    *error = error_of(means, *mean);
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

struct rst_series_swing rst_series_swing(const double *x, size_t first, size_t middle, size_t end) {
  const struct rst_series_extent before = rst_series_extent(x, first, middle);
  const struct rst_series_extent after = rst_series_extent(x, middle, end);
  struct rst_series_extent both = {fmin(before.low, after.low), fmax(before.high, after.high)};
  if (isnan(before.low) || isnan(after.low)) {
    both.low = both.high = NAN;
  }
  return (struct rst_series_swing){before.high - before.low, after.high - after.low, both.high - both.low,
                                   both};
}

double rst_series_change(const struct rst_series_swing *swing) {
  return swing->both == 0.0 ? 1.0 : swing->both / swing->before * (swing->both / swing->after);
}
