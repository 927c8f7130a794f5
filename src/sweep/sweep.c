/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "archive/output.h"
#include "case/compare.h"
#include "core/core.h"
#include "restrain/run.h"
#include "sweep/boundary.h"
#include "sweep/evaluators.h"
#include "sweep/sweep_parts.h"
#include "sweep/work_list.h"
#include "transform/transform.h"

/* The side of a sweep that owns the results: it hands out blocks of points, enters what comes back under the points' places
 * and stores it. Engines (engine.h) compute. */
struct sweep {
  struct rst_context *context;
  const struct rst_sweep_task *task;
  const struct rst_sweep_options *options;
  struct rst_output output;
  struct rst_sweep_table *table;
  struct rst_work_list work;
  struct rst_sweep_job job;
  const char *correlation;
  size_t last;             /* place of the last one done */
  double point_iterations; /* updates of this call */
  bool changed;            /* since the table was stored */
  bool in_theory;          /* the thresholds are computed */
  bool lacks_theory;       /* was stopped before the thresholds were found */
  const char *reason;      /* to stop, NULL to go on */
};

enum rst_status rst_sweep_check(struct rst_context *context, const struct rst_case *from) {
  struct rst_sweep_task task;
  RST_REQUIRE(context, from->sweep.axis_count > 0, RST_ERROR_ARGUMENT,
              "the case has no section sweep; say there which learning rates and weight decays to cover");
  RST_REQUIRE(context, from->sweep.axis_count <= RST_SWEEP_MOST_AXES, RST_ERROR_ARGUMENT,
              "the sweep has %zu axes; there may be %d", from->sweep.axis_count, (int)RST_SWEEP_MOST_AXES);
  rst_sweep_task_of_sweep(from, &task);
  RST_REQUIRE(context, from->sweep.refine == 0 || rst_sweep_task_variants(&task) == 1, RST_ERROR_ARGUMENT,
              "sweep.refine divides cells of step.lr and step.weight_decay alone");
  return RST_OK;
}

static enum rst_status store(struct sweep *sweep, const char *exit_reason) {
  const struct rst_case *given = sweep->task->given;
  const struct rst_ranks *ranks = sweep->options->ranks;
  struct rst_output *output = &sweep->output;
  struct rst_provenance provenance;
  struct timespec began;
  clock_gettime(CLOCK_MONOTONIC, &began);
  RST_TRY(rst_sweep_measure_boundaries(sweep->context, sweep->table));
  RST_TRY(rst_output_provenance(output, given, rst_case_effective(given), sweep->correlation, &provenance));
  provenance.ranks = ranks ? ranks->size : 1;
  RST_TRY(rst_sweep_file_write(sweep->context, output->path, sweep->table, &provenance, exit_reason,
                               rst_output_wall_seconds(output)));
  rst_output_note_storing(output, &began);
  sweep->changed = false;
  return RST_OK;
}

static enum rst_status next(void *user, size_t batch, struct rst_sweep_block *block, bool *more) {
  struct sweep *sweep = user;
  *more = false;
  block->count = 0;
  if (!sweep->reason) {
    rst_work_list_take(&sweep->work, batch, sweep->job.workers, block, more);
  }
  return RST_OK;
}

static enum rst_status enter(void *user, const struct rst_sweep_block *block,
                             const struct rst_orbit_summary *points, const double *observed) {
  struct sweep *sweep = user;
  for (size_t i = 0; i < block->count; ++i) {
    sweep->point_iterations += (double)points[i].iterations_run;
  }
  sweep->last = block->index[block->count - 1];
  sweep->changed = true;
  return rst_work_list_enter(sweep->context, &sweep->work, block, points, observed);
}

static struct rst_sweep_progress progress_of(const struct sweep *sweep) {
  const struct rst_sweep_table *table = sweep->table;
  const struct rst_work_list *work = &sweep->work;
  struct rst_sweep_progress progress = {.done = work->done,
                                        .count = work->done + work->underway + work->left,
                                        .point_iterations = sweep->point_iterations,
                                        .is_theory = sweep->in_theory,
                                        .axis_count = table->axis_count};
  for (size_t i = 0; i < table->axis_count; ++i) {
    progress.names[i] = table->axes[i].name;
    progress.at[i] = table->axes[i].values[rst_sweep_table_index(table, i, sweep->last)];
  }
  return progress;
}

