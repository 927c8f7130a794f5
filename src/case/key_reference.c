/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "case/key_walk.h"
#include "case/observable_list.h"
#include "case/report.h"
#include "restrain/regime.h"

enum { COLUMNS = 80, INDENT = 6 };

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

static enum rst_status add_key(struct rst_context *context, struct rst_text *text, const char *path,
                               const struct rst_key *key) {
  struct rst_text words = {0};
  rst_key_conditions(key, &words);
  RST_SCOPED char *when = rst_text_take(&words);
  rst_text_add(&words, "%s.", key->help);
  if (when && *when) {
    rst_text_add(&words, " [%s]", when);
  }
  char *help = rst_text_take(&words);
  rst_key_describe(key, &words);
  char *value = rst_text_take(&words);
  rst_text_add(text, "  %s", path);
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

/* The keys that are wanted: all, or one and those below it. */
struct choice {
  const char *topic; /* NULL for all */
  size_t found;
  struct rst_text *text;
  const char *before; /* the outermost row before, NULL at first */
};

/* Whether `path` is the topic or below it. A number in the topic, as in flow.layers.0.kernel, is an item, N. */
static bool is_below(const char *path, const char *topic) {
  while (*topic) {
    const size_t digits = *path == 'N' ? strspn(topic, "0123456789") : 0;
    if (digits == 0 && *path != *topic) {
      return false;
    }
    topic += digits ? digits : 1;
    ++path;
  }
  return *path == '\0' || *path == '.';
}

static bool is_wanted(struct choice *choice, const char *path) {
  const bool wanted = !choice->topic || is_below(path, choice->topic);
  choice->found += wanted;
  return wanted;
}

/* Name the section that a row of the outermost table begins. */
static void add_section(struct choice *choice, const struct rst_key *key) {
  const size_t section = section_length(key->path);
  const char *before = choice->before ? choice->before : key->path;
  const bool same = section == section_length(before) && strncmp(key->path, before, section) == 0;
  if (!same && !choice->topic) {
    rst_text_add(choice->text, "\n%.*s%s", (int)section, key->path, section ? "\n" : "");
  }
  choice->before = key->path;
}

static enum rst_status add_row(struct rst_context *context, const char *path, const struct rst_key *key,
                               void *user) {
  struct choice *choice = user;
  if (strcmp(path, key->path) == 0) {
    add_section(choice, key);
  }
  return is_wanted(choice, path) ? add_key(context, choice->text, path, key) : RST_OK;
}

static enum rst_status finish(struct rst_context *context, enum rst_status status, struct rst_text *made,
                              char **text) {
  if (status != RST_OK) {
    rst_text_clear(made);
    return status;
  }
  char *taken = rst_text_take(made);
  RST_REQUIRE(context, taken, RST_ERROR_MEMORY, "memory is exhausted");
  *text = taken;
  return RST_OK;
}

enum rst_status rst_case_reference(struct rst_context *context, char **text) {
  struct rst_text made = {0};
  struct choice all = {.text = &made};
  rst_text_add(&made,
               "Keys of a case file (YAML 1.2). Sections are nested mappings: flow.kind is the\n"
               "key kind in the mapping flow. A key that would have no effect is refused; [...]\n"
               "says when it applies.\n\n");
  const enum rst_status status = rst_keys_walk(context, add_row, &all);
  return finish(context, status, &made, text);
}

/* Words of a list and what they mean: all of them, or one. */
struct words {
  struct rst_text *text;
  const char *heading; /* NULL once it is there */
  const char *only;    /* NULL for all */
  size_t found;
};

static void add_meaning(struct words *words, const char *name, const char *meaning) {
  if (words->only && strcmp(words->only, name) != 0) {
    return;
  }
  if (words->heading) {
    rst_text_add(words->text, "%s%s\n\n", words->text->length ? "\n" : "", words->heading);
    words->heading = NULL;
  }
  rst_text_add(words->text, "  %s", name);
  add_wrapped(words->text, meaning);
  rst_text_add(words->text, "\n");
  words->found += 1;
}

static void add_variable(struct words *words, const char *name, const char *meaning, const char *units) {
  struct rst_text text = {0};
  rst_text_add(&text, "%s%s%s", meaning, strcmp(units, "1") == 0 ? "" : ", ",
               strcmp(units, "1") == 0 ? "" : units);
  RST_SCOPED char *taken = rst_text_take(&text);
  add_meaning(words, name, taken ? taken : meaning);
}

#define ADD_SCALAR(name, when, need, per, long_name, units) add_variable(words, #name, long_name, units);
#define ADD_FIELD(name, when, need, per, long_name, units, kind) add_variable(words, #name, long_name, units);
#define ADD_EVALUATION(name, set, long_name, units) add_variable(words, #name, long_name, units);

static void add_scalars(struct words *words) {
  RST_SCALAR_LIST(ADD_SCALAR)
}

static void add_fields(struct words *words) {
  RST_FIELD_LIST(ADD_FIELD)
}

static void add_evaluations(struct words *words) {
  RST_EVALUATION_LIST(ADD_EVALUATION)
}

static void add_regimes(struct words *words) {
  for (int i = 0; i < RST_REGIME_COUNT; ++i) {
    add_meaning(words, rst_regime_names()[i], rst_regime_meanings()[i]);
  }
}

/* Topics that are no keys. */
static const struct {
  const char *name, *key; /* and the key that it explains as well */
  const char *heading;
  void (*add)(struct words *words);
} lists[] = {{"scalars", "output.scalars",
              "Scalars of a run, a number for each iteration. output.scalars asks for those\n"
              "that are not recorded anyway.",
              add_scalars},
             {"fields", "output.fields",
              "Fields of a run, by output.fields: an array for each snapshot, of the image one.", add_fields},
             {"evaluations", "data.every",
              "Evaluations over whole sets, of flows over examples, every data.every\n"
              "iterations.",
              add_evaluations},
             {"regimes", NULL, "Regimes: what becomes of a run, and of a point of a sweep.", add_regimes}};
enum { LISTS = sizeof lists / sizeof *lists };

static void offer_keys(const struct rst_keys *keys, struct rst_nearest *nearest) {
  for (size_t i = 0; i < keys->count; ++i) {
    rst_nearest_offer(nearest, keys->keys[i].path);
  }
}

static void offer_words(const char *const *words, struct rst_nearest *nearest) {
  for (; *words; ++words) {
    rst_nearest_offer(nearest, *words);
  }
}

static enum rst_status fail_unknown(struct rst_context *context, const char *topic) {
  struct rst_nearest nearest = {.word = topic};
  struct rst_loaded_case *empty = NULL;
  RST_TRY(rst_case_create(context, &empty));
  struct rst_case *content = &empty->content;
  offer_keys(&empty->keys, &nearest);
  for (size_t i = 0; i < LISTS; ++i) {
    rst_nearest_offer(&nearest, lists[i].name);
  }
  offer_words(rst_case_scalar_names(), &nearest);
  offer_words(rst_case_field_names(), &nearest);
  const enum rst_status status = rst_fail(
      context, RST_ERROR_ARGUMENT, "there is no help on '%s'%s%s%s; restrain help case lists all keys", topic,
      nearest.best ? ", did you mean " : "", nearest.best ? nearest.best : "", nearest.best ? "?" : "");
  rst_case_destroy(&content);
  return status;
}

enum rst_status rst_case_explain(struct rst_context *context, const char *topic, char **text) {
  struct rst_text made = {0};
  struct choice choice = {.topic = topic, .text = &made};
  enum rst_status status = rst_keys_walk(context, add_row, &choice);
  for (size_t i = 0; i < LISTS && status == RST_OK; ++i) {
    const bool with_key = lists[i].key && strcmp(topic, lists[i].key) == 0;
    const bool whole = with_key || strcmp(topic, lists[i].name) == 0;
    struct words words = {.text = &made, .heading = lists[i].heading, .only = whole ? NULL : topic};
    lists[i].add(&words);
    choice.found += words.found;
  }
  if (status == RST_OK && choice.found == 0) {
    status = fail_unknown(context, topic);
  }
  return finish(context, status, &made, text);
}
