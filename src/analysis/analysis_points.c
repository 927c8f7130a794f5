/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "analysis/analysis_file_parts.h"
#include "hdf5/dataset.h"
#include "hdf5/flags.h"

static const char group_name[] = "fixed_points";

void rst_fixed_point_name(char name[RST_FIXED_POINT_NAME_LENGTH], size_t index) {
  snprintf(name, RST_FIXED_POINT_NAME_LENGTH, "%s/%06zu", group_name, index);
}

static enum rst_status write_stack(struct rst_analysis_writer *writer, hid_t index, hid_t y, hid_t x) {
  const struct rst_analysis *analysis = writer->analysis;
  const size_t count = analysis->ny * analysis->nx;
  void *memory = NULL;
  RST_TRY(rst_allocate(writer->context, analysis->point_count * count, sizeof(double), &memory));
  for (size_t i = 0; i < analysis->point_count; ++i) {
    memcpy((double *)memory + i * count, analysis->points[i].point.u->data, count * sizeof(double));
  }
  const struct rst_written_variable written = {
      .variable = {"fixed_point", "fixed point of the flow with weight decay, by ascending loss", "1"},
      .type = H5T_NATIVE_DOUBLE,
      .rank = 3,
      .dims = {analysis->point_count, analysis->ny, analysis->nx},
      .scales = {index, y, x},
      .values = memory};
  const enum rst_status status = rst_variable_write(writer->context, writer->file, &written, NULL);
  free(memory);
  return status;
}

/* The XDMF readers of ParaView take a dataset of one state, not all of them a slab of a stack. */
static bool write_view(const struct rst_analysis_writer *writer, size_t i) {
  const struct rst_analysis *analysis = writer->analysis;
  const hsize_t stack[] = {analysis->point_count, analysis->ny, analysis->nx};
  const hsize_t start[] = {i, 0, 0};
  const hsize_t one[] = {1, analysis->ny, analysis->nx};
  char name[RST_FIXED_POINT_NAME_LENGTH];
  struct rst_ids ids = {0};
  rst_fixed_point_name(name, i);
  const hid_t source = rst_ids_keep(&ids, H5Screate_simple(3, stack, NULL));
  const hid_t view = rst_ids_keep(&ids, H5Screate_simple(3, one, NULL));
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_CREATE));
  const bool made = H5Sselect_hyperslab(source, H5S_SELECT_SET, start, NULL, one, NULL) >= 0 &&
                    H5Pset_obj_track_times(properties, false) >= 0 &&
                    H5Pset_virtual(properties, view, ".", "/fixed_point", source) >= 0 &&
                    rst_ids_keep(&ids, H5Dcreate2(writer->file, name, H5T_NATIVE_DOUBLE, view, H5P_DEFAULT,
                                                  properties, H5P_DEFAULT)) >= 0;
  rst_ids_close(&ids);
  return made;
}

static enum rst_status write_views(const struct rst_analysis_writer *writer) {
  struct rst_ids ids = {0};
  bool made =
      rst_ids_keep(&ids, H5Gcreate2(writer->file, group_name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) >= 0;
  for (size_t i = 0; made && i < writer->analysis->point_count; ++i) {
    made = write_view(writer, i);
  }
  const enum rst_status status =
      made ? RST_OK : rst_hdf5_fail(writer->context, "/%s cannot be written", group_name);
  rst_ids_close(&ids);
  return status;
}

static enum rst_status write_kinds(const struct rst_analysis_writer *writer, hid_t index) {
  const char *const kinds[] = {rst_fixed_point_kind_name(RST_FIXED_POINT_MINIMUM),
                               rst_fixed_point_kind_name(RST_FIXED_POINT_SADDLE),
                               rst_fixed_point_kind_name(RST_FIXED_POINT_FLAT),
                               rst_fixed_point_kind_name(RST_FIXED_POINT_MAXIMUM), NULL};
  const struct rst_analysis *analysis = writer->analysis;
  void *memory = NULL;
  hid_t made = H5I_INVALID_HID;
  RST_TRY(rst_allocate(writer->context, analysis->point_count, sizeof(int8_t), &memory));
  for (size_t i = 0; i < analysis->point_count; ++i) {
    ((int8_t *)memory)[i] = (int8_t)analysis->points[i].kind;
  }
  const struct rst_written_variable written = {
      .variable = {"fixed_point_kind", "kind of the fixed point, by the signs of the spectrum", "1"},
      .type = H5T_NATIVE_INT8,
      .rank = 1,
      .dims = {analysis->point_count},
      .scales = {index},
      .values = memory};
  enum rst_status status = rst_variable_write(writer->context, writer->file, &written, &made);
  free(memory);
  RST_TRY(status);
  status = rst_flags_write(writer->context, made, NULL, kinds);
  H5Idec_ref(made);
  return status;
}

enum rst_status rst_analysis_write_points(struct rst_analysis_writer *writer, hid_t y, hid_t x) {
  hid_t index = H5I_INVALID_HID;
  RST_TRY(rst_analysis_write_places(writer, "index", "number of the fixed point", "1",
                                    writer->analysis->point_count, 0, 1, &index));
  RST_TRY(write_stack(writer, index, y, x));
  RST_TRY(rst_analysis_write_group(writer, RST_ANALYSIS_POINT, writer->analysis->points,
                                   sizeof *writer->analysis->points, writer->analysis->point_count, index));
  RST_TRY(write_kinds(writer, index));
  return write_views(writer);
}
