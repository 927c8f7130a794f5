/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdlib.h>

#include "restrain/spectrum.h"

/* The density against the dense spectrum. Over random unit vectors v in n dimensions, <v, f(H) v> has mean tr
 * f / n and variance 2 / (n + 2) (tr f^2 / n - (tr f / n)^2): so far may the means over the probes deviate,
 * and tests allow five standard deviations. */

enum { KERNEL = 9, N = KERNEL * KERNEL, CELLS = 400 };

static double *doubles(size_t count) {
  double *values = calloc(count, sizeof *values);
  ck_assert_ptr_nonnull(values);
  return values;
}

static double deviation(double mean_square, double mean, int probes) {
  return 5 * sqrt(2.0 / (N + 2) * (mean_square - mean * mean) / probes);
}

struct sample {
  struct rst_context *context;
  struct rst_flow *flow;
  struct rst_field *u;
  double values[N]; /* of H(u), ascending */
};

static struct sample make_sample(void) {
  struct sample sample = {.context = rst_test_context()};
  sample.flow = rst_test_conv(sample.context, RST_PRECISION_DOUBLE, 32, KERNEL);
  sample.u = rst_test_state(sample.context, sample.flow, 7, 0.1);
  RST_TEST_OK(sample.context, rst_spectrum_dense(sample.context, sample.flow, sample.u, sample.values));
  return sample;
}

static void free_sample(struct sample *sample) {
  rst_field_destroy(&sample->u);
  rst_flow_destroy(&sample->flow);
  rst_context_destroy(&sample->context);
}

static double spread(const struct sample *sample) {
  return sample->values[N - 1] - sample->values[0];
}

/* tr H^power / n. */
static double moment(const struct sample *sample, double power) {
  double sum = 0.0;
  for (size_t i = 0; i < N; ++i) {
    sum += pow(sample->values[i], power);
  }
  return sum / N;
}

START_TEST(the_integral_is_one_whatever_the_width) {
  struct sample sample = make_sample();
  const double widths[] = {1e-6, 1e-2, 10.0};
  const size_t counts[] = {1, 2, CELLS};
  for (size_t w = 0; w < 3; ++w) {
    for (size_t c = 0; c < 3; ++c) {
      const struct rst_density_parameters parameters = {
          .probes = 2, .steps = 20, .width = widths[w] * spread(&sample), .count = counts[c]};
      double x[CELLS];
      double density[CELLS];
      RST_TEST_OK(sample.context,
                  rst_spectrum_density(sample.context, sample.flow, sample.u, &parameters, x, density));
      const double least = 10 * parameters.width;
      const double cell = counts[c] > 1 ? x[1] - x[0] : 1.0 / density[0];
      double integral = 0.0;
      for (size_t i = 0; i < counts[c]; ++i) {
        ck_assert_double_ge(density[i], 0.0);
        ck_assert(i == 0 || fabs(x[i] - x[i - 1] - cell) < 1e-9 * cell);
        integral += density[i] * cell;
      }
      ck_assert_double_eq_tol(integral, 1.0, 1e-12);
      ck_assert_double_ge(cell * (double)counts[c], least);
      ck_assert_double_le(cell * (double)counts[c], least + 1.01 * spread(&sample));
    }
  }
  free_sample(&sample);
}
END_TEST

/* With as many steps as points the quadrature has the dense spectrum's nodes, with few it has their moments:
 * both cumulative distributions, equally smeared, must agree within five deviations at p = 1/2. */
START_TEST(the_cumulative_distribution_agrees_with_the_dense_one) {
  struct sample sample = make_sample();
  const struct rst_density_parameters parameters = {
      .probes = 50, .steps = _i ? 25 : 1000, .seed = 1, .width = 0.02 * spread(&sample), .count = CELLS};
  const double allowed = deviation(0.5, 0.5, parameters.probes);
  double x[CELLS];
  double density[CELLS];
  RST_TEST_OK(sample.context,
              rst_spectrum_density(sample.context, sample.flow, sample.u, &parameters, x, density));
  const double cell = x[1] - x[0];
  double reached = 0.0;
  for (size_t j = 0; j < CELLS; ++j) {
    double expected = 0.0;
    for (size_t i = 0; i < N; ++i) {
      expected += 0.5 * erfc((sample.values[i] - x[j] - 0.5 * cell) / parameters.width / sqrt(2.0)) / N;
    }
    reached += density[j] * cell;
    ck_assert_double_eq_tol(reached, expected, allowed);
  }
  ck_assert_double_lt(allowed, 0.06);
  free_sample(&sample);
}
END_TEST

