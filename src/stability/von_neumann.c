/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/von_neumann.h"

#include <assert.h>
#include <float.h>
#include <gsl/gsl_math.h>
#include <math.h>

#include "core/core.h"
#include "restrain/tangent.h"
#include "stability/root.h"
#include "step/scheme_type.h"

/** @file
 * Von Neumann analysis. Everything here is read off the growth polynomial of scheme.h, so that a new scheme
 * needs nothing of its own. A limit is the first x, along a ray of z, along lr or along the decay, at which
 * the amplification factor G passes 1: a geometric scan finds the first point beyond it, Brent's method the
 * crossing itself.
 *
 * For one lr and one decay, the stable eigenvalues form an interval. Its lower end is where the flow itself
 * begins to grow (a root leaves through 1, at the same decay for every lr), its upper end where the step
 * overshoots. Hence the smallest eigenvalue decides on the smallest decay, the largest on everything else.
 */

/* What a scan varies; the other members hold what it leaves alone. */
struct line {
  struct rst_context *context;
  struct rst_scheme_parameters parameters;
  double complex lambda;
  double tolerance; /* of G where it should be 1 */
};

/* G - 1. The parameters have been checked, so that it cannot fail. */
static double excess(const struct line *line, const struct rst_scheme_parameters *parameters,
                     double complex lambda) {
  double growth = NAN;
  (void)rst_scheme_growth(line->context, parameters, lambda, &growth);
  return growth - 1.0;
}

/* z = -lr lambda on the ray through line->lambda; lr = 1. */
static double excess_on_ray(double radius, void *user) {
  const struct line *line = user;
  return excess(line, &line->parameters, radius * line->lambda);
}

static double excess_at_lr(double lr, void *user) {
  const struct line *line = user;
  struct rst_scheme_parameters parameters = line->parameters;
  parameters.lr = lr;
  return excess(line, &parameters, line->lambda);
}

/* At a weight decay that is larger than the line's by `more`. */
static double excess_at_decay(double more, void *user) {
  const struct line *line = user;
  struct rst_scheme_parameters parameters = line->parameters;
  parameters.weight_decay += more;
  return excess(line, &parameters, line->lambda);
}

/* 1 - G at weight decay `ratio` |lambda|, lambda < 0, and an lr at which no step overshoots. */
static double shrinking_at_ratio(double ratio, void *user) {
  const struct line *line = user;
  const double magnitude = cabs(line->lambda);
  struct rst_scheme_parameters parameters = line->parameters;
  parameters.lr = 0.5 / magnitude / (1.0 + ratio);
  parameters.weight_decay = ratio * magnitude;
  return -excess(line, &parameters, line->lambda);
}

/* The end of the interval, from `low` on, where f <= tolerance; f holds there at `low`. `next` > low is the
 * second point of the scan. Infinite if there is no end within a factor of 2^58. */
static enum rst_status first_exit(const struct line *line, gsl_function *f, double low, double next,
                                  double *end) {
  const double ratio = 1.0 + 1.0 / 32.0;
  const double last = next * 0x1p58;
  double x = next;
  while (x < last && isfinite(x) && !(GSL_FN_EVAL(f, x) > line->tolerance)) {
    low = x;
    x *= ratio;
  }
  if (!(x < last && isfinite(x))) {
    *end = INFINITY;
    return RST_OK;
  }
  if (GSL_FN_EVAL(f, low) >= 0.0) {
    *end = low; /* the end itself, but for rounding */
    return RST_OK;
  }
  return rst_root_refine(line->context, f, low, x, 4.0 * DBL_EPSILON, end);
}

/* Check the parameters and keep what the growth depends on: the divisor is none of it. Where the growth
 * should be 1, it has the rounding errors of a few operations, divided by the distance of the roots, 1 - mu,
 * if there are two. */
