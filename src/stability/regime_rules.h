/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_REGIME_RULES_H
#define RST_REGIME_RULES_H

#include <math.h>

#include "restrain/regime.h"
#include "stability/stretch.h"

/** @file
 * What the sources of the regime share; its rules are those of regime.h. The result holds what was found so far.
 */

/** Of single updates, or of several that are taken for one. */
static inline size_t rst_regime_updates(const struct rst_trajectory *t) {
  return t->states - 1;
}

/** T; and updates from one state to the next. */
static inline long rst_regime_span(const struct rst_trajectory *t) {
  return t->updates > 0 ? t->updates : (long)t->states - 1;
}
static inline long rst_regime_spacing(const struct rst_trajectory *t) {
  const long stretches = (long)t->states - 1;
  return stretches > 0 ? (rst_regime_span(t) + stretches - 1) / stretches : 1;
}

/** First update of the tail; the tail's states begin at states/2. */
static inline size_t rst_regime_tail(const struct rst_trajectory *t) {
  return rst_regime_updates(t) / 2;
}

/** max(|u_T|, |u_0|), by which lengths are measured. */
static inline double rst_regime_scale(const struct rst_trajectory *t) {
  return fmax(rst_sequence_value(&t->weight_norm, rst_regime_updates(t)),
              rst_sequence_value(&t->weight_norm, 0));
}
static inline double rst_regime_relative(double length, double scale) {
  return length == 0.0 ? 0.0 : length / scale;
}
static inline double rst_regime_last_update(const struct rst_trajectory *t) {
  return rst_regime_relative(rst_sequence_value(&t->update_norm, rst_regime_updates(t) - 1),
                             rst_regime_scale(t));
}

/** Enter the regime and, unless the trajectory is to be judged without one, its reason. */
void rst_regime_decide(const struct rst_trajectory *t, struct rst_regime_result *result,
                       enum rst_regime regime, const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Enter the exponent over the updates from `first` on, if growth was recorded. */
void rst_regime_find_exponent(const struct rst_trajectory *t, size_t first, struct rst_regime_result *result);
bool rst_regime_exponent_known(const struct rst_regime_result *result);
/** Over the updates from `first` on; its error is no less than what makes a growth by e over them one error. */
bool rst_regime_exponent_positive(const struct rst_trajectory *t, size_t first,
                                  const struct rst_regime_result *result);

/** Enter the contraction, and decide if the trajectory has converged; false if not (arrival.c). */
bool rst_regime_judge_convergence(const struct rst_trajectory *t, struct rst_regime_result *result);
/** Decide what one that has not converged does (tail.c). */
void rst_regime_judge_tail(const struct rst_trajectory *t, struct rst_regime_result *result);

#endif
