/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <unistd.h>

#include "analysis/threshold_curves.h"
#include "case/compare.h"
#include "core/clock.h"
#include "core/core.h"
#include "core/files.h"
#include "restrain/run.h"
#include "sweep/boundary.h"
#include "sweep/evaluator.h"
#include "sweep/sweep_parts.h"
#include "sweep/work_list.h"
#include "transform/transform.h"

/* The side of a sweep that owns the results: it hands out blocks of points, enters what comes back under the points' places
 * and stores it. Engines (engine.h) compute. */
struct sweep {
  struct rst_context *context;
  const struct rst_case *from;
  const struct rst_sweep_options *options;
  struct rst_sweep_table table;
  struct rst_sweep_plan plan;
  struct rst_sweep_job job;
  const char *correlation;
  size_t last;             /* place of the last one done */
  double point_iterations; /* updates of this call */
  bool changed;            /* since the table was stored */
  bool lacks_theory;       /* was stopped before the thresholds were found */
  const char *reason;      /* to stop, NULL to go on */
  struct timespec started, stored;
  double wall_before, storing; /* seconds of earlier calls; seconds that the last storing took */
};

enum rst_status rst_sweep_check(struct rst_context *context, const struct rst_case *from) {
  RST_REQUIRE(context, from->sweep.lr.count > 0, RST_ERROR_ARGUMENT,
              "the case has no section sweep; say there which learning rates and weight decays to cover");
  return RST_OK;
}

static double wall_seconds(const struct sweep *sweep) {
  return sweep->wall_before + rst_seconds_since(&sweep->started);
}

static enum rst_status write_file(struct sweep *sweep, const char *exit_reason, const char *wisdom) {
  const struct rst_sweep_options *options = sweep->options;
  const struct rst_provenance provenance = {
      .case_source = rst_case_source(sweep->from),
      .case_effective = rst_case_effective(sweep->from),
      .wisdom = wisdom,
      .argc = options->argc,
      .argv = options->argv,
      .threads = rst_context_threads(sweep->context),
      .ranks = options->ranks ? options->ranks->size : 1,
      .rigor = rst_rigor_names[rst_context_rigor(sweep->context)],
      .correlation = sweep->correlation,
  };
  return rst_sweep_file_write(sweep->context, options->output, &sweep->table, &provenance, exit_reason,
                              wall_seconds(sweep));
}

static enum rst_status store(struct sweep *sweep, const char *exit_reason) {
  char *wisdom = NULL;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (rst_context_rigor(sweep->context) != RST_RIGOR_ESTIMATE) {
    RST_TRY(rst_transform_export_wisdom(sweep->context, &wisdom));
  }
  enum rst_status status = rst_sweep_measure_boundaries(sweep->context, &sweep->table);
  if (status == RST_OK) {
    status = write_file(sweep, exit_reason, wisdom);
  }
  free(wisdom);
  clock_gettime(CLOCK_MONOTONIC, &sweep->stored);
  sweep->storing = rst_seconds_between(&start, &sweep->stored);
  sweep->changed = false;
  return status;
}

static enum rst_status next(void *user, size_t batch, struct rst_sweep_block *block, bool *more) {
  struct sweep *sweep = user;
  *more = false;
  block->count = 0;
  if (!sweep->reason) {
    rst_sweep_plan_take(&sweep->plan, batch, sweep->job.workers, block, more);
  }
  return RST_OK;
}

static enum rst_status enter(void *user, const struct rst_sweep_block *block,
                             const struct rst_orbit_summary *points) {
  struct sweep *sweep = user;
  for (size_t i = 0; i < block->count; ++i) {
    sweep->point_iterations += (double)points[i].iterations_run;
  }
  sweep->last = block->index[block->count - 1];
  sweep->changed = true;
  return rst_sweep_plan_enter(sweep->context, &sweep->plan, block, points);
}

