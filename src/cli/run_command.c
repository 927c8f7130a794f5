/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/levels_text.h"
#include "cli/mpi_ranks.h"
#include "cli/output_path.h"
#include "cli/profile_text.h"
#include "cli/run_text.h"
#include "cli/watch.h"
#include "core/plural.h"
#include "core/text.h"

static enum rst_exit exit_code(enum rst_run_outcome outcome) {
  static const enum rst_exit codes[] = {[RST_RUN_COMPLETED] = RST_EXIT_DONE,
                                        [RST_RUN_DIVERGED] = RST_EXIT_DIVERGED,
                                        [RST_RUN_INTERRUPTED] = RST_EXIT_STOPPED};
  return codes[outcome];
}

static void print_levels(const struct rst_image_levels *levels) {
  struct rst_text text = {0};
  rst_levels_add_text(levels, "  image        ", &text);
  if (text.length > 0) {
    (void)rst_print_text(&text);
  }
}

static void print_text(const struct rst_arguments *arguments, const struct rst_case *run, const char *path,
                       const struct rst_run_summary *summary) {
  char wall[32];
  rst_format_duration(summary->wall_seconds, sizeof wall, wall);
  printf("%s at iteration %ld of %ld, %s\n", summary->reason, summary->last, run->step.iterations, wall);
  printf("  loss         %.15g\n  data loss    %.15g\n  residual     %.15g\n", summary->loss,
         summary->data_loss, summary->residual);
  printf("  |gradient|   %.6e\n  |state|      %.6e\n", summary->grad_norm, summary->weight_norm);
  print_levels(&summary->levels);
  rst_run_summary_print(summary);
  rst_profile_print(summary);
  const size_t stem =
      strlen(path) - (strlen(path) > 3 && strcmp(path + strlen(path) - 3, ".h5") == 0 ? 3 : 0);
  printf("%s: %ld snapshot%s; ParaView opens %.*s.xdmf\n", path, summary->snapshots,
         rst_plural((double)summary->snapshots), (int)stem, path);
  if (summary->outcome == RST_RUN_INTERRUPTED) {
    rst_print_resumption(arguments);
  }
}

static enum rst_exit print_json(const struct rst_arguments *arguments, const struct rst_case *run,
                                const char *path, const struct rst_run_summary *summary) {
  const struct {
    const char *name;
    double value;
  } numbers[] = {{"first", (double)summary->first},
                 {"last", (double)summary->last},
                 {"iterations", (double)run->step.iterations},
                 {"snapshots", (double)summary->snapshots},
                 {"loss", summary->loss},
                 {"data_loss", summary->data_loss},
                 {"residual", summary->residual},
                 {"grad_norm", summary->grad_norm},
                 {"weight_norm", summary->weight_norm},
                 {"wall_seconds", summary->wall_seconds},
                 {"exit_code", (double)exit_code(summary->outcome)}};
  struct rst_text text = {0};
  rst_text_add(&text, "{\"case\": ");
  rst_text_add_quoted(&text, arguments->subject);
  rst_text_add(&text, ", \"output\": ");
  rst_text_add_quoted(&text, path);
  rst_text_add(&text, ", \"reason\": ");
  rst_text_add_quoted(&text, summary->reason);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    rst_text_add(&text, ", \"%s\": ", numbers[i].name);
    rst_text_add_number(&text, numbers[i].value);
  }
  rst_levels_add_json(&summary->levels, &text);
  rst_run_summary_add_json(summary, &text);
  rst_profile_add_json(summary, &text);
  rst_text_add(&text, "}");
  return rst_print_text(&text);
}

