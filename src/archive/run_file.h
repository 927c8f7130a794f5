/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_FILE_H
#define RST_RUN_FILE_H

#include "archive/provenance.h"
#include "hdf5/variable.h"
#include "restrain/context.h"
#include "restrain/event.h"
#include "restrain/field.h"
#include "restrain/regime.h"

/** @file
 * run.h5: a run as fields over (time, y, x) and scalars over iteration, with its XDMF sidecar and VTKHDF
 * group.
 *
 *     /time /step (time)   /y /x   /iteration      dimension scales (step: a variable over time)
 *     /<field> (time, y, x)                        chunks (1, ny, nx), shuffle, deflate; kernel first
 *     /<scalar> (iteration)                        double
 *     /<scalar> (twin | exponent, iteration)       double, chunks of whole columns; scales /twin (text), /exponent
 *     /<summary> (twin | exponent)                 double, NaN until the run has ended
 *     /events/<column> (event)                     one row per event, if events are recorded; scale /events/event
 *     /VTKHDF                                      soft links to the fields, times under Steps
 *     /ky /kx                                      scales of the fields over wave numbers, if there are any
 *     /snapshots/<field>/<group>/<index> (1, y, x) virtual datasets, one per snapshot, 500 a group, for the
 *                                                  XDMF sidecar; brought up to date with it
 *     /provenance                                  attributes; datasets case, effective (and wisdom)
 *     attributes of /                              regime, regime_reason ("" until the run has ended), period,
 *                                                  exponent, exponent_error
 *
 * The file is consistent after every rst_run_file_flush(): a process killed later leaves a file that opens
 * with all flushed rows. Readers may open it at any time (no file locking).
 */

/** The axes of a field over (time, y, x), or over (time, ky, kx) with angular wave numbers ascending, 0 at index n/2. */
enum rst_axes { RST_AXES_SPACE, RST_AXES_WAVE_NUMBERS };

/** What a scalar has a value for: the run, each twin, or each Lyapunov exponent. */
enum rst_per { RST_PER_RUN, RST_PER_TWIN, RST_PER_EXPONENT };

/** What the file holds; borrowed during creation only. */
struct rst_run_layout {
  enum rst_precision precision; /**< of the fields */
  size_t ny, nx;
  double spacing;
  const struct rst_variable *fields;
  const enum rst_axes *field_axes; /**< of each field; NULL for all in space */
  size_t field_count;
  const struct rst_variable *scalars;
  const enum rst_per *scalar_per; /**< of each scalar; NULL for RST_PER_RUN throughout */
  size_t scalar_count;
  const struct rst_variable *summaries; /**< one value per twin or per exponent, at the end */
  const enum rst_per *summary_per;      /**< never RST_PER_RUN */
  size_t summary_count;
  const char *const *twins; /**< labels */
  size_t twin_count, exponent_count;
  bool has_events;
};

struct rst_run_file;

/** Create under a temporary name in the same folder, write header and provenance, flush and rename to `path`:
 * an existing file is replaced by a complete one or not at all. Folders are not created. */
enum rst_status rst_run_file_create(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file);

/** Open to append: rows from `snapshots` and `iterations` on are dropped (RST_ERROR_IO if the file holds
 * fewer, or has another layout), and events whose last update is not below `iterations` - 1; argv, threads and the like in
 * /provenance are replaced. The rows that stay are copied into a new file, which replaces the old one as in
 * rst_run_file_create(); summaries and attributes of / begin anew. */
enum rst_status rst_run_file_reopen(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, size_t snapshots,
                                    size_t iterations, struct rst_run_file **file);

/** Rows in a file that is closed; 0 where it has no such axis. */
enum rst_status rst_run_file_rows(struct rst_context *context, const char *path, size_t *snapshots,
                                  size_t *iterations);

/** Append one snapshot; fields[i] belongs to layout field i. */
enum rst_status rst_run_file_append_snapshot(struct rst_run_file *file, long step, double time,
                                             const struct rst_field *const *fields);
/** Append rows of scalars for consecutive iterations; values is [rows][width], width = rst_run_layout_width(): the values of
 * each scalar in the order of the layout, those of one scalar together. Also fills /iteration. */
enum rst_status rst_run_file_append_scalars(struct rst_run_file *file, size_t rows, const double *values);
size_t rst_run_layout_width(const struct rst_run_layout *layout);

/** Append one event. */
enum rst_status rst_run_file_append_event(struct rst_run_file *file, const struct rst_event *event);
/** Events in the file; and event `index` of them. */
size_t rst_run_file_events(const struct rst_run_file *file);
enum rst_status rst_run_file_read_event(const struct rst_run_file *file, size_t index,
                                        struct rst_event *event);

/** All rows so far, flushed or not, of member `member` (0 for RST_PER_RUN) of a scalar: `values` has room for
 * rst_run_file_iterations(). RST_ERROR_ARGUMENT if the file has no such scalar. */
enum rst_status rst_run_file_read_scalar(const struct rst_run_file *file, const char *name, size_t member,
                                         double *values);

/** At the end: values of summary `name`, one per twin or exponent; and the regime. */
enum rst_status rst_run_file_write_summary(struct rst_run_file *file, const char *name, const double *values);
enum rst_status rst_run_file_write_regime(struct rst_run_file *file, const struct rst_regime_result *regime);

/** Rows in the file. */
size_t rst_run_file_snapshots(const struct rst_run_file *file);
size_t rst_run_file_iterations(const struct rst_run_file *file);

/** Make everything appended visible to readers and safe against a kill; with `durable` also against power
 * loss (fsync). The sidecar is brought up to date at most once a second, and always when `durable`. */
enum rst_status rst_run_file_flush(struct rst_run_file *file, bool durable);

/** Record how the run ended, flush durably, write the sidecars (FILE.xdmf and the link FILE.vtkhdf) and
 * close. */
enum rst_status rst_run_file_finish(struct rst_run_file **file, const char *exit_reason, double wall_seconds);

/** Close without recording anything, rows that were not flushed included; for error paths. NULL-safe. */
void rst_run_file_abandon(struct rst_run_file **file);

#endif
