/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "run/companions.h"

enum { SIZE = 20, KERNEL = 6, TWINS = 5, WINDOW = 7 };

static const struct rst_labelled_image image = {
    .image = {.kind = "gaussian-field", .size = SIZE, .seed = 3, .exponent = 1.0}, .label = 1};

static const struct rst_twin twins_of_double[TWINS] = {
    {.label = "1", .kind = RST_TWIN_DIVISOR, .divisor = 1.0},
    {.label = "3", .kind = RST_TWIN_DIVISOR, .divisor = 3.0},
    {.label = "ulp", .kind = RST_TWIN_ULP},
    {.label = "float", .kind = RST_TWIN_PRECISION, .precision = RST_PRECISION_FLOAT},
    {.label = "7", .kind = RST_TWIN_DIVISOR, .divisor = 7.0}};

static struct rst_case sample_case(const char *scheme, enum rst_precision precision,
                                   const struct rst_twin *twins, size_t count) {
  struct rst_case made = {.flow = rst_test_network(&image, 1, KERNEL),
                          .initial = {.kind = "normal", .seed = 5, .scale = 1.0},
                          .twins = twins,
                          .twin_count = count,
                          .twin = {.average = WINDOW}};
  made.flow.precision = precision;
  made.step.scheme = rst_test_scheme_defaults;
  made.step.scheme.kind = scheme;
  made.step.scheme.weight_decay = 0.3;
  made.step.scheme.momentum = rst_test_scheme_has_momentum(scheme) ? 0.8 : 0.0;
  return made;
}

/* The run and its twins, advanced together. */
struct march {
  struct rst_problem problem;
  struct rst_companions *companions;
  struct rst_field *gradient, *previous;
};

static struct march depart(struct rst_context *context, const struct rst_case *of) {
  struct march march = {0};
  RST_TEST_OK(context, rst_problem_create(context, of, &march.problem));
  RST_TEST_OK(context, rst_companions_create(context, of, &march.problem, false, &march.companions));
  RST_TEST_OK(context, rst_field_create_like(context, march.problem.u, &march.gradient));
  RST_TEST_OK(context, rst_field_create_like(context, march.problem.u, &march.previous));
  return march;
}

static struct rst_twin_comparison compare(struct march *march, long t) {
  return rst_twins_compare(march->companions->twins, t, march->problem.u);
}

static void step(struct rst_context *context, struct march *march, long t) {
  struct rst_flow_value value;
  struct rst_event event;
  bool ended = true;
  rst_companions_evaluate(march->companions, &march->problem, &value, march->gradient);
  RST_TEST_OK(context, rst_companions_step(march->companions, &march->problem, t, march->gradient,
                                           march->previous, NULL, &ended, &event));
  ck_assert(!ended);
}

static void arrive(struct march *march) {
  rst_companions_destroy(&march->companions);
  rst_problem_destroy(&march->problem);
  rst_field_destroy(&march->gradient);
  rst_field_destroy(&march->previous);
}

/* The case with a twin's setting as its own. */
static struct rst_case alone(const struct rst_case *of, const struct rst_twin *twin) {
  struct rst_case made = *of;
  made.twin_count = 0;
  if (twin->kind == RST_TWIN_DIVISOR) {
    made.step.scheme.divisor = twin->divisor;
  } else if (twin->kind == RST_TWIN_PRECISION) {
    made.flow.precision = twin->precision;
  }
  return made;
}

static void nudge(struct rst_field *u) {
  const double middle = rst_field_get(u, KERNEL / 2, KERNEL / 2);
  rst_field_set(u, KERNEL / 2, KERNEL / 2, nextafter(middle, INFINITY));
}

static double mean_relative(const struct rst_field *a, const struct rst_field *b) {
  double sum = 0.0;
  for (size_t y = 0; y < a->ny; ++y) {
    for (size_t x = 0; x < a->nx; ++x) {
      const double p = rst_field_get(a, y, x);
      const double q = rst_field_get(b, y, x);
      sum += 2.0 * fabs(p - q) / (fabs(p) + fabs(q));
    }
  }
  return sum / (double)rst_field_count(a);
}

static double distance(const struct rst_field *a, const struct rst_field *b) {
  double sum = 0.0;
  for (size_t y = 0; y < a->ny; ++y) {
    for (size_t x = 0; x < a->nx; ++x) {
      const double d = rst_field_get(a, y, x) - rst_field_get(b, y, x);
      sum += d * d;
    }
  }
  return sqrt(sum);
}

