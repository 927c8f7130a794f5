/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

#include "archive/provenance.h"
#include "core/core.h"
#include "hdf5/checksum.h"
#include "sweep/sweep_file_parts.h"

static enum rst_status check_flags(struct rst_context *context, const char *path,
                                   const struct rst_sweep_column *column,
                                   const struct rst_sweep_table *table) {
  const int8_t *values = rst_sweep_column_values(column, table);
  for (size_t i = 0; i < table->points; ++i) {
    RST_REQUIRE(context, values[i] >= -1 && values[i] <= column->most, RST_ERROR_IO,
                "%s: the number %d of point %zu in /%s has no meaning; start again with --force", path,
                values[i], i, column->variable.name);
  }
  return RST_OK;
}

static bool read_size(hid_t file, const char *name, size_t *size) {
  int64_t value = -1;
  const bool read = rst_hdf5_read_numbers(file, name, H5T_NATIVE_INT64, &value, 1) && value >= 0;
  *size = read ? (size_t)value : 0;
  return read;
}

static void read_levels(hid_t file, struct rst_image_levels *levels) {
  double values[] = {0.0, 0.0};
  const bool read = rst_hdf5_read_numbers(file, "image_levels", H5T_NATIVE_DOUBLE, values, 2);
  *levels = (struct rst_image_levels){read ? values[0] : 0.0, read ? values[1] : 0.0};
}

static bool is_refined(size_t count, size_t times) {
  return (count - 1) % ((size_t)1 << times) == 0;
}

static enum rst_status read_attributes(struct rst_context *context, const char *path, hid_t file,
                                       struct rst_sweep_table *table) {
  RST_SCOPED char *engine = rst_hdf5_attribute_text(file, "engine");
  size_t refine = 0;
  const bool known = engine && read_size(file, "patches", &table->patches) &&
                     read_size(file, "rank", &table->rank) && read_size(file, "refine", &refine);
  table->engine = known && strcmp(engine, "reduced") == 0 ? "reduced" : "full";
  RST_HDF5(context, known, "%s: the attributes of a sweep are missing", path);
  RST_REQUIRE(context,
              refine <= RST_SWEEP_MOST_LEVELS && is_refined(table->columns, refine) &&
                  is_refined(table->rows, refine),
              RST_ERROR_IO, "%s: its grid of %zu by %zu is none refined %zu times; start again with --force",
              path, table->rows, table->columns, refine);
  table->refine = (int)refine;
  return RST_OK;
}

static enum rst_status read_column(struct rst_context *context, const char *path, hid_t file,
                                   const struct rst_sweep_file_axes *axes,
                                   const struct rst_sweep_column *column,
                                   const struct rst_sweep_table *table) {
  const struct rst_dataset dataset = rst_sweep_column_dataset(table, axes, column);
  RST_HDF5(context, rst_dataset_fits(file, &dataset),
           "%s is no %s of this case: its /%s cannot be used; start again with --force", path,
           table->samples > 0 ? "bifurcation diagram" : "sweep", column->variable.name);
  RST_TRY(rst_dataset_read(context, path, file, &dataset, rst_sweep_column_values(column, table)));
  return column->numbers == RST_NUMBERS_INT8 ? check_flags(context, path, column, table) : RST_OK;
}

static enum rst_status read_limits(struct rst_context *context, const char *path, hid_t file,
                                   const struct rst_sweep_file_axes *axes, struct rst_sweep_table *table) {
  double *const curves[RST_SWEEP_CURVES] = {table->lr_lo, table->lr_hi};
  for (int curve = 0; curve < RST_SWEEP_CURVES; ++curve) {
    const struct rst_dataset dataset = rst_sweep_curve_dataset(table, axes, curve);
    RST_HDF5(context, rst_dataset_fits(file, &dataset),
             "%s: its thresholds cannot be read; start again with --force", path);
    RST_TRY(rst_dataset_read(context, path, file, &dataset, curves[curve]));
  }
  return read_attributes(context, path, file, table);
}

static enum rst_status read_content(struct rst_context *context, const char *path, hid_t file,
                                    struct rst_sweep_table *table) {
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  const struct rst_sweep_file_axes axes = rst_sweep_file_axes(table);
  table->has_evaluations = rst_hdf5_has(file, "train_loss");
  read_levels(file, &table->levels);
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      RST_TRY(read_column(context, path, file, &axes, &columns[i], table));
    }
  }
  for (size_t i = 0; i < table->points && table->samples > 0; ++i) {
    table->level[i] = table->regime[i] == RST_SWEEP_PENDING ? RST_SWEEP_FILLED : 0;
  }
  return table->samples > 0 ? RST_OK : read_limits(context, path, file, &axes, table);
}

enum rst_status rst_sweep_file_read(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds, char **wisdom) {
  RST_QUIET();
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  *wisdom = NULL;
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  RST_TRY(read_content(context, path, file, table));
  return rst_provenance_read(context, file, path, wall_seconds, wisdom);
}

static enum rst_status read_axes(struct rst_context *context, const char *path, hid_t file,
                                 struct rst_sweep_table *table) {
  const struct rst_sweep_file_axes axes = rst_sweep_file_axes(table);
  for (size_t i = 0; i < table->axis_count; ++i) {
    const struct rst_dataset scale = {.variable = axes.grid[i].variable, .rank = 1, .axes = {&axes.grid[i]}};
    RST_HDF5(context, rst_dataset_fits(file, &scale), "%s: its axes cannot be read", path);
    RST_TRY(rst_dataset_read(context, path, file, &scale, table->axes[i].values));
  }
  return RST_OK;
}

