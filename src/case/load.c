/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "case/compare.h"
#include "case/emit.h"
#include "case/fill.h"

struct rst_kept {
  struct rst_kept *next;
  max_align_t memory[];
};

void *rst_case_keep(struct rst_loaded_case *owner, size_t size) {
  struct rst_kept *kept = calloc(1, sizeof *kept + size);
  if (!kept) {
    return NULL;
  }
  kept->next = owner->kept;
  owner->kept = kept;
  return kept->memory;
}

static void destroy(struct rst_loaded_case *loaded) {
  while (loaded && loaded->kept) {
    struct rst_kept *next = loaded->kept->next;
    free(loaded->kept);
    loaded->kept = next;
  }
  if (loaded) {
    free(loaded->source);
    free(loaded->effective);
    free(loaded->json);
  }
  free(loaded);
}

void rst_case_destroy(struct rst_case **loaded) {
  destroy((struct rst_loaded_case *)*loaded);
  *loaded = NULL;
}

/* A relative file name becomes relative to the folder of the case file. */
static enum rst_status resolve_file(struct rst_context *context, struct rst_loaded_case *loaded,
                                    const char *case_path, void *member) {
  const char *given = NULL;
  memcpy(&given, member, sizeof given);
  const char *slash = strrchr(case_path, '/');
  if (!given || *given == '/' || !slash) {
    return RST_OK;
  }
  const size_t folder = (size_t)(slash - case_path) + 1;
  const size_t size = folder + strlen(given) + 1;
  char *resolved = rst_case_keep(loaded, size);
  RST_REQUIRE(context, resolved, RST_ERROR_MEMORY, "memory is exhausted");
  snprintf(resolved, size, "%.*s%s", (int)folder, case_path, given);
  memcpy(member, &resolved, sizeof resolved);
  return RST_OK;
}

static enum rst_status resolve_files(struct rst_context *context, struct rst_loaded_case *loaded,
                                     const char *case_path, const struct rst_keys *keys, char *base) {
  for (size_t i = 0; i < keys->count; ++i) {
    const struct rst_key *key = &keys->keys[i];
    if (key->type == RST_KEY_FILE) {
      RST_TRY(resolve_file(context, loaded, case_path, rst_key_member(key, base)));
    } else if (key->type == RST_KEY_MAPPING) {
      RST_TRY(resolve_files(context, loaded, case_path, key->items, rst_key_member(key, base)));
    } else if (key->type == RST_KEY_ITEMS) {
      char *items = NULL;
      memcpy(&items, base + key->offset, sizeof items);
      for (size_t j = 0; j < rst_key_count(key, base); ++j) {
        RST_TRY(resolve_files(context, loaded, case_path, key->items, items + j * key->items->size));
      }
    }
  }
  return RST_OK;
}

/* Parse, override, check; the file's text is loaded->source. */
static enum rst_status read_case(struct rst_context *context, struct rst_report *report, size_t overrides,
                                 struct rst_loaded_case *loaded) {
  struct rst_document document = {0};
  if (rst_document_parse(report, 0, report->source, report->length, &document)) {
    struct fy_node *root = fy_document_root(document.tree);
    char found[RST_FOUND_LENGTH];
    if (fy_node_is_mapping(root)) {
      for (size_t i = 0; i < overrides; ++i) {
        rst_override_apply(report, &rst_case_keys, &report->numbers[i], document.tree);
      }
      rst_case_fill(report, root, loaded);
    } else {
      rst_report_add(report, rst_node_place(root, rst_place_start()), "expected a mapping of keys, found %s",
                     rst_node_found(root, found));
    }
  }
  rst_document_clear(&document);
  return rst_report_finish(report, context);
}

/* Check report->source and complete the case. */
static enum rst_status load(struct rst_context *context, struct rst_report *report, size_t overrides,
                            struct rst_loaded_case *loaded) {
  const size_t size = strlen(report->path) + 1;
  loaded->path = rst_case_keep(loaded, size);
  report->numbers = rst_case_keep(loaded, overrides * sizeof *report->numbers);
  RST_REQUIRE(context, loaded->path && report->numbers, RST_ERROR_MEMORY, "memory is exhausted");
  memcpy(loaded->path, report->path, size);
  for (size_t i = 0; i < overrides; ++i) {
    report->numbers[i] = (int)i + 1;
  }
  const enum rst_status status = read_case(context, report, overrides, loaded);
  rst_report_clear(report);
  RST_TRY(status);
  /* The effective case holds file names as they were given, so it comes before they are resolved. */
  RST_TRY(rst_case_emit(context, loaded, RST_EMIT_YAML, &loaded->effective));
  RST_TRY(rst_case_emit(context, loaded, RST_EMIT_JSON, &loaded->json));
  RST_TRY(resolve_files(context, loaded, report->path, &rst_case_keys, (char *)loaded));
  struct rst_flow_parameters *flow = &loaded->content.flow;
  if (flow->image_count == 0 && loaded->single.image.kind) {
    flow->images = &loaded->single;
    flow->image_count = 1;
  }
  return RST_OK;
}

static enum rst_status load_file(struct rst_context *context, struct rst_report *report, size_t overrides,
                                 struct rst_loaded_case *loaded) {
  RST_TRY(rst_read_text_file(context, report->path, &loaded->source, &report->length));
  report->source = loaded->source;
  return load(context, report, overrides, loaded);
}

static enum rst_status load_again(struct rst_context *context, struct rst_report *report, size_t overrides,
                                  const struct rst_loaded_case *from, struct rst_loaded_case *loaded) {
  RST_TRY(rst_format(context, &loaded->source, "%s", from->source));
  report->source = from->effective;
  report->length = strlen(from->effective);
  return load(context, report, overrides, loaded);
}

/* From the file, or from a case that was loaded before. */
static enum rst_status create(struct rst_context *context, struct rst_report *report, size_t overrides,
                              const struct rst_loaded_case *from, struct rst_case **loaded) {
  *loaded = NULL;
  struct rst_loaded_case *made = calloc(1, sizeof *made);
  RST_REQUIRE(context, made, RST_ERROR_MEMORY, "memory is exhausted");
  /* A decimal comma of the caller's locale has no place in a case. */
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  const locale_t before = plain ? uselocale(plain) : (locale_t)0;
  const enum rst_status status =
      from ? load_again(context, report, overrides, from, made) : load_file(context, report, overrides, made);
  if (plain) {
    uselocale(before);
    freelocale(plain);
  }
  if (status != RST_OK) {
    destroy(made);
    return status;
  }
  *loaded = &made->content;
  return RST_OK;
}

enum rst_status rst_case_load(struct rst_context *context, const char *path, const char *const *overrides,
                              size_t count, struct rst_case **loaded) {
  struct rst_report report = {.path = path, .overrides = overrides};
  return create(context, &report, count, NULL, loaded);
}

enum rst_status rst_case_override(struct rst_context *context, const struct rst_case *from,
                                  const char *const *overrides, size_t count, struct rst_case **made) {
  const struct rst_loaded_case *owner = (const struct rst_loaded_case *)from;
  struct rst_report report = {.path = owner->path, .overrides = overrides};
  return create(context, &report, count, owner, made);
}

const char *rst_case_source(const struct rst_case *loaded) {
  return ((const struct rst_loaded_case *)loaded)->source;
}

const char *rst_case_effective(const struct rst_case *loaded) {
  return ((const struct rst_loaded_case *)loaded)->effective;
}

const char *rst_case_json(const struct rst_case *loaded) {
  return ((const struct rst_loaded_case *)loaded)->json;
}
