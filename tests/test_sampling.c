/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "restrain/sampling.h"
#include "sampling/stream.h"
#include "support.h"

/* Lines of philox.csv, which NumPy made: what, seed, member, counter, values. */
enum { MOST_VALUES = 16 };
struct line {
  char what[64];
  uint64_t numbers[3 + MOST_VALUES]; /* seed, member, counter; values */
  double reals[3 + MOST_VALUES];     /* the same */
  size_t count;                      /* of values */
};

static bool read_line(FILE *file, struct line *line) {
  char text[1024];
  do {
    if (!fgets(text, sizeof text, file)) {
      return false;
    }
  } while (*text == '#');
  size_t count = 0;
  for (char *word = strtok(text, ",\n"); word; word = strtok(NULL, ",\n"), ++count) {
    if (count == 0) {
      snprintf(line->what, sizeof line->what, "%s", word);
    } else {
      ck_assert_uint_le(count, 3 + MOST_VALUES);
      line->numbers[count - 1] = strtoull(word, NULL, 10);
      line->reals[count - 1] = strtod(word, NULL);
    }
  }
  ck_assert_uint_gt(count, 4);
  line->count = count - 4;
  return true;
}

static void check_raw(const struct line *line) {
  const struct rst_stream stream = {line->numbers[0], line->numbers[1], line->numbers[2], 0};
  uint64_t raw[MOST_VALUES];
  rst_stream_raw(&stream, line->count, raw);
  ck_assert_mem_eq(raw, line->numbers + 3, line->count * sizeof *raw);
}

static void check_normal(const struct line *line) {
  const struct rst_stream stream = {line->numbers[0], line->numbers[1], line->numbers[2], 0};
  uint64_t raw[MOST_VALUES + 1];
  double values[MOST_VALUES];
  for (size_t count = line->count - 1; count <= line->count; ++count) {
    rst_stream_normal(&stream, count, raw, values);
    for (size_t i = 0; i < count; ++i) {
      rst_test_close(values[i], line->reals[3 + i], 1e-15);
    }
  }
}

static struct rst_sampler *sampler_of(struct rst_context *context, const struct line *line, size_t batch,
                                      enum rst_sampling_order order, size_t examples) {
  const struct rst_sampling_parameters parameters = {.kind = "minibatch",
                                                     .batch = batch,
                                                     .order = order,
                                                     .seed = line->numbers[0],
                                                     .member = line->numbers[1]};
  struct rst_sampler *sampler = NULL;
  RST_TEST_OK(context, rst_sampler_create(context, &parameters, examples, &sampler));
  return sampler;
}

static void check_draw(struct rst_sampler *sampler, long t, const uint64_t *expected, size_t count) {
  const struct rst_draw *draw = rst_sampler_draw(sampler, t);
  ck_assert_uint_eq(draw->count, count);
  for (size_t i = 0; i < count; ++i) {
    ck_assert_uint_eq(draw->indices[i], expected[i]);
    ck_assert_double_eq(draw->weights[i], 1.0 / (double)count);
  }
}

/* The batches of an epoch are its order, cut up; in any order of asking. */
static void check_order(struct rst_context *context, const struct line *line) {
  enum { BATCH = 5 };
  const long epoch = (long)(line->count / BATCH);
  struct rst_sampler *sampler = sampler_of(context, line, BATCH, RST_ORDER_SHUFFLE, line->count);
  const long first = (long)line->numbers[2] * epoch;
  for (long j = epoch - 1; j >= 0; --j) {
    check_draw(sampler, first + j, line->numbers + 3 + j * BATCH, BATCH);
    rst_sampler_draw(sampler, first + 2 * epoch);
  }
  rst_sampler_destroy(&sampler);
}

static void check_replacement(struct rst_context *context, const struct line *line) {
  struct rst_sampler *sampler = sampler_of(context, line, line->count, RST_ORDER_REPLACEMENT, 1000);
  check_draw(sampler, (long)line->numbers[2], line->numbers + 3, line->count);
  rst_sampler_destroy(&sampler);
}

