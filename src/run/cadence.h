/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_CADENCE_H
#define RST_CADENCE_H

#include <stdbool.h>

#include "restrain/case.h"

/** Whether iteration t is stored as a snapshot: linear, every multiple of `every`; logarithmic, 0 and the
 * integers nearest to 10^(j / every), j = 0, 1, ... (the first and the last state of a run are stored in any
 * case). */
bool rst_cadence_includes(enum rst_cadence cadence, long every, long t);

/** How many of the iterations 0 ... last are. */
double rst_cadence_count(enum rst_cadence cadence, long every, long last);

#endif
