/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "data/example_kinds.h"
#include "data/packed_file.h"

/** @file
 * NumPy's .npy files, versions 1.0, 2.0 and 3.0: a magic string, the version, the length of the header and the header, a Python
 * dictionary like
 *
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (60000, 28, 28), }
 */

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

static enum rst_status read_type(const struct rst_packed_file *file, const char *header,
                                 enum rst_element *element) {
  static const char *const codes[RST_ELEMENT_COUNT] = {"u1", "i1", "u2", "i2", "u4",
                                                       "i4", "u8", "i8", "f4", "f8"};
  const char *descr = find(header, "'descr'");
  RST_REQUIRE(file->context, descr, RST_ERROR_IO, "'%s' is no valid .npy file: its header has no 'descr'",
              file->name);
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
      file->context, RST_ERROR_IO,
      "'%s' holds the type %.*s; little-endian integers and floats of 4 or 8 bytes can be read: save "
      "the array as .astype('<f4') or the like",
      file->name, (int)strcspn(descr, ","), descr);
}

/* "(60000, 28, 28)" */
static enum rst_status read_shape(const struct rst_packed_file *file, const char *header,
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
  RST_REQUIRE(file->context, valid, RST_ERROR_IO,
              "'%s' is no valid .npy file: its header has no shape of at most %d axes", file->name,
              RST_ARRAY_MOST_AXES);
  return RST_OK;
}

static enum rst_status parse(const struct rst_packed_file *file, const char *header,
                             struct rst_array *array) {
  RST_TRY(read_type(file, header, &array->element));
  const char *order = find(header, "'fortran_order'");
  RST_REQUIRE(file->context, order && strncmp(order, "False", strlen("False")) == 0, RST_ERROR_IO,
              "'%s' is in Fortran order; save numpy.ascontiguousarray(...) of the array", file->name);
  return read_shape(file, header, array);
}

/* The NUL-terminated header. */
static enum rst_status read_header(struct rst_packed_file *file, char *header) {
  unsigned char head[HEAD] = {0};
  unsigned char digits[4] = {0};
  RST_TRY(rst_packed_read(file, head, sizeof head));
  RST_REQUIRE(file->context, memcmp(head, "\x93NUMPY", MAGIC) == 0, RST_ERROR_IO,
              "'%s' is neither a .npy file nor a dataset file.h5:/path", file->name);
  const unsigned version = head[MAGIC];
  RST_REQUIRE(file->context, version >= 1 && version <= 3, RST_ERROR_IO,
              "'%s' is a .npy file of version %u.%u; 1.0 to 3.0 can be read", file->name, version,
              head[MAGIC + 1]);
  RST_TRY(rst_packed_read(file, digits, version == 1 ? 2 : sizeof digits));
  const size_t length =
      (size_t)digits[0] | (size_t)digits[1] << 8 | (size_t)digits[2] << 16 | (size_t)digits[3] << 24;
  RST_REQUIRE(file->context, length < MOST_HEADER, RST_ERROR_IO,
              "'%s' is no valid .npy file: its header has %zu bytes", file->name, length);
  return rst_packed_read(file, header, length);
}

enum rst_status rst_npy_read(struct rst_context *context, const char *name, struct rst_array *array) {
  struct rst_packed_file file = {0};
  char *header = NULL;
  RST_TRY(RST_NEW(context, MOST_HEADER, &header));
  enum rst_status status = rst_packed_open(context, name, &file);
  if (status == RST_OK) {
    status = read_header(&file, header);
  }
  if (status == RST_OK) {
    status = parse(&file, header, array);
  }
  if (status == RST_OK) {
    status = rst_packed_read_array(&file, array);
  }
  rst_packed_close(&file);
  free(header);
  return status;
}