START_TEST(draws_are_those_of_numpy) {
  struct rst_context *context = rst_test_context();
  FILE *file = fopen(RST_TESTS_FOLDER "/philox.csv", "r");
  ck_assert_ptr_nonnull(file);
  struct line line;
  int seen[4] = {0};
  while (read_line(file, &line)) {
    if (strcmp(line.what, "raw") == 0) {
      check_raw(&line);
      seen[0] += 1;
    } else if (strncmp(line.what, "order", strlen("order")) == 0) {
      check_order(context, &line);
      seen[1] += 1;
    } else if (strcmp(line.what, "normal") == 0) {
      check_normal(&line);
      seen[3] += 1;
    } else {
      ck_assert_str_eq(line.what, "8 of 1000 with replacement");
      check_replacement(context, &line);
      seen[2] += 1;
    }
  }
  for (int i = 0; i < 4; ++i) {
    ck_assert_int_eq(seen[i], 3);
  }
  ck_assert_int_eq(fclose(file), 0);
  rst_context_destroy(&context);
}
END_TEST

/* The high word of a 128-bit product, by schoolbook multiplication of halves. */
START_TEST(indices_are_high_words_of_products) {
  const uint64_t raws[] = {0, 1, UINT64_C(0x8000000000000000), UINT64_C(0xfedcba9876543210), UINT64_MAX};
  const uint64_t counts[] = {1, 2, 3, 1000, UINT64_C(0x100000001)};
  const uint64_t low = UINT32_MAX;
  for (size_t i = 0; i < sizeof raws / sizeof *raws; ++i) {
    for (size_t j = 0; j < sizeof counts / sizeof *counts; ++j) {
      const uint64_t a = raws[i];
      const uint64_t b = counts[j];
      const uint64_t cross = (a >> 32) * (b & low) + ((a & low) * (b & low) >> 32);
      const uint64_t middle = (a & low) * (b >> 32) + (cross & low);
      const uint64_t expected = (a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32);
      ck_assert_uint_eq(rst_stream_index(a, b), expected);
      ck_assert_uint_lt(rst_stream_index(a, b), b);
    }
  }
}
END_TEST

/* Every epoch has each example at most once, another order than the one before, and a rest that is left out. */
START_TEST(epochs_deal_out_all_examples) {
  enum { EXAMPLES = 23, BATCH = 4, EPOCHS = 5 };
  const struct rst_sampling_parameters parameters = {.kind = "minibatch", .batch = BATCH, .seed = 3};
  struct rst_context *context = rst_test_context();
  struct rst_sampler *sampler = NULL;
  RST_TEST_OK(context, rst_sampler_create(context, &parameters, EXAMPLES, &sampler));
  const long epoch = rst_sampling_epoch(&parameters, EXAMPLES);
  ck_assert_int_eq(epoch, EXAMPLES / BATCH);
  size_t first[EPOCHS];
  for (long e = 0; e < EPOCHS; ++e) {
    int times[EXAMPLES] = {0};
    for (long j = 0; j < epoch; ++j) {
      const struct rst_draw *draw = rst_sampler_draw(sampler, e * epoch + j);
      first[e] = j == 0 ? draw->indices[0] * EXAMPLES + draw->indices[1] : first[e];
      for (size_t i = 0; i < draw->count; ++i) {
        ck_assert_int_eq(times[draw->indices[i]]++, 0);
      }
    }
    ck_assert(e == 0 || first[e] != first[e - 1]);
  }
  rst_sampler_destroy(&sampler);
  rst_context_destroy(&context);
}
END_TEST

