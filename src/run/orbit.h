/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ORBIT_H
#define RST_ORBIT_H

#include "restrain/orbit.h"

/** @file
 * An orbit as its makers share it: what is recorded of it, what that says, and the way of rst_orbit_run().
 */

enum rst_orbit_column {
  RST_ORBIT_DATA_LOSS,
  RST_ORBIT_RESIDUAL,
  RST_ORBIT_WEIGHT_NORM,
  RST_ORBIT_PROBE,
  RST_ORBIT_UPDATE_NORM,
  RST_ORBIT_LOG_GROWTH,
  RST_ORBIT_COLUMNS
};

struct rst_orbit_record {
  const double *column[RST_ORBIT_COLUMNS]; /**< entry t belongs to u_t or the update from it */
  long asked, done;                        /**< updates */
  long unstable, stable;                   /**< as those of struct rst_trajectory */
  bool diverged, stopped;
  bool settled; /**< ended early, see at_rest.h */
  long rest;    /**< updates that it stood still */
  double max_growth;
  double weight_decay;
  double epsilon;   /**< unit of rounding of the state */
  bool noisy;       /**< as those of a trajectory; the data loss is then that of the last evaluation before */
  double full_step; /**< the same */
};

/** @param mean_loss of the last half of the updates asked for, infinite if it diverged; NULL if not wanted. An orbit that
 * settled is taken to stand still from its end on. */
enum rst_status rst_orbit_judge(struct rst_context *context, const struct rst_orbit_record *record,
                                struct rst_orbit *orbit, double *mean_loss);

struct rst_orbit_request {
  double lr, weight_decay;
  long burn_in, samples;
  bool settle;        /**< end early where the orbit has settled */
  bool unperturbed;   /**< without a perturbation to follow: no exponent and no growth is known */
  size_t evaluations; /**< the last ones, of which the mean is wanted; 0 for none */
  bool (*stop)(void *user);
  void *user;
};

/** rst_orbit_run() with what a sweep needs. @param observed, mean_loss NULL if not wanted; *stopped tells whether the orbit
 * was. */
enum rst_status rst_orbit_follow(struct rst_context *context, const struct rst_case *from,
                                 struct rst_flow *flow, const struct rst_orbit_request *request,
                                 double *observed, struct rst_orbit *result, double *mean_loss,
                                 bool *stopped);

/** A unit vector that depends on the layout alone, in the precision of `probe`, a state. */
enum rst_status rst_orbit_probe(struct rst_context *context, const struct rst_layout *layout,
                                struct rst_field *probe);

static inline struct rst_orbit_summary rst_orbit_summary_of(const struct rst_orbit *orbit, double mean_loss) {
  return (struct rst_orbit_summary){.regime = orbit->regime.regime,
                                    .final_loss = orbit->loss,
                                    .mean_loss = mean_loss,
                                    .lyapunov = orbit->regime.exponent,
                                    .lyapunov_error = orbit->regime.exponent_error,
                                    .max_growth = orbit->max_growth,
                                    .period = orbit->regime.period,
                                    .iterations_run = orbit->iterations,
                                    .evaluation = orbit->evaluation};
}

#endif
