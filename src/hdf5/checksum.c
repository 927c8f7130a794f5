/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/checksum.h"

#include <string.h>
#include <zlib.h>

static const char attribute_name[] = "crc32";
enum { NONE_YET = -1 };

static int64_t sum_of(size_t size, const void *values) {
  return values ? (int64_t)crc32_z(0, values, size) : NONE_YET;
}

bool rst_checksum_attach(hid_t dataset, size_t size, const void *values) {
  const int64_t sum = sum_of(size, values);
  return rst_hdf5_set_numbers(dataset, attribute_name, H5T_NATIVE_INT64, &sum, 0);
}

bool rst_checksum_update(hid_t dataset, size_t size, const void *values) {
  const int64_t sum = sum_of(size, values);
  return rst_hdf5_update_numbers(dataset, attribute_name, H5T_NATIVE_INT64, &sum, 1);
}

/* False if there is none. */
static bool read_sum(hid_t dataset, int64_t *sum) {
  *sum = NONE_YET;
  return H5Aexists(dataset, attribute_name) > 0 &&
         rst_hdf5_read_numbers(dataset, attribute_name, H5T_NATIVE_INT64, sum, 1) && *sum != NONE_YET;
}

bool rst_checksum_holds(hid_t dataset, size_t size, const void *values) {
  int64_t sum = NONE_YET;
  return !read_sum(dataset, &sum) || sum == sum_of(size, values);
}

bool rst_dataset_is_covered(hid_t dataset) {
  RST_IDS(ids);
  int64_t sum = NONE_YET;
  const hid_t list = rst_ids_keep(&ids, H5Dget_create_plist(dataset));
  const int filters = H5Pget_nfilters(list);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    unsigned settings = 0;
    size_t count = 0;
    if (H5Pget_filter2(list, (unsigned)i, &flags, &count, NULL, 0, NULL, &settings) ==
        H5Z_FILTER_FLETCHER32) {
      return true;
    }
  }
  return read_sum(dataset, &sum);
}

/* A dataset that is read piece by piece: by its chunks, or by as many rows as are read at once. */
struct reading {
  hid_t dataset, type, space;
  int rank;
  bool in_chunks, is_variable; /* in length: what is read are addresses of what is to be freed */
  hsize_t dims[H5S_MAX_RANK], piece[H5S_MAX_RANK];
  hsize_t start[H5S_MAX_RANK], count[H5S_MAX_RANK];
  size_t bytes; /* of a whole piece */
  void *values;
};

static bool choose_pieces(struct reading *reading, hid_t list) {
  const size_t most_bytes = (size_t)16 << 20;
  reading->rank = H5Sget_simple_extent_dims(reading->space, reading->dims, NULL);
  reading->in_chunks = H5Pget_layout(list) == H5D_CHUNKED;
  size_t row = H5Tget_size(reading->type);
  for (int axis = 0; axis < reading->rank; ++axis) {
    reading->piece[axis] = reading->dims[axis];
    row *= axis > 0 ? (size_t)reading->dims[axis] : 1;
  }
  if (reading->in_chunks) {
    (void)H5Pget_chunk(list, reading->rank, reading->piece);
  } else if (reading->rank > 0 && row > 0 && reading->dims[0] > most_bytes / row + 1) {
    reading->piece[0] = most_bytes / row + 1;
  }
  reading->bytes = H5Tget_size(reading->type);
  bool is_empty = H5Sget_simple_extent_npoints(reading->space) <= 0;
  for (int axis = 0; axis < reading->rank; ++axis) {
    reading->bytes *= (size_t)reading->piece[axis];
  }
  return !is_empty && reading->bytes > 0;
}

/* The bytes of the piece, 0 if it cannot be read. */
static size_t read_piece(struct reading *reading) {
  RST_IDS(ids);
  size_t bytes = H5Tget_size(reading->type);
  for (int axis = 0; axis < reading->rank; ++axis) {
    const hsize_t left = reading->dims[axis] - reading->start[axis];
    reading->count[axis] = left < reading->piece[axis] ? left : reading->piece[axis];
    bytes *= (size_t)reading->count[axis];
  }
  const hid_t memory =
      rst_ids_keep(&ids, reading->rank > 0 ? H5Screate_simple(reading->rank, reading->count, NULL)
                                           : H5Screate(H5S_SCALAR));
  const bool read =
      (reading->rank == 0 || H5Sselect_hyperslab(reading->space, H5S_SELECT_SET, reading->start, NULL,
                                                 reading->count, NULL) >= 0) &&
      H5Dread(reading->dataset, reading->type, memory, reading->space, H5P_DEFAULT, reading->values) >= 0;
  if (read && reading->is_variable) {
    H5Dvlen_reclaim(reading->type, memory, H5P_DEFAULT, reading->values);
  }
  return read ? bytes : 0;
}

