/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_WATCH_H
#define RST_WATCH_H

#include <stdbool.h>
#include <time.h>

#include "restrain/follow.h"
#include "restrain/run.h"
#include "restrain/sweep.h"

/** @file
 * What watches over a run, a sweep or trajectories that are followed from outside: signals, the wall limit, the progress line.
 */

struct rst_watch {
  double wall_limit; /**< seconds, 0 for none */
  bool show;         /**< tell how far it is: not --quiet */
  bool is_terminal;  /**< by one line that is drawn again; else by a line each minute */
  bool drawn;
  long first;           /**< what was done at the first poll: iterations or points of a sweep; -1 before */
  bool in_theory;       /**< the last poll was of a sweep's thresholds */
  size_t sweep, sweeps; /**< the sweep at hand of a series, from 0; 0 and 1 where there is no series */
  struct timespec started, first_polled, shown;
};

/** Catch SIGINT and SIGTERM: the first asks for a stop, a second one of the kind ends the process at once. */
void rst_watch_start(struct rst_watch *watch, double wall_limit, bool quiet);
/** rst_run_options.poll, rst_follow_options.poll and rst_sweep_options.poll; user is the watch. */
const char *rst_watch_poll(void *user, const struct rst_run_progress *progress);
const char *rst_watch_poll_follow(void *user, const struct rst_follow_progress *progress);
const char *rst_watch_poll_sweep(void *user, const struct rst_sweep_progress *progress);
/** A sweep of a series begins; the wall limit is that of the series. */
void rst_watch_next(struct rst_watch *watch, size_t sweep, size_t sweeps);
/** Why to stop, NULL to go on. */
const char *rst_watch_reason(const struct rst_watch *watch);
/** Wipe the progress line of a terminal. */
void rst_watch_stop(struct rst_watch *watch);

/** "1:02:03", "2:03" or "0.15 s" into text. */
void rst_format_duration(double seconds, size_t size, char *text);

#endif
