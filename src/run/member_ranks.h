/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_MEMBER_RANKS_H
#define RST_MEMBER_RANKS_H

#include "restrain/ranks.h"
#include "run/members.h"

/** @file
 * The members of an ensemble shared out over processes: each rank has a range of them, rank 0 the run besides, and the rows of
 * all. It gives orders, which the others carry out in turn, each with one answer, also where they have failed; rows travel in
 * pieces. Until it dismisses them the others wait for orders.
 */

/** Members of a rank, of an ensemble of so many members, the run included: numbers from 1 on. */
struct rst_member_range rst_member_range_of(size_t members, int size, int rank);

/** What the others are to do: step to an iteration, measure there, and answer with some columns of their rows. */
struct rst_member_order {
  long iteration;
  bool measure;
  struct rst_member_columns columns; /**< an empty range for none */
};

/** On rank 0: give the order, then, once its own part is done, await all answers and put the rows in their places. The first
 * failure of the lowest rank is reported when all have answered. `members` are all of the ensemble, the run included, but
 * `rows` begin with member 1. */
enum rst_status rst_member_ranks_order(struct rst_context *context, const struct rst_ranks *ranks,
                                       const struct rst_member_order *order);
enum rst_status rst_member_ranks_collect(struct rst_context *context, const struct rst_ranks *ranks,
                                         size_t members, struct rst_blocks *rows);
/** On rank 0: the others go on at that iteration with what the rows of their members say. */
enum rst_status rst_member_ranks_resume(struct rst_context *context, const struct rst_ranks *ranks,
                                        size_t members, struct rst_blocks *rows, long iteration);
/** On rank 0, in any case, at the end. */
void rst_member_ranks_dismiss(const struct rst_ranks *ranks);

/** On the others: carry out orders until dismissed. Failures are answers; RST_ERROR_IO where rank 0 is lost. */
enum rst_status rst_member_ranks_work(struct rst_context *context, const struct rst_case *run,
                                      const struct rst_ranks *ranks);

#endif
