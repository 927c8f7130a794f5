/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_DATASET_H
#define RST_RUN_DATASET_H

#include "archive/record_parts.h"
#include "hdf5/dataset.h"

/** @file
 * A dataset of a run, in its file or in the record that stands for one.
 */

struct rst_run_file;

/** A zeroed one is closed. */
struct rst_run_dataset {
  hid_t id;                       /**< 0 in a record */
  struct rst_record_entry *entry; /**< NULL in a file */
};

/** As rst_dataset_write() and rst_axis_write(). */
enum rst_status rst_run_dataset_write(struct rst_run_file *file, const struct rst_dataset *dataset);
enum rst_status rst_run_dataset_write_axis(struct rst_run_file *file, const struct rst_axis *axis);

enum rst_status rst_run_dataset_open(const struct rst_run_file *file, const char *name,
                                     struct rst_run_dataset *dataset);
void rst_run_dataset_close(struct rst_run_dataset *dataset);

/** As rst_rows_append(), rst_rows_read() and rst_dataset_complete(); `name` is for messages. */
enum rst_status rst_run_dataset_append(const struct rst_run_file *file, const struct rst_run_dataset *dataset,
                                       const char *name, size_t first, size_t rows, enum rst_numbers numbers,
                                       const void *values);
enum rst_status rst_run_dataset_read(const struct rst_run_file *file, const struct rst_run_dataset *dataset,
                                     const char *name, size_t member, size_t first, size_t rows,
                                     enum rst_numbers numbers, void *values);
enum rst_status rst_run_dataset_complete(const struct rst_run_file *file,
                                         const struct rst_run_dataset *dataset, const char *name,
                                         const double *values);

#endif
