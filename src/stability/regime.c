/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The regime of a trajectory, by the rules of regime.h. Maxima over windows stand for single updates, which may oscillate:
 * with D the largest of the last m updates and D' that of the m before, log r = log(D/D')/m, and
 *
 *     way that remains = sum_{i >= 1} d r^i = d / expm1(-log r),   d = max_j d_{T-1-j} r^j over those last m,
 *
 * exact for geometric updates, also if their pattern has a period that divides m; an upper bound of the distance to the
 * limit, twice or more of it for updates that change sign. Sublinear convergence, d = t^-q, makes 1 - r about q/t and the
 * estimate t d/q: (q - 1)/q of the true way, and constant for q = 1, where there is no limit.
 */

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "core/core.h"
#include "restrain/regime.h"
#include "stability/series.h"

/* Updates of the windows that contraction compares: at least, and their share of all. */
enum { LEAST_WINDOW = 8, WINDOW_SHARE = 16 };

const char *const *rst_regime_names(void) {
  static const char *const names[] = {[RST_REGIME_STABLE] = "stable",
                                      [RST_REGIME_TRANSIENT] = "transient",
                                      [RST_REGIME_RESTRAINED_PERIODIC] = "restrained-periodic",
                                      [RST_REGIME_RESTRAINED_CHAOTIC] = "restrained-chaotic",
                                      [RST_REGIME_DIVERGENT] = "divergent",
                                      [RST_REGIME_UNDECIDED] = "undecided",
                                      [RST_REGIME_CONVERGED] = "converged",
                                      [RST_REGIME_BOUNDED] = "bounded",
                                      [RST_REGIME_COUNT] = NULL};
  return names;
}

/* The word for all of a kind. */
static enum rst_regime general(enum rst_regime regime) {
  switch (regime) {
  case RST_REGIME_STABLE:
  case RST_REGIME_TRANSIENT:
    return RST_REGIME_CONVERGED;
  case RST_REGIME_RESTRAINED_PERIODIC:
  case RST_REGIME_RESTRAINED_CHAOTIC:
    return RST_REGIME_BOUNDED;
  default:
    return regime;
  }
}

bool rst_regime_agrees(enum rst_regime a, enum rst_regime b) {
  return a == b || general(a) == b || a == general(b);
}

static void decide(const struct rst_trajectory *t, struct rst_regime_result *result, enum rst_regime regime,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static void decide(const struct rst_trajectory *t, struct rst_regime_result *result, enum rst_regime regime,
                   const char *format, ...) {
  result->regime = regime;
  if (!t->without_reason) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->reason, sizeof result->reason, format, arguments);
    va_end(arguments);
  }
}

static size_t updates_of(const struct rst_trajectory *trajectory) {
  return trajectory->states - 1;
}

/* First update of the tail; the tail's states begin at states/2. */
static size_t tail_of(const struct rst_trajectory *trajectory) {
  return updates_of(trajectory) / 2;
}

/* First update of the last quarter. */
static size_t last_quarter(const struct rst_trajectory *trajectory) {
  return updates_of(trajectory) * 3 / 4;
}

/* Ranges of a series over two neighbouring stretches, and over both together, where it also has an extent. */
struct swing {
  double before, after, both;
  struct rst_series_extent extent;
};

static struct swing swing_of(const double *x, size_t first, size_t middle, size_t end) {
  const struct rst_series_extent before = rst_series_extent(x, first, middle);
  const struct rst_series_extent after = rst_series_extent(x, middle, end);
  struct rst_series_extent both = {fmin(before.low, after.low), fmax(before.high, after.high)};
  if (isnan(before.low) || isnan(after.low)) {
    both.low = both.high = NAN;
  }
  return (struct swing){before.high - before.low, after.high - after.low, both.high - both.low, both};
}

