/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/analysis_table.h"
#include "cli/analyze_command.h"
#include "cli/levels_text.h"

static void add_names(struct rst_text *text, const char *const (*names)[2], size_t count) {
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(text, ", \"%s\": ", names[i][0]);
    rst_text_add_quoted(text, names[i][1]);
  }
}

/* A group's members, after `before`. */
static void add_group(struct rst_text *text, const char *before, const struct rst_analysis *analysis,
                      enum rst_analysis_group group) {
  rst_text_add(text, "%s", before);
  rst_quantities_add_json(&rst_analysis_numbers, (int)group, analysis, text);
}

static void add_symbol(struct rst_text *text, const struct rst_analysis *analysis) {
  if (!analysis->symbol) {
    rst_text_add(text, ", \"symbol\": null");
    return;
  }
  rst_text_add(text, ", \"symbol\": {\"meaning\": ");
  rst_text_add_quoted(text, rst_symbol_meaning_name(analysis->symbol_meaning));
  if (analysis->linear) {
    add_group(text, ", ", analysis, RST_ANALYSIS_SYMBOL_EXTREMES);
    add_group(text, ", ", analysis, RST_ANALYSIS_SYMBOL_LIMITS);
  }
  add_group(text, ", ", analysis, RST_ANALYSIS_WORST_WAVE);
  rst_text_add(text, "}");
}

static void add_threshold(struct rst_text *text, const char *name, const struct rst_analysis *analysis,
                          const struct rst_threshold *threshold, enum rst_analysis_group group) {
  rst_text_add(text, "\"%s\": ", name);
  if (threshold->runs == 0) {
    rst_text_add(text, "null");
    return;
  }
  add_group(text, "{", analysis, group);
  rst_text_add(text, "}");
}

static void add_linear(struct rst_text *text, const struct rst_analysis *analysis) {
  add_group(text, ", \"exact\": {", analysis, RST_ANALYSIS_EXACT_EXTREMES);
  add_group(text, ", ", analysis, RST_ANALYSIS_EXACT_LIMITS);
  add_group(text, ", ", analysis, RST_ANALYSIS_EXACT_GROWTH);
  add_group(text, ", ", analysis, RST_ANALYSIS_SPECTRUM);
  rst_text_add(text, "}, \"measured\": {");
  add_threshold(text, "decay_min", analysis, &analysis->measured_decay_min, RST_ANALYSIS_MEASURED_DECAY_MIN);
  rst_text_add(text, ", ");
  add_threshold(text, "decay_max", analysis, &analysis->measured_decay_max, RST_ANALYSIS_MEASURED_DECAY_MAX);
  rst_text_add(text, ", ");
  add_threshold(text, "lr_max", analysis, &analysis->measured_lr_max, RST_ANALYSIS_MEASURED_LR_MAX);
  rst_text_add(text, "}");
}

static void add_point(struct rst_text *text, const struct rst_analysis *analysis, size_t index) {
  const struct rst_analysed_point *point = &analysis->points[index];
  rst_text_add(text, "{\"kind\": ");
  rst_text_add_quoted(text, rst_fixed_point_kind_name(point->kind));
  rst_text_add(text, ", \"start\": ");
  rst_text_add_quoted(text, point->start);
  rst_text_add(text, ", ");
  rst_quantities_add_json(&rst_analysis_numbers, RST_ANALYSIS_POINT, point, text);
  rst_text_add(text, "}");
}

/* The kind of what the flow from the initial state reaches; "infinity"; null where that is not known. */
static void add_initial(struct rst_text *text, const struct rst_analysis *analysis) {
  const char *name = analysis->initial_escapes ? "infinity" : NULL;
  for (size_t i = 0; i < analysis->point_count; ++i) {
    if (analysis->points[i].of_initial) {
      name = rst_fixed_point_kind_name(analysis->points[i].kind);
    }
  }
  rst_text_add(text, ", \"initial\": ");
  rst_text_add_quoted(text, name);
}

