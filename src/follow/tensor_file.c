/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/tensor_file.h"

#include <string.h>

#include "core/core.h"

static const struct rst_tensor_file_type *const kinds[] = {
    &rst_tensor_file_npy, &rst_tensor_file_npz, &rst_tensor_file_safetensors, &rst_tensor_file_hdf5};

static bool ends_in(const char *path, const char *ending) {
  const size_t length = strlen(path);
  return length > strlen(ending) && strcmp(path + length - strlen(ending), ending) == 0;
}

const struct rst_tensor_file_type *rst_tensor_file_kind(const char *path) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    if (ends_in(path, kinds[i]->ending)) {
      return kinds[i];
    }
  }
  return &rst_tensor_file_hdf5;
}

bool rst_tensor_file_is_known(const char *path) {
  return ends_in(path, rst_tensor_file_kind(path)->ending) || ends_in(path, ".hdf5");
}

enum rst_status rst_tensor_file_open(struct rst_context *context, const char *path,
                                     struct rst_tensor_file **file) {
  struct rst_tensor_file *made = NULL;
  *file = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  made->type = rst_tensor_file_kind(path);
  enum rst_status status = rst_format(context, &made->path, "%s", path);
  if (status == RST_OK) {
    status = made->type->open(made);
  }
  if (status != RST_OK) {
    rst_tensor_file_close(&made);
    return status;
  }
  *file = made;
  return RST_OK;
}

void rst_tensor_file_close(struct rst_tensor_file **file) {
  struct rst_tensor_file *old = *file;
  if (!old) {
    return;
  }
  old->type->close(old);
  for (size_t i = 0; i < old->count; ++i) {
    free(old->tensors[i].name);
  }
  free(old->tensors);
  free(old->path);
  free(old);
  *file = NULL;
}

size_t rst_tensor_file_find(const struct rst_tensor_file *file, const char *name) {
  size_t i = 0;
  while (i < file->count && strcmp(file->tensors[i].name, name) != 0) {
    ++i;
  }
  return i;
}

enum rst_status rst_tensor_file_read(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                                     double *values) {
  return file->type->read(file, tensor, first, count, values);
}

static enum rst_status reserve(struct rst_tensor_file *file) {
  const size_t capacity = 2 * file->capacity + 8;
  if (file->count < file->capacity) {
    return RST_OK;
  }
  struct rst_tensor_shape *grown = realloc(file->tensors, capacity * sizeof *grown);
  RST_REQUIRE(file->context, grown, RST_ERROR_MEMORY, "memory is exhausted");
  file->tensors = grown;
  file->capacity = capacity;
  return RST_OK;
}

enum rst_status rst_tensor_file_add(struct rst_tensor_file *file, const char *name,
                                    const struct rst_array *array, bool is_weights) {
  const struct rst_element_facts *facts = rst_element_facts(array->element);
  struct rst_tensor_shape made = {.rank = array->rank,
                                  .is_coarse = !facts->is_integer && facts->size < sizeof(double),
                                  .is_weights = is_weights};
  size_t bytes = 0;
  RST_REQUIRE(file->context, rst_array_count(array, &made.count, &bytes), RST_ERROR_IO,
              "%s: %s would have more numbers than can be counted", file->path, name);
  if (array->rank == 0 || made.count == 0) {
    return RST_OK;
  }
  memcpy(made.dims, array->dims, sizeof made.dims);
  RST_TRY(reserve(file));
  RST_TRY(rst_format(file->context, &made.name, "%s", name));
  file->tensors[file->count++] = made;
  return RST_OK;
}
