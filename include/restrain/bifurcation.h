/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_BIFURCATION_H
#define RESTRAIN_BIFURCATION_H

#include "restrain/case.h"
#include "restrain/regime.h"

/** @file
 * Bifurcation diagrams: what a trajectory settles on, as a function of the learning rate or the weight decay.
 *
 * At every value of the parameter the case is run from its initial state with one perturbation: `burn_in` iterations, then
 * `samples` more that are recorded, the attractor's samples. An orbit is that run, in memory.
 */

/** Scalars of the state, in the order of an orbit's samples: data_loss, residual, weight_norm and `probe`, the inner product
 * of u with a fixed random unit vector, which no symmetry of the state hides from. NULL-terminated. */
RST_API const char *const *rst_orbit_observable_names(void);
enum { RST_ORBIT_OBSERVABLES = 4 };

struct rst_orbit {
  struct rst_regime_result regime; /**< of the whole orbit */
  long iterations;                 /**< updates done; fewer than asked for if it diverged */
  double max_growth;               /**< the largest local growth of all updates */
  double loss;                     /**< L at the end */
};

/** Run the flow of `from` with lr and weight decay in place of the case's own.
 * @param observed [RST_ORBIT_OBSERVABLES][samples], all NaN if the orbit diverged; NULL if not wanted. Entries belong
 * to the states after burn_in + 1, ..., burn_in + samples updates.
 * @param flow made from the case: a scan builds it once.
 * @param stop polled once in a while, NULL for never; where it returns true the orbit ends, undecided.
 * Equal input gives equal bits. */
RST_API enum rst_status rst_orbit_run(struct rst_context *context, const struct rst_case *from,
                                      struct rst_flow *flow, double lr, double weight_decay, long burn_in,
                                      long samples, bool (*stop)(void *user), void *user, double *observed,
                                      struct rst_orbit *orbit);

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

/** Values of the parameter, count of them from `from` to `to`, both ends included; geometric for RST_SCALE_LOGARITHMIC. */
RST_API double rst_scan_value(double from, double to, size_t count, enum rst_scale scale, size_t index);

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
