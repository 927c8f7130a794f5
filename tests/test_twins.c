/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>

#include "run/run_parts.h"

enum { SIZE = 20, KERNEL = 6, MIDDLE = KERNEL / 2 * KERNEL + KERNEL / 2, TWINS = 5, WINDOW = 7 };

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
                          .ergodic = {.burn_in = -1},
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
static struct rst_run_parts depart(struct rst_context *context, const struct rst_case *of) {
  struct rst_run_parts march;
  RST_TEST_OK(context, rst_run_parts_create(context, of, NULL, &march));
  return march;
}

static struct rst_twin_comparison compare(struct rst_run_parts *march, long t) {
  rst_twins_compare(march->twins, t, march->motion->u);
  return rst_twins_comparison(march->twins);
}

static void step(struct rst_context *context, struct rst_run_parts *march) {
  struct rst_observation seen;
  rst_motion_look(march->motion, &seen);
  RST_TEST_OK(context, rst_run_parts_step(march, &seen));
  ck_assert(!seen.event_ended);
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
  const double middle = rst_field_get(u, 0, MIDDLE);
  rst_field_set(u, 0, MIDDLE, nextafter(middle, INFINITY));
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
    struct rst_run_parts run = depart(context, &of);
    struct rst_run_parts other = depart(context, &other_case);
    if (of.twins[i].kind == RST_TWIN_ULP) {
      nudge(other.motion->u);
    }
    struct rst_field *difference = NULL;
    struct rst_field *relative = NULL;
    RST_TEST_OK(context, rst_field_create_like(context, run.motion->u, &difference));
    RST_TEST_OK(context, rst_field_create_like(context, run.motion->u, &relative));
    double farthest = 0.0; /* rounding may let a twin that was nudged come back */
    for (long t = 0; t < 20; ++t) {
      const struct rst_twin_comparison seen = compare(&run, t);
      const double expected = distance(run.motion->u, other.motion->u);
      farthest = fmax(farthest, expected);
      check_sum(seen.distance[i], expected);
      const double relative_distance = mean_relative(run.motion->u, other.motion->u);
      check_sum(seen.difference[i], relative_distance);
      rst_twins_difference(run.twins, i, run.motion->u, difference);
      rst_twins_relative_difference(run.twins, i, run.motion->u, relative);
      check_sum(rst_field_norm(difference), expected);
      check_sum(rst_field_sum(relative) / (KERNEL * KERNEL), relative_distance);
      ck_assert(t > 0 || of.twins[i].kind != RST_TWIN_DIVISOR || expected == 0.0);
      step(context, &run);
      step(context, &other);
    }
    ck_assert_msg(i == 0 ? farthest == 0.0 : farthest > 0.0, "twin %s is %g away", of.twins[i].label,
                  farthest);
    rst_field_destroy(&difference);
    rst_field_destroy(&relative);
    rst_run_parts_destroy(&other);
    rst_run_parts_destroy(&run);
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
  struct rst_run_parts run = depart(context, &of);
  const struct rst_case wide_case = alone(&of, &twins[0]);
  struct rst_run_parts wide = depart(context, &wide_case);
  const struct rst_twin_comparison seen = compare(&run, 0);
  const double rounding = distance(run.motion->u, wide.motion->u);
  ck_assert_double_gt(rounding, 0.0);
  ck_assert_double_eq_tol(seen.distance[0], rounding, 1e-15 * rounding);
  const double middle = rst_field_get(run.motion->u, 0, MIDDLE);
  ck_assert_double_eq(seen.distance[1], (double)nextafterf((float)middle, INFINITY) - middle);
  ck_assert_double_eq(rst_twins_rounding(run.twins, 0), (double)FLT_EPSILON);
  ck_assert_double_eq(rst_twins_rounding(run.twins, 1), (double)FLT_EPSILON);
  rst_run_parts_destroy(&wide);
  rst_run_parts_destroy(&run);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(the_average_is_over_the_last_states) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = sample_case("euler", RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct rst_run_parts run = depart(context, &of);
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
    step(context, &run);
  }
  rst_run_parts_destroy(&run);
  rst_context_destroy(&context);
}
END_TEST

