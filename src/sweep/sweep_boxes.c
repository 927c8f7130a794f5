/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "hdf5/dataset.h"
#include "hdf5/flags.h"
#include "sweep/sweep_file_parts.h"

/* The boundaries of a sweep: boxes counted over their sizes, and dimensions. */

struct writer {
  struct rst_context *context;
  hid_t file, boundary, box_size;
};

static enum rst_status write_scales(struct writer *writer, const struct rst_sweep_boxes *boxes) {
  const int8_t numbers[RST_SWEEP_BOUNDARIES] = {RST_SWEEP_DIVERGENCE, RST_SWEEP_CONVERGENCE, RST_SWEEP_CHAOS};
  struct rst_written_variable scale = {
      .variable = {"box_size", "side of the boxes, in spacings of the grid", "1"},
      .type = H5T_NATIVE_INT64,
      .rank = 1,
      .dims = {boxes->sizes},
      .is_scale = true,
      .values = boxes->size};
  RST_TRY(rst_variable_write(writer->context, writer->file, &scale, &writer->box_size));
  scale.variable = (struct rst_variable){"boundary", "boundary between regimes, by what lies inside", "1"};
  scale.type = H5T_NATIVE_INT8;
  scale.dims[0] = RST_SWEEP_BOUNDARIES;
  scale.values = numbers;
  RST_TRY(rst_variable_write(writer->context, writer->file, &scale, &writer->boundary));
  return rst_flags_write(writer->context, writer->boundary, NULL, rst_sweep_boundary_names());
}

static enum rst_status write_content(struct writer *writer, const struct rst_sweep_boxes *boxes) {
  int64_t counts[RST_SWEEP_BOUNDARIES * RST_SWEEP_MOST_SIZES];
  RST_TRY(write_scales(writer, boxes));
  for (size_t boundary = 0; boundary < RST_SWEEP_BOUNDARIES; ++boundary) {
    memcpy(&counts[boundary * boxes->sizes], boxes->count[boundary], boxes->sizes * sizeof *counts);
  }
  struct rst_written_variable written = {.variable = {"boxes", "boxes that the boundary passes through", "1"},
                                         .type = H5T_NATIVE_INT64,
                                         .rank = 2,
                                         .dims = {RST_SWEEP_BOUNDARIES, boxes->sizes},
                                         .scales = {writer->boundary, writer->box_size},
                                         .values = counts};
  RST_TRY(rst_variable_write(writer->context, writer->file, &written, NULL));
  written.variable = (struct rst_variable){"dimension", "box-counting dimension of the boundary", "1"};
  written.type = H5T_NATIVE_DOUBLE;
  written.rank = 1;
  written.values = boxes->dimension;
  RST_TRY(rst_variable_write(writer->context, writer->file, &written, NULL));
  written.variable = (struct rst_variable){"dimension_error", "standard error of its fit", "1"};
  written.values = boxes->dimension_error;
  return rst_variable_write(writer->context, writer->file, &written, NULL);
}

enum rst_status rst_sweep_boxes_write(struct rst_context *context, hid_t file,
                                      const struct rst_sweep_boxes *boxes) {
  struct writer writer = {
      .context = context, .file = file, .boundary = H5I_INVALID_HID, .box_size = H5I_INVALID_HID};
  const enum rst_status status = write_content(&writer, boxes);
  H5Idec_ref(writer.boundary);
  H5Idec_ref(writer.box_size);
  return status;
}
