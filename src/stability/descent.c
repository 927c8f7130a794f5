/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/descent.h"

#include <math.h>

#include "core/core.h"

/* Of the error of a step, of a Krylov approximation of it, and of the error's own. */
static const double tolerance = 1e-3, krylov_tolerance = 1e-4, error_tolerance = 0.1;
enum { MOST_REJECTIONS = 60 };

enum rst_status rst_descent_begin(struct rst_descent *descent, struct rst_context *context,
                                  struct rst_flow *flow, double decay, const struct rst_field *u) {
  *descent = (struct rst_descent){.context = context, .flow = flow, .decay = decay};
  struct rst_field **fields[] = {&descent->u,    &descent->gradient, &descent->next, &descent->next_gradient,
                                 &descent->step, &descent->defect};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
    RST_TRY(rst_field_create_like(context, u, fields[i]));
  }
  RST_TRY(rst_krylov_create(context, u, &descent->krylov));
  rst_field_copy(u, descent->u);
  rst_descent_restart(descent);
  return RST_OK;
}

void rst_descent_end(struct rst_descent *descent) {
  struct rst_field **fields[] = {&descent->u,    &descent->gradient, &descent->next, &descent->next_gradient,
                                 &descent->step, &descent->defect};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
    rst_field_destroy(fields[i]);
  }
  rst_krylov_destroy(&descent->krylov);
}

/* gradient, which holds grad E(u), = F(u). */
static void add_decay(const struct rst_descent *descent, const struct rst_field *u,
                      struct rst_field *gradient) {
  rst_field_axpy(descent->decay, u, gradient);
  rst_flow_pin(descent->flow, gradient);
}

/* Everything of u, linearised there. */
static void look(struct rst_descent *descent) {
  struct rst_flow_value value;
  const double norm = rst_field_norm(descent->u);
  rst_flow_linearise(descent->flow, descent->u, &value, descent->gradient);
  descent->terms = rst_field_norm(descent->gradient) + descent->decay * norm;
  descent->most_terms = fmax(descent->most_terms, descent->terms);
  descent->loss = value.data_loss + 0.5 * descent->decay * rst_flow_cell(descent->flow) * norm * norm;
  add_decay(descent, descent->u, descent->gradient);
  descent->slope = rst_field_norm(descent->gradient);
}

void rst_descent_restart(struct rst_descent *descent) {
  descent->t = 0.0;
  descent->convex = false;
  look(descent);
}

/* product = A v. */
static void apply(void *user, const struct rst_field *v, struct rst_field *product) {
  const struct rst_descent *descent = user;
  rst_flow_hessian_product(descent->flow, v, product);
  rst_field_axpy(descent->decay, v, product);
}

/* step = u - v for the time t, next = v; false where the flow overflows at v. */
static enum rst_status try_step(struct rst_descent *descent, double *t, bool *finite) {
  struct rst_flow_value value;
  RST_TRY(rst_krylov_phi(descent->krylov, 1, krylov_tolerance, t, descent->step));
  rst_field_copy(descent->u, descent->next);
  rst_field_axpy(-1.0, descent->step, descent->next);
  rst_flow_evaluate(descent->flow, descent->next, &value, descent->next_gradient);
  add_decay(descent, descent->next, descent->next_gradient);
  *finite = rst_field_is_finite(descent->next_gradient);
  return RST_OK;
}

/* The error of the step just tried, taken out of next, relative to what it may be compared with: the step, or where the step
 * leaves little, that. */
static enum rst_status correct(struct rst_descent *descent, struct rst_krylov *of_defect, double t,
                               double *error) {
  const double rounding = 1e-12;
  const double negligible = 1e-2;
  const double before = rst_field_norm(descent->u);
  const double length =
      fmin(rst_field_norm(descent->step), fmax(rst_field_norm(descent->next), rounding * before));
  apply(descent, descent->step, descent->defect);
  rst_field_axpy(1.0, descent->next_gradient, descent->defect);
  rst_field_axpy(-1.0, descent->gradient, descent->defect);
  *error = t / 3 * rst_field_norm(descent->defect) / length; /* phi_3 <= 1/6 where A is positive */
  if (*error <= negligible * tolerance) {
    return RST_OK;
  }
  double reached = t;
  rst_krylov_begin(of_defect, apply, descent, descent->defect);
  RST_TRY(rst_krylov_phi(of_defect, 3, error_tolerance, &reached, descent->defect));
  *error = 2 * rst_field_norm(descent->defect) / length * (t / reached);
  rst_field_axpy(-2.0, descent->defect, descent->next);
  return RST_OK;
}

/* A kink of the flow (relu) makes an error that shorter steps do not mend, until they end before it. It is crossed by a step
 * that is short beside u. */
static bool crosses_a_kink(const struct rst_descent *descent, double error, double last_error) {
  const double short_enough = 1e-3;
  const double mended = 0.5;
  return isfinite(last_error) && error > mended * last_error &&
         rst_field_norm(descent->step) <= short_enough * rst_field_norm(descent->u);
}

static void accept(struct rst_descent *descent, double t, double error) {
  const double most_growth = 8.0;
  double smallest = 0.0;
  double largest = 0.0;
  rst_krylov_ritz(descent->krylov, &smallest, &largest);
  struct rst_field *left = descent->u;
  descent->u = descent->next;
  descent->next = left;
  descent->convex = smallest > 0;
  descent->scale = fmax(fabs(smallest), fabs(largest));
  descent->t = t * fmin(most_growth, fmax(0.1, 0.8 * sqrt(tolerance / error)));
  descent->steps += 1;
  look(descent);
}

/* A first guess of the time: a tenth of the fastest mode's. */
static enum rst_status guess_time(struct rst_descent *descent) {
  double smallest = 0.0;
  double largest = 0.0;
  double t = 1e-300;
  RST_TRY(rst_krylov_phi(descent->krylov, 1, 1.0, &t, descent->step));
  rst_krylov_ritz(descent->krylov, &smallest, &largest);
  descent->t = 0.1 / fmax(fmax(fabs(smallest), fabs(largest)), 1e-100);
  return RST_OK;
}

enum rst_status rst_descent_step(struct rst_descent *descent) {
  struct rst_krylov *of_defect = NULL;
  rst_krylov_begin(descent->krylov, apply, descent, descent->gradient);
  if (descent->t == 0.0) {
    RST_TRY(guess_time(descent));
  }
  RST_TRY(rst_krylov_create(descent->context, descent->u, &of_defect));
  enum rst_status status = RST_OK;
  bool accepted = false;
  double last_error = INFINITY;
  for (int i = 0; status == RST_OK && !accepted && i < MOST_REJECTIONS; ++i) {
    double t = descent->t;
    double error = INFINITY;
    bool finite = false;
    status = try_step(descent, &t, &finite);
    if (status == RST_OK && finite) {
      status = correct(descent, of_defect, t, &error);
    }
    accepted = status == RST_OK && (error <= tolerance || crosses_a_kink(descent, error, last_error));
    last_error = error;
    if (accepted) {
      accept(descent, t, error);
    } else {
      descent->t = t * fmax(0.1, 0.8 * sqrt(tolerance / error));
    }
  }
  rst_krylov_destroy(&of_defect);
  RST_TRY(status);
  RST_REQUIRE(descent->context, accepted, RST_ERROR_NUMERIC,
              "the continuous flow could not be followed beyond |grad L| = %g, %d steps from the start: it "
              "overflows or has a kink there",
              descent->slope, descent->steps);
  return RST_OK;
}
