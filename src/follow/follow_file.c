/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "follow/follow_file.h"

#include <string.h>

#include "archive/atomic_file.h"
#include "core/text.h"
#include "follow/follow_map.h"
#include "follow/follow_table.h"
#include "hdf5/dataset.h"

/* A scale knows all datasets that it belongs to, in an attribute of 64 KiB at most: of more tensors none has scales. */
enum { MOST_TENSORS_WITH_SCALES = 500 };

struct writer {
  struct rst_context *context;
  const struct rst_follow *follow;
  hid_t file;
  struct rst_axis time, twin, window, tensor, event;
};

/* Curves of a part: what they are over, and the member that has them. */
enum over { OVER_TWINS, OVER_TIMES, OVER_WINDOWS };
struct curve {
  struct rst_variable variable;
  enum over over;
  size_t offset;
};
#define MEMBER(name) offsetof(struct rst_followed_part, name)

static const struct curve curves[] = {
    {{"twin_difference", "mean relative difference 2|A-B|/(|A|+|B|) to the twin", "1"},
     OVER_TWINS,
     MEMBER(difference)},
    {{"twin_distance", "Euclidean distance to the twin", "1"}, OVER_TWINS, MEMBER(distance)},
    {{"twin_participation", "participation ratio of the difference to the twin", "1"},
     OVER_TWINS,
     MEMBER(participation)},
    {{"weight_norm", "Euclidean norm of the state", "1"}, OVER_TIMES, MEMBER(weight_norm)},
    {{"local_displacement", "square norm of u_{t+1} - u_t", "1"}, OVER_TIMES, MEMBER(local_displacement)},
    {{"global_displacement", "square norm of u_t - u_0", "1"}, OVER_TIMES, MEMBER(global_displacement)},
    {{"window_difference", "mean relative difference of the first states of two windows", "1"},
     OVER_WINDOWS,
     MEMBER(window_difference)},
    {{"window_wasserstein", "distance W1 of weight_norm in two windows", "1"},
     OVER_WINDOWS,
     MEMBER(window_wasserstein)},
    {{"window_kolmogorov", "distance KS of weight_norm in two windows", "1"},
     OVER_WINDOWS,
     MEMBER(window_kolmogorov)},
};

/* The name, or the group that it begins with. */
static bool begins_with(const char *name, const char *group) {
  const size_t length = strcspn(group, "/");
  return strncmp(name, group, length) == 0 && (name[length] == '\0' || name[length] == '/');
}

static bool is_taken(const char *name) {
  static const char *const others[] = {"time",           "step", "twin",   "window",    "tensor",
                                       "difference_map", "maps", "events", "provenance"};
  bool taken = false;
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    taken = taken || begins_with(name, others[i]);
  }
  for (size_t i = 0; i < sizeof curves / sizeof *curves; ++i) {
    taken = taken || begins_with(name, curves[i].variable.name);
  }
  for (size_t i = 0; i < rst_follow_numbers.count; ++i) {
    const char *number = rst_follow_numbers.rows[i].variable.name;
    taken = taken || (number && begins_with(name, number));
  }
  return taken;
}

enum rst_status rst_follow_file_check_names(struct rst_context *context, const struct rst_follow *follow) {
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    RST_REQUIRE(context, !is_taken(follow->tensors[i].name), RST_ERROR_ARGUMENT,
                "%s: a tensor cannot be called %s, which is a name in the results; store it under another",
                follow->reference, follow->tensors[i].name);
  }
  return RST_OK;
}

/* A dataset of a part, below the name of its tensor. */
static enum rst_status write_named(const struct writer *writer, const struct rst_followed_part *part,
                                   const struct rst_dataset *dataset) {
  struct rst_dataset named = *dataset;
  RST_SCOPED char *name = NULL;
  RST_TRY(rst_format(writer->context, &name, "%s%s%s", part->name, *part->name ? "/" : "",
                     dataset->variable.name));
  named.variable.name = name;
  return rst_dataset_write(writer->context, writer->file, &named);
}

