/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/follow_command.h"
#include "core/core.h"
#include "follow/follow_table.h"

enum { CELL = 14, MOST_TENSORS = 40, MOST_INTERVALS = 5 };

/* The heads of a group's columns, or the numbers of a subject, then a line break. */
static void add_cells(struct rst_text *text, enum rst_follow_group group, const void *subject) {
  for (size_t i = 0; i < rst_follow_numbers.count; ++i) {
    const struct rst_quantity *row = &rst_follow_numbers.rows[i];
    if (row->group != (int)group || !row->head) {
      continue;
    }
    const double value = subject ? rst_quantity_value(row, subject) : 0.0;
    if (!subject) {
      rst_text_add(text, "%*s", CELL, row->head);
    } else if (isnan(value)) {
      rst_text_add(text, "%*s", CELL, "-");
    } else {
      rst_text_add(text, "%*.6g", CELL, value);
    }
  }
  rst_text_add(text, "\n");
}

static int label_width(const struct rst_follow *follow) {
  const size_t least = 16;
  const size_t most = 48;
  size_t width = least;
  for (size_t i = 0; i < follow->tensor_count && i < MOST_TENSORS; ++i) {
    const size_t length = strlen(follow->tensors[i].name);
    width = length > width && length <= most ? length : width;
  }
  return (int)width;
}

/* A table over all weights and the tensors: of the parts themselves, or of one twin. */
static void add_table(struct rst_text *text, const struct rst_follow *follow, const char *title,
                      const size_t *twin) {
  const enum rst_follow_group group = twin ? RST_FOLLOW_OF_TWIN : RST_FOLLOW_OF_PART;
  const int width = label_width(follow);
  const size_t shown = follow->tensor_count < MOST_TENSORS ? follow->tensor_count : MOST_TENSORS;
  rst_text_add(text, "\n%s\n  %-*s", title, width, "");
  add_cells(text, group, NULL);
  for (size_t i = 0; i <= shown; ++i) {
    const struct rst_followed_part *part = i == 0 ? &follow->all : &follow->tensors[i - 1];
    rst_text_add(text, "  %-*s", width, i == 0 ? "all weights" : part->name);
    add_cells(text, group, twin ? (const void *)&part->twins[*twin] : part);
  }
  if (shown < follow->tensor_count) {
    rst_text_add(text, "  and %zu more tensors\n", follow->tensor_count - shown);
  }
}

static int compare_growth(const void *one, const void *other) {
  const struct rst_growth_interval *first = *(const struct rst_growth_interval *const *)one;
  const struct rst_growth_interval *second = *(const struct rst_growth_interval *const *)other;
  return (first->amplification < second->amplification) - (first->amplification > second->amplification);
}

/* The intervals, those of most amplification first; NULL, which the text remembers, if memory is exhausted. */
static const struct rst_growth_interval **sort_intervals(struct rst_text *text,
                                                         const struct rst_follow *follow) {
  const struct rst_growth_interval **sorted = calloc(follow->interval_count + 1, sizeof *sorted);
  text->failed = text->failed || !sorted;
  for (size_t i = 0; sorted && i < follow->interval_count; ++i) {
    sorted[i] = &follow->intervals[i];
  }
  if (sorted) {
    qsort((void *)sorted, follow->interval_count, sizeof *sorted, compare_growth);
  }
  return sorted;
}

static size_t shown_intervals(const struct rst_follow *follow) {
  return follow->interval_count < MOST_INTERVALS ? follow->interval_count : MOST_INTERVALS;
}

static void add_intervals(struct rst_text *text, const struct rst_follow *follow) {
  const double percent = 100.0;
  const int width = label_width(follow);
  RST_SCOPED const struct rst_growth_interval **sorted = sort_intervals(text, follow);
  rst_text_add(text, "\nintervals of growth: %zu, the strongest and where\n  %-*s", follow->interval_count,
               width, "");
  add_cells(text, RST_FOLLOW_OF_INTERVAL, NULL);
  for (size_t i = 0; sorted && i < shown_intervals(follow); ++i) {
    const struct rst_growth_interval *interval = sorted[i];
    rst_text_add(text, "  %-*s", width, follow->tensors[interval->tensor].name);
    add_cells(text, RST_FOLLOW_OF_INTERVAL, interval);
    rst_text_add(text, "    %.3g %% of the growing energy of twin %s\n",
                 percent * interval->tensor_shares[interval->tensor], follow->twins[interval->twin]);
  }
}

