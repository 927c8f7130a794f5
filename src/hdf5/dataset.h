/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DATASET_H
#define RST_DATASET_H

#include <hdf5.h>

#include "hdf5/variable.h"
#include "restrain/context.h"

/** @file
 * Writing datasets that are complete from the start: values with long_name, units and dimension scales.
 */

enum { RST_VARIABLE_RANK = 10 };

/** A dataset and its values; borrowed during the call. */
struct rst_written_variable {
  struct rst_variable variable;
  hid_t type; /**< of the values, in memory and in the file */
  int rank;   /**< 0 for a scalar */
  hsize_t dims[RST_VARIABLE_RANK];
  hid_t scales[RST_VARIABLE_RANK]; /**< of its axes, all or none; a scale has none */
  bool is_scale;
  const void *values;
};

/** Make the dataset and write it. Its identifier goes to `made`, to be closed by H5Idec_ref(), unless that is
 * NULL. */
enum rst_status rst_variable_write(struct rst_context *context, hid_t file,
                                   const struct rst_written_variable *written, hid_t *made);

#endif
