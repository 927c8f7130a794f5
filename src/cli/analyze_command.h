/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ANALYZE_COMMAND_H
#define RST_ANALYZE_COMMAND_H

#include "cli/command.h"
#include "core/text.h"

/** @file
 * An analysis as text.
 */

/** For people: tables, then the verdict with what limits stability in the last lines. */
void rst_analysis_add_text(struct rst_text *text, const struct rst_case *from,
                           const struct rst_analysis *analysis);
/** One JSON object; null stands for what has no value, is infinite, or was not computed. */
void rst_analysis_add_json(struct rst_text *text, const struct rst_analysis *analysis, const char *subject,
                           const char *output);

#endif
