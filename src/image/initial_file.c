/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/core.h"
#include "core/files.h"
#include "core/text.h"
#include "hdf5/read_array.h"
#include "image/initial_kinds.h"
#include "image/safetensors.h"

/** @file
 * Initial states from files: one plane, or a group with a dataset for every tensor, or a safetensors file.
 */

static enum rst_status copy_to_planes(struct rst_context *context, const char *file,
                                      const struct rst_field *read, const struct rst_layout *layout,
                                      struct rst_field *values) {
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    for (size_t j = 0; j < rst_tensor_planes(&layout->tensors[i]); ++j) {
      struct rst_field plane = rst_layout_plane(layout, values, i, j);
      RST_REQUIRE(context, read->ny == plane.ny && read->nx == plane.nx, RST_ERROR_ARGUMENT,
                  "'%s' holds %zu x %zu points, the initial state needs %zu x %zu", file, read->ny, read->nx,
                  plane.ny, plane.nx);
      rst_field_copy(read, &plane);
    }
  }
  return RST_OK;
}

static enum rst_status read_planes(struct rst_context *context, const char *file,
                                   const struct rst_layout *layout, struct rst_field *values) {
  struct rst_field *read = NULL;
  RST_TRY(rst_image_read(context, file, RST_IMAGE_MOST_POINTS, &read));
  const enum rst_status status = copy_to_planes(context, file, read, layout, values);
  rst_field_destroy(&read);
  return status;
}

/* "32 x 3 x 5 x 5" */
static char *shape_text(int rank, const size_t *dims) {
  struct rst_text text = {0};
  for (int axis = 0; axis < rank; ++axis) {
    rst_text_add(&text, "%s%zu", axis ? " x " : "", dims[axis]);
  }
  return rst_text_take(&text);
}

static enum rst_status require_shape(struct rst_context *context, const char *file, const char *name,
                                     const struct rst_array *array, const struct rst_tensor *tensor) {
  int extra = array->rank - tensor->rank;
  const size_t *dims = array->dims;
  for (; extra > 0 && *dims == 1; --extra) {
    ++dims;
  }
  if (extra == 0 && memcmp(dims, tensor->dims, (size_t)tensor->rank * sizeof *dims) == 0) {
    return RST_OK;
  }
  char *found = shape_text(array->rank, array->dims);
  char *wanted = shape_text(tensor->rank, tensor->dims);
  const enum rst_status status = rst_fail(context, RST_ERROR_ARGUMENT, "%s: %s is %s, the state needs %s",
                                          file, name, found ? found : "", wanted ? wanted : "");
  free(found);
  free(wanted);
  return status;
}

/* Take over an array that has been read, if its shape is the tensor's. */
static enum rst_status take_array(struct rst_context *context, const char *file, const char *name,
                                  const struct rst_array *array, const struct rst_tensor *tensor,
                                  struct rst_field *values) {
  RST_TRY(require_shape(context, file, name, array, tensor));
  rst_array_read(array, 0, rst_tensor_count(tensor), (double *)values->data + tensor->offset);
  return RST_OK;
}

static enum rst_status read_safetensors(struct rst_context *context, const char *name,
                                        const struct rst_layout *layout, struct rst_field *values) {
  struct rst_safetensors *file = NULL;
  RST_TRY(rst_safetensors_open(context, name, &file));
  enum rst_status status = RST_OK;
  for (size_t i = 0; status == RST_OK && i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    struct rst_array array;
    status = rst_safetensors_read(file, tensor->name, &array);
    if (status == RST_OK) {
      status = take_array(context, name, tensor->name, &array, tensor, values);
    }
    rst_array_free(&array);
  }
  rst_safetensors_close(&file);
  return status;
}

static enum rst_status read_tensor(struct rst_context *context, const char *file, const char *group,
                                   const struct rst_tensor *tensor, struct rst_field *values) {
  char *name = NULL;
  struct rst_array array = {0};
  const bool is_open = group[strlen(group) - 1] != '/';
  RST_TRY(rst_format(context, &name, "%s%s%s", group, is_open ? "/" : "", tensor->name));
  enum rst_status status = rst_hdf5_read_array(context, file, name, &array);
  if (status == RST_OK) {
    status = take_array(context, file, name, &array, tensor, values);
  }
  rst_array_free(&array);
  free(name);
  return status;
}

enum rst_status rst_initial_fill_file(struct rst_context *context,
                                      const struct rst_initial_parameters *parameters,
                                      const struct rst_layout *layout, struct rst_field *values) {
  char *file = NULL;
  char *group = NULL;
  const char *name = parameters->file ? parameters->file : "";
  RST_TRY(rst_files_split_dataset(context, name, &file, &group));
  const char *in = file ? file : name;
  const char *path = file ? group : "/";
  enum rst_status status = RST_OK;
  if (rst_is_safetensors(in)) {
    status = read_safetensors(context, in, layout, values);
  } else if (rst_hdf5_is_group(context, in, path)) {
    for (size_t i = 0; status == RST_OK && i < layout->tensor_count; ++i) {
      status = read_tensor(context, in, path, &layout->tensors[i], values);
    }
  } else {
    status = read_planes(context, name, layout, values);
  }
  rst_field_scale(parameters->scale, values);
  free(file);
  free(group);
  return status;
}
