/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/growing.h"

#include "hdf5/support.h"

enum { MEMBER, ROW, AXES };

/* Lists over (member, row) serve a dataset of one axis from their second entry on. */
static const hsize_t *of_axes(const struct rst_column *column, const hsize_t list[AXES]) {
  return column->members > 0 ? list : list + ROW;
}

static bool transfer(const struct rst_column *column, const hsize_t start[AXES], const hsize_t count[AXES],
                     hid_t type, const void *from, void *to) {
  struct rst_ids ids = {0};
  const int rank = column->members > 0 ? AXES : 1;
  const hid_t stored = rst_ids_keep(&ids, H5Dget_space(column->dataset));
  const hid_t memory = rst_ids_keep(&ids, H5Screate_simple(rank, of_axes(column, count), NULL));
  bool done = H5Sselect_hyperslab(stored, H5S_SELECT_SET, of_axes(column, start), NULL,
                                  of_axes(column, count), NULL) >= 0;
  if (from) {
    done = done && H5Dwrite(column->dataset, type, memory, stored, H5P_DEFAULT, from) >= 0;
  } else {
    done = done && H5Dread(column->dataset, type, memory, stored, H5P_DEFAULT, to) >= 0;
  }
  rst_ids_close(&ids);
  return done;
}

bool rst_column_append(const struct rst_column *column, size_t first, size_t rows, hid_t type,
                       const void *values) {
  const hsize_t total[AXES] = {column->members, first + rows};
  const hsize_t start[AXES] = {0, first};
  const hsize_t count[AXES] = {column->members, rows};
  return rows == 0 || (H5Dset_extent(column->dataset, of_axes(column, total)) >= 0 &&
                       transfer(column, start, count, type, values, NULL));
}

bool rst_column_read(const struct rst_column *column, size_t member, size_t count, size_t first, size_t rows,
                     hid_t type, void *values) {
  const hsize_t start[AXES] = {member, first};
  const hsize_t size[AXES] = {count, rows};
  return rows == 0 || transfer(column, start, size, type, NULL, values);
}

size_t rst_column_rows(const struct rst_column *column) {
  hsize_t dims[AXES] = {0};
  struct rst_ids ids = {0};
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(column->dataset));
  const int rank = H5Sget_simple_extent_ndims(space);
  const bool known = rank >= 1 && rank <= AXES && H5Sget_simple_extent_dims(space, dims, NULL) == rank;
  rst_ids_close(&ids);
  return known ? (size_t)dims[rank - 1] : 0;
}
