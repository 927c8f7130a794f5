/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "case/scope.h"

static bool set_list(struct rst_scope *scope, const struct rst_key *key, void *memory, size_t count) {
  if (count > 0 && !memory) {
    scope->report->exhausted = true;
    return false;
  }
  memcpy(rst_key_member(key, scope->base), &memory, sizeof memory);
  memcpy((char *)scope->base + key->count_offset, &count, sizeof count);
  return true;
}

static bool read_items(struct rst_scope *scope, const struct rst_key *key, struct fy_node *list,
                       struct rst_place place) {
  const size_t count = (size_t)fy_node_sequence_item_count(list);
  char *items = rst_case_keep(scope->owner, count * key->items->size);
  if (!set_list(scope, key, items, count)) {
    return false;
  }
  void *state = NULL;
  for (size_t i = 0; i < count; ++i) {
    struct fy_node *node = rst_node_follow(fy_node_sequence_iterate(list, &state));
    const struct rst_place at = rst_node_place(node, place);
    char prefix[RST_PATH_LENGTH];
    char found[RST_FOUND_LENGTH];
    snprintf(prefix, sizeof prefix, "%s%s.%zu.", scope->prefix, key->path, i);
    if (node && fy_node_is_mapping(node)) {
      rst_fill_mapping(scope->report, scope->owner, key->items, prefix, node, at,
                       items + i * key->items->size);
    } else {
      rst_report_add(scope->report, at, "item %zu of \"%s%s\": expected a mapping, found %s", i,
                     scope->prefix, key->path, rst_node_found(node, found));
    }
  }
  return true;
}

/* The name of an item is its first member, or the item itself. */
static const char *item_name(const void *item) {
  const char *name = NULL;
  memcpy(&name, item, sizeof name);
  return name;
}

/* An item that is valid by itself, against those before it and against the rest of the case. */
static bool check_item(struct rst_scope *scope, const struct rst_key *key, const char *path,
                       struct rst_place place, const char *items, size_t index) {
  const size_t size = rst_key_item_size(key);
  if (key->type == RST_KEY_REALS) {
    return true;
  }
  const char *name = item_name(items + index * size);
  for (size_t i = 0; i < index; ++i) {
    const char *earlier = item_name(items + i * size);
    if (earlier && name && strcmp(earlier, name) == 0) {
      rst_report_add(scope->report, place, "key \"%s\": \"%s\" is in the list already", path, name);
      return false;
    }
  }
  return key->type != RST_KEY_TWINS ||
         rst_check_twin(scope, place, path, (const struct rst_twin *)(const void *)(items + index * size));
}

static bool read_scalars(struct rst_scope *scope, const struct rst_key *key, struct fy_node *list,
                         struct rst_place place) {
  const size_t count = (size_t)fy_node_sequence_item_count(list);
  const size_t size = rst_key_item_size(key);
  char *items = rst_case_keep(scope->owner, count * size);
  if (!set_list(scope, key, items, count)) {
    return false;
  }
  bool valid = true;
  void *state = NULL;
  for (size_t i = 0; i < count; ++i) {
    struct fy_node *node = rst_node_follow(fy_node_sequence_iterate(list, &state));
    const struct rst_place at = rst_node_place(node, place);
    char path[RST_PATH_LENGTH];
    char found[RST_FOUND_LENGTH];
    struct rst_scalar scalar;
    snprintf(path, sizeof path, "%s%s.%zu", scope->prefix, key->path, i);
    if (!rst_node_scalar(node, &scalar)) {
      rst_report_add(scope->report, at, "key \"%s\": expected %s, found %s", path,
                     key->type == RST_KEY_TWINS   ? "a number or a name"
                     : key->type == RST_KEY_REALS ? "a number"
                     : key->type == RST_KEY_FILES ? "a file name"
                                                  : "a name",
                     rst_node_found(node, found));
      valid = false;
      continue;
    }
    valid = rst_value_read(scope->report, at, path, key, &scalar, scope->owner, items + i * size) &&
            check_item(scope, key, path, at, items, i) && valid;
  }
  return valid;
}

bool rst_fill_list(struct rst_scope *scope, const struct rst_key *key, struct fy_node *list,
                   struct rst_place place) {
  if (fy_node_sequence_item_count(list) == 0 && !key->fallback) {
    rst_report_add(scope->report, place, "list \"%s%s\" is empty; give at least one item", scope->prefix,
                   key->path);
    return false;
  }
  return key->type == RST_KEY_ITEMS ? read_items(scope, key, list, place)
                                    : read_scalars(scope, key, list, place);
}
