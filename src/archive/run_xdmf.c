/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "archive/run_file_parts.h"

/* The run's sidecars for ParaView: the pictures of all snapshots. */

/* Whether a series is shown in a sidecar, and the first on its grid. What is stored once has no views, and is shown where it is a
 * plane itself. */
static bool is_shown(const struct rst_series *series, enum rst_sidecar sidecar) {
  const bool is_plane = series->entry == RST_AT_START && series->rank == 2;
  return (series->entry == RST_AT_SNAPSHOT || is_plane) && series->sidecar == sidecar;
}

static bool begins_grid(const struct rst_run_layout *layout, size_t index, enum rst_sidecar sidecar) {
  const struct rst_series *series = &layout->series[index];
  for (size_t i = 0; i < index; ++i) {
    if (is_shown(&layout->series[i], sidecar) && rst_series_share_grid(&layout->series[i], series)) {
      return false;
    }
  }
  return is_shown(series, sidecar);
}

struct rst_xdmf_mesh rst_series_mesh(const struct rst_series *series) {
  const struct rst_stack stack = {.rank = series->rank, .axes = series->axes};
  const struct rst_axis *x = series->axes[series->rank - 1];
  const struct rst_axis *y = series->axes[series->rank > 1 ? series->rank - 2 : 0];
  struct rst_xdmf_mesh mesh = {
      .origin_y = y->first, .origin_x = x->first, .step_y = y->step, .step_x = x->step};
  rst_stack_plane(&stack, &mesh.ny, &mesh.nx);
  return mesh;
}

static void add_arrays(struct rst_xdmf *xdmf, const struct rst_run_layout *layout,
                       const struct rst_series *first, size_t index) {
  for (size_t i = 0; i < layout->count; ++i) {
    const struct rst_series *series = &layout->series[i];
    if (is_shown(series, first->sidecar) && rst_series_share_grid(series, first)) {
      char view[RST_VIEW_NAME_LENGTH];
      rst_view_name(view, series->variable.name, index);
      const char *dataset = series->entry == RST_AT_START ? series->variable.name : view;
      const struct rst_xdmf_attribute attribute = {series->shown, dataset, "Float",
                                                   rst_precision_size(layout->precision)};
      rst_xdmf_add_attribute(xdmf, &attribute);
    }
  }
}

/* Several grids are blocks of a moment, from left to right with a cell between them. */
static void add_snapshot(struct rst_xdmf *xdmf, const struct rst_run_layout *layout, enum rst_sidecar sidecar,
                         size_t grids, size_t index, double time) {
  char name[32];
  snprintf(name, sizeof name, "snapshot %zu", index);
  if (grids > 1) {
    rst_xdmf_begin_blocks(xdmf, name, time);
  }
  double right = NAN;
  for (size_t i = 0; i < layout->count; ++i) {
    const struct rst_series *series = &layout->series[i];
    if (begins_grid(layout, i, sidecar)) {
      struct rst_xdmf_mesh mesh = rst_series_mesh(series);
      mesh.origin_x = isnan(right) ? mesh.origin_x : right + 1.5 * mesh.step_x;
      right = mesh.origin_x + ((double)mesh.nx - 0.5) * mesh.step_x;
      rst_xdmf_begin_grid(xdmf, grids > 1 ? series->grid : name, &mesh, &time);
      add_arrays(xdmf, layout, series, index);
      rst_xdmf_end_grid(xdmf);
    }
  }
  if (grids > 1) {
    rst_xdmf_end_grid(xdmf);
  }
}

static enum rst_status write_sidecar(const struct rst_run_file *file, enum rst_sidecar sidecar,
                                     const double *times, bool durable) {
  struct rst_xdmf xdmf;
  size_t grids = 0;
  for (size_t i = 0; i < file->layout.count; ++i) {
    grids += begins_grid(&file->layout, i, sidecar);
  }
  if (grids == 0) {
    return RST_OK;
  }
  rst_xdmf_begin(&xdmf, file->path);
  rst_xdmf_begin_collection(&xdmf, "snapshots");
  for (size_t index = 0; index < file->views.snapshots; ++index) {
    add_snapshot(&xdmf, &file->layout, sidecar, grids, index, times[index]);
  }
  rst_xdmf_end_grid(&xdmf);
  return rst_xdmf_write(&xdmf, file->context, rst_sidecar_endings[sidecar], durable);
}

enum rst_status rst_run_xdmf_write(struct rst_run_file *file, bool durable) {
  RST_SCOPED double *times = NULL;
  RST_TRY(RST_NEW(file->context, file->views.snapshots, &times));
  RST_TRY(rst_run_dataset_read(file, &file->time, "time", 0, 0, file->views.snapshots, RST_NUMBERS_DOUBLE,
                               times));
  for (int sidecar = 0; sidecar < RST_SIDECARS; ++sidecar) {
    RST_TRY(write_sidecar(file, (enum rst_sidecar)sidecar, times, durable));
  }
  return RST_OK;
}
