/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <sys/resource.h>
#include <time.h>

#include "archive/run_size.h"
#include "core/clock.h"
#include "core/core.h"
#include "run/cadence.h"
#include "run/outcome.h"
#include "run/run_parts.h"

/* What some steps took. */
struct march {
  long steps, events;
  double seconds;
};

/* So many steps, but none once the time is over. */
static enum rst_status march(struct rst_run_parts *parts, double longest, long most, struct march *done) {
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (*done = (struct march){0}; done->steps < most && done->seconds < longest; ++done->steps) {
    struct rst_observation seen;
    rst_run_parts_look(parts, &seen);
    RST_TRY(rst_run_parts_step(parts, &seen));
    done->events += seen.event_ended ? 1 : 0;
    done->seconds = rst_seconds_since(&start);
  }
  return RST_OK;
}

/* Seconds of an evaluation, spread over the iterations to the next one. */
static double measure_evaluation(struct rst_run_parts *parts) {
  struct rst_observation seen;
  struct rst_evaluation evaluation;
  struct timespec start;
  if (!parts->evaluations) {
    return 0.0;
  }
  rst_run_parts_look(parts, &seen);
  clock_gettime(CLOCK_MONOTONIC, &start);
  rst_evaluation_measure(parts->evaluations, parts->motion, &seen, &evaluation);
  return rst_seconds_since(&start) / (double)rst_evaluation_every(parts->evaluations);
}

static enum rst_status measure(struct rst_run_parts *parts, struct rst_run_cost *cost) {
  const double shortest = 0.2; /* seconds */
  const struct rst_flow *flow = parts->problem.flow;
  struct march done;
  RST_TRY(march(parts, shortest, LONG_MAX, &done));
  cost->rate = 1.0 / (done.seconds / (double)done.steps + measure_evaluation(parts));
  cost->flow = rst_flow_name(flow);
  cost->correlation = rst_flow_correlation(flow);
  rst_layout_shape(rst_flow_layout(flow), &cost->ny, &cost->nx);
  return RST_OK;
}

static enum rst_status measure_fields(struct rst_context *context, struct rst_run_parts *parts,
                                      double *bytes) {
  const struct rst_run_layout *layout = &rst_observer_series(parts->observer)->layout;
  struct rst_observation seen;
  RST_SCOPED const struct rst_field **fields = NULL;
  RST_TRY(RST_NEW(context, layout->count, &fields));
  rst_run_parts_look(parts, &seen);
  if (parts->ensemble) {
    RST_TRY(rst_ensemble_gather(parts->ensemble, parts->motion->iteration));
  }
  RST_TRY(rst_observer_expose(parts->observer, &seen, fields));
  return rst_run_size_fields(context, layout, fields, bytes);
}

/* Fields and events at some times in the first half of the run, or in as much of it as a moment allows: the last of them stand
 * for the second half. */
static enum rst_status sample(struct rst_context *context, const struct rst_case *run,
                              struct rst_run_parts *parts, struct rst_run_rows *rows) {
  enum { SAMPLES = 8 };
  const double longest = 0.2 / SAMPLES;
  struct march done = {0};
  double bytes = 0.0;
  long steps = 0;
  long events = 0;
  for (int i = 0; i < 2 * SAMPLES; ++i) {
    if (i <= SAMPLES) {
      RST_TRY(measure_fields(context, parts, &bytes));
    }
    if (i < SAMPLES) {
      RST_TRY(march(parts, longest, run->step.iterations / (2 * SAMPLES), &done));
      steps += done.steps;
      events += done.events;
    }
    rows->fields += bytes / (2 * SAMPLES);
  }
  rows->events = steps > 0 ? (double)run->step.iterations * (double)events / (double)steps : 0.0;
  return RST_OK;
}

static enum rst_status size_up(struct rst_context *context, const struct rst_case *run,
                               struct rst_run_parts *parts, struct rst_run_cost *cost) {
  enum { JUDGED = 7, COMPARED = 3 }; /* sequences, of which a page is in memory; and windows */
  struct rusage usage;
  struct rst_run_rows rows = {
      .snapshots = rst_cadence_count(run->output.cadence, run->output.every, run->step.iterations) + 1.0,
      .scalars = (double)run->step.iterations / (double)run->output.scalars_every + 2.0};
  if (parts->evaluations) {
    const long evaluations = run->step.iterations / rst_evaluation_every(parts->evaluations);
    rows.evaluations = (double)evaluations + 2.0;
  }
  RST_TRY(rst_outcome_list(run, rst_observer_series(parts->observer)));
  RST_TRY(sample(context, run, parts, &rows));
  RST_TRY(rst_run_size_constants(context, &rst_observer_series(parts->observer)->layout, &rows.constants));
  const struct rst_run_size size =
      rst_run_size_estimate(&rst_observer_series(parts->observer)->layout, &rows);
  const double sequences = JUDGED + (run->ergodic.burn_in >= 0 ? COMPARED : 0);
  const double pages = sequences * (double)sizeof(double) *
                       (rows.scalars < RST_SEQUENCE_PAGE ? rows.scalars : (double)RST_SEQUENCE_PAGE);
  getrusage(RUSAGE_SELF, &usage);
  cost->file_bytes = size.file;
  cost->memory_bytes = 1024.0 * (double)usage.ru_maxrss + size.memory + pages; /* KiB on Linux */
  return RST_OK;
}

enum rst_status rst_run_estimate(struct rst_context *context, const struct rst_case *run,
                                 struct rst_run_cost *cost) {
  struct rst_run_parts parts;
  RST_TRY(rst_run_parts_create(context, run, NULL, &parts));
  enum rst_status status = size_up(context, run, &parts, cost);
  if (status == RST_OK) {
    status = measure(&parts, cost);
  }
  rst_run_parts_destroy(&parts);
  return status;
}
