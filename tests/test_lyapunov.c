/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdlib.h>

#include "restrain/fixed_point.h"
#include "restrain/spectrum.h"
#include "restrain/tangent.h"

enum { MOST_ROOTS = 64, MOST_EXPONENTS = 6 };

static int descending(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x < y) - (x > y);
}

/* log |r| of every root of the growth polynomial over the spectrum of a linear flow, largest first. */
static size_t find_roots(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u,
                         const struct rst_scheme_parameters *parameters, double *roots) {
  double lambda[MOST_ROOTS / 2];
  size_t count = 0;
  const size_t modes = rst_spectrum_dense_count(flow);
  ck_assert_uint_le(modes, MOST_ROOTS / 2);
  RST_TEST_OK(context, rst_spectrum_dense(context, flow, u, lambda));
  for (size_t i = 0; i < modes; ++i) {
    double complex c[RST_GROWTH_MAX_DEGREE + 1];
    int degree = 0;
    RST_TEST_OK(context, rst_scheme_growth_polynomial(context, parameters, lambda[i], c, &degree));
    if (degree == 1) {
      roots[count++] = log(cabs(c[0]));
    } else {
      const double complex d = csqrt(c[1] * c[1] / 4.0 - c[0]);
      roots[count++] = log(cabs(-c[1] / 2.0 + d));
      roots[count++] = log(cabs(-c[1] / 2.0 - d));
    }
  }
  qsort(roots, count, sizeof *roots, descending);
  return count;
}

/* Exponents per iteration of steps that are all taken from u, after `burn` of them, by a mean over `steps` more with the weight
 * exp(-1/(s(1-s))), s in (0, 1): for quasi-periodic sequences, which complex roots lead to, it converges faster than any power of the
 * number of steps (Das, Saiki, Sander, Yorke, Nonlinearity 30 (2017) 4111), a plain mean like its reciprocal alone. */
static void find_exponents(struct rst_test_trajectory *trajectory, const struct rst_field *u, int burn,
                           int steps, double *exponents) {
  const size_t count = rst_tangent_count(trajectory->tangent);
  double total = 0.0;
  for (size_t j = 0; j < count; ++j) {
    exponents[j] = 0.0;
  }
  for (int t = 0; t < burn; ++t) {
    rst_field_copy(u, trajectory->u);
    rst_test_step(trajectory);
  }
  for (int t = 1; t < steps; ++t) {
    const double s = (double)t / steps;
    const double weight = exp(-1.0 / (s * (1.0 - s)));
    rst_field_copy(u, trajectory->u);
    rst_test_step(trajectory);
    total += weight;
    for (size_t j = 0; j < count; ++j) {
      exponents[j] += weight * rst_tangent_log_growth(trajectory->tangent, j);
    }
  }
  for (size_t j = 0; j < count; ++j) {
    exponents[j] /= total;
  }
}

/* The spectrum of exponents of a linear flow is that of the growth polynomials' roots. */
static void check_linear(struct rst_context *context, struct rst_flow *flow, const struct rst_field *u,
                         const struct rst_scheme_parameters *parameters) {
  double roots[MOST_ROOTS];
  double exponents[MOST_EXPONENTS];
  struct rst_test_trajectory trajectory = rst_test_depart(context, flow, parameters, MOST_EXPONENTS);
  const size_t count = find_roots(context, flow, u, parameters, roots);
  ck_assert_uint_ge(count, MOST_EXPONENTS);
  find_exponents(&trajectory, u, 3000, 6000, exponents);
  for (size_t j = 0; j < MOST_EXPONENTS; ++j) {
    ck_assert_msg(fabs(exponents[j] - roots[j]) < 1e-6,
                  "%s %s, lr %g, decay %d, exponent %zu: %.9g, expected %.9g", rst_flow_name(flow),
                  parameters->kind, parameters->lr, (int)parameters->decay, j, exponents[j], roots[j]);
  }
  rst_test_arrive(&trajectory);
}

