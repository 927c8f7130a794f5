/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/members.h"

#include <math.h>
#include <string.h>

#include "core/clock.h"
#include "core/core.h"
#include "core/share.h"
#include "core/sizes.h"

/* Steps every worker_count-th block of members, in a thread of its own where there are several. The first one has the run's context. None
 * has the run's flow, whose linearisation others rely on while members step. */
struct worker {
  struct rst_context *context;
  struct rst_flow *flow;
  enum rst_status status; /* of the last steps */
};

/* Members that are stepped together, as copies of a flow; numbers of members count from 0 here. */
struct block {
  struct rst_motion *motion;
  size_t first, count;
};

struct rst_members {
  struct rst_context *context;
  struct rst_member_range range;
  size_t block_count;
  struct block *blocks;
  struct rst_motion *sample; /* of no member: what a motion depends on */
  size_t worker_count;
  struct worker *workers;
  struct rst_field *starts; /* [count] rows; NULL unless measured */
  struct rst_field *numbers;
  long target; /* of the steps under way */
  bool measures;
  long reached;
  double nanoseconds; /* of a step of all members by one thread; 0: not known yet */
};

/* Of blocks: beyond so many members there is nothing to gain, with so many numbers of states they stay in a cache. */
enum { MOST_MEMBERS = 64, MOST_NUMBERS = 1024 };

enum { NUMBERS = sizeof(struct rst_member_numbers) / sizeof(double) };

/* A failure, in the words of the run's context. */
static enum rst_status report(const struct rst_members *members, const struct worker *worker,
                              enum rst_status status) {
  RST_REQUIRE(members->context, status == RST_OK || worker == members->workers, status, "%s",
              rst_context_message(worker->context));
  return status;
}

static enum rst_status create_workers(struct rst_members *members, const struct rst_case *run) {
  const size_t threads = (size_t)rst_context_threads(members->context);
  const size_t busy = threads < members->range.count ? threads : members->range.count;
  const size_t count = busy > 0 ? busy : 1;
  RST_TRY(RST_NEW(members->context, count, &members->workers));
  members->worker_count = count;
  members->workers[0].context = members->context;
  for (size_t i = 0; i < count; ++i) {
    struct worker *worker = &members->workers[i];
    RST_REQUIRE(members->context, worker->context || rst_context_create(&worker->context) == RST_OK,
                RST_ERROR_MEMORY, "memory is exhausted");
    rst_context_set_rigor(worker->context, rst_context_rigor(members->context));
    RST_TRY(report(members, worker, rst_flow_create(worker->context, &run->flow, &worker->flow)));
  }
  return RST_OK;
}

static struct worker *worker_of(const struct rst_members *members, size_t block) {
  return &members->workers[block % members->worker_count];
}

/* Members of a block. */
static size_t block_size(const struct rst_members *members, const struct rst_case *run) {
  const struct rst_flow *flow = members->workers[0].flow;
  const size_t numbers = rst_flow_layout(flow)->count;
  const bool alone = rst_scheme_facts(run->step.scheme.kind).adapts || rst_flow_averages(flow);
  return alone || numbers > MOST_NUMBERS ? 1 : rst_least(MOST_MEMBERS, MOST_NUMBERS / numbers);
}

/* As many for each worker, all of about the same size. */
static enum rst_status divide(struct rst_members *members, const struct rst_case *run) {
  const size_t count = members->range.count;
  const size_t round = members->worker_count * block_size(members, run);
  const size_t blocks = rst_least(count, (count + round - 1) / round * members->worker_count);
  RST_TRY(RST_NEW(members->context, blocks + 1, &members->blocks));
  for (size_t b = 0; b < blocks; ++b) {
    const size_t first = count / blocks * b + rst_least(b, count % blocks);
    members->blocks[b].first = first;
    members->blocks[b].count = count / blocks + (b < count % blocks ? 1 : 0);
  }
  members->block_count = blocks;
  return RST_OK;
}

