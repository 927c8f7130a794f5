/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_PARTS_H
#define RST_SWEEP_PARTS_H

#include "sweep/sweep_file.h"

/** @file
 * What sweeps and merges of shards share.
 */

/** RST_ERROR_ARGUMENT, naming the keys, unless both effective cases have the same points with the same results.
 * @param path of the file that is told to be of another case; remedy, the end of the message. */
enum rst_status rst_sweep_require_same_case(struct rst_context *context, const char *stored,
                                            const char *effective, const char *path, const char *remedy);

/** Points of the shard in the table, of the coarse grid if it is one of several, and its boundaries as they were measured last. */
void rst_sweep_summarize(const struct rst_sweep_table *table, size_t shard, size_t shards,
                         struct rst_sweep_summary *summary);

#endif
