/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <stdio.h>

#include "motion/difference.h"
#include "restrain/threshold.h"
#include "restrain/von_neumann.h"

static bool is(const char *kind, const char *name) {
  return strcmp(kind, name) == 0;
}

/* One free point, hence one mode: growth is what the growth polynomial says, through hundreds of decades and
 * of rescalings, of momentum too. Steps are such that the larger root is real. */
START_TEST(growth_of_the_difference) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 3);
  struct rst_field *start = rst_test_state(context, flow, 1, 1.0);
  const double lambda = 2.0;
  const double steps[] = {0.02, 0.1, 1.6, 3.3, 4.5, 9.0};
  const long half = 1500;
  int checked = 0;
  for (int index = 0; index < 4; ++index) { /* momentum 0 and 0.5, either decay */
    struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[_i], index);
    for (size_t i = 0; p.kind && i < sizeof steps / sizeof *steps; ++i) {
      p.lr = steps[i] / lambda;
      p.weight_decay = 0.01 * lambda;
      double complex c[RST_GROWTH_MAX_DEGREE + 1];
      int degree = 0;
      double factor = NAN;
      double growth = NAN;
      RST_TEST_OK(context, rst_scheme_growth(context, &p, lambda, &factor));
      RST_TEST_OK(context, rst_scheme_growth_polynomial(context, &p, lambda, c, &degree));
      if (degree == 2 && creal(c[1] * c[1] - 4.0 * c[0]) < 0.1) {
        continue;
      }
      RST_TEST_OK(context, rst_difference_growth(context, flow, &p, start, 2 * half, &growth));
      const double expected = (double)half * log(factor);
      ck_assert_msg(fabs(growth - expected) <= 1e-9 * fabs(expected),
                    "%s, variant %d, step %g: %.12g, not %.12g", p.kind, index, steps[i], growth, expected);
      ++checked;
    }
  }
  ck_assert(!rst_test_scheme_has_polynomial(rst_scheme_names()[_i]) || checked >= 6);
  rst_field_destroy(&start);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

enum { FLOW_VARIANTS = 8 };

/* Parameters of linear flow `index` of a kind and boundary: dimensions and discretisations of heat; label,
 * kernel (smaller than the image, as large), regulariser and pooling of conv-linear, all combinations of any three of
 * these. NULL kind if there is no such flow. */
static struct rst_flow_parameters linear_flow(const char *kind, enum rst_boundary boundary, int index,
                                              struct rst_labelled_image *image) {
  *image = (struct rst_labelled_image){{.kind = "gaussian-field", .size = 8, .seed = 5, .exponent = 1.0},
                                       index % 2};
  struct rst_flow_parameters parameters = rst_test_network(image, 1, index / 2 % 2 ? 5 : 8);
  const bool is_heat = is(kind, "heat");
  parameters.kind = is_heat && index >= 6 ? NULL : kind;
  parameters.boundary = boundary;
  parameters.heat.dimension = index % 2 + 1;
  parameters.heat.points = parameters.heat.dimension == 2 ? 7 : 15;
  parameters.conv.pooling = (index / 4 + index / 2 + index) % 2 ? RST_POOLING_SUM : RST_POOLING_MEAN;
  parameters.diffusion = (struct rst_diffusion){
      .coefficient = is_heat || index / 4 % 2 ? 0.3 : 0.0,
      .spacing = 0.8,
      .discretisation = (enum rst_discretisation)((is_heat ? index / 2 : index) % 3),
  };
  return parameters;
}

static struct rst_threshold bisect(struct rst_context *context, struct rst_flow *flow,
                                   const struct rst_scheme_parameters *parameters,
                                   const struct rst_field *start, const struct rst_threshold_search *search) {
  struct rst_threshold threshold;
  RST_TEST_OK(context, rst_threshold_bisect(context, flow, parameters, start, search, &threshold));
  ck_assert(threshold.low <= threshold.value && threshold.value <= threshold.high);
  ck_assert_double_le(threshold.high - threshold.low, search->tolerance * threshold.value);
  return threshold;
}

