/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Growth of the difference of two trajectories: log d_t = c + rate t by least squares between the time when d has left its
 * first, transient decade and the time when it first feels the size of the attractor.
 */

#include <gsl/gsl_fit.h>
#include <math.h>

#include "core/core.h"
#include "restrain/regime.h"

static const double left_start = 10.0;    /* times the first non-zero distance */
static const double feels_plateau = 0.01; /* times the plateau: the end of the growing phase */
static const double saturated = 0.5;      /* times the plateau */
static const double rounding_units = 1e3; /* units of rounding below which a plateau is nothing else */
enum { LEAST_POINTS = 3 };                /* of a straight line with an error */

static double plateau_of(const double *distance, size_t count) {
  const size_t first = count / 2;
  double sum = 0.0;
  for (size_t t = 0; t < count; ++t) {
    if (!isfinite(distance[t])) {
      return INFINITY;
    }
    sum += t >= first ? distance[t] : 0.0;
  }
  return sum / (double)(count - first);
}

/* First index from `from` on at which the distance reaches `level` or is not finite; `count` if it never does. */
static size_t first_reach(const double *distance, size_t count, size_t from, double level) {
  size_t t = from;
  while (t < count && distance[t] < level) {
    ++t;
  }
  return t;
}

/* The phase's iterations [first, last], whose distances are positive and finite. */
static bool find_phase(const double *distance, size_t saturation, double plateau, size_t *first,
                       size_t *last) {
  size_t start = 0;
  while (start < saturation && distance[start] == 0.0) {
    ++start;
  }
  if (start == saturation) {
    return false;
  }
  size_t begin = saturation - 1;
  while (begin > start && distance[begin] > left_start * distance[start]) {
    --begin;
  }
  *first = distance[begin] > 0.0 ? begin : begin + 1;
  *last = first_reach(distance, saturation, *first, feels_plateau * plateau);
  if (*last == saturation && isinf(plateau)) {
    --*last;
  }
  return *last + 1 >= *first + LEAST_POINTS;
}

static enum rst_status fit(struct rst_context *context, const double *distance, size_t first, size_t last,
                           struct rst_divergence *divergence) {
  const size_t points = last - first + 1;
  double constant = 0.0;
  double covariance[3];
  double residual = 0.0;
  double *iteration = NULL;
  RST_TRY(RST_NEW(context, 2 * points, &iteration));
  double *logarithm = iteration + points;
  for (size_t i = 0; i < points; ++i) {
    iteration[i] = (double)i;
    logarithm[i] = log(distance[first + i]);
  }
  gsl_fit_linear(iteration, 1, logarithm, 1, points, &constant, &divergence->growth_rate, &covariance[0],
                 &covariance[1], &covariance[2], &residual);
  free(iteration);
  divergence->growth_rate_error = sqrt(covariance[2]);
  divergence->first = (long)first;
  divergence->last = (long)last;
  return RST_OK;
}

enum rst_status rst_divergence_measure(struct rst_context *context, const double *distance, size_t count,
                                       double scale, double epsilon, struct rst_divergence *divergence) {
  RST_REQUIRE(context, distance || count == 0, RST_ERROR_ARGUMENT, "%zu distances, but no array; pass it",
              count);
  RST_REQUIRE(context, scale >= 0.0 && epsilon >= 0.0, RST_ERROR_ARGUMENT,
              "scale %g and epsilon %g; neither may be negative or NaN", scale, epsilon);
  struct rst_divergence measured = {.growth_rate = NAN,
                                    .growth_rate_error = NAN,
                                    .first = -1,
                                    .last = -1,
                                    .saturation = -1,
                                    .plateau = count ? plateau_of(distance, count) : NAN};
  if (measured.plateau > 0.0 && measured.plateau >= rounding_units * epsilon * scale) {
    size_t first = 0;
    size_t last = 0;
    const size_t saturation = first_reach(distance, count, 0, saturated * measured.plateau);
    measured.saturation = (long)saturation;
    if (find_phase(distance, saturation, measured.plateau, &first, &last)) {
      RST_TRY(fit(context, distance, first, last, &measured));
    }
  }
  *divergence = measured;
  return RST_OK;
}
