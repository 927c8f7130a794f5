/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/outcome.h"

#include <math.h>
#include <stdio.h>

#include "core/core.h"
#include "run/ergodic_outcome.h"
#include "run/local_stability.h"

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

/* A scalar of the file, or what is made of it, as a sequence from some row on. */
struct column {
  const struct rst_run_file *file;
  const char *name;
  size_t member, first;
};

static enum rst_status read_column(void *user, size_t first, size_t count, double *values) {
  const struct column *column = user;
  return rst_run_file_read_scalar(column->file, column->name, column->member, column->first + first, count,
                                  values);
}

/* The norm of the update from the ratio of both norms; from a state of zeros it is that of the next state. */
static enum rst_status read_update_norm(void *user, size_t first, size_t count, double *values) {
  enum { BLOCK = 4096 };
  const struct column *column = user;
  double norms[BLOCK + 1];
  RST_TRY(read_column(user, first, count, values));
  for (size_t done = 0, some = 0; done < count; done += some) {
    some = count - done < BLOCK ? count - done : BLOCK;
    RST_TRY(rst_run_file_read_scalar(column->file, "weight_norm", 0, first + done, some + 1, norms));
    for (size_t i = 0; i < some; ++i) {
      values[done + i] = norms[i] > 0.0 ? values[done + i] * norms[i] : norms[i + 1];
    }
  }
  return RST_OK;
}

static enum rst_status read_log_growth(void *user, size_t first, size_t count, double *values) {
  RST_TRY(read_column(user, first, count, values));
  for (size_t i = 0; i < count; ++i) {
    values[i] = log(values[i]);
  }
  return RST_OK;
}

enum {
  DATA_LOSS,
  RESIDUAL,
  WEIGHT_NORM,
  GRAD_NORM,
  OBSERVABLES,
  UPDATE_NORM = OBSERVABLES,
  LOG_GROWTH,
  COLUMNS
};

/* The record of a run: states that are evenly spaced, the last one left out if it is not, unless the run diverged there. */
struct record {
  size_t states;
  long updates; /* between the first and the last of them */
  struct column columns[COLUMNS];
  struct rst_sequence sequences[COLUMNS];
};

static void measure_record(const struct rst_outcome_request *request, bool diverged, struct record *record) {
  const long every = request->run->output.scalars_every;
  const bool whole = diverged || request->iterations % every == 0;
  record->states = whole ? rst_run_file_iterations(request->file) : (size_t)(request->iterations / every) + 1;
  record->updates = whole ? request->iterations : request->iterations / every * every;
}

/* What belongs to the updates between two rows lies in the second one where they are several. */
static enum rst_status open_record(struct rst_context *context, const struct rst_outcome_request *request,
                                   struct record *record) {
  const bool each = request->run->output.scalars_every == 1;
  const struct {
    const char *name;
    enum rst_status (*read)(void *user, size_t first, size_t count, double *values);
    bool is_of_updates;
  } kinds[COLUMNS] = {
      [DATA_LOSS] = {"data_loss", read_column, false},
      [RESIDUAL] = {"residual", read_column, false},
      [WEIGHT_NORM] = {"weight_norm", read_column, false},
      [GRAD_NORM] = {"grad_norm", read_column, false},
      [UPDATE_NORM] = {each ? "update_ratio" : "largest_update", each ? read_update_norm : read_column, true},
      [LOG_GROWTH] = {each ? "local_growth" : "mean_log_growth", each ? read_log_growth : read_column, true}};
  for (size_t c = 0; c < COLUMNS; ++c) {
    record->columns[c] = (struct column){
        .file = request->file, .name = kinds[c].name, .first = kinds[c].is_of_updates && !each ? 1 : 0};
    if (c != LOG_GROWTH || request->perturbed) {
      RST_TRY(rst_sequence_create(context, record->states - (kinds[c].is_of_updates ? 1 : 0), kinds[c].read,
                                  &record->columns[c], &record->sequences[c]));
    }
  }
  return RST_OK;
}

