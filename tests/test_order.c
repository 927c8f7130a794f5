/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

static const double pi = 3.14159265358979323846;

/* Distance from `reference` after `steps` steps of lr = duration/steps from the state of `seed`. */
static double error_after(struct rst_context *context, struct rst_flow *flow,
                          struct rst_scheme_parameters parameters, double duration, long steps, uint32_t seed,
                          const struct rst_field *reference) {
  parameters.lr = duration / (double)steps;
  struct rst_scheme *scheme = rst_test_scheme(context, &parameters, flow);
  struct rst_field *u = rst_test_state(context, flow, seed, 1.0);
  rst_test_advance(context, flow, scheme, steps, u);
  const double error = rst_field_distance(u, reference);
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
  return error;
}

static struct rst_field *continuous(struct rst_context *context, struct rst_flow *flow, double weight_decay,
                                    double duration, uint32_t seed) {
  struct rst_field *u = rst_test_state(context, flow, seed, 1.0);
  RST_TEST_OK(context, rst_flow_integrate(context, flow, weight_decay, duration, 1e-13, u));
  return u;
}

/* The non-linear network, and heat with fixed ends. */
enum { FLOWS = 2 };

static struct rst_flow *flow_of(struct rst_context *context, int index) {
  return index == 0 ? rst_test_conv(context, RST_PRECISION_DOUBLE, 24, 5)
                    : rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 2, 7);
}

/* Halving lr divides the error by 2^order. */
static void check_order(struct rst_context *context, struct rst_flow *flow,
                        const struct rst_scheme_parameters *parameters, double duration, long steps,
                        const struct rst_field *reference, int order) {
  double error[3];
  for (int i = 0; i < 3; ++i) {
    error[i] = error_after(context, flow, *parameters, duration, steps << i, 7, reference);
  }
  ck_assert_double_gt(error[2], 1e-12); /* far above rounding, or the order means nothing */
  for (int i = 0; i < 2; ++i) {
    const double observed = log2(error[i] / error[i + 1]);
    ck_assert_msg(fabs(observed - order) < 0.15, "%s on %s: order %.3f instead of %d, errors %g %g",
                  parameters->kind, rst_flow_name(flow), observed, order, error[i], error[i + 1]);
  }
}

START_TEST(one_step_schemes_have_their_order) {
  const struct {
    const char *kind;
    int order;
    long steps;
  } table[] = {{"euler", 1, 400}, {"imex", 1, 400}, {"rk2", 2, 100}, {"rk4", 4, 32}, {"cfl", 1, 400}};
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = flow_of(context, _i);
  struct rst_field *reference = continuous(context, flow, 0.8, 1.0, 7);
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = table[i].kind;
    p.weight_decay = 0.8;
    check_order(context, flow, &p, 1.0, table[i].steps, reference, table[i].order);
  }
  rst_field_destroy(&reference);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* On the slow manifold v = g/(1-mu) + O(lr), so that momentum follows the flow with time scaled by 1/(1-mu)
 * to first order, the start from v = 0 included. Decoupled decay is not amplified by momentum: in the scaled
 * time it is alpha (1-mu). */
START_TEST(momentum_follows_the_flow_in_scaled_time) {
  const char *const kinds[] = {"heavy-ball", "nesterov"};
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = flow_of(context, _i);
  for (int variant = 0; variant < 4; ++variant) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = kinds[variant / 2];
    p.momentum = 0.5;
    p.weight_decay = 0.8;
    p.decay = variant % 2 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
    const double speed = 1.0 / (1.0 - p.momentum);
    const double decay = variant % 2 ? p.weight_decay / speed : p.weight_decay;
    struct rst_field *reference = continuous(context, flow, decay, 1.0, 7);
    check_order(context, flow, &p, 1.0 / speed, 800, reference, 1);
    rst_field_destroy(&reference);
  }
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* Below the limit cfl is gradient descent to the bit; above it, it takes safety 2/lambda_max. */
START_TEST(cfl_is_euler_below_the_limit) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = flow_of(context, _i);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.lr = 0.02;
  p.weight_decay = 0.8;
  p.divisor = 3.0;
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *v = rst_test_state(context, flow, 7, 1.0);
  p.kind = "euler";
  struct rst_scheme *euler = rst_test_scheme(context, &p, flow);
  p.kind = "cfl";
  struct rst_scheme *cfl = rst_test_scheme(context, &p, flow);
  rst_test_advance(context, flow, euler, 20, u);
  rst_test_advance(context, flow, cfl, 20, v);
  ck_assert_int_eq(memcmp(u->data, v->data, rst_field_count(u) * sizeof(double)), 0);
  rst_scheme_destroy(&cfl);
  rst_scheme_destroy(&euler);
  rst_field_destroy(&v);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The eigenvalue of heat is known; with steps just inside the limit every mode decays although lr is far
 * outside. */
START_TEST(cfl_keeps_heat_stable) {
  enum { POINTS = 31, STEPS = 50 };
  struct rst_context *context = rst_test_context();
  for (int precision = 0; precision < 2; ++precision) {
    struct rst_flow *flow = rst_test_heat(context, precision ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE,
                                          RST_BOUNDARY_DIRICHLET, 1, POINTS);
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = "cfl";
    p.lr = 100.0;
    p.weight_decay = 0.2;
    struct rst_scheme *scheme = rst_test_scheme(context, &p, flow);
    struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
    struct rst_field *gradient = rst_test_state(context, flow, 7, 1.0);
    rst_flow_pin(flow, u);
    const double s = sin(29.0 * pi / 60.0);
    const double expected = p.safety * 2.0 / (4.0 * s * s + p.weight_decay);
    double norm = rst_field_norm(u);
    for (int t = 0; t < STEPS; ++t) {
      struct rst_flow_value value;
      double dt = 0.0;
      rst_flow_evaluate(flow, u, &value, gradient);
      RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, &dt));
      ck_assert_double_eq_tol(dt / expected, 1.0, precision ? 1e-5 : 1e-6);
      ck_assert_double_lt(rst_field_norm(u), norm);
      norm = rst_field_norm(u);
    }
    rst_field_destroy(&gradient);
    rst_field_destroy(&u);
    rst_scheme_destroy(&scheme);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

