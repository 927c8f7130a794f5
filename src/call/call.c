/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/call.h"

#include <math.h>
#include <time.h>

#include "core/clock.h"
#include "core/core.h"
#include "restrain/analysis.h"
#include "restrain/bifurcation.h"
#include "restrain/run.h"
#include "restrain/sweep.h"

/* A call under way: whom to tell of it, and when that was done last. */
struct call {
  struct rst_context *context;
  const struct rst_case *from;
  struct rst_output_options output;
  int (*poll)(void *user, double done, double count, double loss);
  void *user;
  struct timespec told;
};

static const char *tell(struct call *call, double done, double count, double loss) {
  const double pause = 0.1;
  struct timespec now;
  if (!call->poll) {
    return NULL;
  }
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (rst_seconds_between(&call->told, &now) < pause) {
    return NULL;
  }
  call->told = now;
  return call->poll(call->user, done, count, loss) ? "stopped" : NULL;
}

static const char *tell_of_run(void *user, const struct rst_run_progress *progress) {
  return tell(user, (double)progress->iteration, (double)progress->iterations, progress->loss);
}

static const char *tell_of_sweep(void *user, const struct rst_sweep_progress *progress) {
  return tell(user, (double)progress->done, (double)progress->count, NAN);
}

static enum rst_status call_run(struct call *call, enum rst_call_outcome *outcome) {
  static const enum rst_call_outcome outcomes[] = {[RST_RUN_COMPLETED] = RST_CALL_COMPLETED,
                                                   [RST_RUN_DIVERGED] = RST_CALL_DIVERGED,
                                                   [RST_RUN_INTERRUPTED] = RST_CALL_STOPPED};
  const struct rst_run_options options = {.output = call->output, .poll = tell_of_run, .user = call};
  struct rst_run_summary summary;
  RST_TRY(rst_run(call->context, call->from, &options, &summary));
  *outcome = outcomes[summary.outcome];
  return RST_OK;
}

static bool is_stopped(void *user) {
  return tell(user, 0.0, 0.0, NAN) != NULL;
}

static enum rst_status call_analyze(struct call *call, enum rst_call_outcome *outcome) {
  const struct rst_analysis_options options = {.output = call->output};
  struct rst_analysis *analysis = NULL;
  RST_REQUIRE(call->context, !call->output.resume, RST_ERROR_ARGUMENT,
              "an analysis is done at once: there is nothing to resume");
  rst_context_set_stop(call->context, is_stopped, call);
  const enum rst_status status = rst_analyze(call->context, call->from, &options, &analysis);
  rst_context_set_stop(call->context, NULL, NULL);
  rst_analysis_destroy(&analysis);
  *outcome = status == RST_ERROR_STOPPED ? RST_CALL_STOPPED : RST_CALL_COMPLETED;
  return status == RST_ERROR_STOPPED ? RST_OK : status;
}

static enum rst_call_outcome outcome_of(const struct rst_sweep_summary *summary) {
  return summary->outcome == RST_SWEEP_COMPLETED ? RST_CALL_COMPLETED : RST_CALL_STOPPED;
}

static enum rst_status call_sweep(struct call *call, enum rst_call_outcome *outcome) {
  const struct rst_sweep_options options = {.output = call->output, .poll = tell_of_sweep, .user = call};
  struct rst_sweep_summary summary;
  RST_TRY(rst_sweep_run(call->context, call->from, &options, &summary));
  *outcome = outcome_of(&summary);
  return RST_OK;
}

static enum rst_status call_bifurcate(struct call *call, enum rst_call_outcome *outcome) {
  const struct rst_sweep_options options = {.output = call->output, .poll = tell_of_sweep, .user = call};
  struct rst_sweep_summary summary;
  RST_TRY(rst_bifurcation_run(call->context, call->from, &options, &summary, NULL));
  *outcome = outcome_of(&summary);
  return RST_OK;
}

static const char *const names[] = {"run", "analyze", "sweep", "bifurcate", NULL};
static enum rst_status (*const computations[])(struct call *call, enum rst_call_outcome *outcome) = {
    call_run, call_analyze, call_sweep, call_bifurcate};

const char *const *rst_call_names(void) {
  return names;
}

enum rst_status rst_call(struct rst_context *context, const char *name, const struct rst_case *from,
                         const char *path, enum rst_call_existing existing,
                         int (*poll)(void *user, double done, double count, double loss), void *user,
                         enum rst_call_outcome *outcome) {
  const int index = rst_name_index(names, name);
  if (index < 0) {
    return rst_fail_unknown(context, "computation", name, names);
  }
  struct call call = {.context = context,
                      .from = from,
                      .output = {.path = path,
                                 .resume = existing == RST_CALL_RESUME,
                                 .force = existing == RST_CALL_REPLACE,
                                 .make_folders = true},
                      .poll = poll,
                      .user = user};
  clock_gettime(CLOCK_MONOTONIC, &call.told);
  return computations[index](&call, outcome);
}

enum rst_status rst_call_record(struct rst_context *context, const struct rst_case *from,
                                int (*poll)(void *user, double done, double count, double loss), void *user,
                                struct rst_record *record, enum rst_call_outcome *outcome) {
  struct call call = {
      .context = context, .from = from, .output = {.record = record}, .poll = poll, .user = user};
  clock_gettime(CLOCK_MONOTONIC, &call.told);
  return call_run(&call, outcome);
}
