/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/safetensors.h"

#include <errno.h>
#include <libfyaml.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/files.h"
#include "core/sizes.h"
#include "core/text.h"

/* The format's own limit of a header. */
enum { LENGTH_BYTES = 8, MOST_HEADER = 100000000 };

static const char ending[] = ".safetensors";

struct rst_safetensors {
  struct rst_context *context;
  char *path;
  FILE *stream;
  char *header;
  struct fy_document *tree;
  uint64_t begin, end; /* of the numbers, in bytes of the file */
};

/* How a file stores numbers. */
static const struct storage {
  const char *name;
  enum rst_element element; /* that they become */
  size_t size;
  int exponent_bits; /* of numbers of 2 bytes */
} storages[] = {{"F64", RST_ELEMENT_DOUBLE, 8, 0},
                {"F32", RST_ELEMENT_FLOAT, 4, 0},
                {"F16", RST_ELEMENT_FLOAT, 2, 5},
                {"BF16", RST_ELEMENT_FLOAT, 2, 8}};

bool rst_is_safetensors(const char *path) {
  const size_t length = strlen(path);
  return length >= strlen(ending) && strcmp(path + length - strlen(ending), ending) == 0;
}

static uint64_t little_endian(const unsigned char *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i > 0; --i) {
    value = value << 8 | bytes[i - 1];
  }
  return value;
}

static enum rst_status fail_read(const struct rst_safetensors *file) {
  return ferror(file->stream)
             ? rst_fail(file->context, RST_ERROR_IO, "%s: reading failed: %s", file->path, strerror(errno))
             : rst_fail(file->context, RST_ERROR_IO, "%s is cut short; get the whole file", file->path);
}

static enum rst_status read_bytes(const struct rst_safetensors *file, void *bytes, size_t count) {
  return fread(bytes, 1, count, file->stream) == count ? RST_OK : fail_read(file);
}

/* The message of a header that is not JSON is our own: libfyaml's are collected, which keeps them off the terminal. */
static void parse(struct rst_safetensors *file, size_t length) {
  struct fy_diag_cfg quiet;
  fy_diag_cfg_default(&quiet);
  struct fy_diag *diagnostics = fy_diag_create(&quiet);
  if (diagnostics) {
    fy_diag_set_collect_errors(diagnostics, true);
    const struct fy_parse_cfg configuration = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_FORCE,
                                               .diag = diagnostics};
    file->tree = fy_document_build_from_string(&configuration, file->header, length);
    fy_diag_destroy(diagnostics);
  }
}

static enum rst_status read_header(struct rst_safetensors *file) {
  unsigned char digits[LENGTH_BYTES];
  RST_TRY(read_bytes(file, digits, sizeof digits));
  const uint64_t length = little_endian(digits, sizeof digits);
  RST_REQUIRE(file->context, length >= 2 && length <= MOST_HEADER && length <= file->end - LENGTH_BYTES,
              RST_ERROR_IO, "%s is no valid safetensors file: its header would have %llu bytes", file->path,
              (unsigned long long)length);
  file->begin = LENGTH_BYTES + length;
  RST_TRY(RST_NEW(file->context, length + 1, &file->header));
  RST_TRY(read_bytes(file, file->header, length));
  parse(file, length);
  RST_REQUIRE(file->context, file->tree && fy_node_is_mapping(fy_document_root(file->tree)), RST_ERROR_IO,
              "%s is no valid safetensors file: its header is no JSON object", file->path);
  return RST_OK;
}

static enum rst_status open_file(struct rst_safetensors *file, const char *path) {
  RST_TRY(rst_format(file->context, &file->path, "%s", path));
  file->stream = fopen(path, "rb");
  RST_REQUIRE(file->context, file->stream, RST_ERROR_IO, "%s cannot be read: %s", path, strerror(errno));
  const bool sized = fseek(file->stream, 0, SEEK_END) == 0;
  const long size = sized ? ftell(file->stream) : -1;
  RST_REQUIRE(file->context, size >= LENGTH_BYTES && fseek(file->stream, 0, SEEK_SET) == 0, RST_ERROR_IO,
              "%s is no valid safetensors file: it has no header", path);
  file->end = (uint64_t)size;
  return read_header(file);
}

