/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/files.h"
#include "core/text.h"
#include "sweep/sweep_file_parts.h"

/* The sidecar for ParaView: one flat rectilinear mesh, the last axis along x and the first along y, with all maps. Its coordinates
 * are the file's scales, logarithmic ones included. Data items are (z, y, x), coordinates in the order x y z. */

/* Names of datasets hold nothing that XML would want escaped; the file's name may. */
static void add_reference(struct rst_text *text, const char *file, const char *dataset) {
  for (const char *c = file; *c; ++c) {
    rst_text_add(text, *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : "%c", *c);
  }
  rst_text_add(text, ":/%s</DataItem>\n", dataset);
}

static void add_axis(struct rst_text *text, const char *file, const char *dataset, size_t count) {
  rst_text_add(text,
               "        <DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"%zu\">",
               count);
  add_reference(text, file, dataset);
}

static void add_map(struct rst_text *text, const struct rst_sweep_table *table, const char *file,
                    const struct rst_sweep_column *column) {
  const size_t size = H5Tget_size(rst_sweep_column_type(column));
  const char *kind = column->numbers == RST_SWEEP_REALS   ? "Float"
                     : column->numbers == RST_SWEEP_FLAGS ? "Char"
                                                          : "Int";
  rst_text_add(text,
               "      <Attribute Name=\"%s\" AttributeType=\"Scalar\" Center=\"Node\">\n"
               "        <DataItem Format=\"HDF\" NumberType=\"%s\" Precision=\"%zu\" "
               "Dimensions=\"1 %zu %zu\">",
               column->variable.name, kind, size, table->rows, table->columns);
  add_reference(text, file, column->variable.name);
  rst_text_add(text, "      </Attribute>\n");
}

static void compose(struct rst_text *text, const struct rst_sweep_table *table, const char *file) {
  size_t count = 0;
  const struct rst_sweep_column *columns = rst_sweep_columns(&count);
  rst_text_add(text,
               "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Xdmf Version=\"2.0\">\n  <Domain>\n"
               "    <Grid Name=\"sweep\" GridType=\"Uniform\">\n"
               "      <Topology TopologyType=\"3DRectMesh\" Dimensions=\"1 %zu %zu\"/>\n"
               "      <Geometry GeometryType=\"VXVYVZ\">\n",
               table->rows, table->columns);
  add_axis(text, file, table->axes[1].name, table->columns);
  add_axis(text, file, table->axes[0].name, table->rows);
  rst_text_add(text,
               "        <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"1\">0"
               "</DataItem>\n"
               "      </Geometry>\n");
  for (size_t i = 0; i < count; ++i) {
    if (rst_sweep_column_is_stored(&columns[i], table)) {
      add_map(text, table, file, &columns[i]);
    }
  }
  rst_text_add(text, "    </Grid>\n  </Domain>\n</Xdmf>\n");
}

enum rst_status rst_sweep_xdmf_write(struct rst_context *context, const struct rst_sweep_table *table,
                                     const char *path) {
  struct rst_text text = {0};
  char *sidecar = NULL;
  RST_TRY(rst_files_sibling(context, path, ".xdmf", &sidecar));
  compose(&text, table, rst_files_base(path));
  const enum rst_status status = text.failed
                                     ? rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted")
                                     : rst_files_write(context, sidecar, text.bytes, text.length, false);
  rst_text_clear(&text);
  free(sidecar);
  return status;
}
