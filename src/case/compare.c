/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/compare.h"

#include <string.h>

#include "case/document.h"

/* An effective case as a list of paths and values. */
struct flat {
  char *path, *value;
};

struct flat_case {
  struct flat *members;
  size_t count, capacity;
  bool exhausted;
};

static void clear(struct flat_case *flat) {
  for (size_t i = 0; i < flat->count; ++i) {
    free(flat->members[i].path);
    free(flat->members[i].value);
  }
  free(flat->members);
}

/* Takes both texts over. */
static void add(struct flat_case *flat, char *path, char *value) {
  if (flat->count == flat->capacity) {
    const size_t capacity = flat->capacity ? 2 * flat->capacity : 64;
    struct flat *members = realloc(flat->members, capacity * sizeof *members);
    flat->exhausted = flat->exhausted || !members;
    flat->members = members ? members : flat->members;
    flat->capacity = members ? capacity : flat->capacity;
  }
  if (!path || !value || flat->count == flat->capacity) {
    flat->exhausted = true;
    free(path);
    free(value);
    return;
  }
  flat->members[flat->count++] = (struct flat){path, value};
}

static char *join(const char *section, const char *name) {
  struct rst_text text = {0};
  rst_text_add(&text, "%s%s%s", section, *section ? "." : "", name);
  return rst_text_take(&text);
}

static void add_scalar(struct rst_text *text, struct fy_node *node) {
  struct rst_scalar scalar;
  rst_node_scalar(node, &scalar);
  rst_text_add(text, "%s", scalar.text);
}

/* "[a, b]" */
static char *list_text(struct fy_node *list) {
  struct rst_text text = {0};
  void *state = NULL;
  const char *separator = "[";
  struct fy_node *item = NULL;
  while ((item = fy_node_sequence_iterate(list, &state))) {
    rst_text_add(&text, "%s", separator);
    add_scalar(&text, item);
    separator = ", ";
  }
  rst_text_add(&text, *separator == '[' ? "[]" : "]");
  return rst_text_take(&text);
}

static void flatten(struct flat_case *flat, struct fy_node *node, const char *path);

static void flatten_child(struct flat_case *flat, struct fy_node *node, const char *path, const char *name) {
  char *child = join(path, name);
  if (child) {
    flatten(flat, node, child);
  }
  flat->exhausted = flat->exhausted || !child;
  free(child);
}

/* Names of files are compared one by one. */
static bool is_absolute(struct fy_node *node) {
  struct rst_scalar scalar;
  return rst_node_scalar(node, &scalar) && *scalar.text == '/';
}

static void flatten(struct flat_case *flat, struct fy_node *node, const char *path) {
  void *state = NULL;
  if (node && fy_node_is_mapping(node)) {
    struct fy_node_pair *pair = NULL;
    while ((pair = fy_node_mapping_iterate(node, &state))) {
      struct rst_scalar name;
      if (rst_node_scalar(fy_node_pair_key(pair), &name)) {
        flatten_child(flat, fy_node_pair_value(pair), path, name.text);
      }
    }
  } else if (node && fy_node_is_sequence(node)) {
    struct fy_node *item = fy_node_sequence_get_by_index(node, 0);
    if (!item || (fy_node_is_scalar(item) && !is_absolute(item))) {
      add(flat, join("", path), list_text(node));
      return;
    }
    for (int i = 0; (item = fy_node_sequence_iterate(node, &state)); ++i) {
      struct rst_text index = {0};
      rst_text_add(&index, "%d", i);
      char *name = rst_text_take(&index);
      flatten_child(flat, item, path, name ? name : "");
      free(name);
    }
  } else {
    struct rst_text value = {0};
    add_scalar(&value, node);
    add(flat, join("", path), rst_text_take(&value));
  }
}

static enum rst_status read_flat(struct rst_context *context, const char *text, const char *which,
                                 struct flat_case *flat) {
  struct rst_report report = {.path = which, .source = text, .length = strlen(text)};
  struct rst_document document = {0};
  if (rst_document_parse(&report, 0, text, report.length, &document)) {
    flatten(flat, fy_document_root(document.tree), "");
    report.exhausted = report.exhausted || flat->exhausted;
  }
  rst_document_clear(&document);
  const enum rst_status status = rst_report_finish(&report, context);
  rst_report_clear(&report);
  return status;
}

