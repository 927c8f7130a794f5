/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/xdmf.h"
#include "sweep/sweep_file_parts.h"

/* The sidecar for ParaView: one mesh, lr along x and weight decay along y, with all maps. Its coordinates are the file's
 * scales, logarithmic ones included. */

static void add_map(struct rst_xdmf *xdmf, const struct rst_sweep_map *map) {
  const size_t size = H5Tget_size(map->type);
  const char *number = H5Tget_class(map->type) == H5T_FLOAT ? "Float" : size == 1 ? "Char" : "Int";
  const struct rst_xdmf_attribute attribute = {map->variable.name, map->variable.name, number, size};
  rst_xdmf_add_attribute(xdmf, &attribute);
}

enum rst_status rst_sweep_xdmf_write(struct rst_context *context, const struct rst_sweep_table *table,
                                     const char *path) {
  const struct rst_xdmf_mesh mesh = {
      .ny = table->weight_decays, .nx = table->lrs, .y = "weight_decay", .x = "lr"};
  struct rst_sweep_map maps[RST_SWEEP_MAPS];
  struct rst_xdmf xdmf;
  rst_sweep_list_maps(table, maps);
  rst_xdmf_begin(&xdmf, path);
  rst_xdmf_begin_grid(&xdmf, "sweep", &mesh, NULL);
  for (size_t i = 0; i < RST_SWEEP_MAPS; ++i) {
    add_map(&xdmf, &maps[i]);
  }
  rst_xdmf_end_grid(&xdmf);
  return rst_xdmf_write(&xdmf, context, ".xdmf", false);
}
