/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct rst_text *text, size_t more) {
  enum { SMALLEST = 256 };
  const size_t needed = text->length + more + 1;
  if (needed <= text->capacity) {
    return true;
  }
  const size_t capacity = needed < SMALLEST ? SMALLEST : 2 * needed;
  char *bytes = realloc(text->bytes, capacity);
  if (!bytes) {
    text->failed = true;
    return false;
  }
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

void rst_text_add(struct rst_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  const int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length >= 0 && reserve(text, (size_t)length)) {
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    text->length += (size_t)length;
  }
  va_end(arguments);
}

void rst_text_add_number(struct rst_text *text, double value) {
  enum { FEWEST = 6, MOST = 17 };
  if (!isfinite(value)) {
    rst_text_add(text, "null");
    return;
  }
  char digits[32];
  for (int precision = FEWEST; precision <= MOST; ++precision) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, NULL) == value) {
      break;
    }
  }
  rst_text_add(text, "%s", digits);
}

void rst_text_add_quoted(struct rst_text *text, const char *string) {
  const unsigned char first_printable = 0x20;
  if (!string) {
    rst_text_add(text, "null");
    return;
  }
  rst_text_add(text, "\"");
  for (const char *c = string; *c; ++c) {
    if (*c == '"' || *c == '\\') {
      rst_text_add(text, "\\%c", *c);
    } else if ((unsigned char)*c < first_printable) {
      rst_text_add(text, "\\u%04x", (unsigned)*c);
    } else {
      rst_text_add(text, "%c", *c);
    }
  }
  rst_text_add(text, "\"");
}

char *rst_text_take(struct rst_text *text) {
  char *bytes = NULL;
  if (!text->failed && reserve(text, 0) && text->bytes) {
    bytes = text->bytes;
    bytes[text->length] = '\0';
    text->bytes = NULL;
  }
  rst_text_clear(text);
  return bytes;
}

void rst_text_clear(struct rst_text *text) {
  free(text->bytes);
  *text = (struct rst_text){0};
}

void rst_text_add_object(struct rst_text *text, const struct rst_member *members, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    rst_text_add(text, "%s\"%s\": ", i ? ", " : "{", members[i].name);
    if (members[i].text) {
      rst_text_add_quoted(text, members[i].text);
    } else {
      rst_text_add_number(text, members[i].value);
    }
  }
  rst_text_add(text, "}");
}

void rst_text_add_argument(struct rst_text *text, const char *argument) {
  static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  rst_text_add(text, text->length ? " " : "");
  if (*argument && argument[strspn(argument, safe)] == '\0') {
    rst_text_add(text, "%s", argument);
    return;
  }
  rst_text_add(text, "'");
  for (const char *c = argument; *c; ++c) {
    rst_text_add(text, *c == '\'' ? "'\\''" : "%c", *c);
  }
  rst_text_add(text, "'");
}
