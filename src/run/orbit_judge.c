/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "core/core.h"
#include "run/orbit.h"

static double loss_at(const struct rst_orbit_record *record, long t) {
  const double norm = record->column[RST_ORBIT_WEIGHT_NORM][t];
  return record->column[RST_ORBIT_DATA_LOSS][t] + 0.5 * record->weight_decay * norm * norm;
}

static double mean_loss_of(const struct rst_orbit_record *record) {
  const long first = (record->asked + 1) / 2;
  const long from_rest = record->done > first ? record->done : first;
  double sum = loss_at(record, record->done) * (double)(record->asked + 1 - from_rest);
  if (record->diverged) {
    return INFINITY;
  }
  for (long t = first; t < record->done; ++t) {
    sum += loss_at(record, t);
  }
  return sum / (double)(record->asked + 1 - first);
}

/* Mean log of the growth where it settled: with smooth weights, since that of a rotating perturbation swings. */
static double growth_at_rest(const struct rst_orbit_record *record) {
  const double pi = 3.14159265358979323846;
  const double *log_growth = record->column[RST_ORBIT_LOG_GROWTH] + (record->done - record->rest);
  double sum = 0.0;
  double weights = 0.0;
  for (long i = 0; i < record->rest; ++i) {
    const double root = sin(pi * ((double)i + 0.5) / (double)record->rest);
    sum += root * root * log_growth[i];
    weights += root * root;
  }
  return sum / weights;
}

/* Over the last half of the updates asked for. */
static double settled_exponent(const struct rst_orbit_record *record) {
  const long first = record->asked / 2;
  const long from_rest = record->done > first ? record->done : first;
  double sum = growth_at_rest(record) * (double)(record->asked - from_rest);
  for (long t = first; t < record->done; ++t) {
    sum += record->column[RST_ORBIT_LOG_GROWTH][t];
  }
  return sum / (double)(record->asked - first);
}

static void settle(const struct rst_orbit_record *record, struct rst_regime_result *result) {
  const enum rst_regime regime = record->unstable > 0             ? RST_REGIME_TRANSIENT
                                 : record->stable == record->done ? RST_REGIME_STABLE
                                                                  : RST_REGIME_CONVERGED;
  *result = (struct rst_regime_result){.regime = regime,
                                       .period = 1,
                                       .exponent = settled_exponent(record),
                                       .exponent_error = 0.0,
                                       .contraction = NAN};
}

static enum rst_status classify(struct rst_context *context, const struct rst_orbit_record *record,
                                struct rst_regime_result *result) {
  enum { OF_THE_STATE = RST_ORBIT_WEIGHT_NORM }; /* these and the next are no batch's */
  struct rst_sequence observables[RST_ORBIT_OBSERVABLES];
  for (size_t i = 0; i < RST_ORBIT_OBSERVABLES; ++i) {
    observables[i] = (struct rst_sequence){.values = record->column[i]}; /* the first columns */
  }
  const struct rst_trajectory trajectory = {
      .states = (size_t)record->done + 1,
      .diverged = record->diverged,
      .epsilon = record->epsilon,
      .weight_norm = {.values = record->column[RST_ORBIT_WEIGHT_NORM]},
      .update_norm = {.values = record->column[RST_ORBIT_UPDATE_NORM]},
      .observables = record->noisy ? observables + OF_THE_STATE : observables,
      .observable_count = record->noisy ? RST_ORBIT_OBSERVABLES - OF_THE_STATE : RST_ORBIT_OBSERVABLES,
      .log_growth = {.values = record->column[RST_ORBIT_LOG_GROWTH]},
      .unstable_updates = record->unstable,
      .stable_updates = record->stable,
      .noisy = record->noisy,
      .full_step = record->full_step,
      .without_reason = true,
  };
  return rst_regime_classify(context, &trajectory, result);
}

enum rst_status rst_orbit_judge(struct rst_context *context, const struct rst_orbit_record *record,
                                struct rst_orbit *orbit, double *mean_loss) {
  orbit->iterations = record->done;
  orbit->max_growth = record->max_growth;
  orbit->loss = loss_at(record, record->done);
  orbit->evaluation = (struct rst_evaluation){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  if (record->settled) {
    settle(record, &orbit->regime);
  } else {
    RST_TRY(classify(context, record, &orbit->regime));
  }
  if (record->stopped) {
    orbit->regime.regime = RST_REGIME_UNDECIDED;
  }
  if (mean_loss) {
    *mean_loss = mean_loss_of(record);
  }
  return RST_OK;
}
