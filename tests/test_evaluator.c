/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/evaluator.h"

#include <math.h>

#include "support.h"

/** @file
 * The reduced engine against orbits in full: by theory they agree but for rounding.
 */

enum { DECAYS = 4, SHARES = 12, POINTS = DECAYS * SHARES, ITERATIONS = 600, TWINS = 4 };
enum { FINAL_LOSS, MEAN_LOSS, EXPONENT, MAX_GROWTH, VALUES };

static const struct rst_labelled_image boards[] = {
    {.image = {.kind = "checkerboard", .size = 24}, .label = 1},
    {.image = {.kind = "checkerboard", .size = 24}, .label = 0}};
static const struct rst_labelled_image gratings[] = {
    {.image = {.kind = "grating", .size = 32, .period = 8.0, .angle = 0.0}, .label = 1},
    {.image = {.kind = "grating", .size = 32, .period = 8.0, .angle = 0.0}, .label = 0}};
static const struct rst_labelled_image two[] = {
    {.image = {.kind = "checkerboard", .size = 24}, .label = 1},
    {.image = {.kind = "grating", .size = 32, .period = 4.0, .angle = 90.0}, .label = 0}};
static const struct rst_labelled_image natural = {
    .image = {.kind = "gaussian-field", .size = 24, .seed = 3, .exponent = 1.0}, .label = 1};

static struct rst_context *context;

static void set_up(void) {
  context = rst_test_context();
}

static void tear_down(void) {
  rst_context_destroy(&context);
}

static struct rst_case case_of(const struct rst_labelled_image *images, size_t count, const char *scheme) {
  struct rst_case made = {.flow = rst_test_network(images, count, 6),
                          .initial = {.kind = "normal", .seed = 7, .scale = 1.0},
                          .tangent = {.exponents = 1, .seed = 1},
                          .stop = {.blow_up = 1e6}};
  made.step.scheme = rst_test_scheme_defaults;
  made.step.scheme.kind = scheme;
  made.step.scheme.momentum = rst_test_scheme_has_momentum(scheme) ? 0.5 : 0.0;
  made.step.iterations = ITERATIONS;
  return made;
}

/* Some weight decays, and learning rates as shares of 2/weight_decay, or of `most` if that is less. */
static void fill_grid(double most, double *lr, double *weight_decay) {
  static const double decays[DECAYS] = {0.3, 1.0, 4.0, 15.0};
  for (size_t i = 0; i < POINTS; ++i) {
    const double share = 1.1 * ((double)(i % SHARES) + 0.6) / SHARES;
    weight_decay[i] = decays[i / SHARES];
    lr[i] = share * fmin(2.0 / weight_decay[i], most);
  }
}

static struct rst_evaluator *evaluator_of(const struct rst_case *from, bool reduce) {
  struct rst_evaluator *evaluator = NULL;
  RST_TEST_OK(context, rst_evaluator_create(context, from, reduce, &evaluator));
  return evaluator;
}

static void run(struct rst_evaluator *evaluator, size_t count, const double *lr, const double *weight_decay,
                struct rst_orbit_summary *points) {
  bool stopped = true;
  RST_TEST_OK(context,
              rst_evaluator_run(evaluator, count, lr, weight_decay, NULL, NULL, points, NULL, &stopped));
  ck_assert(!stopped);
}

static void assert_near(const char *what, double a, double b, double tolerance) {
  const double scale = fmax(1e-6, fmax(fabs(a), fabs(b)));
  ck_assert_msg(a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance * scale, "%s: %.12g and %.12g",
                what, a, b);
}

static double value_of(const struct rst_orbit_summary *point, size_t value) {
  const double values[VALUES] = {point->final_loss, point->mean_loss, point->lyapunov, point->max_growth};
  return values[value];
}

static double difference(double a, double b) {
  return a == b || (isnan(a) && isnan(b)) ? 0.0 : fabs(a - b);
}