/* Two batches in a row, of weights whose sum is 1 and whose squares make the covariance l times that of one batch. */
START_TEST(svag_amplifies_the_noise_of_a_batch) {
  enum { EXAMPLES = 23, BATCH = 3, BATCHES = EXAMPLES / BATCH };
  const double length = 2.5;
  struct rst_context *context = rst_test_context();
  for (int order = RST_ORDER_SHUFFLE; order <= RST_ORDER_REPLACEMENT; ++order) {
    struct rst_sampling_parameters parameters = {
        .kind = "minibatch", .batch = BATCH, .order = (enum rst_sampling_order)order, .seed = 4};
    struct rst_sampler *batches = NULL;
    struct rst_sampler *pairs = NULL;
    RST_TEST_OK(context, rst_sampler_create(context, &parameters, EXAMPLES, &batches));
    parameters.kind = "svag";
    parameters.length = length;
    RST_TEST_OK(context, rst_sampler_create(context, &parameters, EXAMPLES, &pairs));
    ck_assert_double_eq(rst_sampling_step(&parameters), 1 / length);
    ck_assert_int_eq(rst_sampling_epoch(&parameters, EXAMPLES), lround(length * BATCHES));
    for (long t = 0; t < 20; ++t) {
      const struct rst_draw *pair = rst_sampler_draw(pairs, t);
      ck_assert_uint_eq(pair->count, 2 * BATCH);
      const long first = order == RST_ORDER_SHUFFLE ? 2 * t : t;
      for (size_t i = 0; i < (order == RST_ORDER_SHUFFLE ? 2 : 1); ++i) {
        const struct rst_draw *batch = rst_sampler_draw(batches, first + (long)i);
        ck_assert_mem_eq(pair->indices + i * BATCH, batch->indices, BATCH * sizeof *batch->indices);
      }
      const double a = BATCH * pair->weights[0];
      const double b = BATCH * pair->weights[BATCH];
      rst_test_close(a + b, 1.0, 1e-15);
      rst_test_close(a * a + b * b, length, 1e-15);
    }
    rst_sampler_destroy(&pairs);
    rst_sampler_destroy(&batches);
  }
  rst_context_destroy(&context);
}
END_TEST

/* 1/n and centred normal numbers over sqrt(n B). */
START_TEST(gaussian_weights_all_examples) {
  enum { EXAMPLES = 7 };
  const struct rst_sampling_parameters parameters = {.kind = "gaussian", .batch = 2, .seed = 9, .member = 3};
  const struct rst_stream stream = {9, 3, 11, 0};
  struct rst_context *context = rst_test_context();
  struct rst_sampler *sampler = NULL;
  uint64_t raw[EXAMPLES + 1];
  double normal[EXAMPLES];
  double mean = 0.0;
  RST_TEST_OK(context, rst_sampler_create(context, &parameters, EXAMPLES, &sampler));
  rst_stream_normal(&stream, EXAMPLES, raw, normal);
  for (size_t i = 0; i < EXAMPLES; ++i) {
    mean += normal[i] / EXAMPLES;
  }
  const struct rst_draw *draw = rst_sampler_draw(sampler, 11);
  ck_assert_uint_eq(draw->count, EXAMPLES);
  double sum = 0.0;
  for (size_t i = 0; i < EXAMPLES; ++i) {
    ck_assert_uint_eq(draw->indices[i], i);
    ck_assert_double_le(fabs(draw->weights[i] - (1.0 / EXAMPLES + (normal[i] - mean) / sqrt(2.0 * EXAMPLES))),
                        1e-15);
    sum += draw->weights[i];
  }
  rst_test_close(sum, 1.0, 1e-14);
  rst_sampler_destroy(&sampler);
  rst_context_destroy(&context);
}
END_TEST

static struct rst_sampler *sampler_of_path(struct rst_context *context, const char *kind, double length,
                                           size_t examples) {
  const struct rst_sampling_parameters parameters = {
      .kind = kind, .batch = 2, .length = length, .seed = 9, .member = 3};
  struct rst_sampler *sampler = NULL;
  ck_assert_double_eq(rst_sampling_step(&parameters), length > 0.0 ? 1.0 / length : 1.0);
  ck_assert_double_eq(rst_sampling_variance(&parameters, examples), fmax(length, 1.0) / 2.0);
  RST_TEST_OK(context, rst_sampler_create(context, &parameters, examples, &sampler));
  return sampler;
}

/* Updates of l, as long as 1/l steps, move by what two of 2l move by; a whole step is one of gaussian. */
START_TEST(paths_of_sde_refine_each_other) {
  enum { EXAMPLES = 5, STEPS = 6 };
  struct rst_context *context = rst_test_context();
  struct rst_sampler *coarse = sampler_of_path(context, "gaussian", 0.0, EXAMPLES);
  for (long length = 1; length <= 64; length *= 2) {
    struct rst_sampler *fine = sampler_of_path(context, "sde", (double)length, EXAMPLES);
    const long parts = length > 1 ? 2 : 1;
    for (long t = 0; t < STEPS * length / parts; ++t) {
      double sum[EXAMPLES] = {0};
      for (long k = 0; k < parts; ++k) {
        const struct rst_draw *draw = rst_sampler_draw(fine, parts * t + k);
        ck_assert_uint_eq(draw->count, EXAMPLES);
        for (size_t i = 0; i < EXAMPLES; ++i) {
          ck_assert_uint_eq(draw->indices[i], i);
          sum[i] += draw->weights[i] / (double)parts;
        }
      }
      const double *whole = rst_sampler_draw(coarse, t)->weights;
      for (size_t i = 0; i < EXAMPLES; ++i) {
        ck_assert_double_le(fabs(sum[i] - whole[i]), parts == 1 ? 0.0 : 1e-14 * sqrt((double)length));
      }
    }
    rst_sampler_destroy(&coarse);
    coarse = fine;
  }
  rst_sampler_destroy(&coarse);
  rst_context_destroy(&context);
}
END_TEST

