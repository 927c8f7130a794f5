/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_ANALYSIS_FILE_H
#define RST_ANALYSIS_FILE_H

#include "archive/output.h"
#include "restrain/analysis.h"

/** @file
 * analysis.h5: an analysis as fields, with its XDMF sidecars FILE.xdmf, of states, and
 * FILE.spectrum.xdmf, over wave numbers. What was not computed is absent.
 *
 *     /ky /kx   /y /x   /index   /eigenvalue   /abscissa   /spacing      dimension scales
 *     /amplification /symbol (ky, kx)              wave numbers ascending, in radians per unit length
 *     /eigenvector_max /eigenvector_min (y, x)     of the linear flow, or at the minimum that decides
 *     /spectrum (eigenvalue)   /density (abscissa)
 *     /fixed_point (index, y, x)   /fixed_point_loss, ... (index)
 *     /refined_lambda_max /refined_lr_max (spacing)
 *     /lr /lambda_max /lr_max ...                  scalars, NaN where they have no value
 *     /fixed_points/<index> (1, y, x)              virtual datasets for FILE.xdmf
 *     /provenance                                  as in a run file
 *
 * Verdict, mechanisms and explanations are text attributes of the root group.
 */

/** Write file and sidecars; the file appears under its name when it is complete. */
enum rst_status rst_analysis_file_write(struct rst_output *output, const struct rst_case *from,
                                        const struct rst_analysis *analysis);

/** The sidecars alone (analysis_xdmf.c), and the name of a fixed point's virtual dataset. */
enum { RST_FIXED_POINT_NAME_LENGTH = 64 };
void rst_fixed_point_name(char name[RST_FIXED_POINT_NAME_LENGTH], size_t index);
enum rst_status rst_analysis_xdmf_write(struct rst_context *context, const struct rst_analysis *analysis,
                                        const char *path);

#endif
