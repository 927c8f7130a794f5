/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "case/schema_rows.h"
#include "case/scope.h"

/* The boundary must be one that the flow offers; its first is the default. */
static void derive_boundary(struct rst_scope *scope) {
  struct rst_flow_parameters *flow = &scope->owner->content.flow;
  const size_t row = rst_keys_find(scope->keys, "flow.boundary");
  const struct rst_key *key = &scope->keys->keys[row];
  struct fy_node_pair *pair = scope->entries[row].pair;
  size_t count = 0;
  const enum rst_boundary *offered = flow->kind ? rst_flow_boundaries(flow->kind, &count) : NULL;
  if (!offered || !rst_key_applies(scope->keys, key, scope->base) ||
      scope->entries[row].state == RST_UNDECIDED) {
    return;
  }
  if (!pair) {
    flow->boundary = offered[0];
    return;
  }
  struct rst_text names = {0};
  bool found = false;
  for (size_t i = 0; i < count; ++i) {
    found = found || offered[i] == flow->boundary;
    rst_text_add(&names, "%s%s", i ? ", " : "", key->names[offered[i]]);
  }
  char *list = rst_text_take(&names);
  if (!found) {
    const struct rst_place place = rst_pair_place(pair, scope->place);
    rst_report_add(scope->report, rst_node_place(fy_node_pair_value(pair), place),
                   "key \"flow.boundary\": flow.kind \"%s\" does not offer \"%s\", only %s", flow->kind,
                   key->names[flow->boundary], list ? list : "");
  }
  free(list);
}

static bool decided(const struct rst_scope *scope, const char *path) {
  return scope->entries[rst_keys_find(scope->keys, path)].state == RST_DECIDED;
}

static struct rst_place value_place(const struct rst_scope *scope, const char *path) {
  struct fy_node_pair *pair = scope->entries[rst_keys_find(scope->keys, path)].pair;
  return rst_node_place(pair ? fy_node_pair_value(pair) : NULL, scope->place);
}

/* One image is no set. */
static bool has_examples(const struct rst_flow_parameters *flow) {
  const struct rst_flow_facts facts =
      flow->kind ? rst_flow_kind_facts(flow->kind) : (struct rst_flow_facts){0};
  return facts.examples && (!facts.one_layer || flow->conv.image_count > 1);
}

/* 0 stands for a number of evaluations that suits the run, unless there are epochs. */
static void derive_data_every(struct rst_loaded_case *owner) {
  enum { EVALUATIONS = 100 };
  struct rst_case *content = &owner->content;
  owner->leaves_data_every =
      has_examples(&content->flow) && content->data.every == 0 && rst_sampling_is_full(&content->sampling);
  if (owner->leaves_data_every) {
    const long every = (content->step.iterations + EVALUATIONS - 1) / EVALUATIONS;
    content->data.every = every > 1 ? every : 1;
  }
}

/* Times ascend, each with its factor. */
static void derive_schedule(struct rst_scope *scope) {
  struct rst_schedule *schedule = &scope->owner->content.step.schedule;
  if (schedule->length == 0) {
    schedule->length = scope->owner->content.step.iterations;
  }
  if (!decided(scope, "step.schedule.at") || !decided(scope, "step.schedule.factors")) {
    return;
  }
  if (schedule->at_count != schedule->factor_count) {
    rst_report_add(scope->report, value_place(scope, "step.schedule.factors"),
                   "key \"step.schedule.factors\": expected a number for each of the %zu of "
                   "step.schedule.at, found %zu",
                   schedule->at_count, schedule->factor_count);
  }
  for (size_t i = 1; i < schedule->at_count; ++i) {
    if (schedule->at[i] <= schedule->at[i - 1]) {
      rst_report_add(scope->report, value_place(scope, "step.schedule.at"),
                     "key \"step.schedule.at\": expected ascending numbers, found %.10g after %.10g",
                     schedule->at[i], schedule->at[i - 1]);
    }
  }
}

static void check_length(struct rst_scope *scope) {
  const struct rst_sampling_parameters *sampling = &scope->owner->content.sampling;
  if (decided(scope, "sampling.kind") && decided(scope, "sampling.l") &&
      !rst_sampling_fits_length(sampling)) {
    rst_report_add(
        scope->report, value_place(scope, "sampling.l"),
        "key \"sampling.l\": expected a power of two for sampling.kind \"%s\", at most 2^%d, found "
        "%.10g",
        sampling->kind, RST_SAMPLING_HALVINGS, sampling->length);
  }
}

