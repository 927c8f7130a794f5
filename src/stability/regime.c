/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/regime.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/plural.h"
#include "stability/regime_rules.h"

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

const char *const *rst_regime_meanings(void) {
  static const char *const meanings[] = {
      [RST_REGIME_STABLE] =
          "converges, and every update on the way was locally stable: no eigenvalue of the "
          "Hessian lay beyond a limit of the scheme",
      [RST_REGIME_TRANSIENT] = "converges after updates that were locally unstable",
      [RST_REGIME_RESTRAINED_PERIODIC] =
          "stays bounded and does not converge: it repeats after some "
          "iterations, or its largest Lyapunov exponent is not positive",
      [RST_REGIME_RESTRAINED_CHAOTIC] =
          "stays bounded and does not converge: there is no period, and the largest "
          "Lyapunov exponent is positive",
      [RST_REGIME_DIVERGENT] =
          "left the ball of radius stop.blow_up times that of its start, or is not finite",
      [RST_REGIME_UNDECIDED] = "none of these in the iterations given; the reason says what would decide",
      [RST_REGIME_CONVERGED] =
          "converges; whether updates on the way were locally unstable was not measured "
          "(output.scalars: [sharpness, lambda_min])",
      [RST_REGIME_BOUNDED] =
          "stays bounded and does not converge; what tells periodic from chaotic was not recorded "
          "(output.scalars: [lyapunov])",
      [RST_REGIME_COUNT] = NULL};
  return meanings;
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

void rst_regime_decide(const struct rst_trajectory *t, struct rst_regime_result *result,
                       enum rst_regime regime, const char *format, ...) {
  result->regime = regime;
  if (!t->without_reason) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->reason, sizeof result->reason, format, arguments);
    va_end(arguments);
  }
}

bool rst_regime_exponent_known(const struct rst_regime_result *result) {
  return !isnan(result->exponent) && (!isnan(result->exponent_error) || isinf(result->exponent));
}

bool rst_regime_exponent_positive(const struct rst_trajectory *t, size_t first,
                                  const struct rst_regime_result *result) {
  const double error = fmax(result->exponent_error,
                            1.0 / ((double)(rst_regime_updates(t) - first) * (double)rst_regime_spacing(t)));
  return rst_regime_exponent_known(result) && result->exponent > RST_REGIME_SIGNIFICANCE * error;
}

void rst_regime_find_exponent(const struct rst_trajectory *t, size_t first,
                              struct rst_regime_result *result) {
  if (!rst_sequence_is_none(&t->log_growth)) {
    rst_block_mean(&t->log_growth, first, rst_regime_updates(t), &result->exponent, &result->exponent_error);
  }
}

/* Whether it diverged. */
static bool judge_divergence(const struct rst_trajectory *t, struct rst_regime_result *result) {
  const size_t updates = rst_regime_updates(t);
  const bool is_finite = !isnan(rst_sequence_extent(&t->weight_norm, 0, t->states).low) &&
                         !isnan(rst_sequence_extent(&t->update_norm, 0, updates).low);
  const long spacing = rst_regime_spacing(t);
  const long span = rst_regime_span(t);
  size_t finite = t->states;
  if (!is_finite) {
    const size_t update = rst_sequence_first_infinite(&t->update_norm, 0, updates);
    finite = rst_sequence_first_infinite(&t->weight_norm, 0, t->states);
    finite = update < updates && update < finite ? update : finite;
  }
  if (finite < t->states) {
    rst_regime_decide(t, result, RST_REGIME_DIVERGENT,
                      "overflowed: |u| or its update is not finite at iteration %ld",
                      (long)finite * spacing < span ? (long)finite * spacing : span);
  } else if (t->diverged) {
    rst_regime_decide(
        t, result, RST_REGIME_DIVERGENT, "left its ball: |u| went from %.3g to %.3g in %ld iterations",
        rst_sequence_value(&t->weight_norm, 0), rst_sequence_value(&t->weight_norm, updates), span);
  }
  return finite < t->states || t->diverged;
}

