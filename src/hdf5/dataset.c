/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/dataset.h"

#include <hdf5_hl.h>
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "hdf5/checksum.h"
#include "hdf5/kill_safe_driver.h"

hid_t rst_numbers_type(enum rst_numbers numbers, struct rst_ids *ids) {
  const hid_t types[] = {[RST_NUMBERS_DOUBLE] = H5T_NATIVE_DOUBLE,
                         [RST_NUMBERS_FLOAT] = H5T_NATIVE_FLOAT,
                         [RST_NUMBERS_INT64] = H5T_NATIVE_INT64,
                         [RST_NUMBERS_INT32] = H5T_NATIVE_INT32,
                         [RST_NUMBERS_INT8] = H5T_NATIVE_INT8};
  return numbers == RST_NUMBERS_LABELS ? rst_hdf5_label_type(ids) : types[numbers];
}

size_t rst_numbers_size(enum rst_numbers numbers) {
  static const size_t sizes[] = {
      [RST_NUMBERS_DOUBLE] = sizeof(double), [RST_NUMBERS_FLOAT] = sizeof(float),
      [RST_NUMBERS_INT64] = sizeof(int64_t), [RST_NUMBERS_INT32] = sizeof(int32_t),
      [RST_NUMBERS_INT8] = sizeof(int8_t),   [RST_NUMBERS_LABELS] = sizeof(char *)};
  return sizes[numbers];
}

enum rst_numbers rst_numbers_of(enum rst_precision precision) {
  return precision == RST_PRECISION_FLOAT ? RST_NUMBERS_FLOAT : RST_NUMBERS_DOUBLE;
}

static bool grows(const struct rst_dataset *dataset, int axis) {
  return axis < dataset->rank && dataset->axes[axis]->count == 0;
}

static bool is_column(const struct rst_dataset *dataset) {
  return dataset->rank > 0 && grows(dataset, dataset->rank - 1);
}

/* The last chunk of a column is written again as it fills, and must lie within a page for that (kill_safe_driver.h): it is a page
 * with its checksum. Members of a row come together and share chunks, as far as some rows fit. */
static void choose_column_chunk(const struct rst_dataset *dataset, hsize_t chunk[RST_DATASET_RANK]) {
  enum { CHECKSUM = 4, FEWEST_ROWS = RST_FEWEST_ROWS_PER_CHUNK };
  _Static_assert(RST_ROWS_PER_CHUNK == (RST_KILL_SAFE_PAGE - CHECKSUM) / sizeof(double), "a chunk is a page");
  const int last = dataset->rank - 1;
  hsize_t room = (RST_KILL_SAFE_PAGE - CHECKSUM) / rst_numbers_size(dataset->numbers);
  for (int axis = 0; axis < last; ++axis) {
    const hsize_t count = dataset->axes[axis]->count > 0 ? dataset->axes[axis]->count : 1;
    const hsize_t most = room / FEWEST_ROWS > 0 ? room / FEWEST_ROWS : 1;
    const hsize_t parts = (count + most - 1) / most;
    chunk[axis] = (count + parts - 1) / parts;
    room /= chunk[axis];
  }
  chunk[last] = room;
}

static void choose_chunk(const struct rst_dataset *dataset, hsize_t chunk[RST_DATASET_RANK]) {
  for (int axis = 0; axis < dataset->rank; ++axis) {
    chunk[axis] = dataset->axes[axis]->count;
  }
  if (is_column(dataset)) {
    choose_column_chunk(dataset, chunk);
  } else if (grows(dataset, 0) || dataset->rank > 2) {
    chunk[0] = 1;
  }
}

/* What has no scales is stored plainly. */
static bool has_chunks(const struct rst_dataset *dataset) {
  return is_column(dataset) || (dataset->rank > 1 && dataset->axes[0]->variable.name);
}

/* Times of objects would make equal files differ. */
static bool set_properties(hid_t properties, const struct rst_dataset *dataset) {
  enum { DEFLATE_LEVEL = 1 };
  hsize_t chunk[RST_DATASET_RANK];
  bool done = H5Pset_obj_track_times(properties, false) >= 0;
  if (has_chunks(dataset)) {
    choose_chunk(dataset, chunk);
    done = done && H5Pset_chunk(properties, dataset->rank, chunk) >= 0;
    done = done && (is_column(dataset) ||
                    (H5Pset_shuffle(properties) >= 0 && H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0));
    done = done && H5Pset_fletcher32(properties) >= 0;
  }
  return done;
}

