/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "analysis/analysis_table.h"
#include "cli/analyze_command.h"
#include "cli/levels_text.h"

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

/* A line of a table begins with its label; cells and a line break follow. */
static void begin_line(struct rst_text *text, const char *label) {
  rst_text_add(text, "  %-*s", LABEL, label);
}

static void begin_head(struct rst_text *text, const char *title) {
  rst_text_add(text, "\n%-*s  ", LABEL, title);
}

/* The cells of a group's columns: their heads, or the numbers of a subject. */
static void add_cells(struct rst_text *text, enum rst_analysis_group group, const void *subject) {
  for (size_t i = 0; i < rst_analysis_numbers.count; ++i) {
    const struct rst_quantity *row = &rst_analysis_numbers.rows[i];
    if (row->group != (int)group || !row->head) {
      continue;
    }
    if (subject) {
      add_cell(text, rst_quantity_value(row, subject));
    } else {
      rst_text_add(text, "%*s", CELL, row->head);
    }
  }
}

static void add_head(struct rst_text *text, const char *title, enum rst_analysis_group group) {
  begin_head(text, title);
  add_cells(text, group, NULL);
  rst_text_add(text, "\n");
}

static void add_line(struct rst_text *text, const char *label, enum rst_analysis_group group,
                     const void *subject) {
  begin_line(text, label);
  add_cells(text, group, subject);
  rst_text_add(text, "\n");
}

static const char *symbol_label(const struct rst_analysis *analysis) {
  static const char *const labels[] = {"", "symbol (exact)", "symbol (bound)", "symbol (interior)", ""};
  return labels[analysis->symbol_meaning];
}

static const char *exact_label(const struct rst_analysis *analysis) {
  const struct rst_flow_facts facts = rst_flow_kind_facts(analysis->flow);
  return facts.diffusion_only ? "finite grid (exact)" : facts.plane_waves ? "windowed (exact)" : "exact";
}

static void add_spectrum(struct rst_text *text, const struct rst_analysis *analysis) {
  begin_head(text, "spectrum of H");
  add_cells(text, RST_ANALYSIS_EXACT_EXTREMES, NULL);
  add_cells(text, RST_ANALYSIS_SPECTRUM, NULL);
  rst_text_add(text, "\n");
  if (analysis->symbol) {
    add_line(text, symbol_label(analysis), RST_ANALYSIS_SYMBOL_EXTREMES, analysis);
  }
  begin_line(text, exact_label(analysis));
  add_cells(text, RST_ANALYSIS_EXACT_EXTREMES, analysis);
  add_cells(text, RST_ANALYSIS_SPECTRUM, analysis);
  rst_text_add(text, "\n");
}

static void add_limits(struct rst_text *text, const struct rst_analysis *analysis) {
  const double runs[] = {analysis->measured_decay_min.value, analysis->measured_decay_max.value,
                         analysis->measured_lr_max.value};
  add_head(text, "limits", RST_ANALYSIS_SYMBOL_LIMITS);
  if (analysis->symbol) {
    add_line(text, symbol_label(analysis), RST_ANALYSIS_SYMBOL_LIMITS, analysis);
  }
  begin_line(text, exact_label(analysis));
  add_cells(text, RST_ANALYSIS_EXACT_LIMITS, analysis);
  add_cells(text, RST_ANALYSIS_EXACT_GROWTH, analysis);
  rst_text_add(text, "\n");
  if (!isnan(runs[0]) || !isnan(runs[1]) || !isnan(runs[2])) {
    begin_line(text, "bisection on runs");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; ++i) {
      add_cell(text, runs[i]);
    }
    rst_text_add(text, "\n");
  }
}

static void add_worst_modes(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, "\n");
  if (isnan(analysis->exact.limits.growth)) {
    return;
  }
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
  add_head(text, "fixed points", RST_ANALYSIS_POINT);
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    char label[64];
    snprintf(label, sizeof label, "%zu %s%s", i, rst_fixed_point_kind_name(point->kind),
             (int)i == analysis->minimum ? ", decides" : "");
    add_line(text, label, RST_ANALYSIS_POINT, point);
  }
  for (size_t i = 0; i < analysis->point_count; ++i) {
    const struct rst_analysed_point *point = &analysis->points[i];
    rst_text_add(text, "  %zu: |K| = %.8g, max |K| = %.8g; from %d start%s, first %s\n", i,
                 rst_field_norm(point->point.u), rst_field_max_abs(point->point.u), point->starts,
                 point->starts == 1 ? "" : "s", point->start);
  }
  if (analysis->escaping_starts > 0) {
    rst_text_add(text, "  from %zu start%s%s the flow runs to infinity, where there is none\n",
                 analysis->escaping_starts, analysis->escaping_starts == 1 ? "" : "s",
                 analysis->initial_escapes ? ", the initial state among them," : "");
  }
  if (analysis->failed_starts > 0) {
    rst_text_add(text, "  %zu start%s led to none\n", analysis->failed_starts,
                 analysis->failed_starts == 1 ? "" : "s");
  }
  rst_text_add(text, "  (eigenvalues of H, decay included)\n");
}

