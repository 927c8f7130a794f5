/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_INITIAL_KINDS_H
#define RST_INITIAL_KINDS_H

#include "image/kinds.h"

/** @file
 * What the sources of initial states share.
 */

/** One line per kind: its name, and the suffix of its filler. */
#define RST_INITIAL_KINDS(X)                                                                                 \
  X("normal", normal)                                                                                        \
  X("fan-in", fan_in)                                                                                        \
  X("uniform", uniform)                                                                                      \
  X("zero", zero)                                                                                            \
  X("constant", constant)                                                                                    \
  X("tent", tent)                                                                                            \
  X("list", list)                                                                                            \
  X("file", file)

/** Fill a double state of zeros. */
typedef enum rst_status rst_initial_filler(struct rst_context *context,
                                           const struct rst_initial_parameters *parameters,
                                           const struct rst_layout *layout, struct rst_field *values);

#define RST_INITIAL_DECLARE(name, suffix) rst_initial_filler rst_initial_fill_##suffix;
RST_INITIAL_KINDS(RST_INITIAL_DECLARE)
#undef RST_INITIAL_DECLARE

#endif
