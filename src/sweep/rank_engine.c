/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/core.h"
#include "restrain/run.h"
#include "sweep/engine.h"
#include "sweep/evaluators.h"

/* Every message of a worker is a report that rank 0 answers at once, except that of a failure, after which the worker is
 * gone. A worker in the middle of a block reports that it is alive, so that rank 0 can stop it. One for which there is no
 * block yet is told to wait a while and to ask again. */

enum { MESSAGE_LENGTH = 1024 };

enum report_kind { REPORT_READY, REPORT_ALIVE, REPORT_RESULTS, REPORT_FAILURE };

/* The content are the summaries of points, then what was observed of them. */
struct report {
  enum report_kind kind;
  enum rst_status status; /* of a failure */
  size_t batch;
  char message[MESSAGE_LENGTH];
  double content[];
};

enum answer_kind { ANSWER_GO_ON, ANSWER_BLOCK, ANSWER_WAIT, ANSWER_DISMISSED };

struct answer {
  enum answer_kind kind;
  struct rst_sweep_block block;
};

static size_t results_length(size_t points, size_t samples) {
  return points * (sizeof(struct rst_orbit_summary) + RST_ORBIT_OBSERVABLES * samples * sizeof(double));
}

static size_t report_length(const struct report *report, size_t points, size_t samples) {
  const size_t head = offsetof(struct report, content);
  return report->kind == REPORT_RESULTS   ? head + results_length(points, samples)
         : report->kind == REPORT_FAILURE ? head
                                          : offsetof(struct report, message);
}

/* Of the longest report. */
static size_t report_room(size_t samples) {
  return offsetof(struct report, content) + results_length(rst_sweep_block_most(samples), samples);
}

static struct rst_orbit_summary *points_of(struct report *report) {
  return (struct rst_orbit_summary *)(void *)report->content;
}

static double *observed_of(struct report *report, size_t points) {
  _Static_assert(sizeof(struct rst_orbit_summary) % sizeof(double) == 0, "observables follow the summaries");
  return report->content + points * (sizeof(struct rst_orbit_summary) / sizeof(double));
}

/* Rank 0. */

struct desk {
  struct rst_sweep_job *job; /* NULL: everybody is dismissed */
  const struct rst_ranks *ranks;
  struct rst_sweep_block *blocks; /* [size], what each rank is at */
  struct report *report;          /* the last one */
  size_t room;
  bool stop;
};

static enum rst_status take(struct desk *desk, int from, size_t length) {
  struct rst_sweep_job *job = desk->job;
  struct report *report = desk->report;
  const struct rst_sweep_block *block = &desk->blocks[from];
  RST_REQUIRE(job->context, report->kind != REPORT_FAILURE, report->status, "rank %d: %s", from,
              report->message);
  RST_REQUIRE(job->context, length == report_length(report, block->count, job->task->samples), RST_ERROR_IO,
              "a message of rank %d has %zu bytes; are all ranks of the same build?", from, length);
  if (report->kind == REPORT_RESULTS) {
    RST_TRY(job->enter(job->user, block, points_of(report), observed_of(report, block->count)));
  }
  return job->tend(job->user, &desk->stop);
}

static enum rst_status choose(struct desk *desk, int to, struct answer *answer) {
  const struct report *report = desk->report;
  struct rst_sweep_block *block = &desk->blocks[to];
  bool more = false;
  if (report->kind == REPORT_ALIVE) {
    answer->kind = desk->stop ? ANSWER_DISMISSED : ANSWER_GO_ON;
    return RST_OK;
  }
  block->count = 0;
  if (!desk->stop) {
    RST_TRY(desk->job->next(desk->job->user, report->batch, block, &more));
  }
  answer->kind = block->count > 0 ? ANSWER_BLOCK : more ? ANSWER_WAIT : ANSWER_DISMISSED;
  answer->block = *block;
  return RST_OK;
}

static enum rst_status send_answer(const struct desk *desk, int to, const struct answer *answer) {
  const size_t length = answer->kind == ANSWER_BLOCK ? sizeof *answer : offsetof(struct answer, block);
  const enum rst_status status = desk->ranks->send(desk->ranks->user, to, answer, length);
  return status == RST_OK || !desk->job
             ? status
             : rst_fail(desk->job->context, status, "rank %d cannot be reached; --resume goes on", to);
}

/* Answer a report; whether its rank is dismissed. After the first failure all are. */
static bool answer_report(struct desk *desk, int from, size_t length, enum rst_status *first) {
  struct answer answer = {.kind = ANSWER_DISMISSED};
  if (desk->job && *first == RST_OK) {
    *first = take(desk, from, length);
    *first = *first == RST_OK ? choose(desk, from, &answer) : *first;
  }
  answer.kind = *first == RST_OK ? answer.kind : ANSWER_DISMISSED;
  if (desk->report->kind != REPORT_FAILURE) {
    const enum rst_status sent = send_answer(desk, from, &answer);
    answer.kind = sent == RST_OK ? answer.kind : ANSWER_DISMISSED;
    *first = *first == RST_OK ? sent : *first;
  }
  return answer.kind == ANSWER_DISMISSED;
}

static enum rst_status serve(struct desk *desk) {
  enum rst_status first = RST_OK;
  for (int present = desk->ranks->size - 1; present > 0;) {
    int from = 0;
    size_t length = 0;
    const bool heard =
        desk->ranks->receive(desk->ranks->user, desk->room, desk->report, &from, &length) == RST_OK;
    if (!heard) {
      return first != RST_OK || !desk->job
                 ? first
                 : rst_fail(desk->job->context, RST_ERROR_IO, "the other ranks are lost; --resume goes on");
    }
    if (length > 0) {
      present -= answer_report(desk, from, length, &first);
    } else if (desk->job && first == RST_OK) {
      first = desk->job->tend(desk->job->user, &desk->stop);
    }
  }
  return first;
}