/* The ratio of the larger to the smaller one if that holds the other, more if they are displaced, 4 if disjoint. */
static double change(const struct swing *swing) {
  return swing->both == 0.0 ? 1.0 : swing->both / swing->before * (swing->both / swing->after);
}

/* Whether it diverged. */
static bool judge_divergence(const struct rst_trajectory *t, struct rst_regime_result *result) {
  const size_t updates = updates_of(t);
  const bool is_finite = !isnan(rst_series_extent(t->weight_norm, 0, t->states).low) &&
                         !isnan(rst_series_extent(t->update_norm, 0, updates).low);
  size_t finite = is_finite ? t->states : 0;
  while (finite < t->states && isfinite(t->weight_norm[finite]) &&
         (finite == updates || isfinite(t->update_norm[finite]))) {
    ++finite;
  }
  if (finite < t->states) {
    decide(t, result, RST_REGIME_DIVERGENT, "overflowed: |u| or its update is not finite at iteration %zu",
           finite);
  } else if (t->diverged) {
    decide(t, result, RST_REGIME_DIVERGENT, "left its ball: |u| went from %.3g to %.3g in %zu iterations",
           t->weight_norm[0], t->weight_norm[updates], updates);
  }
  return finite < t->states || t->diverged;
}

/* What the last updates tell of the limit. */
struct approach {
  double log_contraction;
  double scale, remaining; /* max(|u_T|, |u_0|); the way */
  double rounding;         /* the largest of the last updates if they are rounding, NaN otherwise */
};

static double remaining_way(const double *last, size_t window, double log_contraction) {
  const double ratio = exp(log_contraction);
  double weight = 1.0;
  double envelope = 0.0;
  if (!(log_contraction < 0.0)) {
    return INFINITY;
  }
  for (size_t j = window; j > 0; --j) {
    const double scaled = weight * last[j - 1];
    envelope = scaled > envelope ? scaled : envelope;
    weight *= ratio;
  }
  return envelope / expm1(-log_contraction);
}

static bool drifts(const double *x, size_t first, size_t end) {
  const struct swing swing = swing_of(x, first, first + (end - first) / 2, end);
  return swing.both > RST_REGIME_ROUNDING * DBL_EPSILON * rst_series_magnitude(x, first, end) &&
         !(change(&swing) <= RST_REGIME_STATIONARY_CHAOTIC);
}

/* Whether the updates from `first` on, the largest of which is given, are rounding. */
static bool is_rounding(const struct rst_trajectory *t, size_t first, double largest, double scale,
                        double exponent) {
  const double unit = RST_REGIME_ROUNDING * t->epsilon;
  const double magnitude = rst_series_magnitude(t->weight_norm, first, t->states);
  const double piling = exponent < 0.0 ? -1.0 / expm1(exponent) : 1.0;
  if (largest <= unit * magnitude) {
    return true;
  }
  bool rests = largest <= unit * fmax(piling * magnitude, scale) &&
               rst_series_trend(t->update_norm, first, updates_of(t)) >= 0 &&
               !drifts(t->weight_norm, first, t->states);
  for (size_t i = 0; rests && i < t->observable_count; ++i) {
    rests = !drifts(t->observables[i], first, t->states);
  }
  return rests;
}

/* Updates of a window. */
static size_t window_of(const struct rst_trajectory *t) {
  const size_t share = updates_of(t) / WINDOW_SHARE;
  return share > LEAST_WINDOW ? share : LEAST_WINDOW;
}

/* From update `end` on, by the two windows before it. */
static struct approach approach_at(const struct rst_trajectory *t, size_t end) {
  const size_t window = window_of(t);
  const double *d = t->update_norm;
  const double latest = rst_series_magnitude(d, end - window, end);
  const double earlier = rst_series_magnitude(d, end - 2 * window, end - window);
  const double log_contraction = latest > 0.0 ? log(latest / earlier) / (double)window : -INFINITY;
  return (struct approach){.log_contraction = log_contraction,
                           .scale = fmax(t->weight_norm[updates_of(t)], t->weight_norm[0]),
                           .remaining = remaining_way(d + end - window, window, log_contraction),
                           .rounding = NAN};
}