enum rst_status rst_safetensors_open(struct rst_context *context, const char *path,
                                     struct rst_safetensors **file) {
  *file = NULL;
  struct rst_safetensors *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  const enum rst_status status = open_file(made, path);
  if (status != RST_OK) {
    rst_safetensors_close(&made);
    return status;
  }
  *file = made;
  return RST_OK;
}

void rst_safetensors_close(struct rst_safetensors **file) {
  if (*file) {
    if ((*file)->stream) {
      (void)fclose((*file)->stream);
    }
    fy_document_destroy((*file)->tree);
    free((*file)->header);
    free((*file)->path);
    free(*file);
    *file = NULL;
  }
}

/* A value of a mapping. */
static struct fy_node *lookup(struct fy_node *mapping, const char *key) {
  struct fy_node_pair *pair = fy_node_mapping_lookup_pair_by_string(mapping, key, strlen(key));
  return pair ? fy_node_pair_value(pair) : NULL;
}

static bool read_whole(struct fy_node *node, uint64_t *value) {
  char *end = NULL;
  const char *text = node ? fy_node_get_scalar0(node) : NULL;
  if (!text || text[0] < '0' || text[0] > '9') {
    return false;
  }
  errno = 0;
  *value = strtoull(text, &end, 10);
  return errno == 0 && *end == '\0';
}

static const struct storage *find_storage(struct fy_node *entry) {
  struct fy_node *node = lookup(entry, "dtype");
  const char *name = node ? fy_node_get_scalar0(node) : NULL;
  for (size_t i = 0; name && i < sizeof storages / sizeof *storages; ++i) {
    if (strcmp(name, storages[i].name) == 0) {
      return &storages[i];
    }
  }
  return NULL;
}

static bool read_shape(struct fy_node *entry, struct rst_array *array) {
  struct fy_node *shape = lookup(entry, "shape");
  const int rank = shape && fy_node_is_sequence(shape) ? fy_node_sequence_item_count(shape) : -1;
  if (rank < 0 || rank > RST_ARRAY_MOST_AXES) {
    return false;
  }
  for (int axis = 0; axis < rank; ++axis) {
    uint64_t length = 0;
    if (!read_whole(fy_node_sequence_get_by_index(shape, axis), &length)) {
      return false;
    }
    array->dims[axis] = length;
  }
  array->rank = rank;
  return true;
}

/* Where the numbers begin in the file, if they are all there. */
static bool find_numbers(const struct rst_safetensors *file, struct fy_node *entry, uint64_t bytes,
                         uint64_t *at) {
  struct fy_node *offsets = lookup(entry, "data_offsets");
  uint64_t from = 0;
  uint64_t to = 0;
  if (!offsets || !fy_node_is_sequence(offsets) ||
      !read_whole(fy_node_sequence_get_by_index(offsets, 0), &from) ||
      !read_whole(fy_node_sequence_get_by_index(offsets, 1), &to)) {
    return false;
  }
  *at = file->begin + from;
  return from <= to && to <= file->end - file->begin && to - from == bytes;
}

/* A number of 16 bits with so many of them for its exponent. */
static float widen(uint64_t bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits;
  const int most = (1 << exponent_bits) - 1;
  const int exponent = (int)(bits >> fraction_bits) & most;
  const double fraction = ldexp((double)(bits & ((1U << fraction_bits) - 1U)), -fraction_bits);
  const int bias = most / 2;
  double value = exponent == 0 ? ldexp(fraction, 1 - bias) : ldexp(1.0 + fraction, exponent - bias);
  if (exponent == most) {
    value = fraction > 0.0 ? (double)NAN : (double)INFINITY;
  }
  return (float)(bits >> 15 ? -value : value);
}

