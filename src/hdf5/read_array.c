/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/read_array.h"

#include "hdf5/support.h"

/* Deflate makes at most this many bytes of one. */
enum { MOST_COMPRESSION = 1032 };

struct reading {
  struct rst_context *context;
  const char *path, *name;
  hid_t dataset;
  struct rst_ids *ids; /* closed by whoever declares them */
};

/* The type that holds the numbers of the file. */
static bool element_of(hid_t type, enum rst_element *element) {
  static const enum rst_element integers[] = {RST_ELEMENT_UINT8, RST_ELEMENT_UINT16, RST_ELEMENT_UINT32,
                                              RST_ELEMENT_UINT64};
  const size_t size = H5Tget_size(type);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_FLOAT) {
    *element = size <= sizeof(float) ? RST_ELEMENT_FLOAT : RST_ELEMENT_DOUBLE;
    return true;
  }
  for (size_t i = 0; i < sizeof integers / sizeof *integers; ++i) {
    if ((kind == H5T_INTEGER || kind == H5T_ENUM) && size == (size_t)1 << i) {
      const bool is_signed = H5Tget_sign(type) != H5T_SGN_NONE;
      *element = (enum rst_element)(integers[i] + is_signed); /* the signed type follows its unsigned one */
      return true;
    }
  }
  return false;
}

static hid_t native_type(enum rst_element element) {
  const hid_t types[RST_ELEMENT_COUNT] = {
      [RST_ELEMENT_UINT8] = H5T_NATIVE_UINT8,   [RST_ELEMENT_INT8] = H5T_NATIVE_INT8,
      [RST_ELEMENT_UINT16] = H5T_NATIVE_UINT16, [RST_ELEMENT_INT16] = H5T_NATIVE_INT16,
      [RST_ELEMENT_UINT32] = H5T_NATIVE_UINT32, [RST_ELEMENT_INT32] = H5T_NATIVE_INT32,
      [RST_ELEMENT_UINT64] = H5T_NATIVE_UINT64, [RST_ELEMENT_INT64] = H5T_NATIVE_INT64,
      [RST_ELEMENT_FLOAT] = H5T_NATIVE_FLOAT,   [RST_ELEMENT_DOUBLE] = H5T_NATIVE_DOUBLE,
  };
  return types[element];
}

static enum rst_status read_shape(struct reading *reading, struct rst_array *array) {
  hsize_t dims[RST_ARRAY_MOST_AXES] = {0};
  const hid_t space = rst_ids_keep(reading->ids, H5Dget_space(reading->dataset));
  array->rank = H5Sget_simple_extent_ndims(space);
  RST_REQUIRE(reading->context, array->rank >= 1 && array->rank <= RST_ARRAY_MOST_AXES, RST_ERROR_IO,
              "%s: %s has %d axes; 1 to %d can be read", reading->path, reading->name, array->rank,
              RST_ARRAY_MOST_AXES);
  H5Sget_simple_extent_dims(space, dims, NULL);
  for (int axis = 0; axis < array->rank; ++axis) {
    array->dims[axis] = dims[axis];
  }
  return RST_OK;
}

/* A header of a few bytes must not allocate gigabytes. What a virtual dataset shows is elsewhere in the file. */
static enum rst_status require_stored(struct reading *reading, hid_t file, const struct rst_array *array) {
  size_t count = 0;
  size_t bytes = 0;
  hsize_t stored = H5Dget_storage_size(reading->dataset);
  const hid_t list = rst_ids_keep(reading->ids, H5Dget_create_plist(reading->dataset));
  if (H5Pget_layout(list) == H5D_VIRTUAL) {
    H5Fget_filesize(file, &stored);
  }
  RST_REQUIRE(reading->context,
              rst_array_count(array, &count, &bytes) && bytes / MOST_COMPRESSION <= stored &&
                  (bytes == 0 || stored > 0),
              RST_ERROR_IO, "%s: %s is incomplete: its numbers are not in the file (%llu bytes are)",
              reading->path, reading->name, (unsigned long long)stored);
  return RST_OK;
}

/* All but the numbers. */
static enum rst_status open_dataset(struct reading *reading, hid_t file, struct rst_array *array) {
  reading->dataset = rst_ids_keep(reading->ids, H5Dopen2(file, reading->name, H5P_DEFAULT));
  RST_HDF5(reading->context, reading->dataset >= 0, "%s holds no dataset %s", reading->path, reading->name);
  const hid_t type = rst_ids_keep(reading->ids, H5Dget_type(reading->dataset));
  RST_REQUIRE(reading->context, element_of(type, &array->element), RST_ERROR_IO,
              "%s: %s does not hold numbers; name a numeric dataset", reading->path, reading->name);
  RST_TRY(read_shape(reading, array));
  return rst_hdf5_require_own_numbers(reading->context, reading->path, reading->name, reading->dataset);
}

static enum rst_status read_dataset(struct reading *reading, hid_t file, struct rst_array *array) {
  RST_TRY(open_dataset(reading, file, array));
  RST_TRY(require_stored(reading, file, array));
  RST_TRY(rst_array_allocate(reading->context, array));
  if (H5Dread(reading->dataset, native_type(array->element), H5S_ALL, H5S_ALL, H5P_DEFAULT, array->data) <
      0) {
    rst_array_free(array);
    return rst_hdf5_fail(reading->context, "%s: %s cannot be read", reading->path, reading->name);
  }
  return RST_OK;
}

enum rst_status rst_hdf5_read_array(struct rst_context *context, const char *path, const char *dataset,
                                    struct rst_array *array) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  struct reading reading = {.context = context, .path = path, .name = dataset, .ids = &ids};
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  return read_dataset(&reading, file, array);
}

enum rst_status rst_hdf5_read_shape(struct rst_context *context, const char *path, const char *dataset,
                                    struct rst_array *array, bool *has_scales) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  struct reading reading = {.context = context, .path = path, .name = dataset, .ids = &ids};
  *array = (struct rst_array){0};
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  RST_TRY(open_dataset(&reading, file, array));
  *has_scales = H5Aexists(reading.dataset, "DIMENSION_LIST") > 0;
  return RST_OK;
}

bool rst_hdf5_describe_array(hid_t dataset, struct rst_array *array) {
  RST_IDS(ids);
  hsize_t dims[H5S_MAX_RANK] = {0};
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(dataset));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  *array = (struct rst_array){.rank = H5Sget_simple_extent_dims(space, dims, NULL)};
  for (int axis = 0; axis < array->rank && axis < RST_ARRAY_MOST_AXES; ++axis) {
    array->dims[axis] = dims[axis];
  }
  return array->rank >= 0 && array->rank <= RST_ARRAY_MOST_AXES && element_of(type, &array->element);
}

bool rst_hdf5_is_group(struct rst_context *context, const char *path, const char *group) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  return rst_hdf5_open(context, path, &ids, &file) == RST_OK &&
         H5Iget_type(rst_ids_keep(&ids, H5Oopen(file, group, H5P_DEFAULT))) == H5I_GROUP;
}
