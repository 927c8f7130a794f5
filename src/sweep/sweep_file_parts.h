/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_FILE_PARTS_H
#define RST_SWEEP_FILE_PARTS_H

#include "hdf5/support.h"
#include "sweep/sweep_file.h"

/** @file
 * The columns of a table, and the inside of its file, shared by the sources that write and read it.
 */

/** Numbers of a column; where there is none they are NaN, 0 or -1. */
enum rst_sweep_numbers { RST_SWEEP_REALS, RST_SWEEP_WHOLES, RST_SWEEP_FLAGS };

/** A dataset and the member of the table that holds its values. */
struct rst_sweep_column {
  struct rst_variable variable;
  enum rst_sweep_numbers numbers;
  bool of_sweeps, of_diagrams; /**< the files that have it */
  bool sampled;                /**< over (point, sample) */
  size_t member;               /**< offset of the pointer in the table */
  size_t
      source; /**< offset of the value in a summary of an orbit, RST_SWEEP_NO_SOURCE if it comes otherwise */
  /* Of flags: the meaning of -1, the largest number, and the meanings of 0 and what follows, if there are any. */
  const char *none;
  int8_t most;
  const char *const *(*meanings)(void);
};
#define RST_SWEEP_NO_SOURCE SIZE_MAX

/** All columns, in the order of the files. Two of them may share a member. */
const struct rst_sweep_column *rst_sweep_columns(size_t *count);
/** Whether the file of a table has a column. */
bool rst_sweep_column_is_stored(const struct rst_sweep_column *column, const struct rst_sweep_table *table);
/** Its type, in memory and in the file. */
hid_t rst_sweep_column_type(const struct rst_sweep_column *column);
/** Its values, NULL where the table has none. */
void *rst_sweep_column_values(const struct rst_sweep_column *column, const struct rst_sweep_table *table);

/** A table of these axes, of which names, long names and counts count; values are still to be filled.
 * @param axes names are copied. */
enum rst_status rst_sweep_table_allocate(struct rst_context *context, size_t axis_count,
                                         const struct rst_sweep_scale *axes, size_t samples,
                                         struct rst_sweep_table *table);

/** The datasets of the boundaries. */
enum rst_status rst_sweep_boxes_write(struct rst_context *context, hid_t file,
                                      const struct rst_sweep_boxes *boxes);

/** The sidecar of `path`, for a table of two axes. */
enum rst_status rst_sweep_xdmf_write(struct rst_context *context, const struct rst_sweep_table *table,
                                     const char *path);

#endif
