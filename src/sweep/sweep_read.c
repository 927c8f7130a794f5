/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "archive/provenance.h"
#include "sweep/sweep_file_parts.h"

static enum rst_status check_flags(struct rst_context *context, const char *path, const char *name,
                                   const int8_t *values, size_t count, int most) {
  for (size_t i = 0; i < count; ++i) {
    RST_REQUIRE(context, values[i] >= -1 && values[i] <= most, RST_ERROR_IO,
                "%s: the number %d of point %zu in /%s has no meaning; start again with --force", path,
                values[i], i, name);
  }
  return RST_OK;
}

static bool read_size(hid_t file, const char *name, size_t *size) {
  struct rst_ids ids = {0};
  int64_t value = -1;
  const hid_t attribute = rst_ids_keep(&ids, H5Aopen(file, name, H5P_DEFAULT));
  const bool read = H5Aread(attribute, H5T_NATIVE_INT64, &value) >= 0 && value >= 0;
  *size = read ? (size_t)value : 0;
  rst_ids_close(&ids);
  return read;
}

static bool is_refined(size_t count, size_t times) {
  return (count - 1) % ((size_t)1 << times) == 0;
}

static enum rst_status read_attributes(struct rst_context *context, const char *path, hid_t file,
                                       struct rst_sweep_table *table) {
  char *engine = rst_hdf5_attribute_text(file, "engine");
  size_t refine = 0;
  const bool known = engine && read_size(file, "patches", &table->patches) &&
                     read_size(file, "rank", &table->rank) && read_size(file, "refine", &refine);
  table->engine = known && strcmp(engine, "reduced") == 0 ? "reduced" : "full";
  free(engine);
  RST_HDF5(context, known, "%s: the attributes of a sweep are missing", path);
  RST_REQUIRE(context,
              refine <= RST_SWEEP_MOST_LEVELS && is_refined(table->lrs, refine) &&
                  is_refined(table->weight_decays, refine),
              RST_ERROR_IO, "%s: its grid of %zu by %zu is none refined %zu times; start again with --force",
              path, table->weight_decays, table->lrs, refine);
  table->refine = (int)refine;
  return RST_OK;
}

static enum rst_status read_content(struct rst_context *context, const char *path, hid_t file,
                                    struct rst_sweep_table *table) {
  const hsize_t dims[2] = {table->weight_decays, table->lrs};
  const size_t count = table->weight_decays * table->lrs;
  struct rst_sweep_map maps[RST_SWEEP_MAPS];
  rst_sweep_list_maps(table, maps);
  for (size_t i = 0; i < RST_SWEEP_MAPS; ++i) {
    const char *name = maps[i].variable.name;
    RST_HDF5(context, rst_hdf5_read_values(file, name, maps[i].type, 2, dims, maps[i].values),
             "%s is no sweep of this case: its /%s cannot be used; start again with --force", path, name);
  }
  const bool curves = rst_hdf5_read_values(file, "lr_lo", H5T_NATIVE_DOUBLE, 1, dims, table->lr_lo) &&
                      rst_hdf5_read_values(file, "lr_hi", H5T_NATIVE_DOUBLE, 1, dims, table->lr_hi);
  RST_HDF5(context, curves, "%s: its thresholds cannot be read; start again with --force", path);
  RST_TRY(check_flags(context, path, "regime", table->regime, count, RST_REGIME_UNDECIDED));
  RST_TRY(check_flags(context, path, "agreement", table->agreement, count, 1));
  RST_TRY(check_flags(context, path, "level", table->level, count, RST_SWEEP_MOST_LEVELS));
  return read_attributes(context, path, file, table);
}

static enum rst_status read_file(struct rst_context *context, const char *path, hid_t file,
                                 struct rst_sweep_table *table, double *wall_seconds, char **wisdom) {
  RST_TRY(read_content(context, path, file, table));
  return rst_provenance_read(context, file, path, wall_seconds, wisdom);
}

