/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "case/document.h"

/** @file
 * Merge keys (yaml.org/type/merge): a mapping takes from others the pairs that it lacks.
 */

const char rst_merge_key[] = "<<";

/* More would be no case, but a few bytes that ask for gigabytes. */
enum { MOST_PAIRS = 10000 };

struct merging {
  struct rst_report *report;
  struct fy_document *tree;
  size_t pairs; /* taken so far */
};

static bool is_merge_key(struct fy_node *key) {
  struct rst_scalar name;
  return rst_node_scalar(key, &name) && name.plain && strcmp(name.text, rst_merge_key) == 0;
}

/* Whether `node` is `inside` or one of those around it. */
static bool is_around(struct fy_node *node, struct fy_node *inside) {
  while (inside && inside != node) {
    inside = fy_node_get_parent(inside);
  }
  return inside == node;
}

static void take_pair(struct merging *merging, struct fy_node *mapping, struct fy_node_pair *pair,
                      struct rst_place place) {
  struct rst_scalar name;
  if (!rst_node_scalar(fy_node_pair_key(pair), &name) || is_merge_key(fy_node_pair_key(pair)) ||
      rst_node_lookup(mapping, name.text)) {
    return;
  }
  if (merging->pairs == MOST_PAIRS) {
    rst_report_add(merging->report, place, "more than %d keys are merged", MOST_PAIRS);
  }
  if (merging->pairs++ >= MOST_PAIRS) {
    return;
  }
  struct fy_node *key = fy_node_copy(merging->tree, fy_node_pair_key(pair));
  struct fy_node *value = fy_node_pair_value(pair);
  struct fy_node *copy = value ? fy_node_copy(merging->tree, value) : NULL;
  const bool failed = !key || (value && !copy) || fy_node_mapping_append(mapping, key, copy) != 0;
  merging->report->exhausted = merging->report->exhausted || failed;
}

static void take_mapping(struct merging *merging, struct fy_node *mapping, struct fy_node *given,
                         struct rst_place otherwise) {
  struct fy_node *source = rst_node_follow(given);
  const struct rst_place place = rst_node_place(given, otherwise);
  char found[RST_FOUND_LENGTH];
  if (!source || !fy_node_is_mapping(source)) {
    rst_report_add(merging->report, place, "\"<<\" merges mappings, found %s",
                   source ? rst_node_found(source, found) : "an alias that stands for nothing");
    return;
  }
  if (is_around(source, mapping)) {
    rst_report_add(merging->report, place, "\"<<\" merges a mapping into a part of itself");
    return;
  }
  void *state = NULL;
  struct fy_node_pair *pair = NULL;
  while ((pair = fy_node_mapping_iterate(source, &state))) {
    take_pair(merging, mapping, pair, place);
  }
}

/* The pairs come behind those that the mapping has, the key "<<" among them. */
static void merge_into(struct merging *merging, struct fy_node *mapping) {
  struct fy_node_pair *merge = NULL;
  void *state = NULL;
  while ((merge = fy_node_mapping_iterate(mapping, &state)) && !is_merge_key(fy_node_pair_key(merge))) {
  }
  if (!merge) {
    return;
  }
  const struct rst_place place = rst_pair_place(merge, rst_place_start());
  struct fy_node *given = fy_node_pair_value(merge);
  struct fy_node *list = rst_node_follow(given);
  if (!list || !fy_node_is_sequence(list)) {
    take_mapping(merging, mapping, given, place);
    return;
  }
  struct fy_node *item = NULL;
  state = NULL;
  while ((item = fy_node_sequence_iterate(list, &state))) {
    take_mapping(merging, mapping, item, place);
  }
}

/* What an alias stands for comes before it, and so has been merged itself. */
static void visit(struct merging *merging, struct fy_node *node) {
  void *state = NULL;
  if (node && fy_node_is_sequence(node)) {
    struct fy_node *item = NULL;
    while ((item = fy_node_sequence_iterate(node, &state))) {
      visit(merging, item);
    }
  } else if (node && fy_node_is_mapping(node)) {
    struct fy_node_pair *pair = NULL;
    while ((pair = fy_node_mapping_iterate(node, &state))) {
      visit(merging, fy_node_pair_value(pair));
    }
    merge_into(merging, node);
  }
}

void rst_document_merge(struct rst_report *report, struct rst_document *document) {
  struct merging merging = {.report = report, .tree = document->tree};
  visit(&merging, fy_document_root(document->tree));
}
