/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/fill.h"

#include <stdio.h>
#include <string.h>

#include "case/scope.h"

/* An earlier pair of the same mapping with the same key. */
static struct fy_node_pair *earlier(struct fy_node *mapping, struct fy_node_pair *pair, const char *name) {
  struct fy_node_pair *first = rst_node_lookup(mapping, name);
  return first == pair ? NULL : first;
}

static void collect(struct rst_scope *scope, struct fy_node *mapping, const char *section);

/* One pair of the document: a key, a section, or unknown. */
static void collect_pair(struct rst_scope *scope, struct fy_node *mapping, struct fy_node_pair *pair,
                         const char *section) {
  struct rst_report *report = scope->report;
  const struct rst_place place = rst_pair_place(pair, scope->place);
  struct rst_scalar name;
  char found[RST_FOUND_LENGTH];
  if (!rst_node_scalar(fy_node_pair_key(pair), &name) || name.length == 0 || strchr(name.text, '.')) {
    rst_report_add(report, place, "a key is one name, found %s; write sections as nested mappings",
                   rst_node_found(fy_node_pair_key(pair), found));
    return;
  }
  if (name.plain && strcmp(name.text, rst_merge_key) == 0) {
    return;
  }
  struct fy_node_pair *first = earlier(mapping, pair, name.text);
  if (first) {
    rst_report_add(report, place, "key \"%s%s%s\" is given twice, first in line %d; remove one",
                   scope->prefix, section, name.text, rst_node_place(fy_node_pair_key(first), place).line);
    return;
  }
  char path[RST_PATH_LENGTH];
  snprintf(path, sizeof path, "%s%s", section, name.text);
  size_t row = rst_keys_find(scope->keys, path);
  struct fy_node *value = rst_node_follow(fy_node_pair_value(pair));
  if (row == SIZE_MAX && value && fy_node_is_sequence(value)) {
    row = rst_keys_find_values(scope->keys, path);
  }
  if (row != SIZE_MAX) {
    scope->entries[row].pair = pair;
  } else if (!rst_keys_section(scope->keys, path)) {
    rst_report_unknown_key(report, place, scope->keys, scope->prefix, section, name.text);
  } else if (value && fy_node_is_mapping(value)) {
    snprintf(path + strlen(path), sizeof path - strlen(path), ".");
    collect(scope, value, path);
  } else if (!rst_node_null(value)) {
    rst_report_add(report, rst_node_place(value, place),
                   "\"%s%s\" is a section: expected a mapping, found %s", scope->prefix, path,
                   rst_node_found(value, found));
  }
}

/* Find the pairs of all keys of the table. */
static void collect(struct rst_scope *scope, struct fy_node *mapping, const char *section) {
  void *state = NULL;
  struct fy_node_pair *pair = NULL;
  while (!rst_report_full(scope->report) && (pair = fy_node_mapping_iterate(mapping, &state))) {
    collect_pair(scope, mapping, pair, section);
  }
}

/* Place of the innermost section given for `path`. */
static struct rst_place section_place(const struct rst_scope *scope, const char *path) {
  struct rst_place place = scope->place;
  struct fy_node *mapping = scope->mapping;
  for (const char *dot = NULL; (dot = strchr(path, '.')); path = dot + 1) {
    char name[RST_PATH_LENGTH];
    snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
    struct fy_node_pair *pair = rst_node_lookup(mapping, name);
    if (!pair) {
      break;
    }
    place = rst_pair_place(pair, place);
    mapping = rst_node_follow(fy_node_pair_value(pair));
    if (!mapping || !fy_node_is_mapping(mapping)) {
      break;
    }
  }
  return place;
}

static void report_missing(struct rst_scope *scope, const struct rst_key *key) {
  struct rst_text expected = {0};
  char path[RST_PATH_LENGTH];
  snprintf(path, sizeof path, "%s%s", scope->prefix, key->path);
  rst_value_expect(key, path, &expected);
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    const struct rst_key *selector = &scope->keys->keys[rst_keys_find(scope->keys, key->when[i].key)];
    if (!rst_key_is_list(selector)) {
      rst_text_add(&expected, "; %s%s \"%s\" needs it", scope->prefix, selector->path,
                   rst_value_name(selector, scope->base));
    }
  }
  char *text = rst_text_take(&expected);
  rst_report_add(scope->report, section_place(scope, key->path), "missing key \"%s\" (%.*s): expected %s",
                 path, (int)strcspn(key->help, ";"), key->help, text ? text : "");
  free(text);
}

/* The key was given, yet nothing would read it. */
void rst_report_idle(const struct rst_scope *scope, const struct rst_key *key, struct rst_place place) {
  const struct rst_condition *failed = key->when;
  while (rst_condition_holds(scope->keys, failed, scope->base)) {
    ++failed;
  }
  const struct rst_key *selector = &scope->keys->keys[rst_keys_find(scope->keys, failed->key)];
  if (rst_key_is_list(selector)) {
    rst_report_add(scope->report, place, "keys \"%s%s\" and \"%s%s\" exclude each other; remove one",
                   scope->prefix, key->path, scope->prefix, selector->path);
    return;
  }
  const char *value = rst_value_name(selector, scope->base);
  struct rst_text values = {0};
  rst_condition_values(failed, &values);
  char *list = rst_text_take(&values);
  rst_report_add(scope->report, place, "key \"%s%s\" does not apply to %s%s \"%s\" (only to %s); remove it",
                 scope->prefix, key->path, scope->prefix, selector->path, value ? value : "",
                 list ? list : "");
  free(list);
}

