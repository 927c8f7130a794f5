/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/zip_file.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/sizes.h"

enum {
  END_BYTES = 22,
  LOCATOR_BYTES = 20,
  END64_BYTES = 56,
  CENTRAL_BYTES = 46,
  LOCAL_BYTES = 30,
  MOST_COMMENT = 65535
};
enum {
  END_SIGNATURE = 0x06054b50,
  LOCATOR_SIGNATURE = 0x07064b50,
  END64_SIGNATURE = 0x06064b50,
  CENTRAL_SIGNATURE = 0x02014b50,
  LOCAL_SIGNATURE = 0x04034b50
};
enum { STORED = 0, DEFLATED = 8, ENCRYPTED = 1, ZIP64_EXTRA = 1 };
static const uint64_t in_extra = 0xffffffff; /* a number that is in the zip64 part instead */

static uint64_t number(const unsigned char *bytes, int count) {
  uint64_t value = 0;
  for (int i = count; i > 0; --i) {
    value = value << 8 | bytes[i - 1];
  }
  return value;
}

static enum rst_status fail(const struct rst_zip *zip) {
  (void)rst_fail(zip->context, RST_ERROR_IO, "%s is no whole .npz file; write it again", zip->path);
  return RST_ERROR_IO;
}

static enum rst_status read_at(const struct rst_zip *zip, uint64_t at, void *bytes, size_t size) {
  if (at > INT64_MAX || fseek(zip->stream, (long)at, SEEK_SET) != 0 ||
      fread(bytes, 1, size, zip->stream) != size) {
    return fail(zip);
  }
  return RST_OK;
}

/* Where the central directory is. */
struct directory {
  uint64_t at, size, count;
};

static enum rst_status find_directory64(const struct rst_zip *zip, uint64_t end, struct directory *found) {
  unsigned char locator[LOCATOR_BYTES];
  unsigned char record[END64_BYTES];
  RST_TRY(end < LOCATOR_BYTES ? fail(zip) : read_at(zip, end - LOCATOR_BYTES, locator, sizeof locator));
  RST_TRY(number(locator, 4) == LOCATOR_SIGNATURE
              ? read_at(zip, number(locator + 8, 8), record, sizeof record)
              : fail(zip));
  *found = (struct directory){number(record + 48, 8), number(record + 40, 8), number(record + 32, 8)};
  return number(record, 4) == END64_SIGNATURE ? RST_OK : fail(zip);
}

static enum rst_status find_directory(const struct rst_zip *zip, uint64_t size, struct directory *found) {
  const size_t length = (size_t)(size < END_BYTES + MOST_COMMENT ? size : END_BYTES + MOST_COMMENT);
  RST_SCOPED unsigned char *tail = NULL;
  RST_TRY(RST_NEW(zip->context, length + 1, &tail));
  RST_TRY(read_at(zip, size - length, tail, length));
  size_t at = length;
  do {
    RST_TRY(at < END_BYTES || length - at > END_BYTES + MOST_COMMENT ? fail(zip) : RST_OK);
    --at;
  } while (length - at < END_BYTES || number(tail + at, 4) != END_SIGNATURE);
  *found =
      (struct directory){number(tail + at + 16, 4), number(tail + at + 12, 4), number(tail + at + 10, 2)};
  return found->at == in_extra || found->size == in_extra || found->count == 0xffff
             ? find_directory64(zip, size - length + at, found)
             : RST_OK;
}

/* Numbers that did not fit stand there, in this order. */
static void take_extra(const unsigned char *extra, size_t length, struct rst_zip_entry *entry) {
  uint64_t *const wanted[] = {&entry->size, &entry->packed, &entry->at};
  while (length >= 4 && number(extra + 2, 2) <= length - 4) {
    size_t left = (size_t)number(extra + 2, 2);
    const unsigned char *value = extra + 4;
    const bool is_zip64 = number(extra, 2) == ZIP64_EXTRA;
    length -= 4 + left;
    extra += 4 + left;
    for (size_t i = 0; is_zip64 && i < sizeof wanted / sizeof *wanted; ++i) {
      if (*wanted[i] == in_extra && left >= 8) {
        *wanted[i] = number(value, 8);
        value += 8;
        left -= 8;
      }
    }
  }
}