static enum rst_status tend(void *user, bool *stop) {
  const double longest = 10.0;
  const double share = 10.0; /* storing takes a tenth of the time at most */
  struct sweep *sweep = user;
  const struct rst_sweep_table *table = &sweep->table;
  const struct rst_sweep_plan *plan = &sweep->plan;
  if (sweep->changed && rst_seconds_since(&sweep->stored) >= fmax(longest, share * sweep->storing)) {
    RST_TRY(store(sweep, "running"));
  }
  if (sweep->options->poll && !sweep->reason) {
    const struct rst_sweep_progress progress = {.done = plan->done,
                                                .count = plan->done + plan->underway + plan->left,
                                                .point_iterations = sweep->point_iterations,
                                                .lr = table->lr[sweep->last % table->lrs],
                                                .weight_decay =
                                                    table->weight_decay[sweep->last / table->lrs]};
    sweep->reason = sweep->options->poll(sweep->options->user, &progress);
    /* The other ranks have still to be dismissed, for which there may be no time: mpirun kills all when one has died. */
    if (sweep->reason && sweep->options->ranks && sweep->changed) {
      RST_TRY(store(sweep, sweep->reason));
    }
  }
  *stop = sweep->reason != NULL;
  return RST_OK;
}

/* The engine of the points, and the correlation of those that are run in full. */
static enum rst_status describe(struct sweep *sweep) {
  struct rst_context *context = sweep->context;
  struct rst_sweep_table *table = &sweep->table;
  struct rst_evaluator *evaluator = NULL;
  struct rst_problem problem = {0};
  rst_context_set_rigor(context, sweep->from->performance.rigor);
  RST_TRY(rst_evaluator_create(context, sweep->from, sweep->from->sweep.reduction == RST_REDUCTION_AUTO,
                               &evaluator));
  table->engine = rst_evaluator_engine(evaluator);
  rst_evaluator_size(evaluator, &table->patches, &table->rank);
  rst_evaluator_destroy(&evaluator);
  RST_TRY(rst_problem_create(context, sweep->from, &problem));
  sweep->correlation = rst_flow_correlation(problem.flow);
  rst_problem_destroy(&problem);
  return RST_OK;
}

static bool stop_thresholds(void *user) {
  bool stop = false;
  return tend(user, &stop) != RST_OK || stop;
}

/* A file that is resumed has them already, unless it was stopped before. */
static enum rst_status compute_thresholds(struct sweep *sweep) {
  struct rst_sweep_table *table = &sweep->table;
  void *memory = NULL;
  size_t known = 0;
  while (known < table->weight_decays && !isnan(table->lr_hi[known])) {
    ++known;
  }
  if (known == table->weight_decays) {
    return RST_OK;
  }
  RST_TRY(rst_allocate(sweep->context, table->weight_decays, sizeof(struct rst_lr_limits), &memory));
  struct rst_lr_limits *theory = memory;
  const enum rst_status status =
      rst_lr_limits_until(sweep->context, sweep->from, table->weight_decay, table->weight_decays,
                          stop_thresholds, sweep, theory, &sweep->lacks_theory);
  for (size_t i = 0; status == RST_OK && !sweep->lacks_theory && i < table->weight_decays; ++i) {
    table->lr_lo[i] = theory[i].lr_lo;
    table->lr_hi[i] = theory[i].lr_hi;
  }
  free(theory);
  return status;
}

static enum rst_status restore(struct sweep *sweep) {
  const char *path = sweep->options->output;
  char *stored = NULL;
  char *wisdom = NULL;
  RST_TRY(rst_provenance_effective(sweep->context, path, &stored));
  enum rst_status status = rst_sweep_require_same_case(
      sweep->context, stored, rst_case_effective(sweep->from), path, RST_CASE_RESUME_REMEDY);
  free(stored);
  RST_TRY(status);
  RST_TRY(rst_sweep_file_read(sweep->context, path, &sweep->table, &sweep->wall_before, &wisdom));
  rst_sweep_forget_filled(&sweep->table);
  status = wisdom ? rst_transform_import_wisdom(sweep->context, wisdom) : RST_OK;
  free(wisdom);
  return status;
}

