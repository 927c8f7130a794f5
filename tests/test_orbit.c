/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "restrain/bifurcation.h"
#include "restrain/event.h"

/** @file
 * The published network, arXiv 2206.02001, section 4: its regimes, exponents and thresholds against what the theory and an
 * independent evaluation give (lambda_max and lr_lo at the minimum, exponent at lr = 0.07).
 */

static const double lambda_max = 61.9972749916;
static const double lr_lo = 0.0322594823767;
static const double weight_decay = 20.0;

static const struct rst_labelled_image checkerboard = {.image = {.kind = "checkerboard", .size = 256},
                                                       .label = 1};

static struct rst_case published(void) {
  struct rst_case made = {.flow = rst_test_network(&checkerboard, 1, 32),
                          .initial = {.kind = "normal", .seed = 7, .scale = 1.0},
                          .tangent = {.exponents = 1, .seed = 1},
                          .stop = {.blow_up = 1e6}};
  made.step.scheme = rst_test_scheme_defaults;
  made.step.scheme.kind = "euler";
  return made;
}

static struct rst_orbit orbit_at(struct rst_context *context, struct rst_flow *flow, double lr, double decay,
                                 long burn_in, long samples, double *observed) {
  const struct rst_case of = published();
  struct rst_orbit orbit;
  RST_TEST_OK(context,
              rst_orbit_run(context, &of, flow, lr, decay, burn_in, samples, NULL, NULL, observed, &orbit));
  return orbit;
}

START_TEST(regimes_of_the_published_network) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  const struct {
    double lr;
    enum rst_regime regime;
    long period;
  } table[] = {{0.01, RST_REGIME_CONVERGED, 1},
               {0.03, RST_REGIME_CONVERGED, 1},
               {0.035, RST_REGIME_RESTRAINED_PERIODIC, 2},
               {0.07, RST_REGIME_RESTRAINED_CHAOTIC, 0},
               {0.11, RST_REGIME_DIVERGENT, 0}};
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    const struct rst_orbit orbit = orbit_at(context, flow, table[i].lr, weight_decay, 1000, 3000, NULL);
    ck_assert_msg(orbit.regime.regime == table[i].regime && orbit.regime.period == table[i].period,
                  "lr %g: %s, period %ld: %s", table[i].lr, rst_regime_names()[orbit.regime.regime],
                  orbit.regime.period, orbit.regime.reason);
  }
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(chaos_has_the_exponent_of_an_independent_evaluation) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  const struct rst_orbit orbit = orbit_at(context, flow, 0.07, weight_decay, 1000, 3000, NULL);
  ck_assert_double_eq_tol(orbit.regime.exponent, 0.79, 0.03);
  ck_assert_double_lt(orbit.regime.exponent_error, 0.03);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* On a checkerboard all eigenvalues at the minimum but one are the weight decay itself. */
START_TEST(below_the_threshold_the_exponent_is_that_of_the_linear_map) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  const double rates[] = {0.005, 0.01, 0.02, 0.026, 0.028, 0.03, 0.031, 0.032};
  double last = -INFINITY;
  for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
    const double lr = rates[i];
    const struct rst_orbit orbit = orbit_at(context, flow, lr, weight_decay, 3000, 3000, NULL);
    const double expected = log(fmax(fabs(1.0 - lr * weight_decay), fabs(1.0 - lr * lambda_max)));
    ck_assert_msg(fabs(orbit.regime.exponent - expected) < 1e-6, "lr %g: %.9f instead of %.9f", lr,
                  orbit.regime.exponent, expected);
    if (lr > 2.0 / (lambda_max + weight_decay)) {
      /* along the eigenvector that becomes unstable: rising to 0 at lr_lo */
      ck_assert_double_gt(orbit.regime.exponent, last);
      ck_assert_double_lt(orbit.regime.exponent, 0.0);
      last = orbit.regime.exponent;
    }
  }
  ck_assert_double_gt(last, -0.02);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The exponent at the minimum itself, from a converged state: zero at lr_lo to the accuracy of lr_lo. */
START_TEST(the_exponent_vanishes_at_the_threshold) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_scheme_parameters parameters = of.step.scheme;
  parameters.lr = 0.03;
  parameters.weight_decay = weight_decay;
  struct rst_scheme *scheme = rst_test_scheme(context, &parameters, flow);
  rst_test_advance(context, flow, scheme, 3000, u);
  rst_scheme_destroy(&scheme);
  parameters.lr = lr_lo;
  scheme = rst_test_scheme(context, &parameters, flow);
  struct rst_tangent *tangent = NULL;
  struct rst_field *gradient = NULL;
  RST_TEST_OK(context, rst_tangent_create(context, &parameters, flow, 1, 1, &tangent));
  RST_TEST_OK(context, rst_field_create_like(context, u, &gradient));
  for (int t = 0; t < 200; ++t) {
    struct rst_flow_value value;
    rst_flow_linearise(flow, u, &value, gradient);
    RST_TEST_OK(context, rst_tangent_step(tangent, scheme, gradient, u, NULL));
  }
  ck_assert_double_eq_tol(rst_tangent_log_growth(tangent, 0), 0.0, 1e-8);
  rst_field_destroy(&gradient);
  rst_tangent_destroy(&tangent);
  rst_scheme_destroy(&scheme);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Runs at a relative distance of 1e-4 on either side: the multiplier is 1 -+ 2e-4, so that it takes some 1e5 iterations to
 * tell; farther off, fewer. */