/* A linear flow with the ends of its spectrum. */
struct linear {
  struct rst_context *context;
  struct rst_flow *flow;
  double low, high;
  struct rst_field *low_vector, *high_vector;
  char name[64];
};

/* The threshold bisected from the critical eigenvector, against the predicted one. */
static void compare(struct linear *linear, const struct rst_scheme_parameters *p,
                    enum rst_step_parameter parameter, const struct rst_field *vector, double predicted) {
  const struct rst_threshold_search search = {
      .parameter = parameter,
      .low = 0.6 * predicted,
      .high = 1.7 * predicted,
      .tolerance = 4e-7,
      .iterations = rst_test_scheme_has_momentum(p->kind) ? 80 : 24,
  };
  const double found = bisect(linear->context, linear->flow, p, vector, &search).value;
  ck_assert_msg(fabs(found / predicted - 1.0) < 1e-6,
                "%s, %s, decay %d, [%g, %g], lr %g, alpha %g, parameter %d: predicted %.12g, found %.12g",
                linear->name, p->kind, (int)p->decay, linear->low, linear->high, p->lr, p->weight_decay,
                (int)parameter, predicted, found);
}

/* All lr from far below to far above 1/alpha are stable. */
static void expect_no_limit(struct linear *linear, const struct rst_scheme_parameters *p) {
  const struct rst_threshold_search search = {.parameter = RST_STEP_LR,
                                              .low = 1e-2 / p->weight_decay,
                                              .high = 1e3 / p->weight_decay,
                                              .tolerance = 1e-7,
                                              .iterations = 32};
  struct rst_threshold threshold;
  RST_TEST_FAILS(
      linear->context, RST_ERROR_ARGUMENT, "both stable",
      rst_threshold_bisect(linear->context, linear->flow, p, linear->high_vector, &search, &threshold));
}

/* Every threshold of one flow under one scheme. Returns how many were bisected. */
static int compare_all(struct linear *linear, struct rst_scheme_parameters p) {
  const double spread = linear->high - linear->low;
  struct rst_step_limits limits;
  int compared = 0;
  p.lr = 0.1 / spread; /* so small that the decay alone decides */
  RST_TEST_OK(linear->context, rst_step_limits_find(linear->context, &p, linear->low, linear->high, &limits));
  if (limits.decay_min > 0.0) {
    compare(linear, &p, RST_STEP_WEIGHT_DECAY, linear->low_vector, limits.decay_min);
    ++compared;
  }
  if (isfinite(limits.decay_max)) {
    compare(linear, &p, RST_STEP_WEIGHT_DECAY, linear->high_vector, limits.decay_max);
    ++compared;
  }
  p.weight_decay = 1.4 * limits.decay_min + 0.05 * spread;
  RST_TEST_OK(linear->context, rst_step_limits_find(linear->context, &p, linear->low, linear->high, &limits));
  if (isfinite(limits.lr_max)) {
    compare(linear, &p, RST_STEP_LR, linear->high_vector, limits.lr_max);
  } else {
    ck_assert_str_eq(p.kind, "imex");
    expect_no_limit(linear, &p);
  }
  return compared + 1;
}

static int compare_schemes(struct linear *linear) {
  int compared = 0;
  for (int i = 0; i < rst_test_scheme_count(); ++i) {
    for (int index = 2; index < 4; ++index) { /* momentum 0.5, either decay */
      const struct rst_scheme_parameters p = rst_test_scheme_variant(rst_scheme_names()[i], index);
      compared += p.kind ? compare_all(linear, p) : 0;
    }
  }
  return compared;
}

