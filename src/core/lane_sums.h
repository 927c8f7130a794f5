/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LANE_SUMS_H
#define RST_LANE_SUMS_H

#include <stddef.h>

/** @file
 * Sums over elements, in independent lanes that are added in a fixed order: the compiler may use vectors, the order depends on the
 * count alone.
 */

enum { RST_SUM_LANES = 8 };

static inline double rst_add_lanes(const double lane[RST_SUM_LANES]) {
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/** End a function with the sum of `term`, an expression in i, over i < count. */
#define RST_SUM_IN_LANES(count, term)                                                                        \
  double lane[RST_SUM_LANES] = {0};                                                                          \
  size_t start = 0;                                                                                          \
  for (; start + RST_SUM_LANES <= (count); start += RST_SUM_LANES) {                                         \
    for (size_t l = 0; l < RST_SUM_LANES; ++l) {                                                             \
      const size_t i = start + l;                                                                            \
      lane[l] += (term);                                                                                     \
    }                                                                                                        \
  }                                                                                                          \
  for (size_t i = start; i < (count); ++i) {                                                                 \
    lane[i - start] += (term);                                                                               \
  }                                                                                                          \
  return rst_add_lanes(lane)

#endif
