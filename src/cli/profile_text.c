/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/profile_text.h"

#include <math.h>
#include <stdio.h>

static double sum_of(const struct rst_run_summary *summary) {
  double sum = 0.0;
  for (size_t i = 0; i < RST_RUN_STAGES; ++i) {
    sum += summary->profile[i].seconds;
  }
  return sum;
}

/* Seconds of an update of this call; NaN if there was none. */
static double per_update(const struct rst_run_summary *summary, double seconds) {
  const long updates = summary->last - summary->first;
  return updates > 0 ? seconds / (double)updates : NAN;
}

static void print_line(const struct rst_run_summary *summary, const char *stage, double seconds, double sum) {
  const double percent = 100.0;
  const double microseconds = 1e6 * per_update(summary, seconds);
  printf("  %-14s%12.6f%9.1f %%", stage, seconds, sum > 0.0 ? percent * seconds / sum : 0.0);
  if (isfinite(microseconds)) {
    printf("%14.3f", microseconds);
  }
  putchar('\n');
}

void rst_profile_print(const struct rst_run_summary *summary) {
  if (summary->profiled == 0) {
    return;
  }
  const double sum = sum_of(summary);
  printf("  time by stages, from %ld of %ld iterations\n", summary->profiled,
         summary->last - summary->first + 1);
  printf("  %-14s%12s%11s%14s\n", "stage", "seconds", "share", "us/update");
  for (size_t i = 0; i < RST_RUN_STAGES; ++i) {
    if (summary->profile[i].seconds > 0.0) {
      print_line(summary, summary->profile[i].stage, summary->profile[i].seconds, sum);
    }
  }
  print_line(summary, "all", sum, sum);
}

void rst_profile_add_json(const struct rst_run_summary *summary, struct rst_text *text) {
  if (summary->profiled == 0) {
    return;
  }
  const double sum = sum_of(summary);
  rst_text_add(text, ", \"profile\": {\"timed\": %ld, \"seconds\": ", summary->profiled);
  rst_text_add_number(text, sum);
  rst_text_add(text, ", \"stages\": [");
  for (size_t i = 0; i < RST_RUN_STAGES; ++i) {
    const struct rst_stage_time *time = &summary->profile[i];
    rst_text_add(text, "%s{\"stage\": ", i > 0 ? ", " : "");
    rst_text_add_quoted(text, time->stage);
    rst_text_add(text, ", \"seconds\": ");
    rst_text_add_number(text, time->seconds);
    rst_text_add(text, ", \"share\": ");
    rst_text_add_number(text, time->seconds / sum);
    rst_text_add(text, ", \"per_update\": ");
    rst_text_add_number(text, per_update(summary, time->seconds));
    rst_text_add(text, "}");
  }
  rst_text_add(text, "]}");
}
