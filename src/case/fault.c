/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/fault.h"

#include <stdio.h>
#include <string.h>

#include "case/document.h"

enum { MESSAGE_LENGTH = 512, NAME_LENGTH = 128 };

/* Of the value, or of the innermost section. */
static struct rst_place place_of(struct fy_node *root, const char *path) {
  struct rst_place place = rst_place_start();
  struct fy_node *node = root;
  for (const char *rest = path; rest && node && fy_node_is_mapping(node);) {
    char name[NAME_LENGTH];
    const char *dot = strchr(rest, '.');
    snprintf(name, sizeof name, "%.*s", (int)(dot ? (size_t)(dot - rest) : strlen(rest)), rest);
    struct fy_node_pair *pair = rst_node_lookup(node, name);
    if (!pair) {
      break;
    }
    node = rst_node_follow(fy_node_pair_value(pair));
    place = dot ? rst_pair_place(pair, place) : rst_node_place(node, rst_pair_place(pair, place));
    rest = dot ? dot + 1 : NULL;
  }
  return place;
}

enum rst_status rst_case_fault(struct rst_context *context, const struct rst_case *from, const char *path,
                               const char *format, ...) {
  const struct rst_loaded_case *loaded = (const struct rst_loaded_case *)from;
  char message[MESSAGE_LENGTH];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  RST_SCOPED int *numbers = NULL;
  RST_TRY(RST_NEW(context, loaded->override_count + 1, &numbers));
  struct rst_report report = {.path = loaded->name,
                              .source = loaded->source,
                              .length = strlen(loaded->source),
                              .overrides = loaded->overrides,
                              .numbers = numbers};
  struct rst_document document = {0};
  struct rst_place place = rst_place_start();
  if (rst_document_parse(&report, 0, report.source, report.length, &document)) {
    for (size_t i = 0; i < loaded->override_count; ++i) {
      numbers[i] = (int)i + 1;
      rst_override_apply(&report, &loaded->keys, &numbers[i], document.tree);
    }
    place = place_of(fy_document_root(document.tree), path);
  }
  rst_report_add(&report, place, "%s", message);
  rst_document_clear(&document);
  const enum rst_status status = rst_report_finish(&report, context);
  rst_report_clear(&report);
  return status;
}
