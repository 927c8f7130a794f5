/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "follow/follow_sums.h"

/* Whether the distance grows from time t to the next one. */
static bool grows(const double *distance, size_t t) {
  return distance[t] > 0.0 && distance[t + 1] > (1.0 + RST_FOLLOW_TOLERANCE) * distance[t];
}

static enum rst_status append(struct rst_follow_task *task, size_t *capacity,
                              struct rst_growth_interval **interval) {
  struct rst_follow *follow = task->follow;
  if (follow->interval_count == *capacity) {
    const size_t wanted = 2 * *capacity + 8;
    struct rst_growth_interval *grown = realloc(follow->intervals, wanted * sizeof *grown);
    RST_REQUIRE(task->context, grown, RST_ERROR_MEMORY, "memory is exhausted");
    follow->intervals = grown;
    *capacity = wanted;
  }
  *interval = &follow->intervals[follow->interval_count];
  **interval = (struct rst_growth_interval){0};
  RST_TRY(RST_NEW(task->context, follow->tensor_count, &(*interval)->tensor_shares));
  ++follow->interval_count;
  return RST_OK;
}

/* Shares of the growing energy over the updates [begin, end), and the tensor that has the most. */
static void find_place(const struct rst_follow *follow, size_t begin, size_t end,
                       struct rst_growth_interval *interval) {
  double all = 0.0;
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    const double *distance = follow->tensors[i].distance + interval->twin * follow->time_count;
    double energy = 0.0;
    for (size_t t = begin; t < end; ++t) {
      energy += fmax(0.0, distance[t + 1] * distance[t + 1] - distance[t] * distance[t]);
    }
    interval->tensor_shares[i] = energy;
    all += energy;
    interval->tensor = energy > interval->tensor_shares[interval->tensor] ? i : interval->tensor;
  }
  for (size_t i = 0; i < follow->tensor_count && all > 0.0; ++i) {
    interval->tensor_shares[i] /= all;
  }
}

/* The updates [begin, end). */
static void describe(const struct rst_follow *follow, size_t begin, size_t end,
                     struct rst_growth_interval *interval) {
  const double *distance = follow->all.distance + interval->twin * follow->time_count;
  interval->first = follow->step[begin];
  interval->last = follow->step[end];
  interval->amplification = distance[end] / distance[begin];
  for (size_t t = begin; t < end; ++t) {
    const double growth = distance[t + 1] / distance[t];
    if (growth > interval->peak) {
      interval->peak = growth;
      interval->peak_step = follow->step[t];
    }
  }
  find_place(follow, begin, end, interval);
}

enum rst_status rst_follow_find_intervals(struct rst_follow_task *task) {
  const struct rst_follow *follow = task->follow;
  size_t capacity = 0;
  for (size_t twin = 0; twin < follow->twin_count; ++twin) {
    const double *distance = follow->all.distance + twin * follow->time_count;
    for (size_t t = 0; t + 1 < follow->time_count; ++t) {
      const size_t begin = t;
      while (t + 1 < follow->time_count && grows(distance, t)) {
        ++t;
      }
      if (t > begin) {
        struct rst_growth_interval *interval = NULL;
        RST_TRY(append(task, &capacity, &interval));
        interval->twin = twin;
        describe(follow, begin, t, interval);
      }
    }
  }
  return RST_OK;
}