static void add_lr_limit(struct rst_text *text, const char *label, double limit, double lr) {
  begin_line(text, label);
  add_cell(text, limit);
  add_cell(text, limit / lr);
  rst_text_add(text, "\n");
}

static void add_two_limits(struct rst_text *text, const struct rst_analysis *analysis) {
  begin_head(text, "limits");
  rst_text_add(text, "%*s%*s\n", CELL, "lr", CELL, "of the case");
  add_lr_limit(text, "lr_lo, at the minimum", analysis->lr_lo, analysis->lr);
  add_lr_limit(text, analysis->linear_terms.smallest > 0 ? "lr_hi, by what is linear" : "lr_hi, by the decay",
               analysis->lr_hi, analysis->lr);
  if (!isnan(analysis->saturated_amplitude)) {
    rst_text_add(text, "amplitude of alternating saturated fluxes: %.8g\n", analysis->saturated_amplitude);
  }
  if (analysis->minimum >= 0) {
    const struct rst_state_spectrum *spectrum = &analysis->points[analysis->minimum].spectrum;
    rst_text_add(text, "\ncritical mode at the minimum: ");
    if (!isnan(spectrum->ky)) {
      rst_text_add(text, "wave number (ky, kx) = (%.6g, %.6g), ", spectrum->ky, spectrum->kx);
    }
    rst_text_add(text, "participation ratio %.4g\n", spectrum->participation_max);
    if (analysis->symbol && !isnan(analysis->worst_growth)) {
      rst_text_add(text, "worst plane wave there: |G| = %.8g at (ky, kx) = (%.6g, %.6g)\n",
                   analysis->worst_growth, analysis->worst_ky, analysis->worst_kx);
    }
  }
}

/* The stiffest modes, the stiffest first. */
static void add_noise(struct rst_text *text, const struct rst_analysis *analysis) {
  enum { SHOWN_MODES = 8 };
  if (!rst_analysis_has(analysis, RST_ANALYSIS_MEAN_SQUARE)) {
    return;
  }
  add_head(text, "in mean square", RST_ANALYSIS_MEAN_SQUARE);
  add_line(text, "second moments", RST_ANALYSIS_MEAN_SQUARE, analysis);
  if (isnan(analysis->lr_ms)) {
    rst_text_add(text, "  (too many examples and weights to follow all second moments)\n");
  }
  add_head(text, "modes", RST_ANALYSIS_MODE);
  for (size_t i = 0; i < analysis->mode_count && i < SHOWN_MODES; ++i) {
    char label[64];
    const size_t index = analysis->mode_count - 1 - i;
    snprintf(label, sizeof label, "%zu", index);
    add_line(text, label, RST_ANALYSIS_MODE, &analysis->modes[index]);
  }
  if (analysis->band_count > 0) {
    rst_text_add(text, "  bands of all modes from the start on, at %zu updates, are in the file\n",
                 analysis->band_count);
  }
  if (analysis->current_q) {
    rst_text_add(
        text, "  stationary probability current: %.4g of the drift (root mean squares); it is in the file\n",
        analysis->current_share);
  }
  rst_text_add(text, "\n");
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
  if (analysis->refinement_count == 0) {
    return;
  }
  add_head(text, "refinement of the mesh", RST_ANALYSIS_REFINEMENT);
  for (size_t i = 0; i < analysis->refinement_count; ++i) {
    char label[64];
    snprintf(label, sizeof label, i == 0 ? "the case" : "h/%d", 1 << i);
    add_line(text, label, RST_ANALYSIS_REFINEMENT, &analysis->refinements[i]);
  }
  rst_text_add(text, "  (c = %.8g; the case has c lr/h^2 = %.8g)\n", from->flow.diffusion.coefficient,
               analysis->mesh_number);
}

static void add_layers(struct rst_text *text, const struct rst_analysis *analysis) {
  if (analysis->layer_count < 2) {
    return;
  }
  add_head(text, "layers at the minimum", RST_ANALYSIS_LAYER);
  for (size_t i = 0; i < analysis->layer_count; ++i) {
    add_line(text, analysis->layers[i].name, RST_ANALYSIS_LAYER, &analysis->layers[i]);
  }
}

void rst_analysis_add_text(struct rst_text *text, const struct rst_case *from,
                           const struct rst_analysis *analysis) {
  rst_text_add(text, "%s, state %zu x %zu, correlation %s; %s, lr = %.8g, weight decay alpha = %.8g\n",
               analysis->flow, analysis->ny, analysis->nx, analysis->correlation, analysis->scheme,
               analysis->lr, analysis->weight_decay);
  rst_levels_add_text(&analysis->levels, "image ", text);
  if (analysis->linear) {
    add_spectrum(text, analysis);
    add_limits(text, analysis);
    add_worst_modes(text, analysis);
  } else {
    add_points(text, analysis);
    add_two_limits(text, analysis);
  }
  add_noise(text, analysis);
  add_layers(text, analysis);
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
