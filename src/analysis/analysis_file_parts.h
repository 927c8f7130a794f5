/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ANALYSIS_FILE_PARTS_H
#define RST_ANALYSIS_FILE_PARTS_H

#include "analysis/analysis_file.h"
#include "analysis/analysis_table.h"
#include "hdf5/dataset.h"

/** @file
 * The inside of analysis.h5, shared by the sources that write its parts.
 */

struct rst_analysis_writer {
  struct rst_context *context;
  const struct rst_analysis *analysis;
  hid_t file;
};

/** Write a dataset of doubles over `rank` axes. */
enum rst_status rst_analysis_write(const struct rst_analysis_writer *writer,
                                   const struct rst_variable *variable, int rank,
                                   const struct rst_axis *const *axes, const double *values);
/** The stored numbers of a group as columns over an axis, of as many subjects of `size` bytes each. The first column becomes the
 * scale of an axis that has no name. */
enum rst_status rst_analysis_write_group(const struct rst_analysis_writer *writer,
                                         enum rst_analysis_group group, const void *subjects, size_t size,
                                         const struct rst_axis *axis);
/** The axes of a state. */
struct rst_axis rst_analysis_y(const struct rst_analysis *analysis);
struct rst_axis rst_analysis_x(const struct rst_analysis *analysis);

/** Everything over axes (analysis_fields.c), of which the fixed points (analysis_points.c); scalars and texts
 * (analysis_scalars.c). */
enum rst_status rst_analysis_write_fields(const struct rst_analysis_writer *writer);
enum rst_status rst_analysis_write_points(const struct rst_analysis_writer *writer);
enum rst_status rst_analysis_write_scalars(const struct rst_analysis_writer *writer);

#endif