static void unpack(const unsigned char *bytes, const struct storage *storage, size_t count,
                   const struct rst_array *array) {
  for (size_t i = 0; i < count; ++i) {
    const uint64_t bits = little_endian(bytes + i * storage->size, storage->size);
    if (storage->size == sizeof(double)) {
      memcpy((double *)array->data + i, &bits, sizeof bits);
    } else if (storage->size == sizeof(float)) {
      const uint32_t half = (uint32_t)bits;
      memcpy((float *)array->data + i, &half, sizeof half);
    } else {
      ((float *)array->data)[i] = widen(bits, storage->exponent_bits);
    }
  }
}

/* A tensor of the header, and where its numbers begin in the file. */
struct place {
  const char *name;
  const struct storage *storage;
  uint64_t at;
};

static enum rst_status locate(const struct rst_safetensors *file, const char *name, struct place *place,
                              struct rst_array *array) {
  struct fy_node *entry = lookup(fy_document_root(file->tree), name);
  size_t count = 0;
  size_t bytes = 0;
  *array = (struct rst_array){0};
  *place = (struct place){.name = name};
  if (!entry || !fy_node_is_mapping(entry)) {
    (void)rst_fail(file->context, RST_ERROR_IO, "%s has no tensor %s", file->path, name);
    return RST_ERROR_IO;
  }
  place->storage = find_storage(entry);
  if (!place->storage) {
    (void)rst_fail(file->context, RST_ERROR_IO,
                   "%s: %s is of a type that cannot be read; save it as F64, F32, F16 or BF16", file->path,
                   name);
    return RST_ERROR_IO;
  }
  RST_REQUIRE(file->context, read_shape(entry, array), RST_ERROR_IO,
              "%s is no valid safetensors file: %s has no shape", file->path, name);
  array->element = place->storage->element;
  const bool sound = rst_array_count(array, &count, &bytes) &&
                     find_numbers(file, entry, (uint64_t)count * place->storage->size, &place->at);
  RST_REQUIRE(file->context, sound, RST_ERROR_IO,
              "%s: the numbers of %s are not where its header says; get the whole file", file->path, name);
  return RST_OK;
}

/* Numbers first ... first + count - 1 of a tensor, of the array's type. */
static enum rst_status read_numbers(const struct rst_safetensors *file, const struct place *place,
                                    size_t first, size_t count, const struct rst_array *array) {
  const size_t size = place->storage->size;
  RST_SCOPED unsigned char *read = NULL;
  RST_TRY(RST_NEW(file->context, count * size + 1, &read));
  RST_REQUIRE(file->context, fseek(file->stream, (long)(place->at + first * size), SEEK_SET) == 0,
              RST_ERROR_IO, "%s: reading failed: %s", file->path, strerror(errno));
  RST_TRY(read_bytes(file, read, count * size));
  unpack(read, place->storage, count, array);
  return RST_OK;
}

enum rst_status rst_safetensors_read(struct rst_safetensors *file, const char *name,
                                     struct rst_array *array) {
  struct place place;
  size_t count = 0;
  size_t bytes = 0;
  RST_TRY(locate(file, name, &place, array));
  (void)rst_array_count(array, &count, &bytes);
  RST_TRY(rst_array_allocate(file->context, array));
  const enum rst_status status = read_numbers(file, &place, 0, count, array);
  if (status != RST_OK) {
    rst_array_free(array);
  }
  return status;
}

size_t rst_safetensors_count(const struct rst_safetensors *file) {
  return (size_t)fy_node_mapping_item_count(fy_document_root(file->tree));
}

