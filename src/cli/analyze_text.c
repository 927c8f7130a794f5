/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "cli/analyze_command.h"

enum { LABEL = 24, CELL = 16 };

/* Words, with line breaks in place of blanks where a line would grow beyond the width. */
static void add_wrapped(struct rst_text *text, const char *words) {
  const size_t width = 100;
  size_t column = 0;
  while (*words) {
    const size_t length = strcspn(words, " \n");
    if (column > 0 && column + 1 + length > width) {
      rst_text_add(text, "\n  ");
      column = 2;
    } else if (column > 0) {
      rst_text_add(text, " ");
      column += 1;
    }
    rst_text_add(text, "%.*s", (int)length, words);
    column += length;
    words += length;
    if (*words == '\n') {
      rst_text_add(text, "\n");
      column = 0;
    }
    words += *words != '\0';
  }
}

/* A number in its column; a dash where there is none. */
static void add_cell(struct rst_text *text, double value) {
  if (isnan(value)) {
    rst_text_add(text, "%*s", CELL, "-");
  } else if (isinf(value)) {
    rst_text_add(text, "%*s", CELL, "unlimited");
  } else {
    rst_text_add(text, "%*.8g", CELL, value);
  }
}

static void add_row(struct rst_text *text, const char *label, const double *cells, size_t count) {
  rst_text_add(text, "  %-*s", LABEL, label);
  for (size_t i = 0; i < count; ++i) {
    add_cell(text, cells[i]);
  }
  rst_text_add(text, "\n");
}

static void add_head(struct rst_text *text, const char *title, const char *const *heads, size_t count) {
  rst_text_add(text, "\n%-*s  ", LABEL, title);
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(text, "%*s", CELL, heads[i]);
  }
  rst_text_add(text, "\n");
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *symbol_label(const struct rst_analysis *analysis) {
  static const char *const labels[] = {"", "symbol (exact)", "symbol (bound)", "symbol (interior)", ""};
  return labels[analysis->symbol_meaning];
}

static const char *exact_label(const struct rst_analysis *analysis) {
  return rst_flow_kind_facts(analysis->flow).diffusion_only ? "finite grid (exact)" : "windowed (exact)";
}

static void add_spectrum(struct rst_text *text, const struct rst_analysis *analysis) {
  static const char *const heads[] = {"lambda_min", "lambda_max", "residual", "products"};
  const struct rst_state_spectrum *spectrum = &analysis->spectrum;
  const double by_symbol[] = {analysis->by_symbol.lambda_min, analysis->by_symbol.lambda_max};
  const double exact[] = {analysis->exact.lambda_min, analysis->exact.lambda_max,
                          fmax(spectrum->smallest.residual, spectrum->largest.residual),
                          spectrum->smallest.products + spectrum->largest.products};
  add_head(text, "spectrum of H", heads, COUNT(heads));
  if (analysis->symbol) {
    add_row(text, symbol_label(analysis), by_symbol, COUNT(by_symbol));
  }
  add_row(text, exact_label(analysis), exact, COUNT(exact));
}

static double measured(const struct rst_threshold *threshold) {
  return threshold->runs > 0 ? threshold->value : NAN;
}

static void add_limits(struct rst_text *text, const struct rst_analysis *analysis) {
  static const char *const heads[] = {"decay_min", "decay_max", "lr_max", "max |G|"};
  const struct rst_step_limits *limits[] = {&analysis->by_symbol.limits, &analysis->exact.limits};
  const double runs[] = {measured(&analysis->measured_decay_min), measured(&analysis->measured_decay_max),
                         measured(&analysis->measured_lr_max)};
  add_head(text, "limits", heads, COUNT(heads));
  for (size_t i = analysis->symbol ? 0 : 1; i < COUNT(limits); ++i) {
    const double cells[] = {limits[i]->decay_min, limits[i]->decay_max, limits[i]->lr_max, limits[i]->growth};
    add_row(text, i == 0 ? symbol_label(analysis) : exact_label(analysis), cells, COUNT(cells));
  }
  if (!isnan(runs[0]) || !isnan(runs[1]) || !isnan(runs[2])) {
    add_row(text, "bisection on runs", runs, COUNT(runs));
  }
}

static void add_worst_modes(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, "\n");
  if (analysis->symbol) {
    rst_text_add(text, "worst wave number by the symbol: |G| = %.8g at (ky, kx) = (%.6g, %.6g)\n",
                 analysis->worst_growth, analysis->worst_ky, analysis->worst_kx);
  }
  const bool at_min = analysis->exact.limits.critical == analysis->exact.lambda_min;
  rst_text_add(text, "worst mode: |G| = %.8g at lambda = %.8g, participation ratio %.4g\n",
               analysis->exact.limits.growth, analysis->exact.limits.critical,
               at_min ? analysis->spectrum.participation_min : analysis->spectrum.participation_max);
}

