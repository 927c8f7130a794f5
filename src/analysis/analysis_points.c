/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "analysis/analysis_file_parts.h"
#include "hdf5/stack.h"

void rst_fixed_point_name(char name[RST_FIXED_POINT_NAME_LENGTH], size_t index) {
  snprintf(name, RST_FIXED_POINT_NAME_LENGTH, "fixed_points/%06zu", index);
}

/* The stack of all states; and each of them alone, since the XDMF readers of ParaView take no slab of a stack. */
static enum rst_status write_states(const struct rst_analysis_writer *writer, const struct rst_axis *index) {
  static const struct rst_variable variable = {
      "fixed_point", "fixed point of the flow with weight decay, by ascending loss", "1"};
  const struct rst_analysis *analysis = writer->analysis;
  const size_t count = analysis->ny * analysis->nx;
  const struct rst_axis y = rst_analysis_y(analysis);
  const struct rst_axis x = rst_analysis_x(analysis);
  const struct rst_axis *const axes[] = {index, &y, &x};
  const struct rst_stack stack = {.path = "/fixed_point", .rank = 2, .axes = &axes[1]};
  RST_SCOPED double *states = NULL;
  RST_TRY(RST_NEW(writer->context, index->count * count, &states));
  for (size_t i = 0; i < index->count; ++i) {
    memcpy(states + i * count, analysis->points[i].point.u->data, count * sizeof *states);
  }
  RST_TRY(rst_analysis_write(writer, &variable, 3, axes, states));
  for (size_t i = 0; i < index->count; ++i) {
    char name[RST_FIXED_POINT_NAME_LENGTH];
    rst_fixed_point_name(name, i);
    RST_HDF5(writer->context, rst_stack_show(writer->file, name, &stack, index->count, i),
             "/%s cannot be written", name);
  }
  return RST_OK;
}

static enum rst_status write_kinds(const struct rst_analysis_writer *writer, const struct rst_axis *index) {
  const char *const kinds[] = {rst_fixed_point_kind_name(RST_FIXED_POINT_MINIMUM),
                               rst_fixed_point_kind_name(RST_FIXED_POINT_SADDLE),
                               rst_fixed_point_kind_name(RST_FIXED_POINT_FLAT),
                               rst_fixed_point_kind_name(RST_FIXED_POINT_MAXIMUM), NULL};
  RST_SCOPED int8_t *codes = NULL;
  RST_TRY(RST_NEW(writer->context, index->count, &codes));
  for (size_t i = 0; i < index->count; ++i) {
    codes[i] = (int8_t)writer->analysis->points[i].kind;
  }
  const struct rst_dataset dataset = {
      .variable = {"fixed_point_kind", "kind of the fixed point, by the signs of the spectrum", "1"},
      .numbers = RST_NUMBERS_INT8,
      .rank = 1,
      .axes = {index},
      .values = codes,
      .flags = {.names = kinds}};
  return rst_dataset_write(writer->context, writer->file, &dataset);
}

enum rst_status rst_analysis_write_points(const struct rst_analysis_writer *writer) {
  const struct rst_axis index = {.variable = {"index", "number of the fixed point", "1"},
                                 .count = writer->analysis->point_count,
                                 .step = 1};
  RST_TRY(write_states(writer, &index));
  RST_TRY(rst_analysis_write_group(writer, RST_ANALYSIS_POINT, writer->analysis->points,
                                   sizeof *writer->analysis->points, &index));
  return write_kinds(writer, &index);
}
