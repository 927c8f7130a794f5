/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SHARING_H
#define RST_SHARING_H

#include "cli/command.h"

/** @file
 * Points shared among processes: ranks, shards and their merges, for the commands that have these.
 */

/** Whether the command line makes sense for as many processes; prints what does not. */
bool rst_sharing_makes_sense(const struct rst_arguments *arguments);

/** The output (output_path.h), by default of the file NAME.h5 or NAME.i-of-n.h5. */
enum rst_status rst_shard_output(struct rst_context *context, const struct rst_arguments *arguments,
                                 const char *name, char **path, struct rst_output_options *output);

/** How many of the points are of the shard. */
size_t rst_points_of_shard(const struct rst_arguments *arguments, size_t points);

/** Tell how to go on after a command that ended with that code, if there is a way. */
void rst_print_continuation(const struct rst_arguments *arguments, const char *command, enum rst_exit code);

/** Print what `command` would do, as one JSON object: `points` of it by this process, and `sweeps` of its kind in all. */
enum rst_exit rst_print_plan(const char *command, const char *path, const struct rst_sweep_cost *cost,
                             size_t points, size_t sweeps);

#endif