static enum rst_status begin(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                             struct line *line) {
  const double rounding = 16.0 * DBL_EPSILON;
  double complex coefficients[RST_GROWTH_MAX_DEGREE + 1];
  int degree = 0;
  RST_TRY(rst_scheme_growth_polynomial(context, parameters, 0.0, coefficients, &degree));
  *line = (struct line){.context = context, .parameters = *parameters};
  line->parameters.divisor = 1.0;
  line->tolerance = degree == 1 ? rounding : rounding / (1.0 - parameters->momentum);
  return RST_OK;
}

/* Up to z = radius * direction. Close to the imaginary axis the stable radius may be small: the scan begins
 * where the mode shrinks by more than rounding, or else finds no radius at all. */
static enum rst_status limit_along(struct rst_context *context,
                                   const struct rst_scheme_parameters *parameters, double complex direction,
                                   double *limit) {
  const double largest_start = 0x1p-10;
  const double smallest_start = 0x1p-30;
  struct line line;
  RST_TRY(begin(context, parameters, &line));
  line.parameters.lr = 1.0;
  line.parameters.weight_decay = 0.0;
  line.lambda = -direction;
  gsl_function f = {.function = excess_on_ray, .params = &line};
  double start = largest_start;
  if (GSL_FN_EVAL(&f, start) > line.tolerance) {
    while (GSL_FN_EVAL(&f, start) >= -line.tolerance) {
      start /= 2.0;
      if (start < smallest_start) {
        *limit = 0.0;
        return RST_OK;
      }
    }
  }
  return first_exit(&line, &f, start, 2.0 * start, limit);
}

enum rst_status rst_scheme_real_limit(struct rst_context *context,
                                      const struct rst_scheme_parameters *parameters, double *limit) {
  return limit_along(context, parameters, -1.0, limit);
}

enum rst_status rst_scheme_complex_limit(struct rst_context *context,
                                         const struct rst_scheme_parameters *parameters, double angle,
                                         double *radius) {
  RST_REQUIRE(context, isfinite(angle), RST_ERROR_ARGUMENT, "the angle is %g; it must be finite", angle);
  return limit_along(context, parameters, cexp(I * angle), radius);
}

/* At an eigenvalue that is larger than the line's by `more`. */
static double excess_above(double more, void *user) {
  const struct line *line = user;
  return excess(line, &line->parameters, line->lambda + more);
}

double rst_scheme_local_limit(struct rst_context *context, const struct rst_scheme_parameters *parameters) {
  struct line line;
  double more = NAN;
  const enum rst_status status = begin(context, parameters, &line);
  if (status == RST_ERROR_UNSUPPORTED) {
    return rst_scheme_own_limit(parameters);
  }
  if (status != RST_OK) {
    return NAN;
  }
  /* The stable eigenvalues begin where the flow is neutral. */
  const double alpha = parameters->weight_decay;
  const double neutral = parameters->decay == RST_DECAY_DECOUPLED ? parameters->momentum * alpha : 0.0;
  line.lambda = neutral - alpha;
  gsl_function f = {.function = excess_above, .params = &line};
  if (GSL_FN_EVAL(&f, 0.0) > line.tolerance ||
      first_exit(&line, &f, 0.0, 0x1p-10 / parameters->lr, &more) != RST_OK) {
    return NAN;
  }
  return neutral + more;
}

static enum rst_status find_decay_min(struct line *line, double lambda_min, double *decay_min) {
  const double first = 0x1p-6;
  double ratio = 0.0;
  if (lambda_min < 0.0) {
    line->lambda = lambda_min;
    gsl_function f = {.function = shrinking_at_ratio, .params = line};
    RST_TRY(first_exit(line, &f, 0.0, first, &ratio));
  }
  *decay_min = ratio * fabs(lambda_min);
  return RST_OK;
}

static enum rst_status find_lr_max(struct line *line, double lambda_min, double lambda_max, double *lr_max) {
  const double alpha = line->parameters.weight_decay;
  *lr_max = 0.0;
  if (lambda_min < 0.0) {
    line->lambda = lambda_min;
    if (-shrinking_at_ratio(alpha / fabs(lambda_min), line) > line->tolerance) {
      return RST_OK;
    }
  }
  line->lambda = lambda_max;
  gsl_function f = {.function = excess_at_lr, .params = line};
  const double start = 0x1p-6 / (fabs(lambda_max) + alpha); /* infinite where nothing limits lr */
  return first_exit(line, &f, start, 2.0 * start, lr_max);
}

