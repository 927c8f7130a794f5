/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FIXED_POINT_WITHIN_H
#define RST_FIXED_POINT_WITHIN_H

#include "restrain/fixed_point.h"

/** As rst_fixed_point_find(), spending about `most_products` Hessian products at most: RST_ERROR_NUMERIC beyond. A start far
 * from any fixed point may take many thousands otherwise. */
enum rst_status rst_fixed_point_find_within(struct rst_context *context, struct rst_flow *flow,
                                            double weight_decay, const struct rst_field *u, double tolerance,
                                            int most_products, struct rst_fixed_point *found);

#endif
