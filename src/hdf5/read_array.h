/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_READ_ARRAY_H
#define RST_READ_ARRAY_H

#include <hdf5.h>

#include "core/array.h"

/** @file
 * Reading a dataset in its own type.
 */

/** Read a numeric dataset of 1 to RST_ARRAY_MOST_AXES axes; the caller frees the array. Floats of 2 bytes become float32,
 * of more than 8 float64. RST_ERROR_IO naming file and dataset if either is missing, unreadable or of another type, or if
 * the file holds too few bytes for the shape that it states. */
enum rst_status rst_hdf5_read_array(struct rst_context *context, const char *path, const char *dataset,
                                    struct rst_array *array);

/** Type and shape of a dataset as rst_hdf5_read_array() would read it, without its numbers, and whether its axes have scales. */
enum rst_status rst_hdf5_read_shape(struct rst_context *context, const char *path, const char *dataset,
                                    struct rst_array *array, bool *has_scales);

/** Type and shape of an open dataset, without memory for its numbers; false if it has no numbers, or more axes than an array. */
bool rst_hdf5_describe_array(hid_t dataset, struct rst_array *array);

/** Whether the file is an HDF5 file that holds such a group. The message of the context may change. */
bool rst_hdf5_is_group(struct rst_context *context, const char *path, const char *group);

#endif
