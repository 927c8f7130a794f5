/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_FILE_H
#define RST_RUN_FILE_H

#include "archive/provenance.h"
#include "archive/sidecars.h"
#include "hdf5/dataset.h"
#include "restrain/event.h"
#include "restrain/field.h"
#include "restrain/layout.h"
#include "restrain/record.h"
#include "restrain/regime.h"

/** @file
 * run.h5: a run as series of snapshots over time and of numbers over iterations, with its XDMF sidecar and VTKHDF group.
 *
 *     /time /step (time)   /iteration              dimension scales (step: a variable over time)
 *     /<axis>                                      the other scales: /y /x, /ky /kx, /twin (text), /exponent, ...
 *     /<series> (time, ...)                        of snapshots: chunks (1, ...), shuffle, deflate
 *     /<series> (..., iteration)                   of iterations: double, chunks of a page
 *     /evaluation, /<series> (evaluation)          of evaluations, over their iterations: the same
 *     /<series> (...)                              of the start: the same for all snapshots, compressed as they are
 *     /<series> (...)                              of the end: double, NaN until the run has ended
 *     /events/<column> (event)                     one row per event, if events are recorded; scale /events/event
 *     /VTKHDF                                      the pictures of the first grid, times under Steps
 *     /snapshots/<series>/<group>/<index> (1, y, x) virtual datasets, one picture per snapshot, 500 a group, for
 *                                                  the XDMF sidecar; brought up to date with it
 *     /provenance                                  attributes; datasets case, effective (and wisdom)
 *     attributes of /                              regime, regime_reason ("" until the run has ended), period,
 *                                                  exponent, exponent_error
 *
 * The file is consistent after every rst_run_file_flush(): a process killed later leaves a file that opens
 * with all flushed rows. Readers may open it at any time (no file locking). Values have checksums (hdf5/checksum.h); attributes,
 * and so the regime, have none.
 */

/** When a series has an entry. */
enum rst_entry { RST_AT_SNAPSHOT, RST_AT_ITERATION, RST_AT_EVALUATION, RST_AT_START, RST_AT_END };

/** A dataset of a run: an array of numbers for each entry, of the layout's precision for a snapshot and at the start and doubles
 * else. */
struct rst_series {
  struct rst_variable variable; /**< a name "group/name" lies in a group of its own */
  enum rst_entry entry;
  int rank; /**< of an entry; of a snapshot at least 1, of an evaluation 0 */
  const struct rst_axis *axes[RST_TENSOR_MOST_AXES];
  const void *values; /**< of the start, borrowed until the file is closed; NULL for others */
  /* Of snapshots and of the start; those of the same axes are one grid, beginning with the first of them: */
  const char *grid;         /**< its name */
  const char *shown;        /**< what the picture on it is called */
  enum rst_sidecar sidecar; /**< that shows it */
};

/** What the file holds; its lists are borrowed until the file is closed. */
struct rst_run_layout {
  enum rst_precision precision; /**< of snapshots */
  const struct rst_series *series;
  size_t count;
  const struct rst_axis *const *axes; /**< that the file has even if no series needs them */
  size_t axis_count;
  long every;          /**< iterations from one row of scalars to the next, the last one excepted; 0: 1 */
  long evaluate_every; /**< iterations from one evaluation to the next, likewise; 0: there are none */
  bool has_events;
  const struct rst_axis *event_tensors; /**< that events name; NULL for none */
};

static inline size_t rst_rows_before(long every, size_t iteration) {
  return every > 0 ? (iteration + (size_t)every - 1) / (size_t)every : 0;
}
/** Rows of scalars, and of evaluations, before an iteration. */
static inline size_t rst_run_layout_rows(const struct rst_run_layout *layout, size_t iteration) {
  return rst_rows_before(layout->every > 0 ? layout->every : 1, iteration);
}
static inline size_t rst_run_layout_evaluations(const struct rst_run_layout *layout, size_t iteration) {
  return rst_rows_before(layout->evaluate_every, iteration);
}

