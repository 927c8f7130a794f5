/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "motion/motion.h"
#include "run/at_rest.h"
#include "run/divergence_rule.h"
#include "run/evaluation.h"
#include "run/orbit.h"

const char *const *rst_orbit_observable_names(void) {
  static const char *const names[] = {"data_loss", "residual", "weight_norm", "probe", NULL};
  return names;
}

struct orbit {
  struct rst_context *context;
  struct rst_motion *motion;
  struct rst_observation seen;
  struct rst_field *probe;
  struct rst_evaluations *evaluations; /* NULL without examples */
  double blow_up, radius;
  bool settle;
  double rest, rest_log_growth; /* see at_rest.h */
  double *values;
  double *column[RST_ORBIT_COLUMNS]; /* [asked + 1] each */
  struct rst_orbit_record record;
};

enum rst_status rst_orbit_probe(struct rst_context *context, const struct rst_layout *layout,
                                struct rst_field *probe) {
  const struct rst_initial_parameters random = {.kind = "normal", .seed = 20220602, .scale = 1.0};
  RST_TRY(rst_initial_fill(context, &random, layout, probe));
  rst_field_scale(1.0 / rst_field_norm(probe), probe);
  return RST_OK;
}

static enum rst_status create_motion(struct orbit *orbit, const struct rst_case *from, struct rst_flow *flow,
                                     const struct rst_orbit_request *request) {
  struct rst_motion_parameters parameters = {.scheme = from->step.scheme,
                                             .schedule = from->step.schedule,
                                             .sampling = from->sampling,
                                             .observed = true,
                                             .perturbations = request->unperturbed ? 0 : 1,
                                             .seed = from->tangent.seed};
  struct rst_field *start = NULL;
  parameters.scheme.lr = request->lr;
  parameters.scheme.weight_decay = request->weight_decay;
  RST_TRY(rst_flow_create_state(orbit->context, flow, &start));
  enum rst_status status = rst_flow_fill_initial(orbit->context, flow, &from->initial, start);
  if (status == RST_OK) {
    status = rst_motion_create(orbit->context, flow, &parameters, start, &orbit->motion);
  }
  rst_field_destroy(&start);
  return status;
}

static enum rst_status build(struct orbit *orbit, const struct rst_case *from, struct rst_flow *flow,
                             const struct rst_orbit_request *request) {
  struct rst_context *context = orbit->context;
  RST_TRY(rst_evaluation_check_batch(context, from, flow));
  RST_TRY(create_motion(orbit, from, flow, request));
  orbit->record.noisy = !rst_sampling_is_full(&from->sampling);
  if (orbit->record.noisy || request->evaluations > 0) {
    RST_TRY(rst_evaluation_create(context, from, flow, &orbit->evaluations));
  }
  if (orbit->evaluations && request->evaluations > 0) {
    RST_TRY(rst_evaluation_keep(orbit->evaluations, request->evaluations));
  }
  const struct rst_field *u = orbit->motion->u;
  RST_TRY(rst_field_create_like(context, u, &orbit->probe));
  RST_TRY(rst_orbit_probe(context, rst_flow_layout(flow), orbit->probe));
  orbit->blow_up = from->stop.blow_up;
  orbit->radius = rst_field_norm(u);
  orbit->record.epsilon = rst_precision_epsilon(u->precision);
  const size_t states = (size_t)orbit->record.asked + 1;
  RST_TRY(RST_NEW(context, RST_ORBIT_COLUMNS * states, &orbit->values));
  for (size_t c = 0; c < RST_ORBIT_COLUMNS; ++c) {
    orbit->column[c] = orbit->values + c * states;
    orbit->record.column[c] = orbit->column[c];
  }
  return RST_OK;
}

static void release(struct orbit *orbit) {
  rst_motion_destroy(&orbit->motion);
  rst_evaluation_destroy(&orbit->evaluations);
  rst_field_destroy(&orbit->probe);
  free(orbit->values);
}

/* Of the whole set where gradients are those of batches, as it was evaluated last. */
static double data_loss_at(struct orbit *orbit, long t, bool last) {
  const bool due = orbit->evaluations && (last || rst_evaluation_is_due(orbit->evaluations, t));
  struct rst_evaluation evaluation;
  if (due) {
    rst_evaluation_measure(orbit->evaluations, orbit->motion, &orbit->seen, &evaluation);
  }
  if (!orbit->record.noisy) {
    return orbit->seen.value.data_loss;
  }
  if (!orbit->evaluations) { /* noise without examples, which E does not know of */
    orbit->record.full_step = NAN;
    return orbit->seen.value.data_loss;
  }
  if (due && last) {
    orbit->record.full_step = rst_evaluation_full_step(orbit->evaluations, orbit->motion);
  }
  return due ? evaluation.train_loss : orbit->column[RST_ORBIT_DATA_LOSS][t - 1];
}

