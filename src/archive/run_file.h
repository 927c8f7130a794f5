/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_FILE_H
#define RST_RUN_FILE_H

#include "restrain/context.h"
#include "restrain/field.h"

/** @file
 * run.h5: a run as fields over (time, y, x) and scalars over iteration, with its XDMF sidecar and VTKHDF
 * group.
 *
 *     /time /step (time)   /y /x   /iteration      dimension scales (step: a variable over time)
 *     /<field> (time, y, x)                        chunks (1, ny, nx), shuffle, deflate; kernel first
 *     /<scalar> (iteration)                        double
 *     /VTKHDF                                      soft links to the fields, times under Steps
 *     /ky /kx                                      scales of the fields over wave numbers, if there are any
 *     /snapshots/<field>/<group>/<index> (1, y, x) virtual datasets, one per snapshot, 500 a group, for the
 *                                                  XDMF sidecar; brought up to date with it
 *     /provenance                                  attributes; datasets case, effective (and wisdom)
 *
 * The file is consistent after every rst_run_file_flush(): a process killed later leaves a file that opens
 * with all flushed rows. Readers may open it at any time (no file locking).
 */

/** A field or scalar of the file. */
struct rst_variable {
  const char *name;
  const char *long_name;
  const char *units; /**< "1" for a pure number */
};

/** The axes of a field over (time, y, x), or over (time, ky, kx) with angular wave numbers ascending, 0 at index n/2. */
enum rst_axes { RST_AXES_SPACE, RST_AXES_WAVE_NUMBERS };

/** What the file holds; borrowed during creation only. */
struct rst_run_layout {
  enum rst_precision precision; /**< of the fields */
  size_t ny, nx;
  double spacing;
  const struct rst_variable *fields;
  const enum rst_axes *field_axes; /**< of each field; NULL for all in space */
  size_t field_count;
  const struct rst_variable *scalars;
  size_t scalar_count;
};

/** Written to /provenance; borrowed during the call. */
struct rst_provenance {
  const char *case_source, *case_effective;
  const char *wisdom; /**< NULL or "" for none */
  int argc;
  char *const *argv;
  int threads, ranks;
  const char *rigor, *correlation;
};

struct rst_run_file;

/** Create under a temporary name in the same folder, write header and provenance, flush and rename to `path`:
 * an existing file is replaced by a complete one or not at all. Folders are not created. */
enum rst_status rst_run_file_create(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, struct rst_run_file **file);

/** Open to append: rows from `snapshots` and `iterations` on are dropped (RST_ERROR_IO if the file holds
 * fewer, or has another layout); argv, threads and the like in /provenance are replaced. The rows that stay
 * are copied into a new file, which replaces the old one as in rst_run_file_create(). */
enum rst_status rst_run_file_reopen(struct rst_context *context, const char *path,
                                    const struct rst_run_layout *layout,
                                    const struct rst_provenance *provenance, size_t snapshots,
                                    size_t iterations, struct rst_run_file **file);

/** Append one snapshot; fields[i] belongs to layout field i. */
enum rst_status rst_run_file_append_snapshot(struct rst_run_file *file, long step, double time,
                                             const struct rst_field *const *fields);
/** Append rows of scalars for consecutive iterations; values is [rows][scalar_count]. Also fills /iteration.
 */
enum rst_status rst_run_file_append_scalars(struct rst_run_file *file, size_t rows, const double *values);

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

/** malloc'ed /provenance/effective of an existing run file. */
enum rst_status rst_run_file_effective(struct rst_context *context, const char *path, char **effective);

#endif
