/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_dataset.h"

#include "archive/run_file_parts.h"

enum rst_status rst_run_dataset_write(struct rst_run_file *file, const struct rst_dataset *dataset) {
  return file->record ? rst_record_add(file->context, file->record, dataset)
                      : rst_dataset_write(file->context, file->file, dataset);
}

enum rst_status rst_run_dataset_write_axis(struct rst_run_file *file, const struct rst_axis *axis) {
  return file->record ? rst_record_add_axis(file->context, file->record, axis)
                      : rst_axis_write(file->context, file->file, axis);
}

enum rst_status rst_run_dataset_open(const struct rst_run_file *file, const char *name,
                                     struct rst_run_dataset *dataset) {
  if (file->record) {
    dataset->entry = rst_record_entry(file->record, name);
    return RST_OK;
  }
  dataset->id = H5Dopen2(file->file, name, H5P_DEFAULT);
  RST_HDF5(file->context, dataset->id >= 0, "%s: /%s cannot be opened", file->path, name);
  return RST_OK;
}

void rst_run_dataset_close(struct rst_run_dataset *dataset) {
  if (dataset->id > 0) {
    H5Idec_ref(dataset->id);
  }
  *dataset = (struct rst_run_dataset){0};
}

enum rst_status rst_run_dataset_append(const struct rst_run_file *file, const struct rst_run_dataset *dataset,
                                       const char *name, size_t first, size_t rows, enum rst_numbers numbers,
                                       const void *values) {
  if (file->record) {
    return rst_record_append(file->context, dataset->entry, first, rows, numbers, values);
  }
  RST_HDF5(file->context, rst_rows_append(dataset->id, first, rows, rst_numbers_type(numbers, NULL), values),
           "%s: writing /%s failed", file->path, name);
  return RST_OK;
}

enum rst_status rst_run_dataset_read(const struct rst_run_file *file, const struct rst_run_dataset *dataset,
                                     const char *name, size_t member, size_t first, size_t rows,
                                     enum rst_numbers numbers, void *values) {
  if (file->record) {
    rst_record_read(dataset->entry, member, first, rows, numbers, values);
    return RST_OK;
  }
  RST_HDF5(file->context,
           rst_rows_read(dataset->id, (long)member, first, rows, rst_numbers_type(numbers, NULL), values),
           "%s: /%s cannot be read", file->path, name);
  return RST_OK;
}

enum rst_status rst_run_dataset_complete(const struct rst_run_file *file,
                                         const struct rst_run_dataset *dataset, const char *name,
                                         const double *values) {
  if (file->record) {
    rst_record_complete(dataset->entry, values);
    return RST_OK;
  }
  RST_HDF5(file->context, rst_dataset_complete(dataset->id, RST_NUMBERS_DOUBLE, values),
           "%s: writing /%s failed", file->path, name);
  return RST_OK;
}
