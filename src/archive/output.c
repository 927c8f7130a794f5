/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "archive/output.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/core.h"
#include "core/files.h"
#include "transform/transform.h"

enum rst_status rst_output_check(struct rst_context *context, const struct rst_output_options *options,
                                 const char *what) {
  const bool exists = options->path && access(options->path, F_OK) == 0;
  RST_REQUIRE(context, !exists || options->resume || options->force, RST_ERROR_IO, "%s exists; %s",
              options->path,
              what ? "go on with it by --resume or replace it by --force"
                   : "replace it by --force or choose another name (-o)");
  return RST_OK;
}

enum rst_status rst_output_open(struct rst_context *context, const struct rst_output_options *options,
                                const char *what, struct rst_output *output) {
  *output = (struct rst_output){.context = context, .options = options, .path = options->path};
  clock_gettime(CLOCK_MONOTONIC, &output->opened);
  output->stored = output->opened;
  RST_TRY(rst_output_check(context, options, what));
  output->resuming = options->resume && access(options->path, F_OK) == 0;
  if (options->resume && !output->resuming) {
    rst_warn(context, "%s does not exist yet: starting a new %s", options->path, what);
  }
  return output->resuming ? rst_provenance_effective(context, output->path, &output->stored_case) : RST_OK;
}

enum rst_status rst_output_prepare(struct rst_output *output) {
  return output->options->make_folders ? rst_files_make_folders(output->context, output->path) : RST_OK;
}

void rst_output_close(struct rst_output *output) {
  free(output->stored_case);
  free(output->wisdom);
  output->stored_case = NULL;
  output->wisdom = NULL;
}

enum rst_status rst_output_wisdom(struct rst_output *output, const char **wisdom) {
  free(output->wisdom);
  output->wisdom = NULL;
  if (rst_context_rigor(output->context) != RST_RIGOR_ESTIMATE) {
    RST_TRY(rst_transform_export_wisdom(output->context, &output->wisdom));
  }
  *wisdom = output->wisdom;
  return RST_OK;
}

enum rst_status rst_output_provenance(struct rst_output *output, const char *source, const char *effective,
                                      const char *correlation, struct rst_provenance *provenance) {
  *provenance = (struct rst_provenance){.case_source = source,
                                        .case_effective = effective,
                                        .argc = output->options->argc,
                                        .argv = output->options->argv,
                                        .threads = rst_context_threads(output->context),
                                        .ranks = 1,
                                        .rigor = rst_rigor_names[rst_context_rigor(output->context)],
                                        .correlation = correlation};
  return rst_output_wisdom(output, &provenance->wisdom);
}

double rst_output_wall_seconds(const struct rst_output *output) {
  return output->wall_before + rst_seconds_since(&output->opened);
}

bool rst_output_is_due(const struct rst_output *output, double interval) {
  const double share = 10.0 * output->cost;
  return rst_seconds_since(&output->stored) >= (share > interval ? share : interval);
}

void rst_output_note_storing(struct rst_output *output, const struct timespec *began) {
  clock_gettime(CLOCK_MONOTONIC, &output->stored);
  output->cost = rst_seconds_between(began, &output->stored);
}