/* 0 stands for a number of snapshots that suits the run. */
static void derive_every(struct rst_loaded_case *owner) {
  enum { SNAPSHOTS = 100, A_DECADE = 20 };
  struct rst_case *content = &owner->content;
  owner->leaves_every = content->output.every == 0;
  if (owner->leaves_every) {
    const long linear = (content->step.iterations + SNAPSHOTS - 1) / SNAPSHOTS;
    content->output.every = content->output.cadence == RST_CADENCE_LOGARITHMIC ? A_DECADE
                            : linear > 1                                       ? linear
                                                                               : 1;
  }
}

bool rst_check_twin(struct rst_scope *scope, struct rst_place place, const char *path,
                    const struct rst_twin *twin) {
  const struct rst_case *content = &scope->owner->content;
  const struct rst_key *divisor = &scope->keys->keys[rst_keys_find(scope->keys, "step.divisor")];
  if (twin->kind == RST_TWIN_DIVISOR && decided(scope, "step.scheme") &&
      !rst_key_applies(scope->keys, divisor, scope->base)) {
    struct rst_text schemes = {0};
    rst_condition_values(&divisor->when[0], &schemes);
    char *list = rst_text_take(&schemes);
    rst_report_add(scope->report, place,
                   "key \"%s\": step.scheme \"%s\" has no divisor to set to %s (only %s have)", path,
                   content->step.scheme.kind, twin->label, list ? list : "");
    free(list);
    return false;
  }
  if (twin->kind == RST_TWIN_PRECISION && decided(scope, "flow.precision") &&
      twin->precision == content->flow.precision) {
    rst_report_add(scope->report, place, "key \"%s\": the run itself is %s; this twin would show nothing",
                   path, twin->label);
    return false;
  }
  return true;
}

/* The values of a scan, which must be ones that the parameter can take. */
static void derive_bifurcation(struct rst_scope *scope) {
  const struct rst_case *content = &scope->owner->content;
  const double from = content->bifurcation.from;
  const double to = content->bifurcation.to;
  if (!decided(scope, "from") || !decided(scope, "to") || !decided(scope, "scale") ||
      !decided(scope, "parameter")) {
    return;
  }
  if (to < from) {
    rst_report_add(scope->report, value_place(scope, "to"),
                   "key \"%sto\": expected a number >= bifurcation.from %.10g, found %.10g", scope->prefix,
                   from, to);
  }
  const bool is_log = content->bifurcation.scale == RST_SCALE_LOGARITHMIC;
  if (from <= 0.0 && (is_log || content->bifurcation.parameter == RST_STEP_LR)) {
    rst_report_add(scope->report, value_place(scope, "from"),
                   "key \"%sfrom\": expected a number > 0 for bifurcation.%s, found 0", scope->prefix,
                   is_log ? "scale \"log\"" : "parameter \"lr\"");
  }
}

/* An axis whose keys begin with `section`; one that is not known has no values. */
static void derive_axis(struct rst_scope *scope, const char *section, struct rst_sweep_axis *axis) {
  static const char *const names[] = {"from", "to", "count", "scale"};
  enum { FROM, TO, COUNT, SCALE, NAMES };
  char paths[NAMES][RST_PATH_LENGTH];
  bool known = true;
  for (size_t i = 0; i < NAMES; ++i) {
    snprintf(paths[i], sizeof paths[i], "%s%s", section, names[i]);
    known = known && decided(scope, paths[i]);
  }
  if (!known) {
    axis->count = 0;
    return;
  }
  if (axis->to < axis->from) {
    rst_report_add(scope->report, value_place(scope, paths[TO]),
                   "key \"%s%s\": expected a number >= %s%s %.10g, found %.10g", scope->prefix, paths[TO],
                   scope->prefix, paths[FROM], axis->from, axis->to);
  }
  if (axis->from <= 0.0 && axis->scale == RST_SCALE_LOGARITHMIC) {
    rst_report_add(scope->report, value_place(scope, paths[FROM]),
                   "key \"%s%s\": expected a number > 0 for %s%s \"log\", found %.10g", scope->prefix,
                   paths[FROM], scope->prefix, paths[SCALE], axis->from);
  }
}

