/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/compare.h"

#include <string.h>

#include "case/document.h"

struct comparison {
  const char *const *ignore;
  struct rst_text differences;
};

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

static bool is_absolute(struct fy_node *node) {
  struct rst_scalar scalar;
  return fy_node_is_scalar(node) && rst_node_scalar(node, &scalar) && *scalar.text == '/';
}

/* Sections, lists of them and lists of files; all else is a value. */
static bool has_parts(struct fy_node *node) {
  struct fy_node *first = fy_node_is_sequence(node) ? fy_node_sequence_get_by_index(node, 0) : NULL;
  return fy_node_is_mapping(node) || (first && (!fy_node_is_scalar(first) || is_absolute(first)));
}

static void add_scalar(struct rst_text *text, struct fy_node *node) {
  struct rst_scalar scalar;
  rst_node_scalar(node, &scalar);
  rst_text_add(text, "%s", scalar.text);
}

/* "a", "[a, b]" */
static char *value_text(struct fy_node *node) {
  struct rst_text text = {0};
  void *state = NULL;
  const char *separator = "";
  struct fy_node *item = NULL;
  if (!node) {
    rst_text_add(&text, "absent");
  } else if (!fy_node_is_sequence(node)) {
    add_scalar(&text, node);
  } else {
    rst_text_add(&text, "[");
    while ((item = fy_node_sequence_iterate(node, &state))) {
      rst_text_add(&text, "%s", separator);
      add_scalar(&text, item);
      separator = ", ";
    }
    rst_text_add(&text, "]");
  }
  return rst_text_take(&text);
}

/* Absolute names of files are the same if their last parts, with the object in an HDF5 file, are: folders move. */
static const char *last_part(const char *name) {
  const char *last = name;
  for (const char *at = name; *name == '/' && *at && strncmp(at, ":/", 2) != 0; ++at) {
    last = *at == '/' ? at : last;
  }
  return last;
}

static void compare_values(struct comparison *comparison, const char *path, struct fy_node *a,
                           struct fy_node *b) {
  struct rst_text *text = &comparison->differences;
  RST_SCOPED char *was = value_text(a);
  RST_SCOPED char *is = value_text(b);
  if (!was || !is) {
    text->failed = true;
  } else if (strcmp(last_part(was), last_part(is)) != 0) {
    rst_text_add(text, "%s%s (was %s, is %s)", text->length ? ", " : "", path, was, is);
  }
}

static void compare_nodes(struct comparison *comparison, const char *path, struct fy_node *a,
                          struct fy_node *b);

static void compare_parts(struct comparison *comparison, const char *section, const char *name,
                          struct fy_node *a, struct fy_node *b) {
  struct rst_text text = {0};
  rst_text_add(&text, "%s%s%s", section, *section ? "." : "", name);
  RST_SCOPED char *path = rst_text_take(&text);
  if (path) {
    compare_nodes(comparison, path, a, b);
  }
  comparison->differences.failed = comparison->differences.failed || !path;
}

/* Those of a; and of b, where a is lacking. */
static void compare_members(struct comparison *comparison, const char *path, struct fy_node *a,
                            struct fy_node *b, bool swapped) {
  void *state = NULL;
  struct fy_node_pair *pair = NULL;
  while ((pair = fy_node_mapping_iterate(a, &state))) {
    struct rst_scalar name;
    rst_node_scalar(fy_node_pair_key(pair), &name);
    struct fy_node_pair *other = rst_node_lookup(b, name.text);
    struct fy_node *const values[] = {fy_node_pair_value(pair), other ? fy_node_pair_value(other) : NULL};
    if (!swapped || !other) {
      compare_parts(comparison, path, name.text, values[swapped], values[!swapped]);
    }
  }
}

static void compare_items(struct comparison *comparison, const char *path, struct fy_node *a,
                          struct fy_node *b) {
  void *states[] = {NULL, NULL};
  for (int i = 0;; ++i) {
    struct fy_node *one = fy_node_sequence_iterate(a, &states[0]);
    struct fy_node *other = fy_node_sequence_iterate(b, &states[1]);
    char name[16];
    if (!one && !other) {
      return;
    }
    snprintf(name, sizeof name, "%d", i);
    compare_parts(comparison, path, name, one, other);
  }
}