/* One record of the directory, of `*length` bytes. */
static enum rst_status take_entry(const struct rst_zip *zip, const unsigned char *record, size_t room,
                                  size_t *length, struct rst_zip_entry *entry) {
  RST_TRY(room < CENTRAL_BYTES || number(record, 4) != CENTRAL_SIGNATURE ? fail(zip) : RST_OK);
  const size_t name = (size_t)number(record + 28, 2);
  const size_t extra = (size_t)number(record + 30, 2);
  *length = CENTRAL_BYTES + name + extra + (size_t)number(record + 32, 2);
  RST_TRY(*length > room ? fail(zip) : RST_OK);
  *entry = (struct rst_zip_entry){.at = number(record + 42, 4),
                                  .packed = number(record + 20, 4),
                                  .size = number(record + 24, 4),
                                  .crc = (uint32_t)number(record + 16, 4),
                                  .method = (unsigned)number(record + 10, 2)};
  take_extra(record + CENTRAL_BYTES + name, extra, entry);
  RST_TRY(rst_format(zip->context, &entry->name, "%.*s", (int)name, (const char *)record + CENTRAL_BYTES));
  RST_REQUIRE(zip->context,
              (entry->method == STORED || entry->method == DEFLATED) &&
                  (number(record + 8, 2) & ENCRYPTED) == 0,
              RST_ERROR_IO, "%s: %s is compressed or encrypted otherwise than by numpy.savez_compressed()",
              zip->path, entry->name);
  return RST_OK;
}

static enum rst_status list_entries(struct rst_zip *zip, uint64_t size) {
  struct directory directory;
  RST_SCOPED unsigned char *records = NULL;
  RST_TRY(find_directory(zip, size, &directory));
  /* A record has its least length, so that no more memory is asked for than the file could fill. */
  RST_TRY(directory.size > size || directory.count > directory.size / CENTRAL_BYTES ? fail(zip) : RST_OK);
  RST_TRY(RST_NEW(zip->context, directory.size + 1, &records));
  RST_TRY(RST_NEW(zip->context, directory.count + 1, &zip->entries));
  RST_TRY(read_at(zip, directory.at, records, (size_t)directory.size));
  for (size_t at = 0, length = 0; zip->count < directory.count; at += length) {
    RST_TRY(take_entry(zip, records + at, (size_t)directory.size - at, &length, &zip->entries[zip->count]));
    ++zip->count;
  }
  return RST_OK;
}

static enum rst_status open_archive(struct rst_zip *zip) {
  zip->stream = fopen(zip->path, "rb");
  RST_REQUIRE(zip->context, zip->stream, RST_ERROR_IO, "%s cannot be read: %s", zip->path, strerror(errno));
  const long size = fseek(zip->stream, 0, SEEK_END) == 0 ? ftell(zip->stream) : -1;
  RST_TRY(size < END_BYTES ? fail(zip) : RST_OK);
  return list_entries(zip, (uint64_t)size);
}

enum rst_status rst_zip_open(struct rst_context *context, const char *path, struct rst_zip *zip) {
  *zip = (struct rst_zip){.context = context, .path = path};
  const enum rst_status status = open_archive(zip);
  if (status != RST_OK) {
    rst_zip_close(zip);
  }
  return status;
}

void rst_zip_close(struct rst_zip *zip) {
  /* An entry that failed half-way is the one behind the last. */
  for (size_t i = 0; zip->entries && zip->entries[i].name; ++i) {
    free(zip->entries[i].name);
  }
  free(zip->entries);
  if (zip->stream) {
    (void)fclose(zip->stream);
  }
  *zip = (struct rst_zip){0};
}

