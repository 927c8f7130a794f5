/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include "restrain/von_neumann.h"

static const double pi = 3.14159265358979323846;

static bool is(const char *kind, const char *name) {
  return strcmp(kind, name) == 0;
}

static double growth(struct rst_context *context, const struct rst_scheme_parameters *parameters,
                     double complex lambda) {
  double value = NAN;
  RST_TEST_OK(context, rst_scheme_growth(context, parameters, lambda, &value));
  return value;
}

static struct rst_step_limits find(struct rst_context *context,
                                   const struct rst_scheme_parameters *parameters, double lambda_min,
                                   double lambda_max) {
  struct rst_step_limits limits;
  RST_TEST_OK(context, rst_step_limits_find(context, parameters, lambda_min, lambda_max, &limits));
  return limits;
}

/* Closed forms of the limits, scheme by scheme, from the stability triangle of r^2 - b r + c: |b| <= 1 + c
 * and |c| <= 1. */
static struct rst_step_limits closed_form(const struct rst_scheme_parameters *p, double low, double high) {
  const double limit = rst_test_real_limit(p);
  const bool decoupled = p->decay == RST_DECAY_DECOUPLED;
  const bool implicit = is(p->kind, "imex");
  const double share = decoupled ? limit / 2.0 : implicit ? -1.0 : 1.0; /* of the decay in the step limit */
  const double needed = decoupled ? 1.0 - p->momentum : 1.0;
  struct rst_step_limits limits = {.decay_min = fmax(0.0, -low / needed)};
  const double load = high + share * p->weight_decay;
  limits.lr_max = p->weight_decay < limits.decay_min ? 0.0 : load > 0.0 ? limit / load : (double)INFINITY;
  limits.decay_max = implicit ? (double)INFINITY : (limit / p->lr - high) / share;
  if (limits.decay_max < limits.decay_min) {
    limits.decay_max = NAN;
  }
  limits.stable = p->weight_decay >= limits.decay_min && p->lr * load <= limit;
  return limits;
}

static bool agree(double found, double expected, double allowed) {
  return isnan(expected) ? isnan(found) : isinf(expected) ? isinf(found) : fabs(found - expected) <= allowed;
}

/* Spectra of either sign, decays and steps below and beyond their limits, over many scales. */
START_TEST(root_finding_equals_closed_forms) {
  enum { TRIALS = 400 };
  struct rst_context *context = rst_test_context();
  double noise[4 * TRIALS];
  int stable = 0;
  int checked = 0;
  RST_TEST_OK(context, rst_random_normal(context, 11, 4 * TRIALS, noise));
  for (int index = 0; index < RST_TEST_SCHEME_VARIANTS; ++index) {
    struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], index);
    for (int trial = 0; p.kind && trial < TRIALS; ++trial) {
      const double *x = &noise[4 * trial];
      const double scale = pow(10.0, (double)(trial % 17 - 8));
      const double low = scale * (trial % 3 ? fmin(x[0], x[1]) : 0.0);
      const double high = trial % 3 ? scale * fmax(x[0], x[1]) : scale * fabs(x[0]);
      p.weight_decay = trial % 5 ? scale * fabs(x[2]) * (trial % 2 ? 1.0 : 1.0 / (1.0 - p.momentum)) : 0.0;
      p.lr = 3.0 * fabs(x[3]) / scale;
      const struct rst_step_limits found = find(context, &p, low, high);
      const struct rst_step_limits expected = closed_form(&p, low, high);
      const double least = 1e-14 / (1.0 - p.momentum);
      const bool right =
          agree(found.decay_min, expected.decay_min, least * expected.decay_min) &&
          agree(found.decay_max, expected.decay_max, 1e-12 * fmax(1.0 / p.lr, expected.decay_max)) &&
          agree(found.lr_max, expected.lr_max, 1e-12 * expected.lr_max) && found.stable == expected.stable;
      ck_assert_msg(right,
                    "%s %d: [%g, %g], lr %g, decay %g: found %.17g %.17g %.17g %d, expected %.17g %.17g "
                    "%.17g %d",
                    p.kind, index, low, high, p.lr, p.weight_decay, found.decay_min, found.decay_max,
                    found.lr_max, found.stable, expected.decay_min, expected.decay_max, expected.lr_max,
                    expected.stable);
      stable += found.stable;
      ++checked;
      double largest = 0.0;
      for (int k = 0; k <= 50; ++k) {
        largest = fmax(largest, growth(context, &p, low + (high - low) * (double)k / 50.0));
      }
      ck_assert_double_eq_tol(found.growth / largest, 1.0, least);
      ck_assert(growth(context, &p, found.critical) == found.growth);
      ck_assert(found.critical == low || found.critical == high);
    }
  }
  ck_assert(!rst_test_scheme_has_polynomial(rst_scheme_names()[_i]) ||
            (stable > checked / 20 && stable < checked * 19 / 20));
  rst_context_destroy(&context);
}
END_TEST

