/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The period of several series at once. Of a period p, x_{t+kp} = x_t for every k: lag p is held against the tolerance, and
 * so is the longest multiple of p in half of the states looked at, where a rotation number near a multiple of 1/p or a slow
 * drift shows k times as large. A series that passes at lag 1 passes at 2, 3, ... for its slowness alone.
 */

#include <math.h>

#include "restrain/regime.h"
#include "stability/series.h"

/* States, the last ones, that periods are sought in: enough for any period, whatever the length of the run. */
enum { LOOKED_AT = 4096 };

/* Whether x_{t+lag} = x_t over [first, end) for the lag and for the longest multiple of it in half of the states. */
static bool repeats(const double *x, size_t first, size_t end, size_t lag, double allowed) {
  const size_t half = (end - first) / 2;
  const size_t longest = half / lag * lag;
  for (size_t t = first; t + lag < end; ++t) {
    if (!(fabs(x[t + lag] - x[t]) <= allowed) ||
        (t + longest < end && !(fabs(x[t + longest] - x[t]) <= allowed))) {
      return false;
    }
  }
  return true;
}

/* Drop the lags that x does not repeat at. */
static void sift(const double *x, size_t first, size_t end, size_t lags, bool *possible) {
  const double allowed = RST_REGIME_PERIODIC * rst_series_range(x, first, end);
  const size_t start = end - first > LOOKED_AT ? end - LOOKED_AT : first;
  for (size_t lag = 1; lag <= lags; ++lag) {
    possible[lag] = possible[lag] && repeats(x, start, end, lag, allowed);
  }
}

long rst_period_find(const double *const *observables, size_t observable_count, size_t first, size_t last,
                     long most) {
  if (last < first || most < 2) {
    return 0;
  }
  const size_t fit = (last - first + 1) / 2;
  const size_t asked = most < RST_REGIME_MOST_PERIOD ? (size_t)most : RST_REGIME_MOST_PERIOD;
  const size_t lags = asked < fit ? asked : fit;
  bool possible[RST_REGIME_MOST_PERIOD + 1];
  for (size_t lag = 0; lag <= RST_REGIME_MOST_PERIOD; ++lag) {
    possible[lag] = true;
  }
  for (size_t i = 0; i < observable_count; ++i) {
    if (!rst_series_constant(observables[i], first, last + 1)) {
      sift(observables[i], first, last + 1, lags, possible);
    }
  }
  for (size_t p = 2; p <= lags && !possible[1]; ++p) {
    if (possible[p]) {
      return (long)p;
    }
  }
  return 0;
}
