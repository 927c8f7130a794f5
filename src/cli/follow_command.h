/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FOLLOW_COMMAND_H
#define RST_FOLLOW_COMMAND_H

#include "cli/command.h"
#include "core/text.h"

/** @file
 * Followed trajectories as text.
 */

/** For people: tables over the tensors, and the intervals in which the distances grew most. */
void rst_follow_add_text(struct rst_text *text, const struct rst_follow *follow);
/** One JSON object; of the intervals the same ones; null stands for what has no value. */
void rst_follow_add_json(struct rst_text *text, const struct rst_follow *follow, const char *output);

#endif
