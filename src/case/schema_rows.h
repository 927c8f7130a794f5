/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCHEMA_ROWS_H
#define RST_SCHEMA_ROWS_H

#include "case/schema.h"

/** @file
 * What the rows of the tables are written with.
 */

#define AT(member) PLACE(struct rst_loaded_case, member)

/** Tables below keys: a promise, an axis of a sweep, a series of zoom windows; four sections. */
extern const struct rst_keys rst_expectation_keys, rst_sweep_axis_keys, rst_sweep_zoom_keys;
extern const struct rst_keys rst_ensemble_keys, rst_analyze_keys, rst_bifurcation_keys, rst_sweep_keys;

#endif
