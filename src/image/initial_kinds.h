/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_INITIAL_KINDS_H
#define RST_INITIAL_KINDS_H

#include "image/kinds.h"

/** @file
 * What the sources of initial states share.
 */

/** One line per kind: its name, the suffix of its filler, and whether its numbers are drawn from a seed. */
#define RST_INITIAL_KINDS(X)                                                                                 \
  X("normal", normal, true)                                                                                  \
  X("fan-in", fan_in, true)                                                                                  \
  X("uniform", uniform, true)                                                                                \
  X("zero", zero, false)                                                                                     \
  X("constant", constant, false)                                                                             \
  X("tent", tent, false)                                                                                     \
  X("list", list, false)                                                                                     \
  X("file", file, false)

/** Fill a double state of zeros. */
typedef enum rst_status rst_initial_filler(struct rst_context *context,
                                           const struct rst_initial_parameters *parameters,
                                           const struct rst_layout *layout, struct rst_field *values);

#define RST_INITIAL_DECLARE(name, suffix, seeded) rst_initial_filler rst_initial_fill_##suffix;
RST_INITIAL_KINDS(RST_INITIAL_DECLARE)
#undef RST_INITIAL_DECLARE

#endif
