/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "archive/run_file_parts.h"

/* The series of a run as datasets. */

static const struct rst_axis time_axis = {.variable = {"time", "time, the sum of the steps taken", "1"}};
static const struct rst_axis iteration_axis = {.variable = {"iteration", "number of updates done", "1"},
                                               .numbers = RST_NUMBERS_INT64};

static const struct rst_axis evaluation_axis = {
    .variable = {"evaluation", "number of updates done before the evaluation", "1"},
    .numbers = RST_NUMBERS_INT64};

size_t rst_series_length(const struct rst_series *series) {
  size_t length = 1;
  for (int axis = 0; axis < series->rank; ++axis) {
    length *= series->axes[axis]->count;
  }
  return length;
}

size_t rst_run_layout_width(const struct rst_run_layout *layout) {
  size_t width = 0;
  for (size_t i = 0; i < layout->count; ++i) {
    width += layout->series[i].entry == RST_AT_ITERATION ? rst_series_length(&layout->series[i]) : 0;
  }
  return width;
}

enum rst_numbers rst_series_numbers(const struct rst_run_file *file, const struct rst_series *series) {
  const bool is_field = series->entry == RST_AT_SNAPSHOT || series->entry == RST_AT_START;
  return is_field ? rst_numbers_of(file->layout.precision) : RST_NUMBERS_DOUBLE;
}

struct rst_stack rst_series_stack(const struct rst_run_file *file, const struct rst_series *series) {
  return (struct rst_stack){
      .numbers = rst_series_numbers(file, series), .rank = series->rank, .axes = series->axes};
}

bool rst_series_share_grid(const struct rst_series *one, const struct rst_series *other) {
  return one->rank == other->rank &&
         memcmp(one->axes, other->axes, (size_t)one->rank * sizeof *one->axes) == 0;
}

/* Snapshots are rows before their own axes, iterations after them. */
struct rst_dataset rst_series_dataset(const struct rst_run_file *file, const struct rst_series *series) {
  struct rst_dataset dataset = {
      .variable = series->variable, .numbers = rst_series_numbers(file, series), .values = series->values};
  if (series->entry == RST_AT_SNAPSHOT) {
    dataset.axes[dataset.rank++] = &time_axis;
  }
  for (int axis = 0; axis < series->rank; ++axis) {
    dataset.axes[dataset.rank++] = series->axes[axis];
  }
  if (series->entry == RST_AT_ITERATION) {
    dataset.axes[dataset.rank++] = &iteration_axis;
  } else if (series->entry == RST_AT_EVALUATION) {
    dataset.axes[dataset.rank++] = &evaluation_axis;
  }
  return dataset;
}

static enum rst_status write_axes(struct rst_run_file *file) {
  const struct rst_dataset step = {.variable = {"step", "number of updates done before the snapshot", "1"},
                                   .numbers = RST_NUMBERS_INT64,
                                   .rank = 1,
                                   .axes = {&time_axis}};
  RST_TRY(rst_run_dataset_write(file, &step));
  RST_TRY(rst_run_dataset_write_axis(file, &iteration_axis));
  if (file->layout.evaluate_every > 0) {
    RST_TRY(rst_run_dataset_write_axis(file, &evaluation_axis));
  }
  for (size_t i = 0; i < file->layout.axis_count; ++i) {
    RST_TRY(rst_run_dataset_write_axis(file, file->layout.axes[i]));
  }
  return RST_OK;
}

/* NaN until the run has ended. */
static enum rst_status write_empty(struct rst_run_file *file, struct rst_dataset *dataset, size_t count) {
  RST_SCOPED double *values = NULL;
  RST_TRY(RST_NEW(file->context, count, &values));
  for (size_t i = 0; i < count; ++i) {
    values[i] = NAN;
  }
  dataset->values = values;
  dataset->is_open = true;
  return rst_run_dataset_write(file, dataset);
}

enum rst_status rst_run_layout_write(struct rst_run_file *file) {
  RST_TRY(write_axes(file));
  for (size_t i = 0; i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    struct rst_dataset dataset = rst_series_dataset(file, series);
    RST_TRY(series->entry == RST_AT_END ? write_empty(file, &dataset, rst_series_length(series))
                                        : rst_run_dataset_write(file, &dataset));
  }
  return RST_OK;
}

enum rst_status rst_run_layout_open(struct rst_run_file *file) {
  RST_TRY(rst_run_dataset_open(file, "time", &file->time));
  RST_TRY(rst_run_dataset_open(file, "step", &file->step));
  RST_TRY(rst_run_dataset_open(file, "iteration", &file->iteration));
  if (file->layout.evaluate_every > 0) {
    RST_TRY(rst_run_dataset_open(file, "evaluation", &file->evaluation));
  }
  for (size_t i = 0; i < file->layout.count; ++i) {
    RST_TRY(rst_run_dataset_open(file, file->layout.series[i].variable.name, &file->datasets[i]));
  }
  return RST_OK;
}
