/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/sampling.h"

#include <assert.h>
#include <math.h>

#include "core/core.h"
#include "sampling/sampling_kinds.h"
#include "sampling/stream.h"

static struct rst_stream stream_of(const struct rst_sampler *sampler, long counter, long branch) {
  return (struct rst_stream){sampler->parameters.seed, sampler->parameters.member, (uint64_t)counter,
                             (uint64_t)branch};
}

static void take_normal(struct rst_sampler *sampler, long counter, long branch, double *values) {
  const struct rst_stream stream = stream_of(sampler, counter, branch);
  rst_stream_normal(&stream, sampler->examples, sampler->raw, values);
}

static void take_raw(struct rst_sampler *sampler, long counter, size_t count) {
  const struct rst_stream stream = stream_of(sampler, counter, 0);
  rst_stream_raw(&stream, count, sampler->raw);
}

/* By number, then by place: the order of a stable sort. */
static int compare_tickets(const void *a, const void *b) {
  const struct rst_ticket *x = a;
  const struct rst_ticket *y = b;
  const int by_raw = (x->raw > y->raw) - (x->raw < y->raw);
  return by_raw != 0 ? by_raw : (x->example > y->example) - (x->example < y->example);
}

static void shuffle(struct rst_sampler *sampler, long epoch) {
  if (sampler->epoch == epoch) {
    return;
  }
  take_raw(sampler, epoch, sampler->examples);
  for (size_t i = 0; i < sampler->examples; ++i) {
    sampler->tickets[i] = (struct rst_ticket){sampler->raw[i], i};
  }
  qsort(sampler->tickets, sampler->examples, sizeof *sampler->tickets, compare_tickets);
  sampler->epoch = epoch;
}

/* Batch number `batch` of all epochs together. */
static void take_shuffled(struct rst_sampler *sampler, long batch, size_t *indices) {
  const size_t size = sampler->parameters.batch;
  const long epoch = (long)(sampler->examples / size);
  shuffle(sampler, batch / epoch);
  const size_t first = (size_t)(batch % epoch) * size;
  for (size_t i = 0; i < size; ++i) {
    indices[i] = sampler->tickets[first + i].example;
  }
}

/* Indices from `count` raw numbers of stream (seed, member; t). */
static void take_replaced(struct rst_sampler *sampler, long t, size_t count) {
  take_raw(sampler, t, count);
  for (size_t i = 0; i < count; ++i) {
    sampler->indices[i] = (size_t)rst_stream_index(sampler->raw[i], sampler->examples);
  }
}

static size_t count_batch(const struct rst_sampling_parameters *parameters, size_t examples) {
  (void)examples;
  return parameters->batch;
}

static void fill_batch(struct rst_sampler *sampler, long t) {
  const size_t size = sampler->parameters.batch;
  if (sampler->parameters.order == RST_ORDER_SHUFFLE) {
    take_shuffled(sampler, t, sampler->indices);
  } else {
    take_replaced(sampler, t, size);
  }
  for (size_t i = 0; i < size; ++i) {
    sampler->weights[i] = 1.0 / (double)size;
  }
}

static size_t count_pair(const struct rst_sampling_parameters *parameters, size_t examples) {
  (void)examples;
  return 2 * parameters->batch;
}

static void fill_pair(struct rst_sampler *sampler, long t) {
  const size_t size = sampler->parameters.batch;
  const double c = sqrt(2.0 * sampler->parameters.length - 1.0);
  if (sampler->parameters.order == RST_ORDER_SHUFFLE) {
    take_shuffled(sampler, 2 * t, sampler->indices);
    take_shuffled(sampler, 2 * t + 1, sampler->indices + size);
  } else {
    take_replaced(sampler, t, 2 * size);
  }
  for (size_t i = 0; i < size; ++i) {
    sampler->weights[i] = (1.0 + c) / (2.0 * (double)size);
    sampler->weights[size + i] = (1.0 - c) / (2.0 * (double)size);
  }
}

static size_t count_all(const struct rst_sampling_parameters *parameters, size_t examples) {
  (void)parameters;
  return examples;
}

/* From normal numbers in their place, the weights whose covariance is amplitude^2 times that of batches with replacement. */
static void centre_weights(struct rst_sampler *sampler, double amplitude) {
  const size_t count = sampler->examples;
  const double n = (double)count;
  const double root = sqrt(n * (double)sampler->parameters.batch);
  double *weights = sampler->weights;
  double mean = 0.0;
  for (size_t i = 0; i < count; ++i) {
    mean += weights[i] / n;
  }
  for (size_t i = 0; i < count; ++i) {
    weights[i] = 1.0 / n + amplitude * (weights[i] - mean) / root;
  }
}

