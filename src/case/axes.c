/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "case/scope.h"

/** @file
 * What a sweep runs over: the axes of a case, held against the rows of the keys that they vary.
 */

double rst_scan_value(double from, double to, size_t count, enum rst_scale scale, size_t index) {
  if (index == 0) {
    return from;
  }
  if (index == count - 1) {
    return to;
  }
  const double steps = (double)(count - 1);
  const double step = (double)index;
  return scale == RST_SCALE_LOGARITHMIC ? from * pow(to / from, step / steps)
                                        : ((steps - step) * from + step * to) / steps;
}

double rst_sweep_axis_value(const struct rst_sweep_axis *axis, size_t index) {
  return axis->values ? axis->values[index]
                      : rst_scan_value(axis->from, axis->to, axis->count, axis->scale, index);
}

/* A key of a case, wherever it stands. */
struct found {
  const struct rst_keys *keys; /* its table */
  void *base;                  /* what the table fills */
  char prefix[RST_PATH_LENGTH];
  const struct rst_key *key; /* the row that applies, else the first of its path; NULL for none */
  bool applies;
  bool moves; /* in no section of a command (analyze, bifurcation, sweep) nor in expect */
};

/* Go from `path` into the table below one of the rows; NULL if none leads there, else the rest of the path. */
static const char *descend(struct found *found, const char *path) {
  for (size_t i = 0; i < found->keys->count; ++i) {
    const struct rst_key *key = &found->keys->keys[i];
    const size_t length = strlen(key->path);
    if (!key->items || strncmp(path, key->path, length) != 0 || path[length] != '.') {
      continue;
    }
    const char *rest = path + length + 1;
    char *below = rst_key_member(key, found->base);
    if (key->type == RST_KEY_ITEMS) {
      char *end = NULL;
      const unsigned long index = strtoul(rest, &end, 10);
      if (end == rest || *end != '.' || index >= rst_key_count(key, found->base)) {
        return NULL;
      }
      void *items = NULL;
      memcpy(&items, below, sizeof items);
      below = (char *)items + index * key->items->size;
      rest = end + 1;
    }
    const size_t used = strlen(found->prefix);
    snprintf(found->prefix + used, sizeof found->prefix - used, "%.*s", (int)(rest - path), path);
    found->moves = found->moves && (used > 0 || strchr(key->path, '.'));
    found->keys = key->items;
    found->base = below;
    return rest;
  }
  return NULL;
}

static struct found find_key(struct rst_loaded_case *loaded, const char *path) {
  struct found found = {.keys = &loaded->keys, .base = loaded, .moves = true};
  size_t row = rst_keys_find(found.keys, path);
  while (row == SIZE_MAX && (path = descend(&found, path))) {
    row = rst_keys_find(found.keys, path);
  }
  if (row != SIZE_MAX) {
    const struct rst_key *chosen = rst_keys_choose(found.keys, row, found.base);
    found.applies = chosen != NULL;
    found.key = chosen ? chosen : &found.keys->keys[row];
  }
  return found;
}

/* The axis `index` in the document, and there the value of `name`. */
static struct rst_place place_of(const struct rst_scope *scope, size_t index, const char *name) {
  struct fy_node_pair *pair = scope->entries[rst_keys_find(scope->keys, "sweep")].pair;
  struct fy_node *sweep = rst_node_follow(fy_node_pair_value(pair));
  struct fy_node *axes = rst_node_follow(fy_node_pair_value(rst_node_lookup(sweep, "axes")));
  struct fy_node *axis = rst_node_follow(fy_node_sequence_get_by_index(axes, (int)index));
  struct fy_node_pair *member = rst_node_lookup(axis, name);
  const struct rst_place place = rst_node_place(axis, rst_pair_place(pair, scope->place));
  return member ? rst_node_place(fy_node_pair_value(member), place) : place;
}

/* Whether the axis varies a number of the run. */
static bool check_key(struct rst_scope *scope, size_t index, const char *path, const struct found *found) {
  const struct rst_place place = place_of(scope, index, "key");
  if (!found->key) {
    char section[RST_PATH_LENGTH];
    snprintf(section, sizeof section, "%.*s", (int)rst_keys_stem(path), path);
    rst_report_unknown_key(scope->report, place, scope->keys, "", section, path + rst_keys_stem(path));
    return false;
  }
  const bool is_number = found->key->type == RST_KEY_REAL || found->key->type == RST_KEY_INTEGER;
  if (!is_number || !found->moves) {
    rst_report_add(scope->report, place,
                   "key \"sweep.axes.%zu.key\": expected a key that holds a number or a seed of the run, "
                   "found \"%s\"",
                   index, path);
    return false;
  }
  if (!found->applies) {
    const struct rst_scope inner = {
        .report = scope->report, .keys = found->keys, .prefix = found->prefix, .base = found->base};
    rst_report_idle(&inner, found->key, place);
  }
  return found->applies;
}

/* Rounding of a scan is no fraction. */
static bool is_integer(double value) {
  return fabs(value - nearbyint(value)) <= 1e-9 * fmax(1.0, fabs(value));
}

static bool may_be(const struct rst_key *key, double value) {
  return key->type == RST_KEY_INTEGER ? is_integer(value) && rst_range_holds(&key->range, nearbyint(value))
                                      : rst_range_holds(&key->range, value);
}

