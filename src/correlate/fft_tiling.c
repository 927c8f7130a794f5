/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "correlate/fft_tiling.h"

#include <math.h>

#include "core/real.h"
#include "core/sizes.h"
#include "correlate/fft_loops.h"

enum { MOST_PHASES = 2, LONGEST_CODELET = 64, SHORTEST_COLUMN = RST_FFT_LOOPS_UNIT };

/* In nanoseconds, as everything below. */
static double butterfly_cost(size_t n) {
  return 0.015 * (double)sizeof(real) * (double)n * log2((double)n + 1.0);
}

/* Of one complex transform: less where one of FFTW's codelets does it all, more for factors other than 2, and many times more where a
 * large prime factor forces a convolution. */
static double transform_cost(size_t n) {
  enum { LARGEST_CODED_FACTOR = 13 };
  const double codelet = 0.75;
  const double mixed = 1.3;
  const double convolution = 6.0;
  double factor = n <= LONGEST_CODELET ? codelet : 1.0;
  size_t rest = n;
  for (size_t p = 2; p <= LARGEST_CODED_FACTOR; ++p) {
    for (; rest % p == 0; rest /= p) {
      factor = p == 2 ? factor : mixed;
    }
  }
  factor = rest > 1 ? convolution : factor;
  return factor * butterfly_cost(n);
}

/* One by one, with the way to the caches and back. */
static double row_cost(size_t width) {
  const double overhead = 20.0;
  const double point = 0.04 * (double)sizeof(real);
  return overhead + point * (double)width + transform_cost(width);
}

/* Of a power of two, out of rows or back; these are read and written more than once where no codelet does it all. */
static double column_cost(size_t height) {
  const double overhead = 3.0;
  const double repeated = 1.5;
  return overhead + butterfly_cost(height) * (height > LONGEST_CODELET ? repeated : 1.0);
}

/* Spectra that leave the caches are read from memory by either correlation; so are responses, which are half as large at most. */
static double memory_cost(double spectrum_points) {
  const double cached_bytes = 16e6;
  const double nanoseconds_per_byte = 0.06;
  const double bytes = 3.0 * spectrum_points * 2.0 * (double)sizeof(real);
  return nanoseconds_per_byte * fmax(bytes - cached_bytes, 0.0);
}

/* Of rows, of columns, of products point by point, and of memory. The kernel has half of the columns, and its rows are transformed in
 * pairs. */
static double tiling_cost(const struct rst_correlation_shape *shape, const struct rst_fft_tiling *tiling) {
  const double product = 0.02 * (double)sizeof(real);
  const double tiles = (double)tiling->tiles;
  const double phases = (double)tiling->phases;
  const double width = (double)tiling->width;
  const double rows = tiles * (double)tiling->share + (double)shape->ky / 2.0;
  const double points = tiles * width * (double)tiling->height;
  return 2.0 * (rows * row_cost(tiling->width) +
                (tiles + phases / 2.0) * width * column_cost(tiling->height) + points * phases * product) +
         memory_cost(points);
}

/* The cheapest length of rows: at least as many points as the response reaches, or the period of the image. */
static size_t best_width(const struct rst_correlation_shape *shape) {
  const size_t reach = shape->mx + shape->kx - 1;
  size_t best = shape->mx == shape->nx ? shape->nx : reach;
  for (size_t width = reach; width < 2 * reach; ++width) {
    if (transform_cost(width) < transform_cost(best)) {
      best = width;
    }
  }
  return best;
}

/* Rows of a tile, at most, on which rows of the response may begin: the kernel must not reach over its end. With two phases, odd rows of
 * the response reach a row further than the even ones above them, of which the last may have none below it. */
static size_t most_rows(const struct rst_correlation_shape *shape, size_t height, size_t phases) {
  const size_t most = height - rst_least(height, (shape->ky - 1) / phases);
  return phases == 1 || shape->ky % 2 == 1 || shape->my < 2 * most ? most : most - rst_least(most, 1);
}

/* The tiling for columns of a given length, which has room for `most` rows. */
static struct rst_fft_tiling make_tiling(const struct rst_correlation_shape *shape, size_t width,
                                         size_t height, size_t phases, size_t most) {
  const size_t tiles = (shape->my + 2 * most - 1) / (2 * most);
  const size_t share = (shape->my + 2 * tiles - 1) / (2 * tiles);
  return (struct rst_fft_tiling){.width = width,
                                 .height = height,
                                 .share = share,
                                 .tiles = tiles,
                                 .phases = phases,
                                 .offset = phases == 1 ? share : 1};
}

/* Columns are as long as a power of two: their transforms are fastest, and nothing else depends on their length. */
struct rst_fft_tiling RST_REAL(rst_fft_tiling)(const struct rst_correlation_shape *shape, double *cost) {
  struct rst_fft_tiling best = {0};
  const size_t width = best_width(shape);
  *cost = INFINITY;
  for (size_t phases = 1; phases <= MOST_PHASES; ++phases) {
    for (size_t height = SHORTEST_COLUMN; height / 8 < shape->ny + shape->ky; height *= 2) {
      const size_t most = most_rows(shape, height, phases);
      if (most > 0) {
        const struct rst_fft_tiling tiling = make_tiling(shape, width, height, phases, most);
        const double cost_of_tiling = tiling_cost(shape, &tiling);
        if (cost_of_tiling < *cost) {
          best = tiling;
          *cost = cost_of_tiling;
        }
      }
    }
  }
  return best;
}
