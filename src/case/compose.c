/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "case/schema.h"
#include "flow/flow_type.h"
#include "step/scheme_type.h"

/** @file
 * The table of a case: the general rows, and the rows that each kind of flow and each scheme brings.
 */

/* Kinds that bring rows. */
struct family {
  const char *selector; /* the key that chooses the kind */
  const char *const *(*names)(void);
  const struct rst_keys *const *(*tables)(size_t kind);
  size_t offset; /* of the structure that their rows fill, in that of a case */
};

static const struct family families[] = {
    {"flow.kind", rst_flow_names, rst_flow_keys, offsetof(struct rst_loaded_case, content.flow)},
    {"step.scheme", rst_scheme_names, rst_scheme_keys, offsetof(struct rst_loaded_case, content.step.scheme)},
};
enum { FAMILIES = sizeof families / sizeof *families };

static bool has_table(const struct rst_keys *const *tables, const void *table) {
  while (tables && *tables && *tables != table) {
    ++tables;
  }
  return tables && *tables;
}

static bool has_path(const struct rst_keys *const *tables, const void *path) {
  while (tables && *tables && rst_keys_find(*tables, path) == SIZE_MAX) {
    ++tables;
  }
  return tables && *tables;
}

/* The text as the case's own; NULL if memory is exhausted. */
static const char *keep_text(struct rst_loaded_case *owner, struct rst_text *text) {
  char *kept = text->failed ? NULL : rst_case_keep(owner, text->length + 1);
  if (kept && text->length) {
    memcpy(kept, text->bytes, text->length);
  }
  rst_text_clear(text);
  return kept;
}

/* "heat conv", the kinds for which `has` is `wanted`, kept by the case; NULL if memory is exhausted. */
static const char *list_kinds(struct rst_loaded_case *owner, const struct family *family,
                              bool (*has)(const struct rst_keys *const *, const void *), const void *what,
                              bool wanted) {
  const char *const *names = family->names();
  struct rst_text text = {0};
  for (size_t i = 0; names[i]; ++i) {
    if (has(family->tables(i), what) == wanted) {
      rst_text_add(&text, "%s%s", text.length ? " " : "", names[i]);
    }
  }
  return keep_text(owner, &text);
}

/* The index one past the last row whose path is `path`, or begins with its first `length` bytes, up to a dot; 0 for none. */
static size_t behind(const struct rst_keys *keys, const char *path, size_t length) {
  const bool section = length > 0 && path[length - 1] == '.';
  for (size_t i = keys->count; i > 0; --i) {
    const char *other = keys->keys[i - 1].path;
    if (strncmp(other, path, length) == 0 && (section || !other[length])) {
      return i;
    }
  }
  return 0;
}

/* Where a kind's row goes: behind those of its path, the one it names, or the innermost section that there is. */
static size_t place_of(const struct rst_keys *keys, const struct rst_key *row) {
  size_t at = behind(keys, row->path, strlen(row->path));
  if (at == 0 && row->after) {
    at = behind(keys, row->after, strlen(row->after));
  }
  for (size_t stem = rst_keys_stem(row->path); at == 0 && stem > 0;) {
    at = behind(keys, row->path, stem);
    while (--stem > 0 && row->path[stem - 1] != '.') {
    }
  }
  return at ? at : keys->count;
}

/* The condition comes first. */
static void add_condition(struct rst_key *row, const char *key, const char *values) {
  memmove(row->when + 1, row->when, (RST_KEY_CONDITIONS - 1) * sizeof *row->when);
  row->when[0] = (struct rst_condition){key, values};
}

/* Add a row of the kinds `values`. A general row of its path is left to the other kinds. */
static bool add_row(struct rst_loaded_case *owner, const struct family *family, const struct rst_key *row,
                    const char *values, struct rst_key *rows) {
  const size_t general = rst_keys_find(&owner->keys, row->path);
  if (general != SIZE_MAX && rows[general].when[0].key != family->selector) {
    const char *others = list_kinds(owner, family, has_path, row->path, false);
    if (!others) {
      return false;
    }
    add_condition(&rows[general], family->selector, others);
  }
  const size_t at = place_of(&owner->keys, row);
  memmove(rows + at + 1, rows + at, (owner->keys.count - at) * sizeof *rows);
  rows[at] = *row;
  rows[at].offset += family->offset;
  rows[at].count_offset += family->offset;
  add_condition(&rows[at], family->selector, values);
  ++owner->keys.count;
  return true;
}

static bool add_table(struct rst_loaded_case *owner, const struct family *family,
                      const struct rst_keys *table, struct rst_key *rows) {
  const char *values = list_kinds(owner, family, has_table, table, true);
  bool complete = values != NULL;
  for (size_t i = 0; complete && i < table->count; ++i) {
    complete = add_row(owner, family, &table->keys[i], values, rows);
  }
  return complete;
}