/** Numbers of an entry. */
size_t rst_series_length(const struct rst_series *series);

struct rst_run_file;

/** Create under a temporary name in the same folder, write header and provenance, flush and rename to `path`:
 * an existing file is replaced by a complete one or not at all. Folders are not created. */
enum rst_status rst_run_file_create(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file);

/** The same into a record, which is emptied. */
enum rst_status rst_run_file_record(struct rst_context *context, struct rst_record *kept,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file);

/** Open to append: rows from `snapshots` on and those of iterations from `iterations` on are dropped (RST_ERROR_IO if the file
 * holds fewer, or has another layout, or other numbers of the start), and events whose last update is not below `iterations` - 1;
 * argv, threads and the like in /provenance are replaced. The rows that stay, none of which may be damaged, and what others have
 * added (additions.h) are copied into a new file, which replaces the old one as in rst_run_file_create(); summaries and attributes
 * of / begin anew. */
enum rst_status rst_run_file_reopen(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, size_t snapshots,
                                    size_t iterations, struct rst_run_file **file);

/** Rows in a file that is closed; 0 where it has no such axis. */
enum rst_status rst_run_file_rows(struct rst_context *context, const char *path, size_t *snapshots,
                                  size_t *iterations);

/** Append one snapshot; fields[i], of any shape, belongs to series i of those of snapshots. */
enum rst_status rst_run_file_append_snapshot(struct rst_run_file *file, long step, double time,
                                             const struct rst_field *const *fields);
/** Append rows of scalars for these iterations; values is [rows][width], width = rst_run_layout_width(): the entries of the
 * series of iterations in the order of the layout. Also fills /iteration. */
enum rst_status rst_run_file_append_scalars(struct rst_run_file *file, size_t rows, const long *iterations,
                                            const double *values);
size_t rst_run_layout_width(const struct rst_run_layout *layout);
/** Append the evaluation at an iteration: the series of evaluations in the order of the layout. Also fills /evaluation. */
enum rst_status rst_run_file_append_evaluation(struct rst_run_file *file, long iteration,
                                               const double *values);

/** Append one event. */
enum rst_status rst_run_file_append_event(struct rst_run_file *file, const struct rst_event *event);
/** Events so far, stored or not; and some of them, from `first` on. */
size_t rst_run_file_events(const struct rst_run_file *file);
enum rst_status rst_run_file_read_events(const struct rst_run_file *file, size_t first, size_t count,
                                         struct rst_event *events);

/** Rows so far, flushed or not, from `first` on, of number `member` of the entries of a series of iterations or evaluations.
 * RST_ERROR_ARGUMENT if the file has no such series or fewer rows. */
enum rst_status rst_run_file_read_scalar(const struct rst_run_file *file, const char *name, size_t member,
                                         size_t first, size_t count, double *values);

/** At the end: the entry of a series of the end; and the regime. */
enum rst_status rst_run_file_write_summary(struct rst_run_file *file, const char *name, const double *values);
enum rst_status rst_run_file_write_regime(struct rst_run_file *file, const struct rst_regime_result *regime);

/** Rows in the file. */
size_t rst_run_file_snapshots(const struct rst_run_file *file);
size_t rst_run_file_iterations(const struct rst_run_file *file);
size_t rst_run_file_evaluations(const struct rst_run_file *file);

/** Make everything appended visible to readers and safe against a kill; with `durable` also against power
 * loss (fsync). Events and the sidecar are brought up to date at most once a second, and always when `durable`. */
enum rst_status rst_run_file_flush(struct rst_run_file *file, bool durable);

/** Record how the run ended, flush durably, write the sidecars (FILE.xdmf and the link FILE.vtkhdf) and
 * close. */
enum rst_status rst_run_file_finish(struct rst_run_file **file, const char *exit_reason, double wall_seconds);

/** Close without recording anything, rows that were not flushed included; for error paths. NULL-safe. */
void rst_run_file_abandon(struct rst_run_file **file);

#endif
