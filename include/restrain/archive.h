/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_ARCHIVE_H
#define RESTRAIN_ARCHIVE_H

#include <stdio.h>

#include "restrain/field.h"

/** @file
 * Reading HDF5 files: datasets as fields, what is in a file, and whether it is damaged.
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

/** Read every dataset and compare it with its checksum; what lacks one must be readable. Attributes, and the structures of HDF5
 * itself, have none but in checkpoints, which have a checksum as a whole. `text` is malloc'ed: whether the file is intact, how
 * many datasets it has, and the places that are damaged as selections ("/loss [511:1022]", "[()]" for all), one dataset a
 * line; or a JSON object. RST_ERROR_IO if it is not a readable HDF5 file, or a damaged checkpoint. */
RST_API enum rst_status rst_archive_verify(struct rst_context *context, const char *path, bool json,
                                           char **text, bool *intact);

#endif
