/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file.h"

#include <string.h>

#include "archive/additions.h"
#include "archive/provenance.h"
#include "archive/run_file_parts.h"
#include "archive/sidecars.h"
#include "core/clock.h"
#include "core/files.h"

static void close_identifier(hid_t *id) {
  if (*id > 0) {
    H5Idec_ref(*id);
  }
  *id = 0;
}

static void close_datasets(struct rst_run_file *file) {
  for (size_t i = 0; file->datasets && i < file->layout.count; ++i) {
    close_identifier(&file->datasets[i]);
  }
  close_identifier(&file->time);
  close_identifier(&file->step);
  close_identifier(&file->iteration);
  close_identifier(&file->evaluation);
  rst_run_events_close(file);
}

/* Frees everything; what has not been flushed is not written. */
static void destroy(struct rst_run_file **file) {
  RST_QUIET();
  struct rst_run_file *old = *file;
  if (!old) {
    return;
  }
  if (old->file > 0) {
    rst_hdf5_discard(old->file);
    close_datasets(old);
    (void)rst_hdf5_close(old->file);
  }
  if (old->part) {
    (void)rst_files_remove(old->context, old->part);
  }
  free(old->events);
  free(old->datasets);
  free(old->part);
  free(old->path);
  free(old);
  *file = NULL;
}

static enum rst_status write_header(struct rst_run_file *file, const struct rst_provenance *provenance,
                                    const struct rst_run_origin *origin) {
  RST_TRY(rst_hdf5_create(file->context, file->part, &file->file));
  RST_TRY(rst_run_layout_write(file));
  RST_TRY(file->layout.has_events ? rst_run_events_write(file) : RST_OK);
  RST_TRY(rst_run_regime_begin(file));
  RST_TRY(rst_run_vtkhdf_write(file));
  RST_TRY(rst_views_write(file));
  RST_TRY(rst_provenance_write(file->context, file->file, file->path, provenance,
                               origin ? origin->created : NULL));
  RST_TRY(origin ? rst_additions_copy(file->context, file->path, origin->file, file->file) : RST_OK);
  return rst_hdf5_end_header(file->context, file->part, &file->file);
}

static enum rst_status begin(struct rst_run_file *file, const char *path,
                             const struct rst_provenance *provenance, const struct rst_run_origin *origin) {
  RST_TRY(rst_format(file->context, &file->path, "%s", path));
  RST_TRY(RST_NEW(file->context, file->layout.count, &file->datasets));
  RST_SCOPED char *part = NULL;
  RST_TRY(rst_files_sibling(file->context, path, ".partial.h5", &part));
  RST_TRY(rst_files_probe(file->context, part));
  file->part = part;
  part = NULL;
  RST_TRY(write_header(file, provenance, origin));
  RST_TRY(rst_run_layout_open(file));
  return file->events ? rst_run_events_open(file) : RST_OK;
}

enum rst_status rst_run_file_begin(struct rst_context *context, const char *path,
                                   const struct rst_run_layout *layout,
                                   const struct rst_provenance *provenance,
                                   const struct rst_run_origin *origin, struct rst_run_file **file) {
  *file = NULL;
  RST_TRY(RST_NEW(context, 1, file));
  **file =
      (struct rst_run_file){.context = context, .layout = *layout, .width = rst_run_layout_width(layout)};
  const enum rst_status status = begin(*file, path, provenance, origin);
  if (status != RST_OK) {
    destroy(file);
  }
  return status;
}

/* The views of a file that is replaced must go first: they would show the new one wrongly. */
enum rst_status rst_run_file_publish(struct rst_run_file *file) {
  RST_TRY(rst_hdf5_flush(file->context, file->path, file->file, true));
  RST_TRY(rst_sidecars_remove(file->context, file->path));
  RST_TRY(rst_files_replace(file->context, file->part, file->path, true));
  free(file->part);
  file->part = NULL;
  return RST_OK;
}

enum rst_status rst_run_file_create(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file) {
  RST_QUIET();
  enum rst_status status = rst_run_file_begin(context, path, layout, provenance, NULL, file);
  if (status == RST_OK) {
    status = rst_run_file_publish(*file);
  }
  if (status != RST_OK) {
    destroy(file);
  }
  return status;
}

static enum rst_status append_instant(struct rst_run_file *file, long step, double time) {
  const int64_t row = step;
  RST_HDF5(file->context,
           rst_rows_append(file->step, file->snapshots, 1, H5T_NATIVE_INT64, &row) &&
               rst_rows_append(file->time, file->snapshots, 1, H5T_NATIVE_DOUBLE, &time),
           "%s: writing /time failed", file->path);
  file->snapshots += 1;
  return RST_OK;
}

