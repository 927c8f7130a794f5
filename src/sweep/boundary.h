/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_BOUNDARY_H
#define RST_BOUNDARY_H

#include "sweep/sweep_file.h"

/** @file
 * The boundaries between regimes in a map, and their box-counting dimension.
 *
 * A block of 2 x 2 neighbouring points is on a boundary if some of its points are inside and some are not. N(d) is the number
 * of tiles of d x d blocks, counted from the first point and cut off at the far rims, that hold such a block. With it the
 * boundary is taken for the set of cells that it passes through, and a straight line has the dimension 1 at any slope.
 *
 *     boundary      inside                           unknown
 *     divergence    divergent                        pending
 *     convergence   stable, transient, converged     pending
 *     chaos         restrained-chaotic               pending, undecided, bounded
 *
 * A block with an unknown point is on no boundary. An orbit that is undecided at its end has neither diverged nor converged
 * by then, which is all that the first two boundaries ask.
 *
 * The slope of log N over log 1/d, d = 1, 2, 4 ... up to an eighth of the shorter side, is fitted by least squares without
 * weights. Of fewer than three sizes, or without a boundary, it is NaN, like its error.
 */

/** Measure them in the map of regimes into table->boxes. */
enum rst_status rst_sweep_measure_boundaries(struct rst_context *context, struct rst_sweep_table *table);

#endif
