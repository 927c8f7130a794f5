/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TWINS_H
#define RST_TWINS_H

#include "core/blocks.h"
#include "restrain/case.h"

/** @file
 * Twins: runs of the same case that differ in a divisor, in precision or in one last bit, advanced in lockstep and compared
 * with the run itself. Differences are taken in the wider of the two precisions. A twin whose divisor is the run's own is
 * the run: it is not computed, its difference is 0. Where the context has threads, these share the twins out if their steps
 * take a while, each with a flow of its own; the bits are the same.
 */

struct rst_twins;

/** What tells a twin from the run at u_t. Arrays of one value per twin. */
struct rst_twin_comparison {
  const double *distance;          /**< |A - B| */
  const double *difference;        /**< mean of 2 |A - B|/(|A| + |B|) */
  const double *tensor_difference; /**< [tensors][twins], the same mean over each tensor of the state */
  const double *average; /**< of `difference` over the last twin.average states, fewer at the start */
};

/** The flow is borrowed and may be shared; u is the initial state. */
enum rst_status rst_twins_create(struct rst_context *context, const struct rst_case *run,
                                 struct rst_flow *flow, const struct rst_field *u, struct rst_twins **twins);
void rst_twins_destroy(struct rst_twins **twins);

/** Go on from u_t, whose fields (rst_twins_list()) have been restored. */
void rst_twins_resume(struct rst_twins *twins, long t);

/** Compare with u_t, once for each t and in order. */
void rst_twins_compare(struct rst_twins *twins, long t, const struct rst_field *u);
/** What the last call found; valid until the next. */
struct rst_twin_comparison rst_twins_comparison(const struct rst_twins *twins);
/** field = u - twin, and 2 |u - twin|/(|u| + |twin|), of u's precision. */
void rst_twins_difference(struct rst_twins *twins, size_t index, const struct rst_field *u,
                          struct rst_field *difference);
void rst_twins_relative_difference(struct rst_twins *twins, size_t index, const struct rst_field *u,
                                   struct rst_field *difference);

/** One step of every twin. */
enum rst_status rst_twins_step(struct rst_twins *twins);

/** The unit of rounding of the coarser of a twin's and the run's precision. */
double rst_twins_rounding(const struct rst_twins *twins, size_t index);

/** Add the fields that later steps and comparisons depend on. */
void rst_twins_list(const struct rst_twins *twins, struct rst_blocks *blocks);

#endif