static void check_sum(double value, double expected) {
  const double rounding = 16 * DBL_EPSILON;
  ck_assert_msg(fabs(value - expected) <= rounding * expected, "%.17g instead of %.17g", value, expected);
}

static const char *const schemes[] = {"euler", "heavy-ball", "nesterov"};
enum { SCHEMES = 3 };

/* A twin is exactly the run that a case with its setting makes. */
START_TEST(twins_are_runs_of_their_own) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = sample_case(schemes[_i], RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  for (size_t i = 0; i < TWINS; ++i) {
    const struct rst_case other_case = alone(&of, &of.twins[i]);
    struct march run = depart(context, &of);
    struct march other = depart(context, &other_case);
    if (of.twins[i].kind == RST_TWIN_ULP) {
      nudge(other.problem.u);
    }
    struct rst_field *difference = NULL;
    struct rst_field *relative = NULL;
    RST_TEST_OK(context, rst_field_create_like(context, run.problem.u, &difference));
    RST_TEST_OK(context, rst_field_create_like(context, run.problem.u, &relative));
    double farthest = 0.0; /* rounding may let a twin that was nudged come back */
    for (long t = 0; t < 20; ++t) {
      const struct rst_twin_comparison seen = compare(&run, t);
      const double expected = distance(run.problem.u, other.problem.u);
      farthest = fmax(farthest, expected);
      check_sum(seen.distance[i], expected);
      const double relative_distance = mean_relative(run.problem.u, other.problem.u);
      check_sum(seen.difference[i], relative_distance);
      rst_twins_difference(run.companions->twins, i, run.problem.u, difference);
      rst_twins_relative_difference(run.companions->twins, i, run.problem.u, relative);
      check_sum(rst_field_norm(difference), expected);
      check_sum(rst_field_sum(relative) / (KERNEL * KERNEL), relative_distance);
      ck_assert(t > 0 || of.twins[i].kind != RST_TWIN_DIVISOR || expected == 0.0);
      step(context, &run, t);
      step(context, &other, t);
    }
    ck_assert_msg(i == 0 ? farthest == 0.0 : farthest > 0.0, "twin %s is %g away", of.twins[i].label,
                  farthest);
    rst_field_destroy(&difference);
    rst_field_destroy(&relative);
    arrive(&other);
    arrive(&run);
  }
  rst_context_destroy(&context);
}
END_TEST