static herr_t take_name(hid_t dataset, unsigned axis, hid_t scale, void *user) {
  char **names = user;
  const ssize_t length = H5DSget_scale_name(scale, NULL, 0);
  (void)dataset;
  names[axis] = length > 0 ? calloc((size_t)length + 1, 1) : NULL;
  return names[axis] && H5DSget_scale_name(scale, names[axis], (size_t)length + 1) > 0 ? 1 : -1;
}

/* The axes of /regime; none if it is missing. */
static size_t find_axes(hid_t file, struct rst_sweep_scale *axes) {
  RST_IDS(ids);
  hsize_t dims[RST_SWEEP_MOST_AXES];
  char *names[RST_SWEEP_MOST_AXES] = {NULL};
  const hid_t regime = rst_ids_keep(&ids, H5Dopen2(file, "regime", H5P_DEFAULT));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(regime));
  const int rank = H5Sget_simple_extent_ndims(space);
  bool known =
      rank > 0 && rank <= RST_SWEEP_MOST_AXES && H5Sget_simple_extent_dims(space, dims, NULL) == rank;
  for (int i = 0; known && i < rank; ++i) {
    known = dims[i] > 0 && H5DSiterate_scales(regime, (unsigned)i, NULL, take_name, names) > 0;
    axes[i] = (struct rst_sweep_scale){.name = names[i], .count = (size_t)dims[i]};
  }
  return known ? (size_t)rank : 0;
}

/* How long the axis of samples is, 0 if there is none, and its first value. */
static size_t find_samples(hid_t file, int64_t *first) {
  RST_IDS(ids);
  hsize_t length = 0;
  if (!rst_hdf5_has(file, "sample")) {
    return 0;
  }
  const hid_t sample = rst_ids_keep(&ids, H5Dopen2(file, "sample", H5P_DEFAULT));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(sample));
  const hsize_t start = 0;
  const hsize_t one = 1;
  const hid_t memory = rst_ids_keep(&ids, H5Screate_simple(1, &one, NULL));
  const bool read = H5Sget_simple_extent_ndims(space) == 1 &&
                    H5Sget_simple_extent_dims(space, &length, NULL) == 1 && length > 0 &&
                    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &one, NULL) >= 0 &&
                    H5Dread(sample, H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, first) >= 0;
  return read ? (size_t)length : 0;
}

static enum rst_status load_table(struct rst_context *context, const char *path, hid_t file,
                                  struct rst_sweep_table *table) {
  struct rst_sweep_scale axes[RST_SWEEP_MOST_AXES] = {{0}};
  int64_t first = 1;
  const size_t axis_count = find_axes(file, axes);
  enum rst_status status =
      axis_count > 0 ? rst_sweep_table_allocate(context, axis_count, axes, find_samples(file, &first), table)
                     : rst_fail(context, RST_ERROR_IO, "%s is no sweep: it has no /regime with axes", path);
  for (size_t i = 0; i < RST_SWEEP_MOST_AXES; ++i) {
    free(axes[i].name);
  }
  RST_TRY(status);
  RST_TRY(table->samples > 0 ? rst_dataset_require_intact(context, path, file, "sample") : RST_OK);
  table->burn_in = (long)first - 1;
  RST_TRY(read_axes(context, path, file, table));
  return read_content(context, path, file, table);
}

static enum rst_status load(struct rst_context *context, const char *path, struct rst_sweep_table *table,
                            double *wall_seconds, struct rst_sweep_origin *origin) {
  RST_IDS(ids);
  hid_t file = H5I_INVALID_HID;
  RST_TRY(rst_hdf5_open(context, path, &ids, &file));
  RST_TRY(load_table(context, path, file, table));
  RST_TRY(rst_provenance_read(context, file, path, wall_seconds, NULL));
  const hid_t group = rst_ids_keep(&ids, H5Gopen2(file, "provenance", H5P_DEFAULT));
  *origin = (struct rst_sweep_origin){
      .case_source = rst_hdf5_dataset_text(group, "case"),
      .case_effective = rst_hdf5_dataset_text(group, "effective"),
      .case_name = rst_hdf5_attribute_text(file, "case_name"),
      .rigor = rst_hdf5_attribute_text(group, "rigor"),
      .correlation = rst_hdf5_attribute_text(group, "correlation"),
  };
  RST_TRY(rst_dataset_require_intact(context, path, file, "provenance/case"));
  RST_TRY(rst_dataset_require_intact(context, path, file, "provenance/effective"));
  RST_REQUIRE(context, origin->case_source && origin->case_effective, RST_ERROR_IO,
              "%s: its case is missing in /provenance", path);
  return RST_OK;
}

enum rst_status rst_sweep_file_load(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds,
                                    struct rst_sweep_origin *origin) {
  RST_QUIET();
  *table = (struct rst_sweep_table){0};
  *origin = (struct rst_sweep_origin){0};
  const enum rst_status status = load(context, path, table, wall_seconds, origin);
  if (status != RST_OK) {
    rst_sweep_table_clear(table);
    rst_sweep_origin_clear(origin);
  }
  return status;
}

void rst_sweep_origin_clear(struct rst_sweep_origin *origin) {
  free(origin->case_source);
  free(origin->case_effective);
  free(origin->case_name);
  free(origin->rigor);
  free(origin->correlation);
  *origin = (struct rst_sweep_origin){0};
}
