/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "cli/levels_text.h"
#include "cli/sweep_command.h"
#include "cli/watch.h"
#include "core/plural.h"

static double percentage(size_t part, size_t whole) {
  const double percent = 100.0;
  return whole > 0 ? percent * (double)part / (double)whole : 0.0;
}

static void add_axis(struct rst_text *text, const char *name, const struct rst_sweep_axis *axis) {
  rst_text_add(text, "%s from %.10g to %.10g%s", name, axis->values ? axis->values[0] : axis->from,
               axis->values ? axis->values[axis->count - 1] : axis->to,
               axis->scale == RST_SCALE_LOGARITHMIC ? ", logarithmic" : "");
}

void rst_sweep_add_plan(struct rst_text *text, const struct rst_case *from, const char *path,
                        const struct rst_sweep_cost *cost, size_t points, double seconds) {
  const double mebibyte = 1048576.0;
  char duration[32];
  rst_format_duration(seconds, sizeof duration, duration);
  rst_text_add(text, "would sweep ");
  for (size_t i = from->sweep.axis_count; i-- > 0;) {
    const struct rst_sweep_axis *axis = &from->sweep.axes[i];
    rst_text_add(text, "%s%zu value%s of ", i + 1 < from->sweep.axis_count ? ", by " : "", axis->count,
                 rst_plural((double)axis->count));
    add_axis(text, strncmp(axis->key, "step.", 5) == 0 ? axis->key + 5 : axis->key, axis);
  }
  rst_text_add(text, ":\n%zu point%s of %ld iteration%s", points, rst_plural((double)points),
               from->step.iterations, rst_plural((double)from->step.iterations));
  if (from->sweep.refine > 0) {
    rst_text_add(text, ", and more where regimes differ, on a grid that is %d times finer",
                 1 << from->sweep.refine);
  }
  rst_text_add(text, "\nengine %s", cost->engine);
  if (cost->patches > 0) {
    rst_text_add(text, ": %zu distinct patches, rank %zu", cost->patches, cost->rank);
  }
  rst_text_add(text,
               "\nabout %s on one thread, measured on a few points, and %.3g MiB of memory\nwould write %s",
               duration, cost->bytes / mebibyte, path);
}

static void add_head(struct rst_text *text, const struct rst_sweep_facts *facts) {
  if (facts->windows == 0) {
    return;
  }
  if (facts->window == 0) {
    rst_text_add(text, "the whole, ");
  } else {
    rst_text_add(text, "\nwindow %zu of %zu, ", facts->window, facts->windows);
  }
  add_axis(text, "lr", &facts->from->sweep.lr);
  add_axis(text, ", weight_decay", &facts->from->sweep.weight_decay);
  rst_text_add(text, "\n");
}

static void add_regimes(struct rst_text *text, const struct rst_sweep_summary *summary) {
  for (int i = 0; rst_regime_names()[i]; ++i) {
    rst_text_add(text, "  %-20s %8zu %6.2f %%\n", rst_regime_names()[i], summary->regimes[i],
                 percentage(summary->regimes[i], summary->done));
  }
}

static void add_boundaries(struct rst_text *text, const struct rst_sweep_summary *summary) {
  for (int i = 0; rst_sweep_boundary_names()[i]; ++i) {
    if (isfinite(summary->dimension[i])) {
      rst_text_add(text, "boundary of %-12s dimension %.3f +- %.3f\n", rst_sweep_boundary_names()[i],
                   summary->dimension[i], summary->dimension_error[i]);
    }
  }
}

static void add_engine(struct rst_text *text, const struct rst_sweep_summary *summary) {
  rst_text_add(text, "engine %s", summary->engine);
  if (summary->patches > 0) {
    rst_text_add(text, ": %zu distinct patches, rank %zu", summary->patches, summary->rank);
  }
  if (summary->compared > 0) {
    rst_text_add(text, "; same regime as the full network at %zu of %zu point%s", summary->agreed,
                 summary->compared, rst_plural((double)summary->compared));
  }
  if (summary->computed < summary->done) {
    rst_text_add(text, "; %zu point%s computed, the others filled in", summary->computed,
                 rst_plural((double)summary->computed));
  }
}

