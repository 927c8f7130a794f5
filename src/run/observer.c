/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/observer.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "run/amplification.h"
#include "run/between_rows.h"
#include "run/central_watch.h"
#include "run/ergodic_outcome.h"
#include "run/layer_watch.h"
#include "run/needs.h"
#include "run/noise_watch.h"
#include "run/sharpness.h"

/* An observable that is recorded; of fields, one of its twins'. */
struct recorded {
  const struct rst_observable *of;
  size_t member;
  struct rst_field *scratch; /* NULL unless a field per twin, or averages */
};

struct rst_observer {
  struct rst_context *context;
  struct rst_flow *flow; /* borrowed */
  const struct rst_layout *layout;
  const struct rst_layout *averages; /* NULL without */
  struct rst_series_list series;
  size_t count;
  struct recorded *recorded;
  struct rst_field *tensors; /* of the states that are exposed, [count][tensors] */
  struct rst_field *average_tensors;
  struct rst_field *images, *responses; /* NULL unless needed */
  const char **labels;                  /* of the twins */
  const struct rst_motion *motion;      /* borrowed, as the next */
  struct rst_twins *twins;
  struct rst_ensemble *ensemble;
  struct rst_sharpness *sharpness, *lambda_min, *preconditioned; /* NULL unless needed, as the next */
  struct rst_amplification *amplification;
  struct rst_layer_watch *layers;
  struct rst_noise_watch *noise;
  struct rst_ergodic *ergodic;
  struct rst_central_watch *central;
  struct rst_between_rows *between_rows;
  long every; /* iterations between rows */
  bool needs[RST_NEEDS];
};

/* What there is one of each of; NULL: the run. */
static const struct rst_axis *members_of(const struct rst_observer *made, enum rst_per per) {
  const struct rst_axis *const axes[] = {
      [RST_PER_TWIN] = &made->series.twin,     [RST_PER_EXPONENT] = &made->series.exponent,
      [RST_PER_LAYER] = &made->series.layer,   [RST_PER_TENSOR_AND_TWIN] = &made->series.twin,
      [RST_PER_MEMBER] = &made->series.member, [RST_PER_QUANTILE] = &made->series.quantile};
  return per == RST_PER_RUN ? NULL : axes[per];
}

static size_t count_members(const struct rst_observer *made, enum rst_per per) {
  const struct rst_axis *axis = members_of(made, per);
  const size_t tensors = per == RST_PER_TENSOR_AND_TWIN ? made->layout->tensor_count : 1;
  return tensors * (axis ? axis->count : 1);
}

static enum rst_status add_scalar(struct rst_observer *made, const struct rst_observable *observable) {
  const struct rst_axis *axis = members_of(made, observable->per);
  return observable->per == RST_PER_TENSOR_AND_TWIN
             ? rst_series_list_add_to_tensors(&made->series, &observable->variable, axis)
             : rst_series_list_add(&made->series, &observable->variable, RST_AT_ITERATION, axis);
}

/* Images and responses of them, which are made where they are needed. */
static enum rst_status add_images(struct rst_observer *made, const struct rst_observable *observable) {
  RST_TRY(rst_flow_create_images(made->context, made->flow, &made->images));
  const struct rst_view view = {.images = made->images};
  return rst_series_list_add_images(&made->series, &observable->variable, observable->expose(&view, 0),
                                    rst_flow_image_count(made->flow),
                                    rst_flow_facts(made->flow).image_on_grid);
}

static enum rst_status add_responses(struct rst_observer *made, const struct rst_observable *observable) {
  size_t ky = 0;
  size_t kx = 0;
  rst_tensor_plane_shape(made->layout->tensors, &ky, &kx);
  RST_TRY(rst_flow_create_responses(made->context, made->flow, &made->responses));
  return rst_series_list_add_responses(&made->series, &observable->variable, made->responses,
                                       rst_flow_image_count(made->flow), ky, kx);
}

