/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_BETWEEN_ROWS_H
#define RST_BETWEEN_ROWS_H

#include "motion/motion.h"

/** @file
 * What the updates between two rows of scalars have in common: an iteration without a row leaves its trace in the next.
 */

struct rst_between_rows;

/** @param every iterations between rows, 1 or more */
enum rst_status rst_between_rows_create(struct rst_context *context, long every,
                                        struct rst_between_rows **between);
void rst_between_rows_destroy(struct rst_between_rows **between);

/** Of the updates since the last row: the largest norm |u_{t+1} - u_t|, and the mean of the log growth of the leading perturbation;
 * NaN without any. Then take the update of this iteration in: once for each, in order. */
void rst_between_rows_measure(struct rst_between_rows *between, const struct rst_observation *observation,
                              double *largest_update, double *mean_log_growth);

/** What later measurements depend on: part of a checkpoint. */
struct rst_field *rst_between_rows_state(const struct rst_between_rows *between);

#endif
