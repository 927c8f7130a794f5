/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/flags.h"

#include <stdint.h>

#include "core/text.h"
#include "hdf5/support.h"

enum { MOST_CODES = INT8_MAX + 2 };

static void add_code(struct rst_text *meanings, int8_t values[MOST_CODES], hsize_t *count, int code,
                     const char *name) {
  rst_text_add(meanings, "%s%s", *count > 0 ? " " : "", name);
  values[(*count)++] = (int8_t)code;
}

enum rst_status rst_flags_write(struct rst_context *context, hid_t dataset, const char *none,
                                const char *const *names) {
  int8_t values[MOST_CODES];
  hsize_t count = 0;
  struct rst_text meanings = {0};
  if (none) {
    add_code(&meanings, values, &count, -1, none);
  }
  for (int code = 0; code <= INT8_MAX && names[code]; ++code) {
    add_code(&meanings, values, &count, code, names[code]);
  }
  char *text = rst_text_take(&meanings);
  RST_REQUIRE(context, text, RST_ERROR_MEMORY, "memory is exhausted");
  const bool done = rst_hdf5_set_numbers(dataset, "flag_values", H5T_NATIVE_INT8, values, count) &&
                    rst_hdf5_set_text(dataset, "flag_meanings", text, 0);
  free(text);
  RST_HDF5(context, done, "the meanings of a dataset's codes cannot be written");
  return RST_OK;
}
