/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PACKED_FILE_H
#define RST_PACKED_FILE_H

#include <stddef.h>

#include "restrain/context.h"

/** @file
 * Reading a file that may be compressed by gzip; that is told by its content.
 */

struct rst_packed_file {
  struct rst_context *context;
  const char *name;
  void *stream;
  size_t most; /**< bytes that it can hold at most, by its size on the disk */
};

/** RST_ERROR_IO for a file that is missing, unreadable or a folder. */
enum rst_status rst_packed_open(struct rst_context *context, const char *name, struct rst_packed_file *file);
void rst_packed_close(struct rst_packed_file *file);

/** Read up to `size` bytes; `got` is less at the end of the file only. RST_ERROR_IO for a damaged one. */
enum rst_status rst_packed_read_some(struct rst_packed_file *file, void *bytes, size_t size, size_t *got);
/** Read `size` bytes; RST_ERROR_IO if the file ends before. */
enum rst_status rst_packed_read(struct rst_packed_file *file, void *bytes, size_t size);
/** Go to a byte of the content; cheap where the file is not compressed. */
enum rst_status rst_packed_seek(struct rst_packed_file *file, size_t at);
/** RST_ERROR_IO unless all has been read. */
enum rst_status rst_packed_require_end(struct rst_packed_file *file);

struct rst_array;
/** Allocate the array and read its elements, which must be the rest of the file. No memory is asked for that the file
 * could not fill. */
enum rst_status rst_packed_read_array(struct rst_packed_file *file, struct rst_array *array);

#endif
