/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Growth of the difference of two trajectories: log d_t = c + rate t by least squares between the time when d has left its
 * first, transient decade and the time when it first feels the size of the attractor.
 */

#include <gsl/gsl_fit.h>
#include <math.h>

#include "core/core.h"
#include "restrain/regime.h"
#include "stability/stretch.h"

static const double left_start = 10.0;    /* times the first non-zero distance */
static const double feels_plateau = 0.01; /* times the plateau: the end of the growing phase */
static const double saturated = 0.5;      /* times the plateau */
static const double rounding_units = 1e3; /* units of rounding below which a plateau is nothing else */
enum {
  LEAST_POINTS = 3, /* of a straight line with an error */
  MOST_POINTS = 1 << 16
};

static double plateau_of(const struct rst_sequence *distance, size_t count) {
  const size_t first = count / 2;
  struct rst_stretch stretch;
  double sum = 0.0;
  if (isnan(rst_sequence_extent(distance, 0, count).low)) {
    return INFINITY;
  }
  for (size_t t = first; t < count; t = stretch.end) {
    stretch = rst_stretch_at(distance, t, t, count);
    for (size_t i = 0; i < stretch.end - t; ++i) {
      sum += stretch.values[i];
    }
  }
  return sum / (double)(count - first);
}

/* The last index in [start, end) at which the distance is at most `level`, `start` if it is above in all. */
static size_t last_within(const struct rst_sequence *distance, size_t start, size_t end, double level) {
  struct rst_stretch stretch;
  for (; end > start; end = stretch.first) {
    stretch = rst_stretch_at(distance, end - 1, start, end);
    for (size_t t = end; t > stretch.first; --t) {
      if (!(stretch.values[t - 1 - stretch.first] > level)) {
        return t - 1;
      }
    }
  }
  return start;
}

/* The phase's entries [first, last], whose distances are positive and finite. */
static bool find_phase(const struct rst_sequence *distance, size_t saturation, double plateau, size_t *first,
                       size_t *last) {
  const double least = nextafter(0.0, 1.0);
  const size_t start = rst_sequence_first_reach(distance, 0, saturation, least);
  if (start == saturation) {
    return false;
  }
  const double level = left_start * rst_sequence_value(distance, start);
  const size_t begin = last_within(distance, start, saturation, level);
  *first = rst_sequence_value(distance, begin) > 0.0 ? begin : begin + 1;
  *last = rst_sequence_first_reach(distance, *first, saturation, feels_plateau * plateau);
  if (*last == saturation && isinf(plateau)) {
    --*last;
  }
  return *last + 1 >= *first + LEAST_POINTS;
}

static enum rst_status fit(struct rst_context *context, const struct rst_sequence *distance, size_t first,
                           size_t last, long spacing, struct rst_divergence *divergence) {
  const size_t step = (last - first) / MOST_POINTS + 1;
  const size_t points = (last - first) / step + 1;
  double constant = 0.0;
  double covariance[3];
  double residual = 0.0;
  double *iteration = NULL;
  RST_TRY(RST_NEW(context, 2 * points, &iteration));
  double *logarithm = iteration + points;
  for (size_t i = 0; i < points; ++i) {
    iteration[i] = (double)i * (double)step * (double)spacing;
    logarithm[i] = log(rst_sequence_value(distance, first + i * step));
  }
  gsl_fit_linear(iteration, 1, logarithm, 1, points, &constant, &divergence->growth_rate, &covariance[0],
                 &covariance[1], &covariance[2], &residual);
  free(iteration);
  divergence->growth_rate_error = sqrt(covariance[2]);
  divergence->first = (long)first * spacing;
  divergence->last = (long)last * spacing;
  return RST_OK;
}

enum rst_status rst_divergence_measure(struct rst_context *context, const struct rst_sequence *distance,
                                       size_t count, long spacing, double scale, double epsilon,
                                       struct rst_divergence *divergence) {
  RST_REQUIRE(context, !rst_sequence_is_none(distance) || count == 0, RST_ERROR_ARGUMENT,
              "%zu distances, but no array; pass it", count);
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
    const size_t saturation = rst_sequence_first_reach(distance, 0, count, saturated * measured.plateau);
    measured.saturation = (long)saturation * spacing;
    if (find_phase(distance, saturation, measured.plateau, &first, &last)) {
      RST_TRY(fit(context, distance, first, last, spacing, &measured));
    }
  }
  RST_TRY(rst_sequence_status(distance));
  *divergence = measured;
  return RST_OK;
}
