/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LANE_BLOCK_H
#define RST_LANE_BLOCK_H

#include "reduced/reduction.h"
#include "run/orbit.h"
#include "stability/local_range.h"

/** @file
 * Orbits of a reduced network side by side: lane l of every array belongs to one orbit. Nothing that happens in a lane
 * depends on the others, to the bit, nor on the processor.
 */

enum { RST_LANES = 32, RST_LANE_STEPS = 8 };

enum rst_lane_end { RST_LANE_RUNS, RST_LANE_COMPLETE, RST_LANE_DIVERGED, RST_LANE_AT_REST };

struct rst_lane_scheme {
  bool takes_momentum, looks_ahead; /**< nesterov does both */
  bool implicit_decay, decoupled_decay;
  double momentum;
};

struct rst_lane_block {
  /** What happened in the last steps: of step s, column c in lane l. Entries beyond the end of an orbit have no meaning. */
  double record[RST_LANE_STEPS][RST_ORBIT_COLUMNS][RST_LANES];
  /* Of each orbit: */
  double lr[RST_LANES], weight_decay[RST_LANES];
  double keep[RST_LANES];                       /**< factor of the state by decoupled or implicit decay */
  double lowest[RST_LANES], largest[RST_LANES]; /**< as those of struct rst_local_range */
  double end[RST_LANES]; /**< enum rst_lane_end; once it does not run, what follows stays */
  double done[RST_LANES], max_growth[RST_LANES];
  double unstable[RST_LANES]; /**< 1 if an update was locally unstable */
  double bound[RST_LANES]; /**< of rank one H, otherwise a bound of its distance from that at the reference */
  double margin[RST_LANES]; /**< of the reference's eigenvalues; negative if there is no reference */
  double rest[RST_LANES], rest_log_growth[RST_LANES]; /**< see at_rest.h */
  /* Of all: */
  const struct rst_reduced_network *network;
  struct rst_lane_scheme scheme;
  size_t activation; /**< index */
  double beta, shift;
  double radius; /**< beyond which it has diverged */
  double asked;  /**< updates */
  bool may_settle;
  size_t directions; /**< coordinates of a perturbation */
  /* [.][RST_LANES]: */
  double *state, *velocity;                               /**< [rank + 1] */
  double *perturbation, *perturbed_velocity;              /**< [directions] */
  double *next_perturbation, *next_perturbed_velocity;    /**< [directions] */
  double *response, *value, *slope, *curvature, *tangent; /**< [patches] */
  double *gradient, *product;                             /**< [rank + 1], [directions]; 0 from `rank` on */
  double *residual, *factor;                              /**< [image_count], see lane_curvature.inc */
  double *old_weight, *old_slope;                         /**< [patches], w_j and s'_j of the reference */
  double *old_factor, *old_sum;                           /**< [image_count], f and |s| of the reference */
};

/** @param from, network borrowed. */
enum rst_status rst_lane_block_create(struct rst_context *context, const struct rst_case *from,
                                      const struct rst_reduced_network *network,
                                      struct rst_lane_block **block);
void rst_lane_block_destroy(struct rst_lane_block **block);

/** Begin an orbit in a lane. */
void rst_lane_block_begin(struct rst_lane_block *block, size_t lane, double lr, double weight_decay,
                          const struct rst_local_range *range);

/** Judge the update of one lane from the state that was linearised by H itself, and make the state the reference. */
void rst_lane_block_refer(struct rst_lane_block *block, size_t lane);

/** RST_LANE_STEPS updates of all lanes, by that of the functions below that suits the processor. */
void rst_lane_block_advance(struct rst_lane_block *block);
void rst_lane_block_advance_plain(struct rst_lane_block *block);
void rst_lane_block_advance_avx2(struct rst_lane_block *block);
void rst_lane_block_advance_avx512(struct rst_lane_block *block);

#endif
