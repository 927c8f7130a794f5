/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gsl/gsl_fit.h>
#include <math.h>
#include <string.h>

#include "core/core.h"
#include "follow/follow_sums.h"
#include "restrain/field.h"
#include "restrain/langevin.h"
#include "restrain/regime.h"
#include "stability/window_distance.h"

static void add(double *sum, const double *values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    sum[i] += values[i];
  }
}

static void add_tensors(struct rst_follow *follow) {
  struct rst_followed_part *all = &follow->all;
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    const struct rst_followed_part *tensor = &follow->tensors[i];
    const size_t times = follow->time_count;
    add(all->difference, tensor->difference, follow->twin_count * times);
    add(all->distance, tensor->distance, follow->twin_count * times);
    add(all->participation, tensor->participation, follow->twin_count * times);
    add(all->weight_norm, tensor->weight_norm, times);
    add(all->local_displacement, tensor->local_displacement, times);
    add(all->global_displacement, tensor->global_displacement, times);
    add(all->window_difference, tensor->window_difference, follow->window_count);
  }
}

/* From sums to what the results are. */
static void finish_sums(const struct rst_follow *follow, struct rst_followed_part *part) {
  const double count = (double)part->count;
  for (size_t i = 0; i < follow->twin_count * follow->time_count; ++i) {
    const double square = part->distance[i];
    const double fourth = part->participation[i];
    part->difference[i] /= count;
    part->participation[i] = fourth > 0.0 && isfinite(fourth) ? square * square / (count * fourth) : NAN;
    part->distance[i] = sqrt(square);
  }
  for (size_t t = 0; t < follow->time_count; ++t) {
    part->weight_norm[t] = sqrt(part->weight_norm[t]);
  }
  for (size_t i = 0; i < follow->window_count; ++i) {
    part->window_difference[i] /= count;
  }
  part->local_displacement[follow->time_count - 1] = NAN;
}

enum { LEAST_POINTS = 3 }; /* of a line with an error */

/* Slope of y over x and its standard error, by least squares; NaN of fewer than three points. */
static void fit_slope(const double *x, const double *y, size_t count, double *slope, double *error) {
  double constant = 0.0;
  double covariance[3];
  double residual = 0.0;
  *slope = NAN;
  *error = NAN;
  if (count >= LEAST_POINTS) {
    gsl_fit_linear(x, 1, y, 1, count, &constant, slope, &covariance[0], &covariance[1], &covariance[2],
                   &residual);
    *error = sqrt(covariance[2]);
  }
}

/* `room` is for two numbers for each time. */
static void find_exponent(const struct rst_follow *follow, struct rst_followed_part *part, double *room) {
  double *x = room;
  double *y = room + follow->time_count;
  size_t count = 0;
  for (size_t t = follow->time_count / 2; t < follow->time_count; ++t) {
    if (t > 0 && part->global_displacement[t] > 0.0) {
      x[count] = follow->step[t] - follow->step[0];
      y[count++] = part->global_displacement[t];
    }
  }
  part->displacement_exponent = NAN;
  part->displacement_exponent_error = NAN;
  if (count >= LEAST_POINTS) {
    part->displacement_exponent = rst_exponent_fit(count, x, y, &part->displacement_exponent_error);
  }
}

static void find_window_distances(const struct rst_follow *follow, struct rst_followed_part *part,
                                  double *room) {
  const size_t length = follow->time_count / RST_FOLLOW_WINDOWS;
  for (size_t i = 0; i < follow->window_count; ++i) {
    memcpy(room, part->weight_norm + i * length, 2 * length * sizeof *room);
    rst_window_distances(length, room, room + length, &part->window_wasserstein[i],
                         &part->window_kolmogorov[i]);
  }
}

static double step_of(const struct rst_follow *follow, long index) {
  return index >= 0 ? follow->step[index] : -1.0;
}

/* The phase is found among the times; the rate is over the steps. */
static enum rst_status find_growth(const struct rst_follow_task *task, struct rst_followed_part *part,
                                   size_t index, double *room) {
  const struct rst_follow *follow = task->follow;
  const size_t times = follow->time_count;
  const double *distance = part->distance + index * times;
  const struct rst_sequence sequence = {.values = distance};
  const bool coarse = task->reference.is_coarse || task->twins[index].is_coarse;
  const double epsilon = rst_precision_epsilon(coarse ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
  struct rst_followed_twin *twin = &part->twins[index];
  struct rst_divergence found;
  RST_TRY(rst_divergence_measure(task->context, &sequence, times, 1, part->weight_norm[times - 1], epsilon,
                                 &found));
  *twin = (struct rst_followed_twin){.difference = part->difference[index * times + times - 1],
                                     .distance = distance[times - 1],
                                     .growth_rate = NAN,
                                     .growth_rate_error = NAN,
                                     .first = step_of(follow, found.first),
                                     .last = step_of(follow, found.last),
                                     .saturation = step_of(follow, found.saturation),
                                     .plateau = found.plateau};
  if (found.first >= 0) {
    const size_t first = (size_t)found.first;
    const size_t count = (size_t)found.last - first + 1;
    for (size_t i = 0; i < count; ++i) {
      room[i] = log(distance[first + i]);
    }
    fit_slope(follow->step + first, room, count, &twin->growth_rate, &twin->growth_rate_error);
  }
  return RST_OK;
}

static enum rst_status finish(const struct rst_follow_task *task, struct rst_followed_part *part,
                              double *room) {
  finish_sums(task->follow, part);
  find_exponent(task->follow, part, room);
  find_window_distances(task->follow, part, room);
  for (size_t i = 0; i < task->follow->twin_count; ++i) {
    RST_TRY(find_growth(task, part, i, room));
  }
  return RST_OK;
}

enum rst_status rst_follow_find_numbers(struct rst_follow_task *task) {
  struct rst_follow *follow = task->follow;
  RST_SCOPED double *room = NULL;
  RST_TRY(RST_NEW(task->context, 2 * follow->time_count, &room));
  add_tensors(follow);
  RST_TRY(finish(task, &follow->all, room));
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    RST_TRY(finish(task, &follow->tensors[i], room));
  }
  return RST_OK;
}
