/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/series.h"

#include <math.h>
#include <stdint.h>

#include "core/vectors.h"

enum {
  LANES = 4, /* of a vector */
  CHAINS = 4 /* of operations that do not wait for each other */
};
_Static_assert(RST_SERIES_TERMS == LANES * CHAINS, "a sum has a term for each lane");

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

/* Whole vectors of numbers into the terms of a sum. */
static size_t add_vectors(double sums[RST_SERIES_TERMS], const double *x, size_t first, size_t end) {
  lanes terms[CHAINS];
  for (size_t c = 0; c < CHAINS; ++c) {
    terms[c] = *(const lanes *)(sums + c * LANES);
  }
  for (; first + CHAINS * LANES <= end; first += CHAINS * LANES) {
    for (size_t c = 0; c < CHAINS; ++c) {
      terms[c] += *(const lanes *)(x + first + c * LANES);
    }
  }
  for (size_t c = 0; c < CHAINS; ++c) {
    *(lanes *)(sums + c * LANES) = terms[c];
  }
  return first;
}

void rst_series_sum_add(struct rst_series_sum *sum, const double *x, size_t first, size_t end) {
  while (sum->waiting_count > 0 && first < end) {
    sum->waiting[sum->waiting_count++] = x[first++];
    if (sum->waiting_count == RST_SERIES_TERMS) {
      add_vectors(sum->sums, sum->waiting, 0, RST_SERIES_TERMS);
      sum->waiting_count = 0;
    }
  }
  for (first = add_vectors(sum->sums, x, first, end); first < end; ++first) {
    sum->waiting[sum->waiting_count++] = x[first];
  }
}

double rst_series_sum_total(const struct rst_series_sum *sum) {
  double total = 0.0;
  for (size_t i = 0; i < RST_SERIES_TERMS; ++i) {
    total += sum->sums[i];
  }
  for (size_t i = 0; i < sum->waiting_count; ++i) {
    total += sum->waiting[i];
  }
  return total;
}
