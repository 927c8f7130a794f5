/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SUBDIVISION_H
#define RST_SUBDIVISION_H

#include "sweep/sweep_file.h"

/** @file
 * Refinement of a sweep where regimes differ.
 *
 * A cell of level l is a square of 2^(n - l) spacings of the fine grid, n = table.refine; a grid of one row or column has
 * segments in place of squares. Cells of level 0 tile the grid. A cell below level n is divided where the points computed on its
 * edges differ in regime: its centre, where it has one, and the middles of its edges are wanted, and its quarters are cells of
 * the next level.
 *
 * Every cell is looked at when it comes about and again whenever a point on its edges has been computed. Computed points are only
 * ever added, so that in the end the same cells are divided, the fewest that leave none to divide, in whatever order the points
 * are computed.
 *
 * No other memory is needed: a point that is wanted has a `level`, its own, and a cell is divided where its centre has one.
 */

/** Places in the grid. */
struct rst_sweep_places {
  size_t *places;
  size_t count, capacity;
};

/** How many of the `count` values of an axis are of the coarse grid; points of that grid, and the place of one of them. Points are
 * counted with the axes of step.lr and step.weight_decay fastest, others slower: neighbours share a variant of the case. */
size_t rst_sweep_coarse_count(const struct rst_sweep_table *table, size_t count);
size_t rst_sweep_coarse_points(const struct rst_sweep_table *table);
size_t rst_sweep_coarse_place(const struct rst_sweep_table *table, size_t point);
/** The point at a place, SIZE_MAX if the coarse grid has none there. */
size_t rst_sweep_coarse_point(const struct rst_sweep_table *table, size_t place);

/** Forget what was filled in and what was wanted: what is left was computed. */
void rst_sweep_forget_filled(struct rst_sweep_table *table);

/** Divide what is to be divided, as far as the computed points tell. Points that are wanted for it and not yet computed are added
 * to `wanted`. Nothing in the table may be filled. */
enum rst_status rst_sweep_refine(struct rst_context *context, struct rst_sweep_table *table,
                                 struct rst_sweep_places *wanted);
/** The same after the point at `place` has been computed, at a cost of the cells around it. */
enum rst_status rst_sweep_refine_around(struct rst_context *context, struct rst_sweep_table *table,
                                        size_t place, struct rst_sweep_places *wanted);

/** Give all points that were not computed the values of the nearest corner of their cell; a cell has its lower edges. To be
 * called when all wanted points are there. */
void rst_sweep_fill(struct rst_sweep_table *table);

#endif
