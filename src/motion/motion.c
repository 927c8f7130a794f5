/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion/motion.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "core/core.h"
#include "flow/copies.h"
#include "flow/flow_laps.h"

static enum rst_status create_perturbations(struct rst_motion *motion) {
  const struct rst_motion_parameters *parameters = &motion->parameters;
  RST_TRY(rst_tangent_create(motion->context, &parameters->scheme, motion->flow, parameters->perturbations,
                             parameters->seed, &motion->tangent));
  RST_TRY(rst_field_create(motion->context, RST_PRECISION_DOUBLE, 1, 1 + parameters->perturbations,
                           &motion->sums));
  if (parameters->has_events) {
    RST_TRY(rst_event_detector_create(motion->context, &parameters->scheme, motion->flow, &motion->detector));
  }
  return RST_OK;
}

/* One sampler, or one for each copy. */
static enum rst_status create_samplers(struct rst_motion *motion) {
  const struct rst_motion_parameters *parameters = &motion->parameters;
  struct rst_sampling_parameters own = parameters->sampling;
  const size_t count = parameters->copies > 1 && !parameters->draws_together ? parameters->copies : 1;
  const size_t drawn = rst_sampling_needs_root(&own) ? rst_flow_root_rows(motion->flow)
                                                     : rst_flow_example_count(motion->flow, RST_TRAINING_SET);
  RST_TRY(RST_NEW(motion->context, count, &motion->samplers));
  RST_TRY(RST_NEW(motion->context, count, &motion->draws));
  for (size_t i = 0; i < count; ++i, ++own.member) {
    RST_TRY(rst_sampler_create(motion->context, &own, drawn, &motion->samplers[i]));
    motion->sampler_count += 1;
  }
  return rst_flow_prepare(motion->flow, rst_sampler_draw_count(motion->samplers[0]));
}

/* What draws examples, and what follows their batches. */
static enum rst_status create_sampling(struct rst_motion *motion) {
  const struct rst_sampling_parameters *sampling = &motion->parameters.sampling;
  const struct rst_layout *averages = rst_flow_averages(motion->flow);
  motion->epoch = 1;
  if (!rst_sampling_is_full(sampling)) {
    RST_TRY(create_samplers(motion));
    motion->epoch = rst_sampling_epoch(sampling, rst_flow_example_count(motion->flow, RST_TRAINING_SET));
  }
  if (averages) {
    RST_TRY(rst_field_create(motion->context, RST_PRECISION_DOUBLE, 1, averages->count, &motion->averages));
    RST_TRY(rst_field_create(motion->context, RST_PRECISION_DOUBLE, 1, averages->count, &motion->statistics));
    rst_flow_start_averages(motion->flow, motion->averages->data);
  }
  return RST_OK;
}

static enum rst_status create_copies(struct rst_motion *motion) {
  const struct rst_motion_parameters *parameters = &motion->parameters;
  if (parameters->copies > 1) {
    assert(!parameters->observed && !parameters->has_slope && parameters->perturbations == 0);
    RST_TRY(rst_flow_copies_create(motion->context, motion->flow, parameters->copies, &motion->copies));
    motion->flow = motion->copies;
  }
  return RST_OK;
}

static enum rst_status build(struct rst_motion *motion, const struct rst_field *u) {
  struct rst_context *context = motion->context;
  RST_TRY(rst_field_create_like(context, u, &motion->u));
  rst_field_copy(u, motion->u);
  RST_TRY(rst_field_create_like(context, u, &motion->gradient));
  if (motion->parameters.observed) {
    RST_TRY(rst_field_create_like(context, u, &motion->previous));
  }
  if (motion->parameters.has_slope) {
    RST_TRY(rst_field_create_like(context, u, &motion->slope));
  }
  RST_TRY(create_sampling(motion));
  RST_TRY(create_copies(motion));
  RST_TRY(rst_scheme_create(context, &motion->parameters.scheme, motion->flow, &motion->scheme));
  return motion->parameters.perturbations > 0 ? create_perturbations(motion) : RST_OK;
}

enum rst_status rst_motion_create(struct rst_context *context, struct rst_flow *flow,
                                  const struct rst_motion_parameters *parameters, const struct rst_field *u,
                                  struct rst_motion **motion) {
  *motion = NULL;
  struct rst_motion *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_motion){.context = context, .flow = flow, .parameters = *parameters};
  made->parameters.scheme.lr *= rst_sampling_step(&parameters->sampling);
  const enum rst_status status = build(made, u);
  if (status != RST_OK) {
    rst_motion_destroy(&made);
    return status;
  }
  *motion = made;
  return RST_OK;
}

