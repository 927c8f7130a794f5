/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "analysis/analysis_file.h"
#include "core/core.h"
#include "hdf5/xdmf.h"

/* The sidecars for ParaView: one for states over positions and one for what is over wave numbers, since two grids in one file
 * would be drawn one over the other. */

static void add_attribute(struct rst_xdmf *xdmf, const char *name, const char *dataset) {
  const struct rst_xdmf_attribute attribute = {name, dataset, "Float", sizeof(double)};
  rst_xdmf_add_attribute(xdmf, &attribute);
}

static void add_wave_numbers(struct rst_xdmf *xdmf, const struct rst_analysis *analysis) {
  const size_t ny = analysis->symbol->ny;
  const size_t nx = analysis->symbol->nx;
  const double y = rst_analysis_wave_number(analysis, ny, 0);
  const double x = rst_analysis_wave_number(analysis, nx, 0);
  const struct rst_xdmf_mesh mesh = {.ny = ny,
                                     .nx = nx,
                                     .origin_y = y,
                                     .origin_x = x,
                                     .step_y = rst_analysis_wave_number(analysis, ny, 1) - y,
                                     .step_x = rst_analysis_wave_number(analysis, nx, 1) - x};
  rst_xdmf_begin_grid(xdmf, "wave numbers", &mesh, NULL);
  add_attribute(xdmf, "amplification", "amplification");
  add_attribute(xdmf, "symbol", "symbol");
  rst_xdmf_end_grid(xdmf);
}

static bool has_eigenvectors(const struct rst_analysis *analysis) {
  return analysis->linear || analysis->minimum >= 0;
}

static void add_states(struct rst_xdmf *xdmf, const struct rst_analysis *analysis) {
  const struct rst_xdmf_mesh mesh = {
      .ny = analysis->ny, .nx = analysis->nx, .step_y = analysis->spacing, .step_x = analysis->spacing};
  rst_xdmf_begin_grid(xdmf, "states", &mesh, NULL);
  if (has_eigenvectors(analysis)) {
    add_attribute(xdmf, "eigenvector_max", "eigenvector_max");
    add_attribute(xdmf, "eigenvector_min", "eigenvector_min");
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    char name[RST_FIXED_POINT_NAME_LENGTH];
    char dataset[RST_FIXED_POINT_NAME_LENGTH];
    snprintf(name, sizeof name, "fixed_point_%zu", i);
    rst_fixed_point_name(dataset, i);
    add_attribute(xdmf, name, dataset);
  }
  rst_xdmf_end_grid(xdmf);
}

static enum rst_status write_sidecar(struct rst_context *context, const struct rst_analysis *analysis,
                                     const char *path, const char *ending,
                                     void (*add)(struct rst_xdmf *, const struct rst_analysis *)) {
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, path);
  add(&xdmf, analysis);
  return rst_xdmf_write(&xdmf, context, ending, false);
}

enum rst_status rst_analysis_xdmf_write(struct rst_context *context, const struct rst_analysis *analysis,
                                        const char *path) {
  if (has_eigenvectors(analysis) || analysis->point_count > 0) {
    RST_TRY(write_sidecar(context, analysis, path, ".xdmf", add_states));
  }
  return analysis->symbol ? write_sidecar(context, analysis, path, ".spectrum.xdmf", add_wave_numbers)
                          : RST_OK;
}
