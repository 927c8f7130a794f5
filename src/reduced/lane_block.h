/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_LANE_BLOCK_H
#define RST_LANE_BLOCK_H

#include "reduced/reduction.h"
#include "run/orbit.h"

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
  double keep[RST_LANES];  /**< factor of the state by decoupled or implicit decay */
  double limit[RST_LANES]; /**< rst_scheme_local_limit(), -infinity for NaN */
  double end[RST_LANES];   /**< enum rst_lane_end; once it does not run, what follows stays */
  double done[RST_LANES], max_growth[RST_LANES];
  double unstable[RST_LANES]; /**< locally unstable updates; of momentum schemes 1 if there is any */
  double peak[RST_LANES];     /**< the largest growth of the event that is under way, 0 if none is */
  double rest[RST_LANES], rest_log_growth[RST_LANES]; /**< see settling.h */
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
  double *peak_state;                                     /**< [rank + 1], where the peak is */
};

/** @param from, network borrowed. */
enum rst_status rst_lane_block_create(struct rst_context *context, const struct rst_case *from,
                                      const struct rst_reduced_network *network,
                                      struct rst_lane_block **block);
void rst_lane_block_destroy(struct rst_lane_block **block);

/** Begin an orbit in a lane. */
void rst_lane_block_begin(struct rst_lane_block *block, size_t lane, double lr, double weight_decay,
                          double limit);

/** For momentum schemes: note the growth of all lanes by the next update of their states. Events are those of event.h, and
 * unstable where the eigenvalues at their peaks make them so. */
void rst_lane_block_watch(struct rst_lane_block *block, const double *growth);
/** End the event that is under way, if any. */
void rst_lane_block_end_event(struct rst_lane_block *block, size_t lane);

/** RST_LANE_STEPS updates of all lanes, by that of the functions below that suits the processor. */
void rst_lane_block_advance(struct rst_lane_block *block);
void rst_lane_block_advance_plain(struct rst_lane_block *block);
void rst_lane_block_advance_avx2(struct rst_lane_block *block);
void rst_lane_block_advance_avx512(struct rst_lane_block *block);

#endif