static void record_state(struct orbit *orbit, bool last) {
  const struct rst_observation *seen = &orbit->seen;
  const long t = orbit->record.done;
  orbit->column[RST_ORBIT_DATA_LOSS][t] = data_loss_at(orbit, t, last);
  orbit->column[RST_ORBIT_RESIDUAL][t] = seen->value.residual;
  orbit->column[RST_ORBIT_WEIGHT_NORM][t] = seen->weight_norm;
  orbit->column[RST_ORBIT_PROBE][t] = rst_field_dot(orbit->probe, seen->u);
}

static enum rst_status advance(struct orbit *orbit) {
  struct rst_orbit_record *record = &orbit->record;
  struct rst_observation *seen = &orbit->seen;
  const long t = record->done;
  RST_TRY(rst_motion_step(orbit->motion, seen));
  orbit->column[RST_ORBIT_UPDATE_NORM][t] = seen->update_norm;
  orbit->column[RST_ORBIT_LOG_GROWTH][t] = seen->log_growth;
  record->max_growth = fmax(record->max_growth, exp(seen->log_growth));
  record->done += 1;
  rst_at_rest_add(seen->update_norm, seen->weight_norm, record->epsilon, seen->log_growth, &orbit->rest,
                  &orbit->rest_log_growth);
  return RST_OK;
}

static bool has_settled(const struct orbit *orbit) {
  return orbit->settle && !orbit->record.noisy &&
         rst_is_at_rest(orbit->rest, orbit->rest_log_growth, (double)orbit->record.done,
                        (double)orbit->record.asked);
}

static enum rst_status march(struct orbit *orbit, bool (*stop)(void *user), void *user) {
  const long between_polls = 64;
  struct rst_orbit_record *record = &orbit->record;
  for (;;) {
    rst_motion_look(orbit->motion, &orbit->seen);
    record->diverged = rst_has_diverged(orbit->seen.weight_norm, orbit->radius, orbit->blow_up);
    const bool complete = record->diverged || record->done == record->asked;
    record->settled = !complete && has_settled(orbit);
    record->rest = record->settled ? (long)orbit->rest : 0;
    record_state(orbit, complete || record->settled);
    if (complete || record->settled) {
      return RST_OK;
    }
    if (stop && record->done % between_polls == 0 && stop(user)) {
      record->stopped = true;
      return RST_OK;
    }
    RST_TRY(advance(orbit));
  }
}

static void sample(const struct orbit *orbit, long burn_in, long samples, double *observed) {
  for (long c = 0; c < RST_ORBIT_OBSERVABLES; ++c) {
    for (long s = 0; s < samples; ++s) {
      const long t = burn_in + 1 + s;
      observed[c * samples + s] =
          t <= orbit->record.done && !orbit->record.diverged ? orbit->column[c][t] : NAN;
    }
  }
}

enum rst_status rst_orbit_follow(struct rst_context *context, const struct rst_case *from,
                                 struct rst_flow *flow, const struct rst_orbit_request *request,
                                 double *observed, struct rst_orbit *result, double *mean_loss,
                                 bool *stopped) {
  struct orbit orbit = {.context = context,
                        .settle = request->settle,
                        .record = {.asked = request->burn_in + request->samples,
                                   .max_growth = request->unperturbed ? (double)NAN : 0.0,
                                   .weight_decay = request->weight_decay}};
  struct rst_orbit made = {0};
  RST_REQUIRE(context, request->burn_in >= 0 && request->samples >= 0, RST_ERROR_ARGUMENT,
              "an orbit of %ld + %ld updates cannot be run; neither may be negative", request->burn_in,
              request->samples);
  enum rst_status status = build(&orbit, from, flow, request);
  if (status == RST_OK) {
    status = march(&orbit, request->stop, request->user);
  }
  if (status == RST_OK) {
    status = rst_orbit_judge(context, &orbit.record, &made, mean_loss);
  }
  if (status == RST_OK && orbit.evaluations && request->evaluations > 0) {
    rst_evaluation_mean(orbit.evaluations, &made.evaluation);
  }
  if (status == RST_OK) {
    if (observed) {
      sample(&orbit, request->burn_in, request->samples, observed);
    }
    *result = made;
    *stopped = orbit.record.stopped;
  }
  release(&orbit);
  return status;
}

enum rst_status rst_orbit_run(struct rst_context *context, const struct rst_case *from, struct rst_flow *flow,
                              double lr, double weight_decay, long burn_in, long samples,
                              bool (*stop)(void *user), void *user, double *observed,
                              struct rst_orbit *result) {
  const struct rst_orbit_request request = {.lr = lr,
                                            .weight_decay = weight_decay,
                                            .burn_in = burn_in,
                                            .samples = samples,
                                            .stop = stop,
                                            .user = user};
  bool stopped = false;
  return rst_orbit_follow(context, from, flow, &request, observed, result, NULL, &stopped);
}
