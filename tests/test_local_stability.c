/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "motion/motion.h"
#include "restrain/spectrum.h"
#include "support.h"
#include "sweep/evaluator.h"

/** @file
 * Stable and transient orbits of the reduced engine, against all eigenvalues of the Hessian at every state of the full
 * network, and without regard to the perturbation that is followed.
 */

enum { COUNT = 24, UPDATES = 400 };

static const struct rst_labelled_image board = {.image = {.kind = "checkerboard", .size = 24}, .label = 1};
static const struct rst_labelled_image two[] = {
    {.image = {.kind = "checkerboard", .size = 24}, .label = 1},
    {.image = {.kind = "grating", .size = 32, .period = 4.0, .angle = 90.0}, .label = 0}};
static const struct rst_labelled_image five[] = {
    {.image = {.kind = "checkerboard", .size = 24}, .label = 1},
    {.image = {.kind = "grating", .size = 32, .period = 4.0, .angle = 90.0}, .label = 0},
    {.image = {.kind = "grating", .size = 30, .period = 5.0, .angle = 0.0}, .label = 1},
    {.image = {.kind = "grating", .size = 32, .period = 8.0, .angle = 90.0}, .label = 1},
    {.image = {.kind = "grating", .size = 36, .period = 6.0, .angle = 0.0}, .label = 0}};

/* Their patches span 1, 3 and 9 dimensions. */
static const struct {
  const struct rst_labelled_image *images;
  size_t count, kernel;
  enum rst_boundary boundary;
  double most; /* learning rate */
} settings[] = {{&board, 1, 6, RST_BOUNDARY_VALID, 1.0},
                {two, 2, 6, RST_BOUNDARY_VALID, 1.0},
                {five, 5, 6, RST_BOUNDARY_PERIODIC, 2.0}};
enum { SETTINGS = sizeof settings / sizeof *settings };

static const struct {
  const char *kind;
  double momentum;
  enum rst_decay decay;
} schemes[] = {{"euler", 0.0, RST_DECAY_COUPLED},
               {"imex", 0.0, RST_DECAY_COUPLED},
               {"heavy-ball", 0.5, RST_DECAY_COUPLED},
               {"nesterov", 0.5, RST_DECAY_DECOUPLED}};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

static struct rst_context *context;

static void set_up(void) {
  context = rst_test_context();
}

static void tear_down(void) {
  rst_context_destroy(&context);
}

static struct rst_case case_of(size_t setting, size_t scheme) {
  struct rst_case made = {
      .flow = rst_test_network(settings[setting].images, settings[setting].count, settings[setting].kernel),
      .initial = {.kind = "normal", .seed = 7, .scale = 1.0},
      .tangent = {.exponents = 1, .seed = 1},
      .stop = {.blow_up = 1e6}};
  made.flow.boundary = settings[setting].boundary;
  made.step.scheme = rst_test_scheme_defaults;
  made.step.scheme.kind = schemes[scheme].kind;
  made.step.scheme.momentum = schemes[scheme].momentum;
  made.step.scheme.decay = schemes[scheme].decay;
  made.step.iterations = UPDATES;
  return made;
}

static void fill_grid(double most, double *lr, double *weight_decay) {
  for (size_t i = 0; i < COUNT; ++i) {
    lr[i] = most * pow(0.8, (double)(i % 8));
    weight_decay[i] = i < 8 ? 0.2 : i < 16 ? 0.5 : 1.5;
  }
}

static void run(const struct rst_case *from, size_t count, const double *lr, const double *weight_decay,
                struct rst_orbit_summary *points) {
  struct rst_evaluator *evaluator = NULL;
  bool stopped = false;
  RST_TEST_OK(context, rst_evaluator_create(context, from, true, &evaluator));
  ck_assert_str_eq(rst_evaluator_engine(evaluator), "reduced");
  RST_TEST_OK(context,
              rst_evaluator_run(evaluator, count, lr, weight_decay, NULL, NULL, points, NULL, &stopped));
  rst_evaluator_destroy(&evaluator);
}