static bool has_arrived(const struct approach *approach) {
  return approach->remaining <= RST_REGIME_REMAINING * approach->scale;
}

/* Where rounding hides the contraction of the last updates, that of earlier ones, with the way since then. */
static bool find_arrival(const struct rst_trajectory *t, struct approach *approach) {
  const size_t updates = updates_of(t);
  const size_t window = window_of(t);
  double since = 0.0;
  for (size_t at = updates; at >= 2 * window && since <= RST_REGIME_REMAINING * approach->scale;
       at -= window) {
    struct approach earlier = approach_at(t, at);
    earlier.remaining += since;
    if (has_arrived(&earlier)) {
      *approach = earlier;
      return rst_series_trend(t->update_norm, at, updates) <= 0;
    }
    for (size_t i = at - window; i < at; ++i) {
      since += t->update_norm[i];
    }
  }
  return false;
}

static struct approach approach_of(const struct rst_trajectory *t, double exponent) {
  const size_t updates = updates_of(t);
  const size_t first = updates - 2 * window_of(t);
  const double largest = rst_series_magnitude(t->update_norm, first, updates);
  struct approach last = approach_at(t, updates);
  struct approach earlier = last;
  if (has_arrived(&last)) {
    return last;
  }
  if (is_rounding(t, first, largest, last.scale, exponent)) {
    last.rounding = largest;
    return last;
  }
  return find_arrival(t, &earlier) ? earlier : last;
}

static bool exponent_known(const struct rst_regime_result *result) {
  return !isnan(result->exponent) && (!isnan(result->exponent_error) || isinf(result->exponent));
}

/* Over the updates from `first` on; its error is no less than what makes a growth by e over them one error. */
static bool exponent_positive(const struct rst_trajectory *t, size_t first,
                              const struct rst_regime_result *result) {
  const double error = fmax(result->exponent_error, 1.0 / (double)(updates_of(t) - first));
  return exponent_known(result) && result->exponent > RST_REGIME_SIGNIFICANCE * error;
}

static double relative(double length, double scale) {
  return length == 0.0 ? 0.0 : length / scale;
}

/* Ratio of successive updates over the last three decades above a level of rounding; NaN where there are no three. */
static double contraction_above(const struct rst_trajectory *t, double rounding) {
  const double *d = t->update_norm;
  const double least = fmax(10.0 * rounding, 100.0 * t->epsilon * t->weight_norm[updates_of(t)]);
  size_t last = updates_of(t);
  while (last > 0 && !(d[last - 1] > least)) {
    --last;
  }
  size_t first = last;
  while (first > 0 && !(d[first - 1] > 1e3 * least)) {
    --first;
  }
  return first > 0 ? exp(log(d[last - 1] / d[first - 1]) / (double)(last - first)) : NAN;
}

/* That it has converged, and how fast. */
static void tell_arrival(const struct rst_trajectory *t, const struct approach *approach, double contraction,
                         char how[RST_REGIME_REASON / 2]) {
  const size_t room = RST_REGIME_REASON / 2;
  if (t->without_reason) {
    how[0] = '\0';
  } else if (isnan(approach->rounding) && isnan(contraction)) {
    snprintf(how, room, "converged: remaining way %.3g of |u|",
             relative(approach->remaining, approach->scale));
  } else if (isnan(approach->rounding)) {
    snprintf(how, room, "converged: remaining way %.3g of |u|, contraction %.6g per iteration",
             relative(approach->remaining, approach->scale), contraction);
  } else if (isnan(contraction)) {
    snprintf(how, room, "converged to rounding: the last updates are at most %.3g of |u|",
             relative(approach->rounding, approach->scale));
  } else {
    snprintf(
        how, room,
        "converged to rounding: the last updates are at most %.3g of |u|, contraction %.6g per iteration "
        "before",
        relative(approach->rounding, approach->scale), contraction);
  }
}