START_TEST(period_two_begins_at_the_threshold) {
  const double distances[] = {1e-4, 1e-3, 1e-2};
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  for (size_t i = 0; i < sizeof distances / sizeof *distances; ++i) {
    const double distance = distances[i] * 2.0 / lambda_max;
    const long iterations = lround(10.0 / distances[i]);
    const struct rst_orbit below =
        orbit_at(context, flow, 2.0 / lambda_max - distance, weight_decay, 0, iterations, NULL);
    const struct rst_orbit above =
        orbit_at(context, flow, 2.0 / lambda_max + distance, weight_decay, 0, iterations, NULL);
    ck_assert_msg(below.regime.period != 2 && above.regime.period == 2, "distance %g: periods %ld and %ld",
                  distances[i], below.regime.period, above.regime.period);
  }
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The decay alone bounds the run up to lr_hi = 2/alpha. */
START_TEST(divergence_begins_where_the_decay_loses_hold) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  const struct rst_orbit below = orbit_at(context, flow, 0.1 * (1.0 - 1e-3), weight_decay, 0, 20000, NULL);
  const struct rst_orbit above = orbit_at(context, flow, 0.1 * (1.0 + 1e-3), weight_decay, 0, 20000, NULL);
  ck_assert_int_ne(below.regime.regime, RST_REGIME_DIVERGENT);
  ck_assert_int_eq(above.regime.regime, RST_REGIME_DIVERGENT);
  ck_assert_int_lt(above.iterations, 20000);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* On a checkerboard c is a function of the residual; at lr = 0.035 it swings between two published values. */
START_TEST(samples_are_those_of_the_attractor) {
  enum { SAMPLES = 16 };
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  double observed[RST_ORBIT_OBSERVABLES * SAMPLES];
  orbit_at(context, flow, 0.035, weight_decay, 5000, SAMPLES, observed);
  const double c[] = {2.7192, 5.7923};
  const double *residual = observed + SAMPLES;
  for (size_t s = 0; s < SAMPLES; ++s) {
    const double prediction = 1.0 + residual[s];
    const double p = log(prediction / (1.0 - prediction));
    double nearest = INFINITY;
    for (size_t i = 0; i < 2; ++i) {
      /* mean of swish over +-c */
      nearest = fmin(nearest, fabs(p - 0.5 * c[i] * tanh(0.5 * c[i])));
    }
    ck_assert_double_lt(nearest, 1e-4);
    ck_assert_double_eq_tol(residual[s], residual[s % 2], 1e-9);
  }
  ck_assert_double_gt(fabs(residual[0] - residual[1]), 0.1);
  orbit_at(context, flow, 0.11, weight_decay, 5000, SAMPLES, observed);
  for (size_t i = 0; i < RST_ORBIT_OBSERVABLES * SAMPLES; ++i) {
    ck_assert(isnan(observed[i]));
  }
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

static bool at_once(void *user) {
  (void)user;
  return true;
}

START_TEST(an_orbit_can_be_stopped_and_has_a_length) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = published();
  struct rst_flow *flow = rst_test_flow(context, &of.flow);
  struct rst_orbit orbit;
  RST_TEST_OK(context,
              rst_orbit_run(context, &of, flow, 0.03, weight_decay, 1000, 10, at_once, NULL, NULL, &orbit));
  ck_assert_int_eq(orbit.regime.regime, RST_REGIME_UNDECIDED);
  ck_assert_int_lt(orbit.iterations, 1010);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "-1",
                 rst_orbit_run(context, &of, flow, 0.03, weight_decay, -1, 10, NULL, NULL, NULL, &orbit));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "lr is",
                 rst_orbit_run(context, &of, flow, 0.0, weight_decay, 1, 10, NULL, NULL, NULL, &orbit));
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("orbit");
  TCase *tests = tcase_create("orbit");
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, regimes_of_the_published_network);
  tcase_add_test(tests, chaos_has_the_exponent_of_an_independent_evaluation);
  tcase_add_test(tests, below_the_threshold_the_exponent_is_that_of_the_linear_map);
  tcase_add_test(tests, the_exponent_vanishes_at_the_threshold);
  tcase_add_test(tests, period_two_begins_at_the_threshold);
  tcase_add_test(tests, divergence_begins_where_the_decay_loses_hold);
  tcase_add_test(tests, samples_are_those_of_the_attractor);
  tcase_add_test(tests, an_orbit_can_be_stopped_and_has_a_length);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
