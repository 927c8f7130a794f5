/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ANALYSIS_TABLE_H
#define RST_ANALYSIS_TABLE_H

#include "hdf5/quantity.h"
#include "restrain/analysis.h"

/** @file
 * All numbers of an analysis, with their names in analysis.h5, in JSON and in text.
 */

enum rst_analysis_group {
  /** Of a struct rst_analysis; scalars in the file. */
  RST_ANALYSIS_SETTINGS,
  RST_ANALYSIS_SYMBOL_EXTREMES,
  RST_ANALYSIS_SYMBOL_LIMITS,
  RST_ANALYSIS_WORST_WAVE,
  RST_ANALYSIS_EXACT_EXTREMES,
  RST_ANALYSIS_EXACT_LIMITS,
  RST_ANALYSIS_EXACT_GROWTH,
  RST_ANALYSIS_SPECTRUM,
  RST_ANALYSIS_MEASURED_DECAY_MIN,
  RST_ANALYSIS_MEASURED_DECAY_MAX,
  RST_ANALYSIS_MEASURED_LR_MAX,
  RST_ANALYSIS_TWO_LIMITS,
  RST_ANALYSIS_SATURATION,
  RST_ANALYSIS_MEAN_SQUARE,
  RST_ANALYSIS_DENSE,
  RST_ANALYSIS_FACTORS,
  /** Of a struct rst_analysed_point, a struct rst_refinement, a struct rst_analysed_layer, a struct rst_analysed_mode; columns in the file. */
  RST_ANALYSIS_POINT,
  RST_ANALYSIS_REFINEMENT,
  RST_ANALYSIS_LAYER,
  RST_ANALYSIS_MODE,
  /** Of a struct rst_analysed_band; over updates and modes in the file. */
  RST_ANALYSIS_BAND
};

extern const struct rst_quantities rst_analysis_numbers;

/** Whether the analysis has the scalars of a group. */
bool rst_analysis_has(const struct rst_analysis *analysis, enum rst_analysis_group group);

#endif
