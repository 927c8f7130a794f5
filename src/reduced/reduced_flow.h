/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REDUCED_FLOW_H
#define RST_REDUCED_FLOW_H

#include "reduced/reduction.h"

/** The flow of a reduced network in the coordinates of its state, [rank + 1]. They keep lengths and angles, so that minima,
 * eigenvalues and ways of the continuous flow are those of the kernel's, up to rounding and to the eigenvalue 0 of all other
 * directions.
 * @param from, network borrowed by the flow. @param initial u_0 in coordinates, a double row of [rank + 1]. The caller destroys
 * flow and initial, which stay NULL after a failure. RST_ERROR_MEMORY. */
enum rst_status rst_reduced_flow_create(struct rst_context *context, const struct rst_case *from,
                                        const struct rst_reduced_network *network, struct rst_flow **flow,
                                        struct rst_field **initial);

#endif
