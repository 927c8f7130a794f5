/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/outcome.h"

#include <math.h>

#include "core/core.h"

/* Name, member of struct rst_divergence, description, units. */
#define SUMMARY_LIST(X)                                                                                      \
  X(twin_growth_rate, growth_rate, "growth rate of the distance to the twin while it grew", "1/iteration")   \
  X(twin_growth_rate_error, growth_rate_error, "standard error of the growth rate", "1/iteration")           \
  X(twin_saturation, saturation, "iteration at which the distance reached half of its plateau, -1 if never", \
    "iteration")                                                                                             \
  X(twin_plateau, plateau, "mean distance to the twin over the last half of the run", "1")

#define SUMMARY_VARIABLE(name, member, long_name, units) {#name, long_name, units},

enum rst_status rst_outcome_list(const struct rst_case *run, struct rst_series_list *list) {
  static const struct rst_variable summaries[] = {SUMMARY_LIST(SUMMARY_VARIABLE)};
  for (size_t i = 0; run->twin_count > 0 && i < sizeof summaries / sizeof *summaries; ++i) {
    RST_TRY(rst_series_list_add(list, &summaries[i], RST_AT_END, &list->twin));
  }
  return RST_OK;
}

enum { WEIGHT_NORM, UPDATE_NORM, DATA_LOSS, RESIDUAL, GRAD_NORM, LOG_GROWTH, COLUMNS };

/* The record of a run, [COLUMNS][states]. */
struct record {
  size_t states;
  double *values;
  double *column[COLUMNS];
};

static enum rst_status read_record(struct rst_context *context, const struct rst_run_file *file,
                                   bool has_growth, struct record *record) {
  static const char *const names[COLUMNS] = {"weight_norm", "update_ratio", "data_loss",
                                             "residual",    "grad_norm",    "local_growth"};
  record->states = rst_run_file_iterations(file);
  RST_TRY(RST_NEW(context, COLUMNS * record->states, &record->values));
  for (size_t c = 0; c < COLUMNS; ++c) {
    record->column[c] = record->values + c * record->states;
    if (c != LOG_GROWTH || has_growth) {
      RST_TRY(rst_run_file_read_scalar(file, names[c], 0, record->column[c]));
    }
  }
  for (size_t t = 0; t < record->states; ++t) {
    record->column[UPDATE_NORM][t] *= record->column[WEIGHT_NORM][t];
    record->column[LOG_GROWTH][t] = log(record->column[LOG_GROWTH][t]);
  }
  return RST_OK;
}

static void keep_strongest(const struct rst_event *event, struct rst_run_summary *summary) {
  size_t place =
      summary->event_count < RST_RUN_STRONGEST_EVENTS ? summary->event_count : RST_RUN_STRONGEST_EVENTS;
  while (place > 0 && summary->strongest[place - 1].amplification < event->amplification) {
    if (place < RST_RUN_STRONGEST_EVENTS) {
      summary->strongest[place] = summary->strongest[place - 1];
    }
    place -= 1;
  }
  if (place < RST_RUN_STRONGEST_EVENTS) {
    summary->strongest[place] = *event;
  }
}

/* Also the number of updates that an eigenvalue beyond a limit made unstable. */
static enum rst_status review_events(const struct rst_run_file *file, struct rst_run_summary *summary,
                                     long *unstable) {
  *unstable = 0;
  for (size_t i = 0; i < rst_run_file_events(file); ++i) {
    struct rst_event event;
    RST_TRY(rst_run_file_read_event(file, i, &event));
    keep_strongest(&event, summary);
    summary->event_count += 1;
    *unstable += event.kind == RST_EVENT_NONNORMAL ? 0 : event.last - event.first + 1;
  }
  return RST_OK;
}

static enum rst_status measure_twins(struct rst_context *context, const struct rst_case *run,
                                     const struct rst_twins *twins, const struct rst_run_file *file,
                                     const struct record *record, struct rst_run_summary *summary) {
  const size_t states = record->states;
  double *distance = NULL;
  RST_TRY(RST_NEW(context, 2 * states, &distance));
  double *difference = distance + states;
  enum rst_status status = RST_OK;
  for (size_t i = 0; i < run->twin_count && status == RST_OK; ++i) {
    struct rst_twin_summary *twin = &summary->twins[i];
    twin->label = run->twins[i].label;
    status = rst_run_file_read_scalar(file, "twin_distance", i, distance);
    if (status == RST_OK) {
      status = rst_run_file_read_scalar(file, "twin_difference", i, difference);
    }
    if (status == RST_OK) {
      twin->difference = difference[states - 1];
      status = rst_divergence_measure(context, distance, states, record->column[WEIGHT_NORM][states - 1],
                                      rst_twins_rounding(twins, i), &twin->divergence);
    }
  }
  free(distance);
  summary->twin_count = run->twin_count;
  return status;
}

static enum rst_status store_twins(struct rst_run_file *file, const struct rst_run_summary *summary) {
  double values[RST_RUN_MOST_TWINS];
#define SUMMARY_WRITE(name, member, long_name, units)                                                        \
  for (size_t i = 0; i < summary->twin_count; ++i) {                                                         \
    values[i] = (double)summary->twins[i].divergence.member;                                                 \
  }                                                                                                          \
  RST_TRY(rst_run_file_write_summary(file, #name, values));
  SUMMARY_LIST(SUMMARY_WRITE)
#undef SUMMARY_WRITE
  return RST_OK;
}

static enum rst_status draw(struct rst_context *context, const struct rst_case *run, bool perturbed,
                            const struct rst_twins *twins, struct rst_run_file *file, struct record *record,
                            struct rst_run_summary *summary) {
  long unstable = 0;
  RST_TRY(read_record(context, file, perturbed, record));
  summary->has_events = perturbed;
  if (perturbed) {
    RST_TRY(review_events(file, summary, &unstable));
  }
  const double *const observables[] = {record->column[DATA_LOSS], record->column[RESIDUAL],
                                       record->column[WEIGHT_NORM], record->column[GRAD_NORM]};
  const struct rst_trajectory trajectory = {
      .states = record->states,
      .diverged = summary->outcome == RST_RUN_DIVERGED,
      .epsilon = rst_precision_epsilon(run->flow.precision),
      .weight_norm = record->column[WEIGHT_NORM],
      .update_norm = record->column[UPDATE_NORM],
      .observables = observables,
      .observable_count = sizeof observables / sizeof *observables,
      .log_growth = perturbed ? record->column[LOG_GROWTH] : NULL,
      .unstable_updates = unstable,
  };
  RST_TRY(rst_regime_classify(context, &trajectory, &summary->regime));
  RST_TRY(rst_run_file_write_regime(file, &summary->regime));
  if (run->twin_count > 0) {
    RST_TRY(measure_twins(context, run, twins, file, record, summary));
    RST_TRY(store_twins(file, summary));
  }
  return RST_OK;
}

enum rst_status rst_outcome_draw(struct rst_context *context, const struct rst_case *run, bool perturbed,
                                 const struct rst_twins *twins, struct rst_run_file *file,
                                 struct rst_run_summary *summary) {
  struct record record = {0};
  const enum rst_status status = draw(context, run, perturbed, twins, file, &record, summary);
  free(record.values);
  return status;
}
