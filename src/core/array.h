/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ARRAY_H
#define RST_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "restrain/context.h"

/** @file
 * An array of numbers as a file has it: in the file's own type, the last axis fastest.
 */

enum rst_element {
  RST_ELEMENT_UINT8,
  RST_ELEMENT_INT8,
  RST_ELEMENT_UINT16,
  RST_ELEMENT_INT16,
  RST_ELEMENT_UINT32,
  RST_ELEMENT_INT32,
  RST_ELEMENT_UINT64,
  RST_ELEMENT_INT64,
  RST_ELEMENT_FLOAT,
  RST_ELEMENT_DOUBLE
};
enum { RST_ELEMENT_COUNT = RST_ELEMENT_DOUBLE + 1 };

/** What a type is: bytes, and the range of integers. */
struct rst_element_facts {
  const char *name;
  size_t size;
  bool is_integer;
  double least, most; /**< 0 for floats */
};
const struct rst_element_facts *rst_element_facts(enum rst_element element);

enum { RST_ARRAY_MOST_AXES = 8 };

struct rst_array {
  enum rst_element element;
  int rank;
  size_t dims[RST_ARRAY_MOST_AXES];
  void *data; /**< owned */
};

/** Elements and bytes; false if they are more than a size can be. */
bool rst_array_count(const struct rst_array *array, size_t *count, size_t *bytes);
/** Memory for the elements, zeros; to be freed by rst_array_free(). */
enum rst_status rst_array_allocate(struct rst_context *context, struct rst_array *array);
void rst_array_free(struct rst_array *array);

/** values[0 ... count - 1] = elements from `first` on. */
void rst_array_read(const struct rst_array *array, size_t first, size_t count, double *values);
/** Reverse the bytes of every element. */
void rst_array_swap_bytes(struct rst_array *array);

#endif
