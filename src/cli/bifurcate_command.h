/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_BIFURCATE_COMMAND_H
#define RST_BIFURCATE_COMMAND_H

#include "cli/command.h"
#include "core/text.h"

/** @file
 * A bifurcation diagram as text: the ranges of the parameter in which neighbouring values share regime and period.
 */

/** Values `first` to `last` of the scan. */
struct rst_range {
  size_t first, last;
  int regime; /**< enum rst_regime, -1 where not done */
  long period;
};

struct rst_ranges {
  const double *values; /**< borrowed, by index of the value */
  struct rst_range *list;
  size_t count;
};

/** Find the ranges of a diagram, which must outlive them. */
enum rst_status rst_ranges_find(struct rst_context *context, const struct rst_bifurcation *diagram,
                                struct rst_ranges *ranges);
void rst_ranges_clear(struct rst_ranges *ranges);

/** For people: one line a range; where there are too many, neighbouring short ones share a line. */
void rst_ranges_add_text(struct rst_text *text, const struct rst_ranges *ranges);
/** A JSON list of all ranges; the regime is null where the values have not been done. */
void rst_ranges_add_json(struct rst_text *text, const struct rst_ranges *ranges);

#endif
