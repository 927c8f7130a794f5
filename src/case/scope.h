/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_SCOPE_H
#define RST_SCOPE_H

#include "case/document.h"

/** @file
 * The inside of filling a case, shared by the sources that do its parts.
 */

enum { RST_PATH_LENGTH = 512 };

/** What is known of a key; kept in the first row of its path. */
enum rst_key_state {
  RST_UNDECIDED, /**< wrong, or missing where it is needed, or dependent on such a key: nothing follows from it */
  RST_DECIDED
};

struct rst_entry {
  struct fy_node_pair *pair; /**< NULL if not given */
  enum rst_key_state state;
};

/** One mapping on its way into one structure, by one table. */
struct rst_scope {
  struct rst_report *report;
  struct rst_loaded_case *owner;
  const struct rst_keys *keys;
  const char *prefix;      /**< of all paths: "" or "flow.images.0." */
  struct fy_node *mapping; /**< NULL for an empty one */
  struct rst_place place;  /**< of the mapping */
  void *base;
  struct rst_entry *entries;
};

void rst_fill_mapping(struct rst_report *report, struct rst_loaded_case *owner, const struct rst_keys *keys,
                      const char *prefix, struct fy_node *mapping, struct rst_place place, void *base);

/** Fill the list `key` from the node `list` (fill_list.c). False if a fault leaves its length or content unknown. */
bool rst_fill_list(struct rst_scope *scope, const struct rst_key *key, struct fy_node *list,
                   struct rst_place place);

/** Report that the key, which does not apply, is given (fill.c). */
void rst_report_idle(const struct rst_scope *scope, const struct rst_key *key, struct rst_place place);

/** Hold sweep.axes against the keys that they vary, once the whole case is filled (axes.c). */
void rst_check_axes(struct rst_scope *scope);
/** Complete content.sweep.axes, from sweep.lr and sweep.weight_decay where the case lists none; false if memory is
 * exhausted. */
bool rst_derive_axes(struct rst_loaded_case *loaded);

/** What the table cannot tell: values that depend on other keys, once all keys of the scope are filled
 * (derive.c). */
void rst_derive(struct rst_scope *scope);
/** Whether the twin would show something: its run differs from the case's. Faults are reported at `place`. */
bool rst_check_twin(struct rst_scope *scope, struct rst_place place, const char *path,
                    const struct rst_twin *twin);

#endif