enum rst_status rst_safetensors_describe(const struct rst_safetensors *file, size_t index, const char **name,
                                         struct rst_array *array) {
  struct fy_node_pair *pair = fy_node_mapping_get_by_index(fy_document_root(file->tree), (int)index);
  struct fy_node *entry = pair ? fy_node_pair_value(pair) : NULL;
  struct place place;
  *name = pair ? fy_node_get_scalar0(fy_node_pair_key(pair)) : NULL;
  if (!*name || !entry || !fy_node_is_mapping(entry) || !find_storage(entry)) {
    *name = NULL;
    return RST_OK;
  }
  return locate(file, *name, &place, array);
}

enum rst_status rst_safetensors_read_part(struct rst_safetensors *file, const char *name, size_t first,
                                          size_t count, double *values) {
  enum { PIECE = 1 << 14 };
  RST_SCOPED double *piece = NULL;
  struct rst_array array;
  struct place place;
  RST_TRY(locate(file, name, &place, &array));
  RST_TRY(RST_NEW(file->context, PIECE, &piece));
  array.data = piece;
  for (size_t done = 0; done < count; done += PIECE) {
    const size_t part = rst_least(count - done, PIECE);
    RST_TRY(read_numbers(file, &place, first + done, part, &array));
    rst_array_read(&array, 0, part, values + done);
  }
  return RST_OK;
}

/* Padded with blanks, so that the numbers are aligned. */
static void compose_header(const struct rst_layout *layout, size_t size, struct rst_text *header) {
  enum { ALIGNMENT = 8 };
  rst_text_add(header, "{\"__metadata__\": {\"format\": \"pt\"}");
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    rst_text_add(header, ", ");
    rst_text_add_quoted(header, tensor->name);
    rst_text_add(header, ": {\"dtype\": \"%s\", \"shape\": [", size == sizeof(double) ? "F64" : "F32");
    for (int axis = 0; axis < tensor->rank; ++axis) {
      rst_text_add(header, "%s%zu", axis ? ", " : "", tensor->dims[axis]);
    }
    rst_text_add(header, "], \"data_offsets\": [%zu, %zu]}", size * tensor->offset,
                 size * (tensor->offset + rst_tensor_count(tensor)));
  }
  rst_text_add(header, "}");
  rst_text_add(header, "%*s", (int)((ALIGNMENT - header->length % ALIGNMENT) % ALIGNMENT), "");
}

static void put_little_endian(uint64_t value, size_t count, unsigned char *bytes) {
  for (size_t i = 0; i < count; ++i) {
    bytes[i] = (unsigned char)(value >> 8 * i);
  }
}

static void pack(const struct rst_field *state, size_t size, unsigned char *bytes) {
  for (size_t i = 0; i < rst_field_count(state); ++i) {
    uint64_t bits = 0;
    uint32_t half = 0;
    if (size == sizeof bits) {
      memcpy(&bits, (const double *)state->data + i, sizeof bits);
    } else {
      memcpy(&half, (const float *)state->data + i, sizeof half);
      bits = half;
    }
    put_little_endian(bits, size, bytes + i * size);
  }
}

enum rst_status rst_safetensors_write(struct rst_context *context, const char *path,
                                      const struct rst_layout *layout, const struct rst_field *state) {
  const size_t size = rst_precision_size(state->precision);
  struct rst_text header = {0};
  compose_header(layout, size, &header);
  const size_t length = header.length;
  RST_SCOPED char *text = rst_text_take(&header);
  RST_REQUIRE(context, text, RST_ERROR_MEMORY, "memory is exhausted");
  const size_t all = LENGTH_BYTES + length + layout->count * size;
  RST_SCOPED unsigned char *bytes = NULL;
  RST_TRY(RST_NEW(context, all, &bytes));
  put_little_endian(length, LENGTH_BYTES, bytes);
  memcpy(bytes + LENGTH_BYTES, text, length);
  pack(state, size, bytes + LENGTH_BYTES + length);
  return rst_files_write(context, path, (const char *)bytes, all, true);
}
