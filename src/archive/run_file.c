/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file.h"

#include <string.h>

#include "archive/provenance.h"
#include "archive/run_file_parts.h"
#include "core/clock.h"
#include "core/files.h"
#include "hdf5/kill_safe_driver.h"
#include "hdf5/support.h"

static size_t dataset_count(const struct rst_run_file *file) {
  return file->field_count + file->scalar_count + file->summary_count;
}

static size_t members(size_t twins, size_t exponents, enum rst_per per) {
  return per == RST_PER_TWIN ? twins : per == RST_PER_EXPONENT ? exponents : 0;
}

size_t rst_run_file_members(const struct rst_run_file *file, enum rst_per per) {
  return members(file->twin_count, file->exponent_count, per);
}

size_t rst_run_layout_width(const struct rst_run_layout *layout) {
  size_t width = 0;
  for (size_t i = 0; i < layout->scalar_count; ++i) {
    const enum rst_per per = layout->scalar_per ? layout->scalar_per[i] : RST_PER_RUN;
    width += per == RST_PER_RUN ? 1 : members(layout->twin_count, layout->exponent_count, per);
  }
  return width;
}

struct rst_column rst_run_file_column(const struct rst_run_file *file, size_t index) {
  return (struct rst_column){file->datasets[file->field_count + index],
                             rst_run_file_members(file, file->per[index])};
}

static void close_identifier(hid_t *id) {
  if (*id > 0) {
    H5Idec_ref(*id);
  }
  *id = 0;
}

static enum rst_status close_file(struct rst_run_file *file) {
  for (size_t i = 0; file->datasets && i < dataset_count(file); ++i) {
    close_identifier(&file->datasets[i]);
  }
  close_identifier(&file->time.dataset);
  close_identifier(&file->step.dataset);
  close_identifier(&file->iteration.dataset);
  rst_run_events_close(file);
  const hid_t open = file->file;
  file->file = 0;
  return open > 0 ? rst_hdf5_close_writable(file->context, file->path, open) : RST_OK;
}

/* Frees everything; what has not been flushed is not written. */
static void destroy(struct rst_run_file **file) {
  struct rst_run_file *old = *file;
  if (!old) {
    return;
  }
  if (old->file > 0) {
    rst_kill_safe_driver_discard(old->file);
    H5E_BEGIN_TRY {
      (void)close_file(old);
    }
    H5E_END_TRY
  }
  for (size_t i = 0; old->names && i < dataset_count(old); ++i) {
    free(old->names[i]);
  }
  if (old->part) {
    (void)rst_files_remove(old->context, old->part);
  }
  free((void *)old->names);
  free(old->field_axes);
  free(old->per);
  free(old->events);
  free(old->datasets);
  free(old->part);
  free(old->path);
  free(old);
  *file = NULL;
}

static const struct rst_variable *variable_of(const struct rst_run_layout *layout, size_t index) {
  const size_t scalars = layout->field_count + layout->scalar_count;
  return index < layout->field_count ? &layout->fields[index]
         : index < scalars           ? &layout->scalars[index - layout->field_count]
                                     : &layout->summaries[index - scalars];
}

/* For what scalars and summaries have values. */
static enum rst_status copy_members(struct rst_run_file *file, const struct rst_run_layout *layout) {
  void *per = NULL;
  RST_TRY(
      rst_allocate(file->context, layout->scalar_count + layout->summary_count + 1, sizeof *file->per, &per));
  file->per = per;
  for (size_t i = 0; i < layout->scalar_count + layout->summary_count; ++i) {
    const bool is_summary = i >= layout->scalar_count;
    if (is_summary || layout->scalar_per) {
      file->per[i] = is_summary ? layout->summary_per[i - layout->scalar_count] : layout->scalar_per[i];
    }
    const size_t count = rst_run_file_members(file, file->per[i]);
    RST_REQUIRE(file->context, count > 0 || (file->per[i] == RST_PER_RUN && !is_summary), RST_ERROR_ARGUMENT,
                "%s: /%s has values for each %s, and there is none", file->path,
                variable_of(layout, layout->field_count + i)->name,
                file->per[i] == RST_PER_TWIN ? "twin" : "exponent");
  }
  return RST_OK;
}