static enum rst_status open_sweep(struct sweep *sweep) {
  struct rst_context *context = sweep->context;
  const struct rst_sweep_options *options = sweep->options;
  const bool exists = access(options->output, F_OK) == 0;
  RST_TRY(rst_sweep_check(context, sweep->from));
  RST_REQUIRE(context, !exists || options->resume || options->force, RST_ERROR_IO,
              "%s exists; go on with it by --resume or replace it by --force", options->output);
  RST_TRY(rst_sweep_table_create(context, sweep->from, &sweep->table));
  if (options->resume && exists) {
    RST_TRY(restore(sweep));
  } else if (options->resume) {
    rst_warn(context, "%s does not exist yet: starting a new sweep", options->output);
  }
  RST_TRY(describe(sweep));
  const bool is_reduced = sweep->table.patches > 0;
  RST_TRY(rst_sweep_plan_create(context, &sweep->table, options->shard, options->shards,
                                is_reduced ? sweep->from->sweep.agreement : 0, &sweep->plan));
  return options->make_folders ? rst_files_make_folders(context, options->output) : RST_OK;
}

/* The file is made before the first point: a place that cannot be written shows at once. */
static enum rst_status prepare(struct sweep *sweep) {
  RST_TRY(open_sweep(sweep));
  RST_TRY(store(sweep, "running"));
  RST_TRY(compute_thresholds(sweep));
  sweep->changed = true;
  return RST_OK;
}

/* One point may bring about any number of others where cells are divided. */
static size_t most_points(const struct rst_sweep_plan *plan) {
  const struct rst_sweep_table *table = plan->table;
  return plan->left > 0 && table->refine > 0 ? table->lrs * table->weight_decays
                                             : plan->left + plan->full_left;
}

/* Other ranks wait for their dismissal. */
static enum rst_status compute(struct sweep *sweep) {
  const struct rst_sweep_ranks *ranks = sweep->options->ranks;
  const enum rst_status status = prepare(sweep);
  if (!ranks || ranks->size < 2) {
    RST_TRY(status);
    return rst_sweep_engine_threads(&sweep->job, most_points(&sweep->plan));
  }
  const enum rst_status computed = rst_sweep_engine_ranks(status == RST_OK ? &sweep->job : NULL, ranks);
  return status == RST_OK ? computed : status;
}

/* A failure, such as that of another rank, costs no point that is done. */
static enum rst_status compute_and_keep(struct sweep *sweep) {
  const enum rst_status status = compute(sweep);
  if (status != RST_OK && sweep->changed) {
    RST_TRY(store(sweep, "running"));
  }
  return status;
}

static enum rst_status perform(struct sweep *sweep, struct rst_sweep_summary *summary) {
  RST_TRY(compute_and_keep(sweep));
  const struct rst_sweep_plan *plan = &sweep->plan;
  const bool completed = plan->left + plan->underway + plan->full_missing == 0 && !sweep->lacks_theory;
  if (completed && plan->shards == 1) {
    rst_sweep_fill(&sweep->table);
  }
  RST_TRY(rst_sweep_measure_boundaries(sweep->context, &sweep->table));
  rst_sweep_summarize(&sweep->table, plan->shard, plan->shards, summary);
  summary->outcome = completed ? RST_SWEEP_COMPLETED : RST_SWEEP_INTERRUPTED;
  summary->reason = completed ? "completed" : sweep->reason;
  summary->point_iterations = sweep->point_iterations;
  summary->wall_seconds = wall_seconds(sweep);
  return store(sweep, summary->reason);
}

enum rst_status rst_sweep_run(struct rst_context *context, const struct rst_case *from,
                              const struct rst_sweep_options *options, struct rst_sweep_summary *summary) {
  struct sweep sweep = {
      .context = context,
      .from = from,
      .options = options,
      .job = {.context = context, .from = from, .workers = 1, .next = next, .enter = enter, .tend = tend}};
  *summary = (struct rst_sweep_summary){0};
  if (options->ranks && options->ranks->rank > 0) {
    return rst_sweep_ranks_work(context, from, options->ranks);
  }
  sweep.job.user = &sweep;
  clock_gettime(CLOCK_MONOTONIC, &sweep.started);
  const enum rst_status status = perform(&sweep, summary);
  rst_sweep_plan_clear(&sweep.plan);
  rst_sweep_table_clear(&sweep.table);
  return status;
}
