/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_file_parts.h"
#include "archive/atomic_file.h"
#include "core/files.h"
#include "transform/transform.h"

static enum rst_status write_content(void *user, hid_t file) {
  struct rst_analysis_writer *writer = user;
  writer->file = file;
  RST_TRY(rst_analysis_write_scalars(writer));
  return rst_analysis_write_fields(writer);
}

static enum rst_status write_file(struct rst_context *context, const struct rst_analysis *analysis,
                                  const char *path, const struct rst_provenance *provenance) {
  struct rst_analysis_writer writer = {.context = context, .analysis = analysis};
  const struct rst_atomic_file whole = {.provenance = provenance,
                                        .exit_reason = "completed",
                                        .wall_seconds = analysis->wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  RST_TRY(rst_atomic_file_write(context, path, &whole));
  return rst_analysis_xdmf_write(context, analysis, path);
}

enum rst_status rst_analysis_file_write(struct rst_context *context, const struct rst_case *from,
                                        const struct rst_analysis *analysis,
                                        const struct rst_analysis_options *options) {
  char *wisdom = NULL;
  if (options->make_folders) {
    RST_TRY(rst_files_make_folders(context, options->output));
  }
  if (rst_context_rigor(context) != RST_RIGOR_ESTIMATE) {
    RST_TRY(rst_transform_export_wisdom(context, &wisdom));
  }
  const struct rst_provenance provenance = {
      .case_source = rst_case_source(from),
      .case_effective = rst_case_effective(from),
      .wisdom = wisdom,
      .argc = options->argc,
      .argv = options->argv,
      .threads = rst_context_threads(context),
      .ranks = 1,
      .rigor = rst_rigor_names[rst_context_rigor(context)],
      .correlation = analysis->correlation,
  };
  const enum rst_status status = write_file(context, analysis, options->output, &provenance);
  free(wisdom);
  return status;
}