struct rst_field rst_member_row(const struct rst_field *rows, size_t place) {
  return (struct rst_field){rows->precision, 1, rows->nx,
                            (char *)rows->data + place * rows->nx * rst_precision_size(rows->precision)};
}

/* Of that member and those that follow; of none for count 0, only to be like those. */
static enum rst_status create_motion(const struct worker *worker, const struct rst_case *run, size_t number,
                                     size_t count, const struct rst_field *start,
                                     struct rst_motion **motion) {
  struct rst_motion_parameters parameters = {.scheme = run->step.scheme,
                                             .schedule = run->step.schedule,
                                             .sampling = run->sampling,
                                             .copies = count,
                                             .draws_together = run->ensemble.vary == RST_VARY_INITIAL};
  if (!parameters.draws_together) {
    parameters.sampling.member = number;
  }
  return rst_motion_create(worker->context, worker->flow, &parameters, start, motion);
}

/* The initial state of a member; u is that of the run. */
static enum rst_status fill_start(struct rst_members *members, const struct rst_case *run,
                                  const struct worker *worker, size_t index, const struct rst_field *u,
                                  struct rst_field *start) {
  if (run->ensemble.vary == RST_VARY_NOISE) {
    rst_field_copy(u, start);
  } else {
    struct rst_initial_parameters initial = run->initial;
    initial.seed += (uint32_t)(members->range.first + index);
    RST_TRY(rst_flow_fill_initial(worker->context, worker->flow, &initial, start));
  }
  if (members->starts) {
    struct rst_field kept = rst_member_row(members->starts, index);
    rst_field_copy(start, &kept);
  }
  return RST_OK;
}

static enum rst_status create_block(struct rst_members *members, const struct rst_case *run,
                                    const struct rst_field *u, size_t index) {
  const struct worker *worker = worker_of(members, index);
  struct block *block = &members->blocks[index];
  const size_t numbers = rst_field_count(u);
  struct rst_field *starts = NULL;
  RST_TRY(rst_field_create(worker->context, u->precision, block->count, numbers, &starts));
  enum rst_status status = RST_OK;
  for (size_t i = 0; i < block->count && status == RST_OK; ++i) {
    struct rst_field start = rst_member_row(starts, i);
    status = fill_start(members, run, worker, block->first + i, u, &start);
  }
  if (status == RST_OK) {
    const struct rst_field row = {u->precision, 1, block->count * numbers, starts->data};
    status =
        create_motion(worker, run, members->range.first + block->first, block->count, &row, &block->motion);
  }
  rst_field_destroy(&starts);
  return status;
}

static enum rst_status create_motions(struct rst_members *members, const struct rst_case *run,
                                      const struct rst_field *u) {
  RST_TRY(create_motion(members->workers, run, 0, 0, u, &members->sample));
  RST_TRY(divide(members, run));
  for (size_t b = 0; b < members->block_count; ++b) {
    RST_TRY(report(members, worker_of(members, b), create_block(members, run, u, b)));
  }
  return RST_OK;
}

static void forget(struct rst_field *numbers) {
  rst_field_fill(NAN, numbers);
}

static enum rst_status build(struct rst_members *members, const struct rst_case *run,
                             const struct rst_field *u, bool measured) {
  struct rst_context *context = members->context;
  const size_t rows = members->range.count > 0 ? members->range.count : 1;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, rows, NUMBERS, &members->numbers));
  forget(members->numbers);
  if (measured) {
    RST_TRY(rst_field_create(context, u->precision, rows, rst_field_count(u), &members->starts));
  }
  RST_TRY(create_workers(members, run));
  return create_motions(members, run, u);
}

enum rst_status rst_members_create(struct rst_context *context, const struct rst_case *run,
                                   const struct rst_field *u, struct rst_member_range range, bool measured,
                                   struct rst_members **members) {
  *members = NULL;
  struct rst_members *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_members){.context = context, .range = range};
  const enum rst_status status = build(made, run, u, measured);
  if (status != RST_OK) {
    rst_members_destroy(&made);
    return status;
  }
  *members = made;
  return RST_OK;
}

