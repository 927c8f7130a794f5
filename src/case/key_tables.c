/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "case/key_walk.h"
#include "case/observable_list.h"
#include "core/core.h"
#include "restrain/regime.h"

static void add_names(const char *const *names, const char **between, struct rst_text *text) {
  for (; names && *names; ++names) {
    rst_text_add(text, "%s", *between);
    rst_text_add_quoted(text, *names);
    *between = ", ";
  }
}

static enum rst_status add_member(struct rst_context *context, const char *name, struct rst_text *words,
                                  struct rst_text *text) {
  RST_SCOPED char *taken = rst_text_take(words);
  RST_REQUIRE(context, taken, RST_ERROR_MEMORY, "memory is exhausted");
  rst_text_add(text, ", \"%s\": ", name);
  rst_text_add_quoted(text, taken);
  return RST_OK;
}

static enum rst_status add_key(struct rst_context *context, const char *path, const struct rst_key *key,
                               void *user) {
  struct rst_text *text = user;
  struct rst_text words = {0};
  rst_text_add(text, "%s{\"path\": ", text->length ? ",\n" : "{\"keys\": [\n");
  rst_text_add_quoted(text, path);
  rst_key_describe(key, &words);
  RST_TRY(add_member(context, "value", &words, text));
  rst_text_add(&words, "%s", key->help);
  RST_TRY(add_member(context, "help", &words, text));
  rst_key_conditions(key, &words);
  RST_TRY(add_member(context, "when", &words, text));
  const char *between = "";
  rst_text_add(text, ", \"below\": %s, \"names\": [", key->items ? "true" : "false");
  add_names(key->names, &between, text);
  add_names(key->registry ? key->registry() : NULL, &between, text);
  rst_text_add(text, "]}");
  return RST_OK;
}

static void add_word(const char *name, const char *meaning, const char *units, const char **between,
                     struct rst_text *text) {
  const struct rst_member members[] = {{"name", name, 0.0}, {"help", meaning, 0.0}, {"units", units, 0.0}};
  rst_text_add(text, "%s\n", *between);
  rst_text_add_object(text, members, sizeof members / sizeof *members);
  *between = ",";
}

static void begin(const char *list, const char **between, struct rst_text *text) {
  rst_text_add(text, "],\n\"%s\": [", list);
  *between = "";
}

#define ADD_SCALAR(name, when, need, per, long_name, units) add_word(#name, long_name, units, &between, text);
#define ADD_FIELD(name, when, need, per, long_name, units, kind)                                             \
  add_word(#name, long_name, units, &between, text);
#define ADD_EVALUATION(name, set, long_name, units) add_word(#name, long_name, units, &between, text);

static void add_words(struct rst_text *text) {
  const char *between = "";
  begin("scalars", &between, text);
  RST_SCALAR_LIST(ADD_SCALAR)
  begin("fields", &between, text);
  RST_FIELD_LIST(ADD_FIELD)
  begin("evaluations", &between, text);
  RST_EVALUATION_LIST(ADD_EVALUATION)
  begin("regimes", &between, text);
  for (int i = 0; i < RST_REGIME_COUNT; ++i) {
    add_word(rst_regime_names()[i], rst_regime_meanings()[i], "1", &between, text);
  }
  rst_text_add(text, "]}");
}

enum rst_status rst_case_tables(struct rst_context *context, char **json) {
  struct rst_text text = {0};
  const enum rst_status status = rst_keys_walk(context, add_key, &text);
  if (status != RST_OK) {
    rst_text_clear(&text);
    return status;
  }
  add_words(&text);
  char *taken = rst_text_take(&text);
  RST_REQUIRE(context, taken, RST_ERROR_MEMORY, "memory is exhausted");
  *json = taken;
  return RST_OK;
}