static void open_linear(const struct rst_flow_parameters *parameters, struct linear *linear) {
  struct rst_context *context = linear->context;
  linear->flow = rst_test_flow(context, parameters);
  linear->low_vector = rst_test_state(context, linear->flow, 1, 0.0);
  linear->high_vector = rst_test_state(context, linear->flow, 1, 0.0);
  linear->low = rst_test_eigenvalue(context, linear->flow, RST_SPECTRUM_SMALLEST, linear->low_vector);
  linear->high = rst_test_eigenvalue(context, linear->flow, RST_SPECTRUM_LARGEST, linear->high_vector);
  if (fabs(linear->low) < 1e-9 * linear->high) {
    linear->low = 0.0; /* rounding errors are no growth */
  }
  snprintf(linear->name, sizeof linear->name, "%s of %zu points, boundary %d", parameters->kind,
           rst_field_count(linear->low_vector), (int)parameters->boundary);
}

static void close_linear(struct linear *linear) {
  rst_field_destroy(&linear->high_vector);
  rst_field_destroy(&linear->low_vector);
  rst_flow_destroy(&linear->flow);
}

/* Every linear flow x every scheme with a growth polynomial x every decay: the limits that follow from the
 * extreme eigenvalues and the polynomial are where runs begin to grow. */
START_TEST(predicted_thresholds_equal_bisected_ones) {
  const char *kind = rst_flow_names()[_i];
  struct linear linear = {.context = rst_test_context()};
  size_t boundaries = 0;
  const enum rst_boundary *boundary = rst_flow_boundaries(kind, &boundaries);
  const bool linear_kind = rst_flow_kind_facts(kind).linear;
  int compared = 0;
  struct rst_flow_parameters small;
  char label[160];
  for (size_t index = 0; linear_kind && rst_test_small_flow(kind, index, &small, label); ++index) {
    open_linear(&small, &linear);
    compared += compare_schemes(&linear);
    close_linear(&linear);
  }
  for (int index = 0; linear_kind && index < FLOW_VARIANTS * (int)boundaries; ++index) {
    struct rst_labelled_image image;
    const struct rst_flow_parameters parameters =
        linear_flow(kind, boundary[index / FLOW_VARIANTS], index % FLOW_VARIANTS, &image);
    if (parameters.kind) {
      open_linear(&parameters, &linear);
      compared += compare_schemes(&linear);
      close_linear(&linear);
    }
  }
  ck_assert_int_ge(compared, !linear_kind ? 0 : boundaries > 0 ? 100 : 20);
  rst_context_destroy(&linear.context);
}
END_TEST

/* What a user meets: a picture of natural statistics, kernels of the usual sizes, a random start. Label 0
 * limits lr, label 1 asks for decay. */
START_TEST(random_starts_on_a_natural_image) {
  const size_t kernels[] = {5, 9, 17};
  for (int label = 0; label < 2; ++label) {
    const struct rst_labelled_image image = {
        {.kind = "gaussian-field", .size = 40, .seed = 3, .exponent = 2.0}, label};
    struct linear linear = {.context = rst_test_context()};
    struct rst_flow_parameters parameters = rst_test_network(&image, 1, kernels[_i]);
    parameters.kind = "conv-linear";
    open_linear(&parameters, &linear);
    struct rst_field *start = rst_test_state(linear.context, linear.flow, 7, 1.0);
    struct rst_scheme_parameters p = rst_test_scheme_defaults;
    p.kind = "euler";
    p.lr = 0.5 / (linear.high - linear.low);
    p.weight_decay = 0.1 * (linear.high - linear.low);
    struct rst_step_limits limits;
    RST_TEST_OK(linear.context, rst_step_limits_find(linear.context, &p, linear.low, linear.high, &limits));
    const double predicted = label == 0 ? limits.lr_max : limits.decay_min;
    const struct rst_threshold_search search = {
        .parameter = label == 0 ? RST_STEP_LR : RST_STEP_WEIGHT_DECAY,
        .low = 0.1 * predicted,
        .high = 3.0 * predicted,
        .tolerance = 4e-4,
        .iterations = 400,
    };
    const struct rst_threshold found = bisect(linear.context, linear.flow, &p, start, &search);
    ck_assert_msg(fabs(found.value / predicted - 1.0) < 1e-3, "kernel %zu, label %d: %g, not %g", kernels[_i],
                  label, found.value, predicted);
    ck_assert_int_ge(found.runs, 10);
    rst_field_destroy(&start);
    close_linear(&linear);
    rst_context_destroy(&linear.context);
  }
}
END_TEST

