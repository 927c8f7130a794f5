/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FOLLOW_MAP_H
#define RST_FOLLOW_MAP_H

#include "hdf5/dataset.h"
#include "restrain/follow.h"

/** @file
 * Where trajectories part, as a picture for each twin: tensors from row to row, times from column to column.
 */

/** Write /difference_map (twin, tensor, time) and, for FILE.xdmf, the virtual datasets /maps/<twin> (1, tensor, time). */
enum rst_status rst_follow_map_write(struct rst_context *context, const struct rst_follow *follow, hid_t file,
                                     const struct rst_axis *twin, const struct rst_axis *tensor,
                                     const struct rst_axis *time);
/** Write FILE.xdmf, by which ParaView shows them. */
enum rst_status rst_follow_map_show(struct rst_context *context, const struct rst_follow *follow,
                                    const char *path);

#endif
