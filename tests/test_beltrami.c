/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "restrain/run.h"
#include "support.h"

/* The Beltrami flow: its formula against a plain loop, and what is known of its steps in one dimension. */

#define LINE                                                                                                 \
  "flow: {kind: beltrami, delta: 0.1, fidelity: 0.05, signal: {kind: paper}}\n"                              \
  "step: {lr: 25, iterations: 1}\n"
#define MOMENTUM(step)                                                                                       \
  "flow: {kind: beltrami, delta: 0.1, fidelity: 0.05, signal: {kind: paper}}\n"                              \
  "step: {" step ", momentum: 0.5, iterations: 1}\n"
#define SQUARE                                                                                               \
  "flow: {kind: beltrami, delta: 0.1, fidelity: 0.05, dimension: 2, signal: {kind: gaussian-field, size: "   \
  "12}}\n"                                                                                                   \
  "step: {lr: 25, iterations: 1}\n"

static struct rst_flow_parameters variant(size_t index) {
  struct rst_flow_parameters parameters;
  char label[160];
  ck_assert(rst_test_small_flow("beltrami", index, &parameters, label));
  return parameters;
}

/* E(u) and its gradient, written down point by point from the formula. */
static double plain(const struct rst_flow_parameters *of, const struct rst_field *signal,
                    const struct rst_field *u, struct rst_field *gradient) {
  const struct rst_beltrami_parameters *own = &of->beltrami;
  const double h = of->diffusion.spacing;
  double sum = 0.0;
  rst_field_fill(0.0, gradient);
  for (size_t y = 0; y < u->ny; ++y) {
    for (size_t x = 0; x < u->nx; ++x) {
      const double here = rst_field_get(u, y, x);
      const double right = x + 1 < u->nx ? rst_field_get(u, y, x + 1) : here;
      const double below = y + 1 < u->ny ? rst_field_get(u, y + 1, x) : here;
      const double misfit = here - rst_field_get(signal, y, x);
      const double s = hypot(hypot((right - here) / h, (below - here) / h), own->delta);
      const double flux_x = (right - here) / h / s;
      const double flux_y = (below - here) / h / s;
      sum += 0.5 * own->fidelity * misfit * misfit + s;
      rst_field_set(gradient, y, x,
                    rst_field_get(gradient, y, x) + own->fidelity * misfit - (flux_x + flux_y) / h);
      if (x + 1 < u->nx) {
        rst_field_set(gradient, y, x + 1, rst_field_get(gradient, y, x + 1) + flux_x / h);
      }
      if (y + 1 < u->ny) {
        rst_field_set(gradient, y + 1, x, rst_field_get(gradient, y + 1, x) + flux_y / h);
      }
    }
  }
  return pow(h, own->dimension) * sum;
}

START_TEST(energy_and_gradient_are_the_formula) {
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = variant((size_t)_i);
  const struct rst_initial_parameters own = {.kind = "signal"};
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 3, 1.0);
  struct rst_field *signal = rst_test_state(context, flow, 3, 0.0);
  struct rst_field *gradient = rst_test_state(context, flow, 3, 0.0);
  struct rst_field *expected = rst_test_state(context, flow, 3, 0.0);
  struct rst_field at = rst_test_kernel(flow, u);
  struct rst_field plane = rst_test_kernel(flow, expected);
  struct rst_flow_value value;
  RST_TEST_OK(context, rst_flow_fill_initial(context, flow, &own, signal));
  const struct rst_field of = rst_test_kernel(flow, signal);
  rst_flow_evaluate(flow, u, &value, gradient);
  rst_test_close(value.data_loss, plain(&parameters, &of, &at, &plane), 1e-14);
  ck_assert_double_lt(rst_field_distance(gradient, expected), 1e-14 * rst_field_norm(gradient));
  ck_assert(value.residual == 0.0);
  rst_field_destroy(&expected);
  rst_field_destroy(&gradient);
  rst_field_destroy(&signal);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

static void fill_wave(double theta_y, double theta_x, double shift, struct rst_field *plane) {
  for (size_t y = 0; y < plane->ny; ++y) {
    for (size_t x = 0; x < plane->nx; ++x) {
      rst_field_set(plane, y, x, cos(theta_y * (double)y + theta_x * (double)x + shift));
    }
  }
}

