/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LAYER_WATCH_H
#define RST_LAYER_WATCH_H

#include "restrain/case.h"
#include "restrain/flow.h"

/** @file
 * The layers of a flow during a run, at the iterations that are asked for (sharpness.every): the largest eigenvalue of each
 * one's block of H(u_t), and what the multi-layer theorem takes of it. The decay is included.
 */

struct rst_layer_watch;

/** The flow is borrowed and has layers. @param sharpness, states which of the two are measured. */
enum rst_status rst_layer_watch_create(struct rst_context *context, const struct rst_case *run,
                                       struct rst_flow *flow, bool sharpness, bool states,
                                       struct rst_layer_watch **watch);
void rst_layer_watch_destroy(struct rst_layer_watch **watch);

/** At iteration t, u being u_t: NaN between the iterations asked for and where there are no numbers. */
void rst_layer_watch_measure(struct rst_layer_watch *watch, long t, const struct rst_field *u);

/** [layers], NULL unless measured; owned by the watch, of the last measurement. */
const double *rst_layer_watch_sharpness(const struct rst_layer_watch *watch);
const struct rst_layer_state *rst_layer_watch_states(const struct rst_layer_watch *watch);

/** The eigenvectors of all blocks, on which the next search depends: part of a checkpoint. NULL without sharpness. */
struct rst_field *rst_layer_watch_vectors(struct rst_layer_watch *watch);

#endif
