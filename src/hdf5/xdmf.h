/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_XDMF_H
#define RST_XDMF_H

#include "core/text.h"
#include "restrain/context.h"

/** @file
 * Composing an XDMF sidecar, by which ParaView shows the datasets of an HDF5 file: meshes of one layer of cells, which have
 * the numbers, side by side or one after the other in time. Cells are shown as they are, where the numbers of nodes would be
 * interpolated. Axes are in the order z y x; the layer has a thickness, since not every reader takes cells of a flat mesh,
 * and a 2DCoRectMesh would lie in the yz plane. Exhausted memory is remembered until rst_xdmf_write().
 *
 *     struct rst_xdmf xdmf;
 *     rst_xdmf_begin(&xdmf, path);
 *     rst_xdmf_begin_grid(&xdmf, "states", &mesh, NULL);
 *     rst_xdmf_add_attribute(&xdmf, &attribute);
 *     rst_xdmf_end_grid(&xdmf);
 *     status = rst_xdmf_write(&xdmf, context, ".xdmf", false);
 */

struct rst_xdmf {
  struct rst_text text;
  const char *path; /**< of the HDF5 file, borrowed */
  int depth;        /**< of nested elements */
  size_t ny, nx;    /**< of the grid that is open */
};

/** Cells with their centres at origin + i step along each axis, in the plane z = 0. */
struct rst_xdmf_mesh {
  size_t ny, nx; /**< cells */
  double origin_y, origin_x, step_y, step_x;
};

/** A dataset (1, ny, nx) or (ny, nx), a number for each cell. */
struct rst_xdmf_attribute {
  const char *name, *dataset;
  const char *number; /**< "Float", "Int" or "Char" */
  size_t size;        /**< of a number, in bytes */
};

void rst_xdmf_begin(struct rst_xdmf *xdmf, const char *path);
/** The grids that follow up to rst_xdmf_end_grid() are moments of one. */
void rst_xdmf_begin_collection(struct rst_xdmf *xdmf, const char *name);
/** The grids that follow up to rst_xdmf_end_grid() are blocks of one moment of a collection. */
void rst_xdmf_begin_blocks(struct rst_xdmf *xdmf, const char *name, double time);
/** `time` is NULL outside a collection. */
void rst_xdmf_begin_grid(struct rst_xdmf *xdmf, const char *name, const struct rst_xdmf_mesh *mesh,
                         const double *time);
void rst_xdmf_add_attribute(struct rst_xdmf *xdmf, const struct rst_xdmf_attribute *attribute);
void rst_xdmf_end_grid(struct rst_xdmf *xdmf);
/** Write the sidecar, the HDF5 file's name with `ending` in place of its own; frees the text in any case. */
enum rst_status rst_xdmf_write(struct rst_xdmf *xdmf, struct rst_context *context, const char *ending,
                               bool durable);

#endif
