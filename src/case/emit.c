/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/emit.h"

#include <stdlib.h>
#include <string.h>

/* The two formats differ in how sections open and close and in what separates their members. */
struct emitter {
  struct rst_text text;
  bool json;
  int depth;
  bool first;         /* nothing written yet in the innermost section */
  bool item;          /* which is an item of a list */
  const char *folder; /* absolute, that relative file names stand in; NULL if there is none */
};

/* Begin a member on a line of its own. */
static void begin_member(struct emitter *emitter, const char *name, size_t length) {
  struct rst_text *text = &emitter->text;
  const size_t indent = 2 * (size_t)emitter->depth;
  const bool item = !emitter->json && emitter->first && emitter->item;
  if (emitter->json) {
    rst_text_add(text, emitter->first ? "\n" : ",\n");
  }
  rst_text_add_blanks(text, indent - (item ? 2 : 0));
  rst_text_add(text, emitter->json ? "\"" : item ? "- " : "");
  rst_text_add_bytes(text, name, length);
  rst_text_add(text, emitter->json ? "\": " : ":");
  emitter->first = emitter->item = false;
}

static void open_section(struct emitter *emitter) {
  rst_text_add(&emitter->text, emitter->json ? "{" : "\n");
  ++emitter->depth;
  emitter->first = true;
}

static void close_section(struct emitter *emitter) {
  --emitter->depth;
  if (emitter->json) {
    rst_text_add(&emitter->text, "\n%*s}", 2 * emitter->depth, "");
  }
  emitter->first = false;
}

/* Whether JSON needs quotes around what rst_value_write() gives. */
static bool is_word(const struct rst_key *key, const void *member) {
  if (key->type == RST_KEY_TWINS) {
    return ((const struct rst_twin *)member)->kind != RST_TWIN_DIVISOR;
  }
  return key->type == RST_KEY_CHOICE || key->type == RST_KEY_NAME || key->type == RST_KEY_NAMES;
}

/* Absolute, so that the text means the same wherever it is kept. */
static void emit_file(struct emitter *emitter, const char *given) {
  struct rst_text name = {0};
  const bool relative = given && *given != '/' && emitter->folder;
  rst_text_add(&name, "%s%s%s", relative ? emitter->folder : "", relative ? "/" : "", given ? given : "");
  char *taken = rst_text_take(&name);
  rst_text_add_quoted(&emitter->text, given ? taken : NULL);
  emitter->text.failed = emitter->text.failed || !taken;
  free(taken);
}

static void emit_scalar(struct emitter *emitter, const struct rst_key *key, const void *member) {
  if (key->type == RST_KEY_FILE || key->type == RST_KEY_FILES) {
    const char *given = NULL;
    memcpy(&given, member, sizeof given);
    emit_file(emitter, given);
    return;
  }
  const bool quoted = emitter->json && is_word(key, member);
  rst_text_add(&emitter->text, quoted ? "\"" : "");
  rst_value_write(key, member, &emitter->text);
  rst_text_add(&emitter->text, quoted ? "\"" : "");
}

static void emit_scalars(struct emitter *emitter, const struct rst_key *key, const void *base) {
  const char *items = NULL;
  memcpy(&items, rst_key_member_const(key, base), sizeof items);
  rst_text_add(&emitter->text, emitter->json ? "[" : " [");
  for (size_t i = 0; i < rst_key_count(key, base); ++i) {
    rst_text_add(&emitter->text, "%s", i ? ", " : "");
    emit_scalar(emitter, key, items + i * rst_key_item_size(key));
  }
  rst_text_add(&emitter->text, emitter->json ? "]" : "]\n");
}

static void emit_table(struct emitter *emitter, const struct rst_keys *keys, const void *base);

static void emit_items(struct emitter *emitter, const struct rst_key *key, const void *base) {
  const size_t count = rst_key_count(key, base);
  const char *items = NULL;
  memcpy(&items, rst_key_member_const(key, base), sizeof items);
  if (count == 0) {
    rst_text_add(&emitter->text, emitter->json ? "[]" : " []\n");
    return;
  }
  rst_text_add(&emitter->text, emitter->json ? "[" : "\n");
  for (size_t i = 0; i < count; ++i) {
    if (emitter->json) {
      rst_text_add(&emitter->text, "%s\n%*s{", i ? "," : "", 2 * emitter->depth + 2, "");
    }
    emitter->depth += 2;
    emitter->first = emitter->item = true;
    emit_table(emitter, key->items, items + i * key->items->size);
    close_section(emitter);
    --emitter->depth;
  }
  if (emitter->json) {
    rst_text_add(&emitter->text, "\n%*s]", 2 * emitter->depth, "");
  }
}

static void emit_value(struct emitter *emitter, const struct rst_key *key, const void *base) {
  switch (key->type) {
  case RST_KEY_ITEMS:
    emit_items(emitter, key, base);
    break;
  case RST_KEY_NAMES:
  case RST_KEY_FILES:
  case RST_KEY_TWINS:
  case RST_KEY_REALS:
    emit_scalars(emitter, key, base);
    break;
  case RST_KEY_MAPPING:
    open_section(emitter);
    emit_table(emitter, key->items, rst_key_member_const(key, base));
    close_section(emitter);
    break;
  case RST_KEY_TEXT:
  case RST_KEY_FILE:
  case RST_KEY_REAL:
  case RST_KEY_INTEGER:
  case RST_KEY_CHOICE:
  case RST_KEY_NAME:
    rst_text_add(&emitter->text, emitter->json ? "" : " ");
    emit_scalar(emitter, key, rst_key_member_const(key, base));
    rst_text_add(&emitter->text, emitter->json ? "" : "\n");
    break;
  }
}

/* Leave the sections of `before` that `path` is not in, and enter those of `path`. */
static void change_section(struct emitter *emitter, const char *before, const char *path) {
  size_t shared = 0; /* up to and including the last common dot */
  for (size_t i = 0; before[i] && before[i] == path[i]; ++i) {
    shared = path[i] == '.' ? i + 1 : shared;
  }
  for (const char *dot = before + shared; (dot = strchr(dot, '.')); ++dot) {
    close_section(emitter);
  }
  const char *name = path + shared;
  for (const char *dot = NULL; (dot = strchr(name, '.')); name = dot + 1) {
    begin_member(emitter, name, (size_t)(dot - name));
    open_section(emitter);
  }
}

static void emit_table(struct emitter *emitter, const struct rst_keys *keys, const void *base) {
  const char *before = "";
  for (size_t i = 0; i < keys->count; i = rst_keys_group_end(keys, i)) {
    const struct rst_key *key = rst_keys_choose(keys, i, base);
    if (!key || rst_key_absent(key, base)) {
      continue;
    }
    change_section(emitter, before, key->path);
    const char *name = key->path + rst_keys_stem(key->path);
    begin_member(emitter, name, strlen(name));
    emit_value(emitter, key, base);
    before = key->path;
  }
  change_section(emitter, before, "");
}

enum rst_status rst_case_emit(struct rst_context *context, const struct rst_loaded_case *loaded,
                              enum rst_emit_format format, char **text) {
  char *folder = realpath(*loaded->folder ? loaded->folder : ".", NULL);
  struct emitter emitter = {.json = format == RST_EMIT_JSON, .first = true, .folder = folder};
  if (emitter.json) {
    open_section(&emitter);
  }
  emit_table(&emitter, &loaded->keys, loaded);
  if (emitter.json) {
    close_section(&emitter);
    rst_text_add(&emitter.text, "\n");
  }
  free(folder);
  *text = rst_text_take(&emitter.text);
  RST_REQUIRE(context, *text, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}