void rst_members_destroy(struct rst_members **members) {
  struct rst_members *gone = *members;
  if (!gone) {
    return;
  }
  for (size_t b = 0; b < gone->block_count; ++b) {
    rst_motion_destroy(&gone->blocks[b].motion);
  }
  rst_motion_destroy(&gone->sample);
  for (size_t i = 0; i < gone->worker_count; ++i) {
    rst_flow_destroy(&gone->workers[i].flow);
    if (i > 0) {
      rst_context_destroy(&gone->workers[i].context);
    }
  }
  rst_field_destroy(&gone->starts);
  rst_field_destroy(&gone->numbers);
  free(gone->workers);
  free(gone->blocks);
  free(gone);
  *members = NULL;
}

static void measure(const struct rst_members *members, const struct block *block) {
  struct rst_observation seen;
  struct rst_field u;
  rst_motion_look(block->motion, &seen);
  for (size_t i = 0; i < block->count; ++i) {
    const struct rst_field start = rst_member_row(members->starts, block->first + i);
    const struct rst_field row = rst_member_row(members->numbers, block->first + i);
    rst_motion_look_at_copy(block->motion, i, &u, &seen);
    *(struct rst_member_numbers *)row.data = (struct rst_member_numbers){
        .loss = seen.loss,
        .weight_norm = seen.weight_norm,
        .displacement = rst_field_distance(&u, &start),
    };
  }
}

/* The steps of a worker's members, one block after the other. */
static void step_some(void *work, size_t index, size_t team_member) {
  (void)team_member;
  const struct rst_members *members = work;
  struct worker *worker = &members->workers[index];
  worker->status = RST_OK;
  for (size_t b = index; b < members->block_count && worker->status == RST_OK; b += members->worker_count) {
    struct block *block = &members->blocks[b];
    while (block->motion->iteration < members->target && worker->status == RST_OK) {
      worker->status = rst_motion_advance(block->motion);
    }
    if (members->measures && worker->status == RST_OK) {
      measure(members, block);
    }
  }
}

static enum rst_status step_to(struct rst_members *members, long t, bool measured) {
  const double second = 1e9; /* nanoseconds */
  const long steps = t - members->reached;
  const double work = members->nanoseconds * (double)(steps + (measured ? 1 : 0));
  const size_t team = rst_team_size(members->context, work, members->worker_count);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  members->target = t;
  members->measures = measured;
  rst_share(members->context, team, members->worker_count, step_some, members);
  for (size_t i = 0; i < members->worker_count; ++i) {
    RST_TRY(report(members, &members->workers[i], members->workers[i].status));
  }
  if (members->nanoseconds == 0.0 && steps > 0) {
    members->nanoseconds = second * rst_seconds_since(&start) / (double)steps;
  }
  members->reached = t;
  return RST_OK;
}

/* The first step, by one thread, tells how many the others are worth. */
enum rst_status rst_members_step(struct rst_members *members, long t, bool measured) {
  if (members->reached < t && members->nanoseconds == 0.0) {
    RST_TRY(step_to(members, members->reached + 1, false));
  }
  return members->reached < t || measured ? step_to(members, t, measured) : RST_OK;
}

void rst_members_resume(struct rst_members *members, long t) {
  for (size_t b = 0; b < members->block_count; ++b) {
    members->blocks[b].motion->iteration = t;
    members->blocks[b].motion->looked = false;
  }
  members->reached = t;
}

/* A field of rows like that of one member. */
static enum rst_status add_rows(struct rst_context *context, size_t count, enum rst_precision precision,
                                size_t numbers, const char *name, struct rst_blocks *rows) {
  struct rst_field *made = NULL;
  RST_TRY(rst_field_create(context, precision, count, numbers, &made));
  rst_blocks_add(rows, made, "%s", name);
  if (rows->failed) {
    rst_field_destroy(&made);
  }
  return rst_blocks_check(context, rows);
}