/* To the next piece, the last axis first; false after the last one. */
static bool advance(struct reading *reading) {
  for (int axis = reading->rank - 1; axis >= 0; --axis) {
    reading->start[axis] += reading->piece[axis];
    if (reading->start[axis] < reading->dims[axis]) {
      return true;
    }
    reading->start[axis] = 0;
  }
  return false;
}

static void add_place(const struct reading *reading, size_t number, struct rst_text *places) {
  enum { MOST = 8 };
  if (number >= MOST) {
    rst_text_add(places, number == MOST ? ", ..." : "");
    return;
  }
  rst_text_add(places, "%s[", number > 0 ? ", " : "");
  for (int axis = 0; axis < reading->rank; ++axis) {
    const unsigned long long first = reading->start[axis];
    rst_text_add(places, "%s%llu:%llu", axis > 0 ? ", " : "", first, first + reading->count[axis]);
  }
  rst_text_add(places, "]");
}

static void read_pieces(struct reading *reading, struct rst_text *places) {
  uLong sum = crc32_z(0, NULL, 0);
  int64_t stored = NONE_YET;
  size_t damaged = 0;
  do {
    const size_t bytes = read_piece(reading);
    sum = crc32_z(sum, reading->values, bytes);
    if (bytes == 0 && reading->in_chunks) {
      add_place(reading, damaged, places);
    }
    damaged += bytes == 0;
  } while (advance(reading));
  const bool has_sum = !reading->in_chunks && !reading->is_variable && read_sum(reading->dataset, &stored);
  if (!reading->in_chunks && (damaged > 0 || (has_sum && stored != (int64_t)sum))) {
    rst_text_add(places, "[()]");
  }
}

/* The texts of labels lie apart from their dataset. */
static void read_labels(const struct reading *reading, struct rst_text *places) {
  RST_SCOPED char *texts = rst_hdf5_dataset_labels(reading->dataset, ".");
  if (!texts || !rst_checksum_holds(reading->dataset, strlen(texts), texts)) {
    rst_text_add(places, "[()]");
  }
}

/* Inside of others, texts of either length count. */
static bool has_variable(hid_t type) {
  const bool is_text = H5Tget_class(type) == H5T_STRING;
  return is_text ? H5Tis_variable_str(type) > 0
                 : H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tdetect_class(type, H5T_STRING) > 0;
}

enum rst_status rst_dataset_find_damage(struct rst_context *context, hid_t dataset, struct rst_text *places) {
  RST_IDS(ids);
  struct reading reading = {.dataset = dataset};
  const hid_t list = rst_ids_keep(&ids, H5Dget_create_plist(dataset));
  reading.type = rst_ids_keep(&ids, H5Dget_type(dataset));
  reading.space = rst_ids_keep(&ids, H5Dget_space(dataset));
  if (H5Pget_layout(list) == H5D_VIRTUAL || !choose_pieces(&reading, list)) {
    return RST_OK;
  }
  const bool are_labels = H5Tis_variable_str(reading.type) > 0 && reading.rank == 1 && !reading.in_chunks;
  reading.is_variable = has_variable(reading.type);
  RST_SCOPED void *values = NULL;
  RST_TRY(rst_allocate(context, 1, reading.bytes, &values));
  reading.values = values;
  if (are_labels) {
    read_labels(&reading, places);
  } else {
    read_pieces(&reading, places);
  }
  RST_REQUIRE(context, !places->failed, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

enum rst_status rst_dataset_require_intact(struct rst_context *context, const char *path, hid_t file,
                                           const char *name) {
  RST_IDS(ids);
  struct rst_text places = {0};
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
  RST_HDF5(context, dataset >= 0, "%s: /%s cannot be opened", path, name);
  enum rst_status status = rst_dataset_find_damage(context, dataset, &places);
  if (status == RST_OK && places.length > 0) {
    status =
        rst_fail(context, RST_ERROR_IO,
                 "%s: /%s is damaged, or was changed by another program, at %s; nothing of the file is used: "
                 "restore it from a copy, or begin another one (-o)",
                 path, name, places.bytes);
  }
  rst_text_clear(&places);
  return status;
}