static enum rst_status copy_layout(struct rst_run_file *file, const struct rst_run_layout *layout) {
  file->precision = layout->precision;
  file->ny = layout->ny;
  file->nx = layout->nx;
  file->spacing = layout->spacing;
  file->field_count = layout->field_count;
  file->scalar_count = layout->scalar_count;
  file->summary_count = layout->summary_count;
  file->twin_count = layout->twin_count;
  file->exponent_count = layout->exponent_count;
  file->width = rst_run_layout_width(layout);
  void *names = NULL;
  void *datasets = NULL;
  RST_TRY(rst_allocate(file->context, dataset_count(file) + 1, sizeof *file->names, &names));
  file->names = names;
  RST_TRY(rst_allocate(file->context, dataset_count(file) + 1, sizeof *file->datasets, &datasets));
  file->datasets = datasets;
  void *axes = NULL;
  RST_TRY(rst_allocate(file->context, layout->field_count + 1, sizeof *file->field_axes, &axes));
  file->field_axes = axes;
  for (size_t i = 0; layout->field_axes && i < layout->field_count; ++i) {
    file->field_axes[i] = layout->field_axes[i];
    file->has_wave_numbers = file->has_wave_numbers || layout->field_axes[i] == RST_AXES_WAVE_NUMBERS;
  }
  for (size_t i = 0; i < dataset_count(file); ++i) {
    RST_TRY(rst_format(file->context, &file->names[i], "%s", variable_of(layout, i)->name));
  }
  return copy_members(file, layout);
}

static enum rst_status write_header(struct rst_run_file *file, const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, const char *created) {
  RST_TRY(rst_hdf5_create(file->context, file->part, &file->file));
  RST_TRY(rst_run_layout_write(file, layout));
  RST_TRY(layout->has_events ? rst_run_events_write(file) : RST_OK);
  RST_TRY(rst_run_regime_begin(file));
  RST_TRY(rst_vtkhdf_write(file));
  RST_TRY(rst_views_write(file));
  RST_TRY(rst_provenance_write(file->context, file->file, file->path, provenance, created));
  return close_file(file);
}

/* Closed and opened again between header and rows: see kill_safe_driver.h. */
static enum rst_status begin(struct rst_run_file *file, const char *path, const struct rst_run_layout *layout,
                             const struct rst_provenance *provenance, const char *created) {
  RST_TRY(rst_format(file->context, &file->path, "%s", path));
  RST_TRY(copy_layout(file, layout));
  char *part = NULL;
  RST_TRY(rst_files_sibling(file->context, path, ".partial.h5", &part));
  const enum rst_status status = rst_files_probe(file->context, part);
  if (status != RST_OK) {
    free(part);
    return status;
  }
  file->part = part;
  RST_TRY(write_header(file, layout, provenance, created));
  RST_TRY(rst_hdf5_open_writable(file->context, file->part, &file->file));
  RST_TRY(rst_run_layout_open(file));
  return file->events ? rst_run_events_open(file) : RST_OK;
}

enum rst_status rst_run_file_begin(struct rst_context *context, const char *path,
                                   const struct rst_run_layout *layout,
                                   const struct rst_provenance *provenance, const char *created,
                                   struct rst_run_file **file) {
  void *made = NULL;
  *file = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **file, &made));
  *file = made;
  (*file)->context = context;
  const enum rst_status status = begin(*file, path, layout, provenance, created);
  if (status != RST_OK) {
    destroy(file);
  }
  return status;
}

/* The views of a file that is replaced must go first: they would show the new one wrongly. */
enum rst_status rst_run_file_publish(struct rst_run_file *file) {
  RST_TRY(rst_hdf5_flush(file->context, file->path, file->file, true));
  RST_TRY(rst_views_remove(file));
  RST_TRY(rst_files_replace(file->context, file->part, file->path, true));
  free(file->part);
  file->part = NULL;
  return RST_OK;
}

enum rst_status rst_run_file_create(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file) {
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    status = rst_run_file_begin(context, path, layout, provenance, NULL, file);
    if (status == RST_OK) {
      status = rst_run_file_publish(*file);
    }
  }
  H5E_END_TRY
  if (status != RST_OK) {
    destroy(file);
  }
  return status;
}

