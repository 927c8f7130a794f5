/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_FLOW_LAPS_H
#define RST_FLOW_LAPS_H

#include "core/laps.h"
#include "restrain/flow.h"

/** Time the stages of evaluations from now on; NULL, the preset, for none. The laps are borrowed. */
void rst_flow_set_laps(struct rst_flow *flow, struct rst_laps *laps);

#endif