/* Where the slope has overflowed there is no curvature to find; the step shows it in u and is no error. */
START_TEST(cfl_passes_an_overflow_on) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_PERIODIC, 1, 8);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "cfl";
  struct rst_scheme *scheme = rst_test_scheme(context, &p, flow);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  rst_field_scale(1e308, u);
  rst_test_advance(context, flow, scheme, 1, u);
  ck_assert(!rst_field_is_finite(u));
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* A linear network with label 1 and no decay has no positive curvature: cfl finds no limit and takes lr. */
START_TEST(cfl_without_positive_curvature_takes_lr) {
  struct rst_context *context = rst_test_context();
  const struct rst_labelled_image image = {.image = {.kind = "checkerboard", .size = 12}, .label = 1};
  struct rst_flow *flow = NULL;
  RST_TEST_OK(context, rst_flow_create(context,
                                       &(struct rst_flow_parameters){.kind = "conv-linear",
                                                                     .boundary = RST_BOUNDARY_VALID,
                                                                     .diffusion = {.spacing = 1.0},
                                                                     .conv.kernel = 4,
                                                                     .conv.images = &image,
                                                                     .conv.image_count = 1,
                                                                     .conv.activation = "swish",
                                                                     .conv.beta = 1.0,
                                                                     .conv.correlation = "auto"},
                                       &flow));
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "cfl";
  p.lr = 0.3;
  struct rst_scheme *scheme = rst_test_scheme(context, &p, flow);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  struct rst_field *gradient = rst_test_state(context, flow, 7, 1.0);
  for (int t = 0; t < 5; ++t) {
    struct rst_flow_value value;
    double dt = 0.0;
    rst_flow_evaluate(flow, u, &value, gradient);
    RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, &dt));
    ck_assert(dt == p.lr);
  }
  rst_field_destroy(&gradient);
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
  /* The same flow grows without bound: the integrator gives up and leaves the state alone. */
  struct rst_field *start = rst_test_state(context, flow, 7, 1.0);
  u = rst_test_state(context, flow, 7, 1.0);
  RST_TEST_FAILS(context, RST_ERROR_NUMERIC, "could not be integrated beyond",
                 rst_flow_integrate(context, flow, 0.0, 1e6, 1e-8, u));
  ck_assert(rst_field_distance(u, start) == 0.0);
  rst_field_destroy(&start);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* A plane wave decays as exp(-(lambda + alpha) t); a float flow follows to its own accuracy. */
START_TEST(integration_equals_the_exact_solution) {
  enum { POINTS = 16, WAVE = 3 };
  struct rst_context *context = rst_test_context();
  const double duration = 1.5;
  const double alpha = 0.3;
  const double s = sin(pi * WAVE / POINTS);
  const double factor = exp(-(4.0 * s * s + alpha) * duration);
  const double tolerance[] = {1e-11, 1e-5};
  for (int precision = 0; precision < 2; ++precision) {
    struct rst_flow *flow = rst_test_heat(context, precision ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE,
                                          RST_BOUNDARY_PERIODIC, 1, POINTS);
    struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
    for (size_t x = 0; x < POINTS; ++x) {
      rst_field_set(u, 0, x, cos(2.0 * pi * WAVE * (double)x / POINTS));
    }
    RST_TEST_OK(context, rst_flow_integrate(context, flow, alpha, duration, tolerance[precision] / 10, u));
    for (size_t x = 0; x < POINTS; ++x) {
      const double exact = factor * cos(2.0 * pi * WAVE * (double)x / POINTS);
      ck_assert_double_eq_tol(rst_field_get(u, 0, x), exact, tolerance[precision]);
    }
    struct rst_field *before = rst_test_state(context, flow, 7, 1.0);
    rst_field_copy(u, before);
    RST_TEST_OK(context, rst_flow_integrate(context, flow, alpha, 0.0, 1e-6, u));
    ck_assert(rst_field_distance(u, before) == 0.0);
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "duration is -1",
                   rst_flow_integrate(context, flow, alpha, -1.0, 1e-6, u));
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "tolerance is 0",
                   rst_flow_integrate(context, flow, alpha, 1.0, 0.0, u));
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "weight_decay is nan",
                   rst_flow_integrate(context, flow, NAN, 1.0, 1e-6, u));
    rst_field_destroy(&before);
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("order");
  TCase *tests = tcase_create("order");
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, one_step_schemes_have_their_order, 0, FLOWS);
  tcase_add_loop_test(tests, momentum_follows_the_flow_in_scaled_time, 0, FLOWS);
  tcase_add_loop_test(tests, cfl_is_euler_below_the_limit, 0, FLOWS);
  tcase_add_test(tests, cfl_keeps_heat_stable);
  tcase_add_test(tests, cfl_passes_an_overflow_on);
  tcase_add_test(tests, cfl_without_positive_curvature_takes_lr);
  tcase_add_test(tests, integration_equals_the_exact_solution);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
