/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_SEQUENCE_H
#define RESTRAIN_SEQUENCE_H

#include <stddef.h>

#include "restrain/context.h"

/** @file
 * A sequence of numbers x_0, x_1, ... that is looked at: in memory, or read a page at a time where it is looked at, so that one
 * of any length takes the memory of a page and a few numbers for each page. What is found does not depend on which.
 */

struct rst_sequence_pages;

/** Zeroed: no sequence. Of one thread. */
struct rst_sequence {
  const double *values;             /**< all of it, borrowed; NULL if it is read */
  struct rst_sequence_pages *pages; /**< NULL if it is in memory */
};

/** Numbers of a page. */
enum { RST_SEQUENCE_PAGE = 1 << 16 };

/** Of `count` numbers, which `read` gives: numbers first ... first + count - 1 into `values`. It is called, with the borrowed
 * `user`, whenever a page is looked at that is not in memory. The caller destroys the sequence. RST_ERROR_MEMORY. */
RST_API enum rst_status rst_sequence_create(struct rst_context *context, size_t count,
                                            enum rst_status (*read)(void *user, size_t first, size_t count,
                                                                    double *values),
                                            void *user, struct rst_sequence *sequence);
/** Release the pages, and zero it; a zeroed one, or one in memory, is fine. */
RST_API void rst_sequence_destroy(struct rst_sequence *sequence);

/** The first failure of its reading; the numbers of that page were taken to be NaN. */
RST_API enum rst_status rst_sequence_status(const struct rst_sequence *sequence);

#endif