/* Below the step limit, where momentum has complex roots, and above it. */
START_TEST(exponents_of_linear_flows_are_roots) {
  struct rst_context *context = rst_test_context();
  const char *kind = rst_scheme_names()[_i];
  const struct rst_labelled_image image = {{.kind = "gaussian-field", .size = 9, .seed = 3, .exponent = 0.5},
                                           0};
  struct rst_flow_parameters network = rst_test_network(&image, 1, 3);
  network.kind = "conv-linear";
  struct rst_flow *const flows[] = {
      rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 9),
      rst_test_flow(context, &network)};
  for (int f = 0; f < 2; ++f) {
    struct rst_field *u = rst_test_state(context, flows[f], 1, 0.0);
    const double largest = rst_test_eigenvalue(context, flows[f], RST_SPECTRUM_LARGEST, NULL);
    for (int i = 0; i < 4; ++i) {
      struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
      parameters.kind = kind;
      parameters.lr = (i % 2 ? 3.7 : 0.6) / largest;
      parameters.weight_decay = 0.1 * largest;
      parameters.momentum = 0.8;
      parameters.decay = i / 2 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
      if (rst_test_scheme_has_polynomial(kind) && rst_test_scheme_accepts(&parameters)) {
        check_linear(context, flows[f], u, &parameters);
      }
    }
    rst_field_destroy(&u);
  }
  struct rst_flow *first = flows[0];
  struct rst_flow *second = flows[1];
  rst_flow_destroy(&first);
  rst_flow_destroy(&second);
  rst_context_destroy(&context);
}
END_TEST

/* At a minimum of a network every exponent of gradient descent is log |1 - lr lambda|, and the largest changes sign where
 * lr passes 2/lambda_max. */
START_TEST(exponents_at_a_minimum) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 12, 3);
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  struct rst_fixed_point minimum;
  double lambda[MOST_ROOTS];
  parameters.kind = "euler";
  parameters.weight_decay = 0.05;
  struct rst_test_trajectory descent = rst_test_depart(context, flow, &parameters, 0);
  for (int t = 0; t < 1000; ++t) {
    rst_test_step(&descent);
  }
  RST_TEST_OK(context,
              rst_fixed_point_find(context, flow, parameters.weight_decay, descent.u, 1e-12, &minimum));
  const size_t modes = rst_spectrum_dense_count(flow);
  RST_TEST_OK(context, rst_spectrum_dense(context, flow, minimum.u, lambda));
  const double lr_lo = 2.0 / (lambda[modes - 1] + parameters.weight_decay);
  const double ratio[] = {0.5, 0.95, 1.05};
  for (int i = 0; i < 3; ++i) {
    double roots[MOST_ROOTS];
    double exponents[MOST_EXPONENTS];
    parameters.lr = ratio[i] * lr_lo;
    for (size_t j = 0; j < modes; ++j) {
      roots[j] = log(fabs(1.0 - parameters.lr * (lambda[j] + parameters.weight_decay)));
    }
    qsort(roots, modes, sizeof *roots, descending);
    struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, MOST_EXPONENTS);
    find_exponents(&trajectory, minimum.u, 3000, 100, exponents);
    for (size_t j = 0; j < MOST_EXPONENTS; ++j) {
      ck_assert_double_eq_tol(exponents[j], roots[j], 1e-6);
    }
    ck_assert(roots[0] != roots[1] && (ratio[i] > 1.0) == (exponents[0] > 0.0));
    rst_test_arrive(&trajectory);
  }
  rst_field_destroy(&minimum.u);
  rst_test_arrive(&descent);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* A run of gradient descent that converges ends with the exponent of the minimum it has come to. */