static void fill_normal(struct rst_sampler *sampler, long t) {
  take_normal(sampler, t, 0, sampler->weights);
  centre_weights(sampler, 1.0);
}

/* The binary logarithm of the length, which is a power of two. */
static int halvings(const struct rst_sampler *sampler) {
  int exponent = 0;
  (void)frexp(sampler->parameters.length, &exponent);
  return exponent - 1;
}

/* From the increment of a whole step to that of its part which update t covers: one halving after the other. */
static void fill_increment(struct rst_sampler *sampler, long t) {
  const int last = halvings(sampler);
  const long step = t >> last;
  const long part = t - (step << last);
  take_normal(sampler, step, 0, sampler->weights);
  for (int j = 0; j < last; ++j) {
    const long interval = (1L << j) + (part >> (last - j));
    const double sign = (part >> (last - j - 1)) % 2 == 0 ? 1.0 : -1.0;
    take_normal(sampler, step, interval, sampler->details);
    for (size_t i = 0; i < sampler->examples; ++i) {
      sampler->weights[i] = sqrt(0.5) * (sampler->weights[i] + sign * sampler->details[i]);
    }
  }
  centre_weights(sampler, sqrt(sampler->parameters.length));
}

static void fill_noise(struct rst_sampler *sampler, long t) {
  const double deviation = sampler->parameters.sigma / sqrt((double)sampler->parameters.batch);
  take_normal(sampler, t, 0, sampler->weights);
  for (size_t i = 0; i < sampler->examples; ++i) {
    sampler->weights[i] *= deviation;
  }
}

static const struct rst_sampling_kind full = {0};
static const struct rst_sampling_kind minibatch = {
    .takes_batch = true, .count = count_batch, .fill = fill_batch};
static const struct rst_sampling_kind svag = {
    .takes_batch = true, .takes_length = true, .count = count_pair, .fill = fill_pair};
static const struct rst_sampling_kind gaussian = {
    .takes_batch = true, .count = count_all, .fill = fill_normal};
static const struct rst_sampling_kind sde = {
    .takes_batch = true, .takes_length = true, .halves = true, .count = count_all, .fill = fill_increment};
static const struct rst_sampling_kind hessian = {
    .takes_batch = true, .needs_root = true, .count = count_all, .fill = fill_noise};

#define NAME(identifier, name) name,
static const char *const names[] = {RST_SAMPLING_LIST(NAME) NULL};
#undef NAME
#define KIND(identifier, name) &(identifier),
static const struct rst_sampling_kind *const kinds[] = {RST_SAMPLING_LIST(KIND)};
#undef KIND

const char *const *rst_sampling_names(void) {
  return names;
}

/* NULL for an unknown one. */
static const struct rst_sampling_kind *kind_of(const struct rst_sampling_parameters *parameters) {
  const int index = parameters->kind ? rst_name_index(names, parameters->kind) : 0;
  return index < 0 ? NULL : kinds[index];
}

bool rst_sampling_is_full(const struct rst_sampling_parameters *parameters) {
  return kind_of(parameters) == &full;
}

bool rst_sampling_needs_root(const struct rst_sampling_parameters *parameters) {
  return kind_of(parameters)->needs_root;
}

long rst_sampling_epoch(const struct rst_sampling_parameters *parameters, size_t examples) {
  const struct rst_sampling_kind *kind = kind_of(parameters);
  if (!kind->takes_batch) {
    return 1;
  }
  const long batches = examples >= parameters->batch ? (long)(examples / parameters->batch) : 1;
  return kind->takes_length ? lround(parameters->length * (double)batches) : batches;
}

double rst_sampling_variance(const struct rst_sampling_parameters *parameters, size_t examples) {
  const struct rst_sampling_kind *kind = kind_of(parameters);
  const double n = (double)examples;
  if (!kind->takes_batch || kind->needs_root) {
    return 0.0;
  }
  const double share = (kind->takes_length ? parameters->length : 1.0) / (double)parameters->batch;
  const bool shuffled = kind->count != count_all && parameters->order == RST_ORDER_SHUFFLE;
  return !shuffled ? share : examples > 1 ? n / (n - 1.0) * (share - 1.0 / n) : 0.0;
}

struct rst_sampling_parameters rst_sampling_apart(const struct rst_sampling_parameters *parameters) {
  struct rst_sampling_parameters apart = *parameters;
  apart.member = UINT64_MAX - parameters->member;
  return apart;
}

double rst_sampling_step(const struct rst_sampling_parameters *parameters) {
  return kind_of(parameters)->takes_length ? 1.0 / parameters->length : 1.0;
}

bool rst_sampling_fits_length(const struct rst_sampling_parameters *parameters) {
  const struct rst_sampling_kind *kind = kind_of(parameters);
  int exponent = 0;
  return !kind || !kind->halves ||
         (frexp(parameters->length, &exponent) == 0.5 && exponent - 1 <= RST_SAMPLING_HALVINGS);
}

