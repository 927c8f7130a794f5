/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "archive/output.h"
#include "core/core.h"
#include "sweep/boundary.h"
#include "sweep/sweep_parts.h"
#include "sweep/work_list.h"

/* What the files hold together; its origin is the first one's. */
struct merger {
  struct rst_context *context;
  bool are_diagrams;
  struct rst_output output;
  struct rst_sweep_table *table;
  struct rst_sweep_origin origin;
  double wall_seconds;
};

static double first_known(double a, double b) {
  return isnan(a) ? b : a;
}

static void adopt(struct rst_sweep_table *table, const struct rst_sweep_table *from) {
  for (size_t i = 0; i < table->points; ++i) {
    if (table->regime[i] == RST_SWEEP_PENDING) {
      rst_sweep_table_adopt(table, i, from, i);
    }
    if (table->agreement[i] < 0) {
      table->agreement[i] = from->agreement[i];
    }
  }
  for (size_t i = 0; i < table->limits && table->samples == 0; ++i) {
    table->lr_lo[i] = first_known(table->lr_lo[i], from->lr_lo[i]);
    table->lr_hi[i] = first_known(table->lr_hi[i], from->lr_hi[i]);
  }
}

static bool have_same_shape(const struct rst_sweep_table *one, const struct rst_sweep_table *other) {
  bool same = one->axis_count == other->axis_count && one->samples == other->samples;
  for (size_t i = 0; same && i < one->axis_count; ++i) {
    same = one->axes[i].count == other->axes[i].count && strcmp(one->axes[i].name, other->axes[i].name) == 0;
  }
  return same;
}

static enum rst_status check(const struct merger *merger, const char *path,
                             const struct rst_sweep_table *table, const char *effective) {
  RST_TRY(rst_sweep_require_same_case(merger->context, merger->table, merger->origin.case_effective,
                                      effective, path, "only shards of one case can be joined"));
  RST_REQUIRE(merger->context, have_same_shape(table, merger->table), RST_ERROR_IO,
              "%s: its grid is not that of its case; do this shard again", path);
  return RST_OK;
}

static enum rst_status add(struct merger *merger, const char *path) {
  struct rst_sweep_table table;
  struct rst_sweep_origin origin;
  double seconds = 0.0;
  RST_TRY(rst_sweep_file_load(merger->context, path, &table, &seconds, &origin));
  const enum rst_status status = check(merger, path, &table, origin.case_effective);
  if (status == RST_OK) {
    rst_sweep_forget_filled(&table);
    adopt(merger->table, &table);
    merger->wall_seconds += seconds;
  }
  rst_sweep_table_clear(&table);
  rst_sweep_origin_clear(&origin);
  return status;
}

static enum rst_status count_the_rest(struct merger *merger, size_t *points, size_t *cells) {
  struct rst_work_list work;
  const enum rst_status status = rst_work_list_create(merger->context, merger->table, 0, 1, 0, &work);
  *cells = work.wanted.count;
  *points = work.left - work.wanted.count;
  rst_work_list_clear(&work);
  return status;
}

static enum rst_status conclude(struct merger *merger, struct rst_sweep_summary *summary) {
  size_t points = 0;
  size_t cells = 0;
  RST_TRY(count_the_rest(merger, &points, &cells));
  const bool completed = points + cells == 0;
  if (completed) {
    rst_sweep_fill(merger->table);
  }
  RST_TRY(rst_sweep_measure_boundaries(merger->context, merger->table));
  rst_sweep_summarize(merger->table, 0, 1, summary);
  summary->outcome = completed ? RST_SWEEP_COMPLETED : RST_SWEEP_INTERRUPTED;
  summary->reason = completed    ? "completed"
                    : points > 0 ? "points are missing"
                                 : "cells are left to divide, which --resume does";
  summary->wall_seconds = merger->wall_seconds;
  return RST_OK;
}

/* The case is that of the first file, and so is its name. */
static enum rst_status store(struct merger *merger, const struct rst_sweep_summary *summary) {
  const struct rst_sweep_origin *origin = &merger->origin;
  struct rst_case *from = NULL;
  struct rst_provenance provenance;
  RST_TRY(rst_case_parse(merger->context, origin->case_effective, NULL, NULL, 0, &from));
  enum rst_status status =
      rst_output_provenance(&merger->output, from, origin->case_effective, origin->correlation, &provenance);
  if (status == RST_OK) {
    provenance.case_source = origin->case_source;
    provenance.rigor = origin->rigor;
    provenance.name = origin->case_name;
    status = rst_sweep_file_write(merger->context, merger->output.path, merger->table, &provenance,
                                  summary->reason, merger->wall_seconds);
  }
  rst_case_destroy(&from);
  return status;
}

static enum rst_status join(struct merger *merger, const char *const *paths, size_t count,
                            struct rst_sweep_summary *summary) {
  RST_TRY(
      rst_sweep_file_load(merger->context, paths[0], merger->table, &merger->wall_seconds, &merger->origin));
  RST_REQUIRE(merger->context, (merger->table->samples > 0) == merger->are_diagrams, RST_ERROR_IO,
              "%s is no %s", paths[0], merger->are_diagrams ? "bifurcation diagram" : "sweep");
  rst_sweep_forget_filled(merger->table);
  for (size_t i = 1; i < count; ++i) {
    RST_TRY(add(merger, paths[i]));
  }
  RST_TRY(conclude(merger, summary));
  return store(merger, summary);
}

enum rst_status rst_sweep_join(struct rst_context *context, bool are_diagrams, const char *const *paths,
                               size_t count, const struct rst_output_options *output,
                               struct rst_sweep_summary *summary, struct rst_sweep_table *table) {
  struct merger merger = {.context = context, .are_diagrams = are_diagrams, .table = table};
  RST_REQUIRE(context, count > 0, RST_ERROR_ARGUMENT, "no files to join were given");
  RST_REQUIRE(context, !output->resume, RST_ERROR_ARGUMENT, "shards are joined anew, and not resumed");
  enum rst_status status = rst_output_open(context, output, NULL, &merger.output);
  if (status == RST_OK) {
    status = rst_output_prepare(&merger.output);
  }
  if (status == RST_OK) {
    status = join(&merger, paths, count, summary);
  }
  rst_output_close(&merger.output);
  rst_sweep_origin_clear(&merger.origin);
  return status;
}

enum rst_status rst_sweep_merge(struct rst_context *context, const char *const *paths, size_t count,
                                const struct rst_output_options *output, struct rst_sweep_summary *summary) {
  struct rst_sweep_table table = {0};
  const enum rst_status status = rst_sweep_join(context, false, paths, count, output, summary, &table);
  rst_sweep_table_clear(&table);
  return status;
}
