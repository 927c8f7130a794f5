/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/member_ranks.h"

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "restrain/run.h"

/* Orders go from rank 0 to the others, answers back, rows both ways. */
enum kind { STEP, RESUME, DISMISSED, ROWS, DONE, FAILED };

/* Bytes of rows in one message, and of a failure's words. */
enum { PIECE = 1 << 18, WORDS = 1024 };

struct head {
  enum kind kind;
  enum rst_status status;        /* of a failure, whose words are the bytes */
  struct rst_member_order order; /* to step, or to resume at an iteration */
  size_t column, offset;         /* of rows: where in the rank's part of a column the bytes begin */
  size_t length;                 /* of the bytes */
};

struct message {
  struct head head;
  char bytes[PIECE];
};

/* Rounded up, so that the run is rank 0's, however many ranks there are. */
static size_t first_of(size_t members, size_t size, size_t rank) {
  return (members * rank + size - 1) / size;
}

struct rst_member_range rst_member_range_of(size_t members, int size, int rank) {
  const size_t first = rank > 0 ? first_of(members, (size_t)size, (size_t)rank) : 1;
  const size_t end = first_of(members, (size_t)size, (size_t)rank + 1);
  return (struct rst_member_range){first, end - first};
}

/* The head and the bytes that follow it, which are of one message. */
static enum rst_status send(struct rst_context *context, const struct rst_ranks *ranks, int to,
                            const struct head *head) {
  const enum rst_status status = ranks->send(ranks->user, to, head, sizeof *head + head->length);
  RST_REQUIRE(context, status == RST_OK, status, "rank %d cannot be reached; --resume goes on", to);
  return RST_OK;
}

/* The next message, of any rank. */
static enum rst_status receive(struct rst_context *context, const struct rst_ranks *ranks,
                               struct message *message, int *from) {
  size_t length = 0;
  while (length == 0) {
    const enum rst_status status = ranks->receive(ranks->user, sizeof *message, message, from, &length);
    RST_REQUIRE(context, status == RST_OK, RST_ERROR_IO, "rank %d has lost the other ranks; --resume goes on",
                ranks->rank);
  }
  RST_REQUIRE(
      context, length >= sizeof message->head && length == sizeof message->head + message->head.length,
      RST_ERROR_IO, "a message of rank %d has %zu bytes; are all ranks of the same build?", *from, length);
  return RST_OK;
}

/* Where a column has the rows of some members, and their bytes. */
static size_t part_of(const struct rst_field *column, size_t place, size_t count, char **bytes) {
  *bytes = rst_member_row(column, place).data;
  return count * column->nx * rst_precision_size(column->precision);
}

/* Rows of some columns, in pieces. */
static enum rst_status send_rows(struct rst_context *context, const struct rst_ranks *ranks, int to,
                                 struct rst_member_columns columns, const struct rst_blocks *rows,
                                 size_t place, size_t count) {
  RST_SCOPED struct message *message = NULL;
  RST_TRY(RST_NEW(context, 1, &message));
  struct head *head = &message->head;
  head->kind = ROWS;
  for (head->column = columns.first; head->column < columns.end; ++head->column) {
    char *bytes = NULL;
    const size_t length = part_of(rows->block[head->column].field, place, count, &bytes);
    for (head->offset = 0; head->offset < length; head->offset += head->length) {
      const size_t left = length - head->offset;
      head->length = left < PIECE ? left : PIECE;
      memcpy(message->bytes, bytes + head->offset, head->length);
      RST_TRY(send(context, ranks, to, head));
    }
  }
  return RST_OK;
}

/* A piece to its place. */
static enum rst_status take_rows(struct rst_context *context, int from, const struct message *message,
                                 struct rst_blocks *rows, size_t place, size_t count) {
  const struct head *head = &message->head;
  char *bytes = NULL;
  const size_t length =
      head->column < rows->count ? part_of(rows->block[head->column].field, place, count, &bytes) : 0;
  RST_REQUIRE(context, head->offset <= length && head->length <= length - head->offset, RST_ERROR_IO,
              "rank %d has rows of other members; do all ranks have the same case?", from);
  if (bytes) {
    memcpy(bytes + head->offset, message->bytes, head->length);
  }
  return RST_OK;
}

/* On rank 0. */

enum rst_status rst_member_ranks_order(struct rst_context *context, const struct rst_ranks *ranks,
                                       const struct rst_member_order *order) {
  const struct head head = {.kind = STEP, .order = *order};
  for (int rank = 1; rank < ranks->size; ++rank) {
    RST_TRY(send(context, ranks, rank, &head));
  }
  return RST_OK;
}

/* All answers; of failures that of the lowest rank counts. */
static enum rst_status await_answers(struct rst_context *context, const struct rst_ranks *ranks,
                                     size_t members, struct rst_blocks *rows, struct message *message) {
  enum rst_status first = RST_OK;
  int failed = ranks->size;
  for (int left = ranks->size - 1; left > 0;) {
    int from = 0;
    enum rst_status status = RST_OK;
    RST_TRY(receive(context, ranks, message, &from));
    const struct rst_member_range range = rst_member_range_of(members, ranks->size, from);
    if (message->head.kind == ROWS) {
      status = take_rows(context, from, message, rows, range.first - 1, range.count);
    } else {
      left -= 1;
    }
    if (message->head.kind == FAILED && from < failed) {
      failed = from;
      status = rst_fail(context, message->head.status, "rank %d: %.*s", from, (int)message->head.length,
                        message->bytes);
    }
    first = status == RST_OK ? first : status;
  }
  return first;
}

