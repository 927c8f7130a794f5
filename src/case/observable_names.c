/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>

#include "case/observable_list.h"
#include "restrain/case.h"

#define NAME(name, ...) #name,

const char *const *rst_case_scalar_names(void) {
  static const char *const names[] = {RST_SCALAR_LIST(NAME) NULL};
  return names;
}

const char *const *rst_case_field_names(void) {
  static const char *const names[] = {RST_FIELD_LIST(NAME) NULL};
  return names;
}
