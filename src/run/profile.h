/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PROFILE_H
#define RST_PROFILE_H

#include "core/laps.h"
#include "restrain/run.h"

/** @file
 * The profile of a run: its time by stages, which add up to all of it.
 *
 * What only some iterations do, such as storing a snapshot, is timed wherever it occurs. The stages of every iteration
 * are timed in all iterations where that costs next to nothing, and otherwise in a part of them, spread evenly over the
 * run: the rest of the time is then divided in their proportions. A few first iterations tell which part.
 */

struct rst_profile {
  bool on;
  struct rst_laps *laps;  /**< of the iteration under way, NULL unless its stages are timed */
  struct rst_laps trials; /**< stages of the first iterations, all timed; then of those that are */
  struct rst_laps every;
  struct rst_laps some; /**< what some iterations do */
  int64_t started;      /**< ns */
  double fastest;       /**< iteration so far, ns */
  uint32_t iterations;  /**< so far; may wrap */
  long timed;           /**< iterations, that under way included */
  uint32_t stride;      /**< one in so many iterations is timed; 0 before that is known */
};

/** Start the clock; nothing happens later if `on` is false. */
void rst_profile_start(struct rst_profile *profile, bool on);
/** Start of an iteration: decides on profile->laps. */
void rst_profile_iterate(struct rst_profile *profile);

/** Around what only some iterations do. Such pieces do not nest. */
void rst_profile_begin(struct rst_profile *profile);
void rst_profile_end(struct rst_profile *profile, enum rst_stage stage);

/** Stop the clock and divide the time. */
void rst_profile_finish(const struct rst_profile *profile, struct rst_run_summary *summary);

#endif