/* Whether it has converged. */
static bool judge_convergence(const struct rst_trajectory *t, const struct approach *approach,
                              struct rst_regime_result *result) {
  char how[RST_REGIME_REASON / 2];
  if (!has_arrived(approach) && isnan(approach->rounding)) {
    return false;
  }
  if (!isnan(approach->rounding) || result->contraction == 0.0) {
    result->contraction = contraction_above(t, isnan(approach->rounding) ? 0.0 : approach->rounding);
  }
  tell_arrival(t, approach, result->contraction, how);
  result->period = 1;
  const char *limit =
      exponent_positive(t, tail_of(t), result) ? "; perturbations still grow at the limit" : "";
  if (t->unstable_updates > 0) {
    decide(t, result, RST_REGIME_TRANSIENT, "%s; %ld of %ld measured updates were locally unstable%s", how,
           t->unstable_updates, t->unstable_updates + t->stable_updates, limit);
  } else if (t->stable_updates >= (long)updates_of(t)) {
    decide(t, result, RST_REGIME_STABLE, "%s; no update was locally unstable%s", how, limit);
  } else {
    decide(t, result, RST_REGIME_CONVERGED, "%s%s; local stability was not measured at every update", how,
           limit);
  }
  return true;
}

/* The tail of a trajectory that has not converged. */
struct tail {
  size_t varying;     /* observables that are not constant */
  double change;      /* of the worst one; infinite if a value is not finite */
  struct swing swing; /* of the worst one */
  long period;
  long most; /* the longest period that could have been found */
};

/* Over the states from `first` on. */
static struct tail tail_seen(const struct rst_trajectory *t, size_t first) {
  const size_t length = t->states - first;
  const size_t fit = length / 2;
  struct tail tail = {.most = fit < RST_REGIME_MOST_PERIOD ? (long)fit : RST_REGIME_MOST_PERIOD};
  for (size_t i = 0; i < t->observable_count; ++i) {
    const double *x = t->observables[i];
    const struct swing swing = swing_of(x, first, t->states - length / 2, t->states);
    if (!rst_series_is_constant(x, first, swing.extent)) {
      const double more = isnan(swing.both) ? INFINITY : change(&swing);
      if (tail.varying++ == 0 || more > tail.change) {
        tail.change = more;
        tail.swing = swing;
      }
    }
  }
  tail.period = rst_period_find(t->observables, t->observable_count, first, t->states - 1, tail.most);
  return tail;
}

/* Why the amplitude of a tail is not stationary. */
static void tell_change(const struct rst_trajectory *t, const struct approach *approach,
                        const struct tail *tail, int updates_trend, struct rst_regime_result *result) {
  const double least = 1.0 + RST_REGIME_STATIONARY_PERIODIC;
  const double ratio = tail->varying ? tail->swing.after / tail->swing.before : 1.0;
  const double update = relative(t->update_norm[updates_of(t) - 1], approach->scale);
  if (tail->varying && isnan(tail->swing.both)) {
    decide(t, result, RST_REGIME_UNDECIDED, "bounded, but an observable is not finite over the last half");
  } else if (updates_trend < 0 && result->contraction < 1.0) {
    decide(t, result, RST_REGIME_UNDECIDED,
           "still converging, contraction %.6g per iteration, last update %.3g of |u| (range x %.4g from the "
           "third to the last quarter); run longer",
           result->contraction, update, ratio);
  } else if (ratio < 1.0 / least) {
    decide(t, result, RST_REGIME_UNDECIDED,
           "still shrinking (range x %.4g from the third to the last quarter), last update %.3g of |u|; run "
           "longer",
           ratio, update);
  } else if (ratio > least) {
    decide(t, result, RST_REGIME_UNDECIDED,
           "still growing (range x %.4g from the third to the last quarter); run longer", ratio);
  } else {
    decide(t, result, RST_REGIME_UNDECIDED,
           "still drifting (both last quarters together span %.4g times the range of the last); run longer",
           tail->swing.both / tail->swing.after);
  }
}

