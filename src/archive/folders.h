/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FOLDERS_H
#define RST_FOLDERS_H

#include "restrain/context.h"

/** Make the folders of the file `path` that are missing, like mkdir -p of everything before its last slash. */
enum rst_status rst_folders_make(struct rst_context *context, const char *path);

#endif
