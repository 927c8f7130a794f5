/* SPDX-License-Identifier: GPL-3.0-or-later */

/** @file
 * Weak orders, from exact expectations. A network with a kernel of one point on images of one point has one number x as its state,
 * so that E[phi(x_T) | x_0] is found by going backwards: f(x) = sum over outcomes of their probability times f(where x steps to),
 * from f = phi on, between the points of a grid by splines. No random error is left: what remains is that of the method.
 */

#include <gsl/gsl_integration.h>
#include <gsl/gsl_spline.h>

#include "restrain/sampling.h"
#include "support.h"

enum { IMAGES = 3, PAIRS = IMAGES * IMAGES, NODES = 20, POINTS = 801, STEPS = 8, MOMENTS = 2 };
/* Far beyond where the decay lets a path go. */
static const double RIM = 12.0;
static const double LR = 1.0, DECAY = 0.3, START = 1.0;

/* Where each point of the grid steps to. */
struct chain {
  size_t outcomes;
  double probability[NODES];
  double target[NODES][POINTS];
};

struct bench {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_field *u, *gradient;
  double point[POINTS];
  struct chain chain;
};

static void set_up(struct bench *bench) {
  static const struct rst_labelled_image images[IMAGES] = {
      {.image = {.kind = "constant", .size = 1, .value = 3.0}, .label = 1},
      {.image = {.kind = "constant", .size = 1, .value = 1.0}, .label = 0},
      {.image = {.kind = "constant", .size = 1, .value = -2.0}, .label = 1},
  };
  const struct rst_flow_parameters parameters = rst_test_network(images, IMAGES, 1);
  *bench = (struct bench){.context = rst_test_context()};
  bench->flow = rst_test_flow(bench->context, &parameters);
  RST_TEST_OK(bench->context, rst_flow_prepare(bench->flow, 2));
  RST_TEST_OK(bench->context, rst_flow_create_state(bench->context, bench->flow, &bench->u));
  RST_TEST_OK(bench->context, rst_flow_create_state(bench->context, bench->flow, &bench->gradient));
  for (size_t k = 0; k < POINTS; ++k) {
    bench->point[k] = RIM * (2.0 * (double)k / (POINTS - 1) - 1.0);
  }
}

static void tear_down(struct bench *bench) {
  rst_field_destroy(&bench->u);
  rst_field_destroy(&bench->gradient);
  rst_flow_destroy(&bench->flow);
  rst_context_destroy(&bench->context);
}

/* Of the objective with the weights of a draw, at point k of the grid. */
static double slope(struct bench *bench, const struct rst_draw *draw, size_t k) {
  struct rst_flow_value value;
  rst_field_set(bench->u, 0, 0, bench->point[k]);
  rst_flow_choose(bench->flow, draw);
  rst_flow_evaluate(bench->flow, bench->u, &value, bench->gradient);
  rst_flow_choose(bench->flow, NULL);
  return rst_field_get(bench->gradient, 0, 0) + DECAY * bench->point[k];
}

/* The pairs that the sampler draws, of which each is as likely as any other. */
static void chain_of_svag(struct bench *bench, double length) {
  const struct rst_sampling_parameters parameters = {
      .kind = "svag", .batch = 1, .length = length, .order = RST_ORDER_REPLACEMENT};
  struct rst_sampler *sampler = NULL;
  bool seen[PAIRS] = {false};
  RST_TEST_OK(bench->context, rst_sampler_create(bench->context, &parameters, IMAGES, &sampler));
  bench->chain.outcomes = 0;
  for (long t = 0; bench->chain.outcomes < PAIRS; ++t) {
    const struct rst_draw *draw = rst_sampler_draw(sampler, t);
    const size_t pair = draw->indices[0] * IMAGES + draw->indices[1];
    for (size_t k = 0; k < POINTS && !seen[pair]; ++k) {
      const double step = LR * rst_sampling_step(&parameters);
      bench->chain.target[bench->chain.outcomes][k] = bench->point[k] - step * slope(bench, draw, k);
    }
    bench->chain.probability[bench->chain.outcomes] = 1.0 / PAIRS;
    bench->chain.outcomes += seen[pair] ? 0 : 1;
    seen[pair] = true;
  }
  rst_sampler_destroy(&sampler);
}

/* Mean and deviation of the gradient of one example. */
static void noise_at(struct bench *bench, size_t k, double *mean, double *deviation) {
  const double one = 1.0;
  double square = 0.0;
  *mean = slope(bench, NULL, k);
  for (size_t i = 0; i < IMAGES; ++i) {
    const double away = slope(bench, &(struct rst_draw){1, &i, &one, NULL}, k) - *mean;
    square += away * away / IMAGES;
  }
  *deviation = sqrt(square);
}

