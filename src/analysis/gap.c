/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "analysis/analysis_task.h"
#include "core/core.h"
#include "core/text.h"

static double magnitude(const struct rst_spectrum_limits *interval) {
  return fmax(fabs(interval->lambda_min), fabs(interval->lambda_max));
}

static void explain_window(struct rst_text *text, const struct rst_analysis *analysis, bool valid) {
  const double by_symbol = magnitude(&analysis->by_symbol);
  const double exact = magnitude(&analysis->exact);
  const struct rst_field *grid = analysis->symbol;
  rst_text_add(text,
               "why they differ: a %zu x %zu kernel cannot hold the waves of a %zu x %zu image: instead of "
               "|Ihat|^2 it ",
               analysis->ny, analysis->nx, grid->ny, grid->nx);
  if (valid) {
    rst_text_add(text, "sees the spectrum of X X^T, X the matrix of the image's %zu patches, ",
                 (grid->ny - analysis->ny + 1) * (grid->nx - analysis->nx + 1));
  } else {
    rst_text_add(text, "sees averages of it over neighbouring wave numbers, ");
  }
  rst_text_add(text, "whose largest |lambda|, without the decay, is %.6g, not %.6g", exact, by_symbol);
  if (exact > 0) {
    rst_text_add(text, ", %.4g times smaller", by_symbol / exact);
  }
}

static void explain_ends(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text,
               "why they differ: between fixed ends no mode is as fast as the wave pi/h: the largest lambda "
               "is %.9g, not %.9g",
               analysis->exact.lambda_max + analysis->effective_decay,
               analysis->by_symbol.lambda_max + analysis->effective_decay);
  if (!isnan(analysis->exact.limits.lr_max)) {
    rst_text_add(text, ", and lr_max %.9g, not %.9g", analysis->exact.limits.lr_max,
                 analysis->by_symbol.limits.lr_max);
  }
}

enum rst_status rst_explain_gap(const struct rst_analysis_task *task, struct rst_analysis *analysis) {
  const double noticeable = 1e-9;
  const double by_symbol = magnitude(&analysis->by_symbol);
  const bool differ = by_symbol - magnitude(&analysis->exact) > noticeable * by_symbol;
  if (analysis->symbol_meaning != RST_SYMBOL_BOUND || !differ) {
    return RST_OK;
  }
  struct rst_text text = {0};
  if (rst_flow_facts(task->flow).diffusion_only) {
    explain_ends(&text, analysis);
  } else {
    explain_window(&text, analysis, task->parameters.boundary == RST_BOUNDARY_VALID);
  }
  analysis->gap = rst_text_take(&text);
  RST_REQUIRE(task->context, analysis->gap, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}
