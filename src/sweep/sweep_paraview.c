/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "archive/sidecars.h"
#include "core/core.h"
#include "hdf5/vtkhdf.h"
#include "sweep/sweep_file_parts.h"

/* A plane of points as ParaView shows it: a cell for each, all alike, on the unit square, the last axis along x and the first
 * along y. So an axis is as linear or logarithmic as its values are spaced, and a plane of learning rates of 0.1 and decays of
 * 100 can be seen. The axes are arrays like the maps: their values at each cell, for probes. */

static struct rst_xdmf_mesh mesh_of(const struct rst_sweep_table *table) {
  const double height = 1.0 / (double)table->rows;
  const double width = 1.0 / (double)table->columns;
  return (struct rst_xdmf_mesh){.ny = table->rows,
                                .nx = table->columns,
                                .origin_y = height / 2,
                                .origin_x = width / 2,
                                .step_y = height,
                                .step_x = width};
}

/* The values of an axis at each cell: a dataset of its own, and an array at once. */
static enum rst_status write_axis(struct rst_context *context, hid_t file,
                                  const struct rst_sweep_table *table, size_t axis) {
  const struct rst_sweep_file_axes axes = rst_sweep_file_axes(table);
  const struct rst_sweep_scale *scale = &table->axes[axis];
  RST_SCOPED char *name = NULL;
  RST_SCOPED double *values = NULL;
  RST_TRY(rst_format(context, &name, RST_VTKHDF_ARRAY, scale->name));
  RST_TRY(RST_NEW(context, table->points, &values));
  for (size_t place = 0; place < table->points; ++place) {
    values[place] = scale->values[rst_sweep_table_index(table, axis, place)];
  }
  const struct rst_dataset dataset = {.variable = {name, scale->long_name, "1"},
                                      .rank = 2,
                                      .axes = {&axes.grid[0], &axes.grid[1]},
                                      .values = values};
  return rst_dataset_write(context, file, &dataset);
}

enum rst_status rst_sweep_vtkhdf_write(struct rst_context *context, hid_t file,
                                       const struct rst_sweep_table *table) {
  const struct rst_xdmf_mesh mesh = mesh_of(table);
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  bool done = rst_vtkhdf_write(file, &mesh);
  for (size_t i = 0; i < count && done; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      RST_SCOPED char *target = NULL;
      RST_TRY(rst_format(context, &target, "/%s", columns[i].variable.name));
      done = rst_vtkhdf_link(file, columns[i].variable.name, target);
    }
  }
  RST_HDF5(context, done, "/VTKHDF cannot be written");
  RST_TRY(write_axis(context, file, table, 0));
  return write_axis(context, file, table, 1);
}

static void add_map(struct rst_xdmf *xdmf, const struct rst_sweep_column *column) {
  const char *number = column->numbers == RST_NUMBERS_DOUBLE ? "Float"
                       : column->numbers == RST_NUMBERS_INT8 ? "Char"
                                                             : "Int";
  const struct rst_xdmf_attribute attribute = {column->variable.name, column->variable.name, number,
                                               rst_numbers_size(column->numbers)};
  rst_xdmf_add_attribute(xdmf, &attribute);
}

static void add_grid(struct rst_xdmf *xdmf, const struct rst_sweep_table *table,
                     const struct rst_xdmf_attribute axes[2]) {
  const struct rst_xdmf_mesh mesh = mesh_of(table);
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  rst_xdmf_begin_grid(xdmf, "sweep", &mesh, NULL);
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      add_map(xdmf, &columns[i]);
    }
  }
  for (int axis = 0; axis < 2; ++axis) {
    rst_xdmf_add_attribute(xdmf, &axes[axis]);
  }
  rst_xdmf_end_grid(xdmf);
}

enum rst_status rst_sweep_sidecars_write(struct rst_context *context, const struct rst_sweep_table *table,
                                         const char *path) {
  RST_SCOPED char *y = NULL;
  RST_SCOPED char *x = NULL;
  RST_TRY(rst_format(context, &y, RST_VTKHDF_ARRAY, table->axes[0].name));
  RST_TRY(rst_format(context, &x, RST_VTKHDF_ARRAY, table->axes[1].name));
  const struct rst_xdmf_attribute axes[] = {{table->axes[0].name, y, "Float", sizeof(double)},
                                            {table->axes[1].name, x, "Float", sizeof(double)}};
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, path);
  add_grid(&xdmf, table, axes);
  RST_TRY(rst_xdmf_write(&xdmf, context, ".xdmf", false));
  return rst_sidecars_link_vtkhdf(context, path);
}
