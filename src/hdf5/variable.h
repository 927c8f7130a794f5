/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_VARIABLE_H
#define RST_VARIABLE_H

/** What a dataset is called and means. */
struct rst_variable {
  const char *name;
  const char *long_name;
  const char *units; /**< "1" for a pure number */
};

#endif
