/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCHEMA_H
#define RST_SCHEMA_H

#include "core/text.h"
#include "restrain/case.h"

/** @file
 * The table of keys. Reading, checking, defaults, the effective case, JSON and the reference of keys all
 * follow it; a new key is one row.
 */

enum rst_key_type {
  RST_KEY_TEXT,    /**< const char *, NULL for none */
  RST_KEY_FILE,    /**< const char *, a path relative to the case file */
  RST_KEY_REAL,    /**< double */
  RST_KEY_INTEGER, /**< any integer type of 4 or 8 bytes; the range keeps it within the type */
  RST_KEY_CHOICE,  /**< an enum whose values index `names` */
  RST_KEY_NAME,    /**< const char *, one of `names` and of `registry` */
  RST_KEY_NAMES,   /**< const char **, a list of such names, its length at `count_offset` */
  RST_KEY_TWINS,   /**< const struct rst_twin *, a list of divisors and of `names`, likewise */
  RST_KEY_ITEMS,   /**< an array of structures filled by `items`, its length at `count_offset` */
  RST_KEY_MAPPING /**< a structure filled by `items`; by their defaults if it is not given and its own is {}, else
                      left with 0 at `count_offset`, where a given one has something else */
};

struct rst_range {
  double minimum, maximum;
  bool above, below; /**< the minimum, the maximum itself is excluded */
};

/** The row applies while `key`, which stands further up in the same table, has one of `values` (separated by
 * blanks; "given" or "absent" for a list of mappings). */
struct rst_condition {
  const char *key;
  const char *values;
};

enum { RST_KEY_CONDITIONS = 3 };

struct rst_keys;

/** One row. Rows of one section, and rows of one path, which differ in their conditions, are neighbours. */
struct rst_key {
  const char *path;
  enum rst_key_type type;
  bool required;        /**< wherever it applies */
  const char *unit;     /**< NULL for a pure number or none */
  const char *fallback; /**< the default as it would be written in a case; NULL for none */
  const char *derived;  /**< how a default that depends on other keys comes about; for the reference */
  struct rst_range range;
  const char *const *names;
  const char *const *(*registry)(void);
  struct rst_condition when[RST_KEY_CONDITIONS]; /**< all of them must hold */
  const char *help;
  size_t offset, size, count_offset; /**< of the member in the structure that the table fills */
  const struct rst_keys *items;
};

struct rst_keys {
  const struct rst_key *keys;
  size_t count;
  size_t size; /**< of the structure */
};

/** Memory that lives as long as a case. */
struct rst_kept;

/** A case with what it owns; the content comes first, so that its address is the case's. */
struct rst_loaded_case {
  struct rst_case content;
  struct rst_labelled_image single; /**< flow.image and flow.label */
  char *source, *effective, *json;
  char *path;        /**< of the case file; kept */
  bool leaves_every; /**< output.every is not given, and was derived */
  struct rst_kept *kept;
};

/** The keys of a case; they fill a struct rst_loaded_case. */
extern const struct rst_keys rst_case_keys;

/** `size` bytes of zeros owned by the case, NULL if memory is exhausted. */
void *rst_case_keep(struct rst_loaded_case *owner, size_t size);

/** Index of the first row with this path, SIZE_MAX if there is none. */
size_t rst_keys_find(const struct rst_keys *keys, const char *path);
/** Whether `path` is a section: some row's path begins with it and a dot. */
bool rst_keys_section(const struct rst_keys *keys, const char *path);
/** Index one past the rows that share the path of row `first`. */
size_t rst_keys_group_end(const struct rst_keys *keys, size_t first);
/** Length of the section part of a path, "flow.activation." of "flow.activation.kind". */
size_t rst_keys_stem(const char *path);

/** Whether the condition holds for the filled structure at `base`. */
bool rst_condition_holds(const struct rst_keys *keys, const struct rst_condition *condition,
                         const void *base);
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
/** Whether the key is a list of mappings or a mapping that was not given and has no default. */
bool rst_key_absent(const struct rst_key *key, const void *base);

#endif
