/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "cli/analyze_command.h"

struct member {
  const char *name;
  double value;
};

/* "a": 1, "b": null without braces. */
static void add_numbers(struct rst_text *text, const struct member *members, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(text, "%s\"%s\": ", i ? ", " : "", members[i].name);
    rst_text_add_number(text, members[i].value);
  }
}

static void add_names(struct rst_text *text, const char *const (*names)[2], size_t count) {
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(text, ", \"%s\": ", names[i][0]);
    rst_text_add_quoted(text, names[i][1]);
  }
}

#define ADD(text, members) add_numbers(text, members, sizeof(members) / sizeof *(members))

static void add_limits(struct rst_text *text, const struct rst_spectrum_limits *limits) {
  const struct member members[] = {
      {"lambda_min", limits->lambda_min},      {"lambda_max", limits->lambda_max},
      {"decay_min", limits->limits.decay_min}, {"decay_max", limits->limits.decay_max},
      {"lr_max", limits->limits.lr_max},       {"growth", limits->limits.growth},
      {"critical", limits->limits.critical},
  };
  ADD(text, members);
  rst_text_add(text, ", \"stable\": %s", limits->limits.stable ? "true" : "false");
}

static void add_spectrum(struct rst_text *text, const struct rst_state_spectrum *spectrum) {
  const struct member members[] = {
      {"residual_min", spectrum->smallest.residual},
      {"residual_max", spectrum->largest.residual},
      {"products", spectrum->smallest.products + spectrum->largest.products},
      {"participation_min", spectrum->participation_min},
      {"participation_max", spectrum->participation_max},
      {"ky", spectrum->ky},
      {"kx", spectrum->kx},
  };
  ADD(text, members);
}

static void add_symbol(struct rst_text *text, const struct rst_analysis *analysis) {
  if (!analysis->symbol) {
    rst_text_add(text, ", \"symbol\": null");
    return;
  }
  const struct member members[] = {{"worst_growth", analysis->worst_growth},
                                   {"worst_ky", analysis->worst_ky},
                                   {"worst_kx", analysis->worst_kx}};
  rst_text_add(text, ", \"symbol\": {\"meaning\": ");
  rst_text_add_quoted(text, rst_symbol_meaning_name(analysis->symbol_meaning));
  rst_text_add(text, ", ");
  if (analysis->linear) {
    add_limits(text, &analysis->by_symbol);
    rst_text_add(text, ", ");
  }
  ADD(text, members);
  rst_text_add(text, "}");
}

static void add_threshold(struct rst_text *text, const char *name, const struct rst_threshold *threshold) {
  const struct member members[] = {{"value", threshold->value},
                                   {"low", threshold->low},
                                   {"high", threshold->high},
                                   {"runs", threshold->runs}};
  rst_text_add(text, "\"%s\": ", name);
  if (threshold->runs == 0) {
    rst_text_add(text, "null");
    return;
  }
  rst_text_add(text, "{");
  ADD(text, members);
  rst_text_add(text, "}");
}

static void add_linear(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, ", \"exact\": {");
  add_limits(text, &analysis->exact);
  rst_text_add(text, ", ");
  add_spectrum(text, &analysis->spectrum);
  rst_text_add(text, "}, \"measured\": {");
  add_threshold(text, "decay_min", &analysis->measured_decay_min);
  rst_text_add(text, ", ");
  add_threshold(text, "decay_max", &analysis->measured_decay_max);
  rst_text_add(text, ", ");
  add_threshold(text, "lr_max", &analysis->measured_lr_max);
  rst_text_add(text, "}");
}

static void add_point(struct rst_text *text, const struct rst_analysis *analysis,
                      const struct rst_analysed_point *point) {
  const struct member members[] = {
      {"loss", point->point.loss},
      {"data_loss", point->point.data_loss},
      {"residual", point->point.residual},
      {"norm", rst_field_norm(point->point.u)},
      {"max_abs", rst_field_max_abs(point->point.u)},
      {"lambda_min", point->spectrum.smallest.value + analysis->effective_decay},
      {"lambda_max", point->spectrum.largest.value + analysis->effective_decay},
      {"lr_lo", point->lr_lo},
      {"starts", point->starts},
      {"newton_steps", point->point.newton_steps},
  };
  rst_text_add(text, "{\"kind\": ");
  rst_text_add_quoted(text, rst_fixed_point_kind_name(point->kind));
  rst_text_add(text, ", \"start\": ");
  rst_text_add_quoted(text, point->start);
  rst_text_add(text, ", ");
  ADD(text, members);
  rst_text_add(text, ", ");
  add_spectrum(text, &point->spectrum);
  rst_text_add(text, "}");
}

