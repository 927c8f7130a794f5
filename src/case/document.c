/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/document.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum rst_status rst_read_text_file(struct rst_context *context, const char *path, char **text,
                                   size_t *length) {
  enum { LARGEST = 1 << 20 };
  struct stat information;
  RST_REQUIRE(context, stat(path, &information) == 0, RST_ERROR_IO,
              "the case file \"%s\" could not be read: %s", path, strerror(errno));
  RST_REQUIRE(context, !S_ISDIR(information.st_mode), RST_ERROR_IO,
              "\"%s\" is a folder; name a case file in it", path);
  FILE *file = fopen(path, "rb");
  RST_REQUIRE(context, file, RST_ERROR_IO, "the case file \"%s\" could not be read: %s", path,
              strerror(errno));
  char *read = malloc(LARGEST + 1);
  const size_t count = read ? fread(read, 1, LARGEST + 1, file) : 0;
  const bool failed = ferror(file) != 0;
  (void)fclose(file);
  const enum rst_status status = !read             ? RST_ERROR_MEMORY
                                 : failed          ? RST_ERROR_IO
                                 : count > LARGEST ? RST_ERROR_IO
                                                   : RST_OK;
  if (status != RST_OK) {
    free(read);
    return rst_fail(context, status, "the case file \"%s\" could not be read: %s", path,
                    !read    ? "memory is exhausted"
                    : failed ? "input/output error"
                             : "it is larger than 1 MiB, which no case is");
  }
  read[count] = '\0';
  *text = read;
  *length = count;
  return RST_OK;
}

/* Bytes of the well-formed UTF-8 character at `at`, 0 if there is none; NUL counts as malformed, since no
 * text of a case holds it. */
static size_t character_length(const unsigned char *at, size_t rest) {
  if (*at < 0x80U) {
    return *at != 0;
  }
  const size_t length = *at >= 0xF0U ? 4 : *at >= 0xE0U ? 3 : 2;
  if (*at < 0xC2U || *at > 0xF4U || length > rest) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((at[i] & 0xC0U) != 0x80U) {
      return 0;
    }
  }
  return length;
}

/* libfyaml drops malformed characters in silence. */
static bool check_encoding(struct rst_report *report, int override, const char *text, size_t length) {
  struct rst_place place = rst_place_start();
  place.override = override;
  while (place.offset < length) {
    const size_t step = character_length((const unsigned char *)text + place.offset, length - place.offset);
    if (step == 0) {
      rst_report_add(report, place, "this byte (0x%02x) is not UTF-8 text; is this a case file?",
                     (unsigned)(unsigned char)text[place.offset]);
      return false;
    }
    const bool newline = text[place.offset] == '\n';
    place.line += newline;
    place.column = newline ? 1 : place.column + 1;
    place.offset += step;
  }
  return true;
}

/* Byte offset of a line and column, both from 1. */
static size_t offset_of(const char *text, size_t length, int line, int column) {
  size_t at = 0;
  for (; line > 1 && at < length; ++at) {
    line -= text[at] == '\n';
  }
  for (; column > 1 && at < length && text[at] != '\n'; --column) {
    const size_t step = character_length((const unsigned char *)text + at, length - at);
    at += step ? step : 1;
  }
  return at;
}

static void report_syntax(struct rst_report *report, int override, const char *text, size_t length,
                          struct fy_diag *diagnostics) {
  void *state = NULL;
  const struct fy_diag_error *error = diagnostics ? fy_diag_errors_iterate(diagnostics, &state) : NULL;
  struct rst_place place = rst_place_start();
  if (error && error->line > 0 && error->column > 0) {
    place.line = error->line;
    place.column = error->column;
    place.offset = offset_of(text, length, place.line, place.column);
  }
  place.override = override;
  rst_report_add(report, place, "not valid YAML: %s", error && error->msg ? error->msg : "unreadable");
}

bool rst_document_parse(struct rst_report *report, int override, const char *text, size_t length,
                        struct rst_document *document) {
  struct rst_place start = rst_place_start();
  start.override = override;
  if (!check_encoding(report, override, text, length)) {
    return false;
  }
  struct fy_diag_cfg diagnostics;
  fy_diag_cfg_default(&diagnostics);
  diagnostics.colorize = false;
  document->diagnostics = fy_diag_create(&diagnostics);
  if (!document->diagnostics) {
    report->exhausted = true;
    return false;
  }
  fy_diag_set_collect_errors(document->diagnostics, true);
  /* Duplicate keys are reported by the caller, all of them and with both places. */
  const struct fy_parse_cfg configuration = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                                      FYPCF_ALLOW_DUPLICATE_KEYS | FYPCF_DEFAULT_VERSION_1_2,
                                             .diag = document->diagnostics};
  document->parser = fy_parser_create(&configuration);
  if (!document->parser || fy_parser_set_string(document->parser, text, length) != 0) {
    report->exhausted = true;
    return false;
  }
  document->tree = fy_parse_load_document(document->parser);
  if (fy_parser_get_stream_error(document->parser)) {
    report_syntax(report, override, text, length, document->diagnostics);
    return false;
  }
  if (!document->tree || !fy_document_root(document->tree)) {
    rst_report_add(report, start, override ? "the value is empty" : "the case is empty");
    return false;
  }
  struct fy_document *second = fy_parse_load_document(document->parser);
  fy_parse_document_destroy(document->parser, second);
  if (second || fy_parser_get_stream_error(document->parser)) {
    rst_report_add(report, start, "there is more than one YAML document; keep the first");
    return false;
  }
  return true;
}

