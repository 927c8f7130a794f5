/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "restrain/event.h"
#include "restrain/tangent.h"
#include "run/at_rest.h"
#include "run/divergence_rule.h"
#include "run/orbit.h"

const char *const *rst_orbit_observable_names(void) {
  static const char *const names[] = {"data_loss", "residual", "weight_norm", "probe", NULL};
  return names;
}

struct orbit {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_scheme_parameters scheme_parameters;
  struct rst_scheme *scheme;
  struct rst_tangent *tangent;
  struct rst_field *u, *previous, *gradient, *probe;
  double blow_up, radius;
  struct rst_event_detector *detector; /* NULL where the scheme's Jacobian is symmetric */
  bool settle;
  double rest, rest_log_growth; /* see settling.h */
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

static enum rst_status build(struct orbit *orbit, const struct rst_case *from) {
  struct rst_context *context = orbit->context;
  const struct rst_layout *layout = rst_flow_layout(orbit->flow);
  RST_TRY(rst_flow_create_state(context, orbit->flow, &orbit->u));
  RST_TRY(rst_initial_fill(context, &from->initial, layout, orbit->u));
  RST_TRY(rst_field_create_like(context, orbit->u, &orbit->previous));
  RST_TRY(rst_field_create_like(context, orbit->u, &orbit->gradient));
  RST_TRY(rst_field_create_like(context, orbit->u, &orbit->probe));
  RST_TRY(rst_orbit_probe(context, layout, orbit->probe));
  RST_TRY(rst_scheme_create(context, &orbit->scheme_parameters, orbit->flow, &orbit->scheme));
  RST_TRY(rst_tangent_create(context, &orbit->scheme_parameters, orbit->flow, 1, from->tangent.seed,
                             &orbit->tangent));
  if (!rst_scheme_facts(orbit->scheme_parameters.kind).symmetric_jacobian) {
    RST_TRY(rst_event_detector_create(context, &orbit->scheme_parameters, orbit->flow, &orbit->detector));
    rst_event_detector_skip_places(orbit->detector);
  }
  orbit->blow_up = from->stop.blow_up;
  orbit->radius = rst_field_norm(orbit->u);
  orbit->record.epsilon = rst_precision_epsilon(orbit->u->precision);
  const size_t states = (size_t)orbit->record.asked + 1;
  void *memory = NULL;
  RST_TRY(rst_allocate(context, RST_ORBIT_COLUMNS * states, sizeof(double), &memory));
  orbit->values = memory;
  for (size_t c = 0; c < RST_ORBIT_COLUMNS; ++c) {
    orbit->column[c] = orbit->values + c * states;
    orbit->record.column[c] = orbit->column[c];
  }
  return RST_OK;
}

static void release(struct orbit *orbit) {
  rst_scheme_destroy(&orbit->scheme);
  rst_tangent_destroy(&orbit->tangent);
  rst_event_detector_destroy(&orbit->detector);
  rst_field_destroy(&orbit->u);
  rst_field_destroy(&orbit->previous);
  rst_field_destroy(&orbit->gradient);
  rst_field_destroy(&orbit->probe);
  free(orbit->values);
}

static void count_event(struct orbit *orbit, bool ended, const struct rst_event *event) {
  if (ended && event->kind != RST_EVENT_NONNORMAL) {
    orbit->record.unstable += event->last - event->first + 1;
  }
}

/* Growth proves an eigenvalue beyond a limit where the Jacobian is symmetric. Elsewhere events tell, of which the first
 * unstable one is enough. */
static enum rst_status count_update(struct orbit *orbit, double growth) {
  struct rst_orbit_record *record = &orbit->record;
  struct rst_event event;
  bool ended = false;
  if (!orbit->detector) {
    record->unstable += growth >= 1.0 + RST_EVENT_TOLERANCE;
  } else if (record->unstable == 0) {
    RST_TRY(rst_event_detector_observe(orbit->detector, record->done, orbit->previous, orbit->tangent, &ended,
                                       &event));
    count_event(orbit, ended, &event);
  }
  return RST_OK;
}

static enum rst_status count_last_event(struct orbit *orbit) {
  struct rst_event event;
  bool ended = false;
  if (orbit->detector && orbit->record.unstable == 0) {
    RST_TRY(rst_event_detector_finish(orbit->detector, &ended, &event));
    count_event(orbit, ended, &event);
  }
  return RST_OK;
}

static void record_state(struct orbit *orbit, const struct rst_flow_value *value) {
  const long t = orbit->record.done;
  orbit->column[RST_ORBIT_DATA_LOSS][t] = value->data_loss;
  orbit->column[RST_ORBIT_RESIDUAL][t] = value->residual;
  orbit->column[RST_ORBIT_WEIGHT_NORM][t] = rst_field_norm(orbit->u);
  orbit->column[RST_ORBIT_PROBE][t] = rst_field_dot(orbit->probe, orbit->u);
}

static enum rst_status advance(struct orbit *orbit) {
  struct rst_orbit_record *record = &orbit->record;
  const long t = record->done;
  rst_field_copy(orbit->u, orbit->previous);
  RST_TRY(rst_tangent_step(orbit->tangent, orbit->scheme, orbit->gradient, orbit->u, NULL));
  const double log_growth = rst_tangent_log_growth(orbit->tangent, 0);
  const double growth = exp(log_growth);
  const double update = rst_field_distance(orbit->u, orbit->previous);
  orbit->column[RST_ORBIT_UPDATE_NORM][t] = update;
  orbit->column[RST_ORBIT_LOG_GROWTH][t] = log_growth;
  record->max_growth = fmax(record->max_growth, growth);
  RST_TRY(count_update(orbit, growth));
  record->done += 1;
  rst_at_rest_add(update, orbit->column[RST_ORBIT_WEIGHT_NORM][t], record->epsilon, log_growth, &orbit->rest,
                  &orbit->rest_log_growth);
  return RST_OK;
}

static bool has_settled(const struct orbit *orbit) {
  return orbit->settle && rst_is_at_rest(orbit->rest, orbit->rest_log_growth, (double)orbit->record.done,
                                         (double)orbit->record.asked);
}

static enum rst_status march(struct orbit *orbit, bool (*stop)(void *user), void *user) {
  const long between_polls = 64;
  struct rst_orbit_record *record = &orbit->record;
  for (;;) {
    struct rst_flow_value value;
    rst_flow_linearise(orbit->flow, orbit->u, &value, orbit->gradient);
    record_state(orbit, &value);
    record->diverged =
        rst_has_diverged(orbit->column[RST_ORBIT_WEIGHT_NORM][record->done], orbit->radius, orbit->blow_up);
    if (record->diverged || record->done == record->asked) {
      return RST_OK;
    }
    if (has_settled(orbit)) {
      record->settled = true;
      record->rest = (long)orbit->rest;
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
  struct orbit orbit = {
      .context = context,
      .flow = flow,
      .scheme_parameters = from->step.scheme,
      .settle = request->settle,
      .record = {.asked = request->burn_in + request->samples, .weight_decay = request->weight_decay}};
  struct rst_orbit made = {0};
  orbit.scheme_parameters.lr = request->lr;
  orbit.scheme_parameters.weight_decay = request->weight_decay;
  RST_REQUIRE(context, request->burn_in >= 0 && request->samples >= 0, RST_ERROR_ARGUMENT,
              "an orbit of %ld + %ld updates cannot be run; neither may be negative", request->burn_in,
              request->samples);
  enum rst_status status = build(&orbit, from);
  if (status == RST_OK) {
    status = march(&orbit, request->stop, request->user);
  }
  if (status == RST_OK) {
    status = count_last_event(&orbit);
  }
  if (status == RST_OK) {
    status = rst_orbit_judge(context, &orbit.record, &made, mean_loss);
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
