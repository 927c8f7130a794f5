/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/sweep_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/mpi_ranks.h"
#include "cli/output_path.h"
#include "cli/sharing.h"
#include "cli/watch.h"
#include "core/clock.h"

/* The series at work: the whole is member 0. */
struct series {
  struct rst_context *context;
  const struct rst_arguments *arguments;
  const struct rst_case *whole;
  struct rst_sweep_series of;
  struct rst_output_options output; /* of the whole */
  struct rst_watch watch;
  double seconds; /* that all is estimated to take on one thread */
};

static enum rst_exit print(const struct rst_arguments *arguments, const struct rst_sweep_facts *facts) {
  struct rst_text text = {0};
  if (arguments->json) {
    rst_sweep_add_json(&text, facts, arguments->merge ? NULL : arguments->subject);
  } else {
    rst_sweep_add_text(&text, facts);
  }
  const enum rst_exit printed = rst_print_text(&text);
  (void)fflush(stdout);
  return printed == RST_EXIT_DONE ? facts->code : printed;
}

static enum rst_exit exit_code(const struct rst_sweep_summary *summary) {
  return summary->outcome == RST_SWEEP_COMPLETED ? RST_EXIT_DONE : RST_EXIT_STOPPED;
}

static const struct rst_case *case_of(const struct series *series, size_t window) {
  return window > 0 ? series->of.members[window].loaded : series->whole;
}

static enum rst_exit sweep_window(struct series *series, size_t window) {
  const struct rst_arguments *arguments = series->arguments;
  const struct rst_case *from = case_of(series, window);
  const char *path = series->of.members[window].path;
  struct rst_ranks ranks;
  struct rst_sweep_summary summary;
  struct timespec start;
  const bool shared = rst_ranks_connect(&ranks);
  struct rst_sweep_options options = {.output = series->output,
                                      .shard = arguments->shard,
                                      .shards = arguments->shards,
                                      .ranks = shared ? &ranks : NULL,
                                      .poll = rst_watch_poll_sweep,
                                      .user = &series->watch};
  options.output.path = path;
  /* Windows that an interrupted series had not come to are no surprise. */
  options.output.resume = options.output.resume && (window == 0 || access(path, F_OK) == 0);
  clock_gettime(CLOCK_MONOTONIC, &start);
  rst_watch_next(&series->watch, window, series->of.count);
  const enum rst_status status = rst_sweep_run(series->context, from, &options, &summary);
  const double seconds = rst_seconds_since(&start);
  rst_watch_stop(&series->watch);
  if (status != RST_OK) {
    return rst_report_failure(series->context, status);
  }
  if (ranks.rank > 0) {
    return RST_EXIT_DONE;
  }
  const struct rst_sweep_facts facts = {.summary = &summary,
                                        .path = path,
                                        .from = from,
                                        .window = window,
                                        .windows = series->of.count - 1,
                                        .rate = seconds > 0.0 ? summary.point_iterations / seconds : 0.0,
                                        .code = exit_code(&summary)};
  return print(arguments, &facts);
}

/* Whether the series goes on after a window, for all ranks alike. */
static bool goes_on(struct series *series, size_t window, enum rst_exit *code) {
  struct rst_ranks ranks;
  if (window + 1 == series->of.count) {
    return false;
  }
  rst_ranks_connect(&ranks);
  const char *reason = ranks.rank == 0 ? rst_watch_reason(&series->watch) : NULL;
  if (*code == RST_EXIT_DONE && reason) {
    fprintf(stderr, "restrain: %s before window %zu of %zu\n", reason, window + 1, series->of.count - 1);
    *code = RST_EXIT_STOPPED;
  }
  return rst_ranks_first_failed(*code != RST_EXIT_DONE) < 0;
}

