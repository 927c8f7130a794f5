/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_file_parts.h"
#include "archive/atomic_file.h"

static enum rst_status write_content(void *user, hid_t file) {
  struct rst_analysis_writer *writer = user;
  writer->file = file;
  RST_TRY(rst_analysis_write_scalars(writer));
  return rst_analysis_write_fields(writer);
}

enum rst_status rst_analysis_file_write(struct rst_output *output, const struct rst_case *from,
                                        const struct rst_analysis *analysis) {
  struct rst_analysis_writer writer = {.context = output->context, .analysis = analysis};
  struct rst_provenance provenance;
  const struct rst_atomic_file whole = {.provenance = &provenance,
                                        .exit_reason = "completed",
                                        .wall_seconds = analysis->wall_seconds,
                                        .write = write_content,
                                        .user = &writer};
  RST_TRY(rst_output_provenance(output, from, rst_case_effective(from), analysis->correlation, &provenance));
  provenance.levels = analysis->levels;
  RST_TRY(rst_atomic_file_write(output->context, output->path, &whole));
  return rst_analysis_xdmf_write(output->context, analysis, output->path);
}
