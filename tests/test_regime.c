/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample_trajectory.h"

START_TEST(names_are_those_of_the_enumeration) {
  const char *const *names = rst_regime_names();
  ck_assert_str_eq(names[RST_REGIME_STABLE], "stable");
  ck_assert_str_eq(names[RST_REGIME_TRANSIENT], "transient");
  ck_assert_str_eq(names[RST_REGIME_RESTRAINED_PERIODIC], "restrained-periodic");
  ck_assert_str_eq(names[RST_REGIME_RESTRAINED_CHAOTIC], "restrained-chaotic");
  ck_assert_str_eq(names[RST_REGIME_DIVERGENT], "divergent");
  ck_assert_str_eq(names[RST_REGIME_UNDECIDED], "undecided");
  ck_assert_ptr_null(names[RST_REGIME_COUNT]);
}
END_TEST

static const struct {
  double r, start;
  size_t states;
  enum rst_regime regime;
  long period;
  const char *reason;
} logistic_cases[] = {
    {2.8, 0.6, 1000, RST_REGIME_STABLE, 1, "no update was locally unstable"},
    {2.8, 0.05, 1000, RST_REGIME_TRANSIENT, 1, " of 999 measured updates were locally unstable"},
    {2.999, 0.3, 2000, RST_REGIME_UNDECIDED, 0, "still converging, contraction 0.99"},
    {2.999, 0.3, 26000, RST_REGIME_TRANSIENT, 1, "converged: remaining way"},
    {3.0, 0.3, 20000, RST_REGIME_UNDECIDED, 0, "still converging, contraction 0.9999"},
    {3.001, 0.3, 20000, RST_REGIME_RESTRAINED_PERIODIC, 2, "bounded, period 2, exponent -0.00"},
    {3.2, 0.3, 500, RST_REGIME_RESTRAINED_PERIODIC, 2, "bounded, period 2, exponent -0.9"},
    {3.5, 0.3, 500, RST_REGIME_RESTRAINED_PERIODIC, 4, "period 4"},
    {3.83, 0.3, 2000, RST_REGIME_RESTRAINED_PERIODIC, 3, "period 3"},
    {3.569945671870944, 0.3, 100000, RST_REGIME_RESTRAINED_PERIODIC, 0, "no period up to 64, exponent"},
    {3.7, 0.3, 5000, RST_REGIME_RESTRAINED_CHAOTIC, 0, "bounded, no period up to 64, exponent 0.3"},
    {4.0, 0.3, 1000, RST_REGIME_RESTRAINED_CHAOTIC, 0, "exponent 0."},
    {4.0, 0.3, 1000000, RST_REGIME_RESTRAINED_CHAOTIC, 0, "exponent 0.693"},
};

START_TEST(the_logistic_map_goes_through_its_regimes) {
  struct sample s = logistic(logistic_cases[_i].r, logistic_cases[_i].start, logistic_cases[_i].states);
  struct rst_regime_result result;
  expect(&s, logistic_cases[_i].regime, logistic_cases[_i].period, logistic_cases[_i].reason, &result);
  if (logistic_cases[_i].r == 4.0) {
    ck_assert_double_le(fabs(result.exponent - log(2.0)), 4.0 * result.exponent_error + 1e-12);
  }
  if (logistic_cases[_i].r == 2.999) {
    ck_assert_double_eq_tol(result.contraction, 0.999, 1e-3);
  }
  free_sample(&s);
}
END_TEST

/* Perturbations that grow as t, as in sheared quasi-periodic motion, make no chaos. */
START_TEST(irrational_rotations_are_periodic_without_period) {
  struct sample s = rotation(golden, 0.0, 2000);
  expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 0, "no period up to 64, exponent 0 +- 0 not positive", NULL);
  for (size_t t = 0; t < s.states; ++t) {
    s.growth[t] = log((double)(t + 2) / (double)(t + 1));
  }
  expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 0, "not positive", NULL);
  for (size_t t = 0; t < s.states; ++t) {
    s.growth[t] = t % 7 ? -0.1 : -INFINITY;
  }
  expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 0, "exponent -inf", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(linear_decay_to_zero_converges_relative_to_the_start) {
  struct sample s = make_sample(1000);
  struct rst_regime_result result;
  for (size_t t = 0; t < s.states; ++t) {
    s.u[t] = 5.0 * pow(0.97, (double)t);
    s.growth[t] = log(0.97);
  }
  measure(&s);
  expect(&s, RST_REGIME_STABLE, 1, "contraction 0.97 per iteration;", &result);
  rst_test_close(result.contraction, 0.97, 1e-9);
  free_sample(&s);
}
END_TEST