/* The normal increments by Gauss-Hermite quadrature. */
static void chain_of_sde(struct bench *bench, double length) {
  gsl_integration_fixed_workspace *rule =
      gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, NODES, 0.0, 0.5, 0.0, 0.0);
  ck_assert_ptr_nonnull(rule);
  bench->chain.outcomes = NODES;
  for (size_t k = 0; k < POINTS; ++k) {
    double mean = 0.0;
    double deviation = 0.0;
    noise_at(bench, k, &mean, &deviation);
    for (size_t j = 0; j < NODES; ++j) {
      const double xi = gsl_integration_fixed_nodes(rule)[j];
      bench->chain.probability[j] = gsl_integration_fixed_weights(rule)[j] / sqrt(2.0 * M_PI);
      bench->chain.target[j][k] = bench->point[k] - LR / length * (mean + sqrt(length) * deviation * xi);
    }
  }
  gsl_integration_fixed_free(rule);
}

/* E[x_T^power] after `updates` of the chain. */
static double expectation(struct bench *bench, int power, long updates) {
  gsl_spline *spline = gsl_spline_alloc(gsl_interp_cspline, POINTS);
  double f[POINTS];
  for (size_t k = 0; k < POINTS; ++k) {
    f[k] = pow(bench->point[k], power);
  }
  for (long t = 0; t < updates; ++t) {
    gsl_spline_init(spline, bench->point, f, POINTS);
    for (size_t k = 0; k < POINTS; ++k) {
      f[k] = 0.0;
      for (size_t j = 0; j < bench->chain.outcomes; ++j) {
        const double x = fmin(fmax(bench->chain.target[j][k], -RIM), RIM);
        f[k] += bench->chain.probability[j] * gsl_spline_eval(spline, x, NULL);
      }
    }
  }
  gsl_spline_init(spline, bench->point, f, POINTS);
  const double found = gsl_spline_eval(spline, START, NULL);
  gsl_spline_free(spline);
  return found;
}

/* For l = 1, 2, 4, ... */
enum { LENGTHS = 7 };
static void expectations(struct bench *bench, void (*make)(struct bench *bench, double length),
                         double found[MOMENTS][LENGTHS]) {
  for (int i = 0; i < LENGTHS; ++i) {
    make(bench, ldexp(1.0, i));
    for (int m = 0; m < MOMENTS; ++m) {
      found[m][i] = expectation(bench, m + 1, (long)STEPS << i);
    }
  }
}

/* What the last three tend to, their error being a series in 1/l. */
static double limit_of(const double value[LENGTHS]) {
  const double last = 2.0 * value[LENGTHS - 1] - value[LENGTHS - 2];
  const double before = 2.0 * value[LENGTHS - 2] - value[LENGTHS - 3];
  return (4.0 * last - before) / 3.0;
}

static double order(const double value[LENGTHS], double limit, int i) {
  return log2((value[i] - limit) / (value[i + 1] - limit));
}

/* The orders of successive l approach 1 at the rate 1/l, so that two in a row give their limit. */
static void check_order(const double value[LENGTHS], double limit) {
  const double last = order(value, limit, LENGTHS - 2);
  const double before = order(value, limit, LENGTHS - 3);
  ck_assert_double_le(fabs(last - 1.0), 0.07);
  ck_assert_double_le(fabs(last - 1.0), 0.7 * fabs(before - 1.0));
  ck_assert_double_le(fabs(2.0 * last - before - 1.0), 0.02);
}

/* The same limit, each at first order; and errors that are no rounding. */
START_TEST(svag_is_weakly_of_first_order) {
  static struct bench bench;
  double svag[MOMENTS][LENGTHS];
  double sde[MOMENTS][LENGTHS];
  set_up(&bench);
  expectations(&bench, chain_of_svag, svag);
  expectations(&bench, chain_of_sde, sde);
  for (int m = 0; m < MOMENTS; ++m) {
    const double limit = limit_of(sde[m]);
    ck_assert_double_le(fabs(limit_of(svag[m]) - limit), 2e-3 * fabs(svag[m][0] - limit));
    check_order(svag[m], limit);
    check_order(sde[m], limit);
    ck_assert_double_gt(fabs(svag[m][0] - limit), 0.03);
  }
  tear_down(&bench);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("weak_order");
  TCase *tests = tcase_create("weak_order");
  tcase_add_test(tests, svag_is_weakly_of_first_order);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
