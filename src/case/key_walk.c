/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/key_walk.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "case/value.h"
#include "core/core.h"

void rst_key_describe(const struct rst_key *key, struct rst_text *text) {
  rst_value_describe(key, text);
  if (key->unit) {
    rst_text_add(text, ", %s", key->unit);
  }
  if (key->required) {
    rst_text_add(text, "; required");
  } else {
    rst_text_add(text, "; %s%s", key->fallback || key->derived ? "default " : "optional",
                 key->derived    ? key->derived
                 : key->fallback ? key->fallback
                                 : "");
  }
}

/* Whether every condition of the key on what the condition `at` is about allows the word, and none stands before `at`. */
static bool is_allowed(const struct rst_key *key, size_t at, const char *word, size_t length) {
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    if (strcmp(key->when[i].key, key->when[at].key) == 0 &&
        (i < at || !rst_condition_names(&key->when[i], word, length))) {
      return false;
    }
  }
  return true;
}

/* A flow narrows the conditions of a row that several share: both are about one key. */
void rst_key_conditions(const struct rst_key *key, struct rst_text *text) {
  const char *between = "";
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    bool first = true;
    for (const char *word = key->when[i].values; *word; word += strspn(word, " ")) {
      const size_t length = strcspn(word, " ");
      if (is_allowed(key, i, word, length)) {
        rst_text_add(text, "%s%s%s%.*s", first ? between : ", ", first ? key->when[i].key : "",
                     first ? " " : "", (int)length, word);
        between = "; ";
        first = false;
      }
      word += length;
    }
  }
}

static enum rst_status walk_table(struct rst_context *context, const char *prefix,
                                  const struct rst_keys *keys, rst_key_visit *visit, void *user) {
  for (size_t i = 0; i < keys->count; ++i) {
    const struct rst_key *key = &keys->keys[i];
    RST_SCOPED char *path = NULL;
    RST_TRY(rst_format(context, &path, "%s%s", prefix, key->path));
    RST_TRY(visit(context, path, key, user));
    /* Items that hold such items again have the same keys. */
    if (key->items && key->items != keys) {
      RST_SCOPED char *below = NULL;
      RST_TRY(rst_format(context, &below, "%s%s.", path, key->type == RST_KEY_ITEMS ? ".N" : ""));
      RST_TRY(walk_table(context, below, key->items, visit, user));
    }
  }
  return RST_OK;
}

enum rst_status rst_keys_walk(struct rst_context *context, rst_key_visit *visit, void *user) {
  struct rst_loaded_case *empty = NULL;
  RST_TRY(rst_case_create(context, &empty));
  struct rst_case *content = &empty->content;
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  const locale_t before = plain ? uselocale(plain) : (locale_t)0;
  const enum rst_status status = walk_table(context, "", &empty->keys, visit, user);
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
  rst_case_destroy(&content);
  return status;
}