/* Over many updates: mean 1/n, covariance l times that of a batch, nothing that neighbours share, within 5 standard errors. */
START_TEST(increments_of_sde_are_independent) {
  enum { EXAMPLES = 4, LENGTH = 8, UPDATES = 40000 };
  struct rst_context *context = rst_test_context();
  struct rst_sampler *sampler = sampler_of_path(context, "sde", LENGTH, EXAMPLES);
  const double variance = LENGTH * (1.0 - 1.0 / EXAMPLES) / (2.0 * EXAMPLES);
  double mean = 0.0;
  double square = 0.0;
  double mixed = 0.0;
  double shared[3] = {0}; /* with the update before, the one before that, and four before */
  double past[4] = {0};
  for (long t = 0; t < UPDATES; ++t) {
    const double *w = rst_sampler_draw(sampler, t)->weights;
    const double a = (w[0] - 1.0 / EXAMPLES) / sqrt(variance);
    const double b = (w[1] - 1.0 / EXAMPLES) / sqrt(variance);
    mean += a / UPDATES;
    square += a * a / UPDATES;
    mixed += a * b / UPDATES;
    shared[0] += a * past[(t + 3) % 4] / UPDATES;
    shared[1] += a * past[(t + 2) % 4] / UPDATES;
    shared[2] += a * past[t % 4] / UPDATES;
    past[t % 4] = a;
  }
  const double error = 1.0 / sqrt(UPDATES);
  ck_assert_double_le(fabs(mean), 5.0 * error);
  ck_assert_double_le(fabs(square - 1.0), 5.0 * sqrt(2.0) * error);
  ck_assert_double_le(fabs(mixed + 1.0 / (EXAMPLES - 1.0)), 5.0 * error);
  for (size_t i = 0; i < 3; ++i) {
    ck_assert_double_le(fabs(shared[i]), 5.0 * error);
  }
  rst_sampler_destroy(&sampler);
  rst_context_destroy(&context);
}
END_TEST

/* The batches of an update are two of all n^B there are, each as likely as the other: the mean of n w is 1, and the covariance of w
 * is l times that of one batch. */
START_TEST(svag_has_the_moments_of_a_batch) {
  enum { EXAMPLES = 3, BATCH = 2, BATCHES = EXAMPLES * EXAMPLES };
  const double lengths[] = {1.0, 4.0, 7.5};
  struct rst_context *context = rst_test_context();
  for (size_t k = 0; k < sizeof lengths / sizeof *lengths; ++k) {
    const struct rst_sampling_parameters parameters = {
        .kind = "svag", .batch = BATCH, .length = lengths[k], .order = RST_ORDER_REPLACEMENT};
    struct rst_sampler *sampler = NULL;
    double mean[EXAMPLES] = {0};
    double second[EXAMPLES][EXAMPLES] = {{0}};
    RST_TEST_OK(context, rst_sampler_create(context, &parameters, EXAMPLES, &sampler));
    const double *weights = rst_sampler_draw(sampler, 0)->weights;
    for (size_t both = 0; both < BATCHES * BATCHES; ++both) {
      double w[EXAMPLES] = {0};
      for (size_t i = 0, rest = both; i < (size_t)2 * BATCH; ++i, rest /= EXAMPLES) {
        w[rest % EXAMPLES] += weights[i];
      }
      for (size_t i = 0; i < (size_t)EXAMPLES * EXAMPLES; ++i) {
        second[i / EXAMPLES][i % EXAMPLES] +=
            (w[i / EXAMPLES] - 1.0 / EXAMPLES) * (w[i % EXAMPLES] - 1.0 / EXAMPLES) / (BATCHES * BATCHES);
      }
      for (size_t i = 0; i < EXAMPLES; ++i) {
        mean[i] += w[i] / (BATCHES * BATCHES);
      }
    }
    for (size_t i = 0; i < (size_t)EXAMPLES * EXAMPLES; ++i) {
      const double of_batch =
          ((i % EXAMPLES == i / EXAMPLES ? 1.0 / EXAMPLES : 0.0) - 1.0 / (EXAMPLES * EXAMPLES)) / BATCH;
      rst_test_close(second[i / EXAMPLES][i % EXAMPLES], lengths[k] * of_batch, 1e-13);
      rst_test_close(EXAMPLES * mean[i % EXAMPLES], 1.0, 1e-14);
    }
    rst_sampler_destroy(&sampler);
  }
  rst_context_destroy(&context);
}
END_TEST

