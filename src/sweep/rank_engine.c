/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/core.h"
#include "restrain/run.h"
#include "sweep/engine.h"
#include "sweep/evaluator.h"

/* Every message of a worker is a report that rank 0 answers at once, except that of a failure, after which the worker is
 * gone. A worker in the middle of a block reports that it is alive, so that rank 0 can stop it. One for which there is no
 * block yet is told to wait a while and to ask again. */

enum { MESSAGE_LENGTH = 1024 };

enum report_kind { REPORT_READY, REPORT_ALIVE, REPORT_RESULTS, REPORT_FAILURE };

struct report {
  enum report_kind kind;
  enum rst_status status; /* of a failure */
  size_t batch;
  union {
    struct rst_orbit_summary points[RST_SWEEP_BLOCK];
    char message[MESSAGE_LENGTH];
  } content;
};

enum answer_kind { ANSWER_GO_ON, ANSWER_BLOCK, ANSWER_WAIT, ANSWER_DISMISSED };

struct answer {
  enum answer_kind kind;
  struct rst_sweep_block block;
};

static size_t report_length(const struct report *report, size_t points) {
  const size_t head = offsetof(struct report, content);
  return report->kind == REPORT_RESULTS   ? head + points * sizeof *report->content.points
         : report->kind == REPORT_FAILURE ? sizeof *report
                                          : head;
}

/* Rank 0. */

struct desk {
  struct rst_sweep_job *job; /* NULL: everybody is dismissed */
  const struct rst_sweep_ranks *ranks;
  struct rst_sweep_block *blocks; /* [size], what each rank is at */
  bool stop;
};

static enum rst_status take(struct desk *desk, int from, const struct report *report, size_t length) {
  struct rst_sweep_job *job = desk->job;
  const struct rst_sweep_block *block = &desk->blocks[from];
  RST_REQUIRE(job->context, report->kind != REPORT_FAILURE, report->status, "rank %d: %s", from,
              report->content.message);
  RST_REQUIRE(job->context, length == report_length(report, block->count), RST_ERROR_IO,
              "a message of rank %d has %zu bytes; are all ranks of the same build?", from, length);
  if (report->kind == REPORT_RESULTS) {
    RST_TRY(job->enter(job->user, block, report->content.points));
  }
  return job->tend(job->user, &desk->stop);
}

static enum rst_status choose(struct desk *desk, int to, const struct report *report, struct answer *answer) {
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
static bool answer_report(struct desk *desk, int from, const struct report *report, size_t length,
                          enum rst_status *first) {
  struct answer answer = {.kind = ANSWER_DISMISSED};
  if (desk->job && *first == RST_OK) {
    *first = take(desk, from, report, length);
    *first = *first == RST_OK ? choose(desk, from, report, &answer) : *first;
  }
  answer.kind = *first == RST_OK ? answer.kind : ANSWER_DISMISSED;
  if (report->kind != REPORT_FAILURE) {
    const enum rst_status sent = send_answer(desk, from, &answer);
    answer.kind = sent == RST_OK ? answer.kind : ANSWER_DISMISSED;
    *first = *first == RST_OK ? sent : *first;
  }
  return answer.kind == ANSWER_DISMISSED;
}

static enum rst_status serve(struct desk *desk) {
  enum rst_status first = RST_OK;
  for (int present = desk->ranks->size - 1; present > 0;) {
    struct report report = {0};
    int from = 0;
    size_t length = 0;
    const bool heard =
        desk->ranks->receive(desk->ranks->user, sizeof report, &report, &from, &length) == RST_OK;
    if (!heard) {
      return first != RST_OK || !desk->job
                 ? first
                 : rst_fail(desk->job->context, RST_ERROR_IO, "the other ranks are lost; --resume goes on");
    }
    if (length > 0) {
      present -= answer_report(desk, from, &report, length, &first);
    } else if (desk->job && first == RST_OK) {
      first = desk->job->tend(desk->job->user, &desk->stop);
    }
  }
  return first;
}

enum rst_status rst_sweep_engine_ranks(struct rst_sweep_job *job, const struct rst_sweep_ranks *ranks) {
  struct desk desk = {.job = job, .ranks = ranks};
  enum rst_status status = RST_OK;
  if (job) {
    void *memory = NULL;
    job->workers = (size_t)ranks->size - 1;
    status = rst_allocate(job->context, (size_t)ranks->size, sizeof *desk.blocks, &memory);
    desk.blocks = memory;
    desk.job = status == RST_OK ? job : NULL;
  }
  const enum rst_status served = serve(&desk);
  free(desk.blocks);
  return status == RST_OK ? served : status;
}

/* The other ranks. */

struct hand {
  struct rst_context *context;
  const struct rst_case *from;
  const struct rst_sweep_ranks *ranks;
  struct rst_evaluator *evaluators[2]; /* [full], made when first needed */
  struct report report;
  struct answer answer; /* the last one: the block that is being done */
  bool dismissed;
  struct timespec reported;
  enum rst_status status; /* of talking to rank 0 */
};

/* Report, and receive the answer; a block stays where it is told to go on. */
static enum rst_status report_to_desk(struct hand *hand, enum report_kind kind) {
  const struct rst_sweep_ranks *ranks = hand->ranks;
  int from = 0;
  size_t length = 0;
  hand->report.kind = kind;
  enum rst_status status =
      ranks->send(ranks->user, 0, &hand->report, report_length(&hand->report, hand->answer.block.count));
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

static enum rst_status find_evaluator(struct hand *hand, bool full, struct rst_evaluator **evaluator) {
  if (!hand->evaluators[full]) {
    RST_TRY(rst_evaluator_create(hand->context, hand->from,
                                 !full && hand->from->sweep.reduction == RST_REDUCTION_AUTO,
                                 &hand->evaluators[full]));
  }
  *evaluator = hand->evaluators[full];
  return RST_OK;
}

static enum rst_status do_block(struct hand *hand) {
  const struct rst_sweep_block *block = &hand->answer.block;
  struct rst_evaluator *evaluator = NULL;
  bool stopped = false;
  RST_TRY(find_evaluator(hand, block->full, &evaluator));
  return rst_evaluator_run(evaluator, block->count, block->lr, block->weight_decay, stop, hand,
                           hand->report.content.points, &stopped);
}

static enum rst_status begin(struct hand *hand) {
  struct rst_evaluator *evaluator = NULL;
  rst_context_set_rigor(hand->context, hand->from->performance.rigor);
  RST_TRY(find_evaluator(hand, false, &evaluator));
  hand->report.batch = rst_evaluator_batch(evaluator);
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
    hand->report.status = computed;
    snprintf(hand->report.content.message, MESSAGE_LENGTH, "%s", rst_context_message(hand->context));
    return report_to_desk(hand, REPORT_FAILURE);
  }
  return RST_OK;
}

enum rst_status rst_sweep_ranks_work(struct rst_context *context, const struct rst_case *from,
                                     const struct rst_sweep_ranks *ranks) {
  void *memory = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof(struct hand), &memory));
  struct hand *hand = memory;
  hand->context = context;
  hand->from = from;
  hand->ranks = ranks;
  const enum rst_status status = work(hand);
  rst_evaluator_destroy(&hand->evaluators[false]);
  rst_evaluator_destroy(&hand->evaluators[true]);
  free(hand);
  return status;
}
