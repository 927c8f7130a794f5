/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OUTPUT_PATH_H
#define RST_OUTPUT_PATH_H

#include "cli/command.h"

/** @file
 * Where results go.
 */

/** The output that the arguments ask for, at a path. */
struct rst_output_options rst_output_at(const struct rst_arguments *arguments, const char *path);

/** The output of a case: -o, links followed; else `configured`, unless NULL; else output/<stem of the case file>/<name>, and only then its
 * folders may be made: those of a given name must exist. `path` is malloc'ed, and borrowed by `output`. */
enum rst_status rst_output_find(struct rst_context *context, const struct rst_arguments *arguments,
                                const char *configured, const char *name, char **path,
                                struct rst_output_options *output);

#endif