static hid_t make_space(const struct rst_dataset *dataset) {
  hsize_t dims[RST_DATASET_RANK];
  hsize_t largest[RST_DATASET_RANK];
  for (int axis = 0; axis < dataset->rank; ++axis) {
    dims[axis] = dataset->axes[axis]->count;
    largest[axis] = grows(dataset, axis) ? H5S_UNLIMITED : dims[axis];
  }
  return dataset->rank > 0 ? H5Screate_simple(dataset->rank, dims, largest) : H5Screate(H5S_SCALAR);
}

static bool write_flags(hid_t made, const struct rst_flags *flags) {
  enum { MOST_CODES = INT8_MAX + 2 };
  int8_t values[MOST_CODES];
  hsize_t count = 0;
  struct rst_text meanings = {0};
  for (int code = flags->none ? -1 : 0; code <= INT8_MAX && (code < 0 || flags->names[code]); ++code) {
    rst_text_add(&meanings, "%s%s", count > 0 ? " " : "", code < 0 ? flags->none : flags->names[code]);
    values[count++] = (int8_t)code;
  }
  RST_SCOPED char *text = rst_text_take(&meanings);
  return text && rst_hdf5_set_numbers(made, "flag_values", H5T_NATIVE_INT8, values, count) &&
         rst_hdf5_set_text(made, "flag_meanings", text, 0);
}

static bool attach(hid_t file, hid_t made, int axis, const char *name) {
  RST_IDS(ids);
  const hid_t scale = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
  return scale >= 0 && H5DSattach_scale(made, scale, (unsigned)axis) >= 0;
}

/* What is not known is NaN, and netCDF's readers are told so: theirs would be 9.97e36. Places are all known. */
static bool name_missing(hid_t made, const struct rst_dataset *dataset) {
  const double missing = NAN;
  const float narrow = NAN;
  const bool is_float = dataset->numbers == RST_NUMBERS_FLOAT;
  return (dataset->numbers != RST_NUMBERS_DOUBLE && !is_float) ||
         rst_hdf5_set_numbers(made, "_FillValue", rst_numbers_type(dataset->numbers, NULL),
                              is_float ? (const void *)&narrow : &missing, 1);
}

static bool describe(hid_t file, hid_t made, const struct rst_dataset *dataset, bool is_scale) {
  const struct rst_variable *variable = &dataset->variable;
  bool done = !variable->long_name || (rst_hdf5_set_text(made, "long_name", variable->long_name, 0) &&
                                       rst_hdf5_set_text(made, "units", variable->units, 0));
  if (is_scale) {
    const char *slash = strrchr(variable->name, '/');
    done = done && H5DSset_scale(made, slash ? slash + 1 : variable->name) >= 0;
  }
  for (int axis = 0; done && !is_scale && axis < dataset->rank; ++axis) {
    const char *name = dataset->axes[axis]->variable.name;
    done = !name || attach(file, made, axis, name);
  }
  return done && (is_scale || !variable->long_name || name_missing(made, dataset)) &&
         (!dataset->flags.names || write_flags(made, &dataset->flags));
}

static size_t bytes_of(hid_t dataset, enum rst_numbers numbers) {
  RST_IDS(ids);
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  return (size_t)H5Sget_simple_extent_npoints(space) * rst_numbers_size(numbers);
}

static bool write_values(hid_t made, const struct rst_dataset *dataset, hid_t type) {
  if (dataset->values && H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, dataset->values) < 0) {
    return false;
  }
  if (has_chunks(dataset)) {
    return true;
  }
  if (dataset->numbers == RST_NUMBERS_LABELS) {
    RST_SCOPED char *texts = rst_hdf5_dataset_labels(made, ".");
    return texts && rst_checksum_attach(made, strlen(texts), texts);
  }
  return rst_checksum_attach(made, bytes_of(made, dataset->numbers),
                             dataset->is_open ? NULL : dataset->values);
}

