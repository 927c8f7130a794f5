/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/output.h"
#include "cli/mpi_ranks.h"
#include "cli/sweep_command.h"
#include "core/core.h"
#include "core/files.h"

enum { OWN_OVERRIDES = 3 };

/* Numbers in the shortest form that reads back as the same ones. */
static void add_axis(struct rst_text *text, const char *name, const struct rst_sweep_axis *axis) {
  rst_text_add(text, "sweep.%s={from: ", name);
  rst_text_add_number(text, axis->from);
  rst_text_add(text, ", to: ");
  rst_text_add_number(text, axis->to);
  rst_text_add(text, ", count: %zu, scale: %s}", axis->count,
               axis->scale == RST_SCALE_LOGARITHMIC ? "log" : "linear");
}

/* The case once more, with what makes it that of a window. */
static enum rst_status load(struct rst_context *context, const struct rst_arguments *arguments,
                            const struct rst_case *whole, size_t window, struct rst_case **loaded) {
  struct rst_sweep_axis lr;
  struct rst_sweep_axis weight_decay;
  struct rst_text texts[OWN_OVERRIDES] = {{0}};
  const size_t given = arguments->override_count;
  rst_sweep_window(whole, window, &lr, &weight_decay);
  const char **overrides = NULL;
  RST_TRY(RST_NEW(context, given + OWN_OVERRIDES, &overrides));
  memcpy(overrides, arguments->overrides, given * sizeof *overrides);
  add_axis(&texts[0], "lr", &lr);
  add_axis(&texts[1], "weight_decay", &weight_decay);
  rst_text_add(&texts[2], "sweep.zoom=[]");
  bool failed = false;
  for (size_t i = 0; i < OWN_OVERRIDES; ++i) {
    overrides[given + i] = texts[i].bytes;
    failed = failed || texts[i].failed;
  }
  const enum rst_status status =
      failed ? rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted")
             : rst_case_load(context, arguments->subject, overrides, given + OWN_OVERRIDES, loaded);
  for (size_t i = 0; i < OWN_OVERRIDES; ++i) {
    rst_text_clear(&texts[i]);
  }
  free(overrides);
  return status;
}

static enum rst_status make_member(struct rst_context *context, const struct rst_arguments *arguments,
                                   const struct rst_case *whole, const char *path, size_t window,
                                   struct rst_sweep_member *member) {
  char ending[64];
  snprintf(ending, sizeof ending, ".zoom-%zu.h5", window);
  RST_TRY(rst_files_sibling(context, path, ending, &member->path));
  return load(context, arguments, whole, window, &member->loaded);
}

/* Before anything is computed; ranks but the first write nothing. */
static enum rst_status check_files(struct rst_context *context, struct rst_output_options output,
                                   const struct rst_sweep_series *series) {
  struct rst_ranks ranks;
  rst_ranks_connect(&ranks);
  for (size_t i = 0; i < series->count && ranks.rank == 0; ++i) {
    output.path = series->members[i].path;
    RST_TRY(rst_output_check(context, &output, "sweep"));
  }
  return RST_OK;
}

static enum rst_status make(struct rst_context *context, const struct rst_arguments *arguments,
                            const struct rst_case *whole, const struct rst_output_options *output,
                            struct rst_sweep_series *series) {
  const size_t count = 1 + rst_sweep_windows(whole);
  RST_TRY(RST_NEW(context, count, &series->members));
  series->count = count;
  RST_TRY(rst_format(context, &series->members[0].path, "%s", output->path));
  for (size_t window = 1; window < count; ++window) {
    RST_TRY(make_member(context, arguments, whole, output->path, window, &series->members[window]));
  }
  return arguments->dry_run ? RST_OK : check_files(context, *output, series);
}

enum rst_status rst_sweep_series_create(struct rst_context *context, const struct rst_arguments *arguments,
                                        const struct rst_case *whole, const struct rst_output_options *output,
                                        struct rst_sweep_series *series) {
  *series = (struct rst_sweep_series){0};
  const enum rst_status status = make(context, arguments, whole, output, series);
  if (status != RST_OK) {
    rst_sweep_series_clear(series);
  }
  return status;
}

void rst_sweep_series_clear(struct rst_sweep_series *series) {
  for (size_t i = 0; i < series->count; ++i) {
    rst_case_destroy(&series->members[i].loaded);
    free(series->members[i].path);
  }
  free(series->members);
  *series = (struct rst_sweep_series){0};
}
