/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"
#include "hdf5/support.h"
#include "hdf5/xdmf.h"

/* The run's sidecars for ParaView: the snapshots of all fields over space, and of those over wave numbers. */

static struct rst_xdmf_mesh make_mesh(const struct rst_run_file *file, enum rst_axes axes) {
  struct rst_xdmf_mesh mesh = {
      .ny = file->ny, .nx = file->nx, .step_y = file->spacing, .step_x = file->spacing};
  if (axes == RST_AXES_WAVE_NUMBERS) {
    rst_run_file_wave_numbers(file, file->ny, &mesh.origin_y, &mesh.step_y);
    rst_run_file_wave_numbers(file, file->nx, &mesh.origin_x, &mesh.step_x);
  }
  return mesh;
}

static void add_snapshot(struct rst_xdmf *xdmf, const struct rst_run_file *file, enum rst_axes axes,
                         size_t index, double time) {
  const struct rst_xdmf_mesh mesh = make_mesh(file, axes);
  char name[32];
  snprintf(name, sizeof name, "snapshot %zu", index);
  rst_xdmf_begin_grid(xdmf, name, &mesh, &time);
  for (size_t field = 0; field < file->field_count; ++field) {
    if (file->field_axes[field] == axes) {
      char view[RST_VIEW_NAME_LENGTH];
      rst_view_name(view, file->names[field], index);
      const struct rst_xdmf_attribute attribute = {file->names[field], view, "Float",
                                                   rst_precision_size(file->precision)};
      rst_xdmf_add_attribute(xdmf, &attribute);
    }
  }
  rst_xdmf_end_grid(xdmf);
}

static enum rst_status write_sidecar(const struct rst_run_file *file, enum rst_axes axes, const double *times,
                                     const char *ending, bool durable) {
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, file->path);
  rst_xdmf_begin_collection(&xdmf, "snapshots");
  for (size_t index = 0; index < file->views.snapshots; ++index) {
    add_snapshot(&xdmf, file, axes, index, times[index]);
  }
  rst_xdmf_end_grid(&xdmf);
  return rst_xdmf_write(&xdmf, file->context, ending, durable);
}

enum rst_status rst_run_xdmf_write(struct rst_run_file *file, bool durable) {
  void *times = NULL;
  RST_TRY(rst_allocate(file->context, file->views.snapshots, sizeof(double), &times));
  enum rst_status status = RST_OK;
  if (!rst_column_read(&file->time, 0, 1, 0, file->views.snapshots, H5T_NATIVE_DOUBLE, times)) {
    status = rst_hdf5_fail(file->context, "%s: /time cannot be read", file->path);
  }
  if (status == RST_OK) {
    status = write_sidecar(file, RST_AXES_SPACE, times, ".xdmf", durable);
  }
  if (status == RST_OK && file->has_wave_numbers) {
    status = write_sidecar(file, RST_AXES_WAVE_NUMBERS, times, ".spectrum.xdmf", durable);
  }
  free(times);
  return status;
}