static void compare_nodes(struct comparison *comparison, const char *path, struct fy_node *a,
                          struct fy_node *b) {
  if (ignored(comparison->ignore, path)) {
    return;
  }
  if (!has_parts(a) && !has_parts(b)) {
    compare_values(comparison, path, a, b);
    return;
  }
  compare_members(comparison, path, a, b, false);
  compare_members(comparison, path, b, a, true);
  compare_items(comparison, path, a, b);
}

/* A case as today's table of keys has it: with those that were added since it was stored, by their defaults. */
static enum rst_status complete(struct rst_context *context, const char *stored, struct rst_case **made,
                                struct rst_document *document) {
  RST_TRY(rst_case_parse(context, stored, NULL, NULL, 0, made));
  const char *effective = rst_case_effective(*made);
  struct rst_report report = {.path = "case", .source = effective, .length = strlen(effective)};
  (void)rst_document_parse(&report, 0, effective, report.length, document);
  const enum rst_status status = rst_report_finish(&report, context);
  rst_report_clear(&report);
  return status;
}

static enum rst_status compare(struct rst_context *context, const struct rst_document *a,
                               const struct rst_document *b, const char *const *ignore, char **differences) {
  struct comparison comparison = {.ignore = ignore};
  compare_nodes(&comparison, "", fy_document_root(a->tree), fy_document_root(b->tree));
  const bool equal = comparison.differences.length == 0;
  char *text = rst_text_take(&comparison.differences);
  RST_REQUIRE(context, text, RST_ERROR_MEMORY, "memory is exhausted");
  *differences = equal ? NULL : text;
  if (equal) {
    free(text);
  }
  return RST_OK;
}

enum rst_status rst_case_compare(struct rst_context *context, const char *effective_a,
                                 const char *effective_b, const char *const *ignore, char **differences) {
  struct rst_case *cases[] = {NULL, NULL};
  struct rst_document documents[] = {{0}, {0}};
  *differences = NULL;
  enum rst_status status = complete(context, effective_a, &cases[0], &documents[0]);
  if (status == RST_OK) {
    status = complete(context, effective_b, &cases[1], &documents[1]);
  }
  if (status == RST_OK) {
    status = compare(context, &documents[0], &documents[1], ignore, differences);
  }
  for (size_t i = 0; i < 2; ++i) {
    rst_document_clear(&documents[i]);
    rst_case_destroy(&cases[i]);
  }
  return status;
}

/* Cases that the program has written, it loads, unless keys or their ranges have changed since. */
static enum rst_status fail_old(struct rst_context *context, enum rst_status status, const char *path) {
  return status == RST_ERROR_CASE
             ? rst_fail(
                   context, status,
                   "%s was made from a case that this version does not take; go on with the version that "
                   "made it, or compute it again\n%s",
                   path, rst_context_message(context))
             : status;
}

enum rst_status rst_case_require_same(struct rst_context *context, const char *stored, const char *effective,
                                      const char *const *may_differ, const char *path, const char *remedy) {
  RST_SCOPED char *differences = NULL;
  const enum rst_status status = rst_case_compare(context, stored, effective, may_differ, &differences);
  if (status != RST_OK) {
    return fail_old(context, status, path);
  }
  RST_REQUIRE(context, !differences, RST_ERROR_ARGUMENT, "%s was made from another case: %s; %s", path,
              differences, remedy);
  return RST_OK;
}

enum rst_status rst_case_adopt(struct rst_context *context, const struct rst_case *given, const char *stored,
                               const char *path, struct rst_case **adopted) {
  enum { MOST_LEFT = 2 };
  const struct rst_loaded_case *loaded = (const struct rst_loaded_case *)given;
  char *overrides[MOST_LEFT] = {NULL};
  size_t count = 0;
  *adopted = NULL;
  if (!loaded->leaves_every && !loaded->leaves_data_every) {
    return RST_OK;
  }
  struct rst_case *from = NULL;
  enum rst_status status = rst_case_parse(context, stored, NULL, NULL, 0, &from);
  if (status != RST_OK) {
    return fail_old(context, status, path);
  }
  if (loaded->leaves_every) {
    status = rst_format(context, &overrides[count++], "output.every=%ld", from->output.every);
  }
  if (status == RST_OK && loaded->leaves_data_every) {
    status = rst_format(context, &overrides[count++], "data.every=%ld", from->data.every);
  }
  if (status == RST_OK) {
    status = rst_case_with(context, given, (const char *const *)overrides, count, adopted);
  }
  for (size_t i = 0; i < count; ++i) {
    free(overrides[i]);
  }
  rst_case_destroy(&from);
  return status;
}
