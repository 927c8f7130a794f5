/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <pthread.h>

#include "core/core.h"
#include "core/share.h"
#include "sweep/engine.h"
#include "sweep/evaluators.h"

/* A worker has a context and evaluators of its own; the job is guarded by one lock. */

struct engine;

struct worker {
  struct engine *engine;
  struct rst_context *context;
  struct rst_evaluators evaluators;
  size_t batch;
  struct rst_sweep_block block;
  struct rst_orbit_summary points[RST_SWEEP_BLOCK];
  double *observed; /* of a block; NULL without samples */
  bool stopped;     /* its block was given up */
};

struct engine {
  struct rst_sweep_job *job;
  struct worker *workers;
  pthread_mutex_t lock;   /* of the job and of what follows */
  pthread_cond_t changed; /* a block has ended, which may have brought others about */
  bool stop;
  enum rst_status status; /* the first failure */
};

/* With the lock held. */
static void tend(struct engine *engine) {
  if (engine->status == RST_OK) {
    engine->status = engine->job->tend(engine->job->user, &engine->stop);
  }
}

static bool stop(void *user) {
  struct worker *worker = user;
  struct engine *engine = worker->engine;
  if (!worker->stopped && pthread_mutex_trylock(&engine->lock) == 0) {
    tend(engine);
    worker->stopped = engine->stop || engine->status != RST_OK;
    pthread_mutex_unlock(&engine->lock);
  }
  return worker->stopped;
}

static void fail(struct engine *engine, enum rst_status status, const struct worker *worker) {
  if (engine->status == RST_OK) {
    engine->status = rst_fail(engine->job->context, status, "%s", rst_context_message(worker->context));
  }
}

/* With the lock held, which is given up while there is no block but may be one later. */
static void wait_for_block(struct worker *worker) {
  struct engine *engine = worker->engine;
  struct rst_sweep_job *job = engine->job;
  const size_t batch = worker->batch;
  bool more = true;
  worker->block.count = 0;
  for (;;) {
    tend(engine);
    if (engine->status != RST_OK || engine->stop) {
      return;
    }
    engine->status = job->next(job->user, batch, &worker->block, &more);
    if (engine->status != RST_OK || worker->block.count > 0 || !more) {
      return;
    }
    pthread_cond_wait(&engine->changed, &engine->lock);
  }
}

/* The evaluator of the block that was taken, NULL if there is none or the sweep stops. */
static struct rst_evaluator *take_block(struct worker *worker) {
  struct engine *engine = worker->engine;
  struct rst_evaluator *evaluator = NULL;
  pthread_mutex_lock(&engine->lock);
  wait_for_block(worker);
  if (engine->status == RST_OK && worker->block.count > 0) {
    /* Planning is not safe among threads: with the lock held. */
    const enum rst_status status =
        rst_evaluators_find(&worker->evaluators, worker->block.variant, worker->block.full, &evaluator);
    if (status != RST_OK) {
      fail(engine, status, worker);
    }
  }
  pthread_mutex_unlock(&engine->lock);
  return evaluator;
}

static void do_block(struct worker *worker, struct rst_evaluator *evaluator) {
  struct engine *engine = worker->engine;
  const struct rst_sweep_block *block = &worker->block;
  bool stopped = false;
  const enum rst_status status = rst_evaluator_run(evaluator, block->count, block->lr, block->weight_decay,
                                                   stop, worker, worker->points, worker->observed, &stopped);
  pthread_mutex_lock(&engine->lock);
  if (status != RST_OK) {
    fail(engine, status, worker);
  } else if (!stopped && engine->status == RST_OK) {
    engine->status = engine->job->enter(engine->job->user, block, worker->points, worker->observed);
  }
  pthread_cond_broadcast(&engine->changed);
  pthread_mutex_unlock(&engine->lock);
}

static void do_blocks(void *work, size_t index, size_t member) {
  (void)member;
  struct worker *worker = &((struct engine *)work)->workers[index];
  struct rst_evaluator *evaluator = NULL;
  while ((evaluator = take_block(worker))) {
    do_block(worker, evaluator);
  }
}

static enum rst_status create_worker(struct engine *engine, int threads, struct worker *worker) {
  struct rst_context *context = engine->job->context;
  const struct rst_sweep_task *task = engine->job->task;
  struct rst_evaluator *evaluator = NULL;
  worker->engine = engine;
  RST_REQUIRE(context, rst_context_create(&worker->context) == RST_OK, RST_ERROR_MEMORY,
              "memory is exhausted");
  rst_context_set_rigor(worker->context, rst_context_rigor(context));
  enum rst_status status = rst_context_set_threads(worker->context, threads);
  if (status == RST_OK) {
    worker->evaluators = (struct rst_evaluators){.context = worker->context, .task = task};
    status = rst_evaluators_find(&worker->evaluators, 0, false, &evaluator);
  }
  RST_REQUIRE(context, status == RST_OK, status, "%s", rst_context_message(worker->context));
  worker->batch = rst_evaluator_batch(evaluator);
  if (task->samples > 0) {
    RST_TRY(rst_allocate(context, rst_sweep_block_most(task->samples),
                         RST_ORBIT_OBSERVABLES * task->samples * sizeof(double), &worker->observed));
  }
  return RST_OK;
}

static enum rst_status create_workers(struct engine *engine, size_t points) {
  struct rst_sweep_job *job = engine->job;
  const int threads = rst_context_threads(job->context);
  const size_t count = rst_team_size(job->context, INFINITY, points); /* whole runs: each is worth a thread */
  RST_TRY(RST_NEW(job->context, count, &engine->workers));
  job->workers = count;
  for (size_t i = 0; i < count; ++i) {
    RST_TRY(create_worker(engine, count > 1 ? 1 : threads, &engine->workers[i]));
  }
  return RST_OK;
}

static void release(struct engine *engine) {
  for (size_t i = 0; engine->workers && i < engine->job->workers; ++i) {
    struct worker *worker = &engine->workers[i];
    rst_evaluators_clear(&worker->evaluators);
    free(worker->observed);
    rst_context_destroy(&worker->context);
  }
  free(engine->workers);
  pthread_cond_destroy(&engine->changed);
  pthread_mutex_destroy(&engine->lock);
}

enum rst_status rst_sweep_engine_threads(struct rst_sweep_job *job, size_t points) {
  struct engine engine = {.job = job, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  if (points == 0) {
    return RST_OK;
  }
  enum rst_status status = create_workers(&engine, points);
  if (status == RST_OK) {
    rst_share(job->context, job->workers, job->workers, do_blocks, &engine);
    status = engine.status;
  }
  release(&engine);
  return status;
}
