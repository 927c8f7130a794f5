/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5_hl.h>
#include <string.h>

#include "case/observable_list.h"
#include "core/core.h"
#include "follow/tensor_file.h"
#include "hdf5/read_array.h"
#include "hdf5/support.h"

struct source {
  struct rst_ids ids;
  hid_t file;
  hid_t *datasets; /* of the tensors, opened when they are first read */
  size_t opened;   /* length of that list */
};

struct listing {
  struct rst_tensor_file *file;
  bool is_own; /* restrain wrote the file */
  enum rst_status status;
};

#define FIRST_OF(name, when, need, per, long_name, units, kind) long_name,

/* Whether a file of restrain's own says that it is the state: by its description, which a tensor's own may follow. */
static bool is_state(hid_t dataset) {
  static const char *const fields[] = {RST_FIELD_LIST(FIRST_OF)};
  const char *state = fields[0];
  RST_SCOPED char *text = rst_hdf5_attribute_text(dataset, "long_name");
  return text && strncmp(text, state, strlen(state)) == 0 &&
         (text[strlen(state)] == '\0' || text[strlen(state)] == ':');
}

static enum rst_status list_dataset(struct listing *listing, hid_t location, const char *name) {
  struct rst_tensor_file *file = listing->file;
  RST_IDS(ids);
  struct rst_array array;
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(location, name, H5P_DEFAULT));
  RST_HDF5(file->context, dataset >= 0, "%s: %s cannot be opened", file->path, name);
  if (!rst_hdf5_describe_array(dataset, &array)) {
    return RST_OK;
  }
  const bool is_weights = listing->is_own ? is_state(dataset) : H5DSis_scale(dataset) <= 0;
  return rst_tensor_file_add(file, name, &array, is_weights);
}

/* HDF5 1.12 renamed what tells of an object. */
#if H5_VERSION_GE(1, 12, 0)
typedef H5O_info2_t object_info;
#define GET_INFO_BY_NAME H5Oget_info_by_name3
#define VISIT_OBJECTS H5Ovisit3
#else
typedef H5O_info_t object_info;
#define GET_INFO_BY_NAME H5Oget_info_by_name2
#define VISIT_OBJECTS H5Ovisit2
#endif

/* Stops the walk by a positive number. */
static herr_t visit(hid_t root, const char *name, const object_info *info, void *user) {
  struct listing *listing = user;
  if (info->type == H5O_TYPE_DATASET) {
    listing->status = list_dataset(listing, root, name);
  }
  return listing->status != RST_OK;
}

