/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/xdmf.h"

#include <stdlib.h>

#include "core/core.h"
#include "core/files.h"

static const char double_head[] = "<DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\"";

static void add_escaped(struct rst_text *text, const char *string) {
  for (const char *c = string; *c; ++c) {
    const char *escaped = *c == '&'   ? "&amp;"
                          : *c == '<' ? "&lt;"
                          : *c == '>' ? "&gt;"
                          : *c == '"' ? "&quot;"
                                      : "%c";
    rst_text_add(text, escaped, *c);
  }
}

static void indent(struct rst_xdmf *xdmf) {
  rst_text_add(&xdmf->text, "%*s", 2 * xdmf->depth, "");
}

/* An element's begin, up to the end of its name. */
static void begin_named(struct rst_xdmf *xdmf, const char *element, const char *name) {
  indent(xdmf);
  rst_text_add(&xdmf->text, "<%s Name=\"", element);
  add_escaped(&xdmf->text, name);
  ++xdmf->depth;
}

static void end_element(struct rst_xdmf *xdmf, const char *element) {
  --xdmf->depth;
  indent(xdmf);
  rst_text_add(&xdmf->text, "</%s>\n", element);
}

static void add_reference(struct rst_xdmf *xdmf, const char *dataset) {
  add_escaped(&xdmf->text, rst_files_base(xdmf->path));
  rst_text_add(&xdmf->text, ":/");
  add_escaped(&xdmf->text, dataset);
  rst_text_add(&xdmf->text, "</DataItem>\n");
}

void rst_xdmf_begin(struct rst_xdmf *xdmf, const char *path) {
  *xdmf = (struct rst_xdmf){.path = path, .depth = 2};
  rst_text_add(&xdmf->text,
               "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Xdmf Version=\"2.0\">\n  <Domain>\n");
}

void rst_xdmf_begin_collection(struct rst_xdmf *xdmf, const char *name) {
  begin_named(xdmf, "Grid", name);
  rst_text_add(&xdmf->text, "\" GridType=\"Collection\" CollectionType=\"Temporal\">\n");
}

static void add_time(struct rst_xdmf *xdmf, double time) {
  indent(xdmf);
  rst_text_add(&xdmf->text, "<Time Value=\"%.17g\"/>\n", time);
}

void rst_xdmf_begin_blocks(struct rst_xdmf *xdmf, const char *name, double time) {
  begin_named(xdmf, "Grid", name);
  rst_text_add(&xdmf->text, "\" GridType=\"Collection\" CollectionType=\"Spatial\">\n");
  add_time(xdmf, time);
}

/* Cells as thick as wide, seen from a corner of the first. */
static void add_mesh(struct rst_xdmf *xdmf, const struct rst_xdmf_mesh *mesh) {
  indent(xdmf);
  rst_text_add(&xdmf->text, "<Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"2 %zu %zu\"/>\n",
               mesh->ny + 1, mesh->nx + 1);
  indent(xdmf);
  rst_text_add(&xdmf->text, "<Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n");
  ++xdmf->depth;
  indent(xdmf);
  rst_text_add(&xdmf->text, "%s Dimensions=\"3\">%.17g %.17g %.17g</DataItem>\n", double_head,
               -mesh->step_x / 2, mesh->origin_y - mesh->step_y / 2, mesh->origin_x - mesh->step_x / 2);
  indent(xdmf);
  rst_text_add(&xdmf->text, "%s Dimensions=\"3\">%.17g %.17g %.17g</DataItem>\n", double_head, mesh->step_x,
               mesh->step_y, mesh->step_x);
  end_element(xdmf, "Geometry");
}

void rst_xdmf_begin_grid(struct rst_xdmf *xdmf, const char *name, const struct rst_xdmf_mesh *mesh,
                         const double *time) {
  xdmf->ny = mesh->ny;
  xdmf->nx = mesh->nx;
  begin_named(xdmf, "Grid", name);
  rst_text_add(&xdmf->text, "\" GridType=\"Uniform\">\n");
  if (time) {
    add_time(xdmf, *time);
  }
  add_mesh(xdmf, mesh);
}

void rst_xdmf_add_attribute(struct rst_xdmf *xdmf, const struct rst_xdmf_attribute *attribute) {
  begin_named(xdmf, "Attribute", attribute->name);
  rst_text_add(&xdmf->text, "\" AttributeType=\"Scalar\" Center=\"Cell\">\n");
  indent(xdmf);
  rst_text_add(&xdmf->text,
               "<DataItem Format=\"HDF\" NumberType=\"%s\" Precision=\"%zu\" Dimensions=\"1 %zu %zu\">",
               attribute->number, attribute->size, xdmf->ny, xdmf->nx);
  add_reference(xdmf, attribute->dataset);
  end_element(xdmf, "Attribute");
}

void rst_xdmf_end_grid(struct rst_xdmf *xdmf) {
  end_element(xdmf, "Grid");
}

enum rst_status rst_xdmf_write(struct rst_xdmf *xdmf, struct rst_context *context, const char *ending,
                               bool durable) {
  RST_SCOPED char *sidecar = NULL;
  rst_text_add(&xdmf->text, "  </Domain>\n</Xdmf>\n");
  enum rst_status status = xdmf->text.failed ? rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted")
                                             : rst_files_sibling(context, xdmf->path, ending, &sidecar);
  if (status == RST_OK) {
    status = rst_files_write(context, sidecar, xdmf->text.bytes, xdmf->text.length, durable);
  }
  rst_text_clear(&xdmf->text);
  return status;
}
