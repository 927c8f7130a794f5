/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"
#include "hdf5/support.h"

/* The group that VTK reads as temporal ImageData, the fields in space: a flat image whose arrays are exactly (time, y, x), reached
 * through soft links, or a line whose arrays are (time, x). */

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

static bool write_geometry(const struct rst_run_file *file, hid_t group) {
  const int64_t version[] = {2, 0};
  const int64_t extent[] = {0, (int64_t)file->nx - 1, 0, (int64_t)file->ny - 1, 0, 0};
  const double origin[] = {0, 0, 0};
  const double spacing[] = {file->spacing, file->spacing, 1};
  const double direction[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  return rst_hdf5_set_numbers(group, "Version", H5T_NATIVE_INT64, version, 2) &&
         rst_hdf5_set_numbers(group, "WholeExtent", H5T_NATIVE_INT64, extent, 6) &&
         rst_hdf5_set_numbers(group, "Origin", H5T_NATIVE_DOUBLE, origin, 3) &&
         rst_hdf5_set_numbers(group, "Spacing", H5T_NATIVE_DOUBLE, spacing, 3) &&
         rst_hdf5_set_numbers(group, "Direction", H5T_NATIVE_DOUBLE, direction, 9);
}

static bool link_plane(hid_t point_data, const char *name, const char *target) {
  return H5Lcreate_soft(target, point_data, name, H5P_DEFAULT, H5P_DEFAULT) >= 0;
}

/* Of a line VTK wants (time, x): a virtual dataset that grows with the field. */
static bool link_line(const struct rst_run_file *file, hid_t point_data, const char *name,
                      const char *target) {
  struct rst_ids ids = {0};
  const hsize_t start[] = {0, 0, 0};
  const hsize_t none_of_field[] = {0, 1, file->nx};
  const hsize_t all_of_field[] = {H5S_UNLIMITED, 1, file->nx};
  const hsize_t none_of_line[] = {0, file->nx};
  const hsize_t all_of_line[] = {H5S_UNLIMITED, file->nx};
  const hid_t source = rst_ids_keep(&ids, H5Screate_simple(3, none_of_field, all_of_field));
  const hid_t line = rst_ids_keep(&ids, H5Screate_simple(2, none_of_line, all_of_line));
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_CREATE));
  const bool made = H5Sselect_hyperslab(source, H5S_SELECT_SET, start, NULL, all_of_field, NULL) >= 0 &&
                    H5Sselect_hyperslab(line, H5S_SELECT_SET, start, NULL, all_of_line, NULL) >= 0 &&
                    H5Pset_obj_track_times(properties, false) >= 0 &&
                    H5Pset_virtual(properties, line, ".", target, source) >= 0 &&
                    rst_ids_keep(&ids, H5Dcreate2(point_data, name, rst_run_file_type(file), line,
                                                  H5P_DEFAULT, properties, H5P_DEFAULT)) >= 0;
  rst_ids_close(&ids);
  return made;
}

static bool link_arrays(const struct rst_run_file *file, hid_t point_data, hid_t steps) {
  const int none = 0;
  bool done = rst_hdf5_set_numbers(steps, "NSteps", H5T_NATIVE_INT, &none, 0) &&
              H5Lcreate_soft("/time", steps, "Values", H5P_DEFAULT, H5P_DEFAULT) >= 0;
  for (size_t i = 0; done && i < file->field_count; ++i) {
    if (file->field_axes[i] != RST_AXES_SPACE) {
      continue; /* another grid */
    }
    char target[RST_VIEW_NAME_LENGTH];
    snprintf(target, sizeof target, "/%s", file->names[i]);
    done = file->ny > 1 ? link_plane(point_data, file->names[i], target)
                        : link_line(file, point_data, file->names[i], target);
  }
  return done;
}

enum rst_status rst_vtkhdf_write(struct rst_run_file *file) {
  struct rst_ids ids = {0};
  const hid_t group =
      rst_ids_keep(&ids, H5Gcreate2(file->file, "VTKHDF", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t point_data =
      rst_ids_keep(&ids, H5Gcreate2(group, "PointData", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t steps = rst_ids_keep(&ids, H5Gcreate2(group, "Steps", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const enum rst_status status =
      write_kind(group, &ids) && write_geometry(file, group) && link_arrays(file, point_data, steps)
          ? RST_OK
          : rst_hdf5_fail(file->context, "%s: /VTKHDF cannot be written", file->path);
  rst_ids_close(&ids);
  return status;
}

enum rst_status rst_vtkhdf_update(struct rst_run_file *file) {
  struct rst_ids ids = {0};
  const int count = (int)file->snapshots;
  const hid_t steps = rst_ids_keep(&ids, H5Gopen2(file->file, steps_name, H5P_DEFAULT));
  const enum rst_status status =
      rst_hdf5_update_number(steps, "NSteps", H5T_NATIVE_INT, &count)
          ? RST_OK
          : rst_hdf5_fail(file->context, "%s: /%s cannot be updated", file->path, steps_name);
  rst_ids_close(&ids);
  return status;
}
