/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_GROWING_H
#define RST_GROWING_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

/** @file
 * Datasets that grow by rows of numbers: (row), or (member, row).
 */

struct rst_column {
  hid_t dataset;
  size_t members; /**< 0 for (row) */
};

/** Append to a column of `first` rows; values is [members][rows], or [rows]. */
bool rst_column_append(const struct rst_column *column, size_t first, size_t rows, hid_t type,
                       const void *values);
/** Read rows of `count` members; member 0 and count 1 for (row). values is [count][rows]. */
bool rst_column_read(const struct rst_column *column, size_t member, size_t count, size_t first, size_t rows,
                     hid_t type, void *values);
/** Number of rows. */
size_t rst_column_rows(const struct rst_column *column);

#endif
