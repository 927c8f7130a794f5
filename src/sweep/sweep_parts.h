/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_PARTS_H
#define RST_SWEEP_PARTS_H

#include "sweep/sweep_file.h"

/** @file
 * What sweeps, bifurcation diagrams and merges of shards share.
 */

/** rst_sweep_run(), rst_sweep_merge() and rst_sweep_estimate() of a task. @param table what the file holds in the end, to be
 * cleared, also after a failure. */
enum rst_status rst_sweep_perform(struct rst_context *context, const struct rst_sweep_task *task,
                                  const struct rst_sweep_options *options, struct rst_sweep_summary *summary,
                                  struct rst_sweep_table *table);
enum rst_status rst_sweep_join(struct rst_context *context, bool are_diagrams, const char *const *paths,
                               size_t count, const struct rst_output_options *output,
                               struct rst_sweep_summary *summary, struct rst_sweep_table *table);
enum rst_status rst_sweep_estimate_task(struct rst_context *context, const struct rst_sweep_task *task,
                                        struct rst_sweep_cost *cost);

/** RST_ERROR_ARGUMENT, naming the keys, unless both effective cases have the same points with the same results.
 * @param table of one of the cases; path of the file that is told to be of another case; remedy, the end of the message. */
enum rst_status rst_sweep_require_same_case(struct rst_context *context, const struct rst_sweep_table *table,
                                            const char *stored, const char *effective, const char *path,
                                            const char *remedy);

/** Points of the shard in the table, of the coarse grid if it is one of several, and its boundaries as they were measured last. */
void rst_sweep_summarize(const struct rst_sweep_table *table, size_t shard, size_t shards,
                         struct rst_sweep_summary *summary);

#endif