/* It neither converges nor has a period, and may be chaotic or not. */
static void tell_bounded(const struct rst_trajectory *t, const struct tail *tail,
                         struct rst_regime_result *result) {
  if (!t->log_growth) {
    decide(t, result, RST_REGIME_BOUNDED,
           "aperiodic, no period up to %ld; whether it is chaotic was not recorded (add lyapunov to "
           "output.scalars)",
           tail->most);
  } else if (!exponent_known(result)) {
    decide(
        t, result, RST_REGIME_BOUNDED,
        "aperiodic, no period up to %ld; too few finite values of local growth for an exponent; run longer",
        tail->most);
  } else {
    decide(t, result, RST_REGIME_BOUNDED,
           "aperiodic, no period up to %ld; exponent %.3g +- %.3g not positive, but not stationary (range x "
           "%.4g from the third to the last quarter); run longer",
           tail->most, result->exponent, result->exponent_error, tail->swing.after / tail->swing.before);
  }
}

/* Trend of the updates over the last quarter, 0 where it changes them by no more than what counts as stationary. */
static int trend_of_updates(const struct rst_trajectory *t, double contraction) {
  const double updates = (double)(updates_of(t) - last_quarter(t));
  const double least = log1p(RST_REGIME_STATIONARY_PERIODIC);
  const int trend = rst_series_trend(t->update_norm, last_quarter(t), updates_of(t));
  return fabs(log(contraction)) * updates > least ? trend : 0;
}

static void judge_motion(const struct rst_trajectory *t, const struct approach *approach,
                         const struct tail *tail, struct rst_regime_result *result) {
  const size_t updates = updates_of(t);
  const int updates_trend = trend_of_updates(t, result->contraction);
  const bool strict = tail->change <= 1.0 + RST_REGIME_STATIONARY_PERIODIC;
  if (tail->varying == 0 && updates_trend >= 0) {
    decide(t, result, RST_REGIME_UNDECIDED,
           "not converged (updates are %.3g of |u|), but no observable varies; observe more of the state",
           relative(t->update_norm[updates - 1], approach->scale));
  } else if (tail->period || tail->change > RST_REGIME_STATIONARY_CHAOTIC ||
             (updates_trend != 0 && !strict) || tail->varying == 0) {
    tell_change(t, approach, tail, updates_trend, result);
  } else {
    tell_bounded(t, tail, result);
  }
}

static void tell_period(const struct rst_trajectory *t, long period, struct rst_regime_result *result) {
  result->period = period;
  if (isnan(result->exponent)) {
    decide(t, result, RST_REGIME_RESTRAINED_PERIODIC, "bounded, period %ld, exponent not known", period);
  } else {
    decide(t, result, RST_REGIME_RESTRAINED_PERIODIC, "bounded, period %ld, exponent %.3g +- %.3g", period,
           result->exponent, result->exponent_error);
  }
}

static void find_exponent(const struct rst_trajectory *t, size_t first, struct rst_regime_result *result) {
  if (t->log_growth) {
    rst_block_mean(t->log_growth + first, updates_of(t) - first, &result->exponent, &result->exponent_error);
  }
}

