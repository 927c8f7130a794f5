/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCHEMA_H
#define RST_SCHEMA_H

#include "core/keys.h"
#include "core/text.h"
#include "restrain/case.h"

/** @file
 * The table of keys of a case. Reading, checking, defaults, the effective case, JSON and the reference of keys all
 * follow it. It is composed of the general rows (schema.c) and of those that flows and schemes bring.
 */

/** Memory that lives as long as a case. */
struct rst_kept;

/** A case with what it owns; the content comes first, so that its address is the case's. */
struct rst_loaded_case {
  struct rst_case content;
  bool leaves_every;      /**< output.every is derived, not given */
  bool leaves_data_every; /**< data.every is, from the iterations */
  struct rst_keys keys;   /**< its table, composed */
  const char *name;       /**< in messages: the path of its file, or "case" */
  const char *stem;       /**< of the name: without folders and extension */
  const char *folder;     /**< that file names are relative to: "" or NULL, or ending in a slash */
  const char *source;
  const char *const *overrides;
  size_t override_count;
  char *effective, *json;
  struct rst_field *pixels; /**< of an image of kind memory */
  struct rst_kept *kept;
};

/** The keys of a case that no kind of flow or scheme owns; all keys fill a struct rst_loaded_case. */
extern const struct rst_keys rst_general_keys;

/** Set owner->keys: the general rows, and those of each flow and scheme (rst_flow_keys(), rst_scheme_keys()) under the
 * condition that it is chosen. A row goes behind the row that it names, or to the end of its section; one of a path
 * that a general row has stands in for that. False if memory is exhausted. */
bool rst_case_compose(struct rst_loaded_case *owner);

/** An empty case with its table; destroyed by rst_case_destroy(). */
enum rst_status rst_case_create(struct rst_context *context, struct rst_loaded_case **made);

/** `size` bytes of zeros owned by the case, NULL if memory is exhausted. */
void *rst_case_keep(struct rst_loaded_case *owner, size_t size);

/** Index of the first row with this path, SIZE_MAX if there is none. */
size_t rst_keys_find(const struct rst_keys *keys, const char *path);
/** Index of the row `path`.values, of the list that may stand for the section `path`; SIZE_MAX if there is none. */
size_t rst_keys_find_values(const struct rst_keys *keys, const char *path);
/** Whether `path` is a section: some row's path begins with it and a dot. */
bool rst_keys_section(const struct rst_keys *keys, const char *path);
/** Index one past the rows that share the path of row `first`. */
size_t rst_keys_group_end(const struct rst_keys *keys, size_t first);
/** Length of the section part of a path, "flow.activation." of "flow.activation.kind". */
size_t rst_keys_stem(const char *path);

/** Whether the condition holds for the filled structure at `base`. */
bool rst_condition_holds(const struct rst_keys *keys, const struct rst_condition *condition,
                         const void *base);
/** Whether the `length` characters at `word` are one of the values of the condition. */
bool rst_condition_names(const struct rst_condition *condition, const char *word, size_t length);
/** Append the values of the condition, "heat" or "conv, conv-linear". */
void rst_condition_values(const struct rst_condition *condition, struct rst_text *text);
bool rst_key_applies(const struct rst_keys *keys, const struct rst_key *key, const void *base);
/** The row of the group starting at `first` that applies, NULL if none does. */
const struct rst_key *rst_keys_choose(const struct rst_keys *keys, size_t first, const void *base);

/** The member that belongs to `key`; the type's own alignment holds. */
static inline void *rst_key_member(const struct rst_key *key, void *base) {
  return (char *)base + key->offset;
}
static inline const void *rst_key_member_const(const struct rst_key *key, const void *base) {
  return (const char *)base + key->offset;
}
/** Whether the value is a scalar. */
static inline bool rst_key_is_scalar(const struct rst_key *key) {
  return key->type < RST_KEY_NAMES;
}
static inline bool rst_key_is_list(const struct rst_key *key) {
  return key->type >= RST_KEY_NAMES && key->type <= RST_KEY_ITEMS;
}
/** Length of a list, and the size of an item in memory. */
size_t rst_key_count(const struct rst_key *key, const void *base);
size_t rst_key_item_size(const struct rst_key *key);
/** Whether a list of mappings or numbers, or a mapping, has something in it. */
bool rst_key_given(const struct rst_key *key, const void *base);
/** Whether the key is such a list or a mapping that was not given and has no default. */
bool rst_key_absent(const struct rst_key *key, const void *base);

#endif