/* A float run and its twin in double are compared in double. */
START_TEST(a_float_run_has_a_twin_in_double) {
  struct rst_context *context = rst_test_context();
  const struct rst_twin twins[] = {
      {.label = "double", .kind = RST_TWIN_PRECISION, .precision = RST_PRECISION_DOUBLE},
      {.label = "ulp", .kind = RST_TWIN_ULP}};
  const struct rst_case of = sample_case("euler", RST_PRECISION_FLOAT, twins, 2);
  struct march run = depart(context, &of);
  const struct rst_case wide_case = alone(&of, &twins[0]);
  struct march wide = depart(context, &wide_case);
  const struct rst_twin_comparison seen = compare(&run, 0);
  const double rounding = distance(run.problem.u, wide.problem.u);
  ck_assert_double_gt(rounding, 0.0);
  ck_assert_double_eq_tol(seen.distance[0], rounding, 1e-15 * rounding);
  const double middle = rst_field_get(run.problem.u, KERNEL / 2, KERNEL / 2);
  ck_assert_double_eq(seen.distance[1], (double)nextafterf((float)middle, INFINITY) - middle);
  ck_assert_double_eq(rst_twins_rounding(run.companions->twins, 0), (double)FLT_EPSILON);
  ck_assert_double_eq(rst_twins_rounding(run.companions->twins, 1), (double)FLT_EPSILON);
  arrive(&wide);
  arrive(&run);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(the_average_is_over_the_last_states) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = sample_case("euler", RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct march run = depart(context, &of);
  double history[3 * WINDOW];
  for (long t = 0; t < 3 * WINDOW; ++t) {
    const struct rst_twin_comparison seen = compare(&run, t);
    history[t] = seen.difference[1];
    double sum = 0.0;
    const long first = t < WINDOW ? 0 : t - WINDOW + 1;
    for (long s = first; s <= t; ++s) {
      sum += history[s];
    }
    ck_assert_double_eq_tol(seen.average[1], sum / (double)(t - first + 1), 1e-15 * fmax(sum, DBL_MIN));
    ck_assert_double_eq(seen.average[0], 0.0);
    step(context, &run, t);
  }
  arrive(&run);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(state_carries_twins_on_to_the_bit) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = sample_case(schemes[_i], RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct march run = depart(context, &of);
  struct march other = depart(context, &of);
  for (long t = 0; t < 11; ++t) {
    compare(&run, t);
    step(context, &run, t);
  }
  struct rst_blocks from = {0};
  struct rst_blocks to = {0};
  rst_companions_list(run.companions, &from);
  rst_companions_list(other.companions, &to);
  ck_assert_uint_eq(from.count, to.count);
  ck_assert_uint_gt(from.count, TWINS - 1);
  for (size_t i = 0; i < from.count; ++i) {
    ck_assert_str_eq(from.block[i].name, to.block[i].name);
    rst_field_copy(from.block[i].field, to.block[i].field);
  }
  rst_blocks_clear(&from);
  rst_blocks_clear(&to);
  rst_field_copy(run.problem.u, other.problem.u);
  struct rst_field **of_run = NULL;
  struct rst_field **of_other = NULL;
  const size_t own = rst_scheme_state(run.problem.scheme, &of_run);
  ck_assert_uint_eq(rst_scheme_state(other.problem.scheme, &of_other), own);
  for (size_t i = 0; i < own; ++i) {
    rst_field_copy(of_run[i], of_other[i]);
  }
  for (long t = 11; t < 20; ++t) {
    const struct rst_twin_comparison a = compare(&run, t);
    const struct rst_twin_comparison b = compare(&other, t);
    for (size_t i = 0; i < TWINS; ++i) {
      ck_assert_double_eq(a.distance[i], b.distance[i]);
      ck_assert_double_eq(a.average[i], b.average[i]);
    }
    step(context, &run, t);
    step(context, &other, t);
  }
  arrive(&other);
  arrive(&run);
  rst_context_destroy(&context);
}
END_TEST

static const char *const operators[] = {"direct", "fft", "patch"};
enum { OPERATORS = sizeof operators / sizeof *operators };

START_TEST(threads_give_the_same_bits) {
  struct rst_context *context[] = {rst_test_context(), rst_test_context()};
  struct rst_case of = sample_case("heavy-ball", RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct march march[2];
  of.flow.correlation = operators[_i];
  for (size_t m = 0; m < 2; ++m) {
    RST_TEST_OK(context[m], rst_context_set_threads(context[m], m ? 3 : 1));
    march[m] = depart(context[m], &of);
  }
  for (long t = 0; t < 20; ++t) {
    const struct rst_twin_comparison a = compare(&march[0], t);
    const struct rst_twin_comparison b = compare(&march[1], t);
    ck_assert_mem_eq(a.distance, b.distance, TWINS * sizeof *a.distance);
    ck_assert_mem_eq(a.difference, b.difference, TWINS * sizeof *a.difference);
    step(context[0], &march[0], t);
    step(context[1], &march[1], t);
  }
  for (size_t m = 0; m < 2; ++m) {
    arrive(&march[m]);
    rst_context_destroy(&context[m]);
  }
}
END_TEST

START_TEST(what_cannot_be_twinned_is_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_case of = sample_case("rk4", RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct march march = {0};
  RST_TEST_OK(context, rst_problem_create(context, &of, &march.problem));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "divisor is 3, but scheme rk4 takes none",
                 rst_companions_create(context, &of, &march.problem, false, &march.companions));
  ck_assert_ptr_null(march.companions);
  of.twin_count = RST_RUN_MOST_TWINS + 1;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "33 twins; at most 32",
                 rst_companions_create(context, &of, &march.problem, false, &march.companions));
  rst_problem_destroy(&march.problem);
  /* Also where twins have contexts of their own. */
  of.twin_count = TWINS;
  of.flow.correlation = "fft";
  RST_TEST_OK(context, rst_context_set_threads(context, 2));
  RST_TEST_OK(context, rst_problem_create(context, &of, &march.problem));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "divisor is 3, but scheme rk4 takes none",
                 rst_companions_create(context, &of, &march.problem, false, &march.companions));
  rst_problem_destroy(&march.problem);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("twins");
  TCase *tests = tcase_create("twins");
  tcase_add_loop_test(tests, twins_are_runs_of_their_own, 0, SCHEMES);
  tcase_add_test(tests, a_float_run_has_a_twin_in_double);
  tcase_add_test(tests, the_average_is_over_the_last_states);
  tcase_add_loop_test(tests, state_carries_twins_on_to_the_bit, 0, SCHEMES);
  tcase_add_loop_test(tests, threads_give_the_same_bits, 0, OPERATORS);
  tcase_add_test(tests, what_cannot_be_twinned_is_refused);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
