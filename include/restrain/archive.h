/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ARCHIVE_H
#define RESTRAIN_ARCHIVE_H

#include <stdio.h>

#include "restrain/field.h"

/** @file
 * Reading HDF5 files: datasets as fields, and what is in a file.
 */

/** Read a numeric dataset of one or two axes (leading axes of length 1 are dropped) as a double field; a 1-D
 * dataset gives ny = 1. RST_ERROR_IO naming file and dataset if either is missing, unreadable, empty or of
 * another rank or type. */
RST_API enum rst_status rst_archive_read_field(struct rst_context *context, const char *path,
                                               const char *dataset, struct rst_field **field);

/** Describe a file: datasets (shape, type, units, long name), provenance and, for a run, its last scalars;
 * readable, or as one JSON object. `text` is malloc'ed. RST_ERROR_IO if it is not a readable HDF5 file. */
RST_API enum rst_status rst_archive_describe(struct rst_context *context, const char *path, bool json,
                                             char **text);

#endif
