/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_BIFURCATION_H
#define RESTRAIN_BIFURCATION_H

#include "restrain/orbit.h"

/** @file
 * Bifurcation diagrams: what a trajectory settles on, as a function of the learning rate or the weight decay.
 *
 * At every value of the parameter the case is run from its initial state with one perturbation: `burn_in` iterations, then
 * `samples` more that are recorded, the attractor's samples.
 */

enum rst_bifurcation_outcome { RST_BIFURCATION_COMPLETED, RST_BIFURCATION_INTERRUPTED };

struct rst_bifurcation_progress {
  const char *name;     /**< of the parameter, "lr" or "weight_decay" */
  size_t done, count;   /**< values of the parameter */
  double parameter;     /**< the last one done */
  long iterations_done; /**< updates in this call, for rates */
};

struct rst_bifurcation_options {
  const char *output; /**< path of bifurcation.h5 */
  bool resume;        /**< keep the values that the file holds, do the others */
  bool force;         /**< overwrite an existing output */
  bool make_folders;
  int argc; /**< recorded in /provenance */
  char *const *argv;
  /** Called now and then, by one thread at a time, NULL for never; returns a reason (static string) to stop, NULL to go on.
   * What is done is stored then, and every ten seconds, or ten times what storing takes if that is longer. */
  const char *(*poll)(void *user, const struct rst_bifurcation_progress *progress);
  void *user;
};

struct rst_bifurcation_summary {
  enum rst_bifurcation_outcome outcome;
  const char *reason;
  size_t done, count;
  size_t regimes[RST_REGIME_UNDECIDED + 1]; /**< how many values fell into each regime */
  double wall_seconds;
};

/** RST_ERROR_ARGUMENT if the case has no section bifurcation. */
RST_API enum rst_status rst_bifurcation_check(struct rst_context *context, const struct rst_case *from);

/** Scan the parameter that the case's section `bifurcation` describes and store
 *
 *     /lr or /weight_decay (the scale), /sample (scale)
 *     /data_loss /residual /weight_norm /probe (parameter, sample)
 *     /loss /lyapunov /lyapunov_error /max_growth /period /iterations_run /regime (parameter); regime with flag_values and
 *     flag_meanings, -1 where the value has not been done
 *     /provenance as in run.h5
 *
 * The file is replaced as a whole (temporary name, fsync, rename): a kill leaves the last complete one. With `resume` a
 * file of another case is refused with the differing keys named (RST_ERROR_ARGUMENT). RST_ERROR_ARGUMENT if the case has no
 * section bifurcation. */
RST_API enum rst_status rst_bifurcation_run(struct rst_context *context, const struct rst_case *from,
                                            const struct rst_bifurcation_options *options,
                                            struct rst_bifurcation_summary *summary);

#endif