static enum rst_status check(struct rst_context *context, const struct rst_sampling_parameters *parameters,
                             size_t examples) {
  const struct rst_sampling_kind *kind = kind_of(parameters);
  if (!kind) {
    return rst_fail_unknown(context, "sampling", parameters->kind, names);
  }
  RST_REQUIRE(context, !kind->takes_batch || parameters->batch >= 1, RST_ERROR_ARGUMENT,
              "the batch is %zu; it needs at least one example", parameters->batch);
  RST_REQUIRE(context, !kind->needs_root || examples > 0, RST_ERROR_ARGUMENT,
              "the root of the Hessian is not known; choose another kind of sampling");
  RST_REQUIRE(context, !kind->needs_root || (parameters->sigma >= 0.0 && isfinite(parameters->sigma)),
              RST_ERROR_ARGUMENT, "sigma is %g; it must be finite and not negative", parameters->sigma);
  RST_REQUIRE(context, !kind->takes_batch || kind->needs_root || parameters->batch <= examples,
              RST_ERROR_ARGUMENT,
              "the batch of %zu is larger than the training set of %zu examples; choose a smaller one",
              parameters->batch, examples);
  RST_REQUIRE(context, !kind->takes_length || (parameters->length >= 1.0 && isfinite(parameters->length)),
              RST_ERROR_ARGUMENT, "the length is %g; it must be at least 1 and finite", parameters->length);
  RST_REQUIRE(context, rst_sampling_fits_length(parameters), RST_ERROR_ARGUMENT,
              "the length is %g; it must be a power of two, of at most 2^%d", parameters->length,
              RST_SAMPLING_HALVINGS);
  RST_REQUIRE(context, parameters->order == RST_ORDER_SHUFFLE || parameters->order == RST_ORDER_REPLACEMENT,
              RST_ERROR_ARGUMENT, "the order %d is neither shuffle nor replacement", (int)parameters->order);
  return RST_OK;
}

static enum rst_status allocate(struct rst_context *context, struct rst_sampler *sampler) {
  const size_t count =
      sampler->kind->count ? sampler->kind->count(&sampler->parameters, sampler->examples) : 0;
  if (count == 0) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(context, count, &sampler->indices));
  RST_TRY(RST_NEW(context, count, &sampler->weights));
  for (size_t i = 0; i < count; ++i) {
    sampler->indices[i] = i;
  }
  RST_TRY(RST_NEW(context, (count > sampler->examples ? count : sampler->examples) + 1, &sampler->raw));
  RST_TRY(RST_NEW(context, sampler->examples, &sampler->tickets));
  if (sampler->kind->halves) {
    RST_TRY(RST_NEW(context, sampler->examples, &sampler->details));
  }
  sampler->draw = sampler->kind->needs_root
                      ? (struct rst_draw){.noise = sampler->weights}
                      : (struct rst_draw){count, sampler->indices, sampler->weights, NULL};
  return RST_OK;
}

enum rst_status rst_sampler_create(struct rst_context *context,
                                   const struct rst_sampling_parameters *parameters, size_t examples,
                                   struct rst_sampler **sampler) {
  *sampler = NULL;
  RST_TRY(check(context, parameters, examples));
  struct rst_sampler *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_sampler){
      .kind = kind_of(parameters), .parameters = *parameters, .examples = examples, .drawn = -1, .epoch = -1};
  const enum rst_status status = allocate(context, made);
  if (status != RST_OK) {
    rst_sampler_destroy(&made);
    return status;
  }
  *sampler = made;
  return RST_OK;
}

void rst_sampler_destroy(struct rst_sampler **sampler) {
  if (*sampler) {
    free((*sampler)->indices);
    free((*sampler)->weights);
    free((*sampler)->raw);
    free((*sampler)->tickets);
    free((*sampler)->details);
    free(*sampler);
    *sampler = NULL;
  }
}

size_t rst_sampler_draw_count(const struct rst_sampler *sampler) {
  return sampler->draw.count;
}

const struct rst_draw *rst_sampler_draw(struct rst_sampler *sampler, long t) {
  assert(t >= 0);
  if (!sampler->kind->fill) {
    return NULL;
  }
  if (sampler->drawn != t) {
    sampler->kind->fill(sampler, t);
    sampler->drawn = t;
  }
  return &sampler->draw;
}

const struct rst_draw *rst_sampler_draw_apart(struct rst_sampler *sampler, long k) {
  const bool shuffled = sampler->parameters.order == RST_ORDER_SHUFFLE && sampler->kind->count != count_all;
  return rst_sampler_draw(sampler, shuffled ? k * (long)(sampler->examples / sampler->parameters.batch) : k);
}