static enum rst_status add(struct rst_observer *made, const struct rst_observable *observable, size_t member,
                           const struct rst_field *like) {
  struct recorded *recorded = &made->recorded[made->count++];
  const bool per_twin = observable->per == RST_PER_TWIN;
  *recorded = (struct recorded){.of = observable, .member = member};
  switch (observable->kind) {
  case RST_SCALAR:
    return add_scalar(made, observable);
  case RST_FIELD_STATE:
    return rst_series_list_add_state(&made->series, &observable->variable);
  case RST_FIELD_AVERAGES:
    RST_TRY(rst_field_create(made->context, like->precision, 1, made->averages->count, &recorded->scratch));
    RST_TRY(RST_NEW(made->context, made->averages->tensor_count, &made->average_tensors));
    return rst_series_list_add_averages(&made->series, &observable->variable, made->averages);
  case RST_FIELD_IMAGES:
    return add_images(made, observable);
  case RST_FIELD_RESPONSES:
    return add_responses(made, observable);
  case RST_FIELD_SPECTRUM:
    return rst_series_list_add_spectrum(&made->series, &observable->variable);
  case RST_FIELD_COVARIANCE:
    return rst_series_list_add_covariance(&made->series, &observable->variable);
  default:
    RST_TRY(per_twin ? rst_field_create_like(made->context, like, &recorded->scratch) : RST_OK);
    return rst_series_list_add_field(&made->series, &observable->variable,
                                     per_twin ? made->labels[member] : NULL);
  }
}

static enum rst_status choose(struct rst_observer *made, const struct rst_case *run,
                              const struct rst_field *like) {
  const size_t most = rst_observable_count * (1 + run->twin_count);
  RST_TRY(RST_NEW(made->context, most, &made->recorded));
  RST_TRY(RST_NEW(made->context, most * made->layout->tensor_count, &made->tensors));
  for (size_t i = 0; i < rst_observable_count; ++i) {
    const struct rst_observable *observable = &rst_observables[i];
    if (rst_needs_record(made->needs, run, observable)) {
      const bool one = observable->kind == RST_SCALAR;
      for (size_t m = 0; m < (one ? 1 : count_members(made, observable->per)); ++m) {
        RST_TRY(add(made, observable, m, like));
      }
    }
  }
  return RST_OK;
}

static bool watches_layers(const struct rst_observer *made) {
  return made->needs[RST_NEED_LAYER_SHARPNESS] || made->needs[RST_NEED_LAYER_STATES];
}

static enum rst_status begin_series(struct rst_observer *made, const struct rst_case *run) {
  const bool perturbed = made->needs[RST_NEED_PERTURBATIONS];
  RST_TRY(RST_NEW(made->context, run->twin_count + 1, &made->labels));
  for (size_t i = 0; i < run->twin_count; ++i) {
    made->labels[i] = run->twins[i].label;
  }
  const struct rst_series_options options = {
      .precision = run->flow.precision,
      .twins = made->labels,
      .twin_count = run->twin_count,
      .exponent_count = perturbed ? run->tangent.exponents : 0,
      .member_count = made->needs[RST_NEED_MEMBERS] ? run->ensemble.members : 0,
      .quantiles = run->ensemble.quantiles,
      .quantile_count = run->ensemble.quantile_count,
      .direction_count = made->needs[RST_NEED_DIRECTIONS] ? run->ensemble.directions.count : 0,
      .every = made->every,
      .has_events = perturbed,
      .has_layers = watches_layers(made)};
  return rst_series_list_create(made->context, made->layout, &options, &made->series);
}

/* The noise, and the record that takes its numbers. */
static enum rst_status create_noise_watch(struct rst_observer *made, const struct rst_case *run,
                                          struct rst_flow *flow) {
  const struct rst_noise_wanted wanted = {
      made->needs[RST_NEED_BATCH_SHARPNESS], made->needs[RST_NEED_NOISE_CURVATURE],
      made->needs[RST_NEED_NOISE_NORM], made->needs[RST_NEED_NOISE_SLOPE], made->needs[RST_NEED_NOISE_PAIRS]};
  if (wanted.batch_sharpness || wanted.curvature || wanted.norm || wanted.slope || wanted.pairs) {
    RST_TRY(rst_noise_watch_create(made->context, run, flow, wanted, &made->noise));
  }
  if (!made->needs[RST_NEED_ERGODIC]) {
    return RST_OK;
  }
  RST_TRY(rst_ergodic_create(made->context, run, flow, &wanted, &made->ergodic));
  return rst_ergodic_list_series(made->ergodic, &made->series);
}