static bool is_same_regime(const struct rst_orbit_summary *a, const struct rst_orbit_summary *b) {
  return a->regime == b->regime && a->period == b->period && a->iterations_run == b->iterations_run;
}

static bool is_bounded(const struct rst_orbit_summary *point) {
  return point->regime != RST_REGIME_DIVERGENT;
}

/* What the values of twins differ by. */
static double spread_of(const struct rst_orbit_summary *point, const struct rst_orbit_summary *twins,
                        size_t value) {
  double spread = 0.0;
  for (size_t i = 0; i < TWINS; ++i) {
    spread = fmax(spread, difference(value_of(point, value), value_of(&twins[i * POINTS], value)));
  }
  return spread;
}

/* Whether twins, whose lr differ by little, but far more than rounding, end differently: on an edge, or after chaos. */
static bool is_sensitive(const struct rst_orbit_summary *point, const struct rst_orbit_summary *twins) {
  for (size_t i = 0; i < TWINS; ++i) {
    if (!is_same_regime(point, &twins[i * POINTS])) {
      return true;
    }
  }
  return spread_of(point, twins, FINAL_LOSS) > 1e-6 * fabs(point->final_loss);
}

/* Orbits of full length at a point: reduced, with its twins, and in full. */
static void compare_orbits(const char *where, double lr, double weight_decay,
                           const struct rst_orbit_summary *reduced, const struct rst_orbit_summary *twins,
                           const struct rst_orbit_summary *full) {
  static const char *const names[VALUES] = {"final loss", "mean loss", "exponent", "max growth"};
  const bool sensitive = is_sensitive(reduced, twins);
  const bool same = sensitive ? is_bounded(reduced) == is_bounded(full)
                              : rst_regime_agrees(reduced->regime, full->regime) &&
                                    reduced->period == full->period &&
                                    reduced->iterations_run == full->iterations_run;
  ck_assert_msg(same,
                "%s, lr %.6g, weight decay %g: %s of period %ld (exponent %g) after %ld and %s of period %ld "
                "(%g) after %ld",
                where, lr, weight_decay, rst_regime_names()[reduced->regime], reduced->period,
                reduced->lyapunov, reduced->iterations_run, rst_regime_names()[full->regime], full->period,
                full->lyapunov, full->iterations_run);
  /* What grows outside the span spoils the responses by its rounding, in the full network alone. */
  const size_t values = reduced->regime == RST_REGIME_DIVERGENT ? EXPONENT : VALUES;
  for (size_t v = 0; !sensitive && v < values; ++v) {
    const double value = value_of(reduced, v);
    const double spread = spread_of(reduced, twins, v);
    ck_assert_msg(difference(value, value_of(full, v)) <= 1e-9 * (1.0 + fabs(value)) + 10.0 * spread,
                  "%s, lr %.6g, weight decay %g, %s: %s %.12g and %.12g, twins within %.3g", where, lr,
                  weight_decay, rst_regime_names()[reduced->regime], names[v], value, value_of(full, v),
                  spread);
  }
}

static void run_reduced(const char *where, const struct rst_case *from, const double *lr,
                        const double *weight_decay, struct rst_orbit_summary *reduced,
                        struct rst_orbit_summary *twins) {
  static const double nudges[TWINS] = {-1e-12, -1e-13, 1e-13, 1e-12};
  size_t patches = 0;
  size_t rank = 0;
  struct rst_evaluator *evaluator = evaluator_of(from, true);
  ck_assert_msg(strcmp(rst_evaluator_engine(evaluator), "reduced") == 0, "%s is not reduced", where);
  rst_evaluator_size(evaluator, &patches, &rank);
  ck_assert_uint_ge(patches, 2);
  ck_assert_uint_ge(rank, 3);
  ck_assert_uint_gt(rst_evaluator_batch(evaluator), 1);
  rst_evaluator_end_at_rest(evaluator, false);
  run(evaluator, POINTS, lr, weight_decay, reduced);
  for (size_t i = 0; i < TWINS; ++i) {
    double nudged[POINTS];
    for (size_t j = 0; j < POINTS; ++j) {
      nudged[j] = lr[j] * (1.0 + nudges[i]);
    }
    run(evaluator, POINTS, nudged, weight_decay, twins + i * POINTS);
  }
  rst_evaluator_destroy(&evaluator);
}

