/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case/report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

struct rst_fault {
  struct rst_place place;
  size_t order; /**< of reporting, for faults at one place */
  char *text;
};

struct rst_place rst_place_start(void) {
  return (struct rst_place){.line = 1, .column = 1};
}

enum { MOST_FAULTS = 100 };

bool rst_report_full(const struct rst_report *report) {
  return report->count >= MOST_FAULTS;
}

void rst_report_add(struct rst_report *report, struct rst_place place, const char *format, ...) {
  char line[1024];
  if (rst_report_full(report)) {
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (report->count == report->capacity) {
    const size_t capacity = report->capacity ? 2 * report->capacity : 8;
    struct rst_fault *faults = realloc(report->faults, capacity * sizeof *faults);
    if (!faults) {
      report->exhausted = true;
      return;
    }
    report->faults = faults;
    report->capacity = capacity;
  }
  struct rst_text text = {0};
  rst_text_add(&text, "%s", line);
  char *made = rst_text_take(&text);
  if (!made) {
    report->exhausted = true;
    return;
  }
  report->faults[report->count] = (struct rst_fault){.place = place, .order = report->count, .text = made};
  ++report->count;
}

static int compare_faults(const void *left, const void *right) {
  const struct rst_fault *a = left;
  const struct rst_fault *b = right;
  if (a->place.override != b->place.override) {
    return a->place.override < b->place.override ? -1 : 1;
  }
  if (a->place.offset != b->place.offset) {
    return a->place.offset < b->place.offset ? -1 : 1;
  }
  return a->order < b->order ? -1 : 1;
}

/* The line of the source and a caret under the place. */
static void add_excerpt(const struct rst_report *report, struct rst_place place, struct rst_text *text) {
  enum { WIDEST = 200 };
  const size_t at = place.offset < report->length ? place.offset : report->length;
  size_t begin = at;
  while (begin > 0 && report->source[begin - 1] != '\n') {
    --begin;
  }
  size_t end = at;
  while (end < report->length && report->source[end] != '\n' && report->source[end] != '\r') {
    ++end;
  }
  if (end == begin || end - begin > WIDEST) {
    return;
  }
  rst_text_add(text, "\n  %.*s\n  ", (int)(end - begin), report->source + begin);
  for (size_t i = begin; i < at; ++i) {
    const unsigned char byte = (unsigned char)report->source[i];
    const bool continuation = (byte & 0xC0U) == 0x80U; /* of a UTF-8 character, which takes one column */
    if (!continuation) {
      rst_text_add(text, "%c", byte == '\t' ? '\t' : ' ');
    }
  }
  rst_text_add(text, "^");
}

enum rst_status rst_report_finish(struct rst_report *report, struct rst_context *context) {
  RST_REQUIRE(context, !report->exhausted, RST_ERROR_MEMORY, "memory is exhausted while reading \"%s\"",
              report->path);
  if (report->count == 0) {
    return RST_OK;
  }
  qsort(report->faults, report->count, sizeof *report->faults, compare_faults);
  struct rst_text text = {0};
  for (size_t i = 0; i < report->count; ++i) {
    const struct rst_fault *fault = &report->faults[i];
    rst_text_add(&text, "%s", i ? "\n" : "");
    if (fault->place.override) {
      rst_text_add(&text, "-D %s: error: %s", report->overrides[fault->place.override - 1], fault->text);
    } else {
      rst_text_add(&text, "%s:%d:%d: error: %s", report->path, fault->place.line, fault->place.column,
                   fault->text);
      add_excerpt(report, fault->place, &text);
    }
  }
  if (rst_report_full(report)) {
    rst_text_add(&text, "\nthese are the first %d errors; there may be more", MOST_FAULTS);
  }
  char *message = rst_text_take(&text);
  RST_REQUIRE(context, message, RST_ERROR_MEMORY, "memory is exhausted while reading \"%s\"", report->path);
  rst_fail(context, RST_ERROR_CASE, "%s", message);
  free(message);
  return RST_ERROR_CASE;
}

void rst_report_clear(struct rst_report *report) {
  for (size_t i = 0; i < report->count; ++i) {
    free(report->faults[i].text);
  }
  free(report->faults);
  report->faults = NULL;
  report->count = report->capacity = 0;
}

const char *rst_quote(char quoted[RST_QUOTE_LENGTH], const char *text, size_t length) {
  enum { ELLIPSIS = 3, FRAME = 3 }; /* two quotes and the final NUL */
  const size_t room = RST_QUOTE_LENGTH - FRAME;
  size_t shown = length;
  if (length > room) {
    shown = room - ELLIPSIS;
    while (shown > 0 && ((unsigned char)text[shown] & 0xC0U) == 0x80U) {
      --shown; /* not within a UTF-8 character */
    }
  }
  size_t at = 0;
  quoted[at++] = '"';
  for (size_t i = 0; i < shown; ++i) {
    quoted[at++] = iscntrl((unsigned char)text[i]) ? '?' : text[i];
  }
  snprintf(quoted + at, RST_QUOTE_LENGTH - at, "%s\"", length > room ? "..." : "");
  return quoted;
}

/* Levenshtein's distance, letters compared without case; SIZE_MAX for words too long to be names. */
static size_t distance(const char *a, const char *b) {
  enum { LONGEST = 64 };
  const size_t m = strlen(a);
  const size_t n = strlen(b);
  if (m > LONGEST || n > LONGEST) {
    return SIZE_MAX;
  }
  size_t row[LONGEST + 1];
  for (size_t j = 0; j <= n; ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= m; ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; ++j) {
      const bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
      const size_t replaced = diagonal + !same;
      const size_t shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
      diagonal = row[j];
      row[j] = replaced < shorter + 1 ? replaced : shorter + 1;
    }
  }
  return row[n];
}

void rst_nearest_offer(struct rst_nearest *nearest, const char *candidate) {
  const size_t away = distance(nearest->word, candidate);
  const size_t limit = (strlen(nearest->word) + 2) / 3;
  if (away <= limit && (!nearest->best || away < nearest->distance)) {
    nearest->best = candidate;
    nearest->distance = away;
  }
}
