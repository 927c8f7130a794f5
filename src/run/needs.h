/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NEEDS_H
#define RST_NEEDS_H

#include "run/observables.h"

/** @file
 * Which observables a run records, and what they take: by what its case asks for, and what goes with it.
 */

/** What the run needs. RST_ERROR_ARGUMENT, with the remedy, if the case asks for something that it or its flow does not have. */
enum rst_status rst_needs_find(struct rst_context *context, const struct rst_case *run,
                               const struct rst_flow *flow, bool needs[RST_NEEDS]);

/** Whether a run of these needs records the observable. */
bool rst_needs_record(const bool needs[RST_NEEDS], const struct rst_case *run,
                      const struct rst_observable *observable);

#endif
