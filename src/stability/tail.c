/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * The regime of a trajectory that has not converged, by the rules of regime.h.
 */

#include <math.h>

#include "stability/regime_rules.h"
#include "stability/stretch.h"

/* First update of the last quarter. */
static size_t last_quarter(const struct rst_trajectory *trajectory) {
  return rst_regime_updates(trajectory) * 3 / 4;
}

/* The tail of a trajectory that has not converged. */
struct tail {
  size_t varying;         /* observables that are not constant */
  double change;          /* of the worst one; infinite if a value is not finite */
  struct rst_swing swing; /* of the worst one */
  long period;
  long most; /* the longest period that could have been found */
};

/* Over the states from `first` on. */
static struct tail tail_seen(const struct rst_trajectory *t, size_t first) {
  const size_t length = t->states - first;
  const size_t fit = length / 2;
  struct tail tail = {.most = fit < RST_REGIME_MOST_PERIOD ? (long)fit : RST_REGIME_MOST_PERIOD};
  for (size_t i = 0; i < t->observable_count; ++i) {
    const struct rst_sequence *x = &t->observables[i];
    const struct rst_swing swing = rst_sequence_swing(x, first, t->states - length / 2, t->states);
    if (!rst_sequence_is_constant(x, first, swing.extent)) {
      const double more = isnan(swing.both) ? INFINITY : rst_swing_change(&swing);
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
static void tell_change(const struct rst_trajectory *t, const struct tail *tail, int updates_trend,
                        struct rst_regime_result *result) {
  const double least = 1.0 + RST_REGIME_STATIONARY_PERIODIC;
  const double ratio = tail->varying ? tail->swing.after / tail->swing.before : 1.0;
  const double update = rst_regime_last_update(t);
  if (tail->varying && isnan(tail->swing.both)) {
    rst_regime_decide(t, result, RST_REGIME_UNDECIDED,
                      "bounded, but an observable is not finite over the last half");
  } else if (updates_trend < 0 && result->contraction < 1.0) {
    rst_regime_decide(
        t, result, RST_REGIME_UNDECIDED,
        "still converging, contraction %.6g per iteration, last update %.3g of |u| (range x %.4g from the "
        "third to the last quarter); run longer",
        result->contraction, update, ratio);
  } else if (ratio < 1.0 / least) {
    rst_regime_decide(
        t, result, RST_REGIME_UNDECIDED,
        "still shrinking (range x %.4g from the third to the last quarter), last update %.3g of |u|; run "
        "longer",
        ratio, update);
  } else if (ratio > least) {
    rst_regime_decide(t, result, RST_REGIME_UNDECIDED,
                      "still growing (range x %.4g from the third to the last quarter); run longer", ratio);
  } else {
    rst_regime_decide(
        t, result, RST_REGIME_UNDECIDED,
        "still drifting (both last quarters together span %.4g times the range of the last); run longer",
        tail->swing.both / tail->swing.after);
  }
}

/* It neither converges nor has a period, and may be chaotic or not. */
static void tell_bounded(const struct rst_trajectory *t, const struct tail *tail,
                         struct rst_regime_result *result) {
  if (rst_sequence_is_none(&t->log_growth)) {
    rst_regime_decide(
        t, result, RST_REGIME_BOUNDED,
        "aperiodic, no period up to %ld; whether it is chaotic was not recorded (add lyapunov to "
        "output.scalars)",
        tail->most);
  } else if (!rst_regime_exponent_known(result)) {
    rst_regime_decide(
        t, result, RST_REGIME_BOUNDED,
        "aperiodic, no period up to %ld; too few finite values of local growth for an exponent; run longer",
        tail->most);
  } else {
    rst_regime_decide(
        t, result, RST_REGIME_BOUNDED,
        "aperiodic, no period up to %ld; exponent %.3g +- %.3g not positive, but not stationary (range x "
        "%.4g from the third to the last quarter); run longer",
        tail->most, result->exponent, result->exponent_error, tail->swing.after / tail->swing.before);
  }
}

/* Trend of the updates over the last quarter, 0 where it changes them by no more than what counts as stationary. */
static int trend_of_updates(const struct rst_trajectory *t, double contraction) {
  const double updates = (double)(rst_regime_updates(t) - last_quarter(t)) * (double)rst_regime_spacing(t);
  const double least = log1p(RST_REGIME_STATIONARY_PERIODIC);
  const int trend = rst_sequence_trend(&t->update_norm, last_quarter(t), rst_regime_updates(t));
  return fabs(log(contraction)) * updates > least ? trend : 0;
}

static void judge_motion(const struct rst_trajectory *t, const struct tail *tail,
                         struct rst_regime_result *result) {
  const int updates_trend = trend_of_updates(t, result->contraction);
  const bool strict = tail->change <= 1.0 + RST_REGIME_STATIONARY_PERIODIC;
  const long spacing = rst_regime_spacing(t);
  if (tail->varying == 0 && updates_trend == 0 && spacing > 1) {
    rst_regime_decide(t, result, RST_REGIME_BOUNDED,
                      "updates are %.3g of |u|, but all states that were recorded, %ld iterations apart, are "
                      "alike: a period that divides %ld, or motion that no observable shows",
                      rst_regime_last_update(t), spacing, spacing);
  } else if (tail->varying == 0 && updates_trend >= 0) {
    rst_regime_decide(
        t, result, RST_REGIME_UNDECIDED,
        "not converged (updates are %.3g of |u|), but no observable varies; observe more of the state",
        rst_regime_last_update(t));
  } else if (tail->period || tail->change > RST_REGIME_STATIONARY_CHAOTIC ||
             (updates_trend != 0 && !strict) || tail->varying == 0) {
    tell_change(t, tail, updates_trend, result);
  } else {
    tell_bounded(t, tail, result);
  }
}

/* Of a period of the states that were recorded. */
static void tell_period(const struct rst_trajectory *t, long period, struct rst_regime_result *result) {
  const long spacing = rst_regime_spacing(t);
  const char *divides = spacing > 1 ? "a divisor of " : "";
  result->period = spacing > 1 ? 0 : period;
  if (isnan(result->exponent)) {
    rst_regime_decide(t, result, RST_REGIME_RESTRAINED_PERIODIC, "bounded, period %s%ld, exponent not known",
                      divides, spacing * period);
  } else if (isnan(result->exponent_error)) {
    rst_regime_decide(t, result, RST_REGIME_RESTRAINED_PERIODIC,
                      "bounded, period %s%ld, exponent %.3g of too few updates to know its error", divides,
                      spacing * period, result->exponent);
  } else {
    rst_regime_decide(t, result, RST_REGIME_RESTRAINED_PERIODIC,
                      "bounded, period %s%ld, exponent %.3g +- %.3g", divides, spacing * period,
                      result->exponent, result->exponent_error);
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
    rst_regime_find_exponent(t, first, &settled);
    if (tail.varying && tail.period && tail.change <= 1.0 + tolerance &&
        !rst_regime_exponent_positive(t, first, &settled)) {
      *result = settled;
      tell_period(t, tail.period, result);
      return true;
    }
  }
  return false;
}

void rst_regime_judge_tail(const struct rst_trajectory *t, struct rst_regime_result *result) {
  const struct tail tail = tail_seen(t, t->states / 2);
  const bool strict = tail.varying && tail.change <= 1.0 + RST_REGIME_STATIONARY_PERIODIC;
  const bool bounded = tail.varying && tail.change <= RST_REGIME_STATIONARY_CHAOTIC;
  if (strict && tail.period) {
    tell_period(t, tail.period, result);
  } else if (!(strict && rst_regime_exponent_known(result) && result->exponent <= 0.0) &&
             judge_settled(t, result)) {
    return;
  } else if (bounded && !tail.period && rst_regime_exponent_positive(t, rst_regime_tail(t), result)) {
    rst_regime_decide(t, result, RST_REGIME_RESTRAINED_CHAOTIC,
                      "bounded, no period up to %ld, exponent %.3g +- %.3g", tail.most, result->exponent,
                      result->exponent_error);
  } else if (strict && rst_regime_exponent_known(result)) {
    rst_regime_decide(t, result, RST_REGIME_RESTRAINED_PERIODIC,
                      "bounded, no period up to %ld, exponent %.3g +- %.3g not positive", tail.most,
                      result->exponent, result->exponent_error);
  } else {
    judge_motion(t, &tail, result);
  }
}
