/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/clock.h"
#include "core/core.h"
#include "run/orbit.h"
#include "sweep/evaluator.h"
#include "sweep/sweep_parts.h"
#include "sweep/work_list.h"

/* A few points, spread over the grid, are run for more and more updates until that takes long enough to be measured, in time of
 * the processor, which other programs do not disturb. Those that ended early tell how many updates a point does on average; the
 * others count as if they went on to the end, so that the estimate is rather too long. An evaluator of many points at once gets
 * several times as many, as in a sweep, where points that end make room for others. */

enum { MOST_POINTS = 512, FEWEST_POINTS = 8, ROUNDS = 16 };

struct trial {
  size_t points;
  double lr[MOST_POINTS], weight_decay[MOST_POINTS];
};

struct pace {
  double updates; /* of a point, on average */
  double seconds; /* of an update */
};

static enum rst_status choose_points(struct rst_context *context, const struct rst_sweep_table *table,
                                     size_t points, struct trial *trial) {
  const size_t count = table->points;
  int8_t *chosen = NULL;
  RST_TRY(RST_NEW(context, count, &chosen));
  rst_sweep_choose_sample(table->columns, table->rows, points, chosen);
  *trial = (struct trial){0};
  for (size_t i = 0; i < count && trial->points < points; ++i) {
    if (chosen[i] == RST_SWEEP_SAMPLED) {
      trial->lr[trial->points] = rst_sweep_table_lr(table, i);
      trial->weight_decay[trial->points] = rst_sweep_table_weight_decay(table, i);
      trial->points += 1;
    }
  }
  free(chosen);
  return RST_OK;
}

static enum rst_status run_trial(struct rst_context *context, const struct rst_case *from, bool end_at_rest,
                                 bool reduce, long updates, const struct trial *trial, double *elapsed,
                                 struct pace *pace) {
  struct rst_case shortened = *from;
  struct rst_evaluator *evaluator = NULL;
  struct rst_orbit_summary points[MOST_POINTS];
  struct timespec start;
  struct timespec end;
  bool stopped = false;
  shortened.step.iterations = updates;
  RST_TRY(rst_evaluator_create(context, &shortened, reduce, &evaluator));
  rst_evaluator_end_at_rest(evaluator, end_at_rest);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  const enum rst_status status = rst_evaluator_run(evaluator, trial->points, trial->lr, trial->weight_decay,
                                                   NULL, NULL, points, NULL, &stopped);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  *elapsed = rst_seconds_between(&start, &end);
  rst_evaluator_destroy(&evaluator);
  double done = 0.0;
  double expected = 0.0;
  for (size_t i = 0; status == RST_OK && i < trial->points; ++i) {
    const long run = points[i].iterations_run;
    done += (double)run;
    expected += (double)(run < updates ? run : from->step.iterations);
  }
  *pace = (struct pace){.updates = expected / (double)trial->points,
                        .seconds = done > 0.0 ? *elapsed / done : 0.0};
  return status;
}

static enum rst_status measure(struct rst_context *context, const struct rst_case *from,
                               const struct rst_sweep_table *table, bool reduce, size_t points,
                               struct pace *pace) {
  const double enough = 0.4;
  struct trial trial;
  double elapsed = 0.0;
  long updates = from->step.iterations < 8 ? from->step.iterations : 8;
  RST_TRY(choose_points(context, table, points < table->points ? points : table->points, &trial));
  for (;;) {
    RST_TRY(run_trial(context, from, table->samples == 0, reduce, updates, &trial, &elapsed, pace));
    if (elapsed >= enough || updates == from->step.iterations) {
      return RST_OK;
    }
    updates = updates < from->step.iterations / 4 ? 4 * updates : from->step.iterations;
  }
}

/* An evaluator's memory grows with the iterations, of which none are needed here. */
static enum rst_status describe(struct rst_context *context, const struct rst_case *from, size_t *batch,
                                struct rst_sweep_cost *cost) {
  struct rst_case shortened = *from;
  struct rst_evaluator *evaluator = NULL;
  shortened.step.iterations = 0;
  RST_TRY(rst_evaluator_create(context, &shortened, from->sweep.reduction == RST_REDUCTION_AUTO, &evaluator));
  *batch = rst_evaluator_batch(evaluator);
  cost->engine = rst_evaluator_engine(evaluator);
  rst_evaluator_size(evaluator, &cost->patches, &cost->rank);
  rst_evaluator_destroy(&evaluator);
  return RST_OK;
}

static size_t fine_points(const struct rst_case *from) {
  size_t points = 1;
  for (size_t i = 0; i < from->sweep.axis_count; ++i) {
    points *= rst_sweep_refined_count(from->sweep.axes[i].count, from->sweep.refine);
  }
  return points;
}

static enum rst_status estimate(struct rst_context *context, const struct rst_case *from,
                                const struct rst_sweep_table *table, struct rst_sweep_cost *cost) {
  const size_t points = table->points;
  const size_t fine = fine_points(from);
  const size_t bytes = rst_sweep_table_bytes(table);
  size_t batch = 0;
  struct pace pace;
  *cost = (struct rst_sweep_cost){.points = points, .fine = fine, .bytes = (double)fine * (double)bytes};
  RST_TRY(describe(context, from, &batch, cost));
  cost->bytes += (double)batch * (double)(from->step.iterations + 1) * RST_ORBIT_COLUMNS * sizeof(double);
  const size_t most = batch * ROUNDS < MOST_POINTS ? batch * ROUNDS : MOST_POINTS;
  const size_t tried = batch > 1 ? most : FEWEST_POINTS;
  RST_TRY(measure(context, from, table, cost->patches > 0, tried, &pace));
  cost->seconds = (double)points * pace.updates * pace.seconds;
  if (cost->patches > 0 && from->sweep.agreement > 0) {
    const size_t compared = from->sweep.agreement < points ? from->sweep.agreement : points;
    const double updates = pace.updates;
    RST_TRY(measure(context, from, table, false, 1, &pace));
    cost->seconds += (double)compared * updates * pace.seconds;
  }
  return RST_OK;
}

/* Where there are several variants, the one in their middle stands for all. */
static enum rst_status estimate_variant(struct rst_context *context, const struct rst_sweep_task *task,
                                        const struct rst_sweep_table *table, struct rst_sweep_cost *cost) {
  struct rst_case *made = NULL;
  struct rst_case from;
  enum rst_status status =
      rst_sweep_task_vary(context, task, rst_sweep_task_variants(task) / 2, &made, &from);
  if (status == RST_OK) {
    status = estimate(context, &from, table, cost);
  }
  rst_case_destroy(&made);
  return status;
}

enum rst_status rst_sweep_estimate_task(struct rst_context *context, const struct rst_sweep_task *task,
                                        struct rst_sweep_cost *cost) {
  struct rst_sweep_task coarse = *task;
  struct rst_sweep_table table;
  rst_context_set_rigor(context, task->from.performance.rigor);
  coarse.from.sweep.refine = 0;
  RST_TRY(rst_sweep_table_create(context, &coarse, &table));
  const enum rst_status status = estimate_variant(context, task, &table, cost);
  rst_sweep_table_clear(&table);
  return status;
}

enum rst_status rst_sweep_estimate(struct rst_context *context, const struct rst_case *from,
                                   struct rst_sweep_cost *cost) {
  struct rst_sweep_task task;
  RST_TRY(rst_sweep_check(context, from));
  rst_sweep_task_of_sweep(from, &task);
  return rst_sweep_estimate_task(context, &task, cost);
}
