/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "restrain/bifurcation.h"
#include "restrain/event.h"
#include "restrain/tangent.h"
#include "run/divergence_rule.h"
#include "step/type.h"

enum { DATA_LOSS, RESIDUAL, WEIGHT_NORM, PROBE, UPDATE_NORM, LOG_GROWTH, COLUMNS };

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
  double blow_up, radius, limit;
  bool is_normal; /* the scheme's Jacobian is symmetric */
  long updates;   /* asked for */
  double *values;
  double *column[COLUMNS]; /* [updates + 1] each */
  /* results */
  long done, unstable;
  bool diverged, stopped;
  double max_growth;
};

/* A unit vector that depends on the shape alone. */
static enum rst_status fill_probe(struct orbit *orbit) {
  const struct rst_initial_parameters random = {.kind = "normal", .seed = 20220602, .scale = 1.0};
  RST_TRY(rst_initial_fill(orbit->context, &random, orbit->probe));
  rst_field_scale(1.0 / rst_field_norm(orbit->probe), orbit->probe);
  return RST_OK;
}

static enum rst_status build(struct orbit *orbit, const struct rst_case *from) {
  struct rst_context *context = orbit->context;
  size_t ny = 0;
  size_t nx = 0;
  rst_flow_shape(orbit->flow, &ny, &nx);
  RST_TRY(rst_field_create(context, rst_flow_precision(orbit->flow), ny, nx, &orbit->u));
  RST_TRY(rst_initial_fill(context, &from->initial, orbit->u));
  RST_TRY(rst_field_create_like(context, orbit->u, &orbit->previous));
  RST_TRY(rst_field_create_like(context, orbit->u, &orbit->gradient));
  RST_TRY(rst_field_create_like(context, orbit->u, &orbit->probe));
  RST_TRY(fill_probe(orbit));
  RST_TRY(rst_scheme_create(context, &orbit->scheme_parameters, orbit->flow, &orbit->scheme));
  RST_TRY(rst_tangent_create(context, &orbit->scheme_parameters, orbit->flow, 1, from->tangent.seed,
                             &orbit->tangent));
  orbit->is_normal = !orbit->scheme->type->takes_momentum;
  orbit->limit = rst_scheme_local_limit(context, &orbit->scheme_parameters);
  orbit->blow_up = from->stop.blow_up;
  orbit->radius = rst_field_norm(orbit->u);
  const size_t states = (size_t)orbit->updates + 1;
  void *memory = NULL;
  RST_TRY(rst_allocate(context, COLUMNS * states, sizeof(double), &memory));
  orbit->values = memory;
  for (size_t c = 0; c < COLUMNS; ++c) {
    orbit->column[c] = orbit->values + c * states;
  }
  return RST_OK;
}

static void release(struct orbit *orbit) {
  rst_scheme_destroy(&orbit->scheme);
  rst_tangent_destroy(&orbit->tangent);
  rst_field_destroy(&orbit->u);
  rst_field_destroy(&orbit->previous);
  rst_field_destroy(&orbit->gradient);
  rst_field_destroy(&orbit->probe);
  free(orbit->values);
}

/* Growth proves an eigenvalue beyond a limit where the Jacobian is symmetric, and otherwise if the Rayleigh quotient does. */
static bool is_unstable(const struct orbit *orbit, double growth) {
  if (!(growth >= 1.0 + RST_EVENT_TOLERANCE)) {
    return false;
  }
  const double rayleigh = rst_tangent_rayleigh(orbit->tangent);
  return orbit->is_normal || rayleigh < 0.0 || rayleigh > orbit->limit;
}

static void record_state(struct orbit *orbit, const struct rst_flow_value *value) {
  const long t = orbit->done;
  orbit->column[DATA_LOSS][t] = value->data_loss;
  orbit->column[RESIDUAL][t] = value->residual;
  orbit->column[WEIGHT_NORM][t] = rst_field_norm(orbit->u);
  orbit->column[PROBE][t] = rst_field_dot(orbit->probe, orbit->u);
}