static void run_full(const struct rst_case *from, const double *lr, const double *weight_decay,
                     struct rst_orbit_summary *full) {
  size_t patches = 0;
  size_t rank = 0;
  struct rst_evaluator *evaluator = evaluator_of(from, false);
  ck_assert_str_eq(rst_evaluator_engine(evaluator), "full");
  rst_evaluator_size(evaluator, &patches, &rank);
  ck_assert_uint_eq(patches + rank, 0);
  ck_assert_uint_eq(rst_evaluator_batch(evaluator), 1);
  rst_evaluator_end_at_rest(evaluator, false);
  run(evaluator, POINTS, lr, weight_decay, full);
  rst_evaluator_destroy(&evaluator);
}

/* Compare both engines over the grid, and count the regimes. */
static void compare(const char *where, const struct rst_case *from, double most, size_t *regimes) {
  double lr[POINTS];
  double weight_decay[POINTS];
  struct rst_orbit_summary reduced[POINTS];
  struct rst_orbit_summary twins[TWINS * POINTS];
  struct rst_orbit_summary full[POINTS];
  size_t sharp = 0;
  fill_grid(most, lr, weight_decay);
  run_reduced(where, from, lr, weight_decay, reduced, twins);
  run_full(from, lr, weight_decay, full);
  for (size_t i = 0; i < POINTS; ++i) {
    compare_orbits(where, lr[i], weight_decay[i], &reduced[i], &twins[i], &full[i]);
    sharp += is_sensitive(&reduced[i], &twins[i]) ? 0 : 1;
    ++regimes[reduced[i].regime];
  }
  ck_assert_msg(sharp >= POINTS / 4, "%s: only %zu of %d points are not sensitive", where, sharp,
                (int)POINTS);
}

START_TEST(both_engines_agree_for_every_scheme) {
  static const char *const schemes[] = {"euler", "heavy-ball", "nesterov", "imex"};
  static const struct rst_labelled_image *const images[] = {&boards[0], &boards[1], &gratings[0],
                                                            &gratings[1]};
  size_t regimes[RST_REGIME_COUNT] = {0};
  for (size_t s = 0; s < 4; ++s) {
    for (size_t i = 0; i < 4; ++i) {
      struct rst_case from = case_of(images[i], 1, schemes[s]);
      compare(schemes[s], &from, 2.0, regimes);
      if (rst_test_scheme_has_momentum(schemes[s])) {
        from.step.scheme.decay = RST_DECAY_DECOUPLED;
        compare("decoupled", &from, 2.0, regimes);
      }
    }
  }
  for (size_t r = 0; r < RST_REGIME_UNDECIDED; ++r) {
    ck_assert_msg(regimes[r] > 0, "no point is %s", rst_regime_names()[r]);
  }
}
END_TEST

START_TEST(both_engines_agree_for_every_activation) {
  const char *const *activations = rst_activation_names();
  for (size_t a = 0; activations[a]; ++a) {
    size_t regimes[RST_REGIME_COUNT] = {0};
    struct rst_case from = case_of(&boards[0], 1, "euler");
    from.flow.conv.activation = activations[a];
    from.flow.conv.beta = 1.5;
    compare(activations[a], &from, 2.0, regimes);
  }
}
END_TEST