enum rst_status rst_members_create_rows(const struct rst_members *members, size_t count,
                                        struct rst_blocks *rows) {
  struct rst_context *context = members->context;
  struct rst_blocks of_one = {0};
  *rows = (struct rst_blocks){0};
  rst_motion_list(members->sample, "", &of_one);
  enum rst_status status = rst_blocks_check(context, &of_one);
  if (status == RST_OK) {
    status = add_rows(context, count, RST_PRECISION_DOUBLE, NUMBERS, "numbers", rows);
  }
  for (size_t b = 0; b < of_one.count && status == RST_OK; ++b) {
    const struct rst_field *field = of_one.block[b].field;
    status = add_rows(context, count, field->precision, rst_field_count(field), of_one.block[b].name, rows);
  }
  rst_blocks_clear(&of_one);
  if (status != RST_OK) {
    rst_members_destroy_rows(rows);
    return status;
  }
  forget(rows->block[RST_MEMBER_NUMBERS].field);
  return RST_OK;
}

void rst_members_destroy_rows(struct rst_blocks *rows) {
  for (size_t b = 0; b < rows->count; ++b) {
    rst_field_destroy(&rows->block[b].field);
  }
  rst_blocks_clear(rows);
}

static void copy_bytes(const struct rst_field *from, struct rst_field *to) {
  memcpy(to->data, from->data, rst_field_count(from) * rst_precision_size(from->precision));
}

/* Copy between rows and a field of a block, which has those of its members in a row, or one for all of them. */
static void copy_rows(const struct block *block, size_t place, struct rst_field *rows,
                      struct rst_field *field, bool back) {
  const struct rst_field of_block = {field->precision, rst_field_count(field) / rows->nx, rows->nx,
                                     field->data};
  for (size_t i = 0; i < block->count; ++i) {
    struct rst_field row = rst_member_row(rows, place + block->first + i);
    struct rst_field own = rst_member_row(&of_block, of_block.ny > 1 ? i : 0);
    copy_bytes(back ? &row : &own, back ? &own : &row);
  }
}

/* What a block depends on follows the numbers. */
static enum rst_status copy_block(struct rst_members *members, const struct block *block,
                                  struct rst_member_columns columns, size_t place,
                                  const struct rst_blocks *rows, bool back) {
  struct rst_blocks own = {0};
  rst_motion_list(block->motion, "", &own);
  const enum rst_status status = rst_blocks_check(members->context, &own);
  const size_t first = columns.first > RST_MEMBER_STATES ? columns.first : RST_MEMBER_STATES;
  for (size_t b = first; b < columns.end && status == RST_OK; ++b) {
    copy_rows(block, place, rows->block[b].field, own.block[b - RST_MEMBER_STATES].field, back);
  }
  rst_blocks_clear(&own);
  return status;
}

static enum rst_status copy_blocks(struct rst_members *members, struct rst_member_columns columns,
                                   size_t place, const struct rst_blocks *rows, bool back) {
  for (size_t b = 0; b < members->block_count; ++b) {
    RST_TRY(copy_block(members, &members->blocks[b], columns, place, rows, back));
  }
  return RST_OK;
}

enum rst_status rst_members_read(struct rst_members *members, struct rst_member_columns columns, size_t place,
                                 struct rst_blocks *rows) {
  for (size_t i = 0; columns.first == RST_MEMBER_NUMBERS && i < members->range.count; ++i) {
    const struct rst_field own = rst_member_row(members->numbers, i);
    struct rst_field row = rst_member_row(rows->block[RST_MEMBER_NUMBERS].field, place + i);
    copy_bytes(&own, &row);
  }
  return columns.end > RST_MEMBER_STATES ? copy_blocks(members, columns, place, rows, false) : RST_OK;
}

enum rst_status rst_members_write(struct rst_members *members, const struct rst_blocks *rows, size_t place) {
  const struct rst_member_columns columns = {RST_MEMBER_STATES, rows->count};
  return copy_blocks(members, columns, place, rows, true);
}