static enum rst_exit sweep_all(struct series *series) {
  const struct rst_arguments *arguments = series->arguments;
  struct rst_ranks ranks;
  enum rst_exit code = RST_EXIT_DONE;
  size_t window = 0;
  rst_ranks_connect(&ranks);
  rst_watch_start(&series->watch, arguments->wall_limit, arguments->quiet);
  do {
    code = sweep_window(series, window);
  } while (goes_on(series, window++, &code));
  if (!arguments->json && ranks.rank == 0) {
    rst_print_continuation(arguments, "sweep", code);
  }
  return code;
}

static enum rst_exit estimate_window(struct series *series, size_t window) {
  const struct rst_arguments *arguments = series->arguments;
  const struct rst_case *from = case_of(series, window);
  struct rst_sweep_cost cost;
  struct rst_text text = {0};
  const enum rst_status status = rst_sweep_estimate(series->context, from, &cost);
  if (status != RST_OK) {
    return rst_report_failure(series->context, status);
  }
  const size_t points = rst_points_of_shard(arguments, cost.points);
  const double seconds = cost.seconds * (double)points / (double)cost.points;
  series->seconds += seconds;
  if (arguments->json) {
    return rst_print_plan("sweep", series->of.members[window].path, &cost, points, series->of.count);
  }
  rst_sweep_add_plan(&text, from, series->of.members[window].path, &cost, points, seconds);
  return rst_print_text(&text);
}

static enum rst_exit estimate_all(struct series *series) {
  struct rst_ranks ranks;
  enum rst_exit code = RST_EXIT_DONE;
  char duration[32];
  rst_ranks_connect(&ranks);
  for (size_t window = 0; window < series->of.count && ranks.rank == 0 && code == RST_EXIT_DONE; ++window) {
    code = estimate_window(series, window);
  }
  if (series->of.count > 1 && ranks.rank == 0 && code == RST_EXIT_DONE && !series->arguments->json) {
    rst_format_duration(series->seconds, sizeof duration, duration);
    printf("%zu sweeps, about %s on one thread in all\n", series->of.count, duration);
  }
  return code;
}

/* No rank may begin a series that another one refuses. */
static enum rst_exit do_series(struct series *series) {
  struct rst_ranks ranks;
  enum rst_status status = rst_sweep_check(series->context, series->whole);
  if (status == RST_OK) {
    status = rst_sweep_series_create(series->context, series->arguments, series->whole, &series->output,
                                     &series->of);
  }
  rst_ranks_connect(&ranks);
  const int first = rst_ranks_first_failed(status != RST_OK);
  if (first >= 0) {
    return first == ranks.rank ? rst_report_failure(series->context, status) : RST_EXIT_DONE;
  }
  return series->arguments->dry_run ? estimate_all(series) : sweep_all(series);
}

static enum rst_exit sweep_case(struct rst_context *context, const struct rst_arguments *arguments,
                                const struct rst_case *from) {
  char *path = NULL;
  struct series series = {.context = context, .arguments = arguments, .whole = from};
  const enum rst_status status = rst_shard_output(context, arguments, "sweep", &path, &series.output);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const enum rst_exit code = do_series(&series);
  rst_sweep_series_clear(&series.of);
  free(path);
  return code;
}

static enum rst_exit merge(struct rst_context *context, const struct rst_arguments *arguments) {
  struct rst_sweep_summary summary;
  const struct rst_output_options output = rst_output_at(arguments, arguments->output);
  const enum rst_status status = rst_sweep_merge(context, (const char *const *)arguments->subjects,
                                                 arguments->subject_count, &output, &summary);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const struct rst_sweep_facts facts = {
      .summary = &summary, .path = arguments->output, .code = exit_code(&summary)};
  const enum rst_exit code = print(arguments, &facts);
  if (!arguments->json) {
    rst_print_continuation(arguments, "sweep", code);
  }
  return code;
}

enum rst_exit rst_command_sweep(struct rst_context *context, const struct rst_arguments *arguments) {
  if (!rst_sharing_makes_sense(arguments)) {
    return RST_EXIT_USAGE;
  }
  return arguments->merge ? merge(context, arguments)
                          : rst_command_on_case(context, arguments, NULL, sweep_case);
}