START_TEST(both_engines_agree_for_two_images_sums_and_periodic_boundaries) {
  size_t regimes[RST_REGIME_COUNT] = {0};
  struct rst_case from = case_of(two, 2, "euler");
  compare("two images", &from, 2.0, regimes);
  from.flow.boundary = RST_BOUNDARY_PERIODIC;
  from.flow.conv.shift = 0.3;
  compare("two periodic images", &from, 2.0, regimes);
  from = case_of(&boards[0], 1, "euler");
  from.flow.conv.pooling = RST_POOLING_SUM;
  compare("sum", &from, 2.0, regimes);
  from = case_of(&gratings[0], 1, "heavy-ball");
  from.step.scheme.divisor = 3.0;
  from.initial = (struct rst_initial_parameters){.kind = "zero"};
  from.tangent.seed = 5;
  compare("from zero", &from, 2.0, regimes);
}
END_TEST

static void assert_same_bits(const struct rst_orbit_summary *a, const struct rst_orbit_summary *b) {
  ck_assert_int_eq(a->regime, b->regime);
  ck_assert_int_eq(a->period, b->period);
  ck_assert_int_eq(a->iterations_run, b->iterations_run);
  assert_near("final loss", a->final_loss, b->final_loss, 0.0);
  assert_near("mean loss", a->mean_loss, b->mean_loss, 0.0);
  assert_near("max growth", a->max_growth, b->max_growth, 0.0);
  assert_near("exponent", a->lyapunov, b->lyapunov, 0.0);
}

START_TEST(points_do_not_depend_on_order_and_company) {
  for (int reduce = 0; reduce < 2; ++reduce) {
    const struct rst_case from = case_of(two, 2, "nesterov");
    double lr[POINTS];
    double weight_decay[POINTS];
    struct rst_orbit_summary together[POINTS];
    struct rst_evaluator *evaluator = evaluator_of(&from, reduce);
    fill_grid(2.0, lr, weight_decay);
    run(evaluator, POINTS, lr, weight_decay, together);
    for (size_t i = 0; i < POINTS; ++i) {
      struct rst_orbit_summary alone;
      const size_t index = i * 29 % POINTS;
      run(evaluator, 1, &lr[index], &weight_decay[index], &alone);
      assert_same_bits(&alone, &together[index]);
    }
    for (size_t first = 0; first + 7 <= POINTS; first += 7) {
      struct rst_orbit_summary some[7];
      run(evaluator, 7, &lr[first], &weight_decay[first], some);
      for (size_t i = 0; i < 7; ++i) {
        assert_same_bits(&some[i], &together[first + i]);
      }
    }
    run(evaluator, 0, lr, weight_decay, NULL);
    rst_evaluator_destroy(&evaluator);
  }
}
END_TEST

START_TEST(an_early_end_never_changes_the_regime) {
  static const char *const schemes[] = {"euler", "heavy-ball", "nesterov", "imex"};
  for (size_t s = 0; s < 8; ++s) {
    const struct rst_case from = case_of(s % 2 ? &boards[0] : two, s % 2 ? 1 : 2, schemes[s / 2]);
    double lr[POINTS];
    double weight_decay[POINTS];
    struct rst_orbit_summary early[POINTS];
    struct rst_orbit_summary late[POINTS];
    size_t shorter = 0;
    struct rst_evaluator *evaluator = evaluator_of(&from, true);
    fill_grid(2.0, lr, weight_decay);
    run(evaluator, POINTS, lr, weight_decay, early);
    rst_evaluator_end_at_rest(evaluator, false);
    run(evaluator, POINTS, lr, weight_decay, late);
    for (size_t i = 0; i < POINTS; ++i) {
      const bool ended = early[i].iterations_run < late[i].iterations_run;
      ck_assert_int_eq(early[i].regime, late[i].regime);
      ck_assert_int_eq(early[i].period, late[i].period);
      if (ended) {
        ck_assert_int_eq(early[i].period, 1);
        ck_assert_int_eq(late[i].iterations_run, ITERATIONS);
        ck_assert_int_ge(early[i].iterations_run, RST_REGIME_AT_REST);
        assert_near("final loss", early[i].final_loss, late[i].final_loss, 1e-12);
        assert_near("mean loss", early[i].mean_loss, late[i].mean_loss, 1e-12);
        /* Both are means over a while in which perturbations rotate and align. */
        ck_assert_double_le(fabs(early[i].lyapunov - late[i].lyapunov), 2.0 / RST_REGIME_AT_REST);
        ++shorter;
      } else {
        assert_same_bits(&early[i], &late[i]);
      }
    }
    ck_assert_msg(shorter > 3, "%s: %zu orbits ended early", schemes[s / 2], shorter);
    rst_evaluator_destroy(&evaluator);
  }
}
END_TEST