static void add_nonlinear(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, ", \"fixed_points\": [");
  for (size_t i = 0; i < analysis->point_count; ++i) {
    rst_text_add(text, i ? ", " : "");
    add_point(text, analysis, i);
  }
  rst_text_add(text, "]");
  add_initial(text, analysis);
  add_group(text, ", ", analysis, RST_ANALYSIS_TWO_LIMITS);
  if (rst_analysis_has(analysis, RST_ANALYSIS_SATURATION)) {
    add_group(text, ", ", analysis, RST_ANALYSIS_SATURATION);
  }
}

static void add_distribution(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, ", \"dense\": ");
  if (analysis->eigenvalue_count == 0) {
    rst_text_add(text, "null");
  } else {
    add_group(text, "{", analysis, RST_ANALYSIS_DENSE);
    rst_text_add(text, "}");
  }
  rst_text_add(text, ", \"refinement\": [");
  for (size_t i = 0; i < analysis->refinement_count; ++i) {
    rst_text_add(text, i ? ", {" : "{");
    rst_quantities_add_json(&rst_analysis_numbers, RST_ANALYSIS_REFINEMENT, &analysis->refinements[i], text);
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]");
}

static void add_layers(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, ", \"layers\": [");
  for (size_t i = 0; i < analysis->layer_count; ++i) {
    rst_text_add(text, i ? ", {\"name\": " : "{\"name\": ");
    rst_text_add_quoted(text, analysis->layers[i].name);
    rst_text_add(text, ", ");
    rst_quantities_add_json(&rst_analysis_numbers, RST_ANALYSIS_LAYER, &analysis->layers[i], text);
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]");
}

static void add_noise(struct rst_text *text, const struct rst_analysis *analysis) {
  if (!rst_analysis_has(analysis, RST_ANALYSIS_MEAN_SQUARE)) {
    return;
  }
  add_group(text, ", ", analysis, RST_ANALYSIS_MEAN_SQUARE);
  rst_text_add(text, ", \"modes\": [");
  for (size_t i = 0; i < analysis->mode_count; ++i) {
    rst_text_add(text, i ? ", {" : "{");
    rst_quantities_add_json(&rst_analysis_numbers, RST_ANALYSIS_MODE, &analysis->modes[i], text);
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]");
}

static void add_verdict(struct rst_text *text, const struct rst_analysis *analysis) {
  static const char *const mechanisms[] = {"[]", "[\"step\"]", "[\"decay\"]", "[\"step\", \"decay\"]"};
  const char *const names[][2] = {{"verdict", rst_verdict_name(analysis->verdict)},
                                  {"explanation", analysis->explanation},
                                  {"gap", analysis->gap}};
  add_names(text, names, sizeof names / sizeof *names);
  rst_text_add(text, ", \"mechanisms\": %s", mechanisms[analysis->mechanisms]);
  add_group(text, ", ", analysis, RST_ANALYSIS_FACTORS);
}

void rst_analysis_add_json(struct rst_text *text, const struct rst_analysis *analysis, const char *subject,
                           const char *output) {
  const char *const names[][2] = {{"output", output},
                                  {"flow", analysis->flow},
                                  {"scheme", analysis->scheme},
                                  {"correlation", analysis->correlation}};
  rst_text_add(text, "{\"case\": ");
  rst_text_add_quoted(text, subject);
  add_names(text, names, sizeof names / sizeof *names);
  rst_text_add(text, ", \"shape\": [%zu, %zu]", analysis->ny, analysis->nx);
  rst_levels_add_json(&analysis->levels, text);
  add_group(text, ", ", analysis, RST_ANALYSIS_SETTINGS);
  add_symbol(text, analysis);
  if (analysis->linear) {
    add_linear(text, analysis);
  } else {
    add_nonlinear(text, analysis);
  }
  add_noise(text, analysis);
  add_layers(text, analysis);
  add_distribution(text, analysis);
  add_verdict(text, analysis);
  rst_text_add(text, "}");
}
