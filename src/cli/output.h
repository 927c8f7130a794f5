/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OUTPUT_H
#define RST_OUTPUT_H

#include "cli/command.h"

/** @file
 * Where results go.
 */

/** The output file of a case, malloc'ed: -o; else `configured`, unless NULL; else output/<stem of the case
 * file>/<name>, and only then `by_default` is set: the folders of that form may be made, those of a given
 * name must exist. */
enum rst_status rst_output_path(struct rst_context *context, const struct rst_arguments *arguments,
                                const char *configured, const char *name, char **path, bool *by_default);

#endif
