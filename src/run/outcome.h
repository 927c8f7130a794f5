/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OUTCOME_H
#define RST_OUTCOME_H

#include "archive/series_list.h"
#include "restrain/run.h"
#include "run/ergodic.h"
#include "run/twins.h"

/** @file
 * What a run as a whole shows, drawn at its end from what the file holds of it: its regime, its strongest events, how its
 * twins parted, its ergodic record.
 */

/** Add the series of the end to those of a run. */
enum rst_status rst_outcome_list(const struct rst_case *run, struct rst_series_list *list);

/** All borrowed. */
struct rst_outcome_request {
  const struct rst_case *run;
  struct rst_flow *flow;
  const struct rst_field *u;         /**< the last state */
  long iterations;                   /**< updates done */
  bool perturbed;                    /**< perturbations were followed */
  const struct rst_twins *twins;     /**< NULL without */
  const struct rst_ergodic *ergodic; /**< the same */
  double full_step;                  /**< as that of a trajectory */
  struct rst_run_file *file;
};

/** Read the record back, piece by piece, fill the conclusions of `summary`, whose outcome is known, and store them. */
enum rst_status rst_outcome_draw(struct rst_context *context, const struct rst_outcome_request *request,
                                 struct rst_run_summary *summary);

#endif
