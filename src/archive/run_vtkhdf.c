/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"
#include "hdf5/vtkhdf.h"

/* The pictures of the first grid as VTK reads them: links to series of planes, virtual datasets where a picture is put
 * together. */

/* The first series of snapshots, NULL if there is none. */
static const struct rst_series *first_of(const struct rst_run_layout *layout) {
  for (size_t i = 0; i < layout->count; ++i) {
    if (layout->series[i].entry == RST_AT_SNAPSHOT) {
      return &layout->series[i];
    }
  }
  return NULL;
}

static bool link_array(const struct rst_run_file *file, const struct rst_series *series) {
  char target[RST_VIEW_NAME_LENGTH];
  char name[RST_VIEW_NAME_LENGTH];
  struct rst_stack stack = rst_series_stack(file, series);
  snprintf(target, sizeof target, "/%s", series->variable.name);
  snprintf(name, sizeof name, RST_VTKHDF_ARRAY, series->shown);
  stack.path = target;
  return series->rank == 2 ? rst_vtkhdf_link(file->file, series->shown, target)
                           : rst_stack_show_all(file->file, name, &stack);
}

static bool link_arrays(const struct rst_run_file *file, const struct rst_series *first) {
  bool done = true;
  for (size_t i = 0; done && i < file->layout.count; ++i) {
    const struct rst_series *series = &file->layout.series[i];
    if (series->entry == RST_AT_SNAPSHOT && rst_series_share_grid(series, first)) {
      done = link_array(file, series);
    }
  }
  return done;
}

enum rst_status rst_run_vtkhdf_write(struct rst_run_file *file) {
  const struct rst_series *first = first_of(&file->layout);
  RST_REQUIRE(file->context, first, RST_ERROR_ARGUMENT, "%s would hold no snapshots", file->path);
  const struct rst_xdmf_mesh mesh = rst_series_mesh(first);
  RST_HDF5(file->context,
           rst_vtkhdf_write(file->file, &mesh) && link_arrays(file, first) &&
               rst_vtkhdf_write_steps(file->file, "/time"),
           "%s: /VTKHDF cannot be written", file->path);
  return RST_OK;
}

enum rst_status rst_run_vtkhdf_update(struct rst_run_file *file) {
  const struct rst_xdmf_mesh mesh = rst_series_mesh(first_of(&file->layout));
  RST_HDF5(file->context, rst_vtkhdf_update_steps(file->file, &mesh, file->snapshots),
           "%s: /VTKHDF cannot be updated", file->path);
  return RST_OK;
}
