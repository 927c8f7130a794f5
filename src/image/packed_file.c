/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/packed_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "core/array.h"
#include "core/core.h"
#include "core/sizes.h"

/* Deflate makes at most this many bytes of one. */
enum { MOST_COMPRESSION = 1032, PIECE = 1 << 30 };

enum rst_status rst_packed_open(struct rst_context *context, const char *name, struct rst_packed_file *file) {
  struct stat information;
  RST_REQUIRE(
      context, stat(name, &information) == 0, RST_ERROR_IO,
      "'%s' cannot be read: %s; name a file that is there (tools/datasets gets those of the shipped cases)",
      name, strerror(errno));
  RST_REQUIRE(context, S_ISREG(information.st_mode), RST_ERROR_IO, "'%s' is a folder or device, not a file",
              name);
  gzFile stream = gzopen(name, "rb");
  RST_REQUIRE(context, stream, RST_ERROR_IO, "'%s' cannot be read: %s", name, strerror(errno));
  const size_t size = (size_t)information.st_size;
  /* Whether it is compressed shows when the first bytes have been read. */
  const bool is_plain = gzdirect(stream);
  const size_t most = size > SIZE_MAX / MOST_COMPRESSION ? SIZE_MAX : size * MOST_COMPRESSION;
  *file = (struct rst_packed_file){context, name, stream, is_plain ? size : most};
  return RST_OK;
}

void rst_packed_close(struct rst_packed_file *file) {
  if (file->stream) {
    (void)gzclose(file->stream); /* nothing was written */
    file->stream = NULL;
  }
}

enum rst_status rst_packed_read_some(struct rst_packed_file *file, void *bytes, size_t size, size_t *got) {
  *got = 0;
  while (*got < size) {
    const int read =
        gzread(file->stream, (char *)bytes + *got, (unsigned)rst_least(size - *got, (size_t)PIECE));
    if (read <= 0) {
      break;
    }
    *got += (size_t)read;
  }
  int error = Z_OK;
  const char *reason = gzerror(file->stream, &error);
  RST_REQUIRE(file->context, error != Z_BUF_ERROR, RST_ERROR_IO,
              "'%s' is truncated: its compressed data end early; fetch it again", file->name);
  RST_REQUIRE(file->context, error == Z_OK || error == Z_STREAM_END, RST_ERROR_IO,
              "'%s' is damaged (%s); fetch it again", file->name,
              error == Z_ERRNO ? strerror(errno) : reason);
  return RST_OK;
}

enum rst_status rst_packed_read(struct rst_packed_file *file, void *bytes, size_t size) {
  size_t got = 0;
  RST_TRY(rst_packed_read_some(file, bytes, size, &got));
  RST_REQUIRE(file->context, got == size, RST_ERROR_IO,
              "'%s' is truncated: it ends %zu bytes too early; fetch or write it again", file->name,
              size - got);
  return RST_OK;
}

enum rst_status rst_packed_seek(struct rst_packed_file *file, size_t at) {
  RST_REQUIRE(file->context, gzseek(file->stream, (z_off_t)at, SEEK_SET) >= 0, RST_ERROR_IO,
              "'%s' is truncated or damaged; fetch or write it again", file->name);
  return RST_OK;
}

enum rst_status rst_packed_require_end(struct rst_packed_file *file) {
  char byte = 0;
  size_t got = 0;
  RST_TRY(rst_packed_read_some(file, &byte, 1, &got));
  RST_REQUIRE(file->context, got == 0, RST_ERROR_IO,
              "'%s' is damaged: it goes on behind the numbers that its header states", file->name);
  return RST_OK;
}

enum rst_status rst_packed_read_array(struct rst_packed_file *file, struct rst_array *array) {
  size_t count = 0;
  size_t bytes = 0;
  RST_REQUIRE(file->context, rst_array_count(array, &count, &bytes) && bytes <= file->most, RST_ERROR_IO,
              "'%s' is truncated: its header states more numbers than the file can hold; fetch or write it "
              "again",
              file->name);
  RST_TRY(rst_array_allocate(file->context, array));
  enum rst_status status = rst_packed_read(file, array->data, bytes);
  if (status == RST_OK) {
    status = rst_packed_require_end(file);
  }
  if (status != RST_OK) {
    rst_array_free(array);
  }
  return status;
}
