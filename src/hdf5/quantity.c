/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/quantity.h"

double rst_quantity_value(const struct rst_quantity *quantity, const void *subject) {
  const void *member = (const char *)subject + quantity->offset;
  if (quantity->measure) {
    return quantity->measure(subject);
  }
  switch (quantity->type) {
  case RST_QUANTITY_INT:
    return *(const int *)member;
  case RST_QUANTITY_SIZE:
    return (double)*(const size_t *)member;
  case RST_QUANTITY_BOOL:
    return *(const bool *)member;
  default:
    return *(const double *)member;
  }
}

void rst_quantities_add_json(const struct rst_quantities *table, int group, const void *subject,
                             struct rst_text *text) {
  const char *separator = "";
  for (size_t i = 0; i < table->count; ++i) {
    const struct rst_quantity *row = &table->rows[i];
    if (row->group != group || !row->key) {
      continue;
    }
    const double value = rst_quantity_value(row, subject);
    rst_text_add(text, "%s\"%s\": ", separator, row->key);
    if (row->type == RST_QUANTITY_BOOL) {
      rst_text_add(text, value != 0.0 ? "true" : "false");
    } else {
      rst_text_add_number(text, value);
    }
    separator = ", ";
  }
}