void rst_document_clear(struct rst_document *document) {
  if (document->parser) {
    fy_parse_document_destroy(document->parser, document->tree);
    fy_parser_destroy(document->parser);
  }
  fy_diag_destroy(document->diagnostics);
  *document = (struct rst_document){0};
}

struct fy_node *rst_node_follow(struct fy_node *node) {
  return node && fy_node_is_alias(node) ? fy_node_resolve_alias(node) : node;
}

/* Quotes around a number do not count if its tag says that it is one. */
static bool is_tagged_number(struct fy_node *node) {
  static const char *const numbers[] = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"};
  size_t length = 0;
  const char *tag = fy_node_get_tag(node, &length);
  for (size_t i = 0; tag && i < sizeof numbers / sizeof *numbers; ++i) {
    if (strlen(numbers[i]) == length && memcmp(numbers[i], tag, length) == 0) {
      return true;
    }
  }
  return false;
}

bool rst_node_scalar(struct fy_node *node, struct rst_scalar *scalar) {
  *scalar = (struct rst_scalar){.text = "", .plain = true};
  if (!node) {
    return true;
  }
  if (!fy_node_is_scalar(node)) {
    return false;
  }
  const char *text = fy_node_get_scalar0(node);
  fy_node_get_scalar(node, &scalar->length);
  scalar->text = text ? text : "";
  scalar->length = text ? scalar->length : 0;
  const enum fy_node_style style = fy_node_get_style(node);
  scalar->plain = style == FYNS_PLAIN || style == FYNS_ANY || is_tagged_number(node);
  return true;
}

bool rst_node_null(struct fy_node *node) {
  struct rst_scalar scalar;
  return rst_node_scalar(node, &scalar) && rst_scalar_null(&scalar);
}

const char *rst_node_found(struct fy_node *node, char found[RST_FOUND_LENGTH]) {
  struct rst_scalar scalar;
  if (rst_node_scalar(node, &scalar)) {
    return rst_scalar_found(&scalar, found);
  }
  return fy_node_is_mapping(node) ? "a mapping" : "a list";
}

/* Overrides mark the nodes they set with their number; 0 for what comes from the file. */
static int override_of(struct fy_node *node) {
  for (; node; node = fy_node_get_parent(node)) {
    const int *number = fy_node_get_meta(node);
    if (number) {
      return *number;
    }
  }
  return 0;
}

struct rst_place rst_node_place(struct fy_node *node, struct rst_place otherwise) {
  if (!node) {
    return otherwise;
  }
  const int override = override_of(node);
  if (override > 0) {
    return (struct rst_place){.override = override};
  }
  void *state = NULL;
  if (fy_node_is_mapping(node)) {
    struct fy_node_pair *pair = fy_node_mapping_iterate(node, &state);
    return pair ? rst_node_place(fy_node_pair_key(pair), otherwise) : otherwise;
  }
  if (fy_node_is_sequence(node)) {
    return rst_node_place(fy_node_sequence_iterate(node, &state), otherwise);
  }
  struct fy_token *token = fy_node_get_scalar_token(node);
  const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
  size_t length = 0;
  if (!mark || mark->line < 0 || mark->column < 0) {
    return otherwise;
  }
  /* A value that is left out is somewhere behind its key for some versions of libfyaml, nowhere for others. */
  if (fy_node_get_style(node) == FYNS_PLAIN && fy_token_get_text(token, &length) && length == 0) {
    return otherwise;
  }
  /* The mark of a quoted scalar or an alias is behind its first character. */
  const enum fy_node_style style = fy_node_get_style(node);
  const bool behind =
      (style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED || style == FYNS_ALIAS) && mark->column > 0;
  return (struct rst_place){
      .line = mark->line + 1, .column = mark->column + 1 - behind, .offset = mark->input_pos - behind};
}

struct rst_place rst_pair_place(struct fy_node_pair *pair, struct rst_place otherwise) {
  const int override = override_of(fy_node_pair_value(pair));
  return override > 0 ? (struct rst_place){.override = override}
                      : rst_node_place(fy_node_pair_key(pair), otherwise);
}

struct fy_node_pair *rst_node_lookup(struct fy_node *mapping, const char *key) {
  void *state = NULL;
  struct fy_node_pair *pair = NULL;
  while ((pair = fy_node_mapping_iterate(mapping, &state))) {
    struct rst_scalar scalar;
    if (rst_node_scalar(fy_node_pair_key(pair), &scalar) && strcmp(scalar.text, key) == 0) {
      break;
    }
  }
  return pair;
}
