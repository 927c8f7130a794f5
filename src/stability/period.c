/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The period of several series at once. Of a period p, x_{t+kp} = x_t for every k: lag p is held against the tolerance, and
 * so is the longest multiple of p in half of the states looked at, where a rotation number near a multiple of 1/p or a slow
 * drift shows k times as large. A series that passes at lag 1 passes at 2, 3, ... for its slowness alone.
 */

#include <math.h>
#include <stdbool.h>

#include "restrain/regime.h"
#include "stability/stretch.h"

/* States, the last ones, that periods are sought in: enough for any period, whatever the length of the run. */
enum { LOOKED_AT = 4096 };

/* Whether x_{t+lag} = x_t for all t < count. */
static bool agrees(const double *x, size_t count, size_t lag, double allowed) {
  enum { BLOCK = 16 }; /* compared without a branch */
  size_t t = 0;
  for (; t + BLOCK <= count; t += BLOCK) {
    int differ = 0;
    for (size_t i = t; i < t + BLOCK; ++i) {
      differ |= !(fabs(x[i + lag] - x[i]) <= allowed);
    }
    if (differ) {
      return false;
    }
  }
  for (; t < count; ++t) {
    if (!(fabs(x[t + lag] - x[t]) <= allowed)) {
      return false;
    }
  }
  return true;
}

/* The smallest lag in [from, most] at which x repeats, most + 1 if there is none: x_{t+lag} = x_t over [first, end) for the lag
 * and for the longest multiple of it in half of the states. A constant repeats at every lag. */
static size_t next_lag(const struct rst_sequence *x, size_t first, size_t end, size_t from, size_t most) {
  double room[LOOKED_AT];
  const struct rst_series_extent extent = rst_sequence_extent(x, first, end);
  const double allowed = RST_REGIME_PERIODIC * (extent.high - extent.low);
  if (rst_sequence_is_constant(x, first, extent)) {
    return from;
  }
  const size_t count = end - first < LOOKED_AT ? end - first : LOOKED_AT;
  const double *start = rst_sequence_values(x, end - count, end, room);
  for (size_t lag = from; lag <= most; ++lag) {
    const size_t longest = count / 2 / lag * lag;
    if (agrees(start, count - lag, lag, allowed) && agrees(start, count - longest, longest, allowed)) {
      return lag;
    }
  }
  return most + 1;
}

/* The smallest lag in [from, most] at which all repeat; most + 1 if there is none. */
static size_t common_lag(const struct rst_sequence *observables, size_t observable_count, size_t first,
                         size_t end, size_t from, size_t most) {
  size_t lag = from;
  size_t agreeing = 0;
  for (size_t i = 0; agreeing < observable_count && lag <= most; i = (i + 1) % observable_count) {
    const size_t next = next_lag(&observables[i], first, end, lag, most);
    agreeing = next == lag ? agreeing + 1 : 1;
    lag = next;
  }
  return lag;
}

long rst_period_find(const struct rst_sequence *observables, size_t observable_count, size_t first,
                     size_t last, long most) {
  if (last < first || most < 2) {
    return 0;
  }
  const size_t fit = (last - first + 1) / 2;
  const size_t asked = most < RST_REGIME_MOST_PERIOD ? (size_t)most : RST_REGIME_MOST_PERIOD;
  const size_t lags = asked < fit ? asked : fit;
  const size_t lag = common_lag(observables, observable_count, first, last + 1, 2, lags);
  if (lag > lags || common_lag(observables, observable_count, first, last + 1, 1, 1) == 1) {
    return 0;
  }
  return (long)lag;
}
