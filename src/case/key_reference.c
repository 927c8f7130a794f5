/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "case/value.h"

enum { COLUMNS = 100, INDENT = 6 };

/* Append `words`, broken at blanks, to lines indented by INDENT. */
static void add_wrapped(struct rst_text *text, const char *words) {
  int column = COLUMNS;
  while (*words) {
    const int length = (int)strcspn(words, " ");
    if (column + 1 + length > COLUMNS) {
      rst_text_add(text, "%s%*s", text->length ? "\n" : "", INDENT, "");
      column = INDENT;
    } else {
      rst_text_add(text, " ");
      ++column;
    }
    rst_text_add(text, "%.*s", length, words);
    column += length;
    words += length + (words[length] == ' ');
  }
}

/* "a number > 0, seconds; default 60" and the like. */
static void describe_value(const struct rst_key *key, struct rst_text *text) {
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

static void describe_conditions(const struct rst_key *key, struct rst_text *text) {
  for (size_t i = 0; i < RST_KEY_CONDITIONS && key->when[i].key; ++i) {
    rst_text_add(text, "%s%s ", i ? "; " : " [", key->when[i].key);
    rst_condition_values(&key->when[i], text);
  }
  if (key->when[0].key) {
    rst_text_add(text, "]");
  }
}

static enum rst_status add_key(struct rst_context *context, struct rst_text *text, const char *prefix,
                               const struct rst_key *key) {
  struct rst_text words = {0};
  rst_text_add(&words, "%s.", key->help);
  describe_conditions(key, &words);
  char *help = rst_text_take(&words);
  describe_value(key, &words);
  char *value = rst_text_take(&words);
  rst_text_add(text, "  %s%s", prefix, key->path);
  if (value && help) {
    add_wrapped(text, value);
    add_wrapped(text, help);
  }
  rst_text_add(text, "\n");
  const bool complete = value && help;
  free(value);
  free(help);
  RST_REQUIRE(context, complete, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

/* Length of the outermost section of a path, 0 for a key outside all. */
static size_t section_length(const char *path) {
  const char *dot = strchr(path, '.');
  return dot ? (size_t)(dot - path) : 0;
}

static enum rst_status add_table(struct rst_context *context, struct rst_text *text, const char *prefix,
                                 const struct rst_keys *keys) {
  for (size_t i = 0; i < keys->count; ++i) {
    const struct rst_key *key = &keys->keys[i];
    const size_t section = section_length(key->path);
    const char *before = i > 0 ? keys->keys[i - 1].path : key->path;
    const bool same = section == section_length(before) && strncmp(key->path, before, section) == 0;
    if (!*prefix && !same) {
      rst_text_add(text, "\n%.*s%s", (int)section, key->path, section ? "\n" : "");
    }
    RST_TRY(add_key(context, text, prefix, key));
    /* Items that hold such items again have the same keys. */
    if (key->items && key->items != keys) {
      char *below = NULL;
      RST_TRY(
          rst_format(context, &below, "%s%s%s.", prefix, key->path, key->type == RST_KEY_ITEMS ? ".N" : ""));
      const enum rst_status status = add_table(context, text, below, key->items);
      free(below);
      RST_TRY(status);
    }
  }
  return RST_OK;
}

enum rst_status rst_case_reference(struct rst_context *context, char **text) {
  struct rst_loaded_case *empty = NULL;
  RST_TRY(rst_case_create(context, &empty));
  struct rst_case *content = &empty->content;
  struct rst_text made = {0};
  rst_text_add(&made,
               "Keys of a case file (YAML 1.2). Sections are nested mappings: flow.kind is the key kind "
               "in the\nmapping flow. A key that would have no effect is refused; [...] says when it "
               "applies.\n\n");
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  const locale_t before = plain ? uselocale(plain) : (locale_t)0;
  const enum rst_status status = add_table(context, &made, "", &empty->keys);
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
  rst_case_destroy(&content);
  if (status != RST_OK) {
    rst_text_clear(&made);
    return status;
  }
  char *taken = rst_text_take(&made);
  RST_REQUIRE(context, taken, RST_ERROR_MEMORY, "memory is exhausted");
  *text = taken;
  return RST_OK;
}
