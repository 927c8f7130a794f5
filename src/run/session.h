/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SESSION_H
#define RST_SESSION_H

#include <time.h>

#include "archive/checkpoint.h"
#include "archive/output.h"
#include "archive/run_file.h"
#include "run/profile.h"
#include "run/run_parts.h"

/** @file
 * A session: one call of rst_run(), from opening the output, new or resumed, to closing it. The file holds
 * the scalars of iterations 0 to t-1, and a checkpoint taken at t holds u_t: resuming at t repeats exactly what an
 * uninterrupted run does from t on.
 */

/** Whole chunks of columns, since a part of one costs as much. */
enum { RST_SESSION_BUFFERED_ROWS = 2 * RST_ROWS_PER_CHUNK };

struct rst_session {
  struct rst_context *context;
  const struct rst_case *run; /**< as given */
  /** The same with what it leaves open as in the run that is resumed; NULL if nothing is. */
  struct rst_case *adopted;
  const struct rst_run_options *options;
  struct rst_output output;
  struct rst_run_parts parts;
  struct rst_profile profile;
  struct rst_run_file *file;
  const struct rst_field **snapshot;
  long iterations[RST_SESSION_BUFFERED_ROWS]; /**< of the rows */
  double *rows;                               /**< scalars not yet in the file, [buffered][width] */
  size_t width, buffered;                     /**< values of a row, and rows */
  double radius;                              /**< |u_0| */
  struct rst_evaluation evaluation;           /**< the last one */
  struct timespec flushed;
};

/** Build everything that the case describes, then open the output: nothing is written if the case cannot be
 * turned into objects. On failure the session is closed. */
enum rst_status rst_session_open(struct rst_context *context, const struct rst_case *run,
                                 const struct rst_run_options *options, struct rst_session *session);

/** The case with nothing left open. */
const struct rst_case *rst_session_case(const struct rst_session *session);

/** Record the scalars of iteration t, if it is one of those that have a row or the last. */
enum rst_status rst_session_record(struct rst_session *session, const struct rst_observation *observation,
                                   bool last);
/** Store the fields of iteration t and flush. */
enum rst_status rst_session_snapshot(struct rst_session *session, const struct rst_observation *observation);
/** Evaluate over whole sets, where there are any, if it is time or the last iteration, and store that. */
enum rst_status rst_session_evaluate(struct rst_session *session, const struct rst_observation *seen,
                                     bool last);
/** Bring everything recorded into the file, so that it can be read back. */
enum rst_status rst_session_flush(struct rst_session *session);
/** Flush if a second has passed; take a checkpoint if it is due. Call at the top of iteration t. */
enum rst_status rst_session_tick(struct rst_session *session);
/** Take a checkpoint at the top of iteration t. */
enum rst_status rst_session_checkpoint(struct rst_session *session);

/** Write what is buffered, record the reason and close. The objects are destroyed whatever happens. */
enum rst_status rst_session_close(struct rst_session *session, const char *reason);

#endif
