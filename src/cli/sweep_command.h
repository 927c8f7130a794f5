/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SWEEP_COMMAND_H
#define RST_SWEEP_COMMAND_H

#include "cli/command.h"
#include "core/text.h"

/** @file
 * The series of sweeps that a case with zoom windows asks for, and what they found, as text.
 */

/** A sweep of the series: its file and, for a window, its case; NULL for the whole, whose case is the one given. */
struct rst_sweep_member {
  char *path;
  struct rst_case *loaded;
};
/** The whole, then its windows in their order. */
struct rst_sweep_series {
  size_t count;
  struct rst_sweep_member *members;
};
/** All cases are loaded now: what becomes of the case file later does not matter. Fails if a file exists that is neither to
 * be resumed nor to be replaced. @param output of the whole; a window's is FILE.zoom-N.h5, N counted from 1. */
enum rst_status rst_sweep_series_create(struct rst_context *context, const struct rst_arguments *arguments,
                                        const struct rst_case *whole, const struct rst_output_options *output,
                                        struct rst_sweep_series *series);
void rst_sweep_series_clear(struct rst_sweep_series *series);

struct rst_sweep_facts {
  const struct rst_sweep_summary *summary;
  const char *path;
  const struct rst_case *from; /**< NULL for a merge */
  size_t window, windows;      /**< 0 for the whole; windows besides it */
  double rate;                 /**< point-iterations per second of this call; 0 if it did none */
  enum rst_exit code;
};

/** What a sweep would do; `points` are those of the shard. */
void rst_sweep_add_plan(struct rst_text *text, const struct rst_case *from, const char *path,
                        const struct rst_sweep_cost *cost, size_t points, double seconds);
void rst_sweep_add_text(struct rst_text *text, const struct rst_sweep_facts *facts);
/** One JSON object; `subject` is the case, NULL for a merge. */
void rst_sweep_add_json(struct rst_text *text, const struct rst_sweep_facts *facts, const char *subject);

#endif
