/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_KEY_WALK_H
#define RST_KEY_WALK_H

#include "case/schema.h"
#include "core/text.h"

/** @file
 * All keys that a case may have, for those who explain them.
 */

/** Called for a row and its full path, "sweep.axes.N.key" for a key of the items of a list. */
typedef enum rst_status rst_key_visit(struct rst_context *context, const char *path,
                                      const struct rst_key *key, void *user);

/** Visit every row of the table of a case, those below a list or a mapping after it; numbers are written as in the C locale
 * meanwhile. Stops at the first status other than RST_OK, which it returns. */
enum rst_status rst_keys_walk(struct rst_context *context, rst_key_visit *visit, void *user);

/** Append "a number > 0, seconds; default 60" and the like. */
void rst_key_describe(const struct rst_key *key, struct rst_text *text);
/** Append "flow.kind heat; step.scheme adam, cfl", when the key applies, or nothing. */
void rst_key_conditions(const struct rst_key *key, struct rst_text *text);

#endif
