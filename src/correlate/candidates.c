/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/core.h"
#include "correlate/correlation_type.h"

#define TYPE_COUNT(name) +1
_Static_assert(RST_CORRELATION_MOST_CANDIDATES >= 0 RST_CORRELATION_LIST(TYPE_COUNT),
               "a list of candidates has room for all implementations");
#undef TYPE_COUNT

/* An operator with arrays to run it on. */
struct trial {
  struct rst_correlation *correlation;
  struct rst_field *kernel, *response, *gradient;
};

static void clear(struct trial *trial) {
  rst_field_destroy(&trial->kernel);
  rst_field_destroy(&trial->response);
  rst_field_destroy(&trial->gradient);
}

static enum rst_status prepare(struct rst_context *context, enum rst_precision precision, size_t ky,
                               size_t kx, struct trial *trial) {
  const double value = 0.5; /* any that grows to nothing extreme */
  size_t my = 0;
  size_t mx = 0;
  rst_correlation_response_shape(trial->correlation, &my, &mx);
  RST_TRY(rst_field_create(context, precision, ky, kx, &trial->kernel));
  RST_TRY(rst_field_create(context, precision, ky, kx, &trial->gradient));
  RST_TRY(rst_field_create(context, precision, my, mx, &trial->response));
  rst_field_fill(value, trial->kernel);
  return RST_OK;
}

/* Seconds of one apply() and one adjoint(), the mean of `repetitions`. */
static double run(const struct trial *trial, size_t repetitions) {
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (size_t i = 0; i < repetitions; ++i) {
    rst_correlation_apply(trial->correlation, trial->kernel, trial->response);
    rst_correlation_adjoint(trial->correlation, trial->response, trial->gradient);
  }
  return rst_seconds_since(&start) / (double)repetitions;
}

/* The median of runs that are long against the resolution of the clock, after one that fills the caches. */
static double median(const struct trial *trial, double longest) {
  enum { MOST_RUNS = 51 };
  const double shortest_run = 2e-5;
  double seconds[MOST_RUNS];
  size_t count = 0;
  const double once = run(trial, 1);
  const size_t repetitions = once < shortest_run ? (size_t)(shortest_run / fmax(once, 1e-9)) + 1 : 1;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    seconds[count++] = run(trial, repetitions);
  } while (count < MOST_RUNS && rst_seconds_since(&start) < longest);
  gsl_sort(seconds, 1, count);
  return gsl_stats_median_from_sorted_data(seconds, 1, count);
}

static enum rst_status measure(struct rst_context *context, enum rst_precision precision, size_t ky,
                               size_t kx, double longest, struct rst_correlation *correlation,
                               double *seconds) {
  struct trial trial = {.correlation = correlation};
  const enum rst_status status = prepare(context, precision, ky, kx, &trial);
  if (status == RST_OK) {
    *seconds = median(&trial, longest);
  }
  clear(&trial);
  return status;
}

/* An implementation that refuses what "auto" accepts does not apply. */
static enum rst_status fill(struct rst_context *context, const struct rst_field *image, size_t ky, size_t kx,
                            enum rst_boundary boundary, double longest,
                            struct rst_correlation_candidate *candidate) {
  const double nanosecond = 1e-9;
  struct rst_correlation *correlation = NULL;
  enum rst_status status =
      rst_correlation_create(context, image, ky, kx, boundary, candidate->name, &correlation);
  if (status == RST_ERROR_ARGUMENT) {
    return RST_OK;
  }
  RST_TRY(status);
  candidate->applies = true;
  candidate->estimated_seconds = nanosecond * rst_correlation_cost(correlation);
  if (candidate->estimated_seconds < longest) {
    status = measure(context, image->precision, ky, kx, longest, correlation, &candidate->measured_seconds);
  }
  rst_correlation_destroy(&correlation);
  return status;
}

enum rst_status
rst_correlation_candidates(struct rst_context *context, const struct rst_field *image, size_t ky, size_t kx,
                           enum rst_boundary boundary, double longest,
                           struct rst_correlation_candidate candidates[RST_CORRELATION_MOST_CANDIDATES],
                           size_t *count) {
  struct rst_correlation *automatic = NULL;
  *count = 0;
  RST_TRY(rst_correlation_create(context, image, ky, kx, boundary, "auto", &automatic));
  const char *const chosen = rst_correlation_name(automatic);
  rst_correlation_destroy(&automatic);
  for (const char *const *name = rst_correlation_names(); *name; ++name) {
    struct rst_correlation_candidate *candidate = &candidates[*count];
    *candidate = (struct rst_correlation_candidate){.name = *name,
                                                    .chosen = strcmp(*name, chosen) == 0,
                                                    .estimated_seconds = NAN,
                                                    .measured_seconds = NAN};
    RST_TRY(fill(context, image, ky, kx, boundary, longest, candidate));
    ++*count;
  }
  return RST_OK;
}
