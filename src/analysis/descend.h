/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_DESCEND_H
#define RST_DESCEND_H

#include "analysis/analysis_task.h"

/** Go on downhill from where analyses change over to Newton's method, which far from a minimum may end in a saddle or nowhere.
 * Steps that overshoot are taken back and halved, the others grow. @param settled whether it came near a fixed point. */
enum rst_status rst_analysis_descend_further(struct rst_analysis_task *task, double decay,
                                             struct rst_field *u, bool *settled);

#endif
