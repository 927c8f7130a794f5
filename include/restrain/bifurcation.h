/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_BIFURCATION_H
#define RESTRAIN_BIFURCATION_H

#include "restrain/sweep.h"

/** @file
 * Bifurcation diagrams: what a trajectory settles on, as a function of the learning rate or the weight decay.
 *
 * A diagram is a sweep of one axis that keeps samples: at every value of the parameter the case is run from its initial state
 * with one perturbation, `burn_in` iterations, then `samples` more that are recorded, the attractor's samples. No orbit ends
 * early, unless it diverges.
 */

/** What of a diagram its ranges follow from. */
struct rst_bifurcation {
  char *parameter; /**< "lr" or "weight_decay" */
  size_t count;
  double *values;   /**< [count], of the parameter */
  int8_t *regimes;  /**< [count], enum rst_regime, -1 where not done */
  int64_t *periods; /**< [count] */
};
RST_API void rst_bifurcation_clear(struct rst_bifurcation *diagram);

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
 * @param diagram what the file holds then, to be cleared; nothing on other ranks than the first; NULL if not wanted.
 * All else is as in rst_sweep_run(). */
RST_API enum rst_status rst_bifurcation_run(struct rst_context *context, const struct rst_case *from,
                                            const struct rst_sweep_options *options,
                                            struct rst_sweep_summary *summary,
                                            struct rst_bifurcation *diagram);

/** rst_sweep_merge() for diagrams. */
RST_API enum rst_status rst_bifurcation_merge(struct rst_context *context, const char *const *paths,
                                              size_t count, const struct rst_output_options *output,
                                              struct rst_sweep_summary *summary,
                                              struct rst_bifurcation *diagram);

/** rst_sweep_estimate() for a diagram. */
RST_API enum rst_status rst_bifurcation_estimate(struct rst_context *context, const struct rst_case *from,
                                                 struct rst_sweep_cost *rehearsal);

#endif
