/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "archive/run_file_parts.h"
#include "core/text.h"
#include "hdf5/checksum.h"

/* A file is resumed by copying the rows that stay into a new one, which then replaces it: the old file may
 * have been left by a kill, which made it readable but not fit for changes; it stays whole until the new one
 * is; and nothing of the dropped rows remains. What others have added to it goes over. */

/* Whether `old` is as the new file has it, with at least `rows` rows along the axis that grows. */
static bool fits(hid_t old, hid_t made, size_t rows) {
  hsize_t before[RST_DATASET_RANK] = {0};
  hsize_t dims[RST_DATASET_RANK] = {0};
  hsize_t limits[RST_DATASET_RANK] = {0};
  RST_IDS(ids);
  const hid_t old_space = rst_ids_keep(&ids, H5Dget_space(old));
  const hid_t made_space = rst_ids_keep(&ids, H5Dget_space(made));
  const hid_t old_type = rst_ids_keep(&ids, H5Dget_type(old));
  const hid_t made_type = rst_ids_keep(&ids, H5Dget_type(made));
  const int rank = H5Sget_simple_extent_dims(made_space, dims, limits);
  bool same = rank == H5Sget_simple_extent_ndims(old_space) && H5Tequal(old_type, made_type) > 0 &&
              H5Sget_simple_extent_dims(old_space, before, NULL) == rank;
  for (int axis = 0; axis < rank && same; ++axis) {
    same = limits[axis] == H5S_UNLIMITED ? before[axis] >= rows : before[axis] == dims[axis];
  }
  return same;
}

enum rst_status rst_run_file_fail_read(struct rst_run_file *file, hid_t source, const char *name) {
  const enum rst_status failed =
      rst_hdf5_fail(file->context, "%s: the rows of /%s cannot be copied", file->path, name);
  RST_TRY(rst_dataset_require_intact(file->context, file->path, source, name));
  return failed;
}

enum rst_status rst_run_file_copy_rows(struct rst_run_file *file, hid_t source, const char *name,
                                       const struct rst_run_dataset *dataset, size_t rows) {
  RST_IDS(ids);
  RST_REQUIRE(file->context, rst_hdf5_has(source, name), RST_ERROR_IO,
              "%s has no /%s and cannot be resumed by this case; start again with --force", file->path, name);
  const hid_t old = rst_ids_keep(&ids, H5Dopen2(source, name, H5P_DEFAULT));
  RST_HDF5(file->context, old >= 0, "%s: /%s cannot be opened", file->path, name);
  RST_REQUIRE(file->context, fits(old, dataset->id, rows), RST_ERROR_IO,
              "%s: /%s has another shape or type, or fewer than %zu rows, and cannot be resumed; start again "
              "with --force",
              file->path, name, rows);
  return rst_rows_copy(old, dataset->id, rows) ? RST_OK : rst_run_file_fail_read(file, source, name);
}

/* What is stored once must be what the case gives now: a file that it names may have changed. */
static enum rst_status check_constant(const struct rst_run_file *file, hid_t source,
                                      const struct rst_series *series) {
  const struct rst_dataset dataset = rst_series_dataset(file, series);
  const char *name = series->variable.name;
  const size_t size = rst_series_length(series) * rst_numbers_size(dataset.numbers);
  RST_SCOPED char *old = NULL;
  bool same = rst_hdf5_has(source, name) && rst_dataset_fits(source, &dataset);
  if (same) {
    RST_TRY(RST_NEW(file->context, size, &old));
    RST_TRY(rst_dataset_read(file->context, file->path, source, &dataset, old));
    same = memcmp(old, series->values, size) == 0;
  }
  RST_REQUIRE(file->context, same, RST_ERROR_IO,
              "%s: /%s is not what the case gives now, and cannot be resumed; restore the file that the case "
              "reads it from, or start again with --force",
              file->path, name);
  return RST_OK;
}

/* Rows of a series that stay. */
static size_t rows_that_stay(const struct rst_run_layout *layout, const struct rst_series *series,
                             size_t snapshots, size_t iterations) {
  switch (series->entry) {
  case RST_AT_SNAPSHOT:
    return snapshots;
  case RST_AT_EVALUATION:
    return rst_run_layout_evaluations(layout, iterations);
  default:
    return rst_run_layout_rows(layout, iterations);
  }
}

