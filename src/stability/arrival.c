/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Whether a trajectory has converged, by the rules of regime.h. Maxima over windows stand for single updates, which may oscillate:
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

#include "stability/regime_rules.h"
#include "stability/stretch.h"

/* Updates of the windows that contraction compares: at least, and their share of all. */
enum { LEAST_WINDOW = 8, WINDOW_SHARE = 16 };

/* What the last updates tell of the limit. */
struct approach {
  double log_contraction;  /* of what is taken for one update */
  double scale, remaining; /* max(|u_T|, |u_0|); the way */
  double rounding;         /* the largest of the last updates if they are rounding, NaN otherwise */
};

/* After the updates [first, end). */
static double remaining_way(const struct rst_sequence *d, size_t first, size_t end, double log_contraction) {
  const double ratio = exp(log_contraction);
  double weight = 1.0;
  double envelope = 0.0;
  struct rst_stretch stretch;
  if (!(log_contraction < 0.0)) {
    return INFINITY;
  }
  for (; end > first; end = stretch.first) {
    stretch = rst_stretch_at(d, end - 1, first, end);
    for (size_t j = end - stretch.first; j > 0; --j) {
      const double scaled = weight * stretch.values[j - 1];
      envelope = scaled > envelope ? scaled : envelope;
      weight *= ratio;
    }
  }
  return envelope / expm1(-log_contraction);
}

static bool drifts(const struct rst_sequence *x, size_t first, size_t end) {
  const struct rst_swing swing = rst_sequence_swing(x, first, first + (end - first) / 2, end);
  return swing.both > RST_REGIME_ROUNDING * DBL_EPSILON * rst_sequence_magnitude(x, first, end) &&
         !(rst_swing_change(&swing) <= RST_REGIME_STATIONARY_CHAOTIC);
}

/* Whether the updates from `first` on, the largest of which is given, are rounding. */
static bool is_rounding(const struct rst_trajectory *t, size_t first, double largest, double scale,
                        double exponent) {
  const double unit = RST_REGIME_ROUNDING * t->epsilon;
  const double magnitude = rst_sequence_magnitude(&t->weight_norm, first, t->states);
  const double piling = exponent < 0.0 ? -1.0 / expm1(exponent) : 1.0;
  if (largest <= unit * magnitude) {
    return true;
  }
  bool rests = largest <= unit * fmax(piling * magnitude, scale) &&
               rst_sequence_trend(&t->update_norm, first, rst_regime_updates(t)) >= 0 &&
               !drifts(&t->weight_norm, first, t->states);
  for (size_t i = 0; rests && i < t->observable_count; ++i) {
    rests = !drifts(&t->observables[i], first, t->states);
  }
  return rests;
}

/* Updates of a window. */
static size_t window_of(const struct rst_trajectory *t) {
  const size_t share = rst_regime_updates(t) / WINDOW_SHARE;
  return share > LEAST_WINDOW ? share : LEAST_WINDOW;
}

/* From update `end` on, by the two windows before it. */
static struct approach approach_at(const struct rst_trajectory *t, size_t end) {
  const size_t window = window_of(t);
  const struct rst_sequence *d = &t->update_norm;
  const double latest = rst_sequence_magnitude(d, end - window, end);
  const double earlier = rst_sequence_magnitude(d, end - 2 * window, end - window);
  const double log_contraction = latest > 0.0 ? log(latest / earlier) / (double)window : -INFINITY;
  return (struct approach){.log_contraction = log_contraction,
                           .scale = rst_regime_scale(t),
                           .remaining = (double)rst_regime_spacing(t) *
                                        remaining_way(d, end - window, end, log_contraction),
                           .rounding = NAN};
}

static bool has_arrived(const struct approach *approach) {
  return approach->remaining <= RST_REGIME_REMAINING * approach->scale;
}

/* The way of the updates [first, end), and that before. */
static double add_way(const struct rst_trajectory *t, size_t first, size_t end, double way) {
  const double spacing = (double)rst_regime_spacing(t);
  struct rst_stretch stretch;
  for (; first < end; first = stretch.end) {
    stretch = rst_stretch_at(&t->update_norm, first, first, end);
    for (size_t i = 0; i < stretch.end - first; ++i) {
      way += spacing * stretch.values[i];
    }
  }
  return way;
}

