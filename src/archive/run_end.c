/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "archive/run_file_parts.h"

/* What is known at the end of a run has its place from the start and is overwritten there; and scalars are read back to find
 * it. */

enum { ROOM_FOR_REGIME = 32 };

/* The series of this name, NULL if there is none. */
static const struct rst_series *find(const struct rst_run_file *file, enum rst_entry entry, const char *name,
                                     const struct rst_run_dataset **dataset) {
  for (size_t i = 0; i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    if (series->entry == entry && strcmp(series->variable.name, name) == 0) {
      *dataset = &file->datasets[i];
      return series;
    }
  }
  return NULL;
}

enum rst_status rst_run_file_read_scalar(const struct rst_run_file *file, const char *name, size_t member,
                                         size_t first, size_t count, double *values) {
  RST_QUIET();
  const struct rst_run_dataset *dataset = NULL;
  const struct rst_series *series = find(file, RST_AT_ITERATION, name, &dataset);
  size_t rows = file->iterations;
  if (!series) {
    series = find(file, RST_AT_EVALUATION, name, &dataset);
    rows = file->evaluations;
  }
  RST_REQUIRE(file->context, series, RST_ERROR_ARGUMENT, "%s has no scalar /%s", file->path, name);
  const size_t members = rst_series_length(series);
  RST_REQUIRE(file->context, member < members, RST_ERROR_ARGUMENT, "%s: /%s has %zu members; %zu is none",
              file->path, name, members, member);
  RST_REQUIRE(file->context, first <= rows && count <= rows - first, RST_ERROR_ARGUMENT,
              "%s: /%s has %zu rows; %zu from row %zu on are more", file->path, name, rows, count, first);
  return rst_run_dataset_read(file, dataset, name, member, first, count, RST_NUMBERS_DOUBLE, values);
}

enum rst_status rst_run_file_write_summary(struct rst_run_file *file, const char *name,
                                           const double *values) {
  RST_QUIET();
  const struct rst_run_dataset *dataset = NULL;
  RST_REQUIRE(file->context, find(file, RST_AT_END, name, &dataset), RST_ERROR_ARGUMENT,
              "%s has no summary /%s", file->path, name);
  return rst_run_dataset_complete(file, dataset, name, values);
}

static enum rst_status record_regime(struct rst_run_file *file, const char *regime,
                                     const struct rst_regime_result *result) {
  struct rst_context *context = file->context;
  RST_TRY(rst_record_set_text(context, file->record, "regime", regime));
  RST_TRY(rst_record_set_text(context, file->record, "regime_reason", result->reason));
  RST_TRY(rst_record_set_whole(context, file->record, "period", result->period));
  RST_TRY(rst_record_set_numbers(context, file->record, "exponent", &result->exponent, 0));
  return rst_record_set_numbers(context, file->record, "exponent_error", &result->exponent_error, 0);
}

enum rst_status rst_run_regime_begin(struct rst_run_file *file) {
  const int64_t period = 0;
  const double unknown = NAN;
  if (file->record) {
    return record_regime(file, "",
                         &(struct rst_regime_result){.exponent = unknown, .exponent_error = unknown});
  }
  RST_HDF5(file->context,
           rst_hdf5_set_text(file->file, "regime", "", ROOM_FOR_REGIME) &&
               rst_hdf5_set_text(file->file, "regime_reason", "", RST_REGIME_REASON) &&
               rst_hdf5_set_numbers(file->file, "period", H5T_NATIVE_INT64, &period, 0) &&
               rst_hdf5_set_numbers(file->file, "exponent", H5T_NATIVE_DOUBLE, &unknown, 0) &&
               rst_hdf5_set_numbers(file->file, "exponent_error", H5T_NATIVE_DOUBLE, &unknown, 0),
           "%s: the attributes of / cannot be made", file->path);
  return RST_OK;
}

enum rst_status rst_run_file_write_regime(struct rst_run_file *file, const struct rst_regime_result *regime) {
  RST_QUIET();
  if (file->record) {
    return record_regime(file, rst_regime_names()[regime->regime], regime);
  }
  const int64_t period = regime->period;
  RST_HDF5(file->context,
           rst_hdf5_update_text(file->file, "regime", rst_regime_names()[regime->regime]) &&
               rst_hdf5_update_text(file->file, "regime_reason", regime->reason) &&
               rst_hdf5_update_numbers(file->file, "period", H5T_NATIVE_INT64, &period, 1) &&
               rst_hdf5_update_numbers(file->file, "exponent", H5T_NATIVE_DOUBLE, &regime->exponent, 1) &&
               rst_hdf5_update_numbers(file->file, "exponent_error", H5T_NATIVE_DOUBLE,
                                       &regime->exponent_error, 1),
           "%s: the attributes of / cannot be written", file->path);
  return RST_OK;
}