static enum rst_status find_decay_max(struct line *line, double lambda_max, double decay_min,
                                      double *decay_max) {
  const double unit = 1.0 / line->parameters.lr;
  double more = INFINITY;
  line->lambda = lambda_max;
  line->parameters.weight_decay = decay_min;
  gsl_function f = {.function = excess_at_decay, .params = line};
  if (GSL_FN_EVAL(&f, 0.0) <= line->tolerance) {
    RST_TRY(first_exit(line, &f, 0.0, 0x1p-6 * unit, &more));
  } else if (!(GSL_FN_EVAL(&f, 0x1p58 * (unit + fabs(lambda_max))) <= line->tolerance)) {
    more = NAN; /* an implicit decay, though, makes up for any lr */
  }
  *decay_max = decay_min + more;
  return RST_OK;
}

enum rst_status rst_step_limits_find(struct rst_context *context,
                                     const struct rst_scheme_parameters *parameters, double lambda_min,
                                     double lambda_max, struct rst_step_limits *limits) {
  RST_REQUIRE(context, isfinite(lambda_min) && isfinite(lambda_max) && lambda_min <= lambda_max,
              RST_ERROR_ARGUMENT, "the spectrum is [%g, %g]; its ends must be finite, the smaller one first",
              lambda_min, lambda_max);
  struct line line;
  struct rst_step_limits found;
  RST_TRY(begin(context, parameters, &line));
  RST_TRY(find_lr_max(&line, lambda_min, lambda_max, &found.lr_max));
  RST_TRY(find_decay_min(&line, lambda_min, &found.decay_min));
  RST_TRY(find_decay_max(&line, lambda_max, found.decay_min, &found.decay_max));
  double at_min = 0.0;
  double at_max = 0.0;
  RST_TRY(rst_scheme_growth(context, parameters, lambda_min, &at_min));
  RST_TRY(rst_scheme_growth(context, parameters, lambda_max, &at_max));
  found.growth = fmax(at_min, at_max);
  found.critical = at_min > at_max ? lambda_min : lambda_max;
  found.stable = found.growth <= 1.0 + line.tolerance;
  *limits = found;
  return RST_OK;
}

enum rst_status rst_amplification(struct rst_context *context, struct rst_flow *flow,
                                  const struct rst_scheme_parameters *parameters, struct rst_field *growth) {
  struct line line; /* checks the parameters before `growth` is touched */
  RST_TRY(begin(context, parameters, &line));
  RST_TRY(rst_flow_symbol(flow, growth));
  return rst_amplification_of_symbol(context, growth, parameters, growth);
}

enum rst_status rst_amplification_of_symbol(struct rst_context *context, const struct rst_field *lambda,
                                            const struct rst_scheme_parameters *parameters,
                                            struct rst_field *growth) {
  assert(lambda->precision == RST_PRECISION_DOUBLE && growth->precision == RST_PRECISION_DOUBLE);
  assert(lambda->ny == growth->ny && lambda->nx == growth->nx);
  const double *from = lambda->data;
  double *to = growth->data;
  for (size_t i = 0; i < rst_field_count(lambda); ++i) {
    RST_TRY(rst_scheme_growth(context, parameters, from[i], &to[i])); /* fails at the first or never */
  }
  return RST_OK;
}

void rst_field_extent(const struct rst_field *field, struct rst_extent *extent) {
  const double first = rst_field_get(field, 0, 0);
  *extent = (struct rst_extent){.smallest = first, .largest = first};
  for (size_t y = 0; y < field->ny; ++y) {
    for (size_t x = 0; x < field->nx; ++x) {
      const double value = rst_field_get(field, y, x);
      if (value < extent->smallest) {
        extent->smallest = value;
        extent->smallest_y = y;
        extent->smallest_x = x;
      }
      if (value > extent->largest) {
        extent->largest = value;
        extent->largest_y = y;
        extent->largest_x = x;
      }
    }
  }
}