static void add_points(struct rst_text *text, const struct rst_analysis *analysis) {
  static const char *const heads[] = {"loss", "|grad L|", "lambda_min", "lambda_max", "lr_lo"};
  add_head(text, "fixed points", heads, COUNT(heads));
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    const double cells[] = {point->point.loss, point->point.residual,
                            point->spectrum.smallest.value + analysis->effective_decay,
                            point->spectrum.largest.value + analysis->effective_decay, point->lr_lo};
    char label[64];
    snprintf(label, sizeof label, "%zu %s%s", i, rst_fixed_point_kind_name(point->kind),
             (int)i == analysis->minimum ? ", decides" : "");
    add_row(text, label, cells, COUNT(cells));
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    rst_text_add(text, "  %zu: |K| = %.8g, max |K| = %.8g; from %d start%s, first %s\n", i,
                 rst_field_norm(point->point.u), rst_field_max_abs(point->point.u), point->starts,
                 point->starts == 1 ? "" : "s", point->start);
  }
  if (analysis->failed_starts > 0) {
    rst_text_add(text, "  %zu start%s led to none\n", analysis->failed_starts,
                 analysis->failed_starts == 1 ? "" : "s");
  }
  rst_text_add(text, "  (eigenvalues of H + alpha)\n");
}

static void add_two_limits(struct rst_text *text, const struct rst_analysis *analysis) {
  static const char *const heads[] = {"lr", "of the case"};
  const double low[] = {analysis->lr_lo, analysis->lr_lo / analysis->lr};
  const double high[] = {analysis->lr_hi, analysis->lr_hi / analysis->lr};
  add_head(text, "limits", heads, COUNT(heads));
  add_row(text, "lr_lo, at the minimum", low, COUNT(low));
  add_row(text, "lr_hi, by the decay", high, COUNT(high));
  if (analysis->minimum >= 0) {
    const struct rst_state_spectrum *spectrum = &analysis->points[analysis->minimum].spectrum;
    rst_text_add(
        text,
        "\ncritical mode at the minimum: wave number (ky, kx) = (%.6g, %.6g), participation ratio %.4g\n"
        "worst plane wave there: |G| = %.8g at (ky, kx) = (%.6g, %.6g)\n",
        spectrum->ky, spectrum->kx, spectrum->participation_max, analysis->worst_growth, analysis->worst_ky,
        analysis->worst_kx);
  }
}

static void add_distribution(struct rst_text *text, const struct rst_analysis *analysis) {
  if (analysis->eigenvalue_count > 0) {
    rst_text_add(text, "all %zu eigenvalues by dense algebra: the extremes deviate by %.2g, relative\n",
                 analysis->eigenvalue_count, analysis->dense_deviation);
  }
  if (analysis->density_count > 0) {
    rst_text_add(text, "density of the spectrum at %zu points from %.6g to %.6g is in the file\n",
                 analysis->density_count, analysis->abscissae[0],
                 analysis->abscissae[analysis->density_count - 1]);
  }
}

static void add_refinement(struct rst_text *text, const struct rst_case *from,
                           const struct rst_analysis *analysis) {
  static const char *const heads[] = {"h", "lambda_max", "lr_max", "c lr_max/h^2"};
  if (analysis->refinement_count == 0) {
    return;
  }
  add_head(text, "refinement of the mesh", heads, COUNT(heads));
  for (size_t i = 0; i < analysis->refinement_count; ++i) {
    const struct rst_refinement *refinement = &analysis->refinements[i];
    const double cells[] = {refinement->spacing, refinement->lambda_max, refinement->lr_max,
                            refinement->mesh_number};
    char label[64];
    snprintf(label, sizeof label, i == 0 ? "the case" : "h/%d", 1 << i);
    add_row(text, label, cells, COUNT(cells));
  }
  rst_text_add(text, "  (c = %.8g; the case has c lr/h^2 = %.8g)\n", from->flow.diffusion.coefficient,
               analysis->mesh_number);
}

void rst_analysis_add_text(struct rst_text *text, const struct rst_case *from,
                           const struct rst_analysis *analysis) {
  rst_text_add(text, "%s, state %zu x %zu, correlation %s; %s, lr = %.8g, weight decay alpha = %.8g\n",
               analysis->flow, analysis->ny, analysis->nx, analysis->correlation, analysis->scheme,
               analysis->lr, analysis->weight_decay);
  if (analysis->linear) {
    add_spectrum(text, analysis);
    add_limits(text, analysis);
    add_worst_modes(text, analysis);
  } else {
    add_points(text, analysis);
    add_two_limits(text, analysis);
  }
  add_distribution(text, analysis);
  add_refinement(text, from, analysis);
  if (analysis->gap) {
    rst_text_add(text, "\n");
    add_wrapped(text, analysis->gap);
    rst_text_add(text, "\n");
  }
  rst_text_add(text, "\n");
  add_wrapped(text, analysis->explanation);
}
