/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OBSERVER_H
#define RST_OBSERVER_H

#include "archive/run_file.h"
#include "restrain/run.h"
#include "run/companions.h"

/** @file
 * The observer: the scalars and fields that one run records, and the instruments that measure them. What there is to record
 * is listed in observables.h.
 */

/** The state at iteration t, as it is observed. Borrowed pointers. */
struct rst_observation {
  long iteration;                   /**< t */
  const struct rst_field *u;        /**< u_t */
  const struct rst_field *gradient; /**< grad E(u_t) + alpha u_t on free points */
  struct rst_flow_value value;
  double weight_decay;
  double grad_norm;                        /**< |gradient| */
  double weight_norm;                      /**< |u_t| */
  double update_norm;                      /**< |u_{t+1} - u_t|, NaN at the last state */
  double step_size;                        /**< of the step from t to t+1, NaN at the last state */
  const struct rst_companions *companions; /**< at u_t */
  struct rst_twin_comparison twins;        /**< of u_t; empty without twins */
  double
      exponents[RST_TANGENT_MOST]; /**< Lyapunov exponents over the updates before t, NaN if there are none */
  double local_growth;             /**< of the update from t, NaN at the last state */
  double participation;            /**< of the leading perturbation at t */
};

/** L(u_t) = E(u_t) + (alpha/2) |u_t|^2. */
double rst_observation_loss(const struct rst_observation *observation);

struct rst_observer;

/** Names must be known; they are borrowed while the observer lives, and so is the flow. RST_ERROR_ARGUMENT if something is
 * asked for that the case does not have. */
enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, struct rst_observer **observer);
void rst_observer_destroy(struct rst_observer **observer);

/** Whether something is recorded that takes perturbations. */
bool rst_observer_follows_perturbations(const struct rst_observer *observer);

/** What the run file is to hold, but for shape, spacing and precision. Owned by the observer. */
void rst_observer_describe(const struct rst_observer *observer, struct rst_run_layout *layout);

/** Add the fields that later measurements depend on. */
void rst_observer_list(const struct rst_observer *observer, struct rst_blocks *blocks);

/** A row of scalars, rst_run_layout_width() values. */
void rst_observer_measure(struct rst_observer *observer, const struct rst_observation *observation,
                          double *values);
/** fields[i] of field i, borrowed from the observation or the observer until the next call. */
enum rst_status rst_observer_expose(struct rst_observer *observer, const struct rst_observation *observation,
                                    const struct rst_field **fields);

#endif
