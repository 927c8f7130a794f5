/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/status.h"

const char *rst_status_text(enum rst_status status) {
  switch (status) {
#define RST_STATUS_CASE(name, text)                                                                          \
  case RST_##name:                                                                                           \
    return text;
    RST_STATUS_LIST(RST_STATUS_CASE)
#undef RST_STATUS_CASE
  }
  return "unknown status";
}