/* Read the value that the document gives. */
static bool read_given(struct rst_scope *scope, const struct rst_key *key, struct fy_node_pair *pair) {
  struct fy_node *node = fy_node_pair_value(pair);
  const struct rst_place place = rst_node_place(node, rst_pair_place(pair, scope->place));
  char path[RST_PATH_LENGTH];
  snprintf(path, sizeof path, "%s%s", scope->prefix, key->path);
  struct fy_node *target = rst_node_follow(node);
  if (node && !target) {
    rst_report_add(scope->report, place, "key \"%s\": the alias stands for nothing", path);
    return false;
  }
  const bool empty = key->fallback && rst_node_null(target);
  if (key->type == RST_KEY_MAPPING && ((target && fy_node_is_mapping(target)) || empty)) {
    snprintf(path, sizeof path, "%s%s.", scope->prefix, key->path);
    rst_fill_mapping(scope->report, scope->owner, key->items, path, empty ? NULL : target,
                     rst_pair_place(pair, scope->place), rst_key_member(key, scope->base));
    return true;
  }
  if (rst_key_is_list(key) && target && fy_node_is_sequence(target)) {
    return rst_fill_list(scope, key, target, place);
  }
  struct rst_scalar scalar;
  if (rst_key_is_scalar(key) && rst_node_scalar(target, &scalar)) {
    return rst_value_read(scope->report, place, path, key, &scalar, scope->owner,
                          rst_key_member(key, scope->base));
  }
  struct rst_text expected = {0};
  char found[RST_FOUND_LENGTH];
  rst_value_expect(key, path, &expected);
  char *text = rst_text_take(&expected);
  rst_report_add(scope->report, place, "key \"%s\": expected %s, found %s", path, text ? text : "",
                 rst_node_found(target, found));
  free(text);
  return false;
}

static bool read_fallback(struct rst_scope *scope, const struct rst_key *key) {
  if (key->type == RST_KEY_MAPPING && key->fallback) {
    rst_fill_mapping(scope->report, scope->owner, key->items, scope->prefix, NULL, scope->place,
                     rst_key_member(key, scope->base));
    return true;
  }
  /* Lists are empty as they stand. */
  if (!rst_key_is_scalar(key) || !key->fallback) {
    return true;
  }
  const struct rst_scalar scalar = {.text = key->fallback, .length = strlen(key->fallback), .plain = true};
  return rst_value_read(scope->report, scope->place, key->path, key, &scalar, scope->owner,
                        rst_key_member(key, scope->base));
}

enum applicability { NO, YES, UNKNOWN };

static enum applicability applies(const struct rst_scope *scope, const struct rst_key *key) {
  enum applicability answer = YES;
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    const size_t selector = rst_keys_find(scope->keys, key->when[i].key);
    if (scope->entries[selector].state == RST_UNDECIDED) {
      answer = UNKNOWN;
    } else if (!rst_condition_holds(scope->keys, &key->when[i], scope->base)) {
      return NO;
    }
  }
  return answer;
}

/* Whether another key that applies fills the same member. */
static bool is_taken(const struct rst_scope *scope, const struct rst_key *key) {
  for (size_t i = 0; i < scope->keys->count; ++i) {
    const struct rst_key *other = &scope->keys->keys[i];
    if (other->offset == key->offset && strcmp(other->path, key->path) != 0 && applies(scope, other) == YES) {
      return true;
    }
  }
  return false;
}

/* Fill the member of the path whose first row is `first`. */
static void fill_key(struct rst_scope *scope, size_t first) {
  const size_t end = rst_keys_group_end(scope->keys, first);
  const struct rst_key *key = &scope->keys->keys[first];
  enum applicability answer = NO;
  for (size_t i = first; i < end && answer != YES; ++i) {
    const enum applicability row = applies(scope, &scope->keys->keys[i]);
    answer = row == NO ? answer : row;
    key = row == YES ? &scope->keys->keys[i] : key;
  }
  struct rst_entry *entry = &scope->entries[first];
  entry->state = RST_DECIDED;
  bool valid = true;
  if (entry->pair && answer == NO) {
    rst_report_idle(scope, key, rst_pair_place(entry->pair, scope->place));
  } else if (entry->pair) {
    valid = read_given(scope, key, entry->pair);
  } else if (key->required && answer == YES) {
    report_missing(scope, key);
    valid = false;
  } else {
    valid = ((answer == NO && is_taken(scope, key)) || read_fallback(scope, key)) && answer != UNKNOWN;
  }
  entry->state = valid ? RST_DECIDED : RST_UNDECIDED;
}

void rst_fill_mapping(struct rst_report *report, struct rst_loaded_case *owner, const struct rst_keys *keys,
                      const char *prefix, struct fy_node *mapping, struct rst_place place, void *base) {
  struct rst_scope scope = {.report = report,
                            .owner = owner,
                            .keys = keys,
                            .prefix = prefix,
                            .mapping = mapping,
                            .place = place,
                            .base = base,
                            .entries = calloc(keys->count, sizeof(struct rst_entry))};
  if (!scope.entries) {
    report->exhausted = true;
    return;
  }
  collect(&scope, mapping, "");
  for (size_t i = 0; i < keys->count; i = rst_keys_group_end(keys, i)) {
    fill_key(&scope, i);
  }
  rst_derive(&scope);
  free(scope.entries);
}

void rst_case_fill(struct rst_report *report, struct fy_node *root, struct rst_loaded_case *loaded) {
  rst_fill_mapping(report, loaded, &loaded->keys, "", root, rst_place_start(), loaded);
}
