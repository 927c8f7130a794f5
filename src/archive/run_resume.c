/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "archive/run_file_parts.h"
#include "core/text.h"

/* A file is resumed by copying the rows that stay into a new one, which then replaces it: the old file may
 * have been left by a kill, which made it readable but not fit for changes; it stays whole until the new one
 * is; and nothing of the dropped rows remains. Compressed rows are copied as they are. */

/* Whether `old` is as the new file has it, with at least `rows` rows along the axis that grows. */
static bool fits(hid_t old, hid_t made, size_t rows) {
  enum { MOST_AXES = 3 };
  hsize_t before[MOST_AXES] = {0};
  hsize_t dims[MOST_AXES] = {0};
  hsize_t limits[MOST_AXES] = {0};
  struct rst_ids ids = {0};
  const hid_t old_space = rst_ids_keep(&ids, H5Dget_space(old));
  const hid_t made_space = rst_ids_keep(&ids, H5Dget_space(made));
  const hid_t old_type = rst_ids_keep(&ids, H5Dget_type(old));
  const hid_t made_type = rst_ids_keep(&ids, H5Dget_type(made));
  const int rank = H5Sget_simple_extent_ndims(old_space);
  bool same = rank >= 1 && rank <= MOST_AXES && rank == H5Sget_simple_extent_ndims(made_space) &&
              H5Tequal(old_type, made_type) > 0 &&
              H5Sget_simple_extent_dims(old_space, before, NULL) == rank &&
              H5Sget_simple_extent_dims(made_space, dims, limits) == rank;
  for (int axis = 0; axis < rank && same; ++axis) {
    same = limits[axis] == H5S_UNLIMITED ? before[axis] >= rows : before[axis] == dims[axis];
  }
  rst_ids_close(&ids);
  return same;
}

static enum rst_status open_old(struct rst_run_file *file, hid_t source, struct rst_ids *ids,
                                const char *name, hid_t made, size_t rows, hid_t *old) {
  RST_REQUIRE(file->context, rst_hdf5_has(source, name), RST_ERROR_IO,
              "%s has no /%s and cannot be resumed by this case; start again with --force", file->path, name);
  *old = rst_ids_keep(ids, H5Dopen2(source, name, H5P_DEFAULT));
  RST_HDF5(file->context, *old >= 0, "%s: /%s cannot be opened", file->path, name);
  RST_REQUIRE(file->context, fits(*old, made, rows), RST_ERROR_IO,
              "%s: /%s has another shape or type, or fewer than %zu rows, and cannot be resumed; start again "
              "with --force",
              file->path, name, rows);
  return RST_OK;
}

static enum rst_status copy_block(struct rst_run_file *file, const char *name, const struct rst_column *old,
                                  const struct rst_column *made, hid_t type, size_t first, size_t rows,
                                  void *values) {
  const size_t count = made->members > 0 ? made->members : 1;
  RST_HDF5(file->context, rst_column_read(old, 0, count, first, rows, type, values), "%s: /%s cannot be read",
           file->path, name);
  RST_HDF5(file->context, rst_column_append(made, first, rows, type, values), "%s: writing /%s failed",
           file->path, name);
  return RST_OK;
}

enum rst_status rst_run_file_copy_column(struct rst_run_file *file, hid_t source, const char *name,
                                         const struct rst_column *column, hid_t type, size_t rows) {
  enum { BLOCK = 4096 };
  struct rst_ids ids = {0};
  struct rst_column old = {.members = column->members};
  void *values = NULL;
  enum rst_status status = open_old(file, source, &ids, name, column->dataset, rows, &old.dataset);
  if (status == RST_OK) {
    const size_t count = column->members > 0 ? column->members : 1;
    status = rst_allocate(file->context, BLOCK * count, H5Tget_size(type), &values);
  }
  for (size_t first = 0; first < rows && status == RST_OK; first += BLOCK) {
    const size_t left = rows - first;
    status = copy_block(file, name, &old, column, type, first, left < BLOCK ? left : BLOCK, values);
  }
  free(values);
  rst_ids_close(&ids);
  return status;
}

static bool copy_chunk(hid_t old, hid_t made, const hsize_t offset[3], struct rst_run_file *file,
                       void **buffer, size_t *capacity) {
  hsize_t size = 0;
  uint32_t filters = 0;
  const hsize_t total[] = {offset[0] + 1, file->ny, file->nx};
  if (H5Dget_chunk_storage_size(old, offset, &size) < 0 || size == 0) {
    return false;
  }
  if (size > *capacity) {
    void *grown = realloc(*buffer, size);
    if (!grown) {
      return false;
    }
    *buffer = grown;
    *capacity = size;
  }
  return H5Dread_chunk(old, H5P_DEFAULT, offset, &filters, *buffer) >= 0 && H5Dset_extent(made, total) >= 0 &&
         H5Dwrite_chunk(made, H5P_DEFAULT, filters, offset, size, *buffer) >= 0;
}