START_TEST(converging_run_has_the_exponent_of_its_minimum) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_conv(context, RST_PRECISION_DOUBLE, 12, 3);
  struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
  double lambda[MOST_ROOTS];
  parameters.kind = "euler";
  parameters.weight_decay = 0.05;
  parameters.lr = 0.5;
  struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, 1);
  for (int t = 0; t < 4000; ++t) {
    rst_test_step(&trajectory);
  }
  double sum = 0.0;
  for (int t = 0; t < 100; ++t) {
    rst_test_step(&trajectory);
    sum += rst_tangent_log_growth(trajectory.tangent, 0);
  }
  const size_t modes = rst_spectrum_dense_count(flow);
  RST_TEST_OK(context, rst_spectrum_dense(context, flow, trajectory.u, lambda));
  double largest = -INFINITY;
  for (size_t j = 0; j < modes; ++j) {
    largest = fmax(largest, log(fabs(1.0 - parameters.lr * (lambda[j] + parameters.weight_decay))));
  }
  ck_assert_double_lt(largest, 0.0);
  ck_assert_double_eq_tol(sum / 100.0, largest, 1e-6);
  rst_test_arrive(&trajectory);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The published experiment beyond its first threshold: period 2 at lr = 0.035, whose exponent is negative, chaos at 0.07. The
 * next exponent is that of the decay alone, of kernels that do not see the pattern. */