void rst_follow_add_text(struct rst_text *text, const struct rst_follow *follow) {
  struct rst_text title = {0};
  rst_text_add(&title, "reference %s: %zu times, steps %.6g to %.6g", follow->reference, follow->time_count,
               follow->step[0], follow->step[follow->time_count - 1]);
  add_table(text, follow, title.failed ? "reference" : title.bytes, NULL);
  rst_text_clear(&title);
  for (size_t i = 0; i < follow->twin_count; ++i) {
    rst_text_add(&title, "twin %s", follow->twins[i]);
    add_table(text, follow, title.failed ? "twin" : title.bytes, &i);
    rst_text_clear(&title);
  }
  if (follow->interval_count > 0) {
    add_intervals(text, follow);
  }
}

static void add_part(struct rst_text *text, const struct rst_follow *follow,
                     const struct rst_followed_part *part) {
  rst_quantities_add_json(&rst_follow_numbers, RST_FOLLOW_OF_PART, part, text);
  rst_text_add(text, ", \"twins\": [");
  for (size_t i = 0; i < follow->twin_count; ++i) {
    rst_text_add(text, i > 0 ? ", {\"twin\": " : "{\"twin\": ");
    rst_text_add_quoted(text, follow->twins[i]);
    rst_text_add(text, ", ");
    rst_quantities_add_json(&rst_follow_numbers, RST_FOLLOW_OF_TWIN, &part->twins[i], text);
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]");
}

static void add_interval(struct rst_text *text, const struct rst_follow *follow,
                         const struct rst_growth_interval *interval) {
  rst_text_add(text, "{\"twin\": ");
  rst_text_add_quoted(text, follow->twins[interval->twin]);
  rst_text_add(text, ", \"tensor\": ");
  rst_text_add_quoted(text, follow->tensors[interval->tensor].name);
  rst_text_add(text, ", ");
  rst_quantities_add_json(&rst_follow_numbers, RST_FOLLOW_OF_INTERVAL, interval, text);
  rst_text_add(text, ", \"tensor_shares\": {");
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    rst_text_add(text, i > 0 ? ", " : "");
    rst_text_add_quoted(text, follow->tensors[i].name);
    rst_text_add(text, ": ");
    rst_text_add_number(text, interval->tensor_shares[i]);
  }
  rst_text_add(text, "}}");
}

static void add_events(struct rst_text *text, const struct rst_follow *follow) {
  RST_SCOPED const struct rst_growth_interval **sorted = sort_intervals(text, follow);
  rst_text_add(text, ", \"event_count\": %zu, \"events\": [", follow->interval_count);
  for (size_t i = 0; sorted && i < shown_intervals(follow); ++i) {
    rst_text_add(text, i > 0 ? ", " : "");
    add_interval(text, follow, sorted[i]);
  }
  rst_text_add(text, "]");
}

void rst_follow_add_json(struct rst_text *text, const struct rst_follow *follow, const char *output) {
  rst_text_add(text, "{\"output\": ");
  rst_text_add_quoted(text, output);
  rst_text_add(text, ", \"reference\": ");
  rst_text_add_quoted(text, follow->reference);
  rst_text_add(text, ", \"times\": %zu, ", follow->time_count);
  add_part(text, follow, &follow->all);
  rst_text_add(text, ", \"tensors\": [");
  for (size_t i = 0; i < follow->tensor_count; ++i) {
    rst_text_add(text, i > 0 ? ", {\"name\": " : "{\"name\": ");
    rst_text_add_quoted(text, follow->tensors[i].name);
    rst_text_add(text, ", ");
    add_part(text, follow, &follow->tensors[i]);
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]");
  add_events(text, follow);
  rst_text_add(text, "}");
}
