/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "sample_trajectory.h"

/* Sequences that are read a page at a time give the bits of those in memory. */

enum { LENGTH = 3 * RST_SEQUENCE_PAGE + 1234, SEQUENCES = 5 };

struct reading {
  const double *values;
  size_t longest; /* that was read at once */
};

static enum rst_status read_values(void *user, size_t first, size_t count, double *values) {
  struct reading *reading = user;
  memcpy(values, reading->values + first, count * sizeof *values);
  reading->longest = count > reading->longest ? count : reading->longest;
  return RST_OK;
}

static struct rst_sequence in_pages(struct rst_context *context, struct reading *reading, size_t count) {
  struct rst_sequence sequence;
  RST_TEST_OK(context, rst_sequence_create(context, count, read_values, reading, &sequence));
  return sequence;
}

static double *noise(void) {
  double *x = calloc(LENGTH, sizeof *x);
  ck_assert_ptr_nonnull(x);
  for (size_t t = 0; t < LENGTH; ++t) {
    x[t] = sin((double)(t * t % 7919)) + 1e-3 * cos((double)t);
  }
  return x;
}

static void same_mean(struct rst_context *context, const double *x, size_t first, size_t end) {
  const struct rst_sequence whole = {.values = x};
  struct reading reading = {.values = x};
  struct rst_sequence pages = in_pages(context, &reading, LENGTH);
  double in_memory[2];
  double read[2];
  rst_block_mean(&whole, first, end, &in_memory[0], &in_memory[1]);
  rst_block_mean(&pages, first, end, &read[0], &read[1]);
  ck_assert_mem_eq(in_memory, read, sizeof read);
  ck_assert_uint_le(reading.longest, RST_SEQUENCE_PAGE);
  rst_sequence_destroy(&pages);
}

START_TEST(means_do_not_depend_on_pages) {
  static const size_t ranges[][2] = {{0, LENGTH},
                                     {LENGTH / 2 + 3, LENGTH},
                                     {RST_SEQUENCE_PAGE - 7, RST_SEQUENCE_PAGE + 9},
                                     {17, RST_SEQUENCE_PAGE},
                                     {5, LENGTH - 3}};
  static const double others[] = {1.0, NAN, -INFINITY, INFINITY};
  struct rst_context *context = rst_test_context();
  double *x = noise();
  for (size_t o = 0; o < sizeof others / sizeof *others; ++o) {
    x[RST_SEQUENCE_PAGE] = x[2 * RST_SEQUENCE_PAGE - 1] = others[o];
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; ++i) {
      same_mean(context, x, ranges[i][0], ranges[i][1]);
    }
  }
  free(x);
  rst_context_destroy(&context);
}
END_TEST

/* The samples's regime, from memory and from pages. */
static void same_regime(struct sample *s, enum rst_regime regime) {
  struct rst_context *context = rst_test_context();
  const double *const arrays[SEQUENCES] = {s->u, s->other, s->norm, s->update, s->growth};
  struct reading readings[SEQUENCES];
  struct rst_sequence whole[SEQUENCES] = {{0}};
  struct rst_sequence pages[SEQUENCES];
  struct rst_regime_result results[2];
  for (size_t i = 0; i < SEQUENCES; ++i) {
    readings[i] = (struct reading){.values = arrays[i]};
    whole[i].values = arrays[i];
    pages[i] = in_pages(context, &readings[i], s->states);
  }
  for (size_t way = 0; way < 2; ++way) {
    const struct rst_sequence *sequences = way ? pages : whole;
    const struct rst_trajectory t = {.states = s->states,
                                     .diverged = s->diverged,
                                     .epsilon = s->epsilon,
                                     .weight_norm = sequences[2],
                                     .update_norm = sequences[3],
                                     .observables = sequences,
                                     .observable_count = 2,
                                     .log_growth = sequences[4]};
    memset(&results[way], 0, sizeof results[way]);
    RST_TEST_OK(context, rst_regime_classify(context, &t, &results[way]));
  }
  ck_assert_int_eq(results[0].regime, regime);
  ck_assert_int_eq(results[1].regime, regime);
  ck_assert_int_eq(results[0].period, results[1].period);
  ck_assert_mem_eq(&results[0].exponent, &results[1].exponent, sizeof(double));
  ck_assert_mem_eq(&results[0].exponent_error, &results[1].exponent_error, sizeof(double));
  ck_assert_mem_eq(&results[0].contraction, &results[1].contraction, sizeof(double));
  ck_assert_str_eq(results[0].reason, results[1].reason);
  for (size_t i = 0; i < SEQUENCES; ++i) {
    rst_sequence_destroy(&pages[i]);
  }
  free_sample(s);
  rst_context_destroy(&context);
}

