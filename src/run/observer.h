/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OBSERVER_H
#define RST_OBSERVER_H

#include "archive/run_file.h"
#include "restrain/run.h"

/** @file
 * Observers: what a run records. A scalar is a number per iteration, a field an array per snapshot; each is
 * one line of a table in observer.c.
 */

/** The state at iteration t, as observers see it. Borrowed pointers. */
struct rst_observation {
  long iteration;                   /**< t */
  const struct rst_field *u;        /**< u_t */
  const struct rst_field *gradient; /**< grad E(u_t) + alpha u_t on free points */
  struct rst_flow_value value;
  double weight_decay;
  double grad_norm;   /**< |gradient| */
  double weight_norm; /**< |u_t| */
  double update_norm; /**< |u_{t+1} - u_t|, NaN at the last state */
  double step_size;   /**< of the step from t to t+1, NaN at the last state */
};

/** L(u_t) = E(u_t) + (alpha/2) |u_t|^2. */
double rst_observation_loss(const struct rst_observation *observation);

/** The scalars and fields of one run: the required ones, then the optional ones asked for. */
struct rst_observer;

/** Names must be known; they are borrowed while the observer lives, and so is the flow. */
enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, struct rst_observer **observer);
void rst_observer_destroy(struct rst_observer **observer);

/** Descriptions for the run file; owned by the observer. */
const struct rst_variable *rst_observer_scalars(const struct rst_observer *observer, size_t *count);
const struct rst_variable *rst_observer_fields(const struct rst_observer *observer,
                                               const enum rst_axes **axes, size_t *count);

/** The fields that later measurements depend on: part of a checkpoint. Owned by the observer. */
size_t rst_observer_state(struct rst_observer *observer, struct rst_field ***fields);

/** values[i] of scalar i. */
void rst_observer_measure(struct rst_observer *observer, const struct rst_observation *observation,
                          double *values);
/** fields[i] of field i, borrowed from the observation or the observer until the next call. */
enum rst_status rst_observer_expose(struct rst_observer *observer, const struct rst_observation *observation,
                                    const struct rst_field **fields);

#endif
