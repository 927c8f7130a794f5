/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_file.h"
#include "core/core.h"
#include "core/files.h"
#include "core/text.h"

/* The sidecar for ParaView: one flat mesh of wave numbers and one of positions, each a grid of its own,
 * without time. Axes are in the order z y x (see xdmf.c). */

struct mesh {
  const char *name, *file;
  size_t ny, nx;
  double origin[2], step[2]; /* y, x */
};

static void begin_grid(struct rst_text *text, const struct mesh *mesh) {
  rst_text_add(text,
               "    <Grid Name=\"%s\" GridType=\"Uniform\">\n"
               "      <Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"1 %zu %zu\"/>\n"
               "      <Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n"
               "        <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">0 "
               "%.17g %.17g</DataItem>\n"
               "        <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">1 "
               "%.17g %.17g</DataItem>\n"
               "      </Geometry>\n",
               mesh->name, mesh->ny, mesh->nx, mesh->origin[0], mesh->origin[1], mesh->step[0],
               mesh->step[1]);
}

/* Names hold nothing that XML would want escaped; the file's name may. */
static void add_attribute(struct rst_text *text, const struct mesh *mesh, const char *name,
                          const char *dataset) {
  rst_text_add(
      text,
      "      <Attribute Name=\"%s\" AttributeType=\"Scalar\" Center=\"Node\">\n"
      "        <DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"1 %zu %zu\">",
      name, mesh->ny, mesh->nx);
  for (const char *c = mesh->file; *c; ++c) {
    rst_text_add(text, *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : "%c", *c);
  }
  rst_text_add(text, ":/%s</DataItem>\n      </Attribute>\n", dataset);
}

static void add_wave_numbers(struct rst_text *text, const struct rst_analysis *analysis, const char *file) {
  const size_t ny = analysis->symbol->ny;
  const size_t nx = analysis->symbol->nx;
  const double y = rst_analysis_wave_number(analysis, ny, 0);
  const double x = rst_analysis_wave_number(analysis, nx, 0);
  const struct mesh mesh = {
      .name = "wave numbers",
      .file = file,
      .ny = ny,
      .nx = nx,
      .origin = {y, x},
      .step = {rst_analysis_wave_number(analysis, ny, 1) - y, rst_analysis_wave_number(analysis, nx, 1) - x},
  };
  begin_grid(text, &mesh);
  add_attribute(text, &mesh, "amplification", "amplification");
  add_attribute(text, &mesh, "symbol", "symbol");
  rst_text_add(text, "    </Grid>\n");
}

static void add_states(struct rst_text *text, const struct rst_analysis *analysis, const char *file) {
  const struct mesh mesh = {.name = "states",
                            .file = file,
                            .ny = analysis->ny,
                            .nx = analysis->nx,
                            .step = {analysis->spacing, analysis->spacing}};
  begin_grid(text, &mesh);
  if (analysis->linear || analysis->minimum >= 0) {
    add_attribute(text, &mesh, "eigenvector_max", "eigenvector_max");
    add_attribute(text, &mesh, "eigenvector_min", "eigenvector_min");
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    char name[RST_FIXED_POINT_NAME_LENGTH];
    char dataset[RST_FIXED_POINT_NAME_LENGTH];
    snprintf(name, sizeof name, "fixed_point_%zu", i);
    rst_fixed_point_name(dataset, i);
    add_attribute(text, &mesh, name, dataset);
  }
  rst_text_add(text, "    </Grid>\n");
}

enum rst_status rst_analysis_xdmf_write(struct rst_context *context, const struct rst_analysis *analysis,
                                        const char *path) {
  struct rst_text text = {0};
  char *sidecar = NULL;
  RST_TRY(rst_files_sibling(context, path, ".xdmf", &sidecar));
  rst_text_add(&text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Xdmf Version=\"2.0\">\n  <Domain>\n");
  if (analysis->symbol) {
    add_wave_numbers(&text, analysis, rst_files_base(path));
  }
  add_states(&text, analysis, rst_files_base(path));
  rst_text_add(&text, "  </Domain>\n</Xdmf>\n");
  const enum rst_status status = text.failed
                                     ? rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted")
                                     : rst_files_write(context, sidecar, text.bytes, text.length, false);
  rst_text_clear(&text);
  free(sidecar);
  return status;
}
