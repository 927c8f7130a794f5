/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_FILE_PARTS_H
#define RST_RUN_FILE_PARTS_H

#include <hdf5.h>
#include <time.h>

#include "archive/run_file.h"
#include "hdf5/growing.h"
#include "hdf5/support.h"

/** @file
 * The run file's inside, shared by the sources that write its parts.
 */

struct rst_run_events;

struct rst_run_file {
  struct rst_context *context;
  char *path;
  char *part; /**< temporary name until the file is complete, then NULL */
  enum rst_precision precision;
  size_t ny, nx;
  double spacing;
  size_t field_count, scalar_count, summary_count;
  size_t twin_count, exponent_count;
  char **names; /**< fields, scalars, summaries */
  enum rst_axes *field_axes;
  enum rst_per *per;     /**< of scalars, then of summaries */
  size_t width;          /**< of a row of scalars */
  bool has_wave_numbers; /**< some field has these axes */
  hid_t file;
  struct rst_column time, step, iteration;
  hid_t *datasets; /**< of `names` */
  size_t snapshots, iterations;
  struct rst_run_events *events; /**< NULL if none are recorded */
  struct {
    size_t snapshots; /**< that the views show */
    struct timespec updated;
    double cost; /**< seconds that the last update took */
  } views;
};

/** Scales, fields and scalars, empty (run_layout.c); and their identifiers in an open file. */
enum rst_status rst_run_layout_write(struct rst_run_file *file, const struct rst_run_layout *layout);
enum rst_status rst_run_layout_open(struct rst_run_file *file);

/** A dataset to be made with no rows yet, by the scales of its axes. */
enum { RST_GROWING_RANK = 3 };
struct rst_growing {
  struct rst_variable variable; /**< its name may be a path */
  hid_t type;
  int rank;
  hsize_t dims[RST_GROWING_RANK]; /**< 0 for the unlimited one */
  hid_t scales[RST_GROWING_RANK];
  bool is_scale;
  size_t rows; /**< of a chunk of one axis, 0 for what suits the scalars of a run */
};
/** `made` stays open as long as `ids`. */
enum rst_status rst_growing_write(struct rst_run_file *file, struct rst_ids *ids,
                                  const struct rst_growing *growing, hid_t *made);

/** Values of a row of a scalar or summary: 0 for one per run, else the length of its axis. */
size_t rst_run_file_members(const struct rst_run_file *file, enum rst_per per);
/** Scalar `index` as a column. */
struct rst_column rst_run_file_column(const struct rst_run_file *file, size_t index);

/** The group /events (run_events.c): make it, open its columns, write what was appended, take over those events of an older
 * file that ended before update `iterations` - 1, and let go of the columns. */
enum rst_status rst_run_events_write(struct rst_run_file *file);
enum rst_status rst_run_events_open(struct rst_run_file *file);
enum rst_status rst_run_events_store(struct rst_run_file *file);
enum rst_status rst_run_events_copy(struct rst_run_file *file, hid_t source, size_t iterations);
void rst_run_events_close(struct rst_run_file *file);

/** Append the first `rows` rows of the dataset `name` of an older file (run_resume.c); `column` has none yet. */
enum rst_status rst_run_file_copy_column(struct rst_run_file *file, hid_t source, const char *name,
                                         const struct rst_column *column, hid_t type, size_t rows);

/** Attributes of / for the regime, of a run that has not ended (run_end.c). */
enum rst_status rst_run_regime_begin(struct rst_run_file *file);

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
enum rst_status rst_run_xdmf_write(struct rst_run_file *file, bool durable);

/** Make the file under its temporary name, and give it its final one (run_file.c). */
enum rst_status rst_run_file_begin(struct rst_context *context, const char *path,
                                   const struct rst_run_layout *layout,
                                   const struct rst_provenance *provenance, const char *created,
                                   struct rst_run_file **file);
enum rst_status rst_run_file_publish(struct rst_run_file *file);

/** Append to /step and /time the row of the next snapshot. */
bool rst_run_file_append_instant(struct rst_run_file *file, long step, double time);
/** Wave numbers along an axis of n points, ascending, 0 at index n/2: the first one and the distance of neighbours. */
void rst_run_file_wave_numbers(const struct rst_run_file *file, size_t n, double *first, double *step);
/** Type of the fields in memory. */
hid_t rst_run_file_type(const struct rst_run_file *file);

#endif