static void judge(const struct rst_trajectory *t, struct rst_regime_result *result) {
  rst_regime_find_exponent(t, rst_regime_tail(t), result);
  if (judge_divergence(t, result)) {
    return;
  }
  if (t->states < RST_REGIME_LEAST_STATES) {
    rst_regime_decide(t, result, RST_REGIME_UNDECIDED,
                      "too short: %zu state%s of the %d that the rules need; run longer%s", t->states,
                      rst_plural((double)t->states), RST_REGIME_LEAST_STATES,
                      rst_regime_spacing(t) > 1 ? " or record more of them" : "");
    return;
  }
  if (!rst_regime_judge_convergence(t, result)) {
    rst_regime_judge_tail(t, result);
  }
}

/* Under noise short updates need not mean a small gradient, and what returns need not be a period. */
static void judge_noise(const struct rst_trajectory *t, struct rst_regime_result *result) {
  const enum rst_regime word = general(result->regime);
  const double step = rst_regime_relative(t->full_step, rst_regime_scale(t));
  char reason[RST_REGIME_REASON];
  memcpy(reason, result->reason, sizeof reason);
  if (word == RST_REGIME_CONVERGED && step <= RST_REGIME_REMAINING) {
    result->regime = RST_REGIME_CONVERGED;
  } else if (word == RST_REGIME_CONVERGED) {
    result->period = 0;
    rst_regime_decide(
        t, result, RST_REGIME_BOUNDED,
        "bounded: the last updates are short, yet a step along the full gradient is %.3g of |u|", step);
  } else if (word == RST_REGIME_BOUNDED) {
    result->period = 0;
    rst_regime_decide(t, result, RST_REGIME_BOUNDED, "bounded under noise; without it: %.180s", reason);
  }
}

enum rst_status rst_regime_classify(struct rst_context *context, const struct rst_trajectory *trajectory,
                                    struct rst_regime_result *result) {
  const struct rst_trajectory *t = trajectory;
  struct rst_regime_result judged = {.exponent = NAN, .exponent_error = NAN, .contraction = NAN};
  RST_REQUIRE(context, t->states >= 1 && !rst_sequence_is_none(&t->weight_norm), RST_ERROR_ARGUMENT,
              "a trajectory of %zu states; it needs the norm of at least one", t->states);
  RST_REQUIRE(context, !rst_sequence_is_none(&t->update_norm) || t->states == 1, RST_ERROR_ARGUMENT,
              "a trajectory of %zu states without the norms of its updates; pass them", t->states);
  RST_REQUIRE(context, t->observables || t->observable_count == 0, RST_ERROR_ARGUMENT,
              "%zu observables, but no array; pass it", t->observable_count);
  RST_REQUIRE(context, t->epsilon >= 0.0, RST_ERROR_ARGUMENT,
              "the unit of rounding is %g; it must not be negative", t->epsilon);
  RST_REQUIRE(context, t->updates == 0 || t->updates >= (long)t->states - 1, RST_ERROR_ARGUMENT,
              "%ld updates cannot lead through %zu states", t->updates, t->states);
  RST_REQUIRE(context, t->unstable_updates >= 0 && t->stable_updates >= 0, RST_ERROR_ARGUMENT,
              "%ld unstable and %ld stable updates; count them from 0", t->unstable_updates,
              t->stable_updates);
  judge(t, &judged);
  if (t->noisy) {
    judge_noise(t, &judged);
  }
  RST_TRY(rst_sequence_status(&t->weight_norm));
  RST_TRY(rst_sequence_status(&t->update_norm));
  RST_TRY(rst_sequence_status(&t->log_growth));
  for (size_t i = 0; i < t->observable_count; ++i) {
    RST_TRY(rst_sequence_status(&t->observables[i]));
  }
  *result = judged;
  return RST_OK;
}
