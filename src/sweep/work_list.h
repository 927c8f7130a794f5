/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_WORK_LIST_H
#define RST_WORK_LIST_H

#include "sweep/engine.h"
#include "sweep/subdivision.h"

/** @file
 * What of a sweep is still to be done: the missing points of a shard, in the order of the coarse grid, then those that
 * refinement wants, then the shard's part of the sample that is run in full. A shard among several has its part of the coarse
 * grid alone.
 */

struct rst_work_list {
  struct rst_sweep_table *table; /**< borrowed */
  size_t shard, shards;
  size_t done;            /**< points of the shard that are in the table */
  size_t left;            /**< known of and not handed out */
  size_t underway;        /**< handed out and not entered */
  size_t full_left;       /**< points of the sample not handed out */
  size_t full_missing;    /**< and not compared yet */
  size_t next, next_full; /**< points of the coarse grid that may be the next to hand out */
  struct rst_sweep_places wanted;
  int8_t *
      full; /**< by point of the coarse grid: the regime in full, or one of the two below; NULL if nothing is compared */
};

enum { RST_SWEEP_SAMPLED = -1, RST_SWEEP_UNSAMPLED = -2 };

/** Mark `count` points, spread evenly over a plane of points, in `full`; all if there are no more. The choice depends
 * on the plane and on `count` alone; a smaller sample is part of a larger one. */
void rst_sweep_choose_sample(size_t columns, size_t rows, size_t count, int8_t *full);

/** @param table nothing in it is filled; pending points that belong to the work receive their level.
 * @param sample points of the whole grid to be run in full; those that the table has compared are not run again. */
enum rst_status rst_work_list_create(struct rst_context *context, struct rst_sweep_table *table, size_t shard,
                                     size_t shards, size_t sample, struct rst_work_list *work);
void rst_work_list_clear(struct rst_work_list *work);

/** As rst_sweep_job.next(). */
void rst_work_list_take(struct rst_work_list *work, size_t batch, size_t workers,
                        struct rst_sweep_block *block, bool *more);
/** Enter results into the table. */
enum rst_status rst_work_list_enter(struct rst_context *context, struct rst_work_list *work,
                                    const struct rst_sweep_block *block,
                                    const struct rst_orbit_summary *points, const double *observed);

#endif
