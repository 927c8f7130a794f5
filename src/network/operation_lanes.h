/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OPERATION_LANES_H
#define RST_OPERATION_LANES_H

#include "core/real.h"
#include "network/operation.h"

/** @file
 * What the sources of the operations share.
 */

enum { LANES = RST_LANE_BYTES / sizeof(real) };

static inline real *lanes_of(void *maps, size_t point) {
  return (real *)maps + point * LANES;
}

static inline real *input_of(const struct rst_operation *operation, const struct rst_slice *slice,
                             enum rst_maps maps) {
  return lanes_of(slice->maps[maps], operation->input);
}

static inline real *output_of(const struct rst_operation *operation, const struct rst_slice *slice,
                              enum rst_maps maps) {
  return lanes_of(slice->maps[maps], operation->output);
}

/* Sum over the lanes. */
static inline double sum_of_lanes(const real *lane) {
  double sum = 0.0;
  for (size_t l = 0; l < LANES; ++l) {
    sum += (double)lane[l];
  }
  return sum;
}

extern const struct rst_operation_type RST_REAL(rst_operation_convolve), RST_REAL(rst_operation_normalise),
    RST_REAL(rst_operation_activate), RST_REAL(rst_operation_average), RST_REAL(rst_operation_shortcut);

#endif