/* A checkerboard's windowed spectrum is a single eigenvalue, -(kernel positions / 2)^2 for label 1, besides
 * zero: what is driven needs that decay, what is not limits lr alpha to 2. */
START_TEST(random_starts_on_a_checkerboard) {
  const struct rst_labelled_image image = {{.kind = "checkerboard", .size = 24}, 1};
  const double windowed = 0.25 * (8.0 * 8.0) * (17.0 * 17.0);
  struct rst_context *context = rst_test_context();
  struct rst_flow_parameters parameters = rst_test_network(&image, 1, 8);
  parameters.kind = "conv-linear";
  parameters.conv.pooling = RST_POOLING_SUM;
  parameters.precision = _i ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE;
  struct rst_flow *flow = rst_test_flow(context, &parameters);
  struct rst_field *start = rst_test_state(context, flow, 7, 1.0);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "euler";
  p.lr = 0.1 / windowed;
  struct rst_threshold_search search = {.parameter = RST_STEP_WEIGHT_DECAY,
                                        .low = 1e-3 * windowed,
                                        .high = 4.0 * windowed,
                                        .tolerance = 1e-4,
                                        .iterations = 300};
  const double allowed = _i ? 1e-3 : 1e-4;
  ck_assert_double_eq_tol(bisect(context, flow, &p, start, &search).value / windowed, 1.0, allowed);
  search.low = search.high;
  search.high = 1e3 * windowed;
  ck_assert_double_eq_tol(bisect(context, flow, &p, start, &search).value / windowed, 20.0, 20.0 * allowed);
  rst_field_destroy(&start);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

/* The published teaching case: 31 points, fixed ends. */
START_TEST(heat_on_31_points) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 31);
  struct rst_field *start = rst_test_state(context, flow, 7, 1.0);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  p.kind = "euler";
  struct rst_threshold_search search = {
      .parameter = RST_STEP_LR, .low = 0.4, .high = 0.8, .tolerance = 1e-8, .iterations = 6000};
  const double exact = 0.5 / pow(sin(29.0 * acos(-1.0) / 60.0), 2);
  ck_assert_double_eq_tol(exact, 0.501373, 5e-7);
  ck_assert_double_eq_tol(bisect(context, flow, &p, start, &search).value, exact, 1e-5);
  rst_test_eigenvalue(context, flow, RST_SPECTRUM_LARGEST, start);
  search.iterations = 16;
  ck_assert_double_eq_tol(bisect(context, flow, &p, start, &search).value, exact, 1e-8);
  rst_field_destroy(&start);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

static const struct rst_threshold_search good_search = {
    .parameter = RST_STEP_LR, .low = 0.1, .high = 1.0, .tolerance = 0.1, .iterations = 16};

