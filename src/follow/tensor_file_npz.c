/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/core.h"
#include "core/sizes.h"
#include "data/npy.h"
#include "follow/tensor_file.h"
#include "follow/zip_file.h"

struct npz {
  struct rst_zip zip;
  size_t *entries; /* of the tensors */
};

static enum rst_status read_member(void *user, void *bytes, size_t size) {
  return rst_zip_read(user, bytes, size);
}

static enum rst_status read_header(struct rst_tensor_file *file, size_t entry, struct rst_zip_member *member,
                                   struct rst_array *array) {
  struct npz *npz = file->source;
  const struct rst_npy_stream stream = {file->context, file->path, read_member, member};
  RST_TRY(rst_zip_begin(&npz->zip, entry, member));
  return rst_npy_read_header(&stream, array);
}

/* "0.weight.npy" is the array 0.weight. */
static enum rst_status list_entry(struct rst_tensor_file *file, size_t entry, struct rst_zip_member *member) {
  struct npz *npz = file->source;
  char *name = npz->zip.entries[entry].name;
  const size_t length = strlen(name);
  struct rst_array array = {0};
  if (length <= 4 || strcmp(name + length - 4, ".npy") != 0) {
    return RST_OK;
  }
  enum rst_status status = read_header(file, entry, member, &array);
  rst_zip_end(member);
  if (status == RST_OK) {
    name[length - 4] = '\0';
    npz->entries[file->count] = entry;
    status = rst_tensor_file_add(file, name, &array, true);
  }
  return status;
}

static enum rst_status open_npz(struct rst_tensor_file *file) {
  struct npz *npz = NULL;
  RST_SCOPED struct rst_zip_member *member = NULL;
  RST_TRY(RST_NEW(file->context, 1, &npz));
  file->source = npz;
  RST_TRY(RST_NEW(file->context, 1, &member));
  RST_TRY(rst_zip_open(file->context, file->path, &npz->zip));
  RST_TRY(RST_NEW(file->context, npz->zip.count + 1, &npz->entries));
  for (size_t entry = 0; entry < npz->zip.count; ++entry) {
    RST_TRY(list_entry(file, entry, member));
  }
  return RST_OK;
}

static enum rst_status read_part(struct rst_tensor_file *file, struct rst_zip_member *member, size_t tensor,
                                 size_t first, size_t count, double *values) {
  enum { PIECE = 1 << 14 };
  const struct npz *npz = file->source;
  struct rst_array array;
  RST_SCOPED double *piece = NULL;
  RST_TRY(RST_NEW(file->context, PIECE, &piece));
  RST_TRY(read_header(file, npz->entries[tensor], member, &array));
  const size_t size = rst_element_facts(array.element)->size;
  array.data = piece;
  RST_TRY(rst_zip_skip(member, (uint64_t)first * size));
  for (size_t done = 0; done < count; done += PIECE) {
    const size_t part = rst_least(count - done, PIECE);
    RST_TRY(rst_zip_read(member, piece, part * size));
    rst_array_read(&array, 0, part, values + done);
  }
  return RST_OK;
}

static enum rst_status read_npz(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                                double *values) {
  RST_SCOPED struct rst_zip_member *member = NULL;
  RST_TRY(RST_NEW(file->context, 1, &member));
  const enum rst_status status = read_part(file, member, tensor, first, count, values);
  rst_zip_end(member);
  return status;
}

static void close_npz(struct rst_tensor_file *file) {
  struct npz *npz = file->source;
  if (npz) {
    rst_zip_close(&npz->zip);
    free(npz->entries);
  }
  free(npz);
}

const struct rst_tensor_file_type rst_tensor_file_npz = {".npz", open_npz, read_npz, close_npz};