/* Axes of a part. */
struct axes {
  struct rst_axis time, twin, window;
};

static struct axes axes_of(const struct writer *writer, const struct rst_followed_part *part) {
  struct axes axes = {writer->time, writer->twin, writer->window};
  if (*part->name && writer->follow->tensor_count > MOST_TENSORS_WITH_SCALES) {
    axes.time.variable.name = NULL;
    axes.twin.variable.name = NULL;
    axes.window.variable.name = NULL;
  }
  return axes;
}

static enum rst_status write_curve(const struct writer *writer, const struct rst_followed_part *part,
                                   const struct axes *axes, const struct curve *curve) {
  double *const *values = (double *const *)((const char *)part + curve->offset);
  struct rst_dataset dataset = {.variable = curve->variable, .values = *values, .rank = 1};
  const struct rst_axis *const over[] = {
      [OVER_TWINS] = &axes->twin, [OVER_TIMES] = &axes->time, [OVER_WINDOWS] = &axes->window};
  dataset.axes[0] = over[curve->over];
  if (curve->over == OVER_TWINS) {
    dataset.axes[dataset.rank++] = &axes->time;
  }
  return dataset.axes[0]->count > 0 ? write_named(writer, part, &dataset) : RST_OK;
}

/* The numbers of the part, and columns of those of its twins. */
static enum rst_status write_number(const struct writer *writer, const struct rst_followed_part *part,
                                    const struct axes *axes, const struct rst_quantity *row, double *column) {
  struct rst_dataset dataset = {.variable = row->variable, .values = column};
  if (row->group == RST_FOLLOW_OF_PART) {
    column[0] = rst_quantity_value(row, part);
    return write_named(writer, part, &dataset);
  }
  for (size_t i = 0; i < axes->twin.count; ++i) {
    column[i] = rst_quantity_value(row, &part->twins[i]);
  }
  dataset.rank = 1;
  dataset.axes[0] = &axes->twin;
  return axes->twin.count > 0 ? write_named(writer, part, &dataset) : RST_OK;
}

static enum rst_status write_part(const struct writer *writer, const struct rst_followed_part *part) {
  const struct axes axes = axes_of(writer, part);
  RST_SCOPED double *column = NULL;
  RST_TRY(RST_NEW(writer->context, axes.twin.count + 1, &column));
  for (size_t i = 0; i < sizeof curves / sizeof *curves; ++i) {
    RST_TRY(write_curve(writer, part, &axes, &curves[i]));
  }
  for (size_t i = 0; i < rst_follow_numbers.count; ++i) {
    const struct rst_quantity *row = &rst_follow_numbers.rows[i];
    if (row->variable.name && row->group != RST_FOLLOW_OF_INTERVAL) {
      RST_TRY(write_number(writer, part, &axes, row, column));
    }
  }
  return RST_OK;
}

static enum rst_status write_shares(const struct writer *writer) {
  const struct rst_follow *follow = writer->follow;
  RST_SCOPED double *shares = NULL;
  RST_TRY(RST_NEW(writer->context, follow->interval_count * follow->tensor_count, &shares));
  for (size_t i = 0; i < follow->interval_count; ++i) {
    memcpy(shares + i * follow->tensor_count, follow->intervals[i].tensor_shares,
           follow->tensor_count * sizeof *shares);
  }
  const struct rst_dataset dataset = {
      .variable = {"events/tensor_share", "share of the tensor in the growing energy", "1"},
      .rank = 2,
      .axes = {&writer->event, &writer->tensor},
      .values = shares};
  return rst_dataset_write(writer->context, writer->file, &dataset);
}

static enum rst_status write_intervals(const struct writer *writer) {
  const size_t count = writer->event.count;
  RST_SCOPED double *column = NULL;
  if (count == 0) {
    return RST_OK;
  }
  RST_TRY(RST_NEW(writer->context, count, &column));
  for (size_t i = 0; i < rst_follow_numbers.count; ++i) {
    const struct rst_quantity *row = &rst_follow_numbers.rows[i];
    const struct rst_dataset dataset = {
        .variable = row->variable, .rank = 1, .axes = {&writer->event}, .values = column};
    if (row->group == RST_FOLLOW_OF_INTERVAL) {
      for (size_t j = 0; j < count; ++j) {
        column[j] = rst_quantity_value(row, &writer->follow->intervals[j]);
      }
      RST_TRY(rst_dataset_write(writer->context, writer->file, &dataset));
    }
  }
  return write_shares(writer);
}

