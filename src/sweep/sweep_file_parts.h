/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_FILE_PARTS_H
#define RST_SWEEP_FILE_PARTS_H

#include "hdf5/support.h"
#include "sweep/sweep_file.h"

/** @file
 * The inside of sweep.h5, shared by the sources that write and read it.
 */

/** A map and the member of the table that holds its values. */
struct rst_sweep_map {
  struct rst_variable variable;
  hid_t type;
  void *values;
};

enum { RST_SWEEP_MAPS = 9 };

/** All maps, in the order of the file. */
void rst_sweep_list_maps(const struct rst_sweep_table *table, struct rst_sweep_map maps[RST_SWEEP_MAPS]);

/** A table of this shape whose axes are still to be filled. */
enum rst_status rst_sweep_table_allocate(struct rst_context *context, size_t lrs, size_t weight_decays,
                                         struct rst_sweep_table *table);

/** The datasets of the boundaries. */
enum rst_status rst_sweep_boxes_write(struct rst_context *context, hid_t file,
                                      const struct rst_sweep_boxes *boxes);

/** The sidecar of `path`. */
enum rst_status rst_sweep_xdmf_write(struct rst_context *context, const struct rst_sweep_table *table,
                                     const char *path);

#endif
