/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/operation_lanes.h"

void RST_REAL(rst_fill_lanes)(size_t points, size_t present, const void *rows, void *maps) {
  for (size_t point = 0; point < points; ++point) {
    real *to = lanes_of(maps, point);
    for (size_t l = 0; l < LANES; ++l) {
      to[l] = ((const real *)rows)[(l < present ? l : 0) * points + point];
    }
  }
}
