/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PLURAL_H
#define RST_PLURAL_H

/** What follows a noun behind a count: "1 point", "2 points". */
static inline const char *rst_plural(double count) {
  return count == 1.0 ? "" : "s";
}

#endif