START_TEST(regimes_do_not_depend_on_pages) {
  struct sample s = logistic(3.9, 0.3, LENGTH);
  same_regime(&s, RST_REGIME_RESTRAINED_CHAOTIC);
  s = logistic(3.5, 0.3, LENGTH);
  same_regime(&s, RST_REGIME_RESTRAINED_PERIODIC);
  s = rotation(golden, 0.0, LENGTH);
  same_regime(&s, RST_REGIME_RESTRAINED_PERIODIC);
  s = geometric(0.5, 0.99, LENGTH);
  same_regime(&s, RST_REGIME_CONVERGED);
  s = geometric(0.5, -0.999, LENGTH);
  same_regime(&s, RST_REGIME_CONVERGED);
  s = geometric(1e3, 1.0 - 3e-6, LENGTH);
  same_regime(&s, RST_REGIME_UNDECIDED);
  s = geometric(0.5, 1.0001, LENGTH);
  s.diverged = true;
  same_regime(&s, RST_REGIME_DIVERGENT);
  s = logistic(3.9, 0.3, LENGTH);
  s.update[2 * RST_SEQUENCE_PAGE] = INFINITY;
  same_regime(&s, RST_REGIME_DIVERGENT);
  /* Chaos that a contraction ends, across the last page: the rules look back. */
  s = logistic(3.9, 0.3, LENGTH);
  for (size_t t = LENGTH - 30000; t < LENGTH; ++t) {
    s.u[t] = 0.7 + 0.1 * pow(0.97, (double)(t - (LENGTH - 30000)));
    s.other[t] = s.u[t] * s.u[t];
  }
  measure(&s);
  same_regime(&s, RST_REGIME_CONVERGED);
}
END_TEST

START_TEST(growth_of_differences_does_not_depend_on_pages) {
  struct rst_context *context = rst_test_context();
  double *distance = noise();
  for (size_t i = 0; i < 2; ++i) {
    const double rate = i ? 1.6e-4 : 4e-4; /* of a phase that is shorter or longer than a page */
    struct rst_divergence found[2];
    memset(found, 0, sizeof found);
    for (size_t t = 0; t < LENGTH; ++t) {
      distance[t] = fmin(1.0, 1e-13 * exp(rate * (double)t)) * (1.0 + 0.1 * sin((double)(t * t % 7919)));
    }
    struct reading reading = {.values = distance};
    struct rst_sequence pages = in_pages(context, &reading, LENGTH);
    RST_TEST_OK(context, rst_divergence_measure(context, &(struct rst_sequence){.values = distance}, LENGTH,
                                                1, 1.0, DBL_EPSILON, &found[0]));
    RST_TEST_OK(context, rst_divergence_measure(context, &pages, LENGTH, 1, 1.0, DBL_EPSILON, &found[1]));
    ck_assert_mem_eq(&found[0], &found[1], sizeof *found);
    rst_test_close(found[0].growth_rate, rate, 1e-3);
    ck_assert(found[0].last - found[0].first > RST_SEQUENCE_PAGE || !i);
    rst_sequence_destroy(&pages);
  }
  free(distance);
  rst_context_destroy(&context);
}
END_TEST

static enum rst_status read_part(void *user, size_t first, size_t count, double *values) {
  memset(values, 0, count * sizeof *values);
  return first == RST_SEQUENCE_PAGE ? *(enum rst_status *)user : RST_OK;
}

START_TEST(a_failed_reading_is_told) {
  struct rst_context *context = rst_test_context();
  struct rst_divergence divergence = {.saturation = 7};
  enum rst_status failure = RST_ERROR_IO;
  struct rst_sequence sequence;
  RST_TEST_OK(context, rst_sequence_create(context, 2 * RST_SEQUENCE_PAGE, read_part, &failure, &sequence));
  ck_assert_int_eq(rst_sequence_status(&sequence), RST_OK);
  ck_assert_int_eq(
      rst_divergence_measure(context, &sequence, 2 * RST_SEQUENCE_PAGE, 1, 1.0, DBL_EPSILON, &divergence),
      RST_ERROR_IO);
  ck_assert_int_eq(divergence.saturation, 7);
  rst_sequence_destroy(&sequence);
  rst_sequence_destroy(&sequence);
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sequence");
  TCase *tests = tcase_create("sequence");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, means_do_not_depend_on_pages);
  tcase_add_test(tests, regimes_do_not_depend_on_pages);
  tcase_add_test(tests, growth_of_differences_does_not_depend_on_pages);
  tcase_add_test(tests, a_failed_reading_is_told);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
