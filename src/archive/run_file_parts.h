/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_FILE_PARTS_H
#define RST_RUN_FILE_PARTS_H

#include <hdf5.h>
#include <time.h>

#include "archive/run_file.h"

/** @file
 * The run file's inside, shared by the sources that write its parts.
 */

struct rst_run_file {
  struct rst_context *context;
  char *path;
  char *part; /**< temporary name until the file is complete, then NULL */
  enum rst_precision precision;
  size_t ny, nx;
  double spacing;
  size_t field_count, scalar_count;
  char **names; /**< fields, then scalars */
  enum rst_axes *field_axes;
  bool has_wave_numbers; /**< some field has these axes */
  hid_t file;
  hid_t time, step, iteration;
  hid_t *datasets; /**< of `names` */
  size_t snapshots, iterations;
  struct {
    size_t snapshots; /**< that the views show */
    struct timespec updated;
    double cost; /**< seconds that the last update took */
  } views;
};

/** Scales, fields and scalars, empty (run_layout.c); and their identifiers in an open file. */
enum rst_status rst_run_layout_write(struct rst_run_file *file, const struct rst_run_layout *layout);
enum rst_status rst_run_layout_open(struct rst_run_file *file);

/** The group /provenance (provenance.c). `created` is a UTC time, NULL for now. */
enum rst_status rst_provenance_write(struct rst_run_file *file, const struct rst_provenance *provenance,
                                     const char *created);
/** Overwrites what is known at the end only. */
enum rst_status rst_provenance_finish(struct rst_run_file *file, const char *exit_reason,
                                      double wall_seconds);

/** The group /VTKHDF without time steps (vtkhdf.c), and their number. */
enum rst_status rst_vtkhdf_write(struct rst_run_file *file);
enum rst_status rst_vtkhdf_update(struct rst_run_file *file);

/** The group /snapshots, empty (views.c); then, for the snapshots that are new since the last call, virtual
 * datasets /snapshots/<field>/<group>/<index>, the step count of VTKHDF and the files FILE.xdmf and
 * FILE.vtkhdf. */
enum rst_status rst_views_write(struct rst_run_file *file);
enum rst_status rst_views_update(struct rst_run_file *file, bool durable);
/** Remove the sidecars and FILE.vtkhdf, which belong to a file that is about to be replaced. */
enum rst_status rst_views_remove(struct rst_run_file *file);

/** Name of the virtual dataset of a snapshot. */
enum { RST_VIEW_NAME_LENGTH = 256 };
void rst_view_name(char name[RST_VIEW_NAME_LENGTH], const char *field, size_t index);

/** FILE.xdmf, and FILE.spectrum.xdmf for fields over wave numbers, for the snapshots that the views show (xdmf.c). */
enum rst_status rst_xdmf_write(struct rst_run_file *file, bool durable);

/** Make the file under its temporary name, and give it its final one (run_file.c). */
enum rst_status rst_run_file_begin(struct rst_context *context, const char *path,
                                   const struct rst_run_layout *layout,
                                   const struct rst_provenance *provenance, const char *created,
                                   struct rst_run_file **file);
enum rst_status rst_run_file_publish(struct rst_run_file *file);

/** Append `rows` values to a dataset that has `first` rows of one value. */
bool rst_run_file_append_column(hid_t dataset, size_t first, size_t rows, hid_t type, const void *values);
/** Append to /step and /time the row of the next snapshot. */
bool rst_run_file_append_instant(struct rst_run_file *file, long step, double time);
/** Times of the first `count` snapshots. */
bool rst_run_file_read_times(const struct rst_run_file *file, size_t count, double *times);
/** Wave numbers along an axis of n points, ascending, 0 at index n/2: the first one and the distance of neighbours. */
void rst_run_file_wave_numbers(const struct rst_run_file *file, size_t n, double *first, double *step);
/** Type of the fields in memory. */
hid_t rst_run_file_type(const struct rst_run_file *file);

#endif