/* G = 1: a mode that the flow leaves alone, or a decay that just balances growth, at any lr. */
START_TEST(neutral_modes_are_stable) {
  struct rst_context *context = rst_test_context();
  for (int index = 0; index < RST_TEST_SCHEME_VARIANTS; ++index) {
    struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], index);
    for (int k = 1; p.kind && k < 200; ++k) {
      p.lr = 0.0137 * k;
      p.weight_decay = 0.0;
      const struct rst_step_limits idle = find(context, &p, 0.0, 0.0);
      ck_assert(idle.stable && isinf(idle.lr_max) && idle.decay_min == 0.0);
      const double limit = closed_form(&p, 0.0, 0.0).decay_max;
      ck_assert(agree(idle.decay_max, limit, 1e-12 * limit));
      ck_assert_double_eq_tol(idle.growth, 1.0, 1e-15 / (1.0 - p.momentum));
      p.weight_decay = 0.3;
      const double balanced = -0.3 * (p.decay == RST_DECAY_DECOUPLED ? 1.0 - p.momentum : 1.0);
      const bool overshoots = p.lr > closed_form(&p, balanced, balanced).lr_max;
      ck_assert(find(context, &p, balanced, balanced).stable || overshoots);
      ck_assert(!find(context, &p, balanced * (1.0 + 1e-6 / p.lr), balanced).stable);
    }
  }
  rst_context_destroy(&context);
}
END_TEST

/* Complex roots of heavy-ball have modulus sqrt(mu): growth is flat there, below 1. */
START_TEST(complex_roots_of_heavy_ball) {
  struct rst_context *context = rst_test_context();
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "heavy-ball";
  p.momentum = 0.81;
  p.lr = 1.0;
  for (int k = 1; k < 100; ++k) {
    const double lambda = pow(1.0 - 0.9, 2) + (pow(1.0 + 0.9, 2) - pow(1.0 - 0.9, 2)) * (double)k / 100.0;
    const struct rst_step_limits limits = find(context, &p, lambda, lambda);
    ck_assert(limits.stable);
    ck_assert_double_eq_tol(limits.growth, 0.9, 1e-14);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Extent of the flow's symbol. */
static struct rst_extent symbol(struct rst_context *context, struct rst_flow *flow) {
  size_t ny = 0;
  size_t nx = 0;
  bool exact = false;
  struct rst_field *lambda = NULL;
  struct rst_extent extent;
  RST_TEST_OK(context, rst_flow_symbol_shape(flow, &ny, &nx, &exact));
  RST_TEST_OK(context, rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &lambda));
  RST_TEST_OK(context, rst_flow_symbol(flow, lambda));
  rst_field_extent(lambda, &extent);
  rst_field_destroy(&lambda);
  return extent;
}

/* 31 points with fixed ends: the finite grid lets a little more through than von Neumann's analysis. */
START_TEST(heat_step_limits) {
  struct rst_context *context = rst_test_context();
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "euler";
  struct rst_flow *fixed = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 31);
  struct rst_flow *periodic = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 32);
  const double exact = 0.5 / pow(sin(29.0 * pi / 60.0), 2);
  const double largest = rst_test_eigenvalue(context, fixed, RST_SPECTRUM_LARGEST, NULL);
  ck_assert_double_eq_tol(find(context, &p, 0.0, largest).lr_max, exact, 1e-12);
  ck_assert_double_eq_tol(exact, 0.501373, 5e-7);
  const struct rst_extent waves = symbol(context, periodic);
  ck_assert_double_eq_tol(find(context, &p, waves.smallest, waves.largest).lr_max, 0.5, 1e-15);
  ck_assert(waves.smallest == 0.0 && waves.smallest_x == 0 && waves.largest_x == 16);
  ck_assert_double_le(find(context, &p, 0.0, symbol(context, fixed).largest).lr_max, exact);
  p.lr = 0.4;
  ck_assert(find(context, &p, 0.0, largest).stable);
  p.lr = 0.8;
  const struct rst_step_limits unstable = find(context, &p, 0.0, largest);
  ck_assert(!unstable.stable && unstable.critical == largest);
  ck_assert_double_eq_tol(unstable.growth, 0.8 * largest - 1.0, 1e-14);
  rst_flow_destroy(&periodic);
  rst_flow_destroy(&fixed);
  rst_context_destroy(&context);
}
END_TEST