/* The smearing adds width^2 to the second moment and the cells add cell^2 / 12. */
START_TEST(moments_are_traces) {
  struct sample sample = make_sample();
  const struct rst_density_parameters parameters = {
      .probes = 200, .steps = 10, .seed = 11, .width = 0.01 * spread(&sample), .count = CELLS};
  double x[CELLS];
  double density[CELLS];
  double first = 0.0;
  double second = 0.0;
  RST_TEST_OK(sample.context,
              rst_spectrum_density(sample.context, sample.flow, sample.u, &parameters, x, density));
  const double cell = x[1] - x[0];
  for (size_t j = 0; j < CELLS; ++j) {
    first += x[j] * density[j] * cell;
    second += x[j] * x[j] * density[j] * cell;
  }
  second -= parameters.width * parameters.width + cell * cell / 12;
  const double rounding = 1e-5 * moment(&sample, 2); /* of the tails, which the outer cells take */
  ck_assert_double_eq_tol(first, moment(&sample, 1),
                          deviation(moment(&sample, 2), moment(&sample, 1), parameters.probes));
  ck_assert_double_eq_tol(second, moment(&sample, 2),
                          deviation(moment(&sample, 4), moment(&sample, 2), parameters.probes) + rounding);
  free_sample(&sample);
}
END_TEST

/* One free point with eigenvalue 2: the Krylov space ends at once and the density is a Gaussian. */
START_TEST(a_single_eigenvalue_gives_a_gaussian) {
  enum { COUNT = 101 };
  const double width = 0.3;
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 3);
  struct rst_field *u = rst_test_state(context, flow, 7, 1.0);
  const struct rst_density_parameters parameters = {.probes = 3, .steps = 50, .width = width, .count = COUNT};
  double x[COUNT];
  double density[COUNT];
  RST_TEST_OK(context, rst_spectrum_density(context, flow, u, &parameters, x, density));
  for (size_t i = 0; i < COUNT; ++i) {
    const double z = (x[i] - 2.0) / width;
    ck_assert_double_eq_tol(x[i], 2.0 + 10 * width * ((double)i - 50) / COUNT, 1e-12);
    ck_assert_double_eq_tol(density[i], exp(-z * z / 2) / width / sqrt(2 * acos(-1.0)), 2e-3);
  }
  rst_field_destroy(&u);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(the_seed_decides_every_bit) {
  struct sample sample = make_sample();
  struct rst_density_parameters parameters = {
      .probes = 1, .steps = 8, .seed = 4, .width = 0.01, .count = CELLS};
  double *x = doubles(CELLS);
  double *runs[3];
  for (int run = 0; run < 3; ++run) {
    runs[run] = doubles(CELLS);
    parameters.seed = run == 2 ? 5 : 4;
    RST_TEST_OK(sample.context,
                rst_spectrum_density(sample.context, sample.flow, sample.u, &parameters, x, runs[run]));
  }
  bool differs = false;
  for (size_t i = 0; i < CELLS; ++i) {
    ck_assert_double_eq(runs[0][i], runs[1][i]);
    differs = differs || runs[0][i] != runs[2][i];
  }
  ck_assert(differs);
  for (int run = 0; run < 3; ++run) {
    free(runs[run]);
  }
  free(x);
  free_sample(&sample);
}
END_TEST

START_TEST(failures) {
  struct sample sample = make_sample();
  const struct rst_density_parameters good = {.probes = 1, .steps = 8, .width = 0.01, .count = 1};
  struct rst_density_parameters bad[] = {good, good, good, good, good};
  const char *const fragments[] = {"probes is 0", "steps is 0", "width is 0", "width is nan",
                                   "abscissae is 0"};
  bad[0].probes = 0;
  bad[1].steps = 0;
  bad[2].width = 0.0;
  bad[3].width = (double)NAN;
  bad[4].count = 0;
  double x = 3.0;
  double density = 3.0;
  for (size_t i = 0; i < 5; ++i) {
    RST_TEST_FAILS(sample.context, RST_ERROR_ARGUMENT, fragments[i],
                   rst_spectrum_density(sample.context, sample.flow, sample.u, &bad[i], &x, &density));
  }
  rst_field_set(sample.u, 0, 0, INFINITY);
  RST_TEST_FAILS(sample.context, RST_ERROR_NUMERIC, "overflows",
                 rst_spectrum_density(sample.context, sample.flow, sample.u, &good, &x, &density));
  ck_assert(x == 3.0 && density == 3.0);
  free_sample(&sample);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("density");
  TCase *tests = tcase_create("density");
  tcase_set_timeout(tests, 600);
  tcase_add_test(tests, the_integral_is_one_whatever_the_width);
  tcase_add_loop_test(tests, the_cumulative_distribution_agrees_with_the_dense_one, 0, 2);
  tcase_add_test(tests, moments_are_traces);
  tcase_add_test(tests, a_single_eigenvalue_gives_a_gaussian);
  tcase_add_test(tests, the_seed_decides_every_bit);
  tcase_add_test(tests, failures);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
