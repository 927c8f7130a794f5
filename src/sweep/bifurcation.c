/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/bifurcation.h"

#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include "case/compare.h"
#include "core/clock.h"
#include "core/core.h"
#include "core/files.h"
#include "core/share.h"
#include "restrain/run.h"
#include "sweep/bifurcation_file.h"
#include "transform/transform.h"

/* Orbits at different values are independent: each worker takes the next value that nobody has begun and enters what it
 * finds under the value's index, so that results do not depend on the number of workers. A worker has a context and a flow
 * of its own; all that is shared, the file included, is guarded by one lock. */

struct scan;

struct worker {
  struct scan *scan;
  struct rst_context *context;
  struct rst_problem problem;
  double *observed; /* [RST_ORBIT_OBSERVABLES][samples] */
  bool stopped;     /* its orbit ended early */
};

struct scan {
  struct rst_context *context;
  const struct rst_case *from;
  const struct rst_bifurcation_options *options;
  struct worker *workers;
  size_t worker_count;
  pthread_mutex_t lock; /* of all that follows, and of `context` while workers are busy */
  struct rst_bifurcation_table table;
  size_t next, done;      /* the first value that may not have been begun; values done */
  double parameter;       /* the last one done */
  long iterations;        /* updates of this call */
  bool changed;           /* since the table was stored */
  const char *reason;     /* to stop, NULL to go on */
  enum rst_status status; /* the first failure */
  struct timespec started, stored;
  double wall_before, storing; /* seconds of earlier calls; seconds that the last storing took */
};

enum rst_status rst_bifurcation_check(struct rst_context *context, const struct rst_case *from) {
  RST_REQUIRE(context, from->bifurcation.count > 0, RST_ERROR_ARGUMENT,
              "the case has no section bifurcation; say there which parameter to scan, from where to where");
  return RST_OK;
}

static double wall_seconds(const struct scan *scan) {
  return scan->wall_before + rst_seconds_since(&scan->started);
}

static enum rst_status write_file(struct scan *scan, const char *exit_reason, const char *wisdom) {
  const struct rst_provenance provenance = {
      .case_source = rst_case_source(scan->from),
      .case_effective = rst_case_effective(scan->from),
      .wisdom = wisdom,
      .argc = scan->options->argc,
      .argv = scan->options->argv,
      .threads = rst_context_threads(scan->context),
      .ranks = 1,
      .rigor = rst_rigor_names[rst_context_rigor(scan->context)],
      .correlation = rst_flow_correlation(scan->workers[0].problem.flow),
  };
  return rst_bifurcation_file_write(scan->context, scan->options->output, &scan->table, &provenance,
                                    exit_reason, wall_seconds(scan));
}

static enum rst_status store(struct scan *scan, const char *exit_reason) {
  char *wisdom = NULL;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (rst_context_rigor(scan->context) != RST_RIGOR_ESTIMATE) {
    RST_TRY(rst_transform_export_wisdom(scan->context, &wisdom));
  }
  const enum rst_status status = write_file(scan, exit_reason, wisdom);
  free(wisdom);
  clock_gettime(CLOCK_MONOTONIC, &scan->stored);
  scan->storing = rst_seconds_between(&start, &scan->stored);
  scan->changed = false;
  return status;
}

/* Store if it is due, and ask whether to stop. With the lock held. */
static void tend(struct scan *scan) {
  const double longest = 10.0;
  const double share = 10.0; /* storing takes a tenth of the time at most */
  if (scan->status == RST_OK && scan->changed &&
      rst_seconds_since(&scan->stored) >= fmax(longest, share * scan->storing)) {
    scan->status = store(scan, "running");
  }
  if (scan->options->poll && !scan->reason) {
    const struct rst_bifurcation_progress progress = {.name = rst_step_parameter_name(scan->table.parameter),
                                                      .done = scan->done,
                                                      .count = scan->table.count,
                                                      .parameter = scan->parameter,
                                                      .iterations_done = scan->iterations};
    scan->reason = scan->options->poll(scan->options->user, &progress);
  }
}

static bool stop(void *user) {
  struct worker *worker = user;
  struct scan *scan = worker->scan;
  if (pthread_mutex_trylock(&scan->lock) == 0) {
    tend(scan);
    worker->stopped = scan->reason || scan->status != RST_OK;
    pthread_mutex_unlock(&scan->lock);
  }
  return worker->stopped;
}

