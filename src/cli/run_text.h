/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_RUN_TEXT_H
#define RST_RUN_TEXT_H

#include "core/text.h"
#include "restrain/run.h"

/** @file
 * What a run concludes with: regime, events, twins, ergodic record; as lines on standard output, and as members of a JSON object, each
 * preceded by a comma.
 */

void rst_run_summary_print(const struct rst_run_summary *summary);
void rst_run_summary_add_json(const struct rst_run_summary *summary, struct rst_text *text);

#endif
