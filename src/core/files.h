/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FILES_H
#define RST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "restrain/context.h"

/** @file
 * Names of the files beside run.h5, and files that are replaced whole or not at all.
 */

/** malloc'ed `path` with its ending .h5, if it has one, replaced by `ending`. */
enum rst_status rst_files_sibling(struct rst_context *context, const char *path, const char *ending,
                                  char **sibling);
/** The part of `path` after its last slash. */
const char *rst_files_base(const char *path);

/** Split "file.h5:/path", or "file.h5:path", into the two malloc'ed parts, the second with its slash; both NULL where no part
 * before a colon is a file. */
enum rst_status rst_files_split_dataset(struct rst_context *context, const char *name, char **file,
                                        char **dataset);

/** Make the folders of the file `path` that are missing, like mkdir -p of everything before its last slash. */
enum rst_status rst_files_make_folders(struct rst_context *context, const char *path);

/** malloc'ed path of what the symbolic link `path` leads to, whether that exists or not; of `path` if it is none. */
enum rst_status rst_files_follow(struct rst_context *context, const char *path, char **target);

/** open() that creates; the message names the folder. */
enum rst_status rst_files_open(struct rst_context *context, const char *path, int flags, int *descriptor);
/** Create or empty `path`, to learn before any work whether that is possible. */
enum rst_status rst_files_probe(struct rst_context *context, const char *path);

/** Bring a file to the disk (fsync). */
enum rst_status rst_files_synchronise(struct rst_context *context, const char *path);
/** Rename `from` to `to`, replacing it; with `durable` both survive a power loss (fsync of file and folder).
 */
enum rst_status rst_files_replace(struct rst_context *context, const char *from, const char *to,
                                  bool durable);
/** Write `length` bytes to `path` through a temporary file and rst_files_replace(). */
enum rst_status rst_files_write(struct rst_context *context, const char *path, const char *bytes,
                                size_t length, bool durable);
/** Make `path` a symbolic link to `target`, replacing what is there. A file system without such links is worth a warning. */
enum rst_status rst_files_link(struct rst_context *context, const char *target, const char *path);
/** Append a checksum of all bytes of `path`, where formats that know their own length ignore it. */
enum rst_status rst_files_seal(struct rst_context *context, const char *path);
/** RST_ERROR_IO unless `path` ends in the checksum of the bytes before. */
enum rst_status rst_files_check_seal(struct rst_context *context, const char *path);
/** Remove `path`; a missing one is fine. */
enum rst_status rst_files_remove(struct rst_context *context, const char *path);

#endif
