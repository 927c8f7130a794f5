/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/bifurcate_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/output.h"
#include "cli/watch.h"
#include "core/clock.h"

static const char *parameter_name(const struct rst_case *from) {
  return from->bifurcation.parameter == RST_STEP_LR ? "lr" : "weight_decay";
}

static enum rst_exit exit_code(const struct rst_bifurcation_summary *summary) {
  return summary->outcome == RST_BIFURCATION_COMPLETED ? RST_EXIT_DONE : RST_EXIT_STOPPED;
}

static void add_text(struct rst_text *text, const char *parameter, const char *path,
                     const struct rst_bifurcation_summary *summary, const struct rst_ranges *ranges) {
  char wall[32];
  rst_format_duration(summary->wall_seconds, sizeof wall, wall);
  rst_text_add(text, "%s with %zu of %zu values of %s, %s\n%s", summary->reason, summary->done,
               summary->count, parameter, wall, path);
  rst_ranges_add_text(text, ranges);
}

static void add_json(struct rst_text *text, const struct rst_arguments *arguments, const char *parameter,
                     const char *path, const struct rst_bifurcation_summary *summary,
                     const struct rst_ranges *ranges) {
  const char *const names[][2] = {{"output", path}, {"reason", summary->reason}, {"parameter", parameter}};
  rst_text_add(text, "{\"case\": ");
  rst_text_add_quoted(text, arguments->subject);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    rst_text_add(text, ", \"%s\": ", names[i][0]);
    rst_text_add_quoted(text, names[i][1]);
  }
  rst_text_add(text, ", \"done\": %zu, \"count\": %zu, \"regimes\": {", summary->done, summary->count);
  for (int i = 0; rst_regime_names()[i]; ++i) {
    rst_text_add(text, "%s\"%s\": %zu", i ? ", " : "", rst_regime_names()[i], summary->regimes[i]);
  }
  rst_text_add(text, "}, \"ranges\": ");
  rst_ranges_add_json(text, ranges);
  rst_text_add(text, ", \"wall_seconds\": ");
  rst_text_add_number(text, summary->wall_seconds);
  rst_text_add(text, ", \"exit_code\": %d}", (int)exit_code(summary));
}

static enum rst_exit print(struct rst_context *context, const struct rst_arguments *arguments,
                           const char *parameter, const char *path,
                           const struct rst_bifurcation_summary *summary) {
  struct rst_ranges ranges;
  struct rst_text text = {0};
  const enum rst_status status = rst_ranges_read(context, path, parameter, &ranges);
  if (status != RST_OK) {
    return rst_report(context, status);
  }
  if (arguments->json) {
    add_json(&text, arguments, parameter, path, summary, &ranges);
  } else {
    add_text(&text, parameter, path, summary, &ranges);
  }
  rst_ranges_clear(&ranges);
  if (rst_print_text(&text) != RST_EXIT_DONE) {
    return RST_EXIT_FAILURE;
  }
  if (!arguments->json && summary->outcome == RST_BIFURCATION_INTERRUPTED) {
    rst_print_resumption(arguments, "bifurcate");
  }
  return exit_code(summary);
}

static enum rst_exit scan(struct rst_context *context, const struct rst_arguments *arguments,
                          const struct rst_case *from, const char *path, bool make_folders) {
  struct rst_watch watch;
  struct rst_bifurcation_summary summary;
  rst_watch_start(&watch, arguments->wall_limit, arguments->quiet);
  const struct rst_bifurcation_options options = {.output = path,
                                                  .resume = arguments->resume,
                                                  .force = arguments->force,
                                                  .make_folders = make_folders,
                                                  .argc = arguments->argc,
                                                  .argv = arguments->argv,
                                                  .poll = rst_watch_poll_scan,
                                                  .user = &watch};
  const enum rst_status status = rst_bifurcation_run(context, from, &options, &summary);
  rst_watch_stop(&watch);
  return status == RST_OK ? print(context, arguments, parameter_name(from), path, &summary)
                          : rst_report(context, status);
}

/* Updates per second, measured on orbits at the first value, ever longer ones until the time can be told. */
static enum rst_status measure_rate(struct rst_context *context, const struct rst_case *from,
                                    struct rst_flow *flow, double *rate) {
  const double enough = 0.2;
  const bool is_lr = from->bifurcation.parameter == RST_STEP_LR;
  const double value = from->bifurcation.from;
  const long most = from->bifurcation.burn_in + from->bifurcation.samples;
  struct rst_orbit orbit = {0};
  struct timespec start;
  double elapsed = 0.0;
  long length = 64;
  do {
    length = 2 * length < most ? 2 * length : most;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const enum rst_status status = rst_orbit_run(context, from, flow, is_lr ? value : from->step.scheme.lr,
                                                 is_lr ? from->step.scheme.weight_decay : value, length - 1,
                                                 1, NULL, NULL, NULL, &orbit);
    if (status != RST_OK) {
      return status;
    }
    elapsed = rst_seconds_since(&start);
  } while (elapsed < enough && length < most && orbit.iterations == length);
  *rate = (double)orbit.iterations / elapsed;
  return RST_OK;
}

static enum rst_exit rehearse(struct rst_context *context, const struct rst_case *from, const char *path) {
  struct rst_problem problem;
  rst_context_set_rigor(context, from->performance.rigor);
  enum rst_status status = rst_bifurcation_check(context, from);
  if (status == RST_OK) {
    status = rst_problem_create(context, from, &problem);
  }
  if (status != RST_OK) {
    return rst_report(context, status);
  }
  double rate = 0.0;
  size_t ny = 0;
  size_t nx = 0;
  char duration[32];
  const double total = (double)from->bifurcation.count *
                       ((double)from->bifurcation.burn_in + (double)from->bifurcation.samples);
  status = measure_rate(context, from, problem.flow, &rate);
  rst_tensor_plane_shape(rst_flow_layout(problem.flow)->tensors, &ny, &nx);
  if (status == RST_OK) {
    rst_format_duration(total / rate, sizeof duration, duration);
    printf(
        "would scan %zu values of %s from %g to %g, each with %ld iterations and %ld samples, of %s (state "
        "%zu x %zu, %s, correlation %s)\nat %.4g iterations a second, measured on one thread: at most %s\n"
        "would write %s\n",
        from->bifurcation.count, parameter_name(from), from->bifurcation.from, from->bifurcation.to,
        from->bifurcation.burn_in, from->bifurcation.samples, rst_flow_name(problem.flow), ny, nx,
        from->step.scheme.kind, rst_flow_correlation(problem.flow), rate, duration, path);
  }
  rst_problem_destroy(&problem);
  return status == RST_OK ? RST_EXIT_DONE : rst_report(context, status);
}

static enum rst_exit bifurcate_case(struct rst_context *context, const struct rst_arguments *arguments,
                                    const struct rst_case *from) {
  char *path = NULL;
  bool by_default = false;
  const enum rst_status status =
      rst_output_path(context, arguments, NULL, "bifurcation.h5", &path, &by_default);
  if (status != RST_OK) {
    return rst_report(context, status);
  }
  const enum rst_exit code =
      arguments->dry_run ? rehearse(context, from, path) : scan(context, arguments, from, path, by_default);
  free(path);
  return code;
}

enum rst_exit rst_command_bifurcate(struct rst_context *context, const struct rst_arguments *arguments) {
  return rst_command_on_case(context, arguments, "a scan", bifurcate_case);
}