/* The batches of an update are any two of an epoch, disjoint: where the slopes of examples have the unbiased variance S^2, that of the
 * update is l S^2/B - S^2/n, and so the weights have the covariance (l/B - 1/n) (I - 1/n)/(n - 1). */
START_TEST(shuffled_svag_has_the_moments_of_disjoint_batches) {
  enum { EXAMPLES = 5, BATCH = 2, DRAWN = 2 * BATCH };
  const double lengths[] = {1.0, 4.0, 7.5};
  struct rst_context *context = rst_test_context();
  for (size_t k = 0; k < sizeof lengths / sizeof *lengths; ++k) {
    const struct rst_sampling_parameters parameters = {
        .kind = "svag", .batch = BATCH, .length = lengths[k], .order = RST_ORDER_SHUFFLE};
    struct rst_sampler *sampler = NULL;
    double mean[EXAMPLES] = {0};
    double second[EXAMPLES][EXAMPLES] = {{0}};
    double orders = 0.0;
    RST_TEST_OK(context, rst_sampler_create(context, &parameters, EXAMPLES, &sampler));
    const double *weights = rst_sampler_draw(sampler, 0)->weights;
    for (size_t order = 0; order < (size_t)EXAMPLES * EXAMPLES * EXAMPLES * EXAMPLES; ++order) {
      double w[EXAMPLES] = {0};
      bool taken[EXAMPLES] = {false};
      bool disjoint = true;
      for (size_t i = 0, rest = order; i < DRAWN; ++i, rest /= EXAMPLES) {
        disjoint = disjoint && !taken[rest % EXAMPLES];
        taken[rest % EXAMPLES] = true;
        w[rest % EXAMPLES] += weights[i];
      }
      orders += disjoint ? 1.0 : 0.0;
      for (size_t i = 0; disjoint && i < (size_t)EXAMPLES * EXAMPLES; ++i) {
        second[i / EXAMPLES][i % EXAMPLES] +=
            (w[i / EXAMPLES] - 1.0 / EXAMPLES) * (w[i % EXAMPLES] - 1.0 / EXAMPLES);
        mean[i % EXAMPLES] += w[i % EXAMPLES] / EXAMPLES;
      }
    }
    ck_assert_double_eq(orders, 120.0);
    for (size_t i = 0; i < (size_t)EXAMPLES * EXAMPLES; ++i) {
      const double one = i % EXAMPLES == i / EXAMPLES ? 1.0 : 0.0;
      const double exact = (lengths[k] / BATCH - 1.0 / EXAMPLES) * (one - 1.0 / EXAMPLES) / (EXAMPLES - 1);
      rst_test_close(second[i / EXAMPLES][i % EXAMPLES] / orders, exact, 1e-13);
      rst_test_close(EXAMPLES * mean[i % EXAMPLES] / orders, 1.0, 1e-13);
    }
    rst_sampler_destroy(&sampler);
  }
  rst_context_destroy(&context);
}
END_TEST