/* What is not known lies nowhere. */
static void derive_zoom(struct rst_scope *scope) {
  struct rst_sweep_zoom *zoom = scope->base;
  zoom->lr = decided(scope, "lr") ? zoom->lr : (double)NAN;
  zoom->weight_decay = decided(scope, "weight_decay") ? zoom->weight_decay : (double)NAN;
}

static void require_inside(struct rst_scope *scope, struct fy_node *item, size_t index, const char *name,
                           const struct rst_sweep_axis *axis, double value) {
  struct fy_node_pair *pair = item && fy_node_is_mapping(item) ? rst_node_lookup(item, name) : NULL;
  const bool is_outside = value < axis->from || value > axis->to;
  if (pair && is_outside && axis->from <= axis->to) {
    rst_report_add(scope->report,
                   rst_node_place(fy_node_pair_value(pair), rst_pair_place(pair, scope->place)),
                   "key \"%szoom.%zu.%s\": expected a number inside %s%s, from %.10g to %.10g, found %.10g",
                   scope->prefix, index, name, scope->prefix, name, axis->from, axis->to, value);
  }
}

/* The number of points, which tells that there is a sweep. */
static void count_points(struct rst_scope *scope) {
  const double most = 1e10;
  struct rst_case *content = &scope->owner->content;
  double points = content->sweep.axis_count > 0
                      ? 1.0
                      : (double)content->sweep.lr.count * (double)content->sweep.weight_decay.count;
  for (size_t i = 0; i < content->sweep.axis_count; ++i) {
    points *= (double)content->sweep.axes[i].count;
  }
  if (points > most) {
    rst_report_add(scope->report, value_place(scope, "axes"),
                   "key \"%saxes\": expected at most %g points in all, found %g", scope->prefix, most,
                   points);
    points = most;
  }
  content->sweep.points = (size_t)points;
}

/* Values of the plane are coordinates of maps. */
static void require_ascending(struct rst_scope *scope, const char *path, const struct rst_sweep_axis *axis) {
  for (size_t i = 1; axis->values && i < axis->count; ++i) {
    if (axis->values[i] <= axis->values[i - 1]) {
      rst_report_add(scope->report, value_place(scope, path),
                     "key \"%s%s\": expected ascending numbers, found %.10g after %.10g", scope->prefix, path,
                     axis->values[i], axis->values[i - 1]);
      return;
    }
  }
}

static void derive_sweep(struct rst_scope *scope) {
  struct rst_case *content = &scope->owner->content;
  struct rst_sweep_axis *lr = &content->sweep.lr;
  struct rst_sweep_axis *weight_decay = &content->sweep.weight_decay;
  struct fy_node_pair *zoom = scope->entries[rst_keys_find(scope->keys, "zoom")].pair;
  derive_axis(scope, "lr.", lr);
  derive_axis(scope, "weight_decay.", weight_decay);
  require_ascending(scope, "lr.values", lr);
  require_ascending(scope, "weight_decay.values", weight_decay);
  count_points(scope);
  for (size_t i = 0; zoom && i < content->sweep.zoom_count; ++i) {
    struct fy_node *items = rst_node_follow(fy_node_pair_value(zoom));
    struct fy_node *item = rst_node_follow(fy_node_sequence_get_by_index(items, (int)i));
    if (decided(scope, "lr.from") && decided(scope, "lr.to")) {
      require_inside(scope, item, i, "lr", lr, content->sweep.zoom[i].lr);
    }
    if (decided(scope, "weight_decay.from") && decided(scope, "weight_decay.to")) {
      require_inside(scope, item, i, "weight_decay", weight_decay, content->sweep.zoom[i].weight_decay);
    }
  }
}

void rst_derive(struct rst_scope *scope) {
  if (scope->keys == &scope->owner->keys) {
    derive_boundary(scope);
    derive_every(scope->owner);
    derive_data_every(scope->owner);
    derive_schedule(scope);
    check_length(scope);
    rst_check_axes(scope);
  } else if (scope->keys == &rst_bifurcation_keys) {
    derive_bifurcation(scope);
  } else if (scope->keys == &rst_sweep_keys) {
    derive_sweep(scope);
  } else if (scope->keys == &rst_sweep_axis_keys) {
    derive_axis(scope, "", scope->base);
  } else if (scope->keys == &rst_sweep_zoom_keys) {
    derive_zoom(scope);
  }
}
