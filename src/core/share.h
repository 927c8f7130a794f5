/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SHARE_H
#define RST_SHARE_H

#include <stddef.h>

#include "restrain/context.h"

/** @file
 * Work shared out among threads.
 *
 * A context has a team: the thread that calls, member 0, and helpers, which are started when they are first needed and end with
 * the context. Pieces are taken one by one by whoever is free, so that nobody waits for a helper that has not come: on a busy
 * machine a caller may do all of them. Between two calls helpers look out for work for some microseconds and then sleep; so does
 * a caller for pieces that helpers have not finished.
 *
 * A team does one work at a time. Who finds it at work, such as a piece that shares out work of its own, does that alone.
 */

/** One piece of some work, done by that member of a team. Pieces do not depend on each other, nor results on who does which; a
 * member, at any time one thread, may use work space of its own. */
typedef void rst_piece(void *work, size_t index, size_t member);

/** How many members `count` pieces are worth that would take one thread that many nanoseconds, roughly, together: as many as the
 * context has threads, as there are pieces, and as get enough to do; at least 1. */
size_t rst_team_size(const struct rst_context *context, double nanoseconds, size_t count);

/** The pieces 0 ... count - 1, done by at most `size` members; by the caller alone, in order, where that is 1, for which the
 * context may be NULL. All are done, and what they wrote is seen by the caller, on return. */
void rst_share(const struct rst_context *context, size_t size, size_t count, rst_piece *piece, void *work);

/** Nanoseconds that each member must get, instead of some ten microseconds; 0 shares out everything, as tests need it to see teams
 * at small work. */
void rst_team_set_least(const struct rst_context *context, double nanoseconds);

/** A context's own: a team without helpers, NULL if memory is exhausted. */
struct rst_team *rst_team_create(void);
void rst_team_destroy(struct rst_team *team);
struct rst_team *rst_context_team(const struct rst_context *context);

#endif