static void add_nonlinear(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, ", \"fixed_points\": [");
  for (size_t i = 0; i < analysis->point_count; ++i) {
    rst_text_add(text, i ? ", " : "");
    add_point(text, analysis, &analysis->points[i]);
  }
  const struct member members[] = {{"failed_starts", (double)analysis->failed_starts},
                                   {"minimum", analysis->minimum >= 0 ? (double)analysis->minimum : NAN},
                                   {"lr_lo", analysis->lr_lo},
                                   {"lr_hi", analysis->lr_hi}};
  rst_text_add(text, "], ");
  ADD(text, members);
}

static void add_distribution(struct rst_text *text, const struct rst_analysis *analysis) {
  rst_text_add(text, ", \"dense\": ");
  if (analysis->eigenvalue_count == 0) {
    rst_text_add(text, "null");
  } else {
    const struct member members[] = {{"count", (double)analysis->eigenvalue_count},
                                     {"deviation", analysis->dense_deviation}};
    rst_text_add(text, "{");
    ADD(text, members);
    rst_text_add(text, "}");
  }
  rst_text_add(text, ", \"refinement\": [");
  for (size_t i = 0; i < analysis->refinement_count; ++i) {
    const struct rst_refinement *refinement = &analysis->refinements[i];
    const struct member members[] = {{"spacing", refinement->spacing},
                                     {"lambda_max", refinement->lambda_max},
                                     {"lr_max", refinement->lr_max},
                                     {"mesh_number", refinement->mesh_number}};
    rst_text_add(text, i ? ", {" : "{");
    ADD(text, members);
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]");
}

static void add_verdict(struct rst_text *text, const struct rst_analysis *analysis) {
  static const char *const mechanisms[] = {"[]", "[\"step\"]", "[\"decay\"]", "[\"step\", \"decay\"]"};
  const char *const names[][2] = {{"verdict", rst_verdict_name(analysis->verdict)},
                                  {"explanation", analysis->explanation},
                                  {"gap", analysis->gap}};
  const struct member members[] = {{"lr_factor", analysis->lr_factor},
                                   {"decay_min_factor", analysis->decay_min_factor},
                                   {"decay_max_factor", analysis->decay_max_factor},
                                   {"wall_seconds", analysis->wall_seconds}};
  add_names(text, names, sizeof names / sizeof *names);
  rst_text_add(text, ", \"mechanisms\": %s, ", mechanisms[analysis->mechanisms]);
  ADD(text, members);
}

void rst_analysis_add_json(struct rst_text *text, const struct rst_analysis *analysis, const char *subject,
                           const char *output) {
  const char *const names[][2] = {{"output", output},
                                  {"flow", analysis->flow},
                                  {"scheme", analysis->scheme},
                                  {"correlation", analysis->correlation}};
  const struct member members[] = {{"lr", analysis->lr},
                                   {"weight_decay", analysis->weight_decay},
                                   {"real_limit", analysis->real_limit},
                                   {"mesh_number", analysis->mesh_number},
                                   {"spacing", analysis->spacing}};
  rst_text_add(text, "{\"case\": ");
  rst_text_add_quoted(text, subject);
  add_names(text, names, sizeof names / sizeof *names);
  rst_text_add(text, ", \"shape\": [%zu, %zu], ", analysis->ny, analysis->nx);
  ADD(text, members);
  add_symbol(text, analysis);
  if (analysis->linear) {
    add_linear(text, analysis);
  } else {
    add_nonlinear(text, analysis);
  }
  add_distribution(text, analysis);
  add_verdict(text, analysis);
  rst_text_add(text, "}");
}