void rst_motion_destroy(struct rst_motion **motion) {
  struct rst_motion *gone = *motion;
  if (gone) {
    rst_event_detector_destroy(&gone->detector);
    rst_tangent_destroy(&gone->tangent);
    rst_scheme_destroy(&gone->scheme);
    for (size_t i = 0; i < gone->sampler_count; ++i) {
      rst_sampler_destroy(&gone->samplers[i]);
    }
    free(gone->samplers);
    free(gone->draws);
    rst_flow_destroy(&gone->copies);
    rst_field_destroy(&gone->averages);
    rst_field_destroy(&gone->statistics);
    rst_field_destroy(&gone->sums);
    rst_field_destroy(&gone->slope);
    rst_field_destroy(&gone->previous);
    rst_field_destroy(&gone->gradient);
    rst_field_destroy(&gone->u);
    free(gone);
    *motion = NULL;
  }
}

static void choose(struct rst_motion *motion, size_t count, const struct rst_draw **draws) {
  if (motion->copies) {
    rst_flow_copies_choose(motion->copies, count, draws);
  } else {
    rst_flow_choose(motion->flow, count > 0 ? draws[0] : NULL);
  }
}

/* The example weights of this update; then equal ones again. */
static void draw(struct rst_motion *motion) {
  for (size_t i = 0; i < motion->sampler_count; ++i) {
    motion->draws[i] = rst_sampler_draw(motion->samplers[i], motion->iteration);
  }
  if (motion->sampler_count > 0) {
    choose(motion, motion->sampler_count, motion->draws);
  }
}

static void undraw(struct rst_motion *motion) {
  if (motion->sampler_count > 0) {
    choose(motion, 0, NULL);
  }
}

static void evaluate(struct rst_motion *motion, struct rst_flow_value *value) {
  rst_flow_set_laps(motion->flow, motion->laps);
  draw(motion);
  if (motion->tangent) {
    rst_flow_linearise(motion->flow, motion->u, value, motion->gradient);
  } else {
    rst_flow_evaluate(motion->flow, motion->u, value, motion->gradient);
  }
  undraw(motion);
  if (motion->statistics) {
    rst_flow_statistics(motion->flow, motion->statistics->data);
  }
  /* Others who use the flow have their own stages. */
  rst_flow_set_laps(motion->flow, NULL);
  rst_lap(motion->laps, RST_STAGE_LOSS);
  motion->looked = true;
}

/* grad L and its norm. */
static void look_at_slope(struct rst_motion *motion, struct rst_observation *seen) {
  rst_field_copy(motion->u, motion->slope);
  rst_flow_pin(motion->flow, motion->slope);
  rst_field_axpby(1.0, motion->gradient, motion->parameters.scheme.weight_decay, motion->slope);
  seen->gradient = motion->slope;
  seen->grad_norm = rst_field_norm(motion->slope);
}

static void look_at_perturbations(const struct rst_motion *motion, struct rst_observation *seen) {
  const double *sums = motion->sums->data;
  seen->participation = rst_participation_ratio(rst_tangent_vector(motion->tangent, 0));
  for (size_t j = 0; j < motion->parameters.perturbations; ++j) {
    seen->exponents[j] = sums[0] > 0.0 ? sums[1 + j] / sums[0] : NAN;
  }
}

/* Of a state and the value there. */
static void look_at_loss(const struct rst_motion *motion, const struct rst_field *u,
                         struct rst_observation *seen) {
  const double decay = motion->parameters.scheme.weight_decay;
  seen->weight_norm = rst_field_norm(u);
  seen->loss = seen->value.data_loss +
               0.5 * decay * rst_flow_cell(motion->flow) * seen->weight_norm * seen->weight_norm;
}

void rst_motion_look_at_copy(const struct rst_motion *motion, size_t copy, struct rst_field *u,
                             struct rst_observation *seen) {
  *u = *motion->u;
  if (motion->copies) {
    u->nx = motion->u->nx / motion->parameters.copies;
    u->data = (char *)motion->u->data + copy * u->nx * rst_precision_size(u->precision);
    seen->value = *rst_flow_copies_value(motion->copies, copy);
  }
  look_at_loss(motion, u, seen);
}

void rst_motion_look(struct rst_motion *motion, struct rst_observation *seen) {
  seen->iteration = motion->iteration;
  seen->u = motion->u;
  seen->gradient = NULL;
  seen->grad_norm = seen->participation = NAN;
  seen->step_size = seen->update_norm = seen->log_growth = NAN;
  seen->event_ended = false;
  evaluate(motion, &seen->value);
  if (motion->slope) {
    look_at_slope(motion, seen);
  }
  look_at_loss(motion, motion->u, seen);
  rst_lap(motion->laps, RST_STAGE_OBSERVATION);
  if (motion->slope && motion->tangent) {
    look_at_perturbations(motion, seen);
    rst_lap(motion->laps, RST_STAGE_PERTURBATIONS);
  }
}

