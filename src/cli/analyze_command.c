/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/analyze_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/correlation_plan.h"
#include "cli/output_path.h"
#include "core/text.h"

/* The sidecars that an analysis has depend on what there was to show. */
static void add_sidecars(struct rst_text *text, const char *path, size_t stem) {
  static const char *const endings[] = {"xdmf", "spectrum.xdmf"};
  const char *separator = "; ParaView opens";
  for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
    struct rst_text name = {0};
    rst_text_add(&name, "%.*s.%s", (int)stem, path, endings[i]);
    if (name.bytes && access(name.bytes, R_OK) == 0) {
      rst_text_add(text, "%s %s", separator, name.bytes);
      separator = " and";
    }
    rst_text_clear(&name);
  }
}

static enum rst_exit print(const struct rst_arguments *arguments, const struct rst_case *from,
                           const struct rst_analysis *analysis, const char *path) {
  struct rst_text text = {0};
  if (arguments->json) {
    rst_analysis_add_json(&text, analysis, arguments->subject, path);
  } else {
    const size_t length = strlen(path);
    const size_t stem = length > 3 && strcmp(path + length - 3, ".h5") == 0 ? length - 3 : length;
    rst_text_add(&text, "%s", path);
    add_sidecars(&text, path, stem);
    rst_text_add(&text, "\n");
    rst_analysis_add_text(&text, from, analysis);
  }
  return rst_print_text(&text);
}

static enum rst_exit print_plan(const struct rst_case *from, const struct rst_flow *flow, const char *path,
                                bool dense) {
  const struct rst_member members[] = {
      {"dry_run", "analyze", 0.0},
      {"output", path, 0.0},
      {"flow", rst_flow_name(flow), 0.0},
      {"scheme", from->step.scheme.kind, 0.0},
      {"correlation", rst_flow_correlation(flow), 0.0},
      {"eigenvalues", dense ? "all" : "extreme", 0.0},
  };
  struct rst_text text = {0};
  rst_text_add_object(&text, members, sizeof members / sizeof *members);
  return rst_print_text(&text);
}

static enum rst_exit estimate(struct rst_context *context, const struct rst_arguments *arguments,
                              const struct rst_case *from, const char *path) {
  struct rst_problem problem;
  rst_context_set_rigor(context, from->performance.rigor);
  const enum rst_status status = rst_problem_create(context, from, &problem);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  size_t ny = 0;
  size_t nx = 0;
  rst_layout_shape(rst_flow_layout(problem.flow), &ny, &nx);
  const bool dense = ny * nx <= from->analyze.dense;
  if (arguments->json) {
    const enum rst_exit code = print_plan(from, problem.flow, path, dense);
    rst_problem_destroy(&problem);
    return code;
  }
  printf("would analyse %s (state %zu x %zu, %s, correlation %s)%s\nwould write %s\n",
         rst_flow_name(problem.flow), ny, nx, from->step.scheme.kind, rst_flow_correlation(problem.flow),
         dense ? ", with all eigenvalues by dense algebra" : "", path);
  rst_problem_destroy(&problem);
  return RST_EXIT_DONE;
}

static enum rst_exit analyze(struct rst_context *context, const struct rst_arguments *arguments,
                             const struct rst_case *from, const struct rst_output_options *output) {
  const struct rst_analysis_options options = {.output = *output};
  struct rst_analysis *analysis = NULL;
  const enum rst_status status = rst_analyze(context, from, &options, &analysis);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const enum rst_exit code = print(arguments, from, analysis, output->path);
  rst_analysis_destroy(&analysis);
  return code;
}

static enum rst_exit analyze_case(struct rst_context *context, const struct rst_arguments *arguments,
                                  const struct rst_case *from) {
  if (arguments->plan) {
    return rst_plan_explain(context, arguments, from);
  }
  char *path = NULL;
  struct rst_output_options output;
  const enum rst_status status = rst_output_find(context, arguments, NULL, "analysis.h5", &path, &output);
  if (status != RST_OK) {
    return rst_report_failure(context, status);
  }
  const enum rst_exit code = arguments->dry_run ? estimate(context, arguments, from, path)
                                                : analyze(context, arguments, from, &output);
  free(path);
  return code;
}

enum rst_exit rst_command_analyze(struct rst_context *context, const struct rst_arguments *arguments) {
  return rst_command_on_case(context, arguments, "an analysis", analyze_case);
}
