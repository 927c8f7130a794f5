/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "follow/tensor_file.h"
#include "image/safetensors.h"

static enum rst_status open_safetensors(struct rst_tensor_file *file) {
  struct rst_safetensors *opened = NULL;
  RST_TRY(rst_safetensors_open(file->context, file->path, &opened));
  file->source = opened;
  for (size_t i = 0; i < rst_safetensors_count(opened); ++i) {
    const char *name = NULL;
    struct rst_array array;
    RST_TRY(rst_safetensors_describe(opened, i, &name, &array));
    RST_TRY(name ? rst_tensor_file_add(file, name, &array, true) : RST_OK);
  }
  return RST_OK;
}

static enum rst_status read_safetensors(struct rst_tensor_file *file, size_t tensor, size_t first,
                                        size_t count, double *values) {
  return rst_safetensors_read_part(file->source, file->tensors[tensor].name, first, count, values);
}

static void close_safetensors(struct rst_tensor_file *file) {
  struct rst_safetensors *opened = file->source;
  rst_safetensors_close(&opened);
}

const struct rst_tensor_file_type rst_tensor_file_safetensors = {".safetensors", open_safetensors,
                                                                 read_safetensors, close_safetensors};
