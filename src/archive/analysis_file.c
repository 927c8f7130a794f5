/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "archive/analysis_file_parts.h"
#include "archive/files.h"
#include "archive/folders.h"
#include "archive/ordered_driver.h"
#include "archive/provenance.h"
#include "transform/transform.h"

static enum rst_status write_content(struct rst_analysis_writer *writer, const char *path,
                                     const struct rst_provenance *provenance) {
  enum rst_status status = rst_analysis_write_scalars(writer);
  if (status == RST_OK) {
    status = rst_analysis_write_fields(writer);
  }
  rst_ids_close(&writer->scales);
  RST_TRY(status);
  RST_TRY(rst_provenance_write(writer->context, writer->file, path, provenance, NULL));
  return rst_provenance_finish(writer->context, writer->file, path, "completed",
                               writer->analysis->wall_seconds);
}

static enum rst_status write_part(struct rst_analysis_writer *writer, const char *part,
                                  const struct rst_provenance *provenance) {
  RST_TRY(rst_files_probe(writer->context, part));
  RST_TRY(rst_hdf5_create(writer->context, part, &writer->file));
  enum rst_status status = write_content(writer, part, provenance);
  if (status == RST_OK && H5Fflush(writer->file, H5F_SCOPE_GLOBAL) < 0) {
    status = rst_hdf5_fail(writer->context, "%s: writing failed", part);
  }
  if (status != RST_OK) {
    rst_ordered_driver_discard(writer->file);
  }
  if (!rst_hdf5_close_writable(writer->file) && status == RST_OK) {
    status = rst_hdf5_fail(writer->context, "%s cannot be completed", part);
  }
  return status;
}

/* The sidecar of a file that is replaced goes first: it would show the new one wrongly. */
static enum rst_status publish(struct rst_context *context, const struct rst_analysis *analysis,
                               const char *part, const char *path) {
  char *sidecar = NULL;
  RST_TRY(rst_files_sibling(context, path, ".xdmf", &sidecar));
  const enum rst_status status = rst_files_remove(context, sidecar);
  free(sidecar);
  RST_TRY(status);
  RST_TRY(rst_files_replace(context, part, path, true));
  return rst_analysis_xdmf_write(context, analysis, path);
}

static enum rst_status write_file(struct rst_context *context, const struct rst_analysis *analysis,
                                  const char *path, const struct rst_provenance *provenance) {
  struct rst_analysis_writer writer = {.context = context, .analysis = analysis};
  char *part = NULL;
  enum rst_status status = RST_OK;
  RST_TRY(rst_files_sibling(context, path, ".partial.h5", &part));
  H5E_BEGIN_TRY {
    status = write_part(&writer, part, provenance);
  }
  H5E_END_TRY
  if (status == RST_OK) {
    status = publish(context, analysis, part, path);
  } else {
    (void)unlink(part);
  }
  free(part);
  return status;
}

enum rst_status rst_analysis_file_write(struct rst_context *context, const struct rst_case *from,
                                        const struct rst_analysis *analysis,
                                        const struct rst_analysis_options *options) {
  static const char *const rigors[] = {"estimate", "measure", "patient"};
  char *wisdom = NULL;
  if (options->make_folders) {
    RST_TRY(rst_folders_make(context, options->output));
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
      .rigor = rigors[rst_context_rigor(context)],
      .correlation = analysis->correlation,
  };
  const enum rst_status status = write_file(context, analysis, options->output, &provenance);
  free(wisdom);
  return status;
}