static void check_value(struct rst_scope *scope, size_t index, const char *name, const struct rst_key *key,
                        double value) {
  if (may_be(key, value)) {
    return;
  }
  const struct rst_sweep_axis *axis = &scope->owner->content.sweep.axes[index];
  struct rst_text expected = {0};
  rst_value_describe(key, &expected);
  char *text = rst_text_take(&expected);
  rst_report_add(scope->report, place_of(scope, index, axis->values ? "values" : name),
                 "key \"sweep.axes.%zu.%s\": expected %s for %s, found %.10g", index, name, text ? text : "",
                 axis->key, value);
  free(text);
}

static void check_values(struct rst_scope *scope, size_t index, const struct rst_key *key) {
  const struct rst_sweep_axis *axis = &scope->owner->content.sweep.axes[index];
  if (axis->values) {
    for (size_t i = 0; i < axis->count; ++i) {
      char name[RST_PATH_LENGTH];
      snprintf(name, sizeof name, "values.%zu", i);
      check_value(scope, index, name, key, axis->values[i]);
    }
    return;
  }
  const size_t before = scope->report->count;
  check_value(scope, index, "from", key, axis->from);
  check_value(scope, index, "to", key, axis->to);
  for (size_t i = 0; scope->report->count == before && i < axis->count; ++i) {
    const double value = rst_sweep_axis_value(axis, i);
    if (!may_be(key, value)) {
      rst_report_add(scope->report, place_of(scope, index, "count"),
                     "key \"sweep.axes.%zu.count\": %s takes integers, but %zu values from %.10g to %.10g "
                     "include %.10g; choose another count, or list the values",
                     index, axis->key, axis->count, axis->from, axis->to, value);
    }
  }
}

void rst_check_axes(struct rst_scope *scope) {
  const struct rst_case *content = &scope->owner->content;
  const struct rst_sweep_axis *axes = content->sweep.axes;
  /* What a key may be depends on others, so all else must be right. */
  for (size_t i = 0; i < content->sweep.axis_count && scope->report->count == 0; ++i) {
    const struct found found = find_key(scope->owner, axes[i].key);
    if (check_key(scope, i, axes[i].key, &found)) {
      check_values(scope, i, found.key);
    }
    for (size_t j = 0; j < i; ++j) {
      if (strcmp(axes[j].key, axes[i].key) == 0) {
        rst_report_add(scope->report, place_of(scope, i, "key"),
                       "key \"sweep.axes.%zu.key\": \"%s\" is an axis already; remove one", i, axes[i].key);
      }
    }
  }
}

/* The last part of the key or, where another axis has the same, the whole key with underscores. */
static const char *name_axis(struct rst_loaded_case *loaded, const struct rst_sweep_axis *axes, size_t count,
                             size_t index) {
  const char *key = axes[index].key;
  const char *last = key + rst_keys_stem(key);
  bool unique = true;
  for (size_t i = 0; i < count; ++i) {
    unique = unique && (i == index || strcmp(axes[i].key + rst_keys_stem(axes[i].key), last) != 0);
  }
  if (unique) {
    return last;
  }
  char *name = rst_case_keep(loaded, strlen(key) + 1);
  for (size_t i = 0; name && key[i]; ++i) {
    name[i] = key[i];
    if (name[i] == '.') {
      name[i] = '_';
    }
  }
  return name;
}

/* Integers get their exact values. */
static bool round_values(struct rst_loaded_case *loaded, struct rst_sweep_axis *axis) {
  const struct rst_key *key = find_key(loaded, axis->key).key;
  assert(key); /* the case was checked */
  if (key->type != RST_KEY_INTEGER) {
    return true;
  }
  double *values = rst_case_keep(loaded, axis->count * sizeof *values);
  for (size_t i = 0; values && i < axis->count; ++i) {
    values[i] = nearbyint(rst_sweep_axis_value(axis, i));
  }
  axis->values = values;
  return values != NULL;
}

bool rst_derive_axes(struct rst_loaded_case *loaded) {
  struct rst_case *content = &loaded->content;
  const bool is_plane = content->sweep.axis_count == 0;
  const size_t count = is_plane ? 2 : content->sweep.axis_count;
  if (content->sweep.points == 0) {
    return true;
  }
  struct rst_sweep_axis *axes = rst_case_keep(loaded, count * sizeof *axes);
  if (!axes) {
    return false;
  }
  if (is_plane) {
    content->sweep.weight_decay.key = "step.weight_decay";
    content->sweep.lr.key = "step.lr";
    axes[0] = content->sweep.weight_decay;
    axes[1] = content->sweep.lr;
  } else {
    memcpy(axes, content->sweep.axes, count * sizeof *axes);
  }
  bool complete = true;
  for (size_t i = 0; i < count && complete; ++i) {
    axes[i].name = name_axis(loaded, axes, count, i);
    complete = axes[i].name && round_values(loaded, &axes[i]);
  }
  if (is_plane) {
    content->sweep.weight_decay = axes[0];
    content->sweep.lr = axes[1];
  }
  content->sweep.axes = axes;
  content->sweep.axis_count = count;
  return complete;
}
