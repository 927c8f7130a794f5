/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DATASET_H
#define RST_DATASET_H

#include "hdf5/support.h"
#include "hdf5/variable.h"
#include "restrain/field.h"

/** @file
 * Datasets over axes: numbers with long_name, units and a dimension scale for each axis, complete from the start or growing by
 * rows (rows.h). Snapshots (time, ...) are chunks of their own and compressed, as complete arrays are; columns (..., row) are
 * not, since their last chunk is written again at every flush. All have checksums (checksum.h).
 */

enum rst_numbers {
  RST_NUMBERS_DOUBLE,
  RST_NUMBERS_FLOAT,
  RST_NUMBERS_INT64,
  RST_NUMBERS_INT32,
  RST_NUMBERS_INT8,
  RST_NUMBERS_LABELS /**< const char *, UTF-8 of variable length, as netCDF's strings */
};

/** The type of such numbers, in memory and in files, as long as `ids`; and the size of one. */
hid_t rst_numbers_type(enum rst_numbers numbers, struct rst_ids *ids);
size_t rst_numbers_size(enum rst_numbers numbers);
/** Those of a field. */
enum rst_numbers rst_numbers_of(enum rst_precision precision);

/** What codes mean, as the CF conventions have it: the attributes flag_values, of 8 bits, and flag_meanings. Codes count from
 * 0; `none` is the name of -1, NULL if there is no such code. */
struct rst_flags {
  const char *none;
  const char *const *names; /**< NULL-terminated; NULL for numbers that are no codes */
};

/** An axis, with the dataset of its places as scale. */
struct rst_axis {
  /** The name is the axis' own in its file; NULL for an axis without a scale. */
  struct rst_variable variable;
  size_t count; /**< 0 for an axis that grows */
  enum rst_numbers numbers;
  const void *values; /**< [count]; NULL for first + step i */
  double first, step;
  struct rst_flags flags;
};

enum { RST_DATASET_RANK = 10 };
/** Rows in a chunk of a column of doubles or 64-bit numbers; at least so many where members of a row share it. */
enum { RST_ROWS_PER_CHUNK = 511, RST_FEWEST_ROWS_PER_CHUNK = 24 };

/** A dataset and its values; all borrowed during the call. */
struct rst_dataset {
  struct rst_variable variable; /**< the name may be a path; without long_name there are no texts */
  enum rst_numbers numbers;
  int rank;                                      /**< 0 for a scalar */
  const struct rst_axis *axes[RST_DATASET_RANK]; /**< one of them may grow, the first or the last */
  const void *values;                            /**< NULL for none yet */
  bool is_open; /**< not final, to be replaced by rst_dataset_complete(); neither in chunks nor labels */
  struct rst_flags flags;
};

/** The places of an axis with a first one and a step: doubles or 64-bit numbers, to be freed. */
enum rst_status rst_axis_places(struct rst_context *context, const struct rst_axis *axis, void **values);
/** Make the scale of an axis, unless the file has it. */
enum rst_status rst_axis_write(struct rst_context *context, hid_t file, const struct rst_axis *axis);
/** Make a dataset, and the scales of its axes that the file has not yet. */
enum rst_status rst_dataset_write(struct rst_context *context, hid_t file, const struct rst_dataset *dataset);
/** Replace the values of one that was open. */
bool rst_dataset_complete(hid_t made, enum rst_numbers numbers, const void *values);
/** Whether the file has a dataset of this name, type and shape; its own values are not looked at. */
bool rst_dataset_fits(hid_t file, const struct rst_dataset *dataset);
/** Read one that fits. RST_ERROR_IO if it is damaged. @param path of the file, for the message. */
enum rst_status rst_dataset_read(struct rst_context *context, const char *path, hid_t file,
                                 const struct rst_dataset *dataset, void *values);

#endif
