/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OBSERVER_H
#define RST_OBSERVER_H

#include "archive/series_list.h"
#include "motion/motion.h"
#include "restrain/run.h"
#include "run/ensemble.h"
#include "run/ergodic.h"
#include "run/twins.h"

/** @file
 * The observer: the scalars and fields that one run records, and the instruments that measure them. What there is to record
 * is listed in observables.h.
 */

struct rst_observer;

/** Names must be known; they are borrowed while the observer lives, and so is the flow. RST_ERROR_ARGUMENT if something is
 * asked for that the case does not have. */
enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, struct rst_observer **observer);
void rst_observer_destroy(struct rst_observer **observer);

/** Whether something is recorded that takes perturbations. */
bool rst_observer_follows_perturbations(const struct rst_observer *observer);

/** Whether numbers of each member of an ensemble are recorded. */
bool rst_observer_measures_members(const struct rst_observer *observer);

/** Tell where to look; all are borrowed, twins and ensemble may be NULL. */
void rst_observer_watch(struct rst_observer *observer, struct rst_motion *motion, struct rst_twins *twins,
                        struct rst_ensemble *ensemble);

/** The ergodic record, NULL without. */
const struct rst_ergodic *rst_observer_ergodic(const struct rst_observer *observer);

/** The series of what is recorded. Owned by the observer; others may add to it. */
struct rst_series_list *rst_observer_series(struct rst_observer *observer);

/** Add the fields that later measurements depend on. */
void rst_observer_list(const struct rst_observer *observer, struct rst_blocks *blocks);

/** A row of scalars, rst_run_layout_width() values, whether it is to be kept or not: once for each iteration, in order. */
void rst_observer_measure(struct rst_observer *observer, const struct rst_observation *observation,
                          double *values);
/** fields[i] of series i of those of snapshots, borrowed from the observation or the observer until the next call. */
enum rst_status rst_observer_expose(struct rst_observer *observer, const struct rst_observation *observation,
                                    const struct rst_field **fields);

#endif