static enum rst_status copy_field(struct rst_run_file *file, hid_t source, size_t field, size_t rows) {
  const char *name = file->names[field];
  struct rst_ids ids = {0};
  hid_t old = H5I_INVALID_HID;
  enum rst_status status = open_old(file, source, &ids, name, file->datasets[field], rows, &old);
  void *buffer = NULL;
  size_t capacity = 0;
  for (size_t row = 0; row < rows && status == RST_OK; ++row) {
    const hsize_t offset[] = {row, 0, 0};
    if (!copy_chunk(old, file->datasets[field], offset, file, &buffer, &capacity)) {
      status = rst_hdf5_fail(file->context, "%s: row %zu of /%s cannot be copied", file->path, row, name);
    }
  }
  free(buffer);
  rst_ids_close(&ids);
  return status;
}

static enum rst_status copy_rows(struct rst_run_file *file, hid_t source, size_t snapshots,
                                 size_t iterations) {
  RST_TRY(rst_run_file_copy_column(file, source, "time", &file->time, H5T_NATIVE_DOUBLE, snapshots));
  RST_TRY(rst_run_file_copy_column(file, source, "step", &file->step, H5T_NATIVE_INT64, snapshots));
  RST_TRY(
      rst_run_file_copy_column(file, source, "iteration", &file->iteration, H5T_NATIVE_INT64, iterations));
  for (size_t i = 0; i < file->field_count; ++i) {
    RST_TRY(copy_field(file, source, i, snapshots));
  }
  for (size_t i = 0; i < file->scalar_count; ++i) {
    const struct rst_column column = rst_run_file_column(file, i);
    RST_TRY(rst_run_file_copy_column(file, source, file->names[file->field_count + i], &column,
                                     H5T_NATIVE_DOUBLE, iterations));
  }
  if (file->events) {
    RST_TRY(rst_run_events_copy(file, source, iterations));
  }
  file->snapshots = snapshots;
  file->iterations = iterations;
  return RST_OK;
}

/* Rows belong to the same twins. */
static enum rst_status check_twins(struct rst_context *context, const char *path, hid_t source,
                                   const struct rst_run_layout *layout) {
  struct rst_text labels = {0};
  for (size_t i = 0; i < layout->twin_count; ++i) {
    rst_text_add(&labels, "%s\n", layout->twins[i]);
  }
  char *made = rst_text_take(&labels);
  char *old = rst_hdf5_has(source, "twin") ? rst_hdf5_dataset_labels(source, "twin") : NULL;
  const bool same = made && strcmp(made, old ? old : "") == 0;
  free(old);
  free(made);
  RST_REQUIRE(context, same, RST_ERROR_IO,
              "%s: /twin has other labels and cannot be resumed; start again with --force", path);
  return RST_OK;
}

static char *read_created(hid_t source) {
  const hid_t group = H5Gopen2(source, "provenance", H5P_DEFAULT);
  char *created = group >= 0 ? rst_hdf5_attribute_text(group, "created") : NULL;
  H5Gclose(group);
  return created;
}

static enum rst_status reopen(struct rst_context *context, const char *path,
                              const struct rst_run_layout *layout, const struct rst_provenance *provenance,
                              size_t snapshots, size_t iterations, struct rst_run_file **file) {
  hid_t source = H5I_INVALID_HID;
  RST_TRY(rst_hdf5_open(context, path, &source));
  char *created = read_created(source);
  enum rst_status status = check_twins(context, path, source, layout);
  if (status == RST_OK) {
    status = rst_run_file_begin(context, path, layout, provenance, created, file);
  }
  free(created);
  if (status == RST_OK) {
    status = copy_rows(*file, source, snapshots, iterations);
  }
  H5Fclose(source);
  if (status == RST_OK) {
    status = rst_run_file_publish(*file);
  }
  return status == RST_OK ? rst_run_file_flush(*file, true) : status;
}

enum rst_status rst_run_file_reopen(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, size_t snapshots,
                                    size_t iterations, struct rst_run_file **file) {
  enum rst_status status = RST_OK;
  *file = NULL;
  H5E_BEGIN_TRY {
    status = reopen(context, path, layout, provenance, snapshots, iterations, file);
  }
  H5E_END_TRY
  if (status != RST_OK) {
    rst_run_file_abandon(file);
  }
  return status;
}

static size_t rows_of(hid_t file, const char *name) {
  struct rst_ids ids = {0};
  hsize_t rows = 0;
  if (rst_hdf5_has(file, name)) {
    const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
    const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
    if (H5Sget_simple_extent_ndims(space) == 1) {
      H5Sget_simple_extent_dims(space, &rows, NULL);
    }
  }
  rst_ids_close(&ids);
  return (size_t)rows;
}

enum rst_status rst_run_file_rows(struct rst_context *context, const char *path, size_t *snapshots,
                                  size_t *iterations) {
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    hid_t file = H5I_INVALID_HID;
    status = rst_hdf5_open(context, path, &file);
    if (status == RST_OK) {
      *snapshots = rows_of(file, "time");
      *iterations = rows_of(file, "iteration");
      H5Fclose(file);
    }
  }
  H5E_END_TRY
  return status;
}