START_TEST(resting_states_have_converged) {
  struct sample s = geometric(1.0, 0.5, 1000);
  expect(&s, RST_REGIME_STABLE, 1, "remaining way 0 of |u|, contraction 0.5 per iteration;", NULL);
  free_sample(&s);
  s = make_sample(100);
  expect(&s, RST_REGIME_STABLE, 1, "converged", NULL);
  free_sample(&s);
}
END_TEST

/* The way that remains, 2000 |u_T - 1|, falls below the tolerance after 1.27e5 iterations. */
START_TEST(slow_oscillations_converge_when_their_way_has_ended) {
  const size_t undecided[] = {64, 100, 1000, 10000, 125000};
  for (size_t i = 1; i < 5; ++i) {
    struct sample s = geometric(0.1, -0.9998, undecided[i]);
    s.tracked = i % 2;
    expect(&s, RST_REGIME_UNDECIDED, 0, "still converging, contraction 0.9998 per iteration", NULL);
    free_sample(&s);
  }
  struct sample s = geometric(0.1, -0.9998, 128000);
  expect(&s, RST_REGIME_STABLE, 1, "contraction 0.9998", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(sublinear_convergence_goes_on) {
  for (int power = 1; power <= 3; ++power) {
    struct sample s = make_sample(20000);
    for (size_t t = 0; t < s.states; ++t) {
      s.u[t] = 1.0 + pow((double)(t + 1), -0.5 * power);
      s.growth[t] = -1e-6;
    }
    measure(&s);
    expect(&s, RST_REGIME_UNDECIDED, 0, "still converging, contraction 0.999", NULL);
    s.tracked = false;
    expect(&s, RST_REGIME_UNDECIDED, 0, "still converging", NULL);
    free_sample(&s);
  }
}
END_TEST

/* Half a period-two pattern, half noise, of either precision. */
START_TEST(rounding_at_the_limit_is_convergence) {
  const double levels[] = {1e-7, 3e-16, 1e-14};
  for (size_t states = 200; states <= 200000; states *= 10) {
    struct sample s = geometric(0.5, 0.9, states);
    for (size_t t = 0; t < states; ++t) {
      s.u[t] += levels[_i] * (sin(1e4 * (double)(t * t % 9973)) + (t % 2 ? 1.0 : -1.0)) / 2;
    }
    s.epsilon = _i ? DBL_EPSILON : FLT_EPSILON;
    measure(&s);
    expect(&s, RST_REGIME_STABLE, 1, _i || states == 200 ? "converged" : "converged to rounding", NULL);
    free_sample(&s);
  }
}
END_TEST

/* Whether rounding, also such that piles up, is reached just before the end, long before, or not at all. */
START_TEST(convergence_shows_whenever_rounding_is_reached) {
  const double noise = _i ? 3e-14 : 3e-16;
  for (int i = 0; i <= 200; ++i) {
    const double nats = 25.0 + 0.5 * i; /* that the distance shrinks by */
    const size_t states = 600;
    struct sample s = geometric(0.5, -exp(-nats / (double)states), states);
    for (size_t t = 0; t < states; ++t) {
      s.u[t] += noise * sin(1e4 * (double)(t * t % 9973));
      s.growth[t] = _i ? -0.01 : -0.5;
    }
    measure(&s);
    expect(&s, RST_REGIME_STABLE, 1, "converged", NULL);
    free_sample(&s);
  }
}
END_TEST

/* About zero, rounding is that of the numbers that cancelled: a part of |u_0|. */
START_TEST(rounding_about_zero_is_convergence) {
  struct sample s = make_sample(1000);
  for (size_t t = 0; t < s.states; ++t) {
    s.u[t] = 5.0 * pow(0.9, (double)t) + (t % 2 ? 3e-16 : -3e-16);
  }
  measure(&s);
  expect(&s, RST_REGIME_STABLE, 1, "converged to rounding", NULL);
  free_sample(&s);
}
END_TEST

/* Updates as small as rounding that add up, or that decline steadily. */
START_TEST(slow_motion_is_not_rounding) {
  struct sample s = make_sample(2000);
  for (size_t t = 0; t < s.states; ++t) {
    s.u[t] = 1.0 + 1e-7 * (double)t;
  }
  measure(&s);
  expect(&s, RST_REGIME_UNDECIDED, 0, "still drifting", NULL);
  for (size_t t = 0; t < s.states; ++t) { /* seen in the norm alone */
    s.u[t] = 1.0;
  }
  expect(&s, RST_REGIME_UNDECIDED, 0, "no observable varies", NULL);
  free_sample(&s);
  s = geometric(1e-7, -0.99999, 2000);
  expect(&s, RST_REGIME_UNDECIDED, 0, "still converging, contraction 0.99999", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(growth_and_drift_are_undecided) {
  struct sample s = geometric(1e-3, -1.0005, 1000);
  expect(&s, RST_REGIME_UNDECIDED, 0, "still growing (range x 1.13", NULL);
  free_sample(&s);
  s = geometric(1e-3, -1.005, 1000);
  expect(&s, RST_REGIME_UNDECIDED, 0, "still growing (range x 3.4", NULL);
  free_sample(&s);
  s = alternation(1e-3, 1000);
  for (size_t t = 0; t < s.states; ++t) {
    s.u[t] += 1e-4 * (double)t;
  }
  for (size_t t = 0; t < s.states; ++t) { /* not even chaos may drift */
    s.growth[t] = 0.5;
  }
  expect(&s, RST_REGIME_UNDECIDED, 0, "still drifting", NULL);
  s.other[900] = INFINITY;
  expect(&s, RST_REGIME_UNDECIDED, 0, "an observable is not finite", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(divergence_comes_first) {
  struct sample s = geometric(1.0, 2.0, 20);
  s.diverged = true;
  expect(&s, RST_REGIME_DIVERGENT, 0, "left its ball: |u| went from 2 to 5.24e+05 in 19 iterations", NULL);
  s.diverged = false;
  s.norm[19] = NAN;
  expect(&s, RST_REGIME_DIVERGENT, 0, "at iteration 19", NULL);
  s.update[18] = INFINITY;
  expect(&s, RST_REGIME_DIVERGENT, 0, "at iteration 18", NULL);
  free_sample(&s);
  s = logistic(4.0, 0.3, 1000);
  s.norm[999] = INFINITY;
  expect(&s, RST_REGIME_DIVERGENT, 0, "overflowed", NULL);
  free_sample(&s);
}
END_TEST

/* Chaos for most of the tail, then a cycle of two. */
START_TEST(a_period_that_sets_in_late_is_found) {
  const size_t settles[] = {700, 800};
  for (size_t i = 0; i < 2; ++i) {
    struct sample s = logistic(4.0, 0.3, 1000);
    struct rst_regime_result result;
    for (size_t t = settles[i]; t < s.states; ++t) {
      s.u[t] = t % 2 ? 0.8 : 0.5 + 1e-3 * pow(0.9, (double)(t - settles[i]));
      s.other[t] = s.u[t] * s.u[t];
      s.growth[t] = -0.25;
    }
    measure(&s);
    expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 2, "bounded, period 2, exponent -0.25 +- 0", &result);
    for (size_t t = settles[i]; t < s.states; ++t) { /* not if perturbations grow */
      s.growth[t] = 0.25;
    }
    expect(&s, i > 0 ? RST_REGIME_RESTRAINED_CHAOTIC : RST_REGIME_UNDECIDED, 0,
           i > 0 ? "exponent 0." : "still shrinking", NULL);
    s.tracked = false;
    expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 2, "exponent not known", NULL);
    free_sample(&s);
  }
}
END_TEST

START_TEST(what_was_not_recorded_is_named) {
  struct sample s = geometric(0.5, 0.9, 1000);
  s.tracked = false;
  expect(&s, RST_REGIME_CONVERGED, 1, "; local stability was not measured", NULL);
  free_sample(&s);
  s = logistic(4.0, 0.3, 1000);
  s.tracked = false;
  expect(&s, RST_REGIME_BOUNDED, 0, "add lyapunov to output.scalars", NULL);
  s.tracked = true;
  for (size_t t = 0; t < 990; ++t) {
    s.growth[t] = NAN;
  }
  expect(&s, RST_REGIME_BOUNDED, 0, "too few finite values", NULL);
  free_sample(&s);
  s = alternation(0.1, 1000);
  s.tracked = false;
  expect(&s, RST_REGIME_RESTRAINED_PERIODIC, 2, "exponent not known", NULL);
  for (size_t t = 0; t < s.states; ++t) {
    s.other[t] = s.u[t] = 1.0;
  }
  expect(&s, RST_REGIME_UNDECIDED, 0, "no observable varies", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(an_unstable_limit_is_told) {
  struct sample s = geometric(0.5, 0.9, 1000);
  for (size_t t = 500; t < 1000; ++t) {
    s.growth[t] = 0.1;
  }
  expect(&s, RST_REGIME_TRANSIENT, 1, "perturbations still grow at the limit", NULL);
  free_sample(&s);
}
END_TEST

START_TEST(contradictory_trajectories_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_regime_result result = {.period = 7};
  const double norm[] = {1.0, 1.0, 1.0};
  struct rst_trajectory t = {0};
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "0 states", rst_regime_classify(context, &t, &result));
  t = (struct rst_trajectory){.states = 2, .weight_norm = {.values = norm}};
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "without the norms of its updates",
                 rst_regime_classify(context, &t, &result));
  t.update_norm.values = norm;
  t.observable_count = 3;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "3 observables", rst_regime_classify(context, &t, &result));
  t.observable_count = 0;
  t.states = 3;
  t.updates = 1;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "1 updates cannot lead through 3 states",
                 rst_regime_classify(context, &t, &result));
  t.updates = 2;
  t.unstable_updates = -2;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "-2 unstable and 0 stable",
                 rst_regime_classify(context, &t, &result));
  ck_assert_int_eq(result.period, 7);
  t = (struct rst_trajectory){.states = 1, .weight_norm = {.values = norm}};
  RST_TEST_OK(context, rst_regime_classify(context, &t, &result));
  ck_assert_int_eq(result.regime, RST_REGIME_UNDECIDED);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("regime");
  TCase *tests = tcase_create("regime");
  tcase_add_test(tests, names_are_those_of_the_enumeration);
  tcase_add_loop_test(tests, the_logistic_map_goes_through_its_regimes, 0,
                      (int)(sizeof logistic_cases / sizeof *logistic_cases));
  tcase_add_test(tests, irrational_rotations_are_periodic_without_period);
  tcase_add_test(tests, linear_decay_to_zero_converges_relative_to_the_start);
  tcase_add_test(tests, resting_states_have_converged);
  tcase_add_test(tests, slow_oscillations_converge_when_their_way_has_ended);
  tcase_add_test(tests, sublinear_convergence_goes_on);
  tcase_add_loop_test(tests, rounding_at_the_limit_is_convergence, 0, 3);
  tcase_add_loop_test(tests, convergence_shows_whenever_rounding_is_reached, 0, 2);
  tcase_add_test(tests, rounding_about_zero_is_convergence);
  tcase_add_test(tests, slow_motion_is_not_rounding);
  tcase_add_test(tests, growth_and_drift_are_undecided);
  tcase_add_test(tests, divergence_comes_first);
  tcase_add_test(tests, a_period_that_sets_in_late_is_found);
  tcase_add_test(tests, what_was_not_recorded_is_named);
  tcase_add_test(tests, an_unstable_limit_is_told);
  tcase_add_test(tests, contradictory_trajectories_are_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