/* The next value that has not been done nor begun; false if there is none or the scan stops. */
static bool begin_value(struct scan *scan, size_t *index) {
  struct rst_bifurcation_table *table = &scan->table;
  pthread_mutex_lock(&scan->lock);
  tend(scan);
  while (scan->next < table->count && table->regime[scan->next] != RST_BIFURCATION_PENDING) {
    ++scan->next;
  }
  const bool begun = scan->next < table->count && !scan->reason && scan->status == RST_OK;
  *index = scan->next;
  scan->next += begun;
  pthread_mutex_unlock(&scan->lock);
  return begun;
}

static void enter(struct worker *worker, size_t index, const struct rst_orbit *orbit) {
  struct scan *scan = worker->scan;
  struct rst_bifurcation_table *table = &scan->table;
  const size_t samples = table->samples;
  for (size_t i = 0; i < RST_ORBIT_OBSERVABLES; ++i) {
    for (size_t j = 0; j < samples; ++j) {
      table->observed[i][index * samples + j] = worker->observed[i * samples + j];
    }
  }
  table->loss[index] = orbit->loss;
  table->lyapunov[index] = orbit->regime.exponent;
  table->lyapunov_error[index] = orbit->regime.exponent_error;
  table->max_growth[index] = orbit->max_growth;
  table->period[index] = orbit->regime.period;
  table->iterations_run[index] = orbit->iterations;
  table->regime[index] = (int8_t)orbit->regime.regime;
  scan->parameter = table->values[index];
  scan->done += 1;
  scan->changed = true;
}

static void run_value(struct worker *worker, size_t index) {
  struct scan *scan = worker->scan;
  const struct rst_case *from = scan->from;
  const double value = scan->table.values[index];
  const bool is_lr = scan->table.parameter == RST_STEP_LR;
  struct rst_orbit orbit;
  const enum rst_status status =
      rst_orbit_run(worker->context, from, worker->problem.flow, is_lr ? value : from->step.scheme.lr,
                    is_lr ? from->step.scheme.weight_decay : value, from->bifurcation.burn_in,
                    from->bifurcation.samples, stop, worker, worker->observed, &orbit);
  pthread_mutex_lock(&scan->lock);
  if (status != RST_OK) {
    scan->status = scan->status == RST_OK
                       ? rst_fail(scan->context, status, "%s", rst_context_message(worker->context))
                       : scan->status;
  } else {
    scan->iterations += orbit.iterations;
    if (!worker->stopped) {
      enter(worker, index, &orbit);
    }
  }
  pthread_mutex_unlock(&scan->lock);
}

static void run_values(void *work, size_t worker) {
  struct scan *scan = work;
  size_t index = 0;
  while (begin_value(scan, &index)) {
    run_value(&scan->workers[worker], index);
  }
}

static enum rst_status create_worker(struct scan *scan, int threads, struct worker *worker) {
  void *memory = NULL;
  worker->scan = scan;
  RST_REQUIRE(scan->context, rst_context_create(&worker->context) == RST_OK, RST_ERROR_MEMORY,
              "memory is exhausted");
  rst_context_set_rigor(worker->context, rst_context_rigor(scan->context));
  enum rst_status status = rst_context_set_threads(worker->context, threads);
  if (status == RST_OK) {
    status = rst_problem_create(worker->context, scan->from, &worker->problem);
  }
  RST_REQUIRE(scan->context, status == RST_OK, status, "%s", rst_context_message(worker->context));
  RST_TRY(rst_allocate(scan->context, RST_ORBIT_OBSERVABLES * scan->table.samples, sizeof *worker->observed,
                       &memory));
  worker->observed = memory;
  return RST_OK;
}

/* One value alone may use all threads itself. */
static enum rst_status create_workers(struct scan *scan) {
  const int threads = rst_context_threads(scan->context);
  const size_t count = rst_team_size(threads, scan->table.count - scan->done);
  void *memory = NULL;
  RST_TRY(rst_allocate(scan->context, count, sizeof *scan->workers, &memory));
  scan->workers = memory;
  scan->worker_count = count;
  rst_context_set_rigor(scan->context, scan->from->performance.rigor);
  for (size_t i = 0; i < count; ++i) {
    RST_TRY(create_worker(scan, count > 1 ? 1 : threads, &scan->workers[i]));
  }
  return RST_OK;
}

