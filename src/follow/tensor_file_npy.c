/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/core.h"
#include "core/sizes.h"
#include "follow/tensor_file.h"
#include "image/npy.h"
#include "image/packed_file.h"

struct npy {
  struct rst_packed_file file;
  size_t header; /* bytes before the numbers */
  struct rst_array array;
};

static enum rst_status read_header(void *user, void *bytes, size_t size) {
  struct npy *npy = user;
  npy->header += size;
  return rst_packed_read(&npy->file, bytes, size);
}

static enum rst_status open_npy(struct rst_tensor_file *file) {
  struct npy *npy = NULL;
  size_t count = 0;
  size_t bytes = 0;
  RST_TRY(RST_NEW(file->context, 1, &npy));
  file->source = npy;
  const struct rst_npy_stream stream = {file->context, file->path, read_header, npy};
  RST_TRY(rst_packed_open(file->context, file->path, &npy->file));
  RST_TRY(rst_npy_read_header(&stream, &npy->array));
  RST_REQUIRE(file->context,
              rst_array_count(&npy->array, &count, &bytes) && bytes <= npy->file.most - npy->header,
              RST_ERROR_IO, "'%s' is truncated: its header states more numbers than it holds; write it again",
              file->path);
  return rst_tensor_file_add(file, "weights", &npy->array, true);
}

static enum rst_status read_npy(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                                double *values) {
  enum { PIECE = 1 << 14 };
  struct npy *npy = file->source;
  const size_t size = rst_element_facts(npy->array.element)->size;
  RST_SCOPED double *piece = NULL;
  (void)tensor;
  RST_TRY(RST_NEW(file->context, PIECE, &piece));
  const struct rst_array array = {.element = npy->array.element, .data = piece};
  RST_TRY(rst_packed_seek(&npy->file, npy->header + first * size));
  for (size_t done = 0; done < count; done += PIECE) {
    const size_t part = rst_least(count - done, PIECE);
    RST_TRY(rst_packed_read(&npy->file, piece, part * size));
    rst_array_read(&array, 0, part, values + done);
  }
  return RST_OK;
}

static void close_npy(struct rst_tensor_file *file) {
  struct npy *npy = file->source;
  if (npy) {
    rst_packed_close(&npy->file);
  }
  free(npy);
}

const struct rst_tensor_file_type rst_tensor_file_npy = {".npy", open_npy, read_npy, close_npy};
