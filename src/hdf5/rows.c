/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/rows.h"

#include <stdlib.h>

#include "hdf5/dataset.h"

struct extent {
  int rank, growing; /* the axis that grows, -1 for none */
  hsize_t dims[RST_DATASET_RANK];
};

static struct extent extent_of(hid_t dataset) {
  struct extent extent = {.growing = -1};
  hsize_t largest[RST_DATASET_RANK] = {0};
  RST_IDS(ids);
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  if (H5Sget_simple_extent_ndims(space) <= RST_DATASET_RANK) {
    extent.rank = H5Sget_simple_extent_dims(space, extent.dims, largest);
  }
  for (int axis = 0; axis < extent.rank; ++axis) {
    extent.growing = largest[axis] == H5S_UNLIMITED ? axis : extent.growing;
  }
  return extent;
}

/* To or from memory that is as large as the part of the dataset. */
static bool transfer(hid_t dataset, int rank, const hsize_t *start, const hsize_t *count, hid_t type,
                     const void *from, void *to) {
  RST_IDS(ids);
  const hid_t stored = rst_ids_keep(&ids, H5Dget_space(dataset));
  const hid_t memory = rst_ids_keep(&ids, H5Screate_simple(rank, count, NULL));
  bool done = H5Sselect_hyperslab(stored, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
  if (from) {
    done = done && H5Dwrite(dataset, type, memory, stored, H5P_DEFAULT, from) >= 0;
  } else {
    done = done && H5Dread(dataset, type, memory, stored, H5P_DEFAULT, to) >= 0;
  }
  return done;
}

bool rst_rows_append(hid_t dataset, size_t first, size_t rows, hid_t type, const void *values) {
  struct extent extent = extent_of(dataset);
  hsize_t start[RST_DATASET_RANK] = {0};
  if (rows == 0 || extent.growing < 0) {
    return rows == 0;
  }
  extent.dims[extent.growing] = first + rows;
  const bool grown = H5Dset_extent(dataset, extent.dims) >= 0;
  start[extent.growing] = first;
  extent.dims[extent.growing] = rows;
  return grown && transfer(dataset, extent.rank, start, extent.dims, type, values, NULL);
}

bool rst_rows_read(hid_t dataset, long member, size_t first, size_t rows, hid_t type, void *values) {
  struct extent extent = extent_of(dataset);
  hsize_t start[RST_DATASET_RANK] = {0};
  if (rows == 0 || extent.growing < 0) {
    return rows == 0;
  }
  if (member >= 0 && extent.growing > 0) {
    start[0] = (hsize_t)member;
    extent.dims[0] = 1;
  }
  start[extent.growing] = first;
  extent.dims[extent.growing] = rows;
  return transfer(dataset, extent.rank, start, extent.dims, type, NULL, values);
}

size_t rst_rows_count(hid_t dataset) {
  const struct extent extent = extent_of(dataset);
  return extent.growing >= 0 ? (size_t)extent.dims[extent.growing] : 0;
}

static bool make_room(void **buffer, size_t *capacity, size_t size) {
  if (size > *capacity) {
    void *grown = realloc(*buffer, size);
    if (!grown) {
      return false;
    }
    *buffer = grown;
    *capacity = size;
  }
  return true;
}

/* The filters and the chunks, so that one's chunks are the other's. */
static bool are_stored_alike(hid_t from, hid_t to) {
  RST_IDS(ids);
  const hid_t one = rst_ids_keep(&ids, H5Dget_create_plist(from));
  const hid_t other = rst_ids_keep(&ids, H5Dget_create_plist(to));
  return H5Pequal(one, other) > 0;
}

/* A snapshot as it is stored. */
static bool copy_chunk(hid_t from, hid_t to, const struct extent *extent, void **buffer, size_t *capacity) {
  hsize_t offset[RST_DATASET_RANK] = {extent->dims[0] - 1};
  hsize_t size = 0;
  uint32_t filters = 0;
  return H5Dget_chunk_storage_size(from, offset, &size) >= 0 && size > 0 &&
         make_room(buffer, capacity, size) &&
         H5Dread_chunk(from, H5P_DEFAULT, offset, &filters, *buffer) >= 0 &&
         H5Dset_extent(to, extent->dims) >= 0 &&
         H5Dwrite_chunk(to, H5P_DEFAULT, filters, offset, size, *buffer) >= 0;
}

/* All are read, which looks at their checksums; what is stored need not be compressed again. */
static bool copy_snapshots(hid_t from, hid_t to, struct extent extent, size_t rows) {
  RST_IDS(ids);
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(to));
  const bool alike = are_stored_alike(from, to);
  size_t bytes = H5Tget_size(type);
  for (int axis = 1; axis < extent.rank; ++axis) {
    bytes *= (size_t)extent.dims[axis];
  }
  void *values = malloc(bytes);
  void *buffer = NULL;
  size_t capacity = 0;
  bool done = values != NULL;
  for (size_t row = 0; row < rows && done; ++row) {
    extent.dims[0] = row + 1;
    done = rst_rows_read(from, RST_ALL_MEMBERS, row, 1, type, values) &&
           (alike ? copy_chunk(from, to, &extent, &buffer, &capacity)
                  : rst_rows_append(to, row, 1, type, values));
  }
  free(values);
  free(buffer);
  return done;
}

static bool copy_column(hid_t from, hid_t to, const struct extent *extent, size_t rows) {
  enum { BLOCK = 4096 };
  RST_IDS(ids);
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(to));
  const size_t members = extent->rank > 1 ? (size_t)extent->dims[0] : 1;
  void *values = calloc(BLOCK * members, H5Tget_size(type));
  bool done = values != NULL;
  for (size_t first = 0; first < rows && done; first += BLOCK) {
    const size_t count = rows - first < BLOCK ? rows - first : BLOCK;
    done = rst_rows_read(from, RST_ALL_MEMBERS, first, count, type, values) &&
           rst_rows_append(to, first, count, type, values);
  }
  free(values);
  return done;
}

bool rst_rows_copy(hid_t from, hid_t to, size_t rows) {
  const struct extent extent = extent_of(to);
  return extent.rank > 1 && extent.growing == 0 ? copy_snapshots(from, to, extent, rows)
                                                : copy_column(from, to, &extent, rows);
}