static enum rst_status create_instruments(struct rst_observer *made, const struct rst_case *run,
                                          struct rst_flow *flow) {
  if (made->needs[RST_NEED_SHARPNESS]) {
    RST_TRY(rst_sharpness_create(made->context, run, flow, RST_SPECTRUM_LARGEST, false, &made->sharpness));
  }
  if (made->needs[RST_NEED_LAMBDA_MIN]) {
    RST_TRY(rst_sharpness_create(made->context, run, flow, RST_SPECTRUM_SMALLEST, false, &made->lambda_min));
  }
  if (made->needs[RST_NEED_PRECONDITIONED]) {
    RST_TRY(
        rst_sharpness_create(made->context, run, flow, RST_SPECTRUM_LARGEST, true, &made->preconditioned));
  }
  if (made->needs[RST_NEED_STRETCH] || made->needs[RST_NEED_STRETCH_GROWTH]) {
    RST_TRY(rst_between_rows_create(made->context, made->every, &made->between_rows));
  }
  if (watches_layers(made)) {
    RST_TRY(rst_layer_watch_create(made->context, run, flow, made->needs[RST_NEED_LAYER_SHARPNESS],
                                   made->needs[RST_NEED_LAYER_STATES], &made->layers));
  }
  RST_TRY(create_noise_watch(made, run, flow));
  if (made->needs[RST_NEED_CENTRAL_FLOW]) {
    RST_TRY(rst_central_watch_create(made->context, run, flow, &made->central));
  }
  if (made->needs[RST_NEED_AMPLIFICATION]) {
    RST_TRY(rst_amplification_create(made->context, run, flow, &made->amplification));
  }
  return RST_OK;
}

static enum rst_status build(struct rst_observer *made, const struct rst_case *run, struct rst_flow *flow) {
  struct rst_field *like = NULL;
  made->flow = flow;
  made->layout = rst_flow_layout(flow);
  made->averages = rst_flow_averages(flow);
  RST_TRY(rst_needs_find(made->context, run, flow, made->needs));
  RST_TRY(begin_series(made, run));
  RST_TRY(rst_flow_create_state(made->context, flow, &like));
  const enum rst_status status = choose(made, run, like);
  rst_field_destroy(&like);
  RST_TRY(status);
  return create_instruments(made, run, flow);
}

enum rst_status rst_observer_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, struct rst_observer **observer) {
  *observer = NULL;
  struct rst_observer *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  made->context = context;
  made->every = run->output.scalars_every;
  const enum rst_status status = build(made, run, flow);
  if (status != RST_OK) {
    rst_observer_destroy(&made);
    return status;
  }
  *observer = made;
  return RST_OK;
}

void rst_observer_destroy(struct rst_observer **observer) {
  struct rst_observer *gone = *observer;
  if (!gone) {
    return;
  }
  rst_sharpness_destroy(&gone->sharpness);
  rst_sharpness_destroy(&gone->preconditioned);
  rst_sharpness_destroy(&gone->lambda_min);
  rst_amplification_destroy(&gone->amplification);
  rst_layer_watch_destroy(&gone->layers);
  rst_noise_watch_destroy(&gone->noise);
  rst_ergodic_destroy(&gone->ergodic);
  rst_central_watch_destroy(&gone->central);
  rst_between_rows_destroy(&gone->between_rows);
  for (size_t i = 0; i < gone->count; ++i) {
    rst_field_destroy(&gone->recorded[i].scratch);
  }
  free(gone->recorded);
  free(gone->tensors);
  free(gone->average_tensors);
  rst_field_destroy(&gone->images);
  rst_field_destroy(&gone->responses);
  free(gone->labels);
  rst_series_list_clear(&gone->series);
  free(gone);
  *observer = NULL;
}

void rst_observer_watch(struct rst_observer *observer, struct rst_motion *motion, struct rst_twins *twins,
                        struct rst_ensemble *ensemble) {
  observer->motion = motion;
  observer->twins = twins;
  observer->ensemble = ensemble;
}

static struct rst_view view_of(const struct rst_observer *observer,
                               const struct rst_observation *observation) {
  struct rst_view view = {.observation = observation, .motion = observer->motion, .twins = observer->twins};
  if (observer->twins) {
    view.comparison = rst_twins_comparison(observer->twins);
  }
  if (observer->ensemble) {
    view.ensemble = observer->ensemble;
  }
  return view;
}

bool rst_observer_follows_perturbations(const struct rst_observer *observer) {
  return observer->needs[RST_NEED_PERTURBATIONS];
}

bool rst_observer_measures_members(const struct rst_observer *observer) {
  return observer->needs[RST_NEED_MEMBERS] || observer->needs[RST_NEED_QUANTILES];
}

void rst_observer_list(const struct rst_observer *observer, struct rst_blocks *blocks) {
  if (observer->sharpness) {
    rst_blocks_add(blocks, rst_sharpness_state(observer->sharpness), "sharpness.vector");
  }
  if (observer->preconditioned) {
    rst_blocks_add(blocks, rst_sharpness_state(observer->preconditioned), "preconditioned.vector");
  }
  if (observer->lambda_min) {
    rst_blocks_add(blocks, rst_sharpness_state(observer->lambda_min), "lambda_min.vector");
  }
  if (observer->layers && rst_layer_watch_vectors(observer->layers)) {
    rst_blocks_add(blocks, rst_layer_watch_vectors(observer->layers), "layers.vectors");
  }
  if (observer->ergodic) {
    rst_ergodic_list(observer->ergodic, blocks);
  }
  if (observer->central) {
    rst_central_watch_list(observer->central, blocks);
  }
  if (observer->between_rows) {
    rst_blocks_add(blocks, rst_between_rows_state(observer->between_rows), "stretch");
  }
}

