/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/running_means.h"

#include <math.h>

#include "core/core.h"
#include "restrain/regime.h"

enum { GROUPS = RST_RUNNING_GROUPS };
/* In the first row. */
enum { COUNT, LENGTH, TOTALS };

static const double *row_of(const struct rst_field *means, size_t row) {
  return (const double *)means->data + row * GROUPS;
}

static double *groups_of(struct rst_field *means, size_t quantity) {
  return (double *)means->data + (1 + quantity) * GROUPS;
}

enum rst_status rst_running_means_create(struct rst_context *context, size_t quantities,
                                         struct rst_field **means) {
  RST_REQUIRE(context, quantities <= GROUPS - TOTALS, RST_ERROR_ARGUMENT, "%zu quantities are more than %d",
              quantities, GROUPS - TOTALS);
  return rst_field_create(context, RST_PRECISION_DOUBLE, 1 + quantities, GROUPS, means);
}

void rst_running_means_clear(struct rst_field *means) {
  rst_field_fill(0.0, means);
  ((double *)means->data)[LENGTH] = 1.0;
}

static void join_neighbours(struct rst_field *means) {
  for (size_t q = 0; q + 1 < means->ny; ++q) {
    double *groups = groups_of(means, q);
    for (size_t i = 0; i < GROUPS / 2; ++i) {
      groups[i] = groups[2 * i] + groups[2 * i + 1];
    }
    for (size_t i = GROUPS / 2; i < GROUPS; ++i) {
      groups[i] = 0.0;
    }
  }
}

void rst_running_means_add(const double *values, struct rst_field *means) {
  double *head = means->data;
  if (head[COUNT] == GROUPS * head[LENGTH]) {
    join_neighbours(means);
    head[LENGTH] *= 2.0;
  }
  const size_t group = (size_t)(head[COUNT] / head[LENGTH]);
  for (size_t q = 0; q + 1 < means->ny; ++q) {
    head[TOTALS + q] += values[q];
    groups_of(means, q)[group] += values[q];
  }
  head[COUNT] += 1.0;
}

double rst_running_means_mean(const struct rst_field *means, size_t quantity) {
  const double *head = row_of(means, 0);
  return head[TOTALS + quantity] / head[COUNT];
}

/* Error of the mean of quantity number `above` less `ratio` times another. */
static double error_of(const struct rst_field *means, size_t above, double ratio, size_t below) {
  const double *head = row_of(means, 0);
  const double *x = row_of(means, 1 + above);
  const double *y = row_of(means, 1 + below);
  double values[GROUPS];
  const struct rst_sequence sequence = {.values = values};
  const size_t whole = (size_t)(head[COUNT] / head[LENGTH]);
  double mean = 0.0;
  double error = 0.0;
  for (size_t i = 0; i < whole; ++i) {
    values[i] = (x[i] - ratio * y[i]) / head[LENGTH];
  }
  rst_block_mean(&sequence, 0, whole, &mean, &error);
  return error;
}

double rst_running_means_error(const struct rst_field *means, size_t quantity) {
  return error_of(means, quantity, 0.0, quantity);
}

void rst_running_means_ratio(const struct rst_field *means, size_t above, size_t below, double *ratio,
                             double *error) {
  const double scale = rst_running_means_mean(means, below);
  *ratio = rst_running_means_mean(means, above) / scale;
  *error = error_of(means, above, *ratio, below) / fabs(scale);
}
