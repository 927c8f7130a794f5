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
  const struct rst_image_file given = {.name = file, .most_points = RST_IMAGE_MOST_POINTS};
  struct rst_image_levels levels;
  struct rst_field *read = NULL;
  RST_TRY(rst_image_read_levels(context, &given, false, &levels, &read));
  rst_image_map(&levels, read);
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

/* A group of datasets with the tensors' names. */
struct group {
  struct rst_context *context;
  const char *file, *path;
  size_t snapshots; /* of a run, whose axis comes first; 1 where there is none */
  size_t chosen;    /* of them */
};

static enum rst_status read_dataset(const struct group *group, const char *name, char **full,
                                    struct rst_array *array) {
  const bool is_open = group->path[strlen(group->path) - 1] != '/';
  RST_TRY(rst_format(group->context, full, "%s%s%s", group->path, is_open ? "/" : "", name));
  return rst_hdf5_read_array(group->context, group->file, *full, array);
}

static size_t count_snapshots(const struct group *group) {
  char *full = NULL;
  struct rst_array time = {0};
  const enum rst_status status = read_dataset(group, "time", &full, &time);
  const size_t count = status == RST_OK && time.rank == 1 && time.dims[0] > 0 ? time.dims[0] : 1;
  rst_array_free(&time);
  free(full);
  return count;
}

/* Axes of length 1, or that of the snapshots, may come before the tensor's. */
static enum rst_status require_shape(const struct group *group, const char *name,
                                     const struct rst_array *array, const struct rst_tensor *tensor) {
  int extra = array->rank - tensor->rank;
  const size_t *dims = array->dims;
  for (; extra > 0 && (*dims == 1 || (extra == 1 && *dims == group->snapshots)); --extra) {
    ++dims;
  }
  if (extra == 0 && memcmp(dims, tensor->dims, (size_t)tensor->rank * sizeof *dims) == 0) {
    return RST_OK;
  }
  char *found = shape_text(array->rank, array->dims);
  char *wanted = shape_text(tensor->rank, tensor->dims);
  const enum rst_status status =
      rst_fail(group->context, RST_ERROR_ARGUMENT, "%s: %s is %s, the state needs %s", group->file, name,
               found ? found : "", wanted ? wanted : "");
  free(found);
  free(wanted);
  return status;
}

/* Take over an array that has been read; of a run the chosen snapshot. */
static enum rst_status take_array(const struct group *group, const char *name, const struct rst_array *array,
                                  const struct rst_tensor *tensor, struct rst_field *values) {
  const size_t count = rst_tensor_count(tensor);
  size_t stored = 0;
  size_t bytes = 0;
  RST_TRY(require_shape(group, name, array, tensor));
  rst_array_count(array, &stored, &bytes);
  const bool is_series = stored > count;
  rst_array_read(array, is_series ? group->chosen * count : 0, count,
                 (double *)values->data + tensor->offset);
  return RST_OK;
}

static enum rst_status read_safetensors(const struct group *group, const struct rst_layout *layout,
                                        struct rst_field *values) {
  struct rst_safetensors *file = NULL;
  RST_TRY(rst_safetensors_open(group->context, group->file, &file));
  enum rst_status status = RST_OK;
  for (size_t i = 0; status == RST_OK && i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    struct rst_array array;
    status = rst_safetensors_read(file, tensor->name, &array);
    if (status == RST_OK) {
      status = take_array(group, tensor->name, &array, tensor, values);
    }
    rst_array_free(&array);
  }
  rst_safetensors_close(&file);
  return status;
}

static enum rst_status read_tensor(const struct group *group, const struct rst_tensor *tensor,
                                   struct rst_field *values) {
  char *full = NULL;
  struct rst_array array = {0};
  enum rst_status status = read_dataset(group, tensor->name, &full, &array);
  if (status == RST_OK) {
    status = take_array(group, full, &array, tensor, values);
  }
  rst_array_free(&array);
  free(full);
  return status;
}

static enum rst_status read_tensors(struct group *group, const struct rst_layout *layout, long snapshot,
                                    struct rst_field *values) {
  group->snapshots = count_snapshots(group);
  const long count = (long)group->snapshots;
  RST_REQUIRE(
      group->context, snapshot >= -count && snapshot < count, RST_ERROR_ARGUMENT,
      "%s has %ld snapshot%s; the initial one, %ld, is none (they count from 0, or from -1 backwards)",
      group->file, count, count == 1 ? "" : "s", snapshot);
  group->chosen = (size_t)(snapshot < 0 ? count + snapshot : snapshot);
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    RST_TRY(read_tensor(group, &layout->tensors[i], values));
  }
  return RST_OK;
}

/* The state of a run may be named itself, run.h5:/kernel: its snapshots are those of the group that it is in, which takes the place
 * of `path`. */
static bool leave_state(struct group *group, const struct rst_layout *layout, char *path) {
  char *slash = path ? strrchr(path, '/') : NULL;
  if (!slash || layout->tensor_count != 1 || strcmp(slash + 1, layout->tensors[0].name) != 0) {
    return false;
  }
  struct group parent = *group;
  parent.path = "/";
  if (slash > path) {
    *slash = '\0';
    parent.path = path;
  }
  if (count_snapshots(&parent) > 1) {
    *group = parent;
    return true;
  }
  *slash = '/';
  return false;
}

enum rst_status rst_initial_fill_file(struct rst_context *context,
                                      const struct rst_initial_parameters *parameters,
                                      const struct rst_layout *layout, struct rst_field *values) {
  char *file = NULL;
  char *group = NULL;
  const char *name = parameters->file ? parameters->file : "";
  RST_TRY(rst_files_split_dataset(context, name, &file, &group));
  struct group tensors = {context, file ? file : name, file ? group : "/", 1, 0};
  enum rst_status status = RST_OK;
  if (rst_is_safetensors(tensors.file)) {
    status = read_safetensors(&tensors, layout, values);
  } else if (rst_hdf5_is_group(context, tensors.file, tensors.path) || leave_state(&tensors, layout, group)) {
    status = read_tensors(&tensors, layout, parameters->snapshot, values);
  } else {
    status = read_planes(context, name, layout, values);
  }
  rst_field_scale(parameters->scale, values);
  free(file);
  free(group);
  return status;
}
