/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_FILE_PARTS_H
#define RST_SWEEP_FILE_PARTS_H

#include "hdf5/dataset.h"
#include "sweep/sweep_file.h"

/** @file
 * The columns of a table, and the inside of its file, shared by the sources that write and read it.
 */

/** The files that have a column; whether it has a value for each sample of a point; whether it is there where orbits are evaluated
 * over whole sets alone. */
enum { RST_SWEEP_IN_SWEEPS = 1, RST_SWEEP_IN_DIAGRAMS = 2, RST_SWEEP_SAMPLED = 4, RST_SWEEP_EVALUATED = 8 };

/** A dataset and the member of the table that holds its values: doubles, whole numbers or codes, NaN, 0 or -1 where there are
 * none. */
struct rst_sweep_column {
  struct rst_variable variable;
  enum rst_numbers numbers;
  int where;     /**< of the above */
  size_t member; /**< offset of the pointer in the table */
  /** Offset of the value in a summary of an orbit, RST_SWEEP_NO_SOURCE if it comes otherwise. */
  size_t source;
  /* Of codes: the meaning of -1, the largest number, and the meanings of 0 and what follows, if there are any. */
  const char *none;
  int8_t most;
  const char *const *(*meanings)(void);
};
#define RST_SWEEP_NO_SOURCE SIZE_MAX

/** All columns, in the order of the files. Two of them may share a member. */
const struct rst_sweep_column *rst_sweep_columns(size_t *count);
/** Whether the file of a table has a column. */
bool rst_sweep_column_is_stored(const struct rst_sweep_column *column, const struct rst_sweep_table *table);
/** Its values, NULL where the table has none. */
void *rst_sweep_column_values(const struct rst_sweep_column *column, const struct rst_sweep_table *table);

/** A table of these axes, of which names, long names and counts count; values are still to be filled.
 * @param axes names are copied. */
enum rst_status rst_sweep_table_allocate(struct rst_context *context, size_t axis_count,
                                         const struct rst_sweep_scale *axes, size_t samples,
                                         struct rst_sweep_table *table);

/** The axes of a table's datasets. */
struct rst_sweep_file_axes {
  struct rst_axis grid[RST_SWEEP_MOST_AXES], sample;
};
struct rst_sweep_file_axes rst_sweep_file_axes(const struct rst_sweep_table *table);
/** A column as a dataset over such axes, borrowed as its values are; and lr_lo and lr_hi, which do not depend on lr. */
struct rst_dataset rst_sweep_column_dataset(const struct rst_sweep_table *table,
                                            const struct rst_sweep_file_axes *axes,
                                            const struct rst_sweep_column *column);
enum { RST_SWEEP_LR_LO, RST_SWEEP_LR_HI, RST_SWEEP_CURVES };
struct rst_dataset rst_sweep_curve_dataset(const struct rst_sweep_table *table,
                                           const struct rst_sweep_file_axes *axes, int curve);

/** The datasets of the boundaries. */
enum rst_status rst_sweep_boxes_write(struct rst_context *context, hid_t file,
                                      const struct rst_sweep_boxes *boxes);

/** For a table of two axes: the group /VTKHDF, behind the maps; and the sidecars of `path` (sweep_paraview.c). */
enum rst_status rst_sweep_vtkhdf_write(struct rst_context *context, hid_t file,
                                       const struct rst_sweep_table *table);
enum rst_status rst_sweep_sidecars_write(struct rst_context *context, const struct rst_sweep_table *table,
                                         const char *path);

#endif