enum rst_status rst_zip_begin(struct rst_zip *zip, size_t index, struct rst_zip_member *member) {
  const struct rst_zip_entry *entry = &zip->entries[index];
  unsigned char header[LOCAL_BYTES];
  *member = (struct rst_zip_member){
      .zip = zip, .entry = entry, .left = entry->size, .packed_left = entry->packed, .whole = true};
  RST_TRY(read_at(zip, entry->at, header, sizeof header));
  RST_TRY(number(header, 4) != LOCAL_SIGNATURE ? fail(zip) : RST_OK);
  const long names = (long)(number(header + 26, 2) + number(header + 28, 2));
  RST_TRY(fseek(zip->stream, names, SEEK_CUR) != 0 ? fail(zip) : RST_OK);
  /* Without zlib's header. */
  RST_REQUIRE(zip->context, entry->method == STORED || inflateInit2(&member->inflater, -MAX_WBITS) == Z_OK,
              RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

/* More of the file for the inflater. */
static bool feed(struct rst_zip_member *member) {
  const size_t most =
      member->packed_left < sizeof member->input ? (size_t)member->packed_left : sizeof member->input;
  const size_t got = fread(member->input, 1, most, member->zip->stream);
  member->packed_left -= got;
  member->inflater.next_in = member->input;
  member->inflater.avail_in = (uInt)got;
  return got > 0;
}

static bool inflate_some(struct rst_zip_member *member, void *bytes, size_t size) {
  enum { MOST = 1 << 30 };
  unsigned char *at = bytes;
  while (size > 0) {
    if (member->inflater.avail_in == 0 && !feed(member)) {
      return false;
    }
    const size_t part = rst_least(size, MOST);
    member->inflater.next_out = at;
    member->inflater.avail_out = (uInt)part;
    const int result = inflate(&member->inflater, Z_NO_FLUSH);
    const size_t got = part - member->inflater.avail_out;
    at += got;
    size -= got;
    if (result != Z_OK && !(result == Z_STREAM_END && size == 0)) {
      return false;
    }
  }
  return true;
}

static uint32_t add_to_crc(uint32_t crc, const unsigned char *bytes, size_t size) {
  enum { MOST = 1 << 30 };
  for (size_t done = 0; done < size; done += MOST) {
    crc = (uint32_t)crc32(crc, bytes + done, (uInt)rst_least(size - done, MOST));
  }
  return crc;
}

enum rst_status rst_zip_read(struct rst_zip_member *member, void *bytes, size_t size) {
  const struct rst_zip *zip = member->zip;
  const bool stored = member->entry->method == STORED;
  bool read = size <= member->left;
  if (read) {
    read = stored ? fread(bytes, 1, size, zip->stream) == size : inflate_some(member, bytes, size);
  }
  if (read) {
    member->left -= size;
    member->crc = add_to_crc(member->crc, bytes, size);
    read = member->left > 0 || !member->whole || member->crc == member->entry->crc;
  }
  RST_REQUIRE(zip->context, read, RST_ERROR_IO, "%s: %s is damaged or cut short; write it again", zip->path,
              member->entry->name);
  return RST_OK;
}

enum rst_status rst_zip_skip(struct rst_zip_member *member, uint64_t size) {
  unsigned char passed[1 << 12];
  if (member->entry->method == STORED && size <= member->left) {
    member->whole = member->whole && size == 0;
    member->left -= size;
    return fseek(member->zip->stream, (long)size, SEEK_CUR) == 0 ? RST_OK : fail(member->zip);
  }
  while (size > 0) {
    const size_t part = size < sizeof passed ? (size_t)size : sizeof passed;
    RST_TRY(rst_zip_read(member, passed, part));
    size -= part;
  }
  return RST_OK;
}

void rst_zip_end(struct rst_zip_member *member) {
  if (member->entry && member->entry->method == DEFLATED) {
    (void)inflateEnd(&member->inflater);
  }
}
