/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/vtkhdf.h"

enum { EXTENT = 6 };

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

/* First and last point along x, y and z. */
static void extent_of(const struct rst_xdmf_mesh *mesh, int64_t layers, int64_t extent[EXTENT]) {
  const int64_t ends[] = {(int64_t)mesh->nx, (int64_t)mesh->ny, layers};
  for (int axis = 0; axis < 3; ++axis) {
    extent[2 * axis] = 0;
    extent[2 * axis + 1] = ends[axis];
  }
}

static bool write_geometry(hid_t group, const struct rst_xdmf_mesh *mesh) {
  const int64_t version[] = {2, 0};
  const double origin[] = {mesh->origin_x - mesh->step_x / 2, mesh->origin_y - mesh->step_y / 2, 0};
  const double spacing[] = {mesh->step_x, mesh->step_y, mesh->step_x};
  const double direction[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  int64_t extent[EXTENT];
  extent_of(mesh, 0, extent);
  return rst_hdf5_set_numbers(group, "Version", H5T_NATIVE_INT64, version, 2) &&
         rst_hdf5_set_numbers(group, "WholeExtent", H5T_NATIVE_INT64, extent, EXTENT) &&
         rst_hdf5_set_numbers(group, "Origin", H5T_NATIVE_DOUBLE, origin, 3) &&
         rst_hdf5_set_numbers(group, "Spacing", H5T_NATIVE_DOUBLE, spacing, 3) &&
         rst_hdf5_set_numbers(group, "Direction", H5T_NATIVE_DOUBLE, direction, 9);
}

bool rst_vtkhdf_write(hid_t file, const struct rst_xdmf_mesh *mesh) {
  RST_IDS(ids);
  const hid_t group = rst_ids_keep(&ids, H5Gcreate2(file, "VTKHDF", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  return rst_ids_keep(&ids, H5Gcreate2(group, "CellData", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)) >= 0 &&
         write_kind(group, &ids) && write_geometry(group, mesh);
}

bool rst_vtkhdf_link(hid_t file, const char *name, const char *dataset) {
  RST_IDS(ids);
  const hid_t arrays = rst_ids_keep(&ids, H5Gopen2(file, "VTKHDF/CellData", H5P_DEFAULT));
  return H5Lcreate_soft(dataset, arrays, name, H5P_DEFAULT, H5P_DEFAULT) >= 0;
}

bool rst_vtkhdf_write_steps(hid_t file, const char *times) {
  RST_IDS(ids);
  const int none = 0;
  const hid_t steps =
      rst_ids_keep(&ids, H5Gcreate2(file, "VTKHDF/Steps", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  return rst_hdf5_set_numbers(steps, "NSteps", H5T_NATIVE_INT, &none, 0) &&
         H5Lcreate_soft(times, steps, "Values", H5P_DEFAULT, H5P_DEFAULT) >= 0;
}

bool rst_vtkhdf_update_steps(hid_t file, const struct rst_xdmf_mesh *mesh, size_t count) {
  RST_IDS(ids);
  const int steps = (int)count;
  int64_t extent[EXTENT];
  extent_of(mesh, count == 1, extent);
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, "VTKHDF", H5P_DEFAULT));
  return rst_hdf5_update_numbers(group, "WholeExtent", H5T_NATIVE_INT64, extent, EXTENT) &&
         rst_hdf5_update_numbers(rst_ids_keep(&ids, H5Gopen2(group, "Steps", H5P_DEFAULT)), "NSteps",
                                 H5T_NATIVE_INT, &steps, 1);
}
