/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LANES_H
#define RST_LANES_H

#include "reduced/lane_block.h"
#include "restrain/orbit.h"

/** @file
 * Points of a sweep by a reduced network: a block of orbits whose lanes take up the next point as soon as theirs has ended.
 */

struct rst_lanes;

/** @param from, network borrowed. */
enum rst_status rst_lanes_create(struct rst_context *context, const struct rst_case *from,
                                 const struct rst_reduced_network *network, struct rst_lanes **lanes);
void rst_lanes_destroy(struct rst_lanes **lanes);

/** Whether orbits may end early for having settled; they may after creation. */
void rst_lanes_end_at_rest(struct rst_lanes *lanes, bool settle);

/** As rst_evaluator_sample(). */
void rst_lanes_sample(struct rst_lanes *lanes, size_t samples);

/** As rst_evaluator_run(). */
enum rst_status rst_lanes_run(struct rst_lanes *lanes, size_t count, const double *lr,
                              const double *weight_decay, bool (*stop)(void *user), void *user,
                              struct rst_orbit_summary *points, double *observed, bool *stopped);

#endif
