/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/stored_trajectory.h"

#include <math.h>
#include <string.h>

#include "core/core.h"

static enum rst_status read_axis(struct rst_tensor_file *file, size_t place, double **values) {
  RST_TRY(RST_NEW(file->context, file->tensors[place].count, values));
  return rst_tensor_file_read(file, place, 0, file->tensors[place].count, *values);
}

/* The place of a dataset of one axis, of `length` unless that is 0; file->count if there is none. */
static size_t find_axis(const struct rst_tensor_file *file, const char *name, size_t length) {
  const size_t place = rst_tensor_file_find(file, name);
  const bool fits = place < file->count && file->tensors[place].rank == 1 &&
                    (length == 0 || file->tensors[place].count == length);
  return fits ? place : file->count;
}

static bool is_over(const struct rst_tensor_shape *stored, size_t times) {
  return stored->is_weights && stored->rank >= 2 && stored->dims[0] == times;
}

/* The times that tensors are over; if there are none, any. */
static size_t find_times(const struct rst_tensor_file *file) {
  static const char *const names[] = {"time", "iteration"};
  size_t found = file->count;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const size_t axis = find_axis(file, names[i], 0);
    for (size_t j = 0; axis < file->count && j < file->count; ++j) {
      if (is_over(&file->tensors[j], file->tensors[axis].count)) {
        return axis;
      }
    }
    found = found < file->count ? found : axis;
  }
  return found;
}

static enum rst_status read_times(struct rst_stored_trajectory *trajectory) {
  struct rst_tensor_file *file = trajectory->first;
  const size_t time = find_times(file);
  RST_REQUIRE(
      trajectory->context, time < file->count, RST_ERROR_ARGUMENT,
      "%s has neither /time nor /iteration, which would tell its times; write one of them, as long as "
      "the first axis of the tensors",
      trajectory->name);
  trajectory->times = file->tensors[time].count;
  size_t step = find_axis(file, "step", trajectory->times);
  step = step < file->count ? step : find_axis(file, "iteration", trajectory->times);
  RST_TRY(read_axis(file, time, &trajectory->time));
  return read_axis(file, step < file->count ? step : time, &trajectory->step);
}

static enum rst_status number_times(struct rst_stored_trajectory *trajectory) {
  trajectory->times = trajectory->series.count;
  RST_TRY(RST_NEW(trajectory->context, trajectory->times, &trajectory->time));
  RST_TRY(RST_NEW(trajectory->context, trajectory->times, &trajectory->step));
  memcpy(trajectory->step, trajectory->series.steps, trajectory->times * sizeof *trajectory->step);
  memcpy(trajectory->time, trajectory->series.steps, trajectory->times * sizeof *trajectory->time);
  return RST_OK;
}

static enum rst_status check_steps(const struct rst_stored_trajectory *trajectory) {
  for (size_t t = 0; t < trajectory->times; ++t) {
    const double step = trajectory->step[t];
    RST_REQUIRE(trajectory->context, isfinite(step) && (t == 0 || step > trajectory->step[t - 1]),
                RST_ERROR_ARGUMENT, "%s: its times must rise, but number %zu is %g", trajectory->name, t,
                step);
  }
  return RST_OK;
}

/* What the tensor of a file is at one time; false if it is none over the times. */
static bool at_one_time(const struct rst_stored_trajectory *trajectory, const struct rst_tensor_shape *stored,
                        struct rst_tensor_shape *tensor) {
  *tensor = *stored;
  if (trajectory->series.count > 0) {
    return stored->is_weights;
  }
  if (!is_over(stored, trajectory->times)) {
    return false;
  }
  --tensor->rank;
  memmove(tensor->dims, stored->dims + 1, (size_t)tensor->rank * sizeof *tensor->dims);
  tensor->count = stored->count / trajectory->times;
  return true;
}

static enum rst_status list_tensors(struct rst_stored_trajectory *trajectory) {
  const struct rst_tensor_file *file = trajectory->first;
  RST_TRY(RST_NEW(trajectory->context, file->count + 1, &trajectory->tensors));
  for (size_t i = 0; i < file->count; ++i) {
    struct rst_tensor_shape *tensor = &trajectory->tensors[trajectory->tensor_count];
    if (at_one_time(trajectory, &file->tensors[i], tensor)) {
      trajectory->is_coarse = trajectory->is_coarse || tensor->is_coarse;
      RST_REQUIRE(trajectory->context,
                  !__builtin_add_overflow(trajectory->count, tensor->count, &trajectory->count), RST_ERROR_IO,
                  "%s has more numbers than can be counted", trajectory->name);
      ++trajectory->tensor_count;
    }
  }
  RST_REQUIRE(trajectory->context, trajectory->tensor_count > 0, RST_ERROR_ARGUMENT, "%s holds no tensor: %s",
              trajectory->name,
              trajectory->series.count > 0
                  ? "its first file has no array of numbers with at least one axis"
                  : "no dataset has two or more axes of which the first is as long as the times");
  return RST_OK;
}

