/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_file_parts.h"
#include "core/text.h"
#include "hdf5/dataset.h"

struct scalar {
  struct rst_variable variable;
  double value;
};

static enum rst_status write_list(const struct rst_analysis_writer *writer, const struct scalar *scalars,
                                  size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const struct rst_written_variable written = {
        .variable = scalars[i].variable, .type = H5T_NATIVE_DOUBLE, .values = &scalars[i].value};
    RST_TRY(rst_variable_write(writer->context, writer->file, &written, NULL));
  }
  return RST_OK;
}

static enum rst_status write_settings(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct scalar scalars[] = {
      {{"lr", "learning rate of the case", "1"}, analysis->lr},
      {{"weight_decay", "weight decay of the case", "1"}, analysis->weight_decay},
      {{"real_limit", "real-axis limit of the scheme: stable for lr lambda up to this", "1"},
       analysis->real_limit},
      {{"mesh_number", "diffusivity times learning rate over spacing squared", "1"}, analysis->mesh_number},
      {{"lr_factor", "largest stable learning rate over that of the case", "1"}, analysis->lr_factor},
      {{"decay_min_factor", "weight decay of the case over the smallest stable one", "1"},
       analysis->decay_min_factor},
      {{"decay_max_factor", "largest stable weight decay over that of the case", "1"},
       analysis->decay_max_factor},
  };
  return write_list(writer, scalars, sizeof scalars / sizeof *scalars);
}

/* Of the linear flow, or at the minimum that decides. */
static enum rst_status write_exact(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_spectrum_limits *exact = &analysis->exact;
  const struct scalar scalars[] = {
      {{"lambda_min", "smallest eigenvalue of the Hessian of the data term", "1"}, exact->lambda_min},
      {{"lambda_max", "largest eigenvalue of the Hessian of the data term", "1"}, exact->lambda_max},
      {{"growth", "largest growth factor of one step", "1"}, exact->limits.growth},
  };
  return analysis->linear || analysis->minimum >= 0
             ? write_list(writer, scalars, sizeof scalars / sizeof *scalars)
             : RST_OK;
}

static double measured(const struct rst_threshold *threshold) {
  return threshold->runs > 0 ? threshold->value : NAN;
}

static enum rst_status write_linear(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct rst_spectrum_limits *symbol = &analysis->by_symbol;
  const struct scalar by_symbol[] = {
      {{"symbol_lambda_min", "smallest eigenvalue by the symbol", "1"}, symbol->lambda_min},
      {{"symbol_lambda_max", "largest eigenvalue by the symbol", "1"}, symbol->lambda_max},
      {{"symbol_lr_max", "largest stable learning rate by the symbol", "1"}, symbol->limits.lr_max},
      {{"symbol_decay_min", "smallest stable weight decay by the symbol", "1"}, symbol->limits.decay_min},
      {{"symbol_decay_max", "largest stable weight decay by the symbol", "1"}, symbol->limits.decay_max},
  };
  const struct rst_step_limits *limits = &analysis->exact.limits;
  const struct scalar exact[] = {
      {{"lr_max", "largest stable learning rate", "1"}, limits->lr_max},
      {{"decay_min", "smallest stable weight decay", "1"}, limits->decay_min},
      {{"decay_max", "largest stable weight decay at the learning rate of the case", "1"}, limits->decay_max},
  };
  const struct scalar by_runs[] = {
      {{"measured_lr_max", "largest stable learning rate, by bisection on runs", "1"},
       measured(&analysis->measured_lr_max)},
      {{"measured_decay_min", "smallest stable weight decay, by bisection on runs", "1"},
       measured(&analysis->measured_decay_min)},
      {{"measured_decay_max", "largest stable weight decay, by bisection on runs", "1"},
       measured(&analysis->measured_decay_max)},
  };
  if (analysis->symbol) {
    RST_TRY(write_list(writer, by_symbol, sizeof by_symbol / sizeof *by_symbol));
  }
  RST_TRY(write_list(writer, exact, sizeof exact / sizeof *exact));
  return write_list(writer, by_runs, sizeof by_runs / sizeof *by_runs);
}

static enum rst_status write_nonlinear(const struct rst_analysis_writer *writer) {
  const struct rst_analysis *analysis = writer->analysis;
  const struct scalar scalars[] = {
      {{"lr_lo", "local limit of the learning rate at the minimum that decides", "1"}, analysis->lr_lo},
      {{"lr_hi", "limit of the learning rate by decay and regulariser alone", "1"}, analysis->lr_hi},
  };
  return write_list(writer, scalars, sizeof scalars / sizeof *scalars);
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

enum rst_status rst_analysis_write_scalars(struct rst_analysis_writer *writer) {
  RST_TRY(write_texts(writer));
  RST_TRY(write_settings(writer));
  RST_TRY(write_exact(writer));
  return writer->analysis->linear ? write_linear(writer) : write_nonlinear(writer);
}
