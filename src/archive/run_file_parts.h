/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_FILE_PARTS_H
#define RST_RUN_FILE_PARTS_H

#include <time.h>

#include "archive/run_dataset.h"
#include "archive/run_file.h"
#include "hdf5/rows.h"
#include "hdf5/stack.h"
#include "hdf5/xdmf.h"

/** @file
 * The run file's inside, shared by the sources that write its parts.
 */

struct rst_run_events;

struct rst_run_file {
  struct rst_context *context;
  char *path;
  char *part;                   /**< temporary name until the file is complete, then NULL */
  struct rst_run_layout layout; /**< its lists are borrowed */
  size_t width;                 /**< of a row of scalars */
  hid_t file;                   /**< 0 where there is a record */
  struct rst_record *record;    /**< that stands for the file, borrowed; NULL for none */
  struct rst_run_dataset time, step, iteration, evaluation; /**< the last one closed where there is none */
  struct rst_run_dataset *datasets;                         /**< of the series */
  size_t snapshots, iterations, evaluations;
  struct rst_run_events *events; /**< NULL if none are recorded */
  struct {
    size_t snapshots; /**< that the views show */
    struct timespec updated;
    double cost; /**< seconds that the last update took */
  } views;
};

/** Scales and series, without rows (run_layout.c); and their identifiers in an open file. */
enum rst_status rst_run_layout_write(struct rst_run_file *file);
enum rst_status rst_run_layout_open(struct rst_run_file *file);
/** Of the numbers of a series, in memory and in the file. */
enum rst_numbers rst_series_numbers(const struct rst_run_file *file, const struct rst_series *series);
/** A series as a dataset, without rows. */
struct rst_dataset rst_series_dataset(const struct rst_run_file *file, const struct rst_series *series);
/** The snapshots of a series, whose `path` is still to be given. */
struct rst_stack rst_series_stack(const struct rst_run_file *file, const struct rst_series *series);
/** The cells of its pictures (run_xdmf.c). */
struct rst_xdmf_mesh rst_series_mesh(const struct rst_series *series);
/** Whether the pictures of two series are on one grid. */
bool rst_series_share_grid(const struct rst_series *one, const struct rst_series *other);

/** The group /events (run_events.c): make it, open its columns, write what was appended, take over those events of an older
 * file that ended before update `iterations` - 1, and let go of the columns. */
enum rst_status rst_run_events_write(struct rst_run_file *file);
enum rst_status rst_run_events_open(struct rst_run_file *file);
enum rst_status rst_run_events_store(struct rst_run_file *file);
enum rst_status rst_run_events_copy(struct rst_run_file *file, hid_t source, size_t iterations);
void rst_run_events_close(struct rst_run_file *file);

/** Append to a dataset without rows the first ones of dataset `name` of an older file (run_resume.c). */
enum rst_status rst_run_file_copy_rows(struct rst_run_file *file, hid_t source, const char *name,
                                       const struct rst_run_dataset *dataset, size_t rows);
/** RST_ERROR_IO: a dataset of an older file cannot be read; the message names the places that are damaged. */
enum rst_status rst_run_file_fail_read(struct rst_run_file *file, hid_t source, const char *name);

/** Attributes of / for the regime, of a run that has not ended (run_end.c). */
enum rst_status rst_run_regime_begin(struct rst_run_file *file);

/** The group /VTKHDF without time steps (run_vtkhdf.c), and their number. */
enum rst_status rst_run_vtkhdf_write(struct rst_run_file *file);
enum rst_status rst_run_vtkhdf_update(struct rst_run_file *file);

/** The group /snapshots, empty (paraview_views.c); then, for the snapshots that are new since the last call, virtual
 * datasets /snapshots/<series>/<group>/<index>, the step count of VTKHDF and the files FILE.xdmf and
 * FILE.vtkhdf. */
enum rst_status rst_views_write(struct rst_run_file *file);
enum rst_status rst_views_update(struct rst_run_file *file, bool durable);

/** Name of the virtual dataset of a snapshot. */
enum { RST_VIEW_NAME_LENGTH = 256 };
void rst_view_name(char name[RST_VIEW_NAME_LENGTH], const char *series, size_t index);

/** The sidecars for the snapshots that the views show (run_xdmf.c). */
enum rst_status rst_run_xdmf_write(struct rst_run_file *file, bool durable);

/** An older file that is resumed, NULL for none: what others have added to it is kept, and when it was created. */
struct rst_run_origin {
  hid_t file;
  const char *created;
};
/** Make the file under its temporary name, and give it its final one (run_file.c). */
enum rst_status rst_run_file_begin(struct rst_context *context, const char *path,
                                   const struct rst_run_layout *layout,
                                   const struct rst_provenance *provenance,
                                   const struct rst_run_origin *origin, struct rst_run_file **file);
enum rst_status rst_run_file_publish(struct rst_run_file *file);

#endif
