/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FILE_SERIES_H
#define RST_FILE_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "restrain/context.h"

/** @file
 * A folder, or a pattern of names, as a series of files of one kind: one file for each time, in the natural order of their names,
 * in which step-9 comes before step-10.
 */

struct rst_file_series {
  size_t count;
  char **paths;
  double
      *steps; /**< the last whole number in each name where these rise from file to file; else 0, 1, 2, ... */
};

/** Whether a name means a series: a folder, or a pattern (* ? [) where no file has that name. */
bool rst_file_series_is_meant(const char *name);
/** RST_ERROR_IO if there is none, RST_ERROR_ARGUMENT if their kinds differ. */
enum rst_status rst_file_series_find(struct rst_context *context, const char *name,
                                     struct rst_file_series *series);
void rst_file_series_clear(struct rst_file_series *series);

/** Less than, equal to or greater than 0: the natural order of two names. */
int rst_natural_order(const char *one, const char *other);

#endif