static enum rst_status write_content(void *user, hid_t file) {
  struct writer *writer = user;
  const struct rst_follow *follow = writer->follow;
  const struct rst_dataset step = {.variable = {"step", "steps by which rates are told", "step"},
                                   .rank = 1,
                                   .axes = {&writer->time},
                                   .values = follow->step};
  writer->file = file;
  RST_TRY(rst_dataset_write(writer->context, file, &step));
  RST_TRY(rst_axis_write(writer->context, file, &writer->tensor));
  RST_TRY(write_part(writer, &follow->all));
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    RST_TRY(write_part(writer, &follow->tensors[i]));
  }
  RST_TRY(follow->twin_count > 0 ? rst_follow_map_write(writer->context, follow, file, &writer->twin,
                                                        &writer->tensor, &writer->time)
                                 : RST_OK);
  return write_intervals(writer);
}

static void list_axes(struct writer *writer, const char *const *tensors) {
  const struct rst_follow *follow = writer->follow;
  writer->time = (struct rst_axis){.variable = {"time", "times of the trajectories", "1"},
                                   .count = follow->time_count,
                                   .values = follow->time};
  writer->twin =
      (struct rst_axis){.variable = {"twin", "trajectory that is compared with the reference", "1"},
                        .count = follow->twin_count,
                        .numbers = RST_NUMBERS_LABELS,
                        .values = (const void *)follow->twins};
  writer->window = (struct rst_axis){
      .variable = {"window", "step at which the second of two successive windows begins", "step"},
      .count = follow->window_count,
      .values = follow->window};
  writer->tensor = (struct rst_axis){.variable = {"tensor", "tensor of the state", "1"},
                                     .count = follow->tensor_count,
                                     .numbers = RST_NUMBERS_LABELS,
                                     .values = (const void *)tensors};
  writer->event = (struct rst_axis){.variable = {"events/event", "number of the event, from 0", "1"},
                                    .count = follow->interval_count,
                                    .numbers = RST_NUMBERS_INT64,
                                    .step = 1};
}

/* What was asked for, as YAML. */
static enum rst_status compose_effective(struct rst_context *context, const struct rst_follow *follow,
                                         char **effective) {
  struct rst_text text = {0};
  rst_text_add(&text, "follow:\n  - ");
  rst_text_add_quoted(&text, follow->reference);
  for (size_t i = 0; i < follow->twin_count; ++i) {
    rst_text_add(&text, "\n  - ");
    rst_text_add_quoted(&text, follow->twins[i]);
  }
  rst_text_add(&text, "\n");
  *effective = rst_text_take(&text);
  RST_REQUIRE(context, *effective, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

enum rst_status rst_follow_file_write(struct rst_output *output, const struct rst_follow *follow) {
  struct writer writer = {.context = output->context, .follow = follow};
  struct rst_provenance provenance;
  const struct rst_atomic_file whole = {.provenance = &provenance,
                                        .exit_reason = "completed",
                                        .wall_seconds = follow->wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  RST_SCOPED char *effective = NULL;
  RST_SCOPED const char **tensors = NULL;
  RST_TRY(compose_effective(output->context, follow, &effective));
  RST_TRY(RST_NEW(output->context, follow->tensor_count, &tensors));
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    tensors[i] = follow->tensors[i].name;
  }
  list_axes(&writer, tensors);
  RST_TRY(rst_output_provenance(output, NULL, effective, "none", &provenance));
  RST_TRY(rst_atomic_file_write(output->context, output->path, &whole));
  return follow->twin_count > 0 ? rst_follow_map_show(output->context, follow, output->path) : RST_OK;
}
