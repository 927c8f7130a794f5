/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/bifurcate_command.h"
#include "core/core.h"

enum { MOST_LINES = 30 };

/* Only periodic orbits are told apart by their periods. */
static struct rst_range range_of(const struct rst_bifurcation *diagram, size_t index) {
  const int regime = (int)diagram->regimes[index];
  const long period = regime == RST_REGIME_RESTRAINED_PERIODIC ? (long)diagram->periods[index] : 0;
  return (struct rst_range){.first = index, .last = index, .regime = regime, .period = period};
}

enum rst_status rst_ranges_find(struct rst_context *context, const struct rst_bifurcation *diagram,
                                struct rst_ranges *ranges) {
  *ranges = (struct rst_ranges){.values = diagram->values};
  RST_TRY(RST_NEW(context, diagram->count, &ranges->list));
  struct rst_range *last = NULL;
  for (size_t i = 0; i < diagram->count; ++i) {
    const struct rst_range here = range_of(diagram, i);
    if (last && last->regime == here.regime && last->period == here.period) {
      last->last = i;
    } else {
      last = &ranges->list[ranges->count++];
      *last = here;
    }
  }
  return RST_OK;
}

void rst_ranges_clear(struct rst_ranges *ranges) {
  free(ranges->list);
  *ranges = (struct rst_ranges){0};
}

static const char *name_of(int regime) {
  return regime < 0 ? "not done" : rst_regime_names()[regime];
}

static size_t length(const struct rst_range *range) {
  return range->last - range->first + 1;
}

/* The end of the line that begins with range i: ranges below `shortest` share one with their like. */
static size_t line_end(const struct rst_ranges *ranges, size_t i, size_t shortest) {
  size_t end = i;
  while (end < ranges->count && length(&ranges->list[end]) < shortest) {
    ++end;
  }
  return end > i ? end : i + 1;
}

static size_t count_lines(const struct rst_ranges *ranges, size_t shortest) {
  size_t lines = 0;
  for (size_t i = 0; i < ranges->count; i = line_end(ranges, i, shortest)) {
    ++lines;
  }
  return lines;
}

/* "mixed: 12 restrained-chaotic, 3 undecided" */
static void add_mixture(struct rst_text *text, const struct rst_ranges *ranges, size_t begin, size_t end) {
  const char *separator = "mixed: ";
  for (int regime = -1; regime < RST_REGIME_COUNT; ++regime) {
    size_t values = 0;
    for (size_t i = begin; i < end; ++i) {
      values += ranges->list[i].regime == regime ? length(&ranges->list[i]) : 0;
    }
    if (values > 0) {
      rst_text_add(text, "%s%zu %s", separator, values, name_of(regime));
      separator = ", ";
    }
  }
}

static void add_line(struct rst_text *text, const struct rst_ranges *ranges, size_t begin, size_t end) {
  const struct rst_range *range = &ranges->list[begin];
  rst_text_add(text, "\n  %10.6g .. %-10.6g  ", ranges->values[range->first],
               ranges->values[ranges->list[end - 1].last]);
  if (end > begin + 1) {
    add_mixture(text, ranges, begin, end);
    return;
  }
  rst_text_add(text, "%s", name_of(range->regime));
  if (range->period > 0) {
    rst_text_add(text, ", period %ld", range->period);
  } else if (range->regime == RST_REGIME_RESTRAINED_PERIODIC) {
    rst_text_add(text, ", quasi-periodic or longer than %d", (int)RST_REGIME_MOST_PERIOD);
  }
}

void rst_ranges_add_text(struct rst_text *text, const struct rst_ranges *ranges) {
  size_t shortest = 1;
  while (count_lines(ranges, shortest) > MOST_LINES) {
    ++shortest;
  }
  size_t end = 0;
  for (size_t i = 0; i < ranges->count; i = end) {
    end = line_end(ranges, i, shortest);
    add_line(text, ranges, i, end);
  }
}

void rst_ranges_add_json(struct rst_text *text, const struct rst_ranges *ranges) {
  rst_text_add(text, "[");
  for (size_t i = 0; i < ranges->count; ++i) {
    const struct rst_range *range = &ranges->list[i];
    rst_text_add(text, "%s{\"from\": ", i ? ", " : "");
    rst_text_add_number(text, ranges->values[range->first]);
    rst_text_add(text, ", \"to\": ");
    rst_text_add_number(text, ranges->values[range->last]);
    rst_text_add(text, ", \"values\": %zu, \"regime\": ", length(range));
    rst_text_add_quoted(text, range->regime < 0 ? NULL : name_of(range->regime));
    rst_text_add(text, ", \"period\": ");
    rst_text_add(text, range->period > 0 ? "%ld}" : "null}", range->period);
  }
  rst_text_add(text, "]");
}