static void average(struct rst_motion *motion) {
  double *sums = motion->sums->data;
  sums[0] += 1.0;
  for (size_t j = 0; j < motion->parameters.perturbations; ++j) {
    sums[1 + j] += rst_tangent_log_growth(motion->tangent, j);
  }
}

static enum rst_status step_with_perturbations(struct rst_motion *motion, struct rst_observation *seen) {
  RST_TRY(rst_tangent_step(motion->tangent, motion->scheme, motion->gradient, motion->u, &seen->step_size));
  seen->log_growth = rst_tangent_log_growth(motion->tangent, 0);
  if (motion->iteration >= motion->parameters.burn_in) {
    average(motion);
  }
  return motion->detector
             ? rst_event_detector_observe(motion->detector, motion->iteration, motion->previous,
                                          motion->scheme, motion->tangent, &seen->event_ended, &seen->event)
             : RST_OK;
}

static enum rst_status set_lr(struct rst_motion *motion) {
  const struct rst_motion_parameters *parameters = &motion->parameters;
  if (rst_schedule_is_constant(&parameters->schedule)) {
    return RST_OK;
  }
  const double factor = rst_schedule_factor(&parameters->schedule, motion->iteration, motion->epoch);
  const double lr = fmax(parameters->scheme.lr * factor, DBL_MIN);
  rst_scheme_set_lr(motion->scheme, lr);
  if (motion->tangent) {
    rst_tangent_set_lr(motion->tangent, lr);
  }
  return motion->detector ? rst_event_detector_set_lr(motion->detector, lr) : RST_OK;
}

/* One step of the state, and of perturbations and events where somebody looks. */
static enum rst_status take_step(struct rst_motion *motion, struct rst_observation *seen) {
  RST_TRY(set_lr(motion));
  draw(motion);
  const enum rst_status status =
      motion->tangent ? step_with_perturbations(motion, seen)
                      : rst_scheme_step(motion->scheme, motion->gradient, motion->u, &seen->step_size);
  undraw(motion);
  motion->looked = false;
  if (motion->averages) {
    rst_flow_average(motion->flow, motion->statistics->data, motion->averages->data);
  }
  return status;
}

static void add_time(struct rst_motion *motion, double dt) {
  const double addend = dt - motion->time_compensation;
  const double sum = motion->time + addend;
  motion->time_compensation = (sum - motion->time) - addend;
  motion->time = sum;
}

enum rst_status rst_motion_step(struct rst_motion *motion, struct rst_observation *seen) {
  rst_field_copy(motion->u, motion->previous);
  seen->u = motion->previous;
  RST_TRY(take_step(motion, seen));
  rst_lap(motion->laps, motion->tangent ? RST_STAGE_PERTURBATIONS : RST_STAGE_UPDATE);
  seen->update_norm = rst_field_distance(motion->u, motion->previous);
  rst_lap(motion->laps, RST_STAGE_OBSERVATION);
  motion->iteration += 1;
  add_time(motion, seen->step_size);
  return RST_OK;
}

enum rst_status rst_motion_advance(struct rst_motion *motion) {
  struct rst_observation unseen;
  assert(!motion->tangent);
  if (!motion->looked) {
    evaluate(motion, &unseen.value);
  }
  RST_TRY(take_step(motion, &unseen));
  motion->iteration += 1;
  return RST_OK;
}

static void list_each(const char *prefix, const char *owner, size_t count, struct rst_field *const *fields,
                      struct rst_blocks *blocks) {
  for (size_t i = 0; i < count; ++i) {
    rst_blocks_add(blocks, fields[i], "%s%s.%zu", prefix, owner, i);
  }
}

void rst_motion_list(const struct rst_motion *motion, const char *prefix, struct rst_blocks *blocks) {
  struct rst_field **fields = NULL;
  size_t count = rst_scheme_state(motion->scheme, &fields);
  rst_blocks_add(blocks, motion->u, "%sstate", prefix);
  list_each(prefix, "scheme", count, fields, blocks);
  if (motion->tangent) {
    count = rst_tangent_state(motion->tangent, &fields);
    list_each(prefix, "tangent", count, fields, blocks);
    rst_blocks_add(blocks, motion->sums, "%saverages", prefix);
  }
  if (motion->averages) {
    rst_blocks_add(blocks, motion->averages, "%srunning", prefix);
  }
  if (motion->detector) {
    count = rst_event_detector_state(motion->detector, &fields);
    list_each(prefix, "events", count, fields, blocks);
  }
}

enum rst_status rst_motion_last_event(struct rst_motion *motion, bool *ended, struct rst_event *event) {
  *ended = false;
  return motion->detector ? rst_event_detector_finish(motion->detector, ended, event) : RST_OK;
}