START_TEST(state_carries_twins_on_to_the_bit) {
  struct rst_context *context = rst_test_context();
  const struct rst_case of = sample_case(schemes[_i], RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct rst_run_parts run = depart(context, &of);
  struct rst_run_parts other = depart(context, &of);
  for (long t = 0; t < 11; ++t) {
    compare(&run, t);
    step(context, &run);
  }
  struct rst_blocks from = {0};
  struct rst_blocks to = {0};
  rst_motion_list(run.motion, "", &from);
  rst_twins_list(run.twins, &from);
  rst_motion_list(other.motion, "", &to);
  rst_twins_list(other.twins, &to);
  ck_assert_uint_eq(from.count, to.count);
  ck_assert_uint_gt(from.count, TWINS - 1);
  for (size_t i = 0; i < from.count; ++i) {
    ck_assert_str_eq(from.block[i].name, to.block[i].name);
    rst_field_copy(from.block[i].field, to.block[i].field);
  }
  rst_blocks_clear(&from);
  rst_blocks_clear(&to);
  for (long t = 11; t < 20; ++t) {
    const struct rst_twin_comparison a = compare(&run, t);
    const struct rst_twin_comparison b = compare(&other, t);
    for (size_t i = 0; i < TWINS; ++i) {
      ck_assert_double_eq(a.distance[i], b.distance[i]);
      ck_assert_double_eq(a.average[i], b.average[i]);
    }
    step(context, &run);
    step(context, &other);
  }
  rst_run_parts_destroy(&other);
  rst_run_parts_destroy(&run);
  rst_context_destroy(&context);
}
END_TEST

static const char *const operators[] = {"direct", "fft", "patch"};
enum { OPERATORS = sizeof operators / sizeof *operators };

START_TEST(threads_give_the_same_bits) {
  struct rst_context *context[] = {rst_test_context(), rst_test_context()};
  struct rst_case of = sample_case("heavy-ball", RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct rst_run_parts march[2];
  of.flow.conv.correlation = operators[_i];
  for (size_t m = 0; m < 2; ++m) {
    RST_TEST_OK(context[m], rst_context_set_threads(context[m], m ? 3 : 1));
    march[m] = depart(context[m], &of);
  }
  for (long t = 0; t < 20; ++t) {
    const struct rst_twin_comparison a = compare(&march[0], t);
    const struct rst_twin_comparison b = compare(&march[1], t);
    ck_assert_mem_eq(a.distance, b.distance, TWINS * sizeof *a.distance);
    ck_assert_mem_eq(a.difference, b.difference, TWINS * sizeof *a.difference);
    step(context[0], &march[0]);
    step(context[1], &march[1]);
  }
  for (size_t m = 0; m < 2; ++m) {
    rst_run_parts_destroy(&march[m]);
    rst_context_destroy(&context[m]);
  }
}
END_TEST

START_TEST(what_cannot_be_twinned_is_refused) {
  struct rst_context *context = rst_test_context();
  struct rst_case of = sample_case("rk4", RST_PRECISION_DOUBLE, twins_of_double, TWINS);
  struct rst_run_parts march;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "divisor is 3, but scheme rk4 takes none",
                 rst_run_parts_create(context, &of, NULL, &march));
  ck_assert_ptr_null(march.twins);
  of.twin_count = RST_RUN_MOST_TWINS + 1;
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "33 twins; at most 32",
                 rst_run_parts_create(context, &of, NULL, &march));
  /* Also where twins have contexts of their own. */
  of.twin_count = TWINS;
  of.flow.conv.correlation = "fft";
  RST_TEST_OK(context, rst_context_set_threads(context, 2));
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "divisor is 3, but scheme rk4 takes none",
                 rst_run_parts_create(context, &of, NULL, &march));
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
