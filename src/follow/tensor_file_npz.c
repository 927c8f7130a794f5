/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <zip.h>

#include "core/core.h"
#include "core/sizes.h"
#include "follow/tensor_file.h"
#include "image/npy.h"

struct npz {
  zip_t *archive;
  zip_uint64_t *entries; /* of the tensors */
};

/* A member on its way from its first byte to its last. */
struct member {
  const struct rst_tensor_file *file;
  const char *name; /* for messages */
  zip_file_t *stream;
  bool is_stored; /* not compressed */
};

static enum rst_status fail(const struct member *member) {
  return rst_fail(member->file->context, RST_ERROR_IO, "%s: %s is damaged or cut short; write it again",
                  member->file->path, member->name);
}

static enum rst_status read_bytes(void *user, void *bytes, size_t size) {
  const struct member *member = user;
  const zip_int64_t read = zip_fread(member->stream, bytes, size);
  return read == (zip_int64_t)size ? RST_OK : fail(member);
}

/* What is compressed has to be read to be passed. */
static enum rst_status skip(const struct member *member, size_t size) {
  unsigned char passed[1 << 12];
  if (member->is_stored) {
    return zip_fseek(member->stream, (zip_int64_t)size, SEEK_CUR) == 0 ? RST_OK : fail(member);
  }
  while (size > 0) {
    const zip_int64_t read = zip_fread(member->stream, passed, rst_least(size, sizeof passed));
    if (read <= 0) {
      return fail(member);
    }
    size -= (size_t)read;
  }
  return RST_OK;
}

/* Up to the first number. */
static enum rst_status begin(const struct rst_tensor_file *file, zip_uint64_t entry, struct member *member,
                             struct rst_array *array) {
  const struct npz *npz = file->source;
  const struct rst_npy_stream stream = {file->context, file->path, read_bytes, member};
  *member = (struct member){file, zip_get_name(npz->archive, entry, 0), NULL, false};
  zip_stat_t facts;
  member->stream = zip_fopen_index(npz->archive, entry, 0);
  RST_REQUIRE(file->context, member->stream, RST_ERROR_IO, "%s: %s cannot be read: %s", file->path,
              member->name, zip_strerror(npz->archive));
  member->is_stored = zip_stat_index(npz->archive, entry, 0, &facts) == 0 &&
                      (facts.valid & ZIP_STAT_COMP_METHOD) != 0 && facts.comp_method == ZIP_CM_STORE;
  return rst_npy_read_header(&stream, array);
}

static void end(struct member *member) {
  if (member->stream) {
    (void)zip_fclose(member->stream);
  }
}

/* "0.weight.npy" is the array 0.weight. */
static enum rst_status list_entry(struct rst_tensor_file *file, zip_uint64_t entry) {
  struct npz *npz = file->source;
  const char *full = zip_get_name(npz->archive, entry, 0);
  const size_t length = full ? strlen(full) : 0;
  struct rst_array array = {0};
  struct member member;
  RST_SCOPED char *name = NULL;
  if (length <= 4 || strcmp(full + length - 4, ".npy") != 0) {
    return RST_OK;
  }
  RST_TRY(rst_format(file->context, &name, "%.*s", (int)(length - 4), full));
  const enum rst_status status = begin(file, entry, &member, &array);
  end(&member);
  RST_TRY(status);
  npz->entries[file->count] = entry;
  return rst_tensor_file_add(file, name, &array, true);
}

static enum rst_status open_npz(struct rst_tensor_file *file) {
  struct npz *npz = NULL;
  int code = 0;
  RST_TRY(RST_NEW(file->context, 1, &npz));
  file->source = npz;
  npz->archive = zip_open(file->path, ZIP_RDONLY, &code);
  if (!npz->archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    (void)rst_fail(file->context, RST_ERROR_IO, "%s cannot be read: %s", file->path,
                   zip_error_strerror(&error));
    zip_error_fini(&error);
    return RST_ERROR_IO;
  }
  const zip_uint64_t count = (zip_uint64_t)zip_get_num_entries(npz->archive, 0);
  RST_TRY(RST_NEW(file->context, count + 1, &npz->entries));
  for (zip_uint64_t entry = 0; entry < count; ++entry) {
    RST_TRY(list_entry(file, entry));
  }
  return RST_OK;
}

static enum rst_status read_part(struct member *member, const struct rst_array *header, size_t first,
                                 size_t count, double *values) {
  enum { PIECE = 1 << 14 };
  struct rst_array array = *header;
  RST_SCOPED double *piece = NULL;
  RST_TRY(RST_NEW(member->file->context, PIECE, &piece));
  const size_t size = rst_element_facts(array.element)->size;
  array.data = piece;
  RST_TRY(skip(member, first * size));
  for (size_t done = 0; done < count; done += PIECE) {
    const size_t part = rst_least(count - done, PIECE);
    RST_TRY(read_bytes(member, piece, part * size));
    rst_array_read(&array, 0, part, values + done);
  }
  return RST_OK;
}

/* Checksums are compared where a member has been read to its end. */
static enum rst_status check_end(const struct member *member, bool at_end) {
  unsigned char beyond;
  return !at_end || zip_fread(member->stream, &beyond, 1) == 0 ? RST_OK : fail(member);
}

static enum rst_status read_npz(struct rst_tensor_file *file, size_t tensor, size_t first, size_t count,
                                double *values) {
  const struct npz *npz = file->source;
  struct member member;
  struct rst_array array = {0};
  enum rst_status status = begin(file, npz->entries[tensor], &member, &array);
  if (status == RST_OK) {
    status = read_part(&member, &array, first, count, values);
  }
  if (status == RST_OK) {
    status = check_end(&member, first + count == file->tensors[tensor].count);
  }
  end(&member);
  return status;
}

static void close_npz(struct rst_tensor_file *file) {
  struct npz *npz = file->source;
  if (npz) {
    if (npz->archive) {
      zip_discard(npz->archive);
    }
    free(npz->entries);
  }
  free(npz);
}

const struct rst_tensor_file_type rst_tensor_file_npz = {".npz", open_npz, read_npz, close_npz};
