/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ZIP_FILE_H
#define RST_ZIP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>

#include "restrain/context.h"

/** @file
 * Reading the members of a zip archive, stored or deflated, of any size (zip64), as numpy.savez() and savez_compressed() write
 * it; the central directory tells where they are.
 */

struct rst_zip_entry {
  char *name;
  uint64_t at;           /**< of the local header, in bytes of the file */
  uint64_t packed, size; /**< bytes in the file, and of the content */
  uint32_t crc;
  unsigned method; /**< 0 stored, 8 deflated */
};

struct rst_zip {
  struct rst_context *context;
  const char *path; /**< borrowed */
  FILE *stream;
  size_t count;
  struct rst_zip_entry *entries;
};

/** RST_ERROR_IO naming the file if it is missing or no such archive. A failed one is closed too. */
enum rst_status rst_zip_open(struct rst_context *context, const char *path, struct rst_zip *zip);
void rst_zip_close(struct rst_zip *zip);

/** A member on its way from its first byte to its last; of an archive one at a time. */
struct rst_zip_member {
  struct rst_zip *zip;
  const struct rst_zip_entry *entry;
  uint64_t left;        /**< bytes of the content that are still to come */
  uint64_t packed_left; /**< bytes of the file */
  uint32_t crc;         /**< of what has come */
  bool whole;           /**< nothing was skipped, so that the checksum can be held against the archive's */
  z_stream inflater;
  unsigned char input[1 << 14];
};

enum rst_status rst_zip_begin(struct rst_zip *zip, size_t index, struct rst_zip_member *member);
/** The next bytes. RST_ERROR_IO if the member is damaged or ends before. */
enum rst_status rst_zip_read(struct rst_zip_member *member, void *bytes, size_t size);
enum rst_status rst_zip_skip(struct rst_zip_member *member, uint64_t size);
void rst_zip_end(struct rst_zip_member *member);

#endif
