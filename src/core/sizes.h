/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SIZES_H
#define RST_SIZES_H

#include <stddef.h>

#include "core/vectors.h"

/** @file
 * Arithmetic of sizes.
 */

RST_INLINE size_t rst_least(size_t a, size_t b) {
  return a < b ? a : b;
}

RST_INLINE size_t rst_most(size_t a, size_t b) {
  return a > b ? a : b;
}

/** n, rounded up to a multiple. */
RST_INLINE size_t rst_round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

#endif
