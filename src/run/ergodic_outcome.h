/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ERGODIC_OUTCOME_H
#define RST_ERGODIC_OUTCOME_H

#include "archive/series_list.h"
#include "run/ergodic.h"

/** @file
 * What the ergodic record adds to a run's file at its end, and the distances between windows, for which the file is read back.
 */

/** Add the series of the end, which borrow from the record. */
enum rst_status rst_ergodic_list_series(const struct rst_ergodic *ergodic, struct rst_series_list *list);

/** Of a run that ended at u_t: fill the summary and store it. Besides a page of a sequence this takes 1 MiB of memory. */
enum rst_status rst_ergodic_conclude(struct rst_context *context, const struct rst_ergodic *ergodic, long t,
                                     struct rst_run_file *file, struct rst_ergodic_summary *summary);

#endif
