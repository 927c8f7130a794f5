/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "case/emit.h"
#include "case/fill.h"
#include "case/scope.h"
#include "core/files.h"

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
    free(loaded->effective);
    free(loaded->json);
    rst_field_destroy(&loaded->pixels);
  }
  free(loaded);
}

void rst_case_destroy(struct rst_case **loaded) {
  destroy((struct rst_loaded_case *)*loaded);
  *loaded = NULL;
}

enum rst_status rst_case_create(struct rst_context *context, struct rst_loaded_case **made) {
  *made = calloc(1, sizeof **made);
  if (*made && rst_case_compose(*made)) {
    return RST_OK;
  }
  destroy(*made);
  *made = NULL;
  (void)rst_fail(context, RST_ERROR_MEMORY, "memory is exhausted");
  return RST_ERROR_MEMORY;
}

static enum rst_status keep_text(struct rst_context *context, struct rst_loaded_case *owner, const char *text,
                                 size_t length, const char **kept) {
  char *copy = rst_case_keep(owner, length + 1);
  RST_REQUIRE(context, copy, RST_ERROR_MEMORY, "memory is exhausted");
  memcpy(copy, text, length);
  *kept = copy;
  return RST_OK;
}

/* A relative file name becomes relative to the folder of the case. */
static enum rst_status resolve_file(struct rst_context *context, struct rst_loaded_case *loaded,
                                    void *member) {
  const char *given = NULL;
  memcpy(&given, member, sizeof given);
  if (!given || *given == '/' || !*loaded->folder) {
    return RST_OK;
  }
  const size_t size = strlen(loaded->folder) + strlen(given) + 1;
  char *resolved = rst_case_keep(loaded, size);
  RST_REQUIRE(context, resolved, RST_ERROR_MEMORY, "memory is exhausted");
  snprintf(resolved, size, "%s%s", loaded->folder, given);
  memcpy(member, &resolved, sizeof resolved);
  return RST_OK;
}

static enum rst_status resolve_files(struct rst_context *context, struct rst_loaded_case *loaded,
                                     const struct rst_keys *keys, char *base) {
  for (size_t i = 0; i < keys->count; ++i) {
    const struct rst_key *key = &keys->keys[i];
    if (key->type == RST_KEY_FILE) {
      RST_TRY(resolve_file(context, loaded, rst_key_member(key, base)));
    } else if (key->type == RST_KEY_FILES) {
      char *names = NULL;
      memcpy(&names, base + key->offset, sizeof names);
      for (size_t j = 0; j < rst_key_count(key, base); ++j) {
        RST_TRY(resolve_file(context, loaded, names + j * sizeof(const char *)));
      }
    } else if (key->type == RST_KEY_MAPPING) {
      RST_TRY(resolve_files(context, loaded, key->items, rst_key_member(key, base)));
    } else if (key->type == RST_KEY_ITEMS) {
      char *items = NULL;
      memcpy(&items, base + key->offset, sizeof items);
      for (size_t j = 0; j < rst_key_count(key, base); ++j) {
        RST_TRY(resolve_files(context, loaded, key->items, items + j * key->items->size));
      }
    }
  }
  return RST_OK;
}

