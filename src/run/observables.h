/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_OBSERVABLES_H
#define RST_OBSERVABLES_H

#include "restrain/central_flow.h"
#include "run/ergodic.h"
#include "run/noise_watch.h"
#include "run/observer.h"

/** @file
 * What a run can record: a scalar is a number per iteration (and twin, or exponent), a field an array per snapshot (and
 * twin). Each is one line of a table in observables.c.
 */

/** What it takes to measure it. */
enum rst_need {
  RST_NEED_NOTHING,
  RST_NEED_SHARPNESS,
  RST_NEED_PRECONDITIONED,
  RST_NEED_LAMBDA_MIN,
  RST_NEED_LAYER_SHARPNESS,
  RST_NEED_LAYER_STATES,
  RST_NEED_BATCH_SHARPNESS,
  RST_NEED_NOISE_CURVATURE,
  RST_NEED_NOISE_NORM,
  RST_NEED_NOISE_SLOPE, /**< the gradient of L over all examples */
  RST_NEED_NOISE_PAIRS, /**< of draws of examples */
  RST_NEED_ERGODIC,
  RST_NEED_ERGODIC_NOISE, /**< the record, and measurements of the noise */
  RST_NEED_CENTRAL_FLOW,
  RST_NEED_IMAGE,    /**< of a flow that takes images */
  RST_NEED_RESPONSE, /**< of a flow that responds to them */
  RST_NEED_AMPLIFICATION,
  RST_NEED_PERTURBATIONS,
  RST_NEED_STRETCH, /**< what the updates between two rows have in common */
  RST_NEED_STRETCH_GROWTH,
  RST_NEED_AVERAGES, /**< of a flow that normalises batches */
  RST_NEED_SCHEDULE, /**< steps that change in length by a schedule */
  RST_NEED_ENSEMBLE,
  RST_NEED_MEMBERS,    /**< numbers of each member of the ensemble */
  RST_NEED_QUANTILES,  /**< of these numbers */
  RST_NEED_DIRECTIONS, /**< of the ensemble's covariance */
  RST_NEED_TWINS,
  RST_NEEDS
};

/** When it is recorded: in every run, where its need is met anyway, or where the case asks for it. */
enum rst_when { RST_ALWAYS, RST_IMPLIED, RST_ASKED };

/** What there is one of: the run, each twin, each Lyapunov exponent, each layer, each tensor and for that each twin, each member
 * of the ensemble, or each quantile of these. */
enum rst_per {
  RST_PER_RUN,
  RST_PER_TWIN,
  RST_PER_EXPONENT,
  RST_PER_LAYER,
  RST_PER_TENSOR_AND_TWIN,
  RST_PER_MEMBER,
  RST_PER_QUANTILE
};

/** A number, the state, an array of its kind, running averages, images, which do not change, responses to them, an array over wave
 * numbers, or over pairs of directions; all but the first are fields. */
enum rst_observable_kind {
  RST_SCALAR,
  RST_FIELD_STATE,
  RST_FIELD_LIKE,
  RST_FIELD_AVERAGES,
  RST_FIELD_IMAGES,
  RST_FIELD_RESPONSES,
  RST_FIELD_SPECTRUM,
  RST_FIELD_COVARIANCE
};

/** An observation, and what the observer adds to it where it is asked for. */
struct rst_view {
  const struct rst_observation *observation;
  const struct rst_motion *motion;
  struct rst_twins *twins; /**< NULL without */
  struct rst_twin_comparison comparison;
  struct rst_ensemble *ensemble; /**< NULL without */
  double sharpness, sharpness_residual, sharpness_limit, preconditioned_sharpness, lambda_min;
  const double *layer_sharpness;              /**< of each layer, NULL unless needed */
  const struct rst_layer_state *layer_states; /**< the same, decay included */
  struct rst_noise_numbers noise;
  struct rst_ergodic_numbers ergodic;
  struct rst_central_flow_numbers central;
  double central_distance;
  double largest_update, mean_log_growth;                     /**< since the row before */
  const struct rst_field *images, *responses, *amplification; /**< NULL unless needed */
  struct rst_field *scratch; /**< for a field that is computed or converted */
};

struct rst_observable {
  struct rst_variable variable; /**< of a field per twin, the name is followed by _ and the twin's label */
  enum rst_when when;
  enum rst_need need;
  enum rst_per per;
  enum rst_observable_kind kind;
  double (*measure)(const struct rst_view *view, size_t member);                 /**< a scalar */
  const struct rst_field *(*expose)(const struct rst_view *view, size_t member); /**< a field */
};

/** Fields, then scalars. */
extern const struct rst_observable rst_observables[];
extern const size_t rst_observable_count;

#endif