/* Where rounding hides the contraction of the last updates, that of earlier ones, with the way since then. */
static bool find_arrival(const struct rst_trajectory *t, struct approach *approach) {
  const size_t updates = rst_regime_updates(t);
  const size_t window = window_of(t);
  double since = 0.0;
  for (size_t at = updates; at >= 2 * window && since <= RST_REGIME_REMAINING * approach->scale;
       at -= window) {
    struct approach earlier = approach_at(t, at);
    earlier.remaining += since;
    if (has_arrived(&earlier)) {
      *approach = earlier;
      return rst_sequence_trend(&t->update_norm, at, updates) <= 0;
    }
    since = add_way(t, at - window, at, since);
  }
  return false;
}

static struct approach approach_of(const struct rst_trajectory *t, double exponent) {
  const size_t updates = rst_regime_updates(t);
  const size_t first = updates - 2 * window_of(t);
  const double largest = rst_sequence_magnitude(&t->update_norm, first, updates);
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

/* Ratio of successive updates over the last three decades above a level of rounding; NaN where there are no three. */
static double contraction_above(const struct rst_trajectory *t, double rounding) {
  const struct rst_sequence *d = &t->update_norm;
  const size_t updates = rst_regime_updates(t);
  const double norm = rst_sequence_value(&t->weight_norm, updates);
  const double least = fmax(10.0 * rounding, 100.0 * t->epsilon * norm);
  const size_t last = rst_sequence_last_above(d, updates, least);
  const size_t first = rst_sequence_last_above(d, last, 1e3 * least);
  if (first == 0) {
    return NAN;
  }
  const double ratio = rst_sequence_value(d, last - 1) / rst_sequence_value(d, first - 1);
  return exp(log(ratio) / ((double)(last - first) * (double)rst_regime_spacing(t)));
}

/* That it has converged, and how fast. */
static void tell_arrival(const struct rst_trajectory *t, const struct approach *approach, double contraction,
                         char how[RST_REGIME_REASON / 2]) {
  const size_t room = RST_REGIME_REASON / 2;
  if (t->without_reason) {
    how[0] = '\0';
  } else if (isnan(approach->rounding) && isnan(contraction)) {
    snprintf(how, room, "converged: remaining way %.3g of |u|",
             rst_regime_relative(approach->remaining, approach->scale));
  } else if (isnan(approach->rounding)) {
    snprintf(how, room, "converged: remaining way %.3g of |u|, contraction %.6g per iteration",
             rst_regime_relative(approach->remaining, approach->scale), contraction);
  } else if (isnan(contraction)) {
    snprintf(how, room, "converged to rounding: the last updates are at most %.3g of |u|",
             rst_regime_relative(approach->rounding, approach->scale));
  } else {
    snprintf(
        how, room,
        "converged to rounding: the last updates are at most %.3g of |u|, contraction %.6g per iteration "
        "before",
        rst_regime_relative(approach->rounding, approach->scale), contraction);
  }
}

bool rst_regime_judge_convergence(const struct rst_trajectory *t, struct rst_regime_result *result) {
  char how[RST_REGIME_REASON / 2];
  const struct approach found = approach_of(t, result->exponent);
  const struct approach *approach = &found;
  result->contraction = exp(found.log_contraction / (double)rst_regime_spacing(t));
  if (!has_arrived(approach) && isnan(approach->rounding)) {
    return false;
  }
  if (!isnan(approach->rounding) || result->contraction == 0.0) {
    result->contraction = contraction_above(t, isnan(approach->rounding) ? 0.0 : approach->rounding);
  }
  tell_arrival(t, approach, result->contraction, how);
  result->period = 1;
  const char *limit = rst_regime_exponent_positive(t, rst_regime_tail(t), result)
                          ? "; perturbations still grow at the limit"
                          : "";
  if (t->unstable_updates > 0) {
    rst_regime_decide(t, result, RST_REGIME_TRANSIENT,
                      "%s; %ld of %ld measured updates were locally unstable%s", how, t->unstable_updates,
                      t->unstable_updates + t->stable_updates, limit);
  } else if (t->stable_updates >= rst_regime_span(t)) {
    rst_regime_decide(t, result, RST_REGIME_STABLE, "%s; no update was locally unstable%s", how, limit);
  } else {
    rst_regime_decide(t, result, RST_REGIME_CONVERGED,
                      "%s%s; local stability was not measured at every update", how, limit);
  }
  return true;
}