static void close_record(struct record *record) {
  for (size_t c = 0; c < COLUMNS; ++c) {
    rst_sequence_destroy(&record->sequences[c]);
  }
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

static enum rst_status review_events(const struct rst_run_file *file, struct rst_run_summary *summary) {
  enum { BLOCK = 64 };
  struct rst_event events[BLOCK];
  const size_t count = rst_run_file_events(file);
  for (size_t i = 0; i < count; ++i) {
    const struct rst_event *event = &events[i % BLOCK];
    if (i % BLOCK == 0) {
      RST_TRY(rst_run_file_read_events(file, i, count - i < BLOCK ? count - i : BLOCK, events));
    }
    keep_strongest(event, summary);
    summary->event_count += 1;
    summary->event_growth += log(event->amplification);
    summary->event_growth_discrete += event->growth_discrete;
    summary->event_growth_continuous += event->growth_continuous;
  }
  return RST_OK;
}

static void name_tensors(const struct rst_layout *layout, struct rst_run_summary *summary) {
  for (size_t i = 0; i < summary->event_count && i < RST_RUN_STRONGEST_EVENTS; ++i) {
    snprintf(summary->strongest_tensors[i], RST_RUN_TENSOR_NAME, "%s",
             layout->tensor_count > 1 ? layout->tensors[summary->strongest[i].tensor].name : "");
  }
}

static enum rst_status measure_twin(struct rst_context *context, const struct rst_outcome_request *request,
                                    const struct record *record, size_t index, double weight_norm,
                                    struct rst_twin_summary *twin) {
  struct column column = {.file = request->file, .name = "twin_distance", .member = index};
  struct rst_sequence distance = {0};
  const size_t last = rst_run_file_iterations(request->file) - 1;
  twin->label = request->run->twins[index].label;
  RST_TRY(rst_run_file_read_scalar(request->file, "twin_difference", index, last, 1, &twin->difference));
  RST_TRY(rst_sequence_create(context, record->states, read_column, &column, &distance));
  const enum rst_status status =
      rst_divergence_measure(context, &distance, record->states, request->run->output.scalars_every,
                             weight_norm, rst_twins_rounding(request->twins, index), &twin->divergence);
  rst_sequence_destroy(&distance);
  return status;
}

static enum rst_status measure_twins(struct rst_context *context, const struct rst_outcome_request *request,
                                     const struct record *record, struct rst_run_summary *summary) {
  for (size_t i = 0; i < request->run->twin_count; ++i) {
    RST_TRY(measure_twin(context, request, record, i, summary->weight_norm, &summary->twins[i]));
  }
  summary->twin_count = request->run->twin_count;
  return RST_OK;
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

static enum rst_status find_regime(struct rst_context *context, const struct rst_outcome_request *request,
                                   const struct record *record, struct rst_run_summary *summary) {
  const struct rst_case *run = request->run;
  struct rst_local_stability local = {0};
  RST_TRY(rst_local_stability_read(context, run, request->file, &local));
  const bool noisy = !rst_sampling_is_full(&run->sampling);
  struct rst_trajectory trajectory = {
      .states = record->states,
      .updates = record->updates,
      .diverged = summary->outcome == RST_RUN_DIVERGED,
      .epsilon = rst_precision_epsilon(run->flow.precision),
      .weight_norm = record->sequences[WEIGHT_NORM],
      .update_norm = record->sequences[UPDATE_NORM],
      /* The first ones; under noise those that belong to the state and not to a batch. */
      .observables = noisy ? &record->sequences[WEIGHT_NORM] : record->sequences,
      .observable_count = noisy ? 1 : OBSERVABLES,
      .log_growth = record->sequences[LOG_GROWTH],
      .unstable_updates = local.unstable,
      .stable_updates = local.stable,
      .noisy = noisy,
      .full_step = request->full_step,
  };
  RST_TRY(rst_regime_classify(context, &trajectory, &summary->regime));
  if (summary->regime.regime != RST_REGIME_CONVERGED || !rst_flow_facts(request->flow).linear) {
    return RST_OK;
  }
  RST_TRY(rst_local_stability_measure(context, run, request->flow, request->u, request->iterations, &local));
  trajectory.unstable_updates = local.unstable;
  trajectory.stable_updates = local.stable;
  return rst_regime_classify(context, &trajectory, &summary->regime);
}

static enum rst_status draw(struct rst_context *context, const struct rst_outcome_request *request,
                            struct record *record, struct rst_run_summary *summary) {
  struct rst_run_file *file = request->file;
  measure_record(request, summary->outcome == RST_RUN_DIVERGED, record);
  RST_TRY(open_record(context, request, record));
  summary->has_events = request->perturbed;
  if (request->perturbed) {
    RST_TRY(review_events(file, summary));
    name_tensors(rst_flow_layout(request->flow), summary);
  }
  RST_TRY(find_regime(context, request, record, summary));
  RST_TRY(rst_run_file_write_regime(file, &summary->regime));
  summary->has_ergodic = request->ergodic != NULL;
  if (request->ergodic) {
    RST_TRY(rst_ergodic_conclude(context, request->ergodic, request->iterations, file, &summary->ergodic));
  }
  if (request->run->twin_count > 0) {
    RST_TRY(measure_twins(context, request, record, summary));
    RST_TRY(store_twins(file, summary));
  }
  return RST_OK;
}

enum rst_status rst_outcome_draw(struct rst_context *context, const struct rst_outcome_request *request,
                                 struct rst_run_summary *summary) {
  struct record record = {0};
  const enum rst_status status = draw(context, request, &record, summary);
  close_record(&record);
  return status;
}
