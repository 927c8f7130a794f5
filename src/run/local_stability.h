/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LOCAL_STABILITY_H
#define RST_LOCAL_STABILITY_H

#include "archive/run_file.h"
#include "restrain/case.h"

/** @file
 * Which updates of a run are known to be locally stable, and which not to be, by the rule of regime.h. An update is unstable
 * if the scalar sharpness or lambda_min, where it was recorded, is beyond its limit; it is stable if both were recorded and
 * neither is. A flow whose Hessian is the same everywhere needs them at one state alone. Of a preconditioned scheme
 * nothing is known: its limit is one on P^-1 H; nor where steps change by a schedule, or gradients are those of batches.
 */

struct rst_local_stability {
  long unstable, stable; /**< updates */
};

/** What the scalars of the file tell. */
enum rst_status rst_local_stability_read(struct rst_context *context, const struct rst_case *run,
                                         const struct rst_run_file *file, struct rst_local_stability *local);

/** The same from the extreme eigenvalues at u, for `updates` updates of a linear flow; none are known where an eigenvalue
 * cannot be found. */
enum rst_status rst_local_stability_measure(struct rst_context *context, const struct rst_case *run,
                                            struct rst_flow *flow, const struct rst_field *u, long updates,
                                            struct rst_local_stability *local);

#endif