static void assert_full(const struct rst_case *from) {
  const double lr = 0.1;
  const double weight_decay = 1.0;
  struct rst_orbit_summary point;
  struct rst_evaluator *evaluator = evaluator_of(from, true);
  ck_assert_str_eq(rst_evaluator_engine(evaluator), "full");
  run(evaluator, 1, &lr, &weight_decay, &point);
  ck_assert_int_ge(point.iterations_run, 1);
  ck_assert(isfinite(point.mean_loss) || point.regime == RST_REGIME_DIVERGENT);
  rst_evaluator_destroy(&evaluator);
}

START_TEST(what_cannot_be_reduced_is_run_in_full) {
  struct rst_case from = case_of(&natural, 1, "euler");
  assert_full(&from);
  static const char *const schemes[] = {"rk2", "rk4", "cfl"};
  for (size_t s = 0; s < 3; ++s) {
    from = case_of(&boards[0], 1, schemes[s]);
    assert_full(&from);
  }
  from = case_of(&boards[0], 1, "euler");
  from.flow.precision = RST_PRECISION_FLOAT;
  assert_full(&from);
  from = case_of(&boards[0], 1, "euler");
  from.flow.diffusion.coefficient = 0.01;
  assert_full(&from);
  from.flow.diffusion.coefficient = 0.0;
  from.stop.blow_up = 1e200;
  assert_full(&from);
  from = case_of(&boards[0], 1, "euler");
  from.flow.kind = "conv-linear";
  assert_full(&from);
  const struct rst_labelled_image mixed[] = {boards[0], natural};
  from = case_of(mixed, 2, "euler");
  assert_full(&from);
}
END_TEST

static bool at_once(void *user) {
  (void)user;
  return true;
}

START_TEST(it_can_be_stopped_and_names_bad_parameters) {
  for (int reduce = 0; reduce < 2; ++reduce) {
    const struct rst_case from = case_of(&boards[0], 1, "euler");
    const double lr[] = {0.1, -0.5};
    const double weight_decay[] = {1.0, 1.0};
    struct rst_orbit_summary points[2];
    bool stopped = false;
    struct rst_evaluator *evaluator = evaluator_of(&from, reduce);
    RST_TEST_OK(context,
                rst_evaluator_run(evaluator, 1, lr, weight_decay, at_once, NULL, points, NULL, &stopped));
    ck_assert(stopped);
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "lr is -0.5",
                   rst_evaluator_run(evaluator, 2, lr, weight_decay, NULL, NULL, points, NULL, &stopped));
    run(evaluator, 1, lr, weight_decay, points);
    rst_evaluator_destroy(&evaluator);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("evaluator");
  TCase *tests = tcase_create("evaluator");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, both_engines_agree_for_every_scheme);
  tcase_add_test(tests, both_engines_agree_for_every_activation);
  tcase_add_test(tests, both_engines_agree_for_two_images_sums_and_periodic_boundaries);
  tcase_add_test(tests, points_do_not_depend_on_order_and_company);
  tcase_add_test(tests, an_early_end_never_changes_the_regime);
  tcase_add_test(tests, what_cannot_be_reduced_is_run_in_full);
  tcase_add_test(tests, it_can_be_stopped_and_names_bad_parameters);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