static enum rst_exit integrate(struct rst_context *context, const struct rst_arguments *arguments,
                               const struct rst_case *run, const struct rst_output_options *output) {
  struct rst_watch watch;
  struct rst_run_summary summary;
  struct rst_ranks ranks;
  const bool shared = rst_ranks_connect(&ranks);
  rst_watch_start(&watch, arguments->wall_limit, arguments->quiet);
  const struct rst_run_options options = {.output = *output,
                                          .ranks = shared ? &ranks : NULL,
                                          .profile = arguments->profile,
                                          .poll = rst_watch_poll,
                                          .user = &watch};
  const enum rst_status status = rst_run(context, run, &options, &summary);
  rst_watch_stop(&watch);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  if (ranks.rank > 0) {
    return RST_EXIT_DONE;
  }
  if (arguments->json) {
    const enum rst_exit printed = print_json(arguments, run, output->path, &summary);
    return printed == RST_EXIT_DONE ? exit_code(summary.outcome) : printed;
  }
  print_text(arguments, run, output->path, &summary);
  return exit_code(summary.outcome);
}

static enum rst_exit print_plan(const struct rst_case *run, const char *path,
                                const struct rst_run_cost *cost) {
  const struct rst_member members[] = {{"dry_run", "run", 0.0},
                                       {"output", path, 0.0},
                                       {"flow", cost->flow, 0.0},
                                       {"scheme", run->step.scheme.kind, 0.0},
                                       {"correlation", cost->correlation, 0.0},
                                       {"iterations", NULL, (double)run->step.iterations},
                                       {"iterations_per_second", NULL, cost->rate},
                                       {"seconds", NULL, (double)run->step.iterations / cost->rate},
                                       {"memory_bytes", NULL, cost->memory_bytes},
                                       {"file_bytes", NULL, cost->file_bytes}};
  struct rst_text text = {0};
  rst_text_add_object(&text, members, sizeof members / sizeof *members);
  return rst_print_text(&text);
}

static enum rst_exit estimate(struct rst_context *context, const struct rst_arguments *arguments,
                              const struct rst_case *run, const char *path) {
  struct rst_run_cost cost;
  const enum rst_status status = rst_run_estimate(context, run, &cost);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  if (arguments->json) {
    return print_plan(run, path, &cost);
  }
  const double mebibyte = 1048576.0;
  char duration[32];
  rst_format_duration((double)run->step.iterations / cost.rate, sizeof duration, duration);
  printf(
      "would run %ld iteration%s of %s (state %zu x %zu, %s, correlation %s) at %.4g a second: %s\nwould "
      "take about %.3g MiB of memory and %.3g MiB of disk\nwould write %s\n",
      run->step.iterations, rst_plural((double)run->step.iterations), cost.flow, cost.ny, cost.nx,
      run->step.scheme.kind, cost.correlation, cost.rate, duration, cost.memory_bytes / mebibyte,
      cost.file_bytes / mebibyte, path);
  return RST_EXIT_DONE;
}

/* Processes share an ensemble, and nothing else of a run. */
static bool is_for_all(const struct rst_case *run) {
  struct rst_ranks ranks;
  const bool together = rst_ranks_connect(&ranks);
  const int processes = rst_ranks_count();
  if (processes > 1 && !(together && run->ensemble.members > 0)) {
    if (ranks.rank == 0) {
      fprintf(stderr,
              "restrain: a run is one process, but %d were started and would write the same file; %s\n",
              processes,
              run->ensemble.members > 0 ? "ranks share an ensemble only in a build with MPI, see -Dmpi"
                                        : "ranks share the members of an ensemble, and the case has none");
    }
    return false;
  }
  return true;
}

static enum rst_exit run_case(struct rst_context *context, const struct rst_arguments *arguments,
                              const struct rst_case *run) {
  char *path = NULL;
  struct rst_output_options output;
  struct rst_ranks ranks;
  if (!is_for_all(run)) {
    return RST_EXIT_USAGE;
  }
  const enum rst_status status =
      rst_output_find(context, arguments, run->output.file, "run.h5", &path, &output);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  rst_ranks_connect(&ranks);
  const enum rst_exit code = !arguments->dry_run ? integrate(context, arguments, run, &output)
                             : ranks.rank > 0    ? RST_EXIT_DONE
                                                 : estimate(context, arguments, run, path);
  free(path);
  return code;
}

enum rst_exit rst_command_run(struct rst_context *context, const struct rst_arguments *arguments) {
  return rst_command_on_case(context, arguments, NULL, run_case);
}
