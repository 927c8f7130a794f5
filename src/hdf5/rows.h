/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ROWS_H
#define RST_ROWS_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

/** @file
 * The rows of a dataset that grows along its first or its last axis: snapshots (row, ...) and columns (row), (member, row).
 * False where HDF5 fails.
 */

/** Append to so many rows; values has the dataset's shape with `rows` in the place of its length. */
bool rst_rows_append(hid_t dataset, size_t first, size_t rows, hid_t type, const void *values);
/** Read rows of one member of a column, or of all: values is [rows], or as above. */
enum { RST_ALL_MEMBERS = -1 };
bool rst_rows_read(hid_t dataset, long member, size_t first, size_t rows, hid_t type, void *values);
/** Number of rows. */
size_t rst_rows_count(hid_t dataset);
/** Append to a dataset without rows the first ones of another of its shape and type, none of which is damaged. */
bool rst_rows_copy(hid_t from, hid_t to, size_t rows);

#endif