/* At any state, not only where the coefficients are constant. */
START_TEST(frozen_symbol_is_the_rayleigh_quotient) {
  const double pi = acos(-1.0);
  struct rst_context *context = rst_test_context();
  const struct rst_flow_parameters parameters = variant((size_t)_i);
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *u = rst_test_state(context, flow, 3, 1.0);
  struct rst_field *wave = rst_test_state(context, flow, 3, 0.0);
  struct rst_field *product = rst_test_state(context, flow, 3, 0.0);
  struct rst_field *lambda = rst_test_symbol(context, flow);
  struct rst_field plane = rst_test_kernel(flow, wave);
  RST_TEST_OK(context, rst_flow_frozen_symbol(flow, u, lambda));
  rst_flow_linearise(flow, u, NULL, NULL);
  for (size_t ky = 0; ky < lambda->ny; ++ky) {
    for (size_t kx = 0; kx < lambda->nx; ++kx) {
      double quotient = 0.0;
      for (int part = 0; part < 2; ++part) {
        fill_wave(2 * pi * (double)ky / (double)plane.ny, 2 * pi * (double)kx / (double)plane.nx,
                  part * pi / 2, &plane);
        rst_flow_hessian_product(flow, wave, product);
        quotient += rst_field_dot(wave, product) / (double)rst_field_count(wave);
      }
      rst_test_close(rst_field_get(lambda, ky, kx), quotient, 1e-12);
    }
  }
  rst_field_destroy(&lambda);
  rst_field_destroy(&product);
  rst_field_destroy(&wave);
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The largest deviation from where the linear terms alone would rest: over a run that ends early beyond 1e7, and at its end. */
struct deviation {
  double most, last;
};

static struct deviation deviate(const char *text, const char *one, const char *other, int updates) {
  struct rst_context *context = rst_test_bench.context;
  struct rst_case *loaded = rst_test_case(text, one, other);
  const double fidelity = loaded->flow.beltrami.fidelity;
  struct rst_problem problem;
  struct rst_scheme *scheme = NULL;
  struct rst_field *rest = NULL;
  struct rst_field *gradient = NULL;
  struct deviation deviation = {0};
  RST_TEST_OK(context, rst_problem_create(context, loaded, &problem));
  RST_TEST_OK(context, rst_scheme_create(context, &loaded->step.scheme, problem.flow, &scheme));
  RST_TEST_OK(context, rst_field_create_like(context, problem.u, &rest));
  RST_TEST_OK(context, rst_field_create_like(context, problem.u, &gradient));
  rst_field_copy(problem.u, rest);
  rst_field_scale(fidelity / (fidelity + loaded->step.scheme.weight_decay), rest);
  for (int t = 0; t < updates && deviation.last < 1e7; ++t) {
    struct rst_flow_value value;
    rst_flow_evaluate(problem.flow, problem.u, &value, gradient);
    RST_TEST_OK(context, rst_scheme_step(scheme, gradient, problem.u, NULL));
    rst_field_copy(problem.u, gradient);
    rst_field_axpy(-1.0, rest, gradient);
    deviation.last = rst_field_max_abs(gradient);
    deviation.most = fmax(deviation.most, deviation.last);
  }
  rst_field_destroy(&gradient);
  rst_field_destroy(&rest);
  rst_scheme_destroy(&scheme);
  rst_problem_destroy(&problem);
  rst_case_destroy(&loaded);
  return deviation;
}

/* lr_hi = 2/(fidelity + decay), in two dimensions too. */
START_TEST(bounded_exactly_below_the_limit_of_what_is_linear) {
  static const struct {
    const char *text, *lr, *decay;
    bool bounded;
  } runs[] = {
      {LINE, "step.lr=39.9", NULL, true},
      {LINE, "step.lr=40.1", NULL, false},
      {LINE, "step.lr=28.5", "step.weight_decay=0.02", true},
      {LINE, "step.lr=28.65", "step.weight_decay=0.02", false},
      {LINE, "step.lr=40.1", "flow.precision=float", false},
      {SQUARE, "step.lr=39.9", NULL, true},
      {SQUARE, "step.lr=40.1", NULL, false},
  };
  for (size_t i = 0; i < sizeof runs / sizeof *runs; ++i) {
    const struct deviation found = deviate(runs[i].text, runs[i].lr, runs[i].decay, 6000);
    ck_assert_msg((found.last < 1e6) == runs[i].bounded, "%s: %g", runs[i].lr, found.last);
  }
}
END_TEST

/* Short of A by delta^2/(8 A^2), relative (h = 1); for lr lambda >= 1 euler never passes it. */
START_TEST(saturates_at_the_amplitude) {
  static const struct {
    const char *text, *one, *other;
    double amplitude;
    bool bound;
  } runs[] = {
      {LINE, "step.lr=21", NULL, 42 / (2 - 1.05), true},
      {LINE, "step.lr=35", NULL, 70 / (2 - 1.75), true},
      {LINE, "step.lr=25", "step.weight_decay=0.02", 50 / (2 - 1.75), true},
      {LINE, "step.lr=25", "flow.diffusion.spacing=0.5", 100 / (2 - 1.25), false},
      {MOMENTUM("scheme: heavy-ball, lr: 48"), NULL, NULL, 96 / (3 - 2.4), false},
      {MOMENTUM("scheme: nesterov, lr: 24"), NULL, NULL, 48 / (1.5 - 1.2), false},
  };
  const struct deviation found = deviate(runs[_i].text, runs[_i].one, runs[_i].other, 10000);
  struct rst_analysis *analysis = rst_test_analyze(runs[_i].text, runs[_i].one, runs[_i].other);
  rst_test_close(analysis->saturated_amplitude, runs[_i].amplitude, 1e-9);
  rst_test_close(found.last, runs[_i].amplitude, 1e-6);
  ck_assert(!runs[_i].bound || found.most <= runs[_i].amplitude);
  rst_analysis_destroy(&analysis);
}
END_TEST

/* Growth of a small perturbation of the minimum. */
static double growth(struct rst_flow *flow, const struct rst_analysis *analysis, double lr) {
  struct rst_context *context = rst_test_bench.context;
  const struct rst_analysed_point *minimum = &analysis->points[analysis->minimum];
  const struct rst_scheme_parameters parameters = {.kind = "euler", .lr = lr, .divisor = 1.0};
  struct rst_scheme *scheme = rst_test_scheme(context, &parameters, flow);
  struct rst_field *u = rst_test_state(context, flow, 1, 0.0);
  struct rst_field *gradient = rst_test_state(context, flow, 1, 0.0);
  const double size = 1e-6;
  rst_field_copy(minimum->point.u, u);
  rst_field_axpy(size, minimum->spectrum.vector_max, u);
  for (int t = 0; t < 4000; ++t) {
    struct rst_flow_value value;
    rst_flow_evaluate(flow, u, &value, gradient);
    RST_TEST_OK(context, rst_scheme_step(scheme, gradient, u, NULL));
  }
  const double found = rst_field_distance(u, minimum->point.u) / size;
  rst_field_destroy(&gradient);
  rst_field_destroy(&u);
  rst_scheme_destroy(&scheme);
  return found;
}

START_TEST(steps_converge_up_to_lr_lo) {
  const char *text = _i ? SQUARE : LINE;
  struct rst_analysis *analysis = rst_test_analyze(text, NULL, NULL);
  struct rst_case *loaded = rst_test_case(text, NULL, NULL);
  struct rst_flow *flow = rst_test_flow(rst_test_bench.context, &loaded->flow);
  double low = 0.5 * analysis->lr_lo;
  double high = 2.0 * analysis->lr_lo;
  while (high / low > 1 + 1e-4) {
    const double middle = sqrt(low * high);
    *(growth(flow, analysis, middle) < 1.0 ? &low : &high) = middle;
  }
  rst_test_close(analysis->lr_lo, low, 1e-3);
  ck_assert_double_lt(analysis->lr_lo,
                      0.1); /* delta h^2/2 = 0.05, or half of it, is the limit where u is flat */
  rst_test_close(analysis->lr_hi, 40, 1e-11);
  ck_assert_int_eq(analysis->verdict, RST_VERDICT_RESTRAINED);
  ck_assert(strstr(analysis->explanation, "bounded by the linear terms") != NULL);
  ck_assert_int_eq(isnan(analysis->saturated_amplitude) != 0, _i == 1);
  rst_flow_destroy(&flow);
  rst_case_destroy(&loaded);
  rst_analysis_destroy(&analysis);
}
END_TEST

START_TEST(beyond_lr_hi_nothing_saturates) {
  struct rst_analysis *analysis = rst_test_analyze(LINE, "step.lr=29", "step.weight_decay=0.02");
  rst_test_close(analysis->lr_hi, 2 / 0.07, 1e-11);
  ck_assert(isnan(analysis->saturated_amplitude));
  ck_assert_int_eq(analysis->verdict, RST_VERDICT_DIVERGENT);
  rst_analysis_destroy(&analysis);
}
END_TEST

/* Of an image with several rows a line is the middle one; the start is I, in either precision. */
START_TEST(the_start_is_the_signal) {
  struct rst_context *context = rst_test_context();
  const struct rst_image_parameters of = {.kind = "gaussian-field", .size = 7, .seed = 4, .exponent = 1.0};
  struct rst_flow_parameters parameters = variant(0);
  const struct rst_initial_parameters own = {.kind = "signal"};
  struct rst_field *image = NULL;
  struct rst_flow *flow = NULL;
  struct rst_field *u = NULL;
  parameters.beltrami.signal = of;
  for (int precision = 0; precision < 2; ++precision) {
    parameters.precision = precision ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
    RST_TEST_OK(context, rst_image_create(context, &of, parameters.precision, &image));
    flow = rst_test_flow(context, &parameters);
    RST_TEST_OK(context, rst_flow_create_state(context, flow, &u));
    RST_TEST_OK(context, rst_flow_fill_initial(context, flow, &own, u));
    ck_assert_uint_eq(rst_field_count(u), 7);
    for (size_t x = 0; x < 7; ++x) {
      ck_assert(rst_field_get(u, 0, x) == rst_field_get(image, 3, x));
    }
    rst_field_destroy(&u);
    rst_flow_destroy(&flow);
    rst_field_destroy(&image);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = NULL;
  for (int fault = 0; fault < 6; ++fault) {
    static const char *const fragments[] = {"delta of the Beltrami flow is 0",
                                            "the fidelity of the Beltrami",
                                            "3 dimensions",
                                            "grid spacing is -1",
                                            "set flow.dimension to 1",
                                            "at least 2"};
    struct rst_flow_parameters parameters = variant(1);
    const double one[] = {1.0};
    const struct rst_field point = {RST_PRECISION_DOUBLE, 1, 1, (void *)one};
    parameters.beltrami.delta = fault == 0 ? 0.0 : 0.1;
    parameters.beltrami.fidelity = fault == 1 ? -0.1 : 0.1;
    parameters.beltrami.dimension = fault == 2 ? 3 : fault == 5 ? 1 : 2;
    parameters.diffusion.spacing = fault == 3 ? -1.0 : 1.0;
    parameters.beltrami.signal.kind = fault == 4 ? "paper" : "checkerboard";
    parameters.beltrami.signal.pixels = fault == 5 ? &point : NULL;
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, fragments[fault],
                   rst_flow_create(context, &parameters, &flow));
    ck_assert_ptr_null(flow);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("beltrami");
  TCase *tests = tcase_create("beltrami");
  tcase_add_checked_fixture(tests, rst_test_bench_set_up, rst_test_bench_tear_down);
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, energy_and_gradient_are_the_formula, 0, 3);
  tcase_add_loop_test(tests, frozen_symbol_is_the_rayleigh_quotient, 0, 3);
  tcase_add_test(tests, bounded_exactly_below_the_limit_of_what_is_linear);
  tcase_add_loop_test(tests, saturates_at_the_amplitude, 0, 6);
  tcase_add_loop_test(tests, steps_converge_up_to_lr_lo, 0, 2);
  tcase_add_test(tests, beyond_lr_hi_nothing_saturates);
  tcase_add_test(tests, the_start_is_the_signal);
  tcase_add_test(tests, what_cannot_be_is_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
