/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_file_parts.h"

static enum rst_status write_numbers(const struct rst_analysis_writer *writer) {
  for (size_t i = 0; i < rst_analysis_numbers.count; ++i) {
    const struct rst_quantity *row = &rst_analysis_numbers.rows[i];
    if (row->variable.name && row->group < RST_ANALYSIS_POINT &&
        rst_analysis_has(writer->analysis, (enum rst_analysis_group)row->group)) {
      const double value = rst_quantity_value(row, writer->analysis);
      RST_TRY(rst_analysis_write(writer, &row->variable, 0, NULL, &value));
    }
  }
  return RST_OK;
}

static enum rst_status write_texts(const struct rst_analysis_writer *writer) {
  static const char *const mechanisms[] = {"none", "step", "decay", "step decay"};
  const struct rst_analysis *analysis = writer->analysis;
  const char *const texts[][2] = {
      {"flow", analysis->flow},
      {"scheme", analysis->scheme},
      {"symbol_meaning", rst_symbol_meaning_name(analysis->symbol_meaning)},
      {"verdict", rst_verdict_name(analysis->verdict)},
      {"mechanisms", mechanisms[analysis->mechanisms]},
      {"explanation", analysis->explanation},
      {"gap", analysis->gap},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    RST_HDF5(writer->context, !texts[i][1] || rst_hdf5_set_text(writer->file, texts[i][0], texts[i][1], 0),
             "the attribute %s cannot be written", texts[i][0]);
  }
  return RST_OK;
}

enum rst_status rst_analysis_write_scalars(const struct rst_analysis_writer *writer) {
  RST_TRY(write_texts(writer));
  return write_numbers(writer);
}
