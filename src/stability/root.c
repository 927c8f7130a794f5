/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stability/root.h"

#include <float.h>
#include <gsl/gsl_roots.h>
#include <math.h>

#include "core/core.h"

/* GSL's own allocator is avoided: where memory is exhausted it aborts. */
enum rst_status rst_root_refine(struct rst_context *context, gsl_function *f, double low, double high,
                                double width, double *zero) {
  enum { MAX_ITERATIONS = 200 };
  gsl_root_fsolver solver = {.type = gsl_root_fsolver_brent};
  RST_TRY(rst_allocate(context, 1, solver.type->size, &solver.state));
  gsl_root_fsolver_set(&solver, f, low, high);
  for (int i = 0; i < MAX_ITERATIONS && solver.x_upper - solver.x_lower > width * solver.x_upper; ++i) {
    gsl_root_fsolver_iterate(&solver);
  }
  *zero = solver.root;
  free(solver.state);
  return RST_OK;
}

/* A falling function as GSL takes it, which aborts at what is not finite: it may fail, and cannot be evaluated at `low`. */
struct falling {
  rst_falling_function *function;
  void *user;
  double low, at_low;
  enum rst_status status;
};

static double evaluate(double x, void *user) {
  struct falling *falling = user;
  double value = falling->at_low;
  if (x != falling->low && falling->status == RST_OK) {
    falling->status = falling->function(falling->user, x, &value);
  }
  return value > -DBL_MAX ? fmin(value, DBL_MAX) : -DBL_MAX; /* NaN as well */
}

enum rst_status rst_root_of_falling(struct rst_context *context, rst_falling_function *function, void *user,
                                    double low, double at_low, double high, double width, double *root) {
  const double most = 1e300;
  struct falling falling = {function, user, low, at_low, RST_OK};
  gsl_function f = {evaluate, &falling};
  double at_high = evaluate(high, &falling);
  while (at_high >= 0.0 && high < most) {
    falling.low = high;
    falling.at_low = at_high;
    high *= 2.0;
    at_high = evaluate(high, &falling);
  }
  RST_TRY(falling.status);
  if (at_high >= 0.0) {
    *root = INFINITY;
    return RST_OK;
  }
  RST_TRY(rst_root_refine(context, &f, falling.low, high, width, root));
  return falling.status;
}
