/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file.h"

#include <string.h>

#include "archive/additions.h"
#include "archive/provenance.h"
#include "archive/run_file_parts.h"
#include "archive/sidecars.h"
#include "core/clock.h"
#include "core/files.h"

static void close_datasets(struct rst_run_file *file) {
  for (size_t i = 0; file->datasets && i < file->layout.count; ++i) {
    rst_run_dataset_close(&file->datasets[i]);
  }
  rst_run_dataset_close(&file->time);
  rst_run_dataset_close(&file->step);
  rst_run_dataset_close(&file->iteration);
  rst_run_dataset_close(&file->evaluation);
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
  }
  close_datasets(old);
  if (old->file > 0) {
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

static enum rst_status record(struct rst_run_file *file, const struct rst_provenance *provenance) {
  RST_TRY(RST_NEW(file->context, file->layout.count, &file->datasets));
  rst_record_clear(file->record);
  RST_TRY(rst_run_layout_write(file));
  RST_TRY(file->layout.has_events ? rst_run_events_write(file) : RST_OK);
  RST_TRY(rst_run_regime_begin(file));
  RST_TRY(rst_provenance_record(file->context, file->record, provenance));
  RST_TRY(rst_run_layout_open(file));
  return file->events ? rst_run_events_open(file) : RST_OK;
}

enum rst_status rst_run_file_record(struct rst_context *context, struct rst_record *kept,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file) {
  *file = NULL;
  RST_TRY(RST_NEW(context, 1, file));
  **file = (struct rst_run_file){
      .context = context, .layout = *layout, .width = rst_run_layout_width(layout), .record = kept};
  enum rst_status status = rst_format(context, &(*file)->path, "the record");
  if (status == RST_OK) {
    status = record(*file, provenance);
  }
  if (status != RST_OK) {
    destroy(file);
  }
  return status;
}

static enum rst_status append_instant(struct rst_run_file *file, long step, double time) {
  const int64_t row = step;
  RST_TRY(rst_run_dataset_append(file, &file->step, "step", file->snapshots, 1, RST_NUMBERS_INT64, &row));
  RST_TRY(rst_run_dataset_append(file, &file->time, "time", file->snapshots, 1, RST_NUMBERS_DOUBLE, &time));
  file->snapshots += 1;
  return RST_OK;
}

enum rst_status rst_run_file_append_snapshot(struct rst_run_file *file, long step, double time,
                                             const struct rst_field *const *fields) {
  RST_QUIET();
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
    RST_TRY(rst_run_dataset_append(file, &file->datasets[i], series->variable.name, file->snapshots, 1,
                                   rst_numbers_of(file->layout.precision), field->data));
  }
  return append_instant(file, step, time);
}

/* `block` has room for the rows of the widest scalar. */
static enum rst_status append_scalars(struct rst_run_file *file, size_t rows, const long *iterations,
                                      const double *values, double *block) {
  RST_TRY(rst_run_dataset_append(file, &file->iteration, "iteration", file->iterations, rows,
                                 RST_NUMBERS_INT64, iterations));
  for (size_t s = 0; s < file->layout.count; ++s) {
    const struct rst_series *series = &file->layout.series[s];
    if (series->entry != RST_AT_ITERATION) {
      continue;
    }
    const size_t count = rst_series_length(series);
    for (size_t i = 0; i < count * rows; ++i) {
      block[i] = values[(i % rows) * file->width + i / rows];
    }
    RST_TRY(rst_run_dataset_append(file, &file->datasets[s], series->variable.name, file->iterations, rows,
                                   RST_NUMBERS_DOUBLE, block));
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
  RST_TRY(rst_run_dataset_append(file, &file->evaluation, "evaluation", file->evaluations, 1,
                                 RST_NUMBERS_INT64, &iteration));
  for (size_t s = 0; s < file->layout.count; ++s) {
    if (file->layout.series[s].entry == RST_AT_EVALUATION) {
      RST_TRY(rst_run_dataset_append(file, &file->datasets[s], file->layout.series[s].variable.name,
                                     file->evaluations, 1, RST_NUMBERS_DOUBLE, values++));
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
  if (file->record) {
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
  if (file->record) {
    RST_TRY(rst_run_events_store(file));
    RST_TRY(rst_record_set_text(file->context, file->record, "exit_reason", exit_reason));
    RST_TRY(rst_record_set_numbers(file->context, file->record, "wall_seconds", &wall_seconds, 0));
    return rst_record_finish(file->context, file->record);
  }
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