enum rst_status rst_member_ranks_collect(struct rst_context *context, const struct rst_ranks *ranks,
                                         size_t members, struct rst_blocks *rows) {
  RST_SCOPED struct message *message = NULL;
  RST_TRY(RST_NEW(context, 1, &message));
  return await_answers(context, ranks, members, rows, message);
}

enum rst_status rst_member_ranks_resume(struct rst_context *context, const struct rst_ranks *ranks,
                                        size_t members, struct rst_blocks *rows, long iteration) {
  const struct rst_member_columns columns = {RST_MEMBER_STATES, rows->count};
  const struct head head = {.kind = RESUME, .order = {.iteration = iteration}};
  for (int rank = 1; rank < ranks->size; ++rank) {
    const struct rst_member_range range = rst_member_range_of(members, ranks->size, rank);
    RST_TRY(send_rows(context, ranks, rank, columns, rows, range.first - 1, range.count));
    RST_TRY(send(context, ranks, rank, &head));
  }
  return rst_member_ranks_collect(context, ranks, members, rows);
}

void rst_member_ranks_dismiss(const struct rst_ranks *ranks) {
  const struct head head = {.kind = DISMISSED};
  for (int rank = 1; rank < ranks->size; ++rank) {
    (void)ranks->send(ranks->user, rank, &head, sizeof head);
  }
}

/* On the others. */

struct hand {
  struct rst_context *context;
  const struct rst_ranks *ranks;
  struct rst_member_range range;
  struct rst_members *members;
  struct rst_blocks rows;
  enum rst_status status; /* of what has been done so far */
  struct message message;
};

static enum rst_status begin(struct hand *hand, const struct rst_case *run) {
  struct rst_problem problem;
  hand->range = rst_member_range_of(run->ensemble.members, hand->ranks->size, hand->ranks->rank);
  rst_context_set_rigor(hand->context, run->performance.rigor);
  RST_TRY(rst_problem_create(hand->context, run, &problem));
  enum rst_status status =
      rst_members_create(hand->context, run, problem.u, hand->range, true, &hand->members);
  rst_problem_destroy(&problem);
  RST_TRY(status);
  return rst_members_create_rows(hand->members, hand->range.count > 0 ? hand->range.count : 1, &hand->rows);
}

static enum rst_status step(struct hand *hand, const struct rst_member_order *order) {
  RST_TRY(rst_members_step(hand->members, order->iteration, order->measure));
  RST_REQUIRE(hand->context, order->columns.end <= hand->rows.count, RST_ERROR_IO,
              "rank 0 asks for what members here do not have; do all ranks have the same case?");
  return rst_members_read(hand->members, order->columns, 0, &hand->rows);
}

static enum rst_status resume(struct hand *hand, long iteration) {
  RST_TRY(rst_members_write(hand->members, &hand->rows, 0));
  rst_members_resume(hand->members, iteration);
  return RST_OK;
}

/* The rows that were asked for, or words of the first failure. */
static enum rst_status answer(struct hand *hand, struct rst_member_columns columns) {
  struct message *message = &hand->message;
  if (hand->status == RST_OK) {
    RST_TRY(send_rows(hand->context, hand->ranks, 0, columns, &hand->rows, 0, hand->range.count));
    message->head = (struct head){.kind = DONE};
  } else {
    message->head = (struct head){.kind = FAILED, .status = hand->status};
    snprintf(message->bytes, WORDS, "%s", rst_context_message(hand->context));
    message->head.length = strlen(message->bytes);
  }
  return send(hand->context, hand->ranks, 0, &message->head);
}

static enum rst_status obey(struct hand *hand, bool *dismissed) {
  struct message *message = &hand->message;
  int from = 0;
  RST_TRY(receive(hand->context, hand->ranks, message, &from));
  const struct rst_member_order order = message->head.order;
  const enum kind kind = message->head.kind;
  *dismissed = kind == DISMISSED;
  if (*dismissed) {
    return RST_OK;
  }
  if (kind == ROWS) {
    hand->status = hand->status == RST_OK
                       ? take_rows(hand->context, from, message, &hand->rows, 0, hand->range.count)
                       : hand->status;
    return RST_OK;
  }
  if (hand->status == RST_OK) {
    hand->status = kind == STEP ? step(hand, &order) : resume(hand, order.iteration);
  }
  return answer(hand, order.columns);
}

enum rst_status rst_member_ranks_work(struct rst_context *context, const struct rst_case *run,
                                      const struct rst_ranks *ranks) {
  RST_SCOPED struct hand *hand = NULL;
  bool dismissed = false;
  RST_TRY(RST_NEW(context, 1, &hand));
  hand->context = context;
  hand->ranks = ranks;
  hand->status = begin(hand, run);
  enum rst_status status = RST_OK;
  while (status == RST_OK && !dismissed) {
    status = obey(hand, &dismissed);
  }
  rst_members_destroy_rows(&hand->rows);
  rst_members_destroy(&hand->members);
  return status;
}