static const char *find(const struct flat_case *flat, const char *path) {
  for (size_t i = 0; i < flat->count; ++i) {
    if (strcmp(flat->members[i].path, path) == 0) {
      return flat->members[i].value;
    }
  }
  return NULL;
}

/* The path itself or a section that it lies in is in the list. */
static bool ignored(const char *const *ignore, const char *path) {
  for (size_t i = 0; ignore && ignore[i]; ++i) {
    const size_t length = strlen(ignore[i]);
    if (strncmp(ignore[i], path, length) == 0 && (path[length] == '\0' || path[length] == '.')) {
      return true;
    }
  }
  return false;
}

static void add_difference(struct rst_text *text, const char *path, const char *was, const char *is) {
  rst_text_add(text, "%s%s (was %s, is %s)", text->length ? ", " : "", path, was ? was : "absent",
               is ? is : "absent");
}

/* Files that were moved with their folders are the same. */
static bool same_value(const char *was, const char *is) {
  const char *const ends[] = {*was == '/' ? strrchr(was, '/') : was, *is == '/' ? strrchr(is, '/') : is};
  return strcmp(ends[0], ends[1]) == 0;
}

static enum rst_status compare(struct rst_context *context, const struct flat_case *a,
                               const struct flat_case *b, const char *const *ignore, char **differences) {
  struct rst_text text = {0};
  for (size_t i = 0; i < a->count; ++i) {
    const struct flat *member = &a->members[i];
    const char *is = find(b, member->path);
    if (!ignored(ignore, member->path) && (!is || !same_value(member->value, is))) {
      add_difference(&text, member->path, member->value, is);
    }
  }
  for (size_t i = 0; i < b->count; ++i) {
    const struct flat *member = &b->members[i];
    if (!ignored(ignore, member->path) && !find(a, member->path)) {
      add_difference(&text, member->path, NULL, member->value);
    }
  }
  const bool equal = text.length == 0 && !text.failed;
  char *made = rst_text_take(&text);
  RST_REQUIRE(context, made, RST_ERROR_MEMORY, "memory is exhausted");
  if (equal) {
    free(made);
    made = NULL;
  }
  *differences = made;
  return RST_OK;
}

enum rst_status rst_case_compare(struct rst_context *context, const char *effective_a,
                                 const char *effective_b, const char *const *ignore, char **differences) {
  struct flat_case a = {0};
  struct flat_case b = {0};
  *differences = NULL;
  enum rst_status status = read_flat(context, effective_a, "first case", &a);
  if (status == RST_OK) {
    status = read_flat(context, effective_b, "second case", &b);
  }
  if (status == RST_OK) {
    status = compare(context, &a, &b, ignore, differences);
  }
  clear(&a);
  clear(&b);
  return status;
}

enum rst_status rst_case_require_same(struct rst_context *context, const char *stored, const char *effective,
                                      const char *const *may_differ, const char *path, const char *remedy) {
  char *differences = NULL;
  RST_TRY(rst_case_compare(context, stored, effective, may_differ, &differences));
  const enum rst_status status =
      differences ? rst_fail(context, RST_ERROR_ARGUMENT, "%s was made from another case: %s; %s", path,
                             differences, remedy)
                  : RST_OK;
  free(differences);
  return status;
}

enum rst_status rst_case_adopt(struct rst_context *context, const struct rst_case *given, const char *stored,
                               struct rst_case **adopted) {
  *adopted = NULL;
  if (!((const struct rst_loaded_case *)given)->leaves_every) {
    return RST_OK;
  }
  struct flat_case flat = {0};
  char *every = NULL;
  enum rst_status status = read_flat(context, stored, "stored case", &flat);
  const char *value = find(&flat, "output.every");
  if (status == RST_OK && value) {
    status = rst_format(context, &every, "output.every=%s", value);
  }
  if (every) {
    status = rst_case_with(context, given, (const char *const *)&every, 1, adopted);
  }
  free(every);
  clear(&flat);
  return status;
}
