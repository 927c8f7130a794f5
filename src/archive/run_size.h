/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_SIZE_H
#define RST_RUN_SIZE_H

#include "archive/run_file.h"

/** @file
 * How large a run's file will be, and what writing it takes, in bytes:
 *
 *     file    24 KiB + 4.5 KiB for each dataset + for each series of snapshots 6 KiB and, for each snapshot, 640 and the
 *             compressed field + 8 for each number of each row of scalars, evaluations and events, in whole chunks
 *     memory  8 MiB + a buffered MiB of each dataset, less for smaller ones + 750 for each snapshot of each series, in the sidecar
 *
 * Measured on files of HDF5 1.10 to 1.14. How well fields can be compressed depends on the run.
 */

/** Bytes of the fields of one snapshot as they are stored, compressed; and of the series of the start. */
enum rst_status rst_run_size_fields(struct rst_context *context, const struct rst_run_layout *layout,
                                    const struct rst_field *const *fields, double *bytes);
enum rst_status rst_run_size_constants(struct rst_context *context, const struct rst_run_layout *layout,
                                       double *bytes);

struct rst_run_rows {
  double snapshots, scalars, evaluations, events;
  double fields;    /**< bytes of a snapshot, on average */
  double constants; /**< bytes of the series of the start */
};

struct rst_run_size {
  double file, memory;
};

struct rst_run_size rst_run_size_estimate(const struct rst_run_layout *layout,
                                          const struct rst_run_rows *rows);

#endif
