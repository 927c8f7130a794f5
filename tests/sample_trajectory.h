/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_TEST_SAMPLE_TRAJECTORY_H
#define RST_TEST_SAMPLE_TRAJECTORY_H

#include "support.h"

#include <float.h>
#include <stdlib.h>

#include "restrain/regime.h"

/** @file
 * Trajectories of scalars u_t with known fates, and what is expected of them.
 */

static const double pi = 3.14159265358979323846;
static const double golden = 0.61803398874989484820;

struct sample {
  size_t states;
  double *u, *other; /* the observables */
  double *norm, *update, *growth;
  bool tracked, diverged;
  double epsilon;
};

static inline struct sample make_sample(size_t states) {
  struct sample s = {.states = states, .tracked = true, .epsilon = DBL_EPSILON};
  double **arrays[] = {&s.u, &s.other, &s.norm, &s.update, &s.growth};
  for (size_t i = 0; i < 5; ++i) {
    *arrays[i] = calloc(states, sizeof(double));
    ck_assert_ptr_nonnull(*arrays[i]);
  }
  return s;
}

static inline void free_sample(struct sample *s) {
  double *arrays[] = {s->u, s->other, s->norm, s->update, s->growth};
  for (size_t i = 0; i < 5; ++i) {
    free(arrays[i]);
  }
}

static inline void expect(const struct sample *s, enum rst_regime regime, long period, const char *reason,
                          struct rst_regime_result *result) {
  struct rst_context *context = rst_test_context();
  struct rst_regime_result local;
  struct rst_regime_result *r = result ? result : &local;
  const struct rst_sequence observables[] = {{.values = s->u}, {.values = s->other}};
  struct rst_trajectory trajectory = {.states = s->states,
                                      .diverged = s->diverged,
                                      .epsilon = s->epsilon,
                                      .weight_norm = {.values = s->norm},
                                      .update_norm = {.values = s->update},
                                      .observables = observables,
                                      .observable_count = 2,
                                      .log_growth = {.values = s->tracked ? s->growth : NULL}};
  for (size_t t = 0; s->tracked && t + 1 < s->states; ++t) {
    trajectory.unstable_updates += s->growth[t] > 0.0 ? 1 : 0;
    trajectory.stable_updates += s->growth[t] > 0.0 ? 0 : 1;
  }
  RST_TEST_OK(context, rst_regime_classify(context, &trajectory, r));
  ck_assert_msg(r->regime == regime && r->period == period && strstr(r->reason, reason),
                "%s, period %ld: %s; expected %s, period %ld: %s", rst_regime_names()[r->regime], r->period,
                r->reason, rst_regime_names()[regime], period, reason);
  ck_assert_ptr_null(strchr(r->reason, '\n'));
  struct rst_regime_result silent = {.reason = "stale"};
  trajectory.without_reason = true;
  RST_TEST_OK(context, rst_regime_classify(context, &trajectory, &silent));
  ck_assert_int_eq(silent.regime, r->regime);
  ck_assert_int_eq(silent.period, r->period);
  ck_assert_mem_eq(&silent.exponent, &r->exponent, sizeof r->exponent);
  ck_assert_mem_eq(&silent.contraction, &r->contraction, sizeof r->contraction);
  ck_assert_str_eq(silent.reason, "");
  rst_context_destroy(&context);
}

/* Norms from u. */
static inline void measure(struct sample *s) {
  for (size_t t = 0; t < s->states; ++t) {
    s->norm[t] = fabs(s->u[t]);
    s->update[t] = t + 1 < s->states ? fabs(s->u[t + 1] - s->u[t]) : NAN;
  }
}

static inline struct sample logistic(double r, double start, size_t states) {
  struct sample s = make_sample(states);
  double x = start;
  for (size_t t = 0; t < states; ++t) {
    s.u[t] = x;
    s.other[t] = x * x;
    s.growth[t] = log(fabs(r * (1.0 - 2.0 * x)));
    x = r * x * (1.0 - x);
  }
  measure(&s);
  return s;
}

/* u_t = 1 + amplitude multiplier^t. */
static inline struct sample geometric(double amplitude, double multiplier, size_t states) {
  struct sample s = make_sample(states);
  for (size_t t = 0; t < states; ++t) {
    s.u[t] = 1.0 + amplitude * pow(multiplier, (double)t);
    s.growth[t] = log(fabs(multiplier));
  }
  measure(&s);
  return s;
}

/* A rotation by a share of the circle, with local growth given. */
static inline struct sample rotation(double share, double growth, size_t states) {
  struct sample s = make_sample(states);
  for (size_t t = 0; t < states; ++t) {
    const double angle = 2.0 * pi * fmod(share * (double)t, 1.0);
    s.u[t] = 3.0 + cos(angle);
    s.other[t] = sin(angle);
    s.growth[t] = growth;
  }
  measure(&s);
  return s;
}

/* 1 + amplitude (-1)^t. */
static inline struct sample alternation(double amplitude, size_t states) {
  struct sample s = geometric(amplitude, -1.0, states);
  for (size_t t = 0; t < states; ++t) {
    s.growth[t] = -0.5;
  }
  return s;
}

#endif
