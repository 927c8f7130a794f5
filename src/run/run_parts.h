/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_PARTS_H
#define RST_RUN_PARTS_H

#include "motion/motion.h"
#include "restrain/run.h"
#include "run/ensemble.h"
#include "run/evaluation.h"
#include "run/observer.h"
#include "run/twins.h"

/** @file
 * What a case turns into: a flow with an initial state, what is observed, the motion, its twins and the
 * other members of its ensemble.
 */

struct rst_run_parts {
  struct rst_problem problem;
  struct rst_observer *observer;
  struct rst_motion *motion;
  struct rst_twins *twins;             /**< NULL without */
  struct rst_ensemble *ensemble;       /**< NULL without */
  struct rst_evaluations *evaluations; /**< NULL without examples */
};

/** Sets the context's rigor to that of the case. On failure everything is destroyed. @param ranks that share the ensemble, NULL for
 * none. */
enum rst_status rst_run_parts_create(struct rst_context *context, const struct rst_case *run,
                                     const struct rst_ranks *ranks, struct rst_run_parts *parts);
/** Destroys the members and sets them to NULL. */
void rst_run_parts_destroy(struct rst_run_parts *parts);

/** What there is to see at u_t, twins included. */
void rst_run_parts_look(struct rst_run_parts *parts, struct rst_observation *seen);
/** Step the motion and its twins, and let the ensemble follow. */
enum rst_status rst_run_parts_step(struct rst_run_parts *parts, struct rst_observation *seen);

#endif
