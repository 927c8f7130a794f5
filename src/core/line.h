/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LINE_H
#define RST_LINE_H

#include "core/real.h"

/** @file
 * Numbers of a cache line, which loops for vectors of any width take together.
 */

/** Halves and quarters of a line. */
typedef real rst_half_line __attribute__((vector_size(32), aligned(sizeof(real)), may_alias));
typedef real rst_quarter_line __attribute__((vector_size(16)));

/** The sum of a line's numbers: its second half is added to the first until one is left. */
static inline real rst_line_sum(const real *line) {
  const rst_half_line two = *(const rst_half_line *)line + *(const rst_half_line *)(line + 32 / sizeof(real));
#ifdef RST_REAL_IS_FLOAT
  const rst_quarter_line one =
      __builtin_shufflevector(two, two, 0, 1, 2, 3) + __builtin_shufflevector(two, two, 4, 5, 6, 7);
  return (one[0] + one[2]) + (one[1] + one[3]);
#else
  const rst_quarter_line one =
      __builtin_shufflevector(two, two, 0, 1) + __builtin_shufflevector(two, two, 2, 3);
  return one[0] + one[1];
#endif
}

#endif
