/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/run_file_parts.h"
#include "core/files.h"
#include "core/text.h"
#include "hdf5/support.h"

/* The sidecar for ParaView: a temporal collection of flat rectilinear meshes. Axes are in the order z y x; a
 * 2DCoRectMesh would lie in the yz plane. */

static void add_escaped(struct rst_text *text, const char *string) {
  for (const char *c = string; *c; ++c) {
    switch (*c) {
    case '&':
      rst_text_add(text, "&amp;");
      break;
    case '<':
      rst_text_add(text, "&lt;");
      break;
    case '>':
      rst_text_add(text, "&gt;");
      break;
    case '"':
      rst_text_add(text, "&quot;");
      break;
    default:
      rst_text_add(text, "%c", *c);
    }
  }
}

static void add_attribute(struct rst_text *text, const struct rst_run_file *file, size_t field,
                          size_t index) {
  char view[RST_VIEW_NAME_LENGTH];
  rst_view_name(view, file->names[field], index);
  rst_text_add(text, "        <Attribute Name=\"");
  add_escaped(text, file->names[field]);
  rst_text_add(text,
               "\" AttributeType=\"Scalar\" Center=\"Node\">\n"
               "          <DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"%zu\" "
               "Dimensions=\"1 %zu %zu\">",
               rst_precision_size(file->precision), file->ny, file->nx);
  add_escaped(text, rst_files_base(file->path));
  rst_text_add(text, ":/");
  add_escaped(text, view);
  rst_text_add(text, "</DataItem>\n        </Attribute>\n");
}

/* The points of a field's axes. */
struct grid {
  enum rst_axes axes;
  double origin_y, origin_x, step_y, step_x;
};

static struct grid make_grid(const struct rst_run_file *file, enum rst_axes axes) {
  if (axes == RST_AXES_SPACE) {
    return (struct grid){axes, 0.0, 0.0, file->spacing, file->spacing};
  }
  struct grid grid = {.axes = axes};
  rst_run_file_wave_numbers(file, file->ny, &grid.origin_y, &grid.step_y);
  rst_run_file_wave_numbers(file, file->nx, &grid.origin_x, &grid.step_x);
  return grid;
}

static void add_snapshot(struct rst_text *text, const struct rst_run_file *file, const struct grid *grid,
                         size_t index, double time) {
  rst_text_add(text,
               "      <Grid Name=\"snapshot %zu\" GridType=\"Uniform\">\n"
               "        <Time Value=\"%.17g\"/>\n"
               "        <Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"1 %zu %zu\"/>\n"
               "        <Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n"
               "          <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">0 "
               "%.17g %.17g</DataItem>\n"
               "          <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">1 "
               "%.17g %.17g</DataItem>\n"
               "        </Geometry>\n",
               index, time, file->ny, file->nx, grid->origin_y, grid->origin_x, grid->step_y, grid->step_x);
  for (size_t field = 0; field < file->field_count; ++field) {
    if (file->field_axes[field] == grid->axes) {
      add_attribute(text, file, field, index);
    }
  }
  rst_text_add(text, "      </Grid>\n");
}

static enum rst_status compose(struct rst_run_file *file, enum rst_axes axes, struct rst_text *text) {
  const struct grid grid = make_grid(file, axes);
  const size_t count = file->views.snapshots;
  void *times = NULL;
  RST_TRY(rst_allocate(file->context, count, sizeof(double), &times));
  if (!rst_column_read(&file->time, 0, 1, 0, count, H5T_NATIVE_DOUBLE, times)) {
    const enum rst_status status = rst_hdf5_fail(file->context, "%s: /time cannot be read", file->path);
    free(times);
    return status;
  }
  rst_text_add(text,
               "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
               "<Xdmf Version=\"2.0\">\n  <Domain>\n"
               "    <Grid Name=\"snapshots\" GridType=\"Collection\" CollectionType=\"Temporal\">\n");
  for (size_t index = 0; index < count; ++index) {
    add_snapshot(text, file, &grid, index, ((const double *)times)[index]);
  }
  rst_text_add(text, "    </Grid>\n  </Domain>\n</Xdmf>\n");
  free(times);
  RST_REQUIRE(file->context, !text->failed, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

static enum rst_status write_sidecar(struct rst_run_file *file, enum rst_axes axes, const char *ending,
                                     bool durable) {
  struct rst_text text = {0};
  char *path = NULL;
  enum rst_status status = rst_files_sibling(file->context, file->path, ending, &path);
  if (status == RST_OK) {
    status = compose(file, axes, &text);
  }
  if (status == RST_OK) {
    status = rst_files_write(file->context, path, text.bytes, text.length, durable);
  }
  rst_text_clear(&text);
  free(path);
  return status;
}

enum rst_status rst_xdmf_write(struct rst_run_file *file, bool durable) {
  RST_TRY(write_sidecar(file, RST_AXES_SPACE, ".xdmf", durable));
  return file->has_wave_numbers ? write_sidecar(file, RST_AXES_WAVE_NUMBERS, ".spectrum.xdmf", durable)
                                : RST_OK;
}