/* Checkerboard 256, kernel 32, sum pooling, label 1: arXiv 2206.02001, figure 3 and table 2. */
START_TEST(published_linear_network) {
  const struct rst_labelled_image image = {{.kind = "checkerboard", .size = 256}, 1};
  const double windowed = 0.25 * (32.0 * 32.0) * (225.0 * 225.0);
  const double circular = 0.25 * pow(256.0, 4);
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&image, 1, 32);
  parameters.kind = "conv-linear";
  parameters.conv.pooling = RST_POOLING_SUM;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  const double low = rst_test_eigenvalue(context, flow, RST_SPECTRUM_SMALLEST, NULL);
  const double high = rst_test_eigenvalue(context, flow, RST_SPECTRUM_LARGEST, NULL);
  const struct rst_extent waves = symbol(context, flow);
  ck_assert_double_le(fabs(high), 1e-6);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "euler";
  p.lr = 1e-8;
  const struct {
    double weight_decay;
    bool enough, stable;
  } table[] = {{1.2e7, false, false}, {1.4e7, true, true}, {1.9e8, true, true}, {2.1e8, true, false}};
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    p.weight_decay = table[i].weight_decay;
    const struct rst_step_limits limits = find(context, &p, low, high);
    ck_assert_double_eq_tol(limits.decay_min / windowed, 1.0, 1e-12);
    ck_assert_double_eq_tol(limits.decay_max, 2e8, 1e-3);
    ck_assert(limits.stable == table[i].stable);
    ck_assert((p.weight_decay >= limits.decay_min) == table[i].enough);
    ck_assert((p.weight_decay <= limits.decay_max) == (i < 3));
    if (!table[i].enough) {
      ck_assert(limits.lr_max == 0.0 && limits.critical == low);
      ck_assert_double_eq_tol(limits.growth, 1.0096, 1e-10);
    } else {
      ck_assert_double_eq_tol(limits.lr_max * p.weight_decay, 2.0, 1e-12);
      ck_assert(limits.critical == (i == 1 ? low : high));
      ck_assert((p.lr <= limits.lr_max) == table[i].stable);
    }
    const struct rst_step_limits sufficient = find(context, &p, waves.smallest, waves.largest);
    ck_assert_double_eq_tol(sufficient.decay_min / circular, 1.0, 1e-12);
    ck_assert(!sufficient.stable && sufficient.lr_max == 0.0 && isnan(sufficient.decay_max));
  }
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(failures) {
  struct rst_context *context = rst_test_context();
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  struct rst_step_limits limits = {.growth = 7.0};
  p.kind = "euler";
  const struct {
    double low, high;
    const char *fragment;
  } table[] = {{1.0, 0.5, "spectrum is [1, 0.5]"},
               {NAN, 1.0, "[nan, 1]"},
               {0.0, NAN, "[0, nan]"},
               {0.0, INFINITY, "[0, inf]"},
               {-INFINITY, 0.0, "[-inf, 0]"}};
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, table[i].fragment,
                   rst_step_limits_find(context, &p, table[i].low, table[i].high, &limits));
  }
  p.lr = -1.0;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "lr is -1",
                 rst_step_limits_find(context, &p, 0.0, 1.0, &limits));
  p = rst_test_scheme_defaults;
  p.kind = "cfl";
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "cfl has no growth polynomial",
                 rst_step_limits_find(context, &p, 0.0, 1.0, &limits));
  ck_assert(limits.growth == 7.0);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("step_limits");
  TCase *tests = tcase_create("step_limits");
  const int schemes = rst_test_scheme_count();
  tcase_add_loop_test(tests, root_finding_equals_closed_forms, 0, schemes);
  tcase_add_loop_test(tests, neutral_modes_are_stable, 0, schemes);
  tcase_add_test(tests, complex_roots_of_heavy_ball);
  tcase_add_test(tests, heat_step_limits);
  tcase_add_test(tests, published_linear_network);
  tcase_add_test(tests, failures);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