static bool append_field(const struct rst_run_file *file, size_t field, const void *values) {
  const hsize_t total[] = {file->snapshots + 1, file->ny, file->nx};
  const hsize_t start[] = {file->snapshots, 0, 0};
  const hsize_t count[] = {1, file->ny, file->nx};
  const hid_t dataset = file->datasets[field];
  if (H5Dset_extent(dataset, total) < 0) {
    return false;
  }
  struct rst_ids ids = {0};
  const hid_t target = rst_ids_keep(&ids, H5Dget_space(dataset));
  const hid_t source = rst_ids_keep(&ids, H5Screate_simple(3, count, NULL));
  const bool written = H5Sselect_hyperslab(target, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                       H5Dwrite(dataset, rst_run_file_type(file), source, target, H5P_DEFAULT, values) >= 0;
  rst_ids_close(&ids);
  return written;
}

bool rst_run_file_append_instant(struct rst_run_file *file, long step, double time) {
  const int64_t row = step;
  return rst_column_append(&file->step, file->snapshots, 1, H5T_NATIVE_INT64, &row) &&
         rst_column_append(&file->time, file->snapshots, 1, H5T_NATIVE_DOUBLE, &time);
}

static enum rst_status append_snapshot(struct rst_run_file *file, long step, double time,
                                       const struct rst_field *const *fields) {
  for (size_t i = 0; i < file->field_count; ++i) {
    RST_REQUIRE(file->context,
                fields[i]->ny == file->ny && fields[i]->nx == file->nx &&
                    fields[i]->precision == file->precision,
                RST_ERROR_ARGUMENT, "%s: a snapshot of /%s has another shape or precision than the file",
                file->path, file->names[i]);
    RST_HDF5(file->context, append_field(file, i, fields[i]->data), "%s: writing a snapshot of /%s failed",
             file->path, file->names[i]);
  }
  RST_HDF5(file->context, rst_run_file_append_instant(file, step, time), "%s: writing /time failed",
           file->path);
  file->snapshots += 1;
  return RST_OK;
}

enum rst_status rst_run_file_append_snapshot(struct rst_run_file *file, long step, double time,
                                             const struct rst_field *const *fields) {
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    status = append_snapshot(file, step, time, fields);
  }
  H5E_END_TRY
  return status;
}

/* `block` has room for the rows of the widest scalar; iterations are numbered from the first free row. */
static enum rst_status append_scalars(struct rst_run_file *file, size_t rows, const double *values,
                                      void *block) {
  for (size_t i = 0; i < rows; ++i) {
    ((int64_t *)block)[i] = (int64_t)(file->iterations + i);
  }
  RST_HDF5(file->context,
           rst_column_append(&file->iteration, file->iterations, rows, H5T_NATIVE_INT64, block),
           "%s: writing /iteration failed", file->path);
  size_t first = 0;
  for (size_t scalar = 0; scalar < file->scalar_count; ++scalar) {
    const struct rst_column column = rst_run_file_column(file, scalar);
    const size_t count = column.members > 0 ? column.members : 1;
    for (size_t i = 0; i < count * rows; ++i) {
      ((double *)block)[i] = values[(i % rows) * file->width + first + i / rows];
    }
    RST_HDF5(file->context, rst_column_append(&column, file->iterations, rows, H5T_NATIVE_DOUBLE, block),
             "%s: writing /%s failed", file->path, file->names[file->field_count + scalar]);
    first += count;
  }
  file->iterations += rows;
  return RST_OK;
}

enum rst_status rst_run_file_append_scalars(struct rst_run_file *file, size_t rows, const double *values) {
  if (rows == 0) {
    return RST_OK;
  }
  _Static_assert(sizeof(int64_t) == sizeof(double), "one buffer serves both");
  void *block = NULL;
  RST_TRY(rst_allocate(file->context, rows * (file->width + 1), sizeof(double), &block));
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    status = append_scalars(file, rows, values, block);
  }
  H5E_END_TRY
  free(block);
  return status;
}

size_t rst_run_file_snapshots(const struct rst_run_file *file) {
  return file->snapshots;
}

size_t rst_run_file_iterations(const struct rst_run_file *file) {
  return file->iterations;
}

/* At most once a second and, as the sidecar is written whole, at most a twentieth of the time. */
static bool views_are_due(const struct rst_run_file *file, const struct timespec *now) {
  const double least = 1.0;
  const double share = 20.0 * file->views.cost;
  return rst_seconds_between(&file->views.updated, now) >= (share > least ? share : least);
}

static enum rst_status flush(struct rst_run_file *file, bool durable) {
  RST_TRY(rst_run_events_store(file));
  RST_TRY(rst_hdf5_flush(file->context, file->path, file->file, false));
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (durable || views_are_due(file, &now)) {
    RST_TRY(rst_views_update(file, durable));
    clock_gettime(CLOCK_MONOTONIC, &file->views.updated);
    file->views.cost = rst_seconds_between(&now, &file->views.updated);
  }
  return durable ? rst_hdf5_flush(file->context, file->path, file->file, true) : RST_OK;
}

enum rst_status rst_run_file_flush(struct rst_run_file *file, bool durable) {
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    status = flush(file, durable);
  }
  H5E_END_TRY
  return status;
}

enum rst_status rst_run_file_finish(struct rst_run_file **file, const char *exit_reason,
                                    double wall_seconds) {
  enum rst_status status = RST_OK;
  H5E_BEGIN_TRY {
    status = rst_provenance_finish((*file)->context, (*file)->file, (*file)->path, exit_reason, wall_seconds);
    if (status == RST_OK) {
      status = flush(*file, true);
    }
    if (status == RST_OK) {
      status = close_file(*file);
    }
  }
  H5E_END_TRY
  destroy(file);
  return status;
}

void rst_run_file_abandon(struct rst_run_file **file) {
  destroy(file);
}
