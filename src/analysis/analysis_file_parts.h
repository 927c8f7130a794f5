/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ANALYSIS_FILE_PARTS_H
#define RST_ANALYSIS_FILE_PARTS_H

#include "analysis/analysis_file.h"
#include "analysis/analysis_table.h"
#include "hdf5/support.h"

/** @file
 * The inside of analysis.h5, shared by the sources that write its parts.
 */

struct rst_analysis_writer {
  struct rst_context *context;
  const struct rst_analysis *analysis;
  hid_t file;
  struct rst_ids scales; /**< closed with the file */
};

/** A scale of given values, or of the places first + step i. */
enum rst_status rst_analysis_write_scale(struct rst_analysis_writer *writer, const char *name,
                                         const char *long_name, const char *units, size_t count,
                                         const double *values, hid_t *scale);
enum rst_status rst_analysis_write_places(struct rst_analysis_writer *writer, const char *name,
                                          const char *long_name, const char *units, size_t count,
                                          double first, double step, hid_t *scale);
/** The stored numbers of a group as columns over a scale, of `count` subjects of `size` bytes each. Without a scale
 * (H5I_INVALID_HID) the first column becomes the scale of the others. */
enum rst_status rst_analysis_write_group(struct rst_analysis_writer *writer, enum rst_analysis_group group,
                                         const void *subjects, size_t size, size_t count, hid_t scale);

/** Everything over axes (analysis_fields.c), of which the fixed points (analysis_points.c); scalars and texts
 * (analysis_scalars.c). */
enum rst_status rst_analysis_write_fields(struct rst_analysis_writer *writer);
enum rst_status rst_analysis_write_points(struct rst_analysis_writer *writer, hid_t y, hid_t x);
enum rst_status rst_analysis_write_scalars(struct rst_analysis_writer *writer);

#endif
