/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ARCHIVE_H
#define RESTRAIN_ARCHIVE_H

#include <stdio.h>

#include "restrain/field.h"

/** @file
 * Reading HDF5 files: datasets as fields, and what is in a file.
 */

/** Read a dataset of numbers or booleans as a double field. Of more than two axes those of length 1 are dropped, the leading
 * ones first, then the last ones; a 1-D dataset gives ny = 1. RST_ERROR_IO naming file and dataset if either is missing,
 * unreadable, empty, of another rank or type, has more than `most_points` points, or keeps its numbers in other files. */
RST_API enum rst_status rst_archive_read_field(struct rst_context *context, const char *path,
                                               const char *dataset, size_t most_points,
                                               struct rst_field **field);

/** Describe a file: datasets (shape, type, units, long name), provenance and, for a run, its last scalars;
 * readable, or as one JSON object. `text` is malloc'ed. RST_ERROR_IO if it is not a readable HDF5 file. */
RST_API enum rst_status rst_archive_describe(struct rst_context *context, const char *path, bool json,
                                             char **text);

#endif