static enum rst_status copy_all(struct rst_run_file *file, hid_t source, size_t snapshots,
                                size_t iterations) {
  const size_t rows = rst_run_layout_rows(&file->layout, iterations);
  const size_t evaluations = rst_run_layout_evaluations(&file->layout, iterations);
  RST_TRY(rst_run_file_copy_rows(file, source, "time", &file->time, snapshots));
  RST_TRY(rst_run_file_copy_rows(file, source, "step", &file->step, snapshots));
  RST_TRY(rst_run_file_copy_rows(file, source, "iteration", &file->iteration, rows));
  if (file->layout.evaluate_every > 0) {
    RST_TRY(rst_run_file_copy_rows(file, source, "evaluation", &file->evaluation, evaluations));
  }
  for (size_t i = 0; i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    if (series->entry == RST_AT_START) {
      RST_TRY(check_constant(file, source, series));
    } else if (series->entry != RST_AT_END) {
      RST_TRY(rst_run_file_copy_rows(file, source, series->variable.name, &file->datasets[i],
                                     rows_that_stay(&file->layout, series, snapshots, iterations)));
    }
  }
  if (file->events) {
    RST_TRY(rst_run_events_copy(file, source, iterations));
  }
  file->snapshots = snapshots;
  file->iterations = rows;
  file->evaluations = evaluations;
  return RST_OK;
}

/* Rows belong to the same members. */
static enum rst_status check_labels(struct rst_context *context, const char *path, hid_t source,
                                    const struct rst_axis *axis) {
  struct rst_text labels = {0};
  const char *name = axis->variable.name;
  for (size_t i = 0; i < axis->count; ++i) {
    rst_text_add(&labels, "%s\n", ((const char *const *)axis->values)[i]);
  }
  RST_SCOPED char *made = rst_text_take(&labels);
  RST_SCOPED char *old = rst_hdf5_has(source, name) ? rst_hdf5_dataset_labels(source, name) : NULL;
  RST_REQUIRE(context, made && old && strcmp(made, old) == 0, RST_ERROR_IO,
              "%s: /%s has other labels and cannot be resumed; start again with --force", path, name);
  return RST_OK;
}

static enum rst_status check_axes(struct rst_context *context, const char *path, hid_t source,
                                  const struct rst_run_layout *layout) {
  for (size_t i = 0; i < layout->axis_count; ++i) {
    if (layout->axes[i]->numbers == RST_NUMBERS_LABELS) {
      RST_TRY(check_labels(context, path, source, layout->axes[i]));
    }
  }
  return RST_OK;
}

static enum rst_status reopen(struct rst_context *context, const char *path,
                              const struct rst_run_layout *layout, const struct rst_provenance *provenance,
                              size_t snapshots, size_t iterations, struct rst_run_file **file) {
  RST_IDS(ids);
  hid_t source = H5I_INVALID_HID;
  RST_TRY(rst_hdf5_open(context, path, &ids, &source));
  RST_TRY(check_axes(context, path, source, layout));
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(source, "provenance", H5P_DEFAULT));
  RST_SCOPED char *created = group >= 0 ? rst_hdf5_attribute_text(group, "created") : NULL;
  const struct rst_run_origin origin = {source, created};
  RST_TRY(rst_run_file_begin(context, path, layout, provenance, &origin, file));
  RST_TRY(copy_all(*file, source, snapshots, iterations));
  rst_ids_close(&ids); /* before the file is replaced */
  RST_TRY(rst_run_file_publish(*file));
  return rst_run_file_flush(*file, true);
}

enum rst_status rst_run_file_reopen(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, size_t snapshots,
                                    size_t iterations, struct rst_run_file **file) {
  RST_QUIET();
  *file = NULL;
  const enum rst_status status = reopen(context, path, layout, provenance, snapshots, iterations, file);
  if (status != RST_OK) {
    rst_run_file_abandon(file);
  }
  return status;
}

static size_t rows_of(hid_t file, const char *name) {
  RST_IDS(ids);
  hsize_t rows = 0;
  if (rst_hdf5_has(file, name)) {
    const hid_t space =
        rst_ids_keep(&ids, H5Dget_space(rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT))));
    if (H5Sget_simple_extent_ndims(space) == 1) {
      H5Sget_simple_extent_dims(space, &rows, NULL);
    }
  }
  return (size_t)rows;
}

enum rst_status rst_run_file_rows(struct rst_context *context, const char *path, size_t *snapshots,
                                  size_t *iterations) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  *snapshots = rows_of(file, "time");
  *iterations = rows_of(file, "iteration");
  return RST_OK;
}