static enum rst_status tend(void *user, bool *stop) {
  const double interval = 10.0;
  struct sweep *sweep = user;
  if (sweep->changed && rst_output_is_due(&sweep->output, interval)) {
    RST_TRY(store(sweep, "running"));
  }
  if (sweep->options->poll && !sweep->reason) {
    const struct rst_sweep_progress progress = progress_of(sweep);
    sweep->reason = sweep->options->poll(sweep->options->user, &progress);
    /* The other ranks have still to be dismissed, for which there may be no time: mpirun kills all when one has died. */
    if (sweep->reason && sweep->options->ranks && sweep->changed) {
      RST_TRY(store(sweep, sweep->reason));
    }
  }
  *stop = sweep->reason != NULL;
  return RST_OK;
}

/* The engine of the points, of the first variant if there are several, and the correlation of those that are run in full. */
static enum rst_status describe(struct sweep *sweep) {
  struct rst_context *context = sweep->context;
  struct rst_sweep_table *table = sweep->table;
  struct rst_evaluators evaluators = {.context = context, .task = sweep->task};
  struct rst_evaluator *evaluator = NULL;
  struct rst_problem problem = {0};
  rst_context_set_rigor(context, sweep->task->from.performance.rigor);
  const enum rst_status status = rst_evaluators_find(&evaluators, 0, false, &evaluator);
  if (status == RST_OK) {
    table->engine = rst_evaluator_engine(evaluator);
    rst_evaluator_size(evaluator, &table->patches, &table->rank);
    table->has_evaluations = rst_evaluator_evaluates(evaluator);
  }
  rst_evaluators_clear(&evaluators);
  RST_TRY(status);
  RST_TRY(rst_problem_create(context, &sweep->task->from, &problem));
  sweep->correlation = rst_flow_correlation(problem.flow);
  table->levels = rst_flow_image_levels(problem.flow);
  rst_problem_destroy(&problem);
  return RST_OK;
}

static bool stop_thresholds(void *user) {
  bool stop = false;
  return tend(user, &stop) != RST_OK || stop;
}

/* The place of a variant's first point at a weight decay of the axis. */
static size_t place_of(const struct rst_sweep_table *table, size_t variant, size_t weight_decay) {
  size_t place = 0;
  for (size_t axis = table->axis_count; axis-- > 0;) {
    const size_t stride = rst_sweep_table_stride(table, axis);
    if ((int)axis == table->weight_decay_axis) {
      place += weight_decay * stride;
    } else if ((int)axis != table->lr_axis) {
      place += variant % table->axes[axis].count * stride;
      variant /= table->axes[axis].count;
    }
  }
  return place;
}

/* The thresholds of one variant, unless the table has them already, as one that is resumed. */
static enum rst_status find_limits(struct sweep *sweep, size_t variant, const double *weight_decays,
                                   size_t count, struct rst_lr_limits *theory) {
  struct rst_sweep_table *table = sweep->table;
  struct rst_evaluators evaluators = {.context = sweep->context, .task = sweep->task};
  struct rst_evaluator *evaluator = NULL;
  size_t known = 0;
  while (known < count &&
         !isnan(table->lr_hi[rst_sweep_table_limit(table, place_of(table, variant, known))])) {
    ++known;
  }
  if (known == count) {
    return RST_OK;
  }
  enum rst_status status = rst_evaluators_find(&evaluators, variant, false, &evaluator);
  if (status == RST_OK) {
    status = rst_evaluator_limits(evaluator, weight_decays, count, stop_thresholds, sweep, theory,
                                  &sweep->lacks_theory);
  }
  rst_evaluators_clear(&evaluators);
  for (size_t i = 0; status == RST_OK && !sweep->lacks_theory && i < count; ++i) {
    const size_t limit = rst_sweep_table_limit(table, place_of(table, variant, i));
    table->lr_lo[limit] = theory[i].lr_lo;
    table->lr_hi[limit] = theory[i].lr_hi;
  }
  return status;
}

static enum rst_status compute_thresholds(struct sweep *sweep) {
  const struct rst_sweep_table *table = sweep->table;
  if (sweep->task->from.sweep.theory == RST_SWITCH_NO) {
    return RST_OK;
  }
  const int axis = table->weight_decay_axis;
  const size_t count = axis < 0 ? 1 : table->axes[axis].count;
  const double *weight_decays = axis < 0 ? &table->weight_decay : table->axes[axis].values;
  const size_t variants = rst_sweep_task_variants(sweep->task);
  struct rst_lr_limits *theory = NULL;
  RST_TRY(RST_NEW(sweep->context, count, &theory));
  enum rst_status status = RST_OK;
  for (size_t variant = 0; status == RST_OK && !sweep->lacks_theory && variant < variants; ++variant) {
    status = find_limits(sweep, variant, weight_decays, count, theory);
  }
  free(theory);
  return status;
}