/* Own files have thousands of views in their groups; the state is at the root. */
static herr_t visit_link(hid_t root, const char *name, const H5L_info_t *link, void *user) {
  object_info info;
  if (link->type != H5L_TYPE_HARD || GET_INFO_BY_NAME(root, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
    return 0;
  }
  return visit(root, name, &info, user);
}

static enum rst_status list_datasets(struct rst_tensor_file *file, hid_t root) {
  struct listing listing = {.file = file, .is_own = rst_hdf5_has(root, "provenance/effective")};
  const herr_t walked =
      listing.is_own ? H5Literate(root, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_link, &listing)
                     : VISIT_OBJECTS(root, H5_INDEX_NAME, H5_ITER_INC, visit, &listing, H5O_INFO_BASIC);
  RST_TRY(listing.status);
  RST_HDF5(file->context, walked >= 0, "%s cannot be listed", file->path);
  return RST_OK;
}

static enum rst_status open_hdf5(struct rst_tensor_file *file) {
  RST_QUIET();
  struct source *source = NULL;
  RST_TRY(RST_NEW(file->context, 1, &source));
  file->source = source;
  RST_TRY(rst_hdf5_open(file->context, file->path, &source->ids, &source->file));
  RST_TRY(list_datasets(file, source->file));
  RST_TRY(RST_NEW(file->context, file->count + 1, &source->datasets));
  source->opened = file->count;
  return RST_OK;
}

/* Chunks of several times are kept, within a bound for all tensors together. */
static enum rst_status open_dataset(struct rst_tensor_file *file, size_t tensor) {
  enum { SLOTS = 521, BYTES = 1 << 20, ALL_BYTES = 1 << 25 };
  struct source *source = file->source;
  const char *name = file->tensors[tensor].name;
  RST_IDS(ids);
  const size_t share = ALL_BYTES / file->count;
  const hid_t access = rst_ids_keep(&ids, H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access, SLOTS, share < BYTES ? share : BYTES, 1.0);
  const hid_t dataset = H5Dopen2(source->file, name, access);
  RST_HDF5(file->context, dataset >= 0, "%s: %s cannot be opened", file->path, name);
  source->datasets[tensor] = dataset;
  RST_REQUIRE(file->context, H5Dget_storage_size(dataset) > 0, RST_ERROR_IO,
              "%s: %s is incomplete: its numbers are not in the file; write them", file->path, name);
  return rst_hdf5_require_own_numbers(file->context, file->path, name, dataset);
}

/* Numbers [first, end) in C order, below what `start` holds of the axes before `axis`: parts of rows and whole rows between. */
static bool select_range(hid_t space, const struct rst_tensor_shape *shape, int axis, hsize_t *start,
                         size_t first, size_t end) {
  hsize_t count[RST_ARRAY_MOST_AXES];
  size_t stride = 1;
  for (int i = 0; i < shape->rank; ++i) {
    count[i] = i < axis ? 1 : shape->dims[i];
    start[i] = i < axis ? start[i] : 0;
    stride *= i > axis ? shape->dims[i] : 1;
  }
  size_t row = first / stride;
  bool done = true;
  if (first % stride > 0) {
    const size_t stop = end < (row + 1) * stride ? end : (row + 1) * stride;
    start[axis] = row;
    done = select_range(space, shape, axis + 1, start, first - row * stride, stop - row * stride);
    first = stop;
    ++row;
  }
  const size_t rows = end > first ? (end - first) / stride : 0;
  if (done && rows > 0) {
    for (int i = axis + 1; i < shape->rank; ++i) {
      start[i] = 0;
    }
    start[axis] = row;
    count[axis] = rows;
    done = H5Sselect_hyperslab(space, H5S_SELECT_OR, start, NULL, count, NULL) >= 0;
    first += rows * stride;
  }
  if (done && first < end) {
    start[axis] = row + rows;
    done = select_range(space, shape, axis + 1, start, 0, end - first);
  }
  return done;
}

static enum rst_status read_hdf5(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                                 double *values) {
  RST_QUIET();
  RST_IDS(ids);
  const struct source *source = file->source;
  const struct rst_tensor_shape *shape = &file->tensors[tensor];
  hsize_t start[RST_ARRAY_MOST_AXES] = {0};
  const hsize_t length = count;
  if (source->datasets[tensor] <= 0) {
    RST_TRY(open_dataset(file, tensor));
  }
  const hid_t dataset = source->datasets[tensor];
  const hid_t stored = rst_ids_keep(&ids, H5Dget_space(dataset));
  const hid_t memory = rst_ids_keep(&ids, H5Screate_simple(1, &length, NULL));
  RST_HDF5(file->context,
           H5Sselect_none(stored) >= 0 && select_range(stored, shape, 0, start, first, first + count) &&
               H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, stored, H5P_DEFAULT, values) >= 0,
           "%s: %s cannot be read", file->path, shape->name);
  return RST_OK;
}

static void close_hdf5(struct rst_tensor_file *file) {
  RST_QUIET();
  struct source *source = file->source;
  if (!source) {
    return;
  }
  for (size_t i = 0; i < source->opened; ++i) {
    if (source->datasets[i] > 0) {
      H5Dclose(source->datasets[i]);
    }
  }
  free(source->datasets);
  rst_ids_close(&source->ids);
  free(source);
}

const struct rst_tensor_file_type rst_tensor_file_hdf5 = {".h5", open_hdf5, read_hdf5, close_hdf5};