static enum rst_status open_desk(struct desk *desk, struct rst_sweep_job *job) {
  const size_t samples = job->task->samples;
  const size_t room = report_room(samples);
  job->workers = (size_t)desk->ranks->size - 1;
  RST_TRY(RST_NEW(job->context, (size_t)desk->ranks->size, &desk->blocks));
  RST_TRY(rst_allocate(job->context, 1, room, &desk->report));
  desk->room = room;
  desk->job = job;
  return RST_OK;
}

/* An engine without a job hears of nothing but readiness and failures, which `smallest` can hold. */
enum rst_status rst_sweep_engine_ranks(struct rst_sweep_job *job, const struct rst_ranks *ranks) {
  struct report smallest;
  struct desk desk = {.ranks = ranks, .report = &smallest, .room = sizeof smallest};
  enum rst_status status = job ? open_desk(&desk, job) : RST_OK;
  const enum rst_status served = serve(&desk);
  free(desk.blocks);
  if (desk.report != &smallest) {
    free(desk.report);
  }
  return status == RST_OK ? served : status;
}

/* The other ranks. */

struct hand {
  struct rst_context *context;
  const struct rst_sweep_task *task;
  const struct rst_ranks *ranks;
  struct rst_evaluators evaluators;
  struct report *report;
  struct answer answer; /* the last one: the block that is being done */
  bool dismissed;
  struct timespec reported;
  enum rst_status status; /* of talking to rank 0 */
};

/* Report, and receive the answer; a block stays where it is told to go on. */
static enum rst_status report_to_desk(struct hand *hand, enum report_kind kind) {
  const struct rst_ranks *ranks = hand->ranks;
  int from = 0;
  size_t length = 0;
  hand->report->kind = kind;
  enum rst_status status =
      ranks->send(ranks->user, 0, hand->report,
                  report_length(hand->report, hand->answer.block.count, hand->task->samples));
  while (status == RST_OK && kind != REPORT_FAILURE && length == 0) {
    status = ranks->receive(ranks->user, sizeof hand->answer, &hand->answer, &from, &length);
  }
  clock_gettime(CLOCK_MONOTONIC, &hand->reported);
  hand->dismissed = status != RST_OK || hand->answer.kind == ANSWER_DISMISSED;
  return status == RST_OK ? RST_OK : rst_fail(hand->context, status, "rank %d has lost rank 0", ranks->rank);
}

static bool stop(void *user) {
  const double interval = 0.1;
  struct hand *hand = user;
  if (!hand->dismissed && rst_seconds_since(&hand->reported) >= interval) {
    hand->status = report_to_desk(hand, REPORT_ALIVE);
  }
  return hand->dismissed;
}

static enum rst_status do_block(struct hand *hand) {
  const struct rst_sweep_block *block = &hand->answer.block;
  struct rst_evaluator *evaluator = NULL;
  bool stopped = false;
  RST_TRY(rst_evaluators_find(&hand->evaluators, block->variant, block->full, &evaluator));
  return rst_evaluator_run(evaluator, block->count, block->lr, block->weight_decay, stop, hand,
                           points_of(hand->report), observed_of(hand->report, block->count), &stopped);
}

static enum rst_status begin(struct hand *hand) {
  struct rst_evaluator *evaluator = NULL;
  rst_context_set_rigor(hand->context, hand->task->from.performance.rigor);
  RST_TRY(rst_evaluators_find(&hand->evaluators, 0, false, &evaluator));
  hand->report->batch = rst_evaluator_batch(evaluator);
  return RST_OK;
}

/* Ask until there is a block or a dismissal. */
static enum rst_status ask(struct hand *hand, enum report_kind kind) {
  const struct timespec pause = {.tv_nsec = 10000000};
  RST_TRY(report_to_desk(hand, kind));
  while (hand->answer.kind == ANSWER_WAIT) {
    nanosleep(&pause, NULL);
    RST_TRY(report_to_desk(hand, REPORT_READY));
  }
  return RST_OK;
}

/* A failure of computing is told to rank 0, which fails with it. */
static enum rst_status work(struct hand *hand) {
  enum rst_status computed = begin(hand);
  if (computed == RST_OK) {
    RST_TRY(ask(hand, REPORT_READY));
  }
  while (computed == RST_OK && !hand->dismissed) {
    computed = do_block(hand);
    RST_TRY(hand->status);
    if (computed == RST_OK && !hand->dismissed) {
      RST_TRY(ask(hand, REPORT_RESULTS));
    }
  }
  if (computed != RST_OK && !hand->dismissed) {
    hand->report->status = computed;
    snprintf(hand->report->message, MESSAGE_LENGTH, "%s", rst_context_message(hand->context));
    return report_to_desk(hand, REPORT_FAILURE);
  }
  return RST_OK;
}

enum rst_status rst_sweep_ranks_work(struct rst_context *context, const struct rst_sweep_task *task,
                                     const struct rst_ranks *ranks) {
  void *memory = NULL;
  struct hand *hand = NULL;
  RST_TRY(RST_NEW(context, 1, &hand));
  hand->context = context;
  hand->task = task;
  hand->ranks = ranks;
  hand->evaluators = (struct rst_evaluators){.context = context, .task = task};
  enum rst_status status = rst_allocate(context, 1, report_room(task->samples), &memory);
  hand->report = memory;
  if (status == RST_OK) {
    status = work(hand);
    free(hand->report);
  }
  rst_evaluators_clear(&hand->evaluators);
  free(hand);
  return status;
}