static enum rst_status open_parts(struct rst_stored_trajectory *trajectory) {
  const char *name = trajectory->name;
  if (rst_file_series_is_meant(name)) {
    RST_TRY(rst_file_series_find(trajectory->context, name, &trajectory->series));
    name = trajectory->series.paths[0];
  } else {
    RST_REQUIRE(trajectory->context, rst_tensor_file_kind(name) == &rst_tensor_file_hdf5, RST_ERROR_ARGUMENT,
                "%s is one time of a trajectory; name the folder of all its files, or a quoted pattern, as "
                "'run-1/*%s'",
                name, rst_tensor_file_kind(name)->ending);
  }
  RST_TRY(rst_tensor_file_open(trajectory->context, name, &trajectory->first));
  RST_TRY(trajectory->series.count > 0 ? number_times(trajectory) : read_times(trajectory));
  RST_TRY(check_steps(trajectory));
  return list_tensors(trajectory);
}

enum rst_status rst_stored_trajectory_open(struct rst_context *context, const char *name,
                                           struct rst_stored_trajectory *trajectory) {
  *trajectory = (struct rst_stored_trajectory){.context = context, .name = name};
  const enum rst_status status = open_parts(trajectory);
  if (status != RST_OK) {
    rst_stored_trajectory_close(trajectory);
  }
  return status;
}

void rst_stored_trajectory_close(struct rst_stored_trajectory *trajectory) {
  rst_tensor_file_close(&trajectory->first);
  rst_tensor_file_close(&trajectory->turned);
  rst_file_series_clear(&trajectory->series);
  free(trajectory->tensors);
  free(trajectory->time);
  free(trajectory->step);
  *trajectory = (struct rst_stored_trajectory){0};
}

static bool have_one_shape(const struct rst_tensor_shape *one, const struct rst_tensor_shape *other) {
  return one->rank == other->rank &&
         memcmp(one->dims, other->dims, (size_t)one->rank * sizeof *one->dims) == 0;
}

/* The place in a list of the tensor of that name and shape. */
static enum rst_status find_same(struct rst_context *context, const struct rst_tensor_shape *wanted,
                                 const char *wanted_in, const struct rst_tensor_shape *list, size_t count,
                                 const char *list_in, size_t *place) {
  size_t i = 0;
  while (i < count && (!list[i].is_weights || strcmp(list[i].name, wanted->name) != 0)) {
    ++i;
  }
  RST_REQUIRE(context, i < count, RST_ERROR_ARGUMENT,
              "%s has no tensor %s, which %s has; follow trajectories of one network", list_in, wanted->name,
              wanted_in);
  RST_REQUIRE(context, have_one_shape(&list[i], wanted), RST_ERROR_ARGUMENT,
              "%s has %zu numbers in %s, of another shape than the %zu in %s; follow trajectories of one "
              "network",
              wanted->name, list[i].count, list_in, wanted->count, wanted_in);
  *place = i;
  return RST_OK;
}

static enum rst_status match_steps(const struct rst_stored_trajectory *reference,
                                   const struct rst_stored_trajectory *twin) {
  RST_REQUIRE(reference->context, twin->times == reference->times, RST_ERROR_ARGUMENT,
              "%s has %zu times, %s has %zu; store both at the same times", twin->name, twin->times,
              reference->name, reference->times);
  for (size_t t = 0; t < twin->times; ++t) {
    RST_REQUIRE(reference->context, twin->step[t] == reference->step[t], RST_ERROR_ARGUMENT,
                "number %zu of the times is %.10g in %s, %.10g in %s; store both at the same times", t,
                twin->step[t], twin->name, reference->step[t], reference->name);
  }
  return RST_OK;
}

enum rst_status rst_stored_trajectory_match(const struct rst_stored_trajectory *reference,
                                            const struct rst_stored_trajectory *twin, size_t *places) {
  for (size_t i = 0; i < reference->tensor_count; ++i) {
    RST_TRY(find_same(reference->context, &reference->tensors[i], reference->name, twin->tensors,
                      twin->tensor_count, twin->name, &places[i]));
  }
  RST_REQUIRE(reference->context, twin->tensor_count == reference->tensor_count, RST_ERROR_ARGUMENT,
              "%s has %zu tensors, %s has %zu; follow trajectories of one network", twin->name,
              twin->tensor_count, reference->name, reference->tensor_count);
  return match_steps(reference, twin);
}

/* The file of a time of a series. */
static enum rst_status turn_to(struct rst_stored_trajectory *trajectory, size_t time,
                               struct rst_tensor_file **file) {
  if (time == 0) {
    *file = trajectory->first;
    return RST_OK;
  }
  if (!trajectory->turned || trajectory->at != time) {
    rst_tensor_file_close(&trajectory->turned);
    RST_TRY(rst_tensor_file_open(trajectory->context, trajectory->series.paths[time], &trajectory->turned));
    trajectory->at = time;
  }
  *file = trajectory->turned;
  return RST_OK;
}

enum rst_status rst_stored_trajectory_read(struct rst_stored_trajectory *trajectory, size_t time,
                                           size_t tensor, size_t first, size_t count, double *values) {
  const struct rst_tensor_shape *wanted = &trajectory->tensors[tensor];
  struct rst_tensor_file *file = trajectory->first;
  size_t place = 0;
  if (trajectory->series.count == 0) {
    return rst_tensor_file_read(file, rst_tensor_file_find(file, wanted->name), time * wanted->count + first,
                                count, values);
  }
  RST_TRY(turn_to(trajectory, time, &file));
  RST_TRY(find_same(trajectory->context, wanted, trajectory->first->path, file->tensors, file->count,
                    file->path, &place));
  return rst_tensor_file_read(file, place, first, count, values);
}