/* Whether a part of the tail is periodic, where the tail holds what came before it settled. */
static bool judge_settled(const struct rst_trajectory *t, struct rst_regime_result *result) {
  size_t least_part = 16;
  while (least_part >= 4 && t->states / least_part < RST_REGIME_LEAST_STATES) {
    least_part /= 2;
  }
  const size_t last = t->states - t->states / least_part;
  if (rst_period_find(t->observables, t->observable_count, last, t->states - 1, RST_REGIME_MOST_PERIOD) ==
      0) {
    return false; /* nor has a longer part a period, but for one that does not fit */
  }
  for (size_t part = 4; part <= least_part; part *= 2) {
    const size_t first = t->states - t->states / part;
    const struct tail tail = tail_seen(t, first);
    const double tolerance = RST_REGIME_STATIONARY_PERIODIC * 2.0 / (double)part;
    struct rst_regime_result settled = *result;
    find_exponent(t, first, &settled);
    if (tail.varying && tail.period && tail.change <= 1.0 + tolerance &&
        !exponent_positive(t, first, &settled)) {
      *result = settled;
      tell_period(t, tail.period, result);
      return true;
    }
  }
  return false;
}

static void judge_tail(const struct rst_trajectory *t, const struct approach *approach,
                       struct rst_regime_result *result) {
  const struct tail tail = tail_seen(t, t->states / 2);
  const bool strict = tail.varying && tail.change <= 1.0 + RST_REGIME_STATIONARY_PERIODIC;
  const bool bounded = tail.varying && tail.change <= RST_REGIME_STATIONARY_CHAOTIC;
  if (strict && tail.period) {
    tell_period(t, tail.period, result);
  } else if (!(strict && exponent_known(result) && result->exponent <= 0.0) && judge_settled(t, result)) {
    return;
  } else if (bounded && !tail.period && exponent_positive(t, tail_of(t), result)) {
    decide(t, result, RST_REGIME_RESTRAINED_CHAOTIC, "bounded, no period up to %ld, exponent %.3g +- %.3g",
           tail.most, result->exponent, result->exponent_error);
  } else if (strict && exponent_known(result)) {
    decide(t, result, RST_REGIME_RESTRAINED_PERIODIC,
           "bounded, no period up to %ld, exponent %.3g +- %.3g not positive", tail.most, result->exponent,
           result->exponent_error);
  } else {
    judge_motion(t, approach, &tail, result);
  }
}

static void judge(const struct rst_trajectory *t, struct rst_regime_result *result) {
  find_exponent(t, tail_of(t), result);
  if (judge_divergence(t, result)) {
    return;
  }
  if (t->states < RST_REGIME_LEAST_STATES) {
    decide(t, result, RST_REGIME_UNDECIDED, "too short: %zu states of the %d that the rules need; run longer",
           t->states, RST_REGIME_LEAST_STATES);
    return;
  }
  const struct approach approach = approach_of(t, result->exponent);
  result->contraction = exp(approach.log_contraction);
  if (!judge_convergence(t, &approach, result)) {
    judge_tail(t, &approach, result);
  }
}

enum rst_status rst_regime_classify(struct rst_context *context, const struct rst_trajectory *trajectory,
                                    struct rst_regime_result *result) {
  const struct rst_trajectory *t = trajectory;
  struct rst_regime_result judged = {.exponent = NAN, .exponent_error = NAN, .contraction = NAN};
  RST_REQUIRE(context, t->states >= 1 && t->weight_norm, RST_ERROR_ARGUMENT,
              "a trajectory of %zu states; it needs the norm of at least one", t->states);
  RST_REQUIRE(context, t->update_norm || t->states == 1, RST_ERROR_ARGUMENT,
              "a trajectory of %zu states without the norms of its updates; pass them", t->states);
  RST_REQUIRE(context, t->observables || t->observable_count == 0, RST_ERROR_ARGUMENT,
              "%zu observables, but no array; pass it", t->observable_count);
  RST_REQUIRE(context, t->epsilon >= 0.0, RST_ERROR_ARGUMENT,
              "the unit of rounding is %g; it must not be negative", t->epsilon);
  RST_REQUIRE(context, t->unstable_updates >= 0 && t->stable_updates >= 0, RST_ERROR_ARGUMENT,
              "%ld unstable and %ld stable updates; count them from 0", t->unstable_updates,
              t->stable_updates);
  judge(t, &judged);
  *result = judged;
  return RST_OK;
}
