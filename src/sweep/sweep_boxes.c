/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "sweep/sweep_file_parts.h"

/* The boundaries of a sweep: boxes counted over their sizes, and dimensions. */

enum rst_status rst_sweep_boxes_write(struct rst_context *context, hid_t file,
                                      const struct rst_sweep_boxes *boxes) {
  static const int8_t numbers[RST_SWEEP_BOUNDARIES] = {RST_SWEEP_DIVERGENCE, RST_SWEEP_CONVERGENCE,
                                                       RST_SWEEP_CHAOS};
  const struct rst_axis box_size = {
      .variable = {"box_size", "side of the boxes, in spacings of the grid", "1"},
      .count = boxes->sizes,
      .numbers = RST_NUMBERS_INT64,
      .values = boxes->size};
  const struct rst_axis boundary = {
      .variable = {"boundary", "boundary between regimes, by what lies inside", "1"},
      .count = RST_SWEEP_BOUNDARIES,
      .numbers = RST_NUMBERS_INT8,
      .values = numbers,
      .flags = {.names = rst_sweep_boundary_names()}};
  int64_t counts[RST_SWEEP_BOUNDARIES * RST_SWEEP_MOST_SIZES];
  for (size_t i = 0; i < RST_SWEEP_BOUNDARIES; ++i) {
    memcpy(&counts[i * boxes->sizes], boxes->count[i], boxes->sizes * sizeof *counts);
  }
  const struct rst_dataset datasets[] = {
      {.variable = {"boxes", "boxes that the boundary passes through", "1"},
       .numbers = RST_NUMBERS_INT64,
       .rank = 2,
       .axes = {&boundary, &box_size},
       .values = counts},
      {.variable = {"dimension", "box-counting dimension of the boundary", "1"},
       .rank = 1,
       .axes = {&boundary},
       .values = boxes->dimension},
      {.variable = {"dimension_error", "standard error of its fit", "1"},
       .rank = 1,
       .axes = {&boundary},
       .values = boxes->dimension_error},
  };
  for (size_t i = 0; i < sizeof datasets / sizeof *datasets; ++i) {
    RST_TRY(rst_dataset_write(context, file, &datasets[i]));
  }
  return RST_OK;
}
