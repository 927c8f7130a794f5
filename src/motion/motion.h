/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MOTION_H
#define RST_MOTION_H

#include "core/blocks.h"
#include "core/laps.h"
#include "restrain/event.h"
#include "restrain/schedule.h"
#include "restrain/scheme.h"
#include "restrain/tangent.h"

/** @file
 * A motion: a state that a scheme steps along a flow, with the perturbations and events that are followed beside it. Runs,
 * orbits, twins, bisections and descents are motions.
 *
 *     rst_motion_look()      what there is to see at u_t
 *     rst_motion_step()      from u_t to u_{t+1}, and what that adds to the observation of u_t
 *     rst_motion_advance()   both at once, to the same bits, where nobody looks
 *
 * Both evaluate with the example weights of update t; before and after, the flow has equal weights on all examples. After a look
 * rst_motion_advance() steps from what that has evaluated.
 *
 * A motion may be that of several copies of a flow (flow/copies.h), which costs less than a motion for each where they are small, and
 * comes to the same bits. Its fields have the numbers of one copy after the other; numbers that do not belong to a state, as the
 * updates that adam counts, are there once. Copies are neither observed nor perturbed.
 */

struct rst_motion_parameters {
  struct rst_scheme_parameters scheme;
  struct rst_schedule schedule;            /**< of its lr; zeroed: constant */
  struct rst_sampling_parameters sampling; /**< zeroed: full */
  /** Of the flow, at most 1 where the scheme adapts or the flow has averages; 0, as 1: itself. */
  size_t copies;
  bool draws_together;  /**< all copies draw as the first; otherwise copy c as member sampling.member + c */
  bool observed;        /**< rst_motion_step() will be used, not rst_motion_advance() alone */
  bool has_slope;       /**< grad L is among what is observed, with what a run tells of perturbations */
  size_t perturbations; /**< that are followed; 0 for none */
  uint32_t seed;        /**< of theirs */
  long burn_in;         /**< updates before the exponents begin to average */
  bool has_events;      /**< are told of; with perturbations only */
};

/** The state u_t and the update from it. Pointers are borrowed until the next step. */
struct rst_observation {
  /* rst_motion_look(): */
  long iteration;            /**< t */
  const struct rst_field *u; /**< u_t */
  /** grad L(u_t) = grad E(u_t) + alpha u_t on free points; NULL without slope. */
  const struct rst_field *gradient;
  struct rst_flow_value value;
  double loss;        /**< L(u_t) = E(u_t) + (alpha/2) |u_t|^2 */
  double weight_norm; /**< |u_t| */
  double grad_norm;   /**< |gradient|, NaN without slope */
  double exponents
      [RST_TANGENT_MOST]; /**< finite-time Lyapunov exponents over the updates from burn_in to t, NaN if there are
                                         none; without slope of no meaning, as the next */
  double participation; /**< participation ratio of the leading perturbation at t */
  /* rst_motion_step(), NaN and false before: */
  double step_size;   /**< of the step from t to t+1 */
  double update_norm; /**< |u_{t+1} - u_t| */
  double log_growth;  /**< log of the local growth of the leading perturbation; NaN without perturbations */
  bool event_ended;   /**< an event has ended before t: */
  struct rst_event event;
};

struct rst_motion {
  struct rst_context *context;
  struct rst_flow *flow;   /**< borrowed, or: */
  struct rst_flow *copies; /**< owned; NULL: one alone */
  struct rst_motion_parameters parameters;
  struct rst_scheme *scheme;
  struct rst_field *u;
  struct rst_field *gradient;          /**< grad E at u after a look; destroyed by the step */
  bool looked;                         /**< gradient and statistics are those of update `iteration` */
  struct rst_field *previous;          /**< u before the last step; NULL unless observed */
  struct rst_field *slope;             /**< NULL without */
  struct rst_tangent *tangent;         /**< NULL without perturbations, like the next two */
  struct rst_event_detector *detector; /**< NULL without events, too */
  /** Updates averaged so far, then the sum of log R_jj over them for each exponent; double. */
  struct rst_field *sums;
  size_t sampler_count;          /**< 0: the flow has equal weights throughout; 1, or one for each copy */
  struct rst_sampler **samplers; /**< [sampler_count] */
  const struct rst_draw **draws; /**< [sampler_count] of this update, borrowed */
  long epoch;                    /**< updates of one */
  /** Of the batches before update t, and the statistics of batch t after a look; one row, double; NULL where no layer is
   * normalised over the batch. */
  struct rst_field *averages, *statistics;
  long iteration;                 /**< updates done */
  double time, time_compensation; /**< Kahan sum of the steps taken, where observed */
  struct rst_laps *laps;          /**< of the iteration under way; NULL, as preset: not timed */
};

/** The flow is borrowed, u is copied; of copies it has all their states. */
enum rst_status rst_motion_create(struct rst_context *context, struct rst_flow *flow,
                                  const struct rst_motion_parameters *parameters, const struct rst_field *u,
                                  struct rst_motion **motion);
void rst_motion_destroy(struct rst_motion **motion);

/** Evaluate at the state and fill the observation. */
void rst_motion_look(struct rst_motion *motion, struct rst_observation *seen);
/** After a look at copies: u_t of one, a view, its weight norm, value and loss; the rest is left as it is. */
void rst_motion_look_at_copy(const struct rst_motion *motion, size_t copy, struct rst_field *u,
                             struct rst_observation *seen);
/** One step of state, perturbations and events, after a look; completes the observation. */
enum rst_status rst_motion_step(struct rst_motion *motion, struct rst_observation *seen);
/** Evaluate and step; for motions without perturbations. */
enum rst_status rst_motion_advance(struct rst_motion *motion);

/** Everything that later steps depend on: "state", "scheme.0", ..., and of perturbations "tangent.0", ..., "averages" and
 * "events.0", ..., of batches "running", each name behind the prefix. Beside the blocks, `iteration`, `time` and its compensation go on. */
void rst_motion_list(const struct rst_motion *motion, const char *prefix, struct rst_blocks *blocks);

/** The event that is under way, as far as it has come; the motion may go on afterwards. */
enum rst_status rst_motion_last_event(struct rst_motion *motion, bool *ended, struct rst_event *event);

#endif
