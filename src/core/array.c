/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/array.h"

#include "core/core.h"

static const struct rst_element_facts facts[RST_ELEMENT_COUNT] = {
    [RST_ELEMENT_UINT8] = {"uint8", 1, true, 0, UINT8_MAX},
    [RST_ELEMENT_INT8] = {"int8", 1, true, INT8_MIN, INT8_MAX},
    [RST_ELEMENT_UINT16] = {"uint16", 2, true, 0, UINT16_MAX},
    [RST_ELEMENT_INT16] = {"int16", 2, true, INT16_MIN, INT16_MAX},
    [RST_ELEMENT_UINT32] = {"uint32", 4, true, 0, UINT32_MAX},
    [RST_ELEMENT_INT32] = {"int32", 4, true, INT32_MIN, INT32_MAX},
    [RST_ELEMENT_UINT64] = {"uint64", 8, true, 0, (double)UINT64_MAX},
    [RST_ELEMENT_INT64] = {"int64", 8, true, (double)INT64_MIN, (double)INT64_MAX},
    [RST_ELEMENT_FLOAT] = {"float32", 4, false, 0, 0},
    [RST_ELEMENT_DOUBLE] = {"float64", 8, false, 0, 0},
};

const struct rst_element_facts *rst_element_facts(enum rst_element element) {
  return &facts[element];
}

bool rst_array_count(const struct rst_array *array, size_t *count, size_t *bytes) {
  *count = 1;
  for (int axis = 0; axis < array->rank; ++axis) {
    if (__builtin_mul_overflow(*count, array->dims[axis], count)) {
      return false;
    }
  }
  return !__builtin_mul_overflow(*count, facts[array->element].size, bytes);
}

enum rst_status rst_array_allocate(struct rst_context *context, struct rst_array *array) {
  size_t count = 0;
  size_t bytes = 0;
  RST_REQUIRE(context, rst_array_count(array, &count, &bytes), RST_ERROR_MEMORY,
              "an array is larger than any memory");
  return rst_allocate(context, bytes, 1, &array->data);
}

void rst_array_free(struct rst_array *array) {
  free(array->data);
  array->data = NULL;
}

#define READ(name, type)                                                                                     \
  case RST_ELEMENT_##name:                                                                                   \
    for (size_t i = 0; i < count; ++i) {                                                                     \
      values[i] = (double)((const type *)array->data)[first + i];                                            \
    }                                                                                                        \
    break;

void rst_array_read(const struct rst_array *array, size_t first, size_t count, double *values) {
  switch (array->element) {
    READ(UINT8, uint8_t)
    READ(INT8, int8_t)
    READ(UINT16, uint16_t)
    READ(INT16, int16_t)
    READ(UINT32, uint32_t)
    READ(INT32, int32_t)
    READ(UINT64, uint64_t)
    READ(INT64, int64_t)
    READ(FLOAT, float)
    READ(DOUBLE, double)
  }
}

void rst_array_swap_bytes(struct rst_array *array) {
  size_t count = 0;
  size_t bytes = 0;
  const size_t size = facts[array->element].size;
  unsigned char *data = array->data;
  if (!rst_array_count(array, &count, &bytes)) {
    return;
  }
  for (size_t i = 0; i < bytes; i += size) {
    for (size_t low = i, high = i + size - 1; low < high; ++low, --high) {
      const unsigned char byte = data[low];
      data[low] = data[high];
      data[high] = byte;
    }
  }
}