void rst_sweep_add_text(struct rst_text *text, const struct rst_sweep_facts *facts) {
  const struct rst_sweep_summary *summary = facts->summary;
  const char *path = facts->path;
  const size_t length = strlen(path);
  const size_t stem = length > 3 && strcmp(path + length - 3, ".h5") == 0 ? length - 3 : length;
  char wall[32];
  rst_format_duration(summary->wall_seconds, sizeof wall, wall);
  add_head(text, facts);
  rst_text_add(text, "%s with %zu of %zu point%s, %s\n", summary->reason, summary->done, summary->count,
               rst_plural((double)summary->count), wall);
  rst_levels_add_text(&summary->levels, "image ", text);
  add_regimes(text, summary);
  add_boundaries(text, summary);
  add_engine(text, summary);
  if (facts->from && rst_scheme_facts(facts->from->step.scheme.kind).preconditioned) {
    rst_text_add(text, "\ntheory: none for %s, whose limits depend on the run",
                 facts->from->step.scheme.kind);
  } else if (facts->from && facts->from->sweep.theory == RST_SWITCH_NO) {
    rst_text_add(text, "\ntheory: not computed, by sweep.theory");
  } else {
    rst_text_add(text, "\ntheory: right at %zu of the %zu point%s for which it predicts", summary->correct,
                 summary->predicted, rst_plural((double)summary->predicted));
  }
  if (summary->predicted > 0) {
    rst_text_add(text, ", %.2f %%", percentage(summary->correct, summary->predicted));
  }
  if (facts->rate > 0.0) {
    rst_text_add(text, "\n%.3g point-iterations per second", facts->rate);
  }
  rst_text_add(text, "\n%s", path);
  if (summary->axes == 2) {
    rst_text_add(text, "; ParaView opens %.*s.xdmf", (int)stem, path);
  }
}

/* "name": {"divergence": ..., ...} */
static void add_by_boundary(struct rst_text *text, const char *name, const double *values) {
  rst_text_add(text, ", \"%s\": {", name);
  for (int i = 0; rst_sweep_boundary_names()[i]; ++i) {
    rst_text_add(text, "%s\"%s\": ", i ? ", " : "", rst_sweep_boundary_names()[i]);
    rst_text_add_number(text, values[i]);
  }
  rst_text_add(text, "}");
}

void rst_sweep_add_json(struct rst_text *text, const struct rst_sweep_facts *facts, const char *subject) {
  const struct rst_sweep_summary *summary = facts->summary;
  const char *const names[][2] = {
      {"output", facts->path}, {"reason", summary->reason}, {"engine", summary->engine}};
  const struct {
    const char *name;
    double value;
  } numbers[] = {{"window", facts->from ? (double)facts->window : (double)NAN},
                 {"done", (double)summary->done},
                 {"count", (double)summary->count},
                 {"computed", (double)summary->computed},
                 {"patches", (double)summary->patches},
                 {"rank", (double)summary->rank},
                 {"compared", (double)summary->compared},
                 {"agreed", (double)summary->agreed},
                 {"predicted", (double)summary->predicted},
                 {"correct", (double)summary->correct},
                 {"point_iterations", summary->point_iterations},
                 {"point_iterations_per_second", facts->rate},
                 {"wall_seconds", summary->wall_seconds},
                 {"exit_code", (double)facts->code}};
  rst_text_add(text, "{\"case\": ");
  rst_text_add_quoted(text, subject);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    rst_text_add(text, ", \"%s\": ", names[i][0]);
    rst_text_add_quoted(text, names[i][1]);
  }
  rst_text_add(text, ", \"regimes\": {");
  for (int i = 0; rst_regime_names()[i]; ++i) {
    rst_text_add(text, "%s\"%s\": %zu", i ? ", " : "", rst_regime_names()[i], summary->regimes[i]);
  }
  rst_text_add(text, "}");
  rst_levels_add_json(&summary->levels, text);
  add_by_boundary(text, "dimension", summary->dimension);
  add_by_boundary(text, "dimension_error", summary->dimension_error);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    rst_text_add(text, ", \"%s\": ", numbers[i].name);
    rst_text_add_number(text, numbers[i].value);
  }
  rst_text_add(text, "}");
}
