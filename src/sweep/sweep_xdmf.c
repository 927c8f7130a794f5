/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/xdmf.h"
#include "sweep/sweep_file_parts.h"

/* The sidecar for ParaView: one mesh, the last axis along x and the first along y, with all maps. Its coordinates are the
 * file's scales, logarithmic ones included. */

static void add_map(struct rst_xdmf *xdmf, const struct rst_sweep_column *column) {
  const char *number = column->numbers == RST_NUMBERS_DOUBLE ? "Float"
                       : column->numbers == RST_NUMBERS_INT8 ? "Char"
                                                             : "Int";
  const struct rst_xdmf_attribute attribute = {column->variable.name, column->variable.name, number,
                                               rst_numbers_size(column->numbers)};
  rst_xdmf_add_attribute(xdmf, &attribute);
}

enum rst_status rst_sweep_xdmf_write(struct rst_context *context, const struct rst_sweep_table *table,
                                     const char *path) {
  const struct rst_xdmf_mesh mesh = {
      .ny = table->rows, .nx = table->columns, .y = table->axes[0].name, .x = table->axes[1].name};
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, path);
  rst_xdmf_begin_grid(&xdmf, "sweep", &mesh, NULL);
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      add_map(&xdmf, &columns[i]);
    }
  }
  rst_xdmf_end_grid(&xdmf);
  return rst_xdmf_write(&xdmf, context, ".xdmf", false);
}
