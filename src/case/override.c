/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "case/document.h"

enum { PATH_LENGTH = 512 };

/* A walk along the path of one override, through the document and the table at once. */
struct walk {
  struct rst_report *report;
  struct rst_place place;
  int *number; /* of the override */
  bool unsets; /* it has no value */
  struct fy_document *tree;
  const struct rst_keys *keys; /* table of the current mapping */
  struct fy_node *mapping;
  char prefix[PATH_LENGTH];  /* of the table's paths, "flow.images.0." */
  char section[PATH_LENGTH]; /* within the table, "image." */
};

/* Mark what the override made; the caller hands the node on. */
static bool mark(struct walk *walk, struct fy_node *node) {
  const bool marked = node && fy_node_set_meta(node, walk->number) == 0;
  walk->report->exhausted = walk->report->exhausted || !marked;
  return marked;
}

/* Give `name` of the current mapping the value `node`, which the document then owns. */
static void set_value(struct walk *walk, const char *name, struct fy_node *node) {
  struct fy_node_pair *pair = rst_node_lookup(walk->mapping, name);
  int failed = 0;
  if (pair) {
    failed = fy_node_pair_set_value(pair, node);
  } else {
    failed = fy_node_mapping_append(walk->mapping, fy_node_create_scalar_copy(walk->tree, name, FY_NT), node);
  }
  walk->report->exhausted = walk->report->exhausted || failed != 0;
}

/* Take `name` out of the current mapping, as if the file lacked it. */
static void unset(struct walk *walk, const char *name) {
  struct fy_node_pair *pair = rst_node_lookup(walk->mapping, name);
  if (pair) {
    fy_node_free(fy_node_mapping_remove_by_key(walk->mapping, fy_node_pair_key(pair)));
  }
}

/* Whether the value can be descended into; if it is of a wrong type the reader of the document says so. */
static bool reachable(struct walk *walk, const char *name, struct fy_node *value) {
  if (value && fy_node_is_alias(value)) {
    rst_report_add(walk->report, walk->place,
                   "\"%s%s%s\" is an alias in the file, which an override cannot change in part",
                   walk->prefix, walk->section, name);
    return false;
  }
  return value != NULL;
}

/* Give the section `name` a mapping: an empty one or, for a list, the one that the list is short for. */
static struct fy_node *make_section(struct walk *walk, const char *name, struct fy_node *list) {
  struct fy_node *mapping = fy_node_create_mapping(walk->tree);
  if (mark(walk, mapping) && list) {
    struct fy_node *key = fy_node_create_scalar_copy(walk->tree, "values", FY_NT);
    const int failed = fy_node_mapping_append(mapping, key, fy_node_copy(walk->tree, list));
    walk->report->exhausted = walk->report->exhausted || failed != 0;
  }
  if (mapping) {
    set_value(walk, name, mapping);
  }
  return mapping;
}

/* Whether a list stands for the section `name`. */
static bool is_short(const struct walk *walk, const char *name, struct fy_node *value) {
  char path[2 * PATH_LENGTH];
  snprintf(path, sizeof path, "%s%s", walk->section, name);
  return value && fy_node_is_sequence(value) && rst_keys_find_values(walk->keys, path) != SIZE_MAX;
}

/* Enter a section, created where the file has none. */
static bool enter_section(struct walk *walk, const char *name) {
  struct fy_node_pair *pair = rst_node_lookup(walk->mapping, name);
  struct fy_node *value = pair ? fy_node_pair_value(pair) : NULL;
  if (is_short(walk, name, value)) {
    value = make_section(walk, name, value);
  } else if (rst_node_null(value) && !walk->unsets) {
    value = make_section(walk, name, NULL);
  }
  if (!reachable(walk, name, value) || !fy_node_is_mapping(value)) {
    return false;
  }
  walk->mapping = value;
  const size_t length = strlen(walk->section);
  snprintf(walk->section + length, PATH_LENGTH - length, "%s.", name);
  return true;
}

/* Enter a mapping that has a table of its own. */
static bool enter_mapping(struct walk *walk, const struct rst_key *key, const char *name) {
  if (!enter_section(walk, name)) {
    return false;
  }
  const size_t length = strlen(walk->prefix);
  snprintf(walk->prefix + length, PATH_LENGTH - length, "%s.", key->path);
  walk->section[0] = '\0';
  walk->keys = key->items;
  return true;
}