enum rst_status rst_sweep_file_read(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds, char **wisdom) {
  enum rst_status status = RST_OK;
  *wisdom = NULL;
  H5E_BEGIN_TRY {
    hid_t file = H5I_INVALID_HID;
    status = rst_hdf5_open(context, path, &file);
    if (status == RST_OK) {
      status = read_file(context, path, file, table, wall_seconds, wisdom);
      H5Fclose(file);
    }
  }
  H5E_END_TRY
  return status;
}

/* Values of an axis, 0 if it is none. */
static size_t axis_length(hid_t file, const char *name) {
  struct rst_ids ids = {0};
  hsize_t length = 0;
  const hid_t dataset = rst_ids_keep(&ids, H5Dopen2(file, name, H5P_DEFAULT));
  const hid_t space = rst_ids_keep(&ids, H5Dget_space(dataset));
  const bool known =
      H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, &length, NULL) == 1;
  rst_ids_close(&ids);
  return known ? (size_t)length : 0;
}

static enum rst_status load_table(struct rst_context *context, const char *path, hid_t file,
                                  struct rst_sweep_table *table) {
  const hsize_t lrs = axis_length(file, "lr");
  const hsize_t weight_decays = axis_length(file, "weight_decay");
  RST_REQUIRE(context, lrs > 0 && weight_decays > 0, RST_ERROR_IO,
              "%s is no sweep: it has no axes /lr and /weight_decay", path);
  RST_TRY(rst_sweep_table_allocate(context, lrs, weight_decays, table));
  const bool read =
      rst_hdf5_read_values(file, "lr", H5T_NATIVE_DOUBLE, 1, &lrs, table->lr) &&
      rst_hdf5_read_values(file, "weight_decay", H5T_NATIVE_DOUBLE, 1, &weight_decays, table->weight_decay);
  RST_HDF5(context, read, "%s: its axes cannot be read", path);
  return read_content(context, path, file, table);
}

static enum rst_status load_origin(struct rst_context *context, const char *path, hid_t file,
                                   double *wall_seconds, struct rst_sweep_origin *origin) {
  RST_TRY(rst_provenance_read(context, file, path, wall_seconds, NULL));
  const hid_t group = H5Gopen2(file, "provenance", H5P_DEFAULT);
  *origin = (struct rst_sweep_origin){
      .case_source = rst_hdf5_dataset_text(group, "case"),
      .case_effective = rst_hdf5_dataset_text(group, "effective"),
      .rigor = rst_hdf5_attribute_text(group, "rigor"),
      .correlation = rst_hdf5_attribute_text(group, "correlation"),
  };
  H5Gclose(group);
  RST_REQUIRE(context, origin->case_source && origin->case_effective, RST_ERROR_IO,
              "%s: its case is missing in /provenance", path);
  return RST_OK;
}

enum rst_status rst_sweep_file_load(struct rst_context *context, const char *path,
                                    struct rst_sweep_table *table, double *wall_seconds,
                                    struct rst_sweep_origin *origin) {
  enum rst_status status = RST_OK;
  *table = (struct rst_sweep_table){0};
  *origin = (struct rst_sweep_origin){0};
  H5E_BEGIN_TRY {
    hid_t file = H5I_INVALID_HID;
    status = rst_hdf5_open(context, path, &file);
    if (status == RST_OK) {
      status = load_table(context, path, file, table);
      status = status == RST_OK ? load_origin(context, path, file, wall_seconds, origin) : status;
      H5Fclose(file);
    }
  }
  H5E_END_TRY
  if (status != RST_OK) {
    rst_sweep_table_clear(table);
    rst_sweep_origin_clear(origin);
  }
  return status;
}

void rst_sweep_origin_clear(struct rst_sweep_origin *origin) {
  free(origin->case_source);
  free(origin->case_effective);
  free(origin->rigor);
  free(origin->correlation);
  *origin = (struct rst_sweep_origin){0};
}
