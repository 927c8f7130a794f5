/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_PROFILE_TEXT_H
#define RST_PROFILE_TEXT_H

#include "core/text.h"
#include "restrain/run.h"

/** @file
 * Where the time of a run went, as text. Nothing where it was not asked for.
 */

void rst_profile_print(const struct rst_run_summary *summary);
/** A further member of an object. */
void rst_profile_add_json(const struct rst_run_summary *summary, struct rst_text *text);

#endif
