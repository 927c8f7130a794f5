/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"

/* The group that VTK reads as temporal ImageData, the first grid: a flat image whose arrays are exactly (time, y, x), reached
 * through soft links where the series are such, or a line whose arrays are (time, x). */

static const char steps_name[] = "VTKHDF/Steps";

/* VTK compares the bytes: ASCII of exactly this length. */
static bool write_kind(hid_t group, struct rst_ids *ids) {
  static const char kind[] = {'I', 'm', 'a', 'g', 'e', 'D', 'a', 't', 'a'};
  const hid_t type = rst_ids_keep(ids, H5Tcopy(H5T_C_S1));
  const hid_t space = rst_ids_keep(ids, H5Screate(H5S_SCALAR));
  if (H5Tset_size(type, sizeof kind) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0) {
    return false;
  }
  const hid_t attribute = rst_ids_keep(ids, H5Acreate2(group, "Type", type, space, H5P_DEFAULT, H5P_DEFAULT));
  return attribute >= 0 && H5Awrite(attribute, type, kind) >= 0;
}

/* The first series of snapshots, NULL if there is none. */
static const struct rst_series *first_of(const struct rst_run_layout *layout) {
  for (size_t i = 0; i < layout->count; ++i) {
    if (layout->series[i].entry == RST_AT_SNAPSHOT) {
      return &layout->series[i];
    }
  }
  return NULL;
}

static bool write_geometry(hid_t group, const struct rst_xdmf_mesh *mesh) {
  const int64_t version[] = {2, 0};
  const int64_t extent[] = {0, (int64_t)mesh->nx - 1, 0, (int64_t)mesh->ny - 1, 0, 0};
  const double origin[] = {0, 0, 0};
  const double spacing[] = {mesh->step_x, mesh->step_y, 1};
  const double direction[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  return rst_hdf5_set_numbers(group, "Version", H5T_NATIVE_INT64, version, 2) &&
         rst_hdf5_set_numbers(group, "WholeExtent", H5T_NATIVE_INT64, extent, 6) &&
         rst_hdf5_set_numbers(group, "Origin", H5T_NATIVE_DOUBLE, origin, 3) &&
         rst_hdf5_set_numbers(group, "Spacing", H5T_NATIVE_DOUBLE, spacing, 3) &&
         rst_hdf5_set_numbers(group, "Direction", H5T_NATIVE_DOUBLE, direction, 9);
}

static bool link_array(const struct rst_run_file *file, hid_t point_data, const struct rst_series *series,
                       size_t ny) {
  char target[RST_VIEW_NAME_LENGTH];
  struct rst_stack stack = rst_series_stack(file, series);
  snprintf(target, sizeof target, "/%s", series->variable.name);
  stack.path = target;
  return series->rank == 2 && ny > 1
             ? H5Lcreate_soft(target, point_data, series->shown, H5P_DEFAULT, H5P_DEFAULT) >= 0
             : rst_stack_show_all(point_data, series->shown, &stack);
}

static bool link_arrays(const struct rst_run_file *file, const struct rst_series *first, size_t ny,
                        hid_t point_data, hid_t steps) {
  const int none = 0;
  bool done = rst_hdf5_set_numbers(steps, "NSteps", H5T_NATIVE_INT, &none, 0) &&
              H5Lcreate_soft("/time", steps, "Values", H5P_DEFAULT, H5P_DEFAULT) >= 0;
  for (size_t i = 0; done && i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    if (series->entry == RST_AT_SNAPSHOT && rst_series_share_grid(series, first)) {
      done = link_array(file, point_data, series, ny);
    }
  }
  return done;
}

enum rst_status rst_vtkhdf_write(struct rst_run_file *file) {
  RST_IDS(ids);
  const struct rst_series *first = first_of(&file->layout);
  RST_REQUIRE(file->context, first, RST_ERROR_ARGUMENT, "%s would hold no snapshots", file->path);
  const struct rst_xdmf_mesh mesh = rst_series_mesh(first);
  const hid_t group =
      rst_ids_keep(&ids, H5Gcreate2(file->file, "VTKHDF", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t point_data =
      rst_ids_keep(&ids, H5Gcreate2(group, "PointData", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t steps = rst_ids_keep(&ids, H5Gcreate2(group, "Steps", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  return write_kind(group, &ids) && write_geometry(group, &mesh) &&
                 link_arrays(file, first, mesh.ny, point_data, steps)
             ? RST_OK
             : rst_hdf5_fail(file->context, "%s: /VTKHDF cannot be written", file->path);
}

enum rst_status rst_vtkhdf_update(struct rst_run_file *file) {
  RST_IDS(ids);
  const int count = (int)file->snapshots;
  const hid_t steps = rst_ids_keep(&ids, H5Gopen2(file->file, steps_name, H5P_DEFAULT));
  return rst_hdf5_update_number(steps, "NSteps", H5T_NATIVE_INT, &count)
             ? RST_OK
             : rst_hdf5_fail(file->context, "%s: /%s cannot be updated", file->path, steps_name);
}