/* (sigma/sqrt(B)) xi, for batches larger than the Hessian too, and no examples. */
START_TEST(hessian_draws_noise) {
  enum { ROWS = 5 };
  const struct rst_sampling_parameters parameters = {
      .kind = "hessian", .batch = 9, .sigma = 0.7, .seed = 4, .member = 2};
  const struct rst_stream stream = {4, 2, 6, 0};
  struct rst_context *context = rst_test_context();
  struct rst_sampler *sampler = NULL;
  uint64_t raw[ROWS + 1];
  double normal[ROWS];
  ck_assert(rst_sampling_needs_root(&parameters) && !rst_sampling_is_full(&parameters));
  ck_assert_int_eq(rst_sampling_epoch(&parameters, ROWS), 1);
  RST_TEST_OK(context, rst_sampler_create(context, &parameters, ROWS, &sampler));
  const struct rst_draw *draw = rst_sampler_draw(sampler, 6);
  rst_stream_normal(&stream, ROWS, raw, normal);
  ck_assert_uint_eq(draw->count, 0);
  ck_assert_uint_eq(rst_sampler_draw_count(sampler), 0);
  for (size_t i = 0; i < ROWS; ++i) {
    ck_assert_double_eq(draw->noise[i], normal[i] * (0.7 / 3.0));
  }
  rst_sampler_destroy(&sampler);
  RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, "root of the Hessian",
                 rst_sampler_create(context, &parameters, 0, &sampler));
  rst_context_destroy(&context);
}
END_TEST

START_TEST(full_draws_nothing) {
  struct rst_context *context = rst_test_context();
  const struct rst_sampling_parameters kinds[] = {{0}, {.kind = "full"}};
  for (size_t i = 0; i < 2; ++i) {
    struct rst_sampler *sampler = NULL;
    ck_assert(rst_sampling_is_full(&kinds[i]));
    ck_assert_int_eq(rst_sampling_epoch(&kinds[i], 24), 1);
    RST_TEST_OK(context, rst_sampler_create(context, &kinds[i], 24, &sampler));
    ck_assert_uint_eq(rst_sampler_draw_count(sampler), 0);
    ck_assert_ptr_null(rst_sampler_draw(sampler, 7));
    rst_sampler_destroy(&sampler);
  }
  rst_context_destroy(&context);
}
END_TEST

START_TEST(faults_are_named) {
  static const struct {
    const char *fragment;
    struct rst_sampling_parameters parameters;
  } faults[] = {
      {"unknown sampling 'half'", {.kind = "half"}},
      {"the batch is 0", {.kind = "minibatch"}},
      {"the batch of 25 is larger than the training set of 24", {.kind = "minibatch", .batch = 25}},
      {"the length is 0.5", {.kind = "svag", .batch = 2, .length = 0.5}},
      {"the length is 6; it must be a power of two", {.kind = "sde", .batch = 2, .length = 6.0}},
      {"the length is 4.29497e+09; it must be", {.kind = "sde", .batch = 2, .length = 0x1p32}},
      {"sigma is -1", {.kind = "hessian", .batch = 2, .sigma = -1.0}},
      {"the order 7 is neither", {.kind = "minibatch", .batch = 2, .order = (enum rst_sampling_order)7}},
  };
  struct rst_context *context = rst_test_context();
  for (size_t i = 0; i < sizeof faults / sizeof *faults; ++i) {
    struct rst_sampler *sampler = NULL;
    RST_TEST_FAILS(context, RST_ERROR_ARGUMENT, faults[i].fragment,
                   rst_sampler_create(context, &faults[i].parameters, 24, &sampler));
    ck_assert_ptr_null(sampler);
  }
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sampling");
  TCase *tests = tcase_create("sampling");
  tcase_add_test(tests, draws_are_those_of_numpy);
  tcase_add_test(tests, indices_are_high_words_of_products);
  tcase_add_test(tests, epochs_deal_out_all_examples);
  tcase_add_test(tests, svag_amplifies_the_noise_of_a_batch);
  tcase_add_test(tests, gaussian_weights_all_examples);
  tcase_add_test(tests, paths_of_sde_refine_each_other);
  tcase_add_test(tests, increments_of_sde_are_independent);
  tcase_add_test(tests, svag_has_the_moments_of_a_batch);
  tcase_add_test(tests, shuffled_svag_has_the_moments_of_disjoint_batches);
  tcase_add_test(tests, hessian_draws_noise);
  tcase_add_test(tests, full_draws_nothing);
  tcase_add_test(tests, faults_are_named);
  suite_add_tcase(suite, tests);
  return rst_test_run(suite);
}
