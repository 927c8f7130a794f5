/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_CALL_H
#define RESTRAIN_CALL_H

#include "restrain/case.h"
#include "restrain/record.h"

/** @file
 * Calls from other languages: the computations of the program by name, with scalars and strings alone. A language that does
 * not read headers knows no structure: what it was told of one would have to follow each change of it. Results are in files,
 * those of runs in records too.
 */

/** NULL-terminated: "run", "analyze", "sweep", "bifurcate". */
RST_API const char *const *rst_call_names(void);

/** What becomes of a file that is there already. */
enum rst_call_existing { RST_CALL_REFUSE, RST_CALL_RESUME, RST_CALL_REPLACE };

enum rst_call_outcome {
  RST_CALL_COMPLETED,
  RST_CALL_DIVERGED, /**< a run left its ball; its file is complete up to there */
  RST_CALL_STOPPED /**< by poll(): a run with a checkpoint, a sweep or diagram with what is done, an analysis without a file */
};

/** Do what rst_run(), rst_analyze(), rst_sweep_run() or rst_bifurcation_run() does, on one process.
 * @param name one of rst_call_names()
 * @param path the file; folders that are missing are made
 * @param poll called in the thread of the caller or, of sweeps, in one thread at a time, at most ten times a second; NULL for
 * never. `done` of `count` iterations or points are done, `loss` is L of a run and NaN otherwise. Returns a number other than 0
 * to stop. An analysis has none.
 * RST_ERROR_ARGUMENT for another name, and for an analysis that is to be resumed. */
RST_API enum rst_status rst_call(struct rst_context *context, const char *name, const struct rst_case *from,
                                 const char *path, enum rst_call_existing existing,
                                 int (*poll)(void *user, double done, double count, double loss), void *user,
                                 enum rst_call_outcome *outcome);

/** A run as rst_call() does it, whose result is kept in a record rather than in a file. Where it is stopped the record has what was
 * done so far. */
RST_API enum rst_status rst_call_record(struct rst_context *context, const struct rst_case *from,
                                        int (*poll)(void *user, double done, double count, double loss),
                                        void *user, struct rst_record *record,
                                        enum rst_call_outcome *outcome);

#endif