static enum rst_status make(struct rst_context *context, hid_t file, const struct rst_dataset *dataset,
                            bool is_scale) {
  RST_IDS(ids);
  char path[512] = "";
  H5Fget_name(file, path, sizeof path);
  const hid_t type = rst_numbers_type(dataset->numbers, &ids);
  const hid_t properties = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_CREATE));
  const hid_t space = rst_ids_keep(&ids, make_space(dataset));
  const hid_t made = set_properties(properties, dataset)
                         ? H5Dcreate2(file, dataset->variable.name, type, space, rst_hdf5_whole_paths(&ids),
                                      properties, H5P_DEFAULT)
                         : H5I_INVALID_HID;
  RST_HDF5(context,
           rst_ids_keep(&ids, made) >= 0 && write_values(made, dataset, type) &&
               describe(file, made, dataset, is_scale),
           "%s: /%s cannot be made", path, dataset->variable.name);
  return RST_OK;
}

enum rst_status rst_axis_places(struct rst_context *context, const struct rst_axis *axis, void **values) {
  RST_TRY(rst_allocate(context, axis->count, sizeof(double), values));
  for (size_t i = 0; i < axis->count; ++i) {
    const double place = axis->first + axis->step * (double)i;
    if (axis->numbers == RST_NUMBERS_INT64) {
      ((int64_t *)*values)[i] = (int64_t)place;
    } else {
      ((double *)*values)[i] = place;
    }
  }
  return RST_OK;
}

enum rst_status rst_axis_write(struct rst_context *context, hid_t file, const struct rst_axis *axis) {
  if (!axis->variable.name || rst_hdf5_has(file, axis->variable.name)) {
    return RST_OK;
  }
  RST_SCOPED void *places = NULL;
  if (!axis->values && axis->count > 0) {
    RST_TRY(rst_axis_places(context, axis, &places));
  }
  const struct rst_dataset scale = {.variable = axis->variable,
                                    .numbers = axis->numbers,
                                    .rank = 1,
                                    .axes = {axis},
                                    .values = places ? places : axis->values,
                                    .flags = axis->flags};
  return make(context, file, &scale, true);
}

enum rst_status rst_dataset_write(struct rst_context *context, hid_t file,
                                  const struct rst_dataset *dataset) {
  for (int axis = 0; axis < dataset->rank; ++axis) {
    RST_TRY(rst_axis_write(context, file, dataset->axes[axis]));
  }
  return make(context, file, dataset, false);
}

bool rst_dataset_complete(hid_t made, enum rst_numbers numbers, const void *values) {
  RST_IDS(ids);
  return H5Dwrite(made, rst_numbers_type(numbers, &ids), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
         rst_checksum_update(made, bytes_of(made, numbers), values);
}

bool rst_dataset_fits(hid_t file, const struct rst_dataset *dataset) {
  RST_IDS(ids);
  hsize_t dims[RST_DATASET_RANK] = {0};
  const hid_t wanted = rst_numbers_type(dataset->numbers, &ids);
  const hid_t found = rst_ids_keep(&ids, H5Dopen2(file, dataset->variable.name, H5P_DEFAULT));
  const hid_t type = rst_ids_keep(&ids, H5Dget_type(found));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(found));
  bool fits = found >= 0 && H5Tequal(type, wanted) > 0 &&
              H5Sget_simple_extent_ndims(space) == dataset->rank &&
              H5Sget_simple_extent_dims(space, dims, NULL) == dataset->rank;
  for (int axis = 0; fits && axis < dataset->rank; ++axis) {
    fits = dims[axis] == dataset->axes[axis]->count;
  }
  return fits;
}

enum rst_status rst_dataset_read(struct rst_context *context, const char *path, hid_t file,
                                 const struct rst_dataset *dataset, void *values) {
  RST_IDS(ids);
  const char *name = dataset->variable.name;
  const hid_t type = rst_numbers_type(dataset->numbers, &ids);
  const hid_t found = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
  if (H5Dread(found, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
      rst_checksum_holds(found, bytes_of(found, dataset->numbers), values)) {
    return RST_OK;
  }
  const enum rst_status failed = rst_hdf5_fail(context, "%s: /%s cannot be read", path, name);
  RST_TRY(rst_dataset_require_intact(context, path, file, name));
  return failed;
}
