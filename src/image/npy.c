/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/npy.h"

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "image/packed_file.h"

enum { MAGIC = 6, HEAD = 8, MOST_HEADER = 65536 };

/* The text behind "'key':" and blanks; NULL if there is none. */
static const char *find(const char *header, const char *key) {
  const char *at = strstr(header, key);
  if (!at) {
    return NULL;
  }
  at += strlen(key);
  return at + strspn(at, " :");
}

static enum rst_status read_type(const struct rst_npy_stream *stream, const char *header,
                                 enum rst_element *element) {
  static const char *const codes[RST_ELEMENT_COUNT] = {"u1", "i1", "u2", "i2", "u4",
                                                       "i4", "u8", "i8", "f4", "f8"};
  const char *descr = find(header, "'descr'");
  RST_REQUIRE(stream->context, descr, RST_ERROR_IO, "'%s' is no valid .npy file: its header has no 'descr'",
              stream->name);
  if (strncmp(descr, "'|b1'", strlen("'|b1'")) == 0) {
    *element = RST_ELEMENT_UINT8; /* False and True are the bytes 0 and 1 */
    return RST_OK;
  }
  for (int i = 0; i < RST_ELEMENT_COUNT; ++i) {
    const bool is_byte = codes[i][1] == '1';
    if (descr[0] == '\'' && (descr[1] == '<' || (is_byte && descr[1] == '|')) &&
        strncmp(descr + 2, codes[i], 2) == 0 && descr[4] == '\'') {
      *element = (enum rst_element)i;
      return RST_OK;
    }
  }
  return rst_fail(
      stream->context, RST_ERROR_IO,
      "'%s' holds the type %.*s; little-endian integers and floats of 4 or 8 bytes can be read: save "
      "the array as .astype('<f4') or the like",
      stream->name, (int)strcspn(descr, ","), descr);
}

/* "(60000, 28, 28)" */
static enum rst_status read_shape(const struct rst_npy_stream *stream, const char *header,
                                  struct rst_array *array) {
  const char *at = find(header, "'shape'");
  bool valid = at && *at == '(';
  at += valid;
  while (valid && *at != ')') {
    char *end = NULL;
    valid = array->rank < RST_ARRAY_MOST_AXES && *at >= '0' && *at <= '9';
    if (valid) {
      array->dims[array->rank++] = strtoull(at, &end, 10);
      at = end + strspn(end, " ,");
    }
  }
  RST_REQUIRE(stream->context, valid, RST_ERROR_IO,
              "'%s' is no valid .npy file: its header has no shape of at most %d axes", stream->name,
              RST_ARRAY_MOST_AXES);
  return RST_OK;
}

static enum rst_status parse(const struct rst_npy_stream *stream, const char *header,
                             struct rst_array *array) {
  RST_TRY(read_type(stream, header, &array->element));
  const char *order = find(header, "'fortran_order'");
  RST_REQUIRE(stream->context, order && strncmp(order, "False", strlen("False")) == 0, RST_ERROR_IO,
              "'%s' is in Fortran order; save numpy.ascontiguousarray(...) of the array", stream->name);
  return read_shape(stream, header, array);
}

/* The NUL-terminated header. */
static enum rst_status take_header(const struct rst_npy_stream *stream, char *header) {
  unsigned char head[HEAD] = {0};
  unsigned char digits[4] = {0};
  RST_TRY(stream->read(stream->user, head, sizeof head));
  RST_REQUIRE(stream->context, memcmp(head, "\x93NUMPY", MAGIC) == 0, RST_ERROR_IO,
              "'%s' is neither a .npy file nor a dataset file.h5:/path", stream->name);
  const unsigned version = head[MAGIC];
  RST_REQUIRE(stream->context, version >= 1 && version <= 3, RST_ERROR_IO,
              "'%s' is a .npy file of version %u.%u; 1.0 to 3.0 can be read", stream->name, version,
              head[MAGIC + 1]);
  RST_TRY(stream->read(stream->user, digits, version == 1 ? 2 : sizeof digits));
  const size_t length =
      (size_t)digits[0] | (size_t)digits[1] << 8 | (size_t)digits[2] << 16 | (size_t)digits[3] << 24;
  RST_REQUIRE(stream->context, length < MOST_HEADER, RST_ERROR_IO,
              "'%s' is no valid .npy file: its header has %zu bytes", stream->name, length);
  return stream->read(stream->user, header, length);
}

enum rst_status rst_npy_read_header(const struct rst_npy_stream *stream, struct rst_array *array) {
  RST_SCOPED char *header = NULL;
  *array = (struct rst_array){0};
  RST_TRY(RST_NEW(stream->context, MOST_HEADER, &header));
  RST_TRY(take_header(stream, header));
  return parse(stream, header, array);
}

static enum rst_status read_packed(void *user, void *bytes, size_t size) {
  return rst_packed_read(user, bytes, size);
}

enum rst_status rst_npy_read(struct rst_context *context, const char *name, struct rst_array *array) {
  struct rst_packed_file file = {0};
  const struct rst_npy_stream stream = {context, name, read_packed, &file};
  RST_TRY(rst_packed_open(context, name, &file));
  enum rst_status status = rst_npy_read_header(&stream, array);
  if (status == RST_OK) {
    status = rst_packed_read_array(&file, array);
  }
  rst_packed_close(&file);
  return status;
}
