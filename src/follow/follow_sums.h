/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FOLLOW_SUMS_H
#define RST_FOLLOW_SUMS_H

#include "follow/stored_trajectory.h"
#include "restrain/follow.h"

/** @file
 * Sums over weights: the weights of all tensors, one after the other, are cut into parts, and of each part all times are passed
 * once, so that every number is read once and a part is all that is in memory.
 */

struct rst_follow_task {
  struct rst_context *context;
  const struct rst_follow_options *options;
  struct rst_stored_trajectory reference;
  struct rst_stored_trajectory *twins;
  size_t **places; /**< of the reference's tensors in each twin */
  struct rst_follow *follow;
  const char *stopped;
};

/** Fill the curves of every tensor with what they are made of: difference and window_difference with sums of relative
 * differences, participation with sums of fourth powers of differences, all others with sums of squares. */
enum rst_status rst_follow_add_up(struct rst_follow_task *task);

/** Numbers of a part. */
enum { RST_FOLLOW_PART = 1 << 20 };

/** Make the numbers of all weights from the sums of the tensors, then all that follows from them (follow_numbers.c). */
enum rst_status rst_follow_find_numbers(struct rst_follow_task *task);
/** The intervals of growth (growth_intervals.c). */
enum rst_status rst_follow_find_intervals(struct rst_follow_task *task);

#endif
