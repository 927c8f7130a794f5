/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CORRELATION_PLAN_H
#define RST_CORRELATION_PLAN_H

#include "cli/command.h"

/** @file
 * The plan of a case: which implementation of the correlation it gets, and why.
 */

/** Print, for each image, what each implementation would cost, by the cost model and measured, and which one is chosen by
 * what. */
enum rst_exit rst_plan_explain(struct rst_context *context, const struct rst_arguments *arguments,
                               const struct rst_case *from);

#endif