/* The least distance of all eigenvalues from their limits over the updates, by the formulas of scheme.h. */
static double least_margin(const struct rst_case *from, double lr, double alpha, long updates) {
  enum { MOST_POINTS = 64 };
  struct rst_motion_parameters parameters = {.scheme = from->step.scheme};
  struct rst_flow *flow = rst_test_flow(context, &from->flow);
  struct rst_field *start = NULL;
  struct rst_motion *motion = NULL;
  double values[MOST_POINTS];
  double least = INFINITY;
  parameters.scheme.lr = lr;
  parameters.scheme.weight_decay = alpha;
  const bool decoupled = parameters.scheme.decay == RST_DECAY_DECOUPLED;
  const double neutral = decoupled ? parameters.scheme.momentum * alpha : 0.0;
  const double limit = rst_scheme_local_limit(context, &parameters.scheme);
  RST_TEST_OK(context, rst_flow_create_state(context, flow, &start));
  RST_TEST_OK(context, rst_initial_fill(context, &from->initial, rst_flow_layout(flow), start));
  RST_TEST_OK(context, rst_motion_create(context, flow, &parameters, start, &motion));
  const size_t count = rst_spectrum_dense_count(flow);
  for (long t = 0; t < updates; ++t) {
    RST_TEST_OK(context, rst_spectrum_dense(context, flow, motion->u, values));
    least = fmin(least, fmin(values[0] + alpha - neutral, limit - values[count - 1] - alpha));
    RST_TEST_OK(context, rst_motion_advance(motion));
  }
  rst_motion_destroy(&motion);
  rst_field_destroy(&start);
  rst_flow_destroy(&flow);
  return least;
}

START_TEST(labels_are_those_of_all_eigenvalues) {
  size_t found[2] = {0};
  for (size_t scheme = 0; scheme < SCHEMES; ++scheme) {
    const struct rst_case from = case_of((size_t)_i, scheme);
    double lr[COUNT];
    double weight_decay[COUNT];
    struct rst_orbit_summary points[COUNT];
    fill_grid(settings[_i].most, lr, weight_decay);
    run(&from, COUNT, lr, weight_decay, points);
    for (size_t i = 0; i < COUNT; ++i) {
      ck_assert_int_ne(points[i].regime, RST_REGIME_CONVERGED);
      if (points[i].period == 1) {
        const double margin = least_margin(&from, lr[i], weight_decay[i], points[i].iterations_run);
        const enum rst_regime expected = margin < 0.0 ? RST_REGIME_TRANSIENT : RST_REGIME_STABLE;
        ck_assert_double_gt(fabs(margin), 1e-7);
        ck_assert_msg(points[i].regime == expected, "%s, lr %g, decay %g: %s, but the margin is %g",
                      schemes[scheme].kind, lr[i], weight_decay[i], rst_regime_names()[points[i].regime],
                      margin);
        ++found[margin < 0.0];
      }
    }
  }
  ck_assert_uint_gt(found[0], 4);
  ck_assert_uint_gt(found[1], 4);
}
END_TEST

START_TEST(seeds_of_perturbations_flip_no_label) {
  for (size_t scheme = 0; scheme < SCHEMES; ++scheme) {
    struct rst_case from = case_of((size_t)_i, scheme);
    double lr[COUNT];
    double weight_decay[COUNT];
    struct rst_orbit_summary points[2][COUNT];
    fill_grid(settings[_i].most, lr, weight_decay);
    for (uint32_t seed = 0; seed < 2; ++seed) {
      from.tangent.seed = 1 + seed;
      run(&from, COUNT, lr, weight_decay, points[seed]);
    }
    for (size_t i = 0; i < COUNT; ++i) {
      ck_assert_int_eq(points[0][i].regime, points[1][i].regime);
    }
  }
}
END_TEST

/* Perturbations never grow there, and yet lr lambda_max passes 2. */
START_TEST(sharp_orbits_without_growth_are_transient) {
  enum { ORBITS = 6 };
  const struct rst_labelled_image published = {.image = {.kind = "checkerboard", .size = 256}, .label = 1};
  struct rst_case from = case_of(0, 0);
  const double lr[ORBITS] = {0.62327942, 0.63726435, 0.65156307, 0.62327942, 0.63726435, 0.65156307};
  const double weight_decay[ORBITS] = {0.3, 0.3, 0.3, 0.31, 0.31, 0.31};
  struct rst_orbit_summary points[ORBITS];
  from.flow = rst_test_network(&published, 1, 32);
  from.flow.conv.activation = "softplus";
  from.initial.scale = 1.0;
  from.step.iterations = 1000;
  run(&from, ORBITS, lr, weight_decay, points);
  for (size_t i = 0; i < ORBITS; ++i) {
    ck_assert_double_lt(points[i].max_growth, 1.0);
    ck_assert_int_eq(points[i].regime, RST_REGIME_TRANSIENT);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("local_stability");
  TCase *tests = tcase_create("local_stability");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_loop_test(tests, labels_are_those_of_all_eigenvalues, 0, SETTINGS);
  tcase_add_loop_test(tests, seeds_of_perturbations_flip_no_label, 0, SETTINGS);
  tcase_add_test(tests, sharp_orbits_without_growth_are_transient);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