enum rst_status rst_run_file_append_snapshot(struct rst_run_file *file, long step, double time,
                                             const struct rst_field *const *fields) {
  RST_QUIET();
  RST_IDS(ids);
  const hid_t type = rst_numbers_type(rst_numbers_of(file->layout.precision), &ids);
  for (size_t i = 0; i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    if (series->entry != RST_AT_SNAPSHOT) {
      continue;
    }
    const struct rst_field *field = *fields++;
    RST_REQUIRE(file->context,
                field->ny * field->nx == rst_series_length(series) &&
                    field->precision == file->layout.precision,
                RST_ERROR_ARGUMENT, "%s: a snapshot of /%s has another shape or precision than the file",
                file->path, series->variable.name);
    RST_HDF5(file->context, rst_rows_append(file->datasets[i], file->snapshots, 1, type, field->data),
             "%s: writing a snapshot of /%s failed", file->path, series->variable.name);
  }
  return append_instant(file, step, time);
}

/* `block` has room for the rows of the widest scalar. */
static enum rst_status append_scalars(struct rst_run_file *file, size_t rows, const long *iterations,
                                      const double *values, double *block) {
  RST_HDF5(file->context,
           rst_rows_append(file->iteration, file->iterations, rows, H5T_NATIVE_LONG, iterations),
           "%s: writing /iteration failed", file->path);
  for (size_t s = 0; s < file->layout.count; ++s) {
    const struct rst_series *series = &file->layout.series[s];
    if (series->entry != RST_AT_ITERATION) {
      continue;
    }
    const size_t count = rst_series_length(series);
    for (size_t i = 0; i < count * rows; ++i) {
      block[i] = values[(i % rows) * file->width + i / rows];
    }
    RST_HDF5(file->context,
             rst_rows_append(file->datasets[s], file->iterations, rows, H5T_NATIVE_DOUBLE, block),
             "%s: writing /%s failed", file->path, series->variable.name);
    values += count;
  }
  file->iterations += rows;
  return RST_OK;
}

enum rst_status rst_run_file_append_scalars(struct rst_run_file *file, size_t rows, const long *iterations,
                                            const double *values) {
  RST_QUIET();
  if (rows == 0) {
    return RST_OK;
  }
  RST_SCOPED double *block = NULL;
  RST_TRY(RST_NEW(file->context, rows * file->width, &block));
  return append_scalars(file, rows, iterations, values, block);
}

enum rst_status rst_run_file_append_evaluation(struct rst_run_file *file, long iteration,
                                               const double *values) {
  RST_QUIET();
  RST_HDF5(file->context,
           rst_rows_append(file->evaluation, file->evaluations, 1, H5T_NATIVE_LONG, &iteration),
           "%s: writing /evaluation failed", file->path);
  for (size_t s = 0; s < file->layout.count; ++s) {
    if (file->layout.series[s].entry == RST_AT_EVALUATION) {
      RST_HDF5(file->context,
               rst_rows_append(file->datasets[s], file->evaluations, 1, H5T_NATIVE_DOUBLE, values++),
               "%s: writing /%s failed", file->path, file->layout.series[s].variable.name);
    }
  }
  file->evaluations += 1;
  return RST_OK;
}

size_t rst_run_file_snapshots(const struct rst_run_file *file) {
  return file->snapshots;
}

size_t rst_run_file_iterations(const struct rst_run_file *file) {
  return file->iterations;
}

size_t rst_run_file_evaluations(const struct rst_run_file *file) {
  return file->evaluations;
}

/* At most once a second and, as the sidecar is written whole, at most a twentieth of the time. */
static bool views_are_due(const struct rst_run_file *file, const struct timespec *now) {
  const double least = 1.0;
  const double share = 20.0 * file->views.cost;
  return rst_seconds_between(&file->views.updated, now) >= (share > least ? share : least);
}

enum rst_status rst_run_file_flush(struct rst_run_file *file, bool durable) {
  RST_QUIET();
  if (file->layout.transient) {
    return durable ? rst_run_events_store(file) : RST_OK;
  }
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const bool due = durable || views_are_due(file, &now);
  RST_TRY(due ? rst_run_events_store(file) : RST_OK);
  RST_TRY(rst_hdf5_flush(file->context, file->path, file->file, false));
  if (due) {
    RST_TRY(rst_views_update(file, durable));
    clock_gettime(CLOCK_MONOTONIC, &file->views.updated);
    file->views.cost = rst_seconds_between(&now, &file->views.updated);
  }
  return durable ? rst_hdf5_flush(file->context, file->path, file->file, true) : RST_OK;
}

static enum rst_status finish(struct rst_run_file *file, const char *exit_reason, double wall_seconds) {
  RST_TRY(rst_provenance_finish(file->context, file->file, file->path, exit_reason, wall_seconds));
  RST_TRY(rst_run_file_flush(file, true));
  close_datasets(file);
  const int failure = rst_hdf5_close(file->file);
  file->file = 0;
  RST_REQUIRE(file->context, failure == 0, RST_ERROR_IO, "%s: writing failed: %s", file->path,
              strerror(failure));
  return RST_OK;
}

enum rst_status rst_run_file_finish(struct rst_run_file **file, const char *exit_reason,
                                    double wall_seconds) {
  RST_QUIET();
  const enum rst_status status = finish(*file, exit_reason, wall_seconds);
  destroy(file);
  return status;
}

void rst_run_file_abandon(struct rst_run_file **file) {
  destroy(file);
}
