/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/flags.h"

#include <stdint.h>

#include "core/text.h"
#include "hdf5/support.h"

enum { MOST_CODES = INT8_MAX + 2 };

enum rst_status rst_flags_write(struct rst_context *context, hid_t dataset, const char *none,
                                const char *const *names) {
  int8_t values[MOST_CODES];
  hsize_t count = 0;
  struct rst_text meanings = {0};
  for (int code = none ? -1 : 0; code <= INT8_MAX && (code < 0 || names[code]); ++code) {
    rst_text_add(&meanings, "%s%s", count > 0 ? " " : "", code < 0 ? none : names[code]);
    values[count++] = (int8_t)code;
  }
  char *text = rst_text_take(&meanings);
  RST_REQUIRE(context, text, RST_ERROR_MEMORY, "memory is exhausted");
  const bool done = rst_hdf5_set_numbers(dataset, "flag_values", H5T_NATIVE_INT8, values, count) &&
                    rst_hdf5_set_text(dataset, "flag_meanings", text, 0);
  free(text);
  RST_HDF5(context, done, "the meanings of a dataset's codes cannot be written");
  return RST_OK;
}
