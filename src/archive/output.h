/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OUTPUT_H
#define RST_OUTPUT_H

#include <time.h>

#include "archive/output_lock.h"
#include "archive/provenance.h"
#include "restrain/output.h"

/** @file
 * The output of a computation: whether it may be written, what it goes on with, its provenance, and when it is to be stored.
 */

struct rst_output {
  struct rst_context *context;
  const struct rst_output_options *options;
  char *path; /**< symbolic links followed; NULL to store nothing */
  struct rst_output_lock lock;
  bool resuming;      /**< the file exists and is gone on with */
  char *stored_case;  /**< its effective case; NULL unless resuming */
  char *identifier;   /**< of the computation, the same when it is resumed; "" if that has none */
  char *wisdom;       /**< of the planner, when it was asked for last */
  double wall_before; /**< seconds spent by earlier calls */
  struct timespec opened, stored;
  double cost; /**< seconds that the last storing took */
};

/** RST_ERROR_IO if the file exists and is neither to be resumed nor to be replaced, or was not written by this program; or if
 * the files beside it would have names that are too long, or those of another output. `what` is made: "run"; NULL if it cannot
 * be resumed. Writes nothing. */
enum rst_status rst_output_check(struct rst_context *context, const struct rst_output_options *options,
                                 const char *what);

/** Check, lock a file that exists, and read the case of what is gone on with. Closed also after a failure. */
enum rst_status rst_output_open(struct rst_context *context, const struct rst_output_options *options,
                                const char *what, struct rst_output *output);
/** Make the folders that are missing, if that is asked for, and lock a file that is new: call it before the first writing. */
enum rst_status rst_output_prepare(struct rst_output *output);
/** A zeroed one is closed. */
void rst_output_close(struct rst_output *output);

/** The planner's wisdom, which travels with a result where plans are measured, since those differ from process to process; NULL
 * where they are estimated. Valid until the next call. */
enum rst_status rst_output_wisdom(struct rst_output *output, const char **wisdom);
/** Everything of one process, borrowed from here and from the arguments. `from` is NULL for what has no case, whose source is as
 * the effective one. */
enum rst_status rst_output_provenance(struct rst_output *output, const struct rst_case *from,
                                      const char *effective, const char *correlation,
                                      struct rst_provenance *provenance);

/** Seconds spent on this output, earlier calls included. */
double rst_output_wall_seconds(const struct rst_output *output);
/** Whether so many seconds have passed since the last storing; storing takes a tenth of the time at most. */
bool rst_output_is_due(const struct rst_output *output, double interval);
/** It has been stored, from `began` to now. */
void rst_output_note_storing(struct rst_output *output, const struct timespec *began);

#endif
