/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/follow.h"

#include <sys/stat.h>

#include "archive/output.h"
#include "core/core.h"
#include "follow/follow_file.h"
#include "follow/follow_sums.h"

static void clear_part(struct rst_followed_part *part) {
  free(part->name);
  free(part->difference);
  free(part->twins);
}

void rst_follow_destroy(struct rst_follow **follow) {
  struct rst_follow *old = *follow;
  if (!old) {
    return;
  }
  clear_part(&old->all);
  for (size_t i = 0; old->tensors && i < old->tensor_count; ++i) {
    clear_part(&old->tensors[i]);
  }
  for (size_t i = 0; i < old->interval_count; ++i) {
    free(old->intervals[i].tensor_shares);
  }
  free(old->intervals);
  free(old->tensors);
  free(old->time);
  free(old);
  *follow = NULL;
}

/* One block of memory for all numbers. */
static enum rst_status create_part(struct rst_context *context, const struct rst_follow *follow,
                                   const char *name, size_t count, struct rst_followed_part *part) {
  enum { OVER_TWINS = 3, OVER_TIMES = 3, OVER_WINDOWS = 3 };
  const size_t times = follow->time_count;
  const size_t pairs = follow->twin_count * times;
  double *values = NULL;
  RST_TRY(RST_NEW(context, OVER_TWINS * pairs + OVER_TIMES * times + OVER_WINDOWS * follow->window_count,
                  &values));
  part->difference = values;
  part->distance = part->difference + pairs;
  part->participation = part->distance + pairs;
  part->weight_norm = part->participation + pairs;
  part->local_displacement = part->weight_norm + times;
  part->global_displacement = part->local_displacement + times;
  part->window_difference = part->global_displacement + times;
  part->window_wasserstein = part->window_difference + follow->window_count;
  part->window_kolmogorov = part->window_wasserstein + follow->window_count;
  part->count = count;
  RST_TRY(RST_NEW(context, follow->twin_count + 1, &part->twins));
  return rst_format(context, &part->name, "%s", name);
}

static enum rst_status create_times(const struct rst_stored_trajectory *reference,
                                    struct rst_follow *follow) {
  const size_t times = reference->times;
  const size_t length = times / RST_FOLLOW_WINDOWS;
  follow->time_count = times;
  follow->window_count = length > 1 ? RST_FOLLOW_WINDOWS - 1 : 0;
  RST_TRY(RST_NEW(reference->context, 2 * times + follow->window_count, &follow->time));
  follow->step = follow->time + times;
  follow->window = follow->step + times;
  for (size_t t = 0; t < times; ++t) {
    follow->time[t] = reference->time[t];
    follow->step[t] = reference->step[t];
  }
  for (size_t i = 0; i < follow->window_count; ++i) {
    follow->window[i] = reference->step[(i + 1) * length];
  }
  return RST_OK;
}

static enum rst_status create_results(struct rst_follow_task *task) {
  const struct rst_stored_trajectory *reference = &task->reference;
  struct rst_follow *follow = task->follow;
  follow->reference = task->options->paths[0];
  follow->twins = task->options->paths + 1;
  follow->twin_count = task->options->path_count - 1;
  RST_TRY(create_times(reference, follow));
  RST_TRY(create_part(task->context, follow, "", reference->count, &follow->all));
  RST_TRY(RST_NEW(task->context, reference->tensor_count, &follow->tensors));
  follow->tensor_count = reference->tensor_count;
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    RST_TRY(create_part(task->context, follow, reference->tensors[i].name, reference->tensors[i].count,
                        &follow->tensors[i]));
  }
  return RST_OK;
}

static enum rst_status open_trajectories(struct rst_follow_task *task) {
  const size_t twins = task->options->path_count - 1;
  RST_TRY(rst_stored_trajectory_open(task->context, task->options->paths[0], &task->reference));
  RST_TRY(RST_NEW(task->context, twins + 1, &task->twins));
  RST_TRY(RST_NEW(task->context, twins + 1, &task->places));
  for (size_t i = 0; i < twins; ++i) {
    RST_TRY(rst_stored_trajectory_open(task->context, task->options->paths[i + 1], &task->twins[i]));
    RST_TRY(RST_NEW(task->context, task->reference.tensor_count, &task->places[i]));
    RST_TRY(rst_stored_trajectory_match(&task->reference, &task->twins[i], task->places[i]));
  }
  return RST_OK;
}

static void release(struct rst_follow_task *task) {
  for (size_t i = 0; i + 1 < task->options->path_count; ++i) {
    if (task->twins) {
      rst_stored_trajectory_close(&task->twins[i]);
    }
    if (task->places) {
      free(task->places[i]);
    }
  }
  free(task->twins);
  free((void *)task->places);
  rst_stored_trajectory_close(&task->reference);
}

/* The output would replace what is being read. */
static enum rst_status check_output(const struct rst_follow_task *task, const char *path) {
  struct stat output;
  struct stat input;
  if (!path || stat(path, &output) != 0) {
    return RST_OK;
  }
  for (size_t i = 0; i < task->options->path_count; ++i) {
    const bool same = stat(task->options->paths[i], &input) == 0 && input.st_dev == output.st_dev &&
                      input.st_ino == output.st_ino;
    RST_REQUIRE(task->context, !same, RST_ERROR_ARGUMENT,
                "%s is one of the trajectories; choose another output (-o)", task->options->paths[i]);
  }
  return RST_OK;
}

static enum rst_status compute(struct rst_follow_task *task, struct rst_output *output) {
  RST_TRY(check_output(task, output->path));
  RST_TRY(open_trajectories(task));
  RST_TRY(create_results(task));
  RST_TRY(rst_follow_file_check_names(task->context, task->follow));
  RST_TRY(rst_output_prepare(output));
  RST_TRY(rst_follow_add_up(task));
  if (task->stopped) {
    return RST_OK;
  }
  RST_TRY(rst_follow_find_numbers(task));
  RST_TRY(rst_follow_find_intervals(task));
  task->follow->wall_seconds = rst_output_wall_seconds(output);
  return output->path ? rst_follow_file_write(output, task->follow) : RST_OK;
}

static enum rst_status follow_all(struct rst_follow_task *task) {
  struct rst_output output;
  enum rst_status status = rst_output_open(task->context, &task->options->output, NULL, &output);
  if (status == RST_OK) {
    status = RST_NEW(task->context, 1, &task->follow);
  }
  if (status == RST_OK) {
    status = compute(task, &output);
  }
  rst_output_close(&output);
  release(task);
  return status;
}

enum rst_status rst_follow(struct rst_context *context, const struct rst_follow_options *options,
                           struct rst_follow **follow, const char **stopped) {
  struct rst_follow_task task = {.context = context, .options = options};
  *follow = NULL;
  *stopped = NULL;
  RST_REQUIRE(context, options->path_count > 0, RST_ERROR_ARGUMENT,
              "there is no trajectory to follow; name one");
  RST_REQUIRE(context, !options->output.resume, RST_ERROR_ARGUMENT, "following cannot be resumed");
  const enum rst_status status = follow_all(&task);
  *stopped = status == RST_OK ? task.stopped : NULL;
  if (status != RST_OK || task.stopped) {
    rst_follow_destroy(&task.follow);
  }
  *follow = task.follow;
  return status;
}
