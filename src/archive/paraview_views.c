/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"
#include "archive/sidecars.h"

/* What other programs see of the snapshots: virtual datasets for XDMF, the step count of VTKHDF and the files
 * beside run.h5. All XDMF readers of ParaView read a dataset of one snapshot, not all a slab of a stack;
 * virtual datasets have the one without a copy of the other. Views cost more than the snapshots themselves
 * and may lag behind them, so they are brought up to date together, in batches. */

/* Of a group; it serves as many groups, so PER_GROUP^2 snapshots. */
enum { PER_GROUP = RST_HDF5_GROUP_NAMES };

void rst_view_name(char name[RST_VIEW_NAME_LENGTH], const char *series, size_t index) {
  snprintf(name, RST_VIEW_NAME_LENGTH, "snapshots/%s/%03zu/%06zu", series, index / PER_GROUP, index);
}

enum rst_status rst_views_write(struct rst_run_file *file) {
  bool made = rst_hdf5_make_group(file->file, "snapshots");
  for (size_t i = 0; made && i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    char name[RST_VIEW_NAME_LENGTH];
    snprintf(name, sizeof name, "snapshots/%s", series->variable.name);
    made = series->entry != RST_AT_SNAPSHOT || rst_hdf5_make_group(file->file, name);
  }
  RST_HDF5(file->context, made, "%s: /snapshots cannot be made", file->path);
  return RST_OK;
}

static bool make_view(const struct rst_run_file *file, const struct rst_series *series, size_t index) {
  char name[RST_VIEW_NAME_LENGTH];
  char source[RST_VIEW_NAME_LENGTH];
  snprintf(name, sizeof name, "snapshots/%s/%03zu", series->variable.name, index / PER_GROUP);
  if (index % PER_GROUP == 0 && !rst_hdf5_make_group(file->file, name)) {
    return false;
  }
  struct rst_stack stack = rst_series_stack(file, series);
  rst_view_name(name, series->variable.name, index);
  snprintf(source, sizeof source, "/%s", series->variable.name);
  stack.path = source;
  return rst_stack_show(file->file, name, &stack, index + 1, index);
}

static enum rst_status make_views(struct rst_run_file *file) {
  for (size_t index = file->views.snapshots; index < file->snapshots; ++index) {
    for (size_t i = 0; i < file->layout.count; ++i) {
      const struct rst_series *series = &file->layout.series[i];
      RST_HDF5(file->context, series->entry != RST_AT_SNAPSHOT || make_view(file, series, index),
               "%s: the view of snapshot %zu cannot be made", file->path, index);
    }
  }
  RST_TRY(rst_run_vtkhdf_update(file));
  RST_TRY(rst_hdf5_flush(file->context, file->path, file->file, false));
  file->views.snapshots = file->snapshots;
  return RST_OK;
}

enum rst_status rst_views_update(struct rst_run_file *file, bool durable) {
  if (file->views.snapshots < file->snapshots) {
    if (file->views.snapshots == 0) {
      RST_TRY(rst_sidecars_link_vtkhdf(file->context, file->path));
    }
    RST_TRY(make_views(file));
    RST_TRY(rst_run_xdmf_write(file, durable));
  }
  return RST_OK;
}