START_TEST(searches_out_of_range_are_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 9);
  struct rst_field *start = rst_test_state(context, flow, 7, 1.0);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  struct rst_threshold threshold = {.runs = 7};
  p.kind = "euler";
  const struct {
    double low, high, tolerance;
    long iterations;
    enum rst_step_parameter parameter;
    const char *fragment;
  } table[] = {
      {0.0, 1.0, 0.1, 16, RST_STEP_LR, "bracket is [0, 1]"},
      {-1.0, 1.0, 0.1, 16, RST_STEP_LR, "bracket is [-1, 1]"},
      {1.0, 0.1, 0.1, 16, RST_STEP_LR, "bracket is [1, 0.1]"},
      {0.1, INFINITY, 0.1, 16, RST_STEP_LR, "bracket is [0.1, inf]"},
      {NAN, 1.0, 0.1, 16, RST_STEP_LR, "bracket is [nan, 1]"},
      {0.1, 1.0, 0.0, 16, RST_STEP_LR, "tolerance is 0"},
      {0.1, 1.0, NAN, 16, RST_STEP_LR, "tolerance is nan"},
      {0.1, 1.0, 0.1, 15, RST_STEP_LR, "15 iterations"},
      {0.1, 1.0, 0.1, 16, (enum rst_step_parameter)7, "parameter 7"},
      {0.1, 0.2, 0.1, 16, RST_STEP_LR, "the lr of 0.1 and of 0.2 are both stable; widen the bracket"},
      {1.0, 2.0, 0.1, 16, RST_STEP_LR, "the lr of 1 and of 2 are both unstable"},
      {1.0, 2.0, 0.1, 16, RST_STEP_WEIGHT_DECAY, "the weight decay of 1 and of 2 are both stable"},
      {1e300, 1e301, 0.1, 16, RST_STEP_WEIGHT_DECAY, "are both unstable"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    const struct rst_threshold_search search = {.parameter = table[i].parameter,
                                                .low = table[i].low,
                                                .high = table[i].high,
                                                .tolerance = table[i].tolerance,
                                                .iterations = table[i].iterations};
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, table[i].fragment,
                   rst_threshold_bisect(context, flow, &p, start, &search, &threshold));
  }
  RST_TEST_OK(context, rst_threshold_bisect(context, flow, &p, start, &good_search, &threshold));
  ck_assert_int_gt(threshold.runs, 2);
  rst_field_destroy(&start);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(what_has_no_threshold_is_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_flow *flow = rst_test_heat(context, RST_PRECISION_DOUBLE, RST_BOUNDARY_DIRICHLET, 1, 9);
  struct rst_field *start = rst_test_state(context, flow, 7, 0.0);
  struct rst_scheme_parameters p = rst_test_scheme_defaults;
  struct rst_threshold threshold = {.runs = 7};
  p.kind = "euler";
  rst_field_set(start, 0, 0, 3.0); /* a fixed point */
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "norm of the start is 0 on the free points",
                 rst_threshold_bisect(context, flow, &p, start, &good_search, &threshold));
  rst_field_set(start, 0, 4, NAN);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "norm of the start is nan",
                 rst_threshold_bisect(context, flow, &p, start, &good_search, &threshold));
  rst_field_set(start, 0, 4, 1.0);
  p.momentum = 2.0;
  p.kind = "heavy-ball";
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "momentum is 2",
                 rst_threshold_bisect(context, flow, &p, start, &good_search, &threshold));
  p = rst_test_scheme_defaults;
  p.kind = "cfl";
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "cfl has no growth polynomial",
                 rst_threshold_bisect(context, flow, &p, start, &good_search, &threshold));
  p.kind = "euler";
  struct rst_flow *network = rst_test_conv(context, RST_PRECISION_DOUBLE, 8, 3);
  struct rst_field *kernel = rst_test_state(context, network, 7, 1.0);
  RST_TEST_FAILS(context, RST_ERROR_UNSUPPORTED, "conv is not linear",
                 rst_threshold_bisect(context, network, &p, kernel, &good_search, &threshold));
  ck_assert_int_eq(threshold.runs, 7);
  rst_field_destroy(&kernel);
  rst_flow_destroy(&network);
  rst_field_destroy(&start);
  rst_flow_destroy(&flow);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("threshold");
  TCase *tests = tcase_create("threshold");
  tcase_set_timeout(tests, 600);
  int kinds = 0;
  while (rst_flow_names()[kinds]) {
    ++kinds;
  }
  tcase_add_loop_test(tests, growth_of_the_difference, 0, rst_test_scheme_count());
  tcase_add_loop_test(tests, predicted_thresholds_equal_bisected_ones, 0, kinds);
  tcase_add_loop_test(tests, random_starts_on_a_natural_image, 0, 3);
  tcase_add_loop_test(tests, random_starts_on_a_checkerboard, 0, 2);
  tcase_add_test(tests, heat_on_31_points);
  tcase_add_test(tests, searches_out_of_range_are_refused);
  tcase_add_test(tests, what_has_no_threshold_is_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