const struct rst_ergodic *rst_observer_ergodic(const struct rst_observer *observer) {
  return observer->ergodic;
}

struct rst_series_list *rst_observer_series(struct rst_observer *observer) {
  return &observer->series;
}

void rst_observer_measure(struct rst_observer *observer, const struct rst_observation *observation,
                          double *values) {
  struct rst_view view = view_of(observer, observation);
  const struct rst_scheme *scheme = observer->motion ? observer->motion->scheme : NULL;
  if (observer->preconditioned) {
    double residual = NAN;
    rst_sharpness_measure(observer->preconditioned, observation->iteration, observation->u, scheme,
                          &view.preconditioned_sharpness, &residual);
  }
  if (observer->sharpness) {
    rst_sharpness_measure(observer->sharpness, observation->iteration, observation->u, scheme,
                          &view.sharpness, &view.sharpness_residual);
    view.sharpness_limit = rst_sharpness_limit(observer->sharpness, observation->step_size);
  }
  if (observer->lambda_min) {
    double residual = NAN;
    rst_sharpness_measure(observer->lambda_min, observation->iteration, observation->u, scheme,
                          &view.lambda_min, &residual);
  }
  if (observer->layers) {
    rst_layer_watch_measure(observer->layers, observation->iteration, observation->u);
    view.layer_sharpness = rst_layer_watch_sharpness(observer->layers);
    view.layer_states = rst_layer_watch_states(observer->layers);
  }
  if (observer->noise) {
    rst_noise_watch_measure(observer->noise, observation->iteration, observation->u, &view.noise);
  }
  if (observer->ergodic) {
    rst_ergodic_measure(observer->ergodic, observation, &view.noise, &view.ergodic);
  }
  if (observer->central) {
    const struct rst_field *now = observer->motion ? observer->motion->u : observation->u;
    rst_central_watch_measure(observer->central, observation->iteration, observation->u,
                              now == observation->u ? NULL : now, &view.central, &view.central_distance);
  }
  if (observer->between_rows) {
    rst_between_rows_measure(observer->between_rows, observation, &view.largest_update,
                             &view.mean_log_growth);
  }
  for (size_t i = 0; i < observer->count; ++i) {
    const struct rst_observable *observable = observer->recorded[i].of;
    for (size_t m = 0; observable->measure && m < count_members(observer, observable->per); ++m) {
      *values++ = observable->measure(&view, m);
    }
  }
}

/* The tensors of a state, borrowed. */
static const struct rst_field **split(const struct rst_layout *layout, const struct rst_field *state,
                                      struct rst_field *tensors, const struct rst_field **fields) {
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_tensor *tensor = &layout->tensors[i];
    tensors[i] = *state;
    tensors[i].nx = rst_tensor_count(tensor);
    tensors[i].data = (char *)state->data + tensor->offset * rst_precision_size(state->precision);
    *fields++ = &tensors[i];
  }
  return fields;
}

enum rst_status rst_observer_expose(struct rst_observer *observer, const struct rst_observation *observation,
                                    const struct rst_field **fields) {
  struct rst_view view = view_of(observer, observation);
  view.responses = observer->responses;
  if (observer->responses) {
    rst_flow_respond(observer->flow, observation->u, observer->responses);
  }
  if (observer->amplification) {
    RST_TRY(rst_amplification_measure(observer->amplification, observation->u, &view.amplification));
  }
  for (size_t i = 0; i < observer->count && observer->recorded[i].of->expose; ++i) {
    const struct recorded *recorded = &observer->recorded[i];
    if (recorded->of->kind == RST_FIELD_IMAGES) {
      continue; /* stored at the start */
    }
    view.scratch = recorded->scratch;
    const struct rst_field *exposed = recorded->of->expose(&view, recorded->member);
    if (recorded->of->kind == RST_FIELD_AVERAGES) {
      fields = split(observer->averages, exposed, observer->average_tensors, fields);
    } else if (recorded->of->kind == RST_FIELD_STATE || recorded->of->kind == RST_FIELD_LIKE) {
      fields =
          split(observer->layout, exposed, observer->tensors + i * observer->layout->tensor_count, fields);
    } else {
      *fields++ = exposed;
    }
  }
  return RST_OK;
}
