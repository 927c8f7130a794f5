/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/follow_sums.h"

#include <math.h>
#include <string.h>

#include "core/core.h"
#include "core/field_operations.h"
#include "core/sizes.h"

/* States of a part: now, one time before, at the first time, at the last beginning of a window, and of a twin now. */
enum { NOW, BEFORE, START, WINDOW, TWIN, STATES };

/* What of a part belongs to one tensor. */
struct segment {
  size_t tensor;
  size_t first; /* its first number in the tensor */
  size_t at;    /* and in the part */
  size_t count;
};

struct part {
  struct rst_follow_task *task;
  size_t room; /* numbers of a state */
  size_t segment_count;
  struct segment *segments; /* [tensors] */
  double *states[STATES];
};

static const struct rst_field_operations *const numbers = &rst_field_operations_double;

static double sum_of_fourth_powers(size_t count, const double *x, const double *y) {
  double sum = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const double square = (x[i] - y[i]) * (x[i] - y[i]);
    sum += square * square;
  }
  return sum;
}

static enum rst_status read_segment(const struct part *part, struct rst_stored_trajectory *from, size_t time,
                                    size_t tensor, const struct segment *segment, double *state) {
  double *values = state + segment->at;
  RST_TRY(rst_stored_trajectory_read(from, time, tensor, segment->first, segment->count, values));
  RST_REQUIRE(part->task->context, !isnan(numbers->sum_of_zeros(segment->count, values)), RST_ERROR_IO,
              "%s: %s is not finite at step %.10g; leave out that time and those behind it", from->name,
              from->tensors[tensor].name, from->step[time]);
  return RST_OK;
}

static enum rst_status read_state(const struct part *part, struct rst_stored_trajectory *from,
                                  const size_t *places, size_t time, double *state) {
  for (size_t i = 0; i < part->segment_count; ++i) {
    const struct segment *segment = &part->segments[i];
    const size_t tensor = places ? places[segment->tensor] : segment->tensor;
    RST_TRY(read_segment(part, from, time, tensor, segment, state));
  }
  return RST_OK;
}

static size_t window_length(const struct rst_follow *follow) {
  return follow->time_count / RST_FOLLOW_WINDOWS;
}

/* Whether a window begins, other than the first. */
static bool begins_window(const struct rst_follow *follow, size_t time) {
  const size_t length = window_length(follow);
  return follow->window_count > 0 && time > 0 && time % length == 0 && time / length <= follow->window_count;
}

static void add_reference(const struct part *part, size_t time) {
  const struct rst_follow *follow = part->task->follow;
  for (size_t i = 0; i < part->segment_count; ++i) {
    const struct segment *segment = &part->segments[i];
    struct rst_followed_part *sums = &follow->tensors[segment->tensor];
    const size_t n = segment->count;
    const double *now = part->states[NOW] + segment->at;
    sums->weight_norm[time] += numbers->square(n, 1.0, now);
    sums->global_displacement[time] +=
        numbers->square_of_difference(n, 1.0, now, part->states[START] + segment->at);
    if (time > 0) {
      sums->local_displacement[time - 1] +=
          numbers->square_of_difference(n, 1.0, now, part->states[BEFORE] + segment->at);
    }
    if (begins_window(follow, time)) {
      sums->window_difference[time / window_length(follow) - 1] +=
          numbers->sum_of_relative_differences(n, now, part->states[WINDOW] + segment->at);
    }
  }
}

static void add_twin(const struct part *part, size_t time, size_t twin) {
  const struct rst_follow *follow = part->task->follow;
  const size_t entry = twin * follow->time_count + time;
  for (size_t i = 0; i < part->segment_count; ++i) {
    const struct segment *segment = &part->segments[i];
    struct rst_followed_part *sums = &follow->tensors[segment->tensor];
    const double *one = part->states[NOW] + segment->at;
    const double *other = part->states[TWIN] + segment->at;
    sums->difference[entry] += numbers->sum_of_relative_differences(segment->count, one, other);
    sums->distance[entry] += numbers->square_of_difference(segment->count, 1.0, one, other);
    sums->participation[entry] += sum_of_fourth_powers(segment->count, one, other);
  }
}

static enum rst_status add_time(struct part *part, size_t time) {
  struct rst_follow_task *task = part->task;
  double *const now = part->states[NOW];
  RST_TRY(read_state(part, &task->reference, NULL, time, now));
  if (time == 0) {
    memcpy(part->states[START], now, part->room * sizeof *now);
  }
  add_reference(part, time);
  for (size_t i = 0; i < task->follow->twin_count; ++i) {
    RST_TRY(read_state(part, &task->twins[i], task->places[i], time, part->states[TWIN]));
    add_twin(part, time, i);
  }
  if (time == 0 || begins_window(task->follow, time)) {
    memcpy(part->states[WINDOW], now, part->room * sizeof *now);
  }
  part->states[NOW] = part->states[BEFORE];
  part->states[BEFORE] = now;
  return RST_OK;
}

/* The segments of the weights [first, end). */
static void cut(struct part *part, size_t first, size_t end) {
  const struct rst_follow *follow = part->task->follow;
  size_t begin = 0; /* of the tensor */
  part->segment_count = 0;
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    const size_t stop = begin + follow->tensors[i].count;
    const size_t from = begin > first ? begin : first;
    const size_t to = rst_least(stop, end);
    if (from < to) {
      part->segments[part->segment_count++] =
          (struct segment){.tensor = i, .first = from - begin, .at = from - first, .count = to - from};
    }
    begin = stop;
  }
}

static enum rst_status pass(struct part *part) {
  struct rst_follow_task *task = part->task;
  const struct rst_follow_options *options = task->options;
  const size_t count = task->reference.count;
  const size_t times = task->follow->time_count;
  for (size_t first = 0; first < count; first += part->room) {
    const size_t end = first + rst_least(count - first, part->room);
    cut(part, first, end);
    for (size_t time = 0; time < times; ++time) {
      const double share = (double)(time + 1) / (double)times;
      const struct rst_follow_progress progress = {((double)first + share * (double)(end - first)) /
                                                   (double)count};
      RST_TRY(add_time(part, time));
      task->stopped = options->poll ? options->poll(options->user, &progress) : NULL;
      if (task->stopped) {
        return RST_OK;
      }
    }
  }
  return RST_OK;
}

enum rst_status rst_follow_add_up(struct rst_follow_task *task) {
  struct part part = {.task = task, .room = rst_least(task->reference.count, RST_FOLLOW_PART)};
  RST_SCOPED struct segment *segments = NULL;
  RST_SCOPED double *states = NULL;
  RST_TRY(RST_NEW(task->context, task->follow->tensor_count, &segments));
  RST_TRY(RST_NEW(task->context, STATES * part.room, &states));
  part.segments = segments;
  for (size_t i = 0; i < STATES; ++i) {
    part.states[i] = states + i * part.room;
  }
  return pass(&part);
}
