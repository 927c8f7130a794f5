/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "restrain/scheme.h"

/** @file
 * The continuous flow by GSL's Runge-Kutta-Prince-Dormand (8,9) with adaptive steps. The state is integrated
 * in double; each slope is evaluated in the flow's precision, which therefore bounds the accuracy of a float
 * flow. The functions of GSL used here report by return code; only its allocators call the process-wide error
 * handler, which stays the program's to choose.
 */

enum { MAX_STEPS = 1000000 };

struct integration {
  struct rst_flow *flow;
  double weight_decay;
  struct rst_field *point, *slope; /* in the flow's precision */
  struct rst_field *state, *rate;  /* double */
  gsl_odeiv2_step *step;
  gsl_odeiv2_control *control;
  gsl_odeiv2_evolve *evolve;
};

/* dy/dt = -grad E - alpha P y, P zero on the fixed points. */
static int slope_at(double t, const double y[], double dydt[], void *parameters) {
  (void)t;
  struct integration *integration = parameters;
  struct rst_field *rate = integration->rate;
  const size_t bytes = rst_field_count(rate) * sizeof *y;
  memcpy(rate->data, y, bytes);
  rst_field_copy(rate, integration->point);
  struct rst_flow_value value;
  rst_flow_evaluate(integration->flow, integration->point, &value, integration->slope);
  rst_flow_pin(integration->flow, integration->point);
  rst_field_axpby(-integration->weight_decay, integration->point, -1.0, integration->slope);
  rst_field_copy(integration->slope, rate);
  memcpy(dydt, rate->data, bytes);
  return rst_field_is_finite(rate) ? GSL_SUCCESS : GSL_ERANGE;
}

static void release(struct integration *integration) {
  if (integration->evolve) {
    gsl_odeiv2_evolve_free(integration->evolve);
  }
  if (integration->control) {
    gsl_odeiv2_control_free(integration->control);
  }
  if (integration->step) {
    gsl_odeiv2_step_free(integration->step);
  }
  rst_field_destroy(&integration->rate);
  rst_field_destroy(&integration->state);
  rst_field_destroy(&integration->slope);
  rst_field_destroy(&integration->point);
}

static enum rst_status prepare(struct rst_context *context, const struct rst_field *u, double tolerance,
                               struct integration *integration) {
  RST_TRY(rst_flow_create_state(context, integration->flow, &integration->point));
  RST_TRY(rst_flow_create_state(context, integration->flow, &integration->slope));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, u->ny, u->nx, &integration->state));
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, u->ny, u->nx, &integration->rate));
  const size_t count = rst_field_count(u);
  integration->step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rk8pd, count);
  integration->control = gsl_odeiv2_control_y_new(tolerance, tolerance);
  integration->evolve = gsl_odeiv2_evolve_alloc(count);
  RST_REQUIRE(context, integration->step && integration->control && integration->evolve, RST_ERROR_MEMORY,
              "memory is exhausted: no integrator for %zu points could be allocated", count);
  return RST_OK;
}

static enum rst_status advance(struct rst_context *context, struct integration *integration,
                               double duration) {
  const gsl_odeiv2_system system = {
      .function = slope_at,
      .dimension = rst_field_count(integration->state),
      .params = integration,
  };
  double t = 0.0;
  double h = duration / 100.0; /* a first guess; the control corrects it */
  for (int steps = 0; t < duration; ++steps) {
    RST_REQUIRE(context, steps < MAX_STEPS, RST_ERROR_NUMERIC,
                "the flow was integrated to t = %g of %g only in %d steps; loosen the tolerance or shorten "
                "the duration",
                t, duration, MAX_STEPS);
    const int code = gsl_odeiv2_evolve_apply(integration->evolve, integration->control, integration->step,
                                             &system, &t, duration, &h, integration->state->data);
    RST_REQUIRE(context, code == GSL_SUCCESS && rst_field_is_finite(integration->state), RST_ERROR_NUMERIC,
                "the flow could not be integrated beyond t = %g of %g (step %g); it may grow without bound, "
                "or the tolerance be too small",
                t, duration, h);
  }
  return RST_OK;
}

enum rst_status rst_flow_integrate(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                   double duration, double tolerance, struct rst_field *u) {
  RST_REQUIRE(context, weight_decay >= 0.0 && isfinite(weight_decay), RST_ERROR_ARGUMENT,
              "weight_decay is %g; it must be finite and not negative", weight_decay);
  RST_REQUIRE(context, duration >= 0.0 && isfinite(duration), RST_ERROR_ARGUMENT,
              "duration is %g; it must be finite and not negative", duration);
  RST_REQUIRE(context, tolerance > 0.0 && isfinite(tolerance), RST_ERROR_ARGUMENT,
              "tolerance is %g; it must be positive and finite", tolerance);
  struct integration integration = {.flow = flow, .weight_decay = weight_decay};
  enum rst_status status = prepare(context, u, tolerance, &integration);
  if (status == RST_OK) {
    rst_field_copy(u, integration.state);
    status = advance(context, &integration, duration);
  }
  if (status == RST_OK) {
    rst_field_copy(integration.state, u);
  }
  release(&integration);
  return status;
}