static enum rst_status advance(struct orbit *orbit) {
  const long t = orbit->done;
  rst_field_copy(orbit->u, orbit->previous);
  RST_TRY(rst_tangent_step(orbit->tangent, orbit->scheme, orbit->gradient, orbit->u, NULL));
  const double log_growth = rst_tangent_log_growth(orbit->tangent, 0);
  const double growth = exp(log_growth);
  orbit->column[UPDATE_NORM][t] = rst_field_distance(orbit->u, orbit->previous);
  orbit->column[LOG_GROWTH][t] = log_growth;
  orbit->max_growth = fmax(orbit->max_growth, growth);
  orbit->unstable += is_unstable(orbit, growth);
  orbit->done += 1;
  return RST_OK;
}

static enum rst_status march(struct orbit *orbit, bool (*stop)(void *user), void *user) {
  const long between_polls = 64;
  for (;;) {
    struct rst_flow_value value;
    rst_flow_linearise(orbit->flow, orbit->u, &value, orbit->gradient);
    record_state(orbit, &value);
    orbit->diverged =
        rst_has_diverged(orbit->column[WEIGHT_NORM][orbit->done], orbit->radius, orbit->blow_up);
    if (orbit->diverged || orbit->done == orbit->updates) {
      return RST_OK;
    }
    if (stop && orbit->done % between_polls == 0 && stop(user)) {
      orbit->stopped = true;
      return RST_OK;
    }
    RST_TRY(advance(orbit));
  }
}

static enum rst_status judge(const struct orbit *orbit, struct rst_orbit *result) {
  const long last = orbit->done;
  const double norm = orbit->column[WEIGHT_NORM][last];
  result->iterations = last;
  result->max_growth = orbit->max_growth;
  result->loss = orbit->column[DATA_LOSS][last] + 0.5 * orbit->scheme_parameters.weight_decay * norm * norm;
  const double *const observables[] = {orbit->column[DATA_LOSS], orbit->column[RESIDUAL],
                                       orbit->column[WEIGHT_NORM], orbit->column[PROBE]};
  const struct rst_trajectory trajectory = {
      .states = (size_t)last + 1,
      .diverged = orbit->diverged,
      .epsilon = rst_precision_epsilon(orbit->u->precision),
      .weight_norm = orbit->column[WEIGHT_NORM],
      .update_norm = orbit->column[UPDATE_NORM],
      .observables = observables,
      .observable_count = RST_ORBIT_OBSERVABLES,
      .log_growth = orbit->column[LOG_GROWTH],
      .unstable_updates = orbit->unstable,
  };
  RST_TRY(rst_regime_classify(orbit->context, &trajectory, &result->regime));
  if (orbit->stopped) {
    result->regime.regime = RST_REGIME_UNDECIDED;
  }
  return RST_OK;
}

static void sample(const struct orbit *orbit, long burn_in, long samples, double *observed) {
  for (long c = 0; c < RST_ORBIT_OBSERVABLES; ++c) {
    for (long s = 0; s < samples; ++s) {
      const long t = burn_in + 1 + s;
      observed[c * samples + s] = t <= orbit->done && !orbit->diverged ? orbit->column[c][t] : NAN;
    }
  }
}

enum rst_status rst_orbit_run(struct rst_context *context, const struct rst_case *from, struct rst_flow *flow,
                              double lr, double weight_decay, long burn_in, long samples,
                              bool (*stop)(void *user), void *user, double *observed,
                              struct rst_orbit *result) {
  struct orbit orbit = {.context = context,
                        .flow = flow,
                        .scheme_parameters = from->step.scheme,
                        .updates = burn_in + samples,
                        .max_growth = 0.0};
  struct rst_orbit made = {0};
  orbit.scheme_parameters.lr = lr;
  orbit.scheme_parameters.weight_decay = weight_decay;
  RST_REQUIRE(context, burn_in >= 0 && samples >= 0, RST_ERROR_ARGUMENT,
              "an orbit of %ld + %ld updates cannot be run; neither may be negative", burn_in, samples);
  enum rst_status status = build(&orbit, from);
  if (status == RST_OK) {
    status = march(&orbit, stop, user);
  }
  if (status == RST_OK) {
    status = judge(&orbit, &made);
  }
  if (status == RST_OK) {
    if (observed) {
      sample(&orbit, burn_in, samples, observed);
    }
    *result = made;
  }
  release(&orbit);
  return status;
}
