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

void rst_text_add_bytes(struct rst_text *text, const char *bytes, size_t count) {
  if (reserve(text, count)) {
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = '\0';
  }
}

void rst_text_add_blanks(struct rst_text *text, size_t count) {
  if (reserve(text, count)) {
    memset(text->bytes + text->length, ' ', count);
    text->length += count;
    text->bytes[text->length] = '\0';
  }
}

/* Whether a format has no conversions but %s. */
static bool has_texts_alone(const char *format) {
  const char *percent = strchr(format, '%');
  while (percent && percent[1] == 's') {
    percent = strchr(percent + 2, '%');
  }
  return !percent;
}

/* Formats of texts alone, which are most, are not left to printf: it takes several times as long. */
void rst_text_add(struct rst_text *text, const char *format, ...) {
  enum { USUAL = 64 };
  const bool plain = has_texts_alone(format);
  const bool ready = plain || reserve(text, USUAL);
  va_list arguments;
  va_start(arguments, format);
  /* NOLINTBEGIN(clang-analyzer-valist.Uninitialized): it does not see va_start() here */
  if (plain) {
    for (const char *percent = strchr(format, '%'); percent; percent = strchr(format, '%')) {
      const char *argument = va_arg(arguments, const char *);
      rst_text_add_bytes(text, format, (size_t)(percent - format));
      rst_text_add_bytes(text, argument, strlen(argument));
      format = percent + 2;
    }
    rst_text_add_bytes(text, format, strlen(format));
  } else if (ready) {
    va_list again;
    va_copy(again, arguments);
    const size_t room = text->capacity - text->length;
    const int length = vsnprintf(text->bytes + text->length, room, format, arguments);
    const size_t more = length > 0 ? (size_t)length : 0;
    if (more >= room && reserve(text, more)) {
      vsnprintf(text->bytes + text->length, more + 1, format, again);
    }
    text->length += text->failed ? 0 : more;
    va_end(again);
  }
  /* NOLINTEND(clang-analyzer-valist.Uninitialized) */
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
  for (const char *c = string; *c;) {
    size_t plain = 0;
    while ((unsigned char)c[plain] >= first_printable && c[plain] != '"' && c[plain] != '\\') {
      plain += 1;
    }
    rst_text_add_bytes(text, c, plain);
    c += plain;
    if (*c == '"' || *c == '\\') {
      rst_text_add(text, "\\%c", *c++);
    } else if (*c) {
      rst_text_add(text, "\\u%04x", (unsigned)*c++);
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