/* The item of a list, NULL with a fault if there is no such list or item. */
static struct fy_node *find_item(struct walk *walk, const char *name, const char *index,
                                 struct fy_node **list) {
  struct fy_node_pair *pair = rst_node_lookup(walk->mapping, name);
  *list = pair ? fy_node_pair_value(pair) : NULL;
  if (*list && !reachable(walk, name, *list)) {
    return NULL;
  }
  const int count = *list && fy_node_is_sequence(*list) ? fy_node_sequence_item_count(*list) : 0;
  char *end = NULL;
  const long number = strtol(index, &end, 10);
  if (*index < '0' || *index > '9' || *end || number >= count) {
    rst_report_add(walk->report, walk->place,
                   "\"%s%s%s\" has %d item%s in the file; %s is none (they count from 0)", walk->prefix,
                   walk->section, name, count, count == 1 ? "" : "s", index);
    return NULL;
  }
  return fy_node_sequence_get_by_index(*list, (int)number);
}

/* Go on into, or replace, an item of the list `key`; true to go on. */
static bool enter_item(struct walk *walk, const struct rst_key *key, const char *name, const char *index,
                       bool last, struct fy_node *value) {
  struct fy_node *list = NULL;
  struct fy_node *item = find_item(walk, name, index, &list);
  if (!item) {
    return false;
  }
  if (last && walk->unsets) {
    fy_node_free(fy_node_sequence_remove(list, item));
    return false;
  }
  if (last) {
    struct fy_node *copy = fy_node_copy(walk->tree, value);
    if (mark(walk, copy) && fy_node_sequence_insert_before(list, item, copy) == 0) {
      fy_node_free(fy_node_sequence_remove(list, item));
    }
    return false;
  }
  if (!reachable(walk, index, item) || !fy_node_is_mapping(item)) {
    return false;
  }
  const size_t length = strlen(walk->prefix);
  snprintf(walk->prefix + length, PATH_LENGTH - length, "%s.%s.", key->path, index);
  walk->section[0] = '\0';
  walk->keys = key->items;
  walk->mapping = item;
  return true;
}

/* Split off the first name of a path. */
static char *next_name(char **rest) {
  char *name = *rest;
  char *dot = strchr(name, '.');
  *rest = dot ? dot + 1 : NULL;
  if (dot) {
    *dot = '\0';
  }
  return name;
}

/* One name of the path; false when the walk is over. */
static bool advance(struct walk *walk, char **rest, struct fy_node *value) {
  const char *name = next_name(rest);
  char path[2 * PATH_LENGTH];
  snprintf(path, sizeof path, "%s%s", walk->section, name);
  const size_t row = rst_keys_find(walk->keys, path);
  const struct rst_key *key = row == SIZE_MAX ? NULL : &walk->keys->keys[row];
  if (!key && !rst_keys_section(walk->keys, path)) {
    rst_report_unknown_key(walk->report, walk->place, walk->keys, walk->prefix, walk->section, name);
    return false;
  }
  if (!*rest && walk->unsets) {
    unset(walk, name);
    return false;
  }
  if (!*rest) {
    struct fy_node *copy = fy_node_copy(walk->tree, value);
    if (mark(walk, copy)) {
      set_value(walk, name, copy);
    }
    return false;
  }
  if (!key) {
    return enter_section(walk, name);
  }
  if (key->type == RST_KEY_MAPPING) {
    return enter_mapping(walk, key, name);
  }
  const char *index = next_name(rest);
  if (!rst_key_is_list(key) || (*rest && !key->items)) {
    snprintf(path + strlen(path), sizeof path - strlen(path), ".");
    rst_report_unknown_key(walk->report, walk->place, walk->keys, walk->prefix, path, *rest ? *rest : index);
    return false;
  }
  return enter_item(walk, key, name, index, !*rest, value);
}

void rst_override_apply(struct rst_report *report, const struct rst_keys *keys, int *number,
                        struct fy_document *tree) {
  const char *text = report->overrides[*number - 1];
  struct walk walk = {.report = report,
                      .place = {.override = *number},
                      .number = number,
                      .tree = tree,
                      .keys = keys,
                      .mapping = fy_document_root(tree)};
  const char *equals = strchr(text, '=');
  char path[PATH_LENGTH / 2]; /* so that prefix and section hold every path */
  const size_t length = equals ? (size_t)(equals - text) : 0;
  if (length == 0 || length >= sizeof path) {
    rst_report_add(report, walk.place, "expected key.path=value, for example step.lr=0.1");
    return;
  }
  memcpy(path, text, length);
  path[length] = '\0';
  const char *value = equals + 1 + strspn(equals + 1, " ");
  walk.unsets = *value == '\0';
  value = walk.unsets ? "null" : value;
  struct rst_document document = {0};
  if (rst_document_parse(report, *number, value, strlen(value), &document)) {
    char *rest = path;
    while (advance(&walk, &rest, fy_document_root(document.tree))) {
    }
  }
  rst_document_clear(&document);
}
