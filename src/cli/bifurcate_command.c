/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/bifurcate_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/levels_text.h"
#include "cli/mpi_ranks.h"
#include "cli/output_path.h"
#include "cli/sharing.h"
#include "cli/watch.h"
#include "core/plural.h"

static enum rst_exit exit_code(const struct rst_sweep_summary *summary) {
  return summary->outcome == RST_SWEEP_COMPLETED ? RST_EXIT_DONE : RST_EXIT_STOPPED;
}

static void add_text(struct rst_text *text, const char *path, const struct rst_sweep_summary *summary,
                     const struct rst_bifurcation *diagram, const struct rst_ranges *ranges) {
  char wall[32];
  rst_format_duration(summary->wall_seconds, sizeof wall, wall);
  rst_text_add(text, "%s with %zu of %zu value%s of %s, %s\n", summary->reason, summary->done, summary->count,
               rst_plural((double)summary->count), diagram->parameter, wall);
  rst_levels_add_text(&summary->levels, "image ", text);
  rst_text_add(text, "%s", path);
  rst_ranges_add_text(text, ranges);
}

static void add_json(struct rst_text *text, const struct rst_arguments *arguments, const char *path,
                     const struct rst_sweep_summary *summary, const struct rst_bifurcation *diagram,
                     const struct rst_ranges *ranges) {
  const char *const names[][2] = {
      {"output", path}, {"reason", summary->reason}, {"parameter", diagram->parameter}};
  rst_text_add(text, "{\"case\": ");
  rst_text_add_quoted(text, arguments->merge ? NULL : arguments->subject);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    rst_text_add(text, ", \"%s\": ", names[i][0]);
    rst_text_add_quoted(text, names[i][1]);
  }
  rst_text_add(text, ", \"done\": %zu, \"count\": %zu, \"regimes\": {", summary->done, summary->count);
  for (int i = 0; rst_regime_names()[i]; ++i) {
    rst_text_add(text, "%s\"%s\": %zu", i ? ", " : "", rst_regime_names()[i], summary->regimes[i]);
  }
  rst_text_add(text, "}");
  rst_levels_add_json(&summary->levels, text);
  rst_text_add(text, ", \"ranges\": ");
  rst_ranges_add_json(text, ranges);
  rst_text_add(text, ", \"wall_seconds\": ");
  rst_text_add_number(text, summary->wall_seconds);
  rst_text_add(text, ", \"exit_code\": %d}", (int)exit_code(summary));
}

static enum rst_exit print(struct rst_context *context, const struct rst_arguments *arguments,
                           const char *path, const struct rst_sweep_summary *summary,
                           const struct rst_bifurcation *diagram) {
  struct rst_ranges ranges;
  struct rst_text text = {0};
  const enum rst_status status = rst_ranges_find(context, diagram, &ranges);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  if (arguments->json) {
    add_json(&text, arguments, path, summary, diagram, &ranges);
  } else {
    add_text(&text, path, summary, diagram, &ranges);
  }
  rst_ranges_clear(&ranges);
  return rst_print_text(&text) == RST_EXIT_DONE ? exit_code(summary) : RST_EXIT_FAILURE;
}

static enum rst_exit scan(struct rst_context *context, const struct rst_arguments *arguments,
                          const struct rst_case *from, const struct rst_output_options *output) {
  struct rst_watch watch;
  struct rst_ranks ranks;
  struct rst_sweep_summary summary;
  struct rst_bifurcation diagram;
  const bool shared = rst_ranks_connect(&ranks);
  rst_watch_start(&watch, arguments->wall_limit, arguments->quiet);
  const struct rst_sweep_options options = {.output = *output,
                                            .shard = arguments->shard,
                                            .shards = arguments->shards,
                                            .ranks = shared ? &ranks : NULL,
                                            .poll = rst_watch_poll_sweep,
                                            .user = &watch};
  const enum rst_status status = rst_bifurcation_run(context, from, &options, &summary, &diagram);
  rst_watch_stop(&watch);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  if (ranks.rank > 0) {
    return RST_EXIT_DONE;
  }
  const enum rst_exit code = print(context, arguments, output->path, &summary, &diagram);
  rst_bifurcation_clear(&diagram);
  if (!arguments->json) {
    rst_print_continuation(arguments, "bifurcate", code);
  }
  return code;
}

static enum rst_exit estimate(struct rst_context *context, const struct rst_arguments *arguments,
                              const struct rst_case *from, const char *path) {
  struct rst_ranks ranks;
  struct rst_sweep_cost cost;
  char duration[32];
  rst_ranks_connect(&ranks);
  if (ranks.rank > 0) {
    return RST_EXIT_DONE;
  }
  const enum rst_status status = rst_bifurcation_estimate(context, from, &cost);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const size_t points = rst_points_of_shard(arguments, cost.points);
  if (arguments->json) {
    return rst_print_plan("bifurcate", path, &cost, points, 1);
  }
  rst_format_duration(cost.seconds * (double)points / (double)cost.points, sizeof duration, duration);
  printf("would scan %zu value%s of %s from %g to %g, each with %ld iteration%s and %ld sample%s\nengine %s",
         points, rst_plural((double)points),
         from->bifurcation.parameter == RST_STEP_LR ? "lr" : "weight_decay", from->bifurcation.from,
         from->bifurcation.to, from->bifurcation.burn_in, rst_plural((double)from->bifurcation.burn_in),
         from->bifurcation.samples, rst_plural((double)from->bifurcation.samples), cost.engine);
  if (cost.patches > 0) {
    printf(": %zu distinct patches, rank %zu", cost.patches, cost.rank);
  }
  printf("\nabout %s on one thread, measured on a few values\nwould write %s\n", duration, path);
  return RST_EXIT_DONE;
}

static enum rst_exit bifurcate_case(struct rst_context *context, const struct rst_arguments *arguments,
                                    const struct rst_case *from) {
  char *path = NULL;
  struct rst_output_options output;
  const enum rst_status status = rst_shard_output(context, arguments, "bifurcation", &path, &output);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const enum rst_exit code =
      arguments->dry_run ? estimate(context, arguments, from, path) : scan(context, arguments, from, &output);
  free(path);
  return code;
}

static enum rst_exit merge(struct rst_context *context, const struct rst_arguments *arguments) {
  struct rst_sweep_summary summary;
  struct rst_bifurcation diagram;
  const struct rst_output_options output = rst_output_at(arguments, arguments->output);
  const enum rst_status status = rst_bifurcation_merge(context, (const char *const *)arguments->subjects,
                                                       arguments->subject_count, &output, &summary, &diagram);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const enum rst_exit code = print(context, arguments, arguments->output, &summary, &diagram);
  rst_bifurcation_clear(&diagram);
  if (!arguments->json) {
    rst_print_continuation(arguments, "bifurcate", code);
  }
  return code;
}

enum rst_exit rst_command_bifurcate(struct rst_context *context, const struct rst_arguments *arguments) {
  if (!rst_sharing_makes_sense(arguments)) {
    return RST_EXIT_USAGE;
  }
  return arguments->merge ? merge(context, arguments)
                          : rst_command_on_case(context, arguments, NULL, bifurcate_case);
}
