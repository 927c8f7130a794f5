/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/support.h"
#include "restrain/archive.h"

enum { MOST_AXES = 8 };

/* Shape of the field that a dataset becomes. */
static enum rst_status field_shape(struct rst_context *context, const char *path, const char *name,
                                   hid_t dataset, struct rst_ids *ids, size_t *ny, size_t *nx) {
  hsize_t dims[MOST_AXES] = {0};
  const hid_t space = rst_ids_keep(ids, H5Dget_space(dataset));
  const hid_t type = rst_ids_keep(ids, H5Dget_type(dataset));
  const H5T_class_t kind = H5Tget_class(type);
  RST_REQUIRE(context, kind == H5T_FLOAT || kind == H5T_INTEGER || kind == H5T_ENUM, RST_ERROR_IO,
              "%s: %s does not hold numbers; name a numeric dataset", path, name);
  int rank = H5Sget_simple_extent_ndims(space);
  RST_REQUIRE(context, rank >= 1 && rank <= MOST_AXES, RST_ERROR_IO,
              "%s: %s has %d axes; a field needs one or two", path, name, rank);
  H5Sget_simple_extent_dims(space, dims, NULL);
  int first = 0;
  while (first < rank - 2 && dims[first] == 1) {
    ++first;
  }
  while (rank - first > 2 && dims[rank - 1] == 1) {
    --rank;
  }
  RST_REQUIRE(
      context, rank - first <= 2, RST_ERROR_IO,
      "%s: %s has %d axes without those of length 1 (%llu along the first one); a field needs one or two",
      path, name, rank - first, (unsigned long long)dims[first]);
  *ny = rank - first == 2 ? dims[rank - 2] : 1;
  *nx = dims[rank - 1];
  RST_REQUIRE(context, *ny > 0 && *nx > 0, RST_ERROR_IO, "%s: %s is empty", path, name);
  return RST_OK;
}

enum rst_status rst_archive_read_field(struct rst_context *context, const char *path, const char *name,
                                       size_t most_points, struct rst_field **field) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  size_t ny = 0;
  size_t nx = 0;
  *field = NULL;
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
  RST_HDF5(context, dataset >= 0, "%s holds no dataset %s", path, name);
  RST_TRY(field_shape(context, path, name, dataset, &ids, &ny, &nx));
  RST_REQUIRE(context, (double)ny * (double)nx <= (double)most_points, RST_ERROR_IO,
              "%s: " RST_TOO_MANY_POINTS, path, name, ny, nx, most_points);
  RST_TRY(rst_hdf5_require_own_numbers(context, path, name, dataset));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, field));
  if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, (*field)->data) < 0) {
    rst_field_destroy(field);
    return rst_hdf5_fail(context, "%s: %s cannot be read", path, name);
  }
  return RST_OK;
}
