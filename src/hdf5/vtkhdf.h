/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_VTKHDF_H
#define RST_VTKHDF_H

#include "hdf5/support.h"
#include "hdf5/xdmf.h"

/** @file
 * The group /VTKHDF, by which VTK and ParaView (5.12 and later) read an HDF5 file itself: a flat image of cells, whose arrays
 * are links to datasets, (y, x) or, over time, (time, y, x). FILE.vtkhdf, a link to the file, has the ending that they know.
 *
 * An image of a single time step passes for one without time, whose arrays must be (z, y, x): it has a layer of cells along z,
 * and the array of one snapshot (1, y, x) is right as it is.
 */

/** Path of an array of the image. */
#define RST_VTKHDF_ARRAY "VTKHDF/CellData/%s"

/** Make the group, without arrays. */
bool rst_vtkhdf_write(hid_t file, const struct rst_xdmf_mesh *mesh);
/** Show the dataset of that absolute path as the array `name`. */
bool rst_vtkhdf_link(hid_t file, const char *name, const char *dataset);
/** Make an image over time, the times being those of the dataset of that absolute path; and bring it up to a count of them. */
bool rst_vtkhdf_write_steps(hid_t file, const char *times);
bool rst_vtkhdf_update_steps(hid_t file, const struct rst_xdmf_mesh *mesh, size_t count);

#endif
