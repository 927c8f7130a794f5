/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ENGINE_H
#define RST_ENGINE_H

#include "sweep/task.h"

/** @file
 * Engines: who computes the points of a sweep. A job hands out blocks of points and takes their results; an engine lets its
 * workers do blocks until the job has none left. Blocks may be done in any order and by anybody.
 */

enum { RST_SWEEP_BLOCK = 512 };

/** Points that one worker does together. It holds no pointers: its bytes may travel to another process of the same program. */
struct rst_sweep_block {
  bool full; /**< to be run in full, for the agreement, whatever the reduction */
  size_t count;
  size_t variant;                /**< of the case, that all points have (rst_sweep_table_variant()) */
  size_t index[RST_SWEEP_BLOCK]; /**< places in the grid */
  double lr[RST_SWEEP_BLOCK], weight_decay[RST_SWEEP_BLOCK];
};

/** Points that a block may have at most: fewer where they come with many samples. */
static inline size_t rst_sweep_block_most(size_t samples) {
  const size_t numbers = 4194304; /* 32 MiB */
  const size_t most = samples > 0 ? numbers / samples / RST_ORBIT_OBSERVABLES : RST_SWEEP_BLOCK;
  return most < 1 ? 1 : most < RST_SWEEP_BLOCK ? most : RST_SWEEP_BLOCK;
}

/** The functions are called by one thread at a time; which one does not matter. Their failures end the engine. */
struct rst_sweep_job {
  struct rst_context *context; /**< receives messages of failures; guarded like the functions */
  const struct rst_sweep_task *task;
  size_t workers; /**< that share the job; set by the engine before the first block is taken */
  void *user;
  /** The next block, of a few times `batch` points (rst_evaluator_batch()) or fewer. Count 0: there is none now; *more tells
   * whether to ask again in a while, since blocks underway may bring others about, or never. */
  enum rst_status (*next)(void *user, size_t batch, struct rst_sweep_block *block, bool *more);
  /** Takes the results of a block, [count], and what was observed, [count][RST_ORBIT_OBSERVABLES][samples]. A block that was
   * stopped is not entered. */
  enum rst_status (*enter)(void *user, const struct rst_sweep_block *block,
                           const struct rst_orbit_summary *points, const double *observed);
  /** To be called now and then, also within blocks: stores what is due. *stop: blocks underway are to be given up. */
  enum rst_status (*tend)(void *user, bool *stop);
};

/** Workers are threads of this process, as many as the job's context says but not more than the `points` left; one alone may
 * use all threads within its points. Returns when no block is left, or the first failure. */
enum rst_status rst_sweep_engine_threads(struct rst_sweep_job *job, size_t points);

/** On rank 0: workers are the other ranks; all are dismissed at the end, on failure too. With job NULL they are just
 * dismissed. */
enum rst_status rst_sweep_engine_ranks(struct rst_sweep_job *job, const struct rst_ranks *ranks);
/** On the others: do blocks of rank 0 until dismissed. */
enum rst_status rst_sweep_ranks_work(struct rst_context *context, const struct rst_sweep_task *task,
                                     const struct rst_ranks *ranks);

#endif