/* Whether a kind before this one has brought the table. */
static bool is_there(const struct family *family, size_t kind, const struct rst_keys *table) {
  while (kind > 0 && !has_table(family->tables(kind - 1), table)) {
    --kind;
  }
  return kind > 0;
}

/* Add the tables of all kinds, each once; without `rows` only count theirs. */
static bool add_family(struct rst_loaded_case *owner, const struct family *family, struct rst_key *rows,
                       size_t *count) {
  bool complete = true;
  for (size_t kind = 0; family->names()[kind]; ++kind) {
    const struct rst_keys *const *tables = family->tables(kind);
    for (; complete && tables && *tables; ++tables) {
      if (!is_there(family, kind, *tables)) {
        *count += (*tables)->count;
        complete = !rows || add_table(owner, family, *tables, rows);
      }
    }
  }
  return complete;
}

/* "heat conv", the kinds of flow that take the general key; NULL if memory is exhausted. */
static const char *list_takers(struct rst_loaded_case *owner, const char *path) {
  const char *const *names = rst_flow_names();
  struct rst_text text = {0};
  for (size_t kind = 0; names[kind]; ++kind) {
    if (!rst_flow_lacks(kind, path)) {
      rst_text_add(&text, "%s%s", text.length ? " " : "", names[kind]);
    }
  }
  return keep_text(owner, &text);
}

/* Leave general rows to the kinds of flow that take them. */
static bool add_exclusions(struct rst_loaded_case *owner, struct rst_key *rows) {
  bool complete = true;
  for (size_t i = 0; complete && i < owner->keys.count; ++i) {
    bool lacking = false;
    for (size_t kind = 0; rst_flow_names()[kind]; ++kind) {
      lacking = lacking || rst_flow_lacks(kind, rows[i].path);
    }
    if (lacking) {
      const char *takers = list_takers(owner, rows[i].path);
      complete = takers != NULL;
      add_condition(&rows[i], families[0].selector, takers);
    }
  }
  return complete;
}

/* "heat conv", the kinds of flow that bring no initial state; NULL if memory is exhausted. */
static const char *list_without_initial(struct rst_loaded_case *owner) {
  const char *const *names = rst_flow_names();
  struct rst_text text = {0};
  for (size_t kind = 0; names[kind]; ++kind) {
    if (!rst_flow_initial(kind)) {
      rst_text_add(&text, "%s%s", text.length ? " " : "", names[kind]);
    }
  }
  return keep_text(owner, &text);
}

/* A row of initial.kind for each kind of flow that brings an initial state, which is its default; the general row is left to
 * the others. */
static bool add_initials(struct rst_loaded_case *owner, struct rst_key *rows) {
  const size_t general = rst_keys_find(&owner->keys, "initial.kind");
  const struct rst_key common = rows[general];
  const char *others = list_without_initial(owner);
  bool complete = others != NULL;
  add_condition(&rows[general], families[0].selector, others);
  for (size_t kind = 0; complete && rst_flow_names()[kind]; ++kind) {
    if (!rst_flow_initial(kind)) {
      continue;
    }
    const char **names = rst_case_keep(owner, 2 * sizeof *names);
    complete = names != NULL;
    if (complete) {
      names[0] = rst_flow_initial(kind);
      memmove(rows + general + 1, rows + general, (owner->keys.count - general) * sizeof *rows);
      rows[general + 1] = common;
      rows[general + 1].names = names;
      rows[general + 1].fallback = names[0];
      add_condition(&rows[general + 1], families[0].selector, rst_flow_names()[kind]);
      ++owner->keys.count;
    }
  }
  return complete;
}

bool rst_case_compose(struct rst_loaded_case *owner) {
  size_t count = rst_general_keys.count;
  for (size_t i = 0; i < FAMILIES; ++i) {
    add_family(owner, &families[i], NULL, &count);
  }
  for (size_t kind = 0; rst_flow_names()[kind]; ++kind) {
    count += rst_flow_initial(kind) != NULL;
  }
  struct rst_key *rows = rst_case_keep(owner, count * sizeof *rows);
  bool complete = rows != NULL;
  if (complete) {
    memcpy(rows, rst_general_keys.keys, rst_general_keys.count * sizeof *rows);
    owner->keys = (struct rst_keys){rows, rst_general_keys.count, rst_general_keys.size};
  }
  for (size_t i = 0; complete && i < FAMILIES; ++i) {
    complete = add_family(owner, &families[i], rows, &count);
  }
  return complete && add_exclusions(owner, rows) && add_initials(owner, rows);
}