static enum rst_status restore(struct sweep *sweep) {
  struct rst_output *output = &sweep->output;
  char *wisdom = NULL;
  RST_TRY(rst_sweep_require_same_case(sweep->context, sweep->table, output->stored_case,
                                      rst_case_effective(sweep->task->given), output->path,
                                      RST_CASE_RESUME_REMEDY));
  RST_TRY(rst_sweep_file_read(sweep->context, output->path, sweep->table, &output->wall_before, &wisdom));
  rst_sweep_forget_filled(sweep->table);
  const enum rst_status status = wisdom ? rst_transform_import_wisdom(sweep->context, wisdom) : RST_OK;
  free(wisdom);
  return status;
}

static enum rst_status open_sweep(struct sweep *sweep) {
  struct rst_context *context = sweep->context;
  const struct rst_sweep_options *options = sweep->options;
  RST_TRY(rst_output_open(context, &options->output, sweep->task->samples > 0 ? "scan" : "sweep",
                          &sweep->output));
  RST_TRY(rst_sweep_table_create(context, sweep->task, sweep->table));
  RST_TRY(sweep->output.resuming ? restore(sweep) : RST_OK);
  RST_TRY(describe(sweep));
  const bool is_reduced = sweep->table->patches > 0;
  RST_TRY(rst_work_list_create(context, sweep->table, options->shard, options->shards,
                               is_reduced ? sweep->task->from.sweep.agreement : 0, &sweep->work));
  return rst_output_prepare(&sweep->output);
}

/* The file is made before the first point: a place that cannot be written shows at once. */
static enum rst_status prepare(struct sweep *sweep) {
  RST_TRY(open_sweep(sweep));
  RST_TRY(store(sweep, "running"));
  if (sweep->task->samples == 0) {
    sweep->in_theory = true;
    RST_TRY(compute_thresholds(sweep));
    sweep->in_theory = false;
  }
  sweep->changed = true;
  return RST_OK;
}

/* One point may bring about any number of others where cells are divided. */
static size_t most_points(const struct rst_work_list *work) {
  const struct rst_sweep_table *table = work->table;
  return work->left > 0 && table->refine > 0 ? table->points : work->left + work->full_left;
}

/* Other ranks wait for their dismissal. */
static enum rst_status compute(struct sweep *sweep) {
  const struct rst_ranks *ranks = sweep->options->ranks;
  const enum rst_status status = prepare(sweep);
  if (!ranks || ranks->size < 2) {
    RST_TRY(status);
    return rst_sweep_engine_threads(&sweep->job, most_points(&sweep->work));
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
  const struct rst_work_list *work = &sweep->work;
  const bool completed = work->left + work->underway + work->full_missing == 0 && !sweep->lacks_theory;
  if (completed && work->shards == 1) {
    rst_sweep_fill(sweep->table);
  }
  RST_TRY(rst_sweep_measure_boundaries(sweep->context, sweep->table));
  rst_sweep_summarize(sweep->table, work->shard, work->shards, summary);
  summary->outcome = completed ? RST_SWEEP_COMPLETED : RST_SWEEP_INTERRUPTED;
  summary->reason = completed ? "completed" : sweep->reason;
  summary->point_iterations = sweep->point_iterations;
  summary->wall_seconds = rst_output_wall_seconds(&sweep->output);
  return store(sweep, summary->reason);
}

enum rst_status rst_sweep_perform(struct rst_context *context, const struct rst_sweep_task *task,
                                  const struct rst_sweep_options *options, struct rst_sweep_summary *summary,
                                  struct rst_sweep_table *table) {
  struct sweep sweep = {
      .context = context,
      .task = task,
      .options = options,
      .table = table,
      .job = {.context = context, .task = task, .workers = 1, .next = next, .enter = enter, .tend = tend}};
  *summary = (struct rst_sweep_summary){0};
  *table = (struct rst_sweep_table){0};
  if (options->ranks && options->ranks->rank > 0) {
    return rst_sweep_ranks_work(context, task, options->ranks);
  }
  sweep.job.user = &sweep;
  const enum rst_status status = perform(&sweep, summary);
  rst_work_list_clear(&sweep.work);
  rst_output_close(&sweep.output);
  return status;
}

enum rst_status rst_sweep_run(struct rst_context *context, const struct rst_case *from,
                              const struct rst_sweep_options *options, struct rst_sweep_summary *summary) {
  struct rst_sweep_task task;
  struct rst_sweep_table table;
  RST_TRY(rst_sweep_check(context, from));
  rst_sweep_task_of_sweep(from, &task);
  const enum rst_status status = rst_sweep_perform(context, &task, options, summary, &table);
  rst_sweep_table_clear(&table);
  return status;
}