START_TEST(published_chaos) {
  enum { BURN = 1000, STEPS = 3000 };
  struct rst_context *context = rst_test_context();
  const struct rst_labelled_image image = {{.kind = "checkerboard", .size = 256}, 1};
  const struct rst_flow_parameters network = rst_test_network(&image, 1, 32);
  struct rst_flow *flow = rst_test_flow(context, &network);
  const double lr[] = {0.035, 0.07};
  for (int i = 0; i < 2; ++i) {
    struct rst_scheme_parameters parameters = rst_test_scheme_defaults;
    parameters.kind = "euler";
    parameters.weight_decay = 20.0;
    parameters.lr = lr[i];
    struct rst_test_trajectory trajectory = rst_test_depart(context, flow, &parameters, 2);
    double sum[2] = {0.0, 0.0};
    for (int t = 0; t < BURN + STEPS; ++t) {
      rst_test_step(&trajectory);
      for (size_t j = 0; j < 2 && t >= BURN; ++j) {
        sum[j] += rst_tangent_log_growth(trajectory.tangent, j) / STEPS;
      }
    }
    ck_assert_double_eq_tol(sum[1], log(fabs(1.0 - lr[i] * parameters.weight_decay)), 1e-9);
    ck_assert(i ? fabs(sum[0] - 0.79) < 0.03 : sum[0] < -0.01);
    rst_test_arrive(&trajectory);
  }
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The largest eigenvalue that a step bears, against the closed forms, and on either side of it. */
START_TEST(local_limits) {
  struct rst_context *context = rst_test_context();
  int checked = 0;
  for (int i = 0; i < 3 * RST_TEST_SCHEME_VARIANTS; ++i) {
    struct rst_scheme_parameters p =
        rst_test_scheme_variant(rst_scheme_names()[_i], i % RST_TEST_SCHEME_VARIANTS);
    if (!p.kind) {
      continue;
    }
    const double alpha[] = {0.0, 0.7, 15.0};
    p.weight_decay = alpha[i / RST_TEST_SCHEME_VARIANTS];
    const double real_limit = rst_test_real_limit(&p);
    const double expected = strcmp(p.kind, "imex") == 0 ? 2.0 / p.lr + 2.0 * p.weight_decay
                            : p.decay == RST_DECAY_DECOUPLED
                                ? real_limit * (1.0 / p.lr - p.weight_decay / 2.0) + p.weight_decay
                                : real_limit / p.lr;
    const double limit = rst_scheme_local_limit(context, &p);
    double below = 0.0;
    double above = 0.0;
    rst_test_close(limit, expected, 1e-12);
    RST_TEST_OK(context, rst_scheme_growth(context, &p, 0.9999 * limit - p.weight_decay, &below));
    RST_TEST_OK(context, rst_scheme_growth(context, &p, 1.0001 * limit - p.weight_decay, &above));
    ck_assert_double_le(below, 1.0 + 1e-12);
    ck_assert_double_gt(above, 1.0 + 1e-7);
    ++checked;
  }
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = rst_scheme_names()[_i];
  p.weight_decay = 0.7;
  if (checked == 0) {
    ck_assert(!rst_test_scheme_has_polynomial(p.kind));
    rst_test_close(rst_scheme_local_limit(context, &p),
                   strcmp(p.kind, "adam") == 0 ? 2.0 * 1.9 / (0.1 * p.lr) : 2.0 / p.lr, 1e-14);
  }
  p.lr = -1.0;
  ck_assert(isnan(rst_scheme_local_limit(context, &p)));
  rst_context_destroy(&context);
}
END_TEST

/* Adam's, of both decays: the frozen growth turns there, and nowhere below but at the neutral eigenvalue. */
START_TEST(preconditioned_limits) {
  struct rst_context *context = rst_test_context();
  for (int i = 0; i < 12; ++i) {
    const double beta1[] = {0.0, 0.5, 0.9};
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = "adam";
    p.own[0] = beta1[i % 3];
    p.weight_decay = i / 6 ? 3.0 : 0.0;
    p.decay = i / 3 % 2 ? RST_DECAY_DECOUPLED : RST_DECAY_COUPLED;
    const double shrinking = p.decay == RST_DECAY_DECOUPLED ? 2.0 - p.lr * p.weight_decay : 2.0;
    const double neutral = p.decay == RST_DECAY_DECOUPLED ? -p.weight_decay : 0.0;
    const double limit = rst_scheme_local_limit(context, &p);
    rst_test_close(limit, (1.0 + p.own[0]) * shrinking / ((1.0 - p.own[0]) * p.lr), 1e-13);
    ck_assert_double_lt(rst_scheme_frozen_growth(&p, 0.9999 * limit), 1.0);
    ck_assert_double_gt(rst_scheme_frozen_growth(&p, 1.0001 * limit), 1.0);
    ck_assert_double_lt(rst_scheme_frozen_growth(&p, neutral + 1e-4), 1.0);
    ck_assert_double_gt(rst_scheme_frozen_growth(&p, neutral - 1e-4), 1.0);
  }
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "adam";
  p.decay = RST_DECAY_DECOUPLED;
  p.weight_decay = 25.0;
  ck_assert(isnan(rst_scheme_local_limit(context, &p)));
  ck_assert_double_gt(rst_scheme_frozen_growth(&p, 0.0), 1.0);
  rst_context_destroy(&context);
}
END_TEST

/* Decoupled decay overshoots by itself where lr alpha is beyond (1 + mu)/mu, and beyond (1 + mu)/mu^2 for nesterov. */
START_TEST(decoupled_decay_leaves_no_limit) {
  struct rst_context *context = rst_test_context();
  for (int i = 0; i < 2; ++i) {
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = i ? "nesterov" : "heavy-ball";
    p.momentum = 0.8;
    p.decay = RST_DECAY_DECOUPLED;
    const double end = 1.8 / (i ? 0.64 : 0.8);
    p.weight_decay = 0.99 * end / p.lr;
    ck_assert(isfinite(rst_scheme_local_limit(context, &p)));
    p.weight_decay = 1.01 * end / p.lr;
    ck_assert(isnan(rst_scheme_local_limit(context, &p)));
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("lyapunov");
  TCase *tests = tcase_create("lyapunov");
  const int schemes = rst_test_scheme_count();
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, exponents_of_linear_flows_are_roots, 0, schemes);
  tcase_add_test(tests, exponents_at_a_minimum);
  tcase_add_test(tests, converging_run_has_the_exponent_of_its_minimum);
  tcase_add_test(tests, published_chaos);
  tcase_add_loop_test(tests, local_limits, 0, schemes);
  tcase_add_test(tests, preconditioned_limits);
  tcase_add_test(tests, decoupled_decay_leaves_no_limit);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
