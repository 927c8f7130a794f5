/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "archive/record_parts.h"
#include "core/text.h"

/** @file
 * What a record says of itself, as JSON.
 */

/* Numbers that are no whole ones show it. */
static void add_number(struct rst_text *text, double value, bool is_whole) {
  const size_t before = text->length;
  rst_text_add_number(text, value);
  if (!is_whole && isfinite(value) && !text->failed && !strpbrk(text->bytes + before, ".e")) {
    rst_text_add(text, ".0");
  }
}

char *rst_record_write_attributes(const struct rst_record_attribute *attributes, size_t count) {
  struct rst_text text = {0};
  rst_text_add(&text, "{");
  for (size_t i = 0; i < count; ++i) {
    const struct rst_record_attribute *attribute = &attributes[i];
    rst_text_add(&text, i > 0 ? ", " : "");
    rst_text_add_quoted(&text, attribute->name);
    rst_text_add(&text, ": %s", attribute->count > 0 ? "[" : "");
    if (attribute->text) {
      rst_text_add_quoted(&text, attribute->text);
    } else {
      add_number(&text, attribute->values[0], attribute->is_whole);
    }
    for (size_t j = 1; j < attribute->count; ++j) {
      rst_text_add(&text, ", ");
      add_number(&text, attribute->values[j], attribute->is_whole);
    }
    rst_text_add(&text, attribute->count > 0 ? "]" : "");
  }
  rst_text_add(&text, "}");
  return rst_text_take(&text);
}

static void add_flags(struct rst_text *text, const struct rst_record_array *array) {
  rst_text_add(text, ", \"flag_values\": [%d", array->flag_first);
  int code = array->flag_first;
  for (const char *blank = strchr(array->flag_meanings, ' '); blank; blank = strchr(blank + 1, ' ')) {
    rst_text_add(text, ", %d", ++code);
  }
  rst_text_add(text, "], \"flag_meanings\": ");
  rst_text_add_quoted(text, array->flag_meanings);
}

static void add_array(struct rst_text *text, const struct rst_record_array *array) {
  static const char *const types[] = {
      [RST_RECORD_FLOAT64] = "float64", [RST_RECORD_FLOAT32] = "float32", [RST_RECORD_INT64] = "int64",
      [RST_RECORD_INT32] = "int32",     [RST_RECORD_INT8] = "int8",       [RST_RECORD_TEXT] = "text"};
  rst_text_add(text, "{\"name\": ");
  rst_text_add_quoted(text, array->name);
  rst_text_add(text, ", \"type\": \"%s\", \"axes\": [", types[array->type]);
  for (int axis = 0; axis < array->rank; ++axis) {
    rst_text_add(text, axis > 0 ? ", " : "");
    rst_text_add_quoted(text, array->axes[axis]);
  }
  rst_text_add(text, "], \"shape\": [");
  for (int axis = 0; axis < array->rank; ++axis) {
    rst_text_add(text, "%s%zu", axis > 0 ? ", " : "", array->shape[axis]);
  }
  rst_text_add(text, "], \"attributes\": {");
  if (array->long_name) {
    rst_text_add(text, "\"long_name\": ");
    rst_text_add_quoted(text, array->long_name);
    rst_text_add(text, ", \"units\": ");
    rst_text_add_quoted(text, array->units);
  }
  if (array->flag_meanings) {
    add_flags(text, array);
  }
  rst_text_add(text, "}}");
}

char *rst_record_write_arrays(const struct rst_record *record) {
  struct rst_text text = {0};
  rst_text_add(&text, "[");
  for (size_t i = 0; i < rst_record_count(record); ++i) {
    rst_text_add(&text, i > 0 ? ", " : "");
    add_array(&text, rst_record_array(record, i));
  }
  rst_text_add(&text, "]");
  return rst_text_take(&text);
}