static void release(struct scan *scan) {
  for (size_t i = 0; i < scan->worker_count; ++i) {
    struct worker *worker = &scan->workers[i];
    rst_problem_destroy(&worker->problem);
    free(worker->observed);
    rst_context_destroy(&worker->context);
  }
  free(scan->workers);
  rst_bifurcation_table_clear(&scan->table);
  pthread_mutex_destroy(&scan->lock);
}

/* What no orbit depends on may differ, the case's own value of the parameter among it. */
static enum rst_status require_same_case(const struct scan *scan) {
  const char *const parameter =
      scan->from->bifurcation.parameter == RST_STEP_LR ? "step.lr" : "step.weight_decay";
  const char *const may_differ[] = {RST_CASE_BESIDE_ORBITS, "sweep", "step.iterations", parameter, NULL};
  const char *path = scan->options->output;
  char *stored = NULL;
  RST_TRY(rst_provenance_effective(scan->context, path, &stored));
  const enum rst_status status = rst_case_require_same(scan->context, stored, rst_case_effective(scan->from),
                                                       may_differ, path, RST_CASE_RESUME_REMEDY);
  free(stored);
  return status;
}

static enum rst_status restore(struct scan *scan) {
  char *wisdom = NULL;
  RST_TRY(require_same_case(scan));
  RST_TRY(rst_bifurcation_file_read(scan->context, scan->options->output, &scan->table, &scan->wall_before,
                                    &wisdom));
  for (size_t i = 0; i < scan->table.count; ++i) {
    scan->done += scan->table.regime[i] != RST_BIFURCATION_PENDING;
  }
  const enum rst_status status = wisdom ? rst_transform_import_wisdom(scan->context, wisdom) : RST_OK;
  free(wisdom);
  return status;
}

static enum rst_status open_scan(struct scan *scan) {
  struct rst_context *context = scan->context;
  const struct rst_bifurcation_options *options = scan->options;
  const bool exists = access(options->output, F_OK) == 0;
  RST_TRY(rst_bifurcation_check(context, scan->from));
  RST_REQUIRE(context, !exists || options->resume || options->force, RST_ERROR_IO,
              "%s exists; go on with it by --resume or replace it by --force", options->output);
  RST_TRY(rst_bifurcation_table_create(context, scan->from, &scan->table));
  scan->parameter = scan->table.values[0];
  if (options->resume && exists) {
    RST_TRY(restore(scan));
  } else if (options->resume) {
    rst_warn(context, "%s does not exist yet: starting a new scan", options->output);
  }
  RST_TRY(create_workers(scan));
  return options->make_folders ? rst_files_make_folders(context, options->output) : RST_OK;
}

static void summarize(const struct scan *scan, struct rst_bifurcation_summary *summary) {
  const struct rst_bifurcation_table *table = &scan->table;
  const bool completed = scan->done == table->count;
  *summary = (struct rst_bifurcation_summary){.outcome = completed ? RST_BIFURCATION_COMPLETED
                                                                   : RST_BIFURCATION_INTERRUPTED,
                                              .reason = completed ? "completed" : scan->reason,
                                              .done = scan->done,
                                              .count = table->count,
                                              .wall_seconds = wall_seconds(scan)};
  for (size_t i = 0; i < table->count; ++i) {
    if (table->regime[i] != RST_BIFURCATION_PENDING) {
      summary->regimes[table->regime[i]] += 1;
    }
  }
}

/* The file is made before the first orbit: a place that cannot be written shows at once. */
static enum rst_status perform(struct scan *scan, struct rst_bifurcation_summary *summary) {
  RST_TRY(open_scan(scan));
  RST_TRY(store(scan, "running"));
  rst_share((int)scan->worker_count, scan->worker_count, run_values, scan);
  RST_TRY(scan->status);
  summarize(scan, summary);
  return store(scan, summary->reason);
}

enum rst_status rst_bifurcation_run(struct rst_context *context, const struct rst_case *from,
                                    const struct rst_bifurcation_options *options,
                                    struct rst_bifurcation_summary *summary) {
  struct scan scan = {
      .context = context, .from = from, .options = options, .lock = PTHREAD_MUTEX_INITIALIZER};
  clock_gettime(CLOCK_MONOTONIC, &scan.started);
  const enum rst_status status = perform(&scan, summary);
  release(&scan);
  return status;
}