/* Parse, override, check. */
static enum rst_status read_case(struct rst_context *context, struct rst_report *report, size_t overrides,
                                 struct rst_loaded_case *loaded) {
  struct rst_document document = {0};
  if (rst_document_parse(report, 0, report->source, report->length, &document)) {
    struct fy_node *root = fy_document_root(document.tree);
    char found[RST_FOUND_LENGTH];
    rst_document_merge(report, &document);
    if (fy_node_is_mapping(root)) {
      for (size_t i = 0; i < overrides; ++i) {
        rst_override_apply(report, &loaded->keys, &report->numbers[i], document.tree);
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

/* What a case is made from. */
struct origin {
  const char *name; /* for messages */
  const char *text;
  size_t length;
  const char
      *folder; /* that file names are relative to: its first `folder_length` bytes, none or up to a slash */
  size_t folder_length;
  const char *const *overrides;
  size_t count;
};

static enum rst_status keep_origin(struct rst_context *context, const struct origin *origin,
                                   struct rst_loaded_case *loaded) {
  const char **overrides = rst_case_keep(loaded, origin->count * sizeof *overrides);
  RST_REQUIRE(context, overrides, RST_ERROR_MEMORY, "memory is exhausted");
  loaded->overrides = overrides;
  loaded->override_count = origin->count;
  for (size_t i = 0; i < origin->count; ++i) {
    const char *given = origin->overrides[i];
    RST_TRY(keep_text(context, loaded, given, strlen(given), &overrides[i]));
  }
  const char *base = rst_files_base(origin->name);
  const char *dot = strrchr(base, '.');
  const size_t stem = dot && dot != base ? (size_t)(dot - base) : strlen(base);
  RST_TRY(keep_text(context, loaded, base, stem, &loaded->stem));
  RST_TRY(keep_text(context, loaded, origin->name, strlen(origin->name), &loaded->name));
  RST_TRY(keep_text(context, loaded, origin->folder, origin->folder_length, &loaded->folder));
  return keep_text(context, loaded, origin->text, origin->length, &loaded->source);
}

static enum rst_status fill(struct rst_context *context, const struct origin *origin,
                            struct rst_loaded_case *loaded) {
  RST_TRY(keep_origin(context, origin, loaded));
  struct rst_report report = {.path = loaded->name,
                              .source = loaded->source,
                              .length = origin->length,
                              .overrides = loaded->overrides,
                              .numbers = rst_case_keep(loaded, origin->count * sizeof *report.numbers)};
  RST_REQUIRE(context, report.numbers, RST_ERROR_MEMORY, "memory is exhausted");
  for (size_t i = 0; i < origin->count; ++i) {
    report.numbers[i] = (int)i + 1;
  }
  const enum rst_status status = read_case(context, &report, origin->count, loaded);
  rst_report_clear(&report);
  RST_TRY(status);
  RST_TRY(rst_case_emit(context, loaded, RST_EMIT_YAML, &loaded->effective));
  RST_TRY(rst_case_emit(context, loaded, RST_EMIT_JSON, &loaded->json));
  RST_TRY(resolve_files(context, loaded, &loaded->keys, (char *)loaded));
  struct rst_conv_parameters *conv = &loaded->content.flow.conv;
  if (conv->image_count == 0 && conv->single.image.kind) {
    conv->images = &conv->single;
    conv->image_count = 1;
  }
  loaded->content.flow.network.room =
      rst_sampling_is_full(&loaded->content.sampling) ? 0 : loaded->content.sampling.batch;
  RST_REQUIRE(context, rst_derive_axes(loaded), RST_ERROR_MEMORY, "memory is exhausted");
  return RST_OK;
}

static enum rst_status make(struct rst_context *context, const struct origin *origin,
                            struct rst_case **loaded) {
  struct rst_loaded_case *made = NULL;
  RST_TRY(rst_case_create(context, &made));
  /* A decimal comma of the caller's locale has no place in a case. */
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  const locale_t before = plain ? uselocale(plain) : (locale_t)0;
  const enum rst_status status = fill(context, origin, made);
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
  *loaded = NULL;
  char *text = NULL;
  const char *slash = strrchr(path, '/');
  struct origin origin = {.name = path,
                          .folder = path,
                          .folder_length = slash ? (size_t)(slash - path) + 1 : 0,
                          .overrides = overrides,
                          .count = count};
  RST_TRY(rst_read_text_file(context, path, &text, &origin.length));
  origin.text = text;
  const enum rst_status status = make(context, &origin, loaded);
  free(text);
  return status;
}

enum rst_status rst_case_parse(struct rst_context *context, const char *text, const char *folder,
                               const char *const *overrides, size_t count, struct rst_case **loaded) {
  *loaded = NULL;
  char *prefix = NULL;
  const size_t length = folder ? strlen(folder) : 0;
  const bool is_open = length > 0 && folder[length - 1] != '/';
  RST_TRY(rst_format(context, &prefix, "%s%s", length > 0 ? folder : "", is_open ? "/" : ""));
  const char *given = text && *text ? text : "{}";
  const struct origin origin = {.name = "case",
                                .text = given,
                                .length = strlen(given),
                                .folder = prefix,
                                .folder_length = strlen(prefix),
                                .overrides = overrides,
                                .count = count};
  const enum rst_status status = make(context, &origin, loaded);
  free(prefix);
  return status;
}

enum rst_status rst_case_with(struct rst_context *context, const struct rst_case *from,
                              const char *const *overrides, size_t count, struct rst_case **made) {
  const struct rst_loaded_case *loaded = (const struct rst_loaded_case *)from;
  *made = NULL;
  const char **all = NULL;
  RST_TRY(RST_NEW(context, loaded->override_count + count, &all));
  for (size_t i = 0; i < loaded->override_count + count; ++i) {
    all[i] = i < loaded->override_count ? loaded->overrides[i] : overrides[i - loaded->override_count];
  }
  const struct origin origin = {.name = loaded->name,
                                .text = loaded->source,
                                .length = strlen(loaded->source),
                                .folder = loaded->folder,
                                .folder_length = strlen(loaded->folder),
                                .overrides = all,
                                .count = loaded->override_count + count};
  enum rst_status status = make(context, &origin, made);
  free(all);
  if (status == RST_OK && loaded->pixels) {
    status = rst_case_set_image(context, loaded->pixels->data, loaded->pixels->ny, loaded->pixels->nx, *made);
  }
  if (status != RST_OK) {
    rst_case_destroy(made);
  }
  return status;
}

/* NULL for a case whose image is of another kind, or that has several or none. */
static struct rst_image_parameters *image_in_memory(struct rst_flow_parameters *flow) {
  struct rst_image_parameters *places[] = {&flow->conv.single.image, &flow->beltrami.signal};
  for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
    if (rst_image_is_given(places[i])) {
      return places[i];
    }
  }
  return NULL;
}

enum rst_status rst_case_set_image(struct rst_context *context, const double *values, size_t ny, size_t nx,
                                   struct rst_case *changed) {
  struct rst_loaded_case *loaded = (struct rst_loaded_case *)changed;
  struct rst_image_parameters *image = image_in_memory(&changed->flow);
  RST_REQUIRE(context, image, RST_ERROR_ARGUMENT,
              "the case takes no image from memory; that needs flow.image.kind: memory (flow.signal.kind of "
              "beltrami)");
  struct rst_field *pixels = NULL;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, ny, nx, &pixels));
  memcpy(pixels->data, values, ny * nx * sizeof *values);
  rst_field_destroy(&loaded->pixels);
  loaded->pixels = pixels;
  image->pixels = pixels;
  return RST_OK;
}

const char *rst_case_name(const struct rst_case *loaded) {
  return ((const struct rst_loaded_case *)loaded)->stem;
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
