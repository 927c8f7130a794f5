/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/ensemble.h"

#include <math.h>
#include <string.h>

#include "case/fault.h"
#include "core/clock.h"
#include "core/core.h"
#include "core/share.h"

/* Steps every worker_count-th member, in a thread of its own where there are several. The first one has the run's context. None
 * has the run's flow, whose linearisation others rely on while members step. */
struct worker {
  struct rst_context *context;
  struct rst_flow *flow;
  enum rst_status status; /* of the last steps */
};

struct rst_ensemble {
  struct rst_context *context;
  size_t count; /* of members but the run */
  struct rst_motion **members;
  size_t worker_count;
  struct worker *workers;
  long target; /* of the steps under way */
  long reached;
  double nanoseconds; /* of a step of all members by one thread; 0: not known yet */
  struct rst_field *mean, *variance;
  double *sums; /* [numbers of a state] */
  bool has_numbers;
  struct rst_field *starts;                  /* of all, the run's first; NULL without numbers */
  double *loss, *weight_norm, *displacement; /* [1 + count] */
  struct rst_blocks of_member;               /* of the first member: what a checkpoint has of each */
  struct rst_field **packed;                 /* of each of these, [count][numbers] */
};

/* Iterations that the members may be behind. */
enum { STRETCH = 16 };

static enum rst_status check(struct rst_context *context, const struct rst_case *run) {
  const bool starts = run->ensemble.vary != RST_VARY_NOISE;
  const bool draws = run->ensemble.vary != RST_VARY_INITIAL;
  if (draws && rst_sampling_is_full(&run->sampling)) {
    return rst_case_fault(context, run, "ensemble",
                          "key \"ensemble.vary\": all members would be the same without noise; choose a "
                          "sampling.kind, or vary: initial");
  }
  if (starts && !rst_initial_is_seeded(run->initial.kind)) {
    return rst_case_fault(context, run, "ensemble",
                          "key \"ensemble.vary\": the initial state %s has no seed to vary; choose normal, "
                          "fan-in or uniform, or vary: noise",
                          run->initial.kind);
  }
  if (starts && run->ensemble.members - 1 > UINT32_MAX - run->initial.seed) {
    return rst_case_fault(context, run, "ensemble",
                          "key \"ensemble.members\": %zu seeds from initial.seed %lu on are beyond the "
                          "largest one",
                          run->ensemble.members, (unsigned long)run->initial.seed);
  }
  return RST_OK;
}

/* A failure, in the words of the run's context. */
static enum rst_status report(const struct rst_ensemble *ensemble, const struct worker *worker,
                              enum rst_status status) {
  RST_REQUIRE(ensemble->context, status == RST_OK || worker == ensemble->workers, status, "%s",
              rst_context_message(worker->context));
  return status;
}

static enum rst_status create_workers(struct rst_ensemble *ensemble, const struct rst_case *run) {
  const size_t threads = (size_t)rst_context_threads(ensemble->context);
  const size_t count = threads < ensemble->count ? threads : ensemble->count;
  RST_TRY(RST_NEW(ensemble->context, count, &ensemble->workers));
  ensemble->worker_count = count;
  ensemble->workers[0].context = ensemble->context;
  for (size_t i = 0; i < count; ++i) {
    struct worker *worker = &ensemble->workers[i];
    RST_REQUIRE(ensemble->context, worker->context || rst_context_create(&worker->context) == RST_OK,
                RST_ERROR_MEMORY, "memory is exhausted");
    rst_context_set_rigor(worker->context, rst_context_rigor(ensemble->context));
    RST_TRY(report(ensemble, worker, rst_flow_create(worker->context, &run->flow, &worker->flow)));
  }
  return RST_OK;
}

static struct worker *worker_of(const struct rst_ensemble *ensemble, size_t index) {
  return &ensemble->workers[index % ensemble->worker_count];
}

/* Row `index` of what all members have, as a state. */
static struct rst_field row_of(const struct rst_field *all, size_t index) {
  return (struct rst_field){all->precision, 1, all->nx,
                            (char *)all->data + index * all->nx * rst_precision_size(all->precision)};
}

/* Member number index + 1. */
static enum rst_status create_member(struct rst_ensemble *ensemble, const struct rst_case *run, size_t index,
                                     struct rst_field *start) {
  struct worker *worker = worker_of(ensemble, index);
  struct rst_motion_parameters parameters = {
      .scheme = run->step.scheme, .schedule = run->step.schedule, .sampling = run->sampling};
  if (run->ensemble.vary != RST_VARY_INITIAL) {
    parameters.sampling.member = index + 1;
  }
  if (run->ensemble.vary != RST_VARY_NOISE) {
    struct rst_initial_parameters initial = run->initial;
    initial.seed += (uint32_t)(index + 1);
    RST_TRY(rst_flow_fill_initial(worker->context, worker->flow, &initial, start));
  }
  if (ensemble->starts) {
    struct rst_field kept = row_of(ensemble->starts, index + 1);
    rst_field_copy(start, &kept);
  }
  return rst_motion_create(worker->context, worker->flow, &parameters, start, &ensemble->members[index]);
}

static enum rst_status create_members(struct rst_ensemble *ensemble, const struct rst_case *run,
                                      const struct rst_field *u) {
  struct rst_field *start = NULL;
  enum rst_status status = rst_field_create_like(ensemble->context, u, &start);
  if (status == RST_OK) {
    rst_field_copy(u, start);
  }
  for (size_t i = 0; i < ensemble->count && status == RST_OK; ++i) {
    status = report(ensemble, worker_of(ensemble, i), create_member(ensemble, run, i, start));
  }
  rst_field_destroy(&start);
  return status;
}

/* Columns for the numbers of each member, and where each began. */
static enum rst_status create_numbers(struct rst_ensemble *ensemble, const struct rst_field *u) {
  const size_t members = 1 + ensemble->count;
  RST_TRY(rst_field_create(ensemble->context, u->precision, members, u->nx, &ensemble->starts));
  RST_TRY(RST_NEW(ensemble->context, 3 * members, &ensemble->loss));
  ensemble->weight_norm = ensemble->loss + members;
  ensemble->displacement = ensemble->weight_norm + members;
  for (size_t i = 0; i < 3 * members; ++i) {
    ensemble->loss[i] = NAN;
  }
  struct rst_field first = row_of(ensemble->starts, 0);
  rst_field_copy(u, &first);
  return RST_OK;
}

static enum rst_status create_packed(struct rst_ensemble *ensemble) {
  struct rst_blocks *of_member = &ensemble->of_member;
  rst_motion_list(ensemble->members[0], "", of_member);
  RST_TRY(rst_blocks_check(ensemble->context, of_member));
  RST_TRY(RST_NEW(ensemble->context, of_member->count, &ensemble->packed));
  for (size_t b = 0; b < of_member->count; ++b) {
    const struct rst_field *of_one = of_member->block[b].field;
    RST_TRY(rst_field_create(ensemble->context, of_one->precision, ensemble->count, rst_field_count(of_one),
                             &ensemble->packed[b]));
  }
  return RST_OK;
}

static enum rst_status build(struct rst_ensemble *ensemble, const struct rst_case *run,
                             const struct rst_field *u) {
  struct rst_context *context = ensemble->context;
  RST_TRY(check(context, run));
  ensemble->count = run->ensemble.members - 1;
  RST_TRY(RST_NEW(context, ensemble->count, &ensemble->members));
  RST_TRY(rst_field_create_like(context, u, &ensemble->mean));
  RST_TRY(rst_field_create_like(context, u, &ensemble->variance));
  RST_TRY(RST_NEW(context, rst_field_count(u), &ensemble->sums));
  RST_TRY(ensemble->has_numbers ? create_numbers(ensemble, u) : RST_OK);
  RST_TRY(create_workers(ensemble, run));
  RST_TRY(create_members(ensemble, run, u));
  return create_packed(ensemble);
}

enum rst_status rst_ensemble_create(struct rst_context *context, const struct rst_case *run,
                                    const struct rst_field *u, bool has_numbers,
                                    struct rst_ensemble **ensemble) {
  *ensemble = NULL;
  struct rst_ensemble *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_ensemble){.context = context, .has_numbers = has_numbers};
  const enum rst_status status = build(made, run, u);
  if (status != RST_OK) {
    rst_ensemble_destroy(&made);
    return status;
  }
  *ensemble = made;
  return RST_OK;
}

void rst_ensemble_destroy(struct rst_ensemble **ensemble) {
  struct rst_ensemble *gone = *ensemble;
  if (!gone) {
    return;
  }
  for (size_t b = 0; gone->packed && b < gone->of_member.count; ++b) {
    rst_field_destroy(&gone->packed[b]);
  }
  free(gone->packed);
  rst_blocks_clear(&gone->of_member);
  for (size_t i = 0; gone->members && i < gone->count; ++i) {
    rst_motion_destroy(&gone->members[i]);
  }
  for (size_t i = 0; i < gone->worker_count; ++i) {
    rst_flow_destroy(&gone->workers[i].flow);
    if (i > 0) {
      rst_context_destroy(&gone->workers[i].context);
    }
  }
  rst_field_destroy(&gone->starts);
  rst_field_destroy(&gone->mean);
  rst_field_destroy(&gone->variance);
  free(gone->sums);
  free(gone->loss);
  free(gone->workers);
  free(gone->members);
  free(gone);
  *ensemble = NULL;
}

/* The steps of a worker's members, one member after the other. */
static void step_some(void *work, size_t index, size_t member) {
  (void)member;
  const struct rst_ensemble *ensemble = work;
  struct worker *worker = &ensemble->workers[index];
  worker->status = RST_OK;
  for (size_t i = index; i < ensemble->count && worker->status == RST_OK; i += ensemble->worker_count) {
    while (ensemble->members[i]->iteration < ensemble->target && worker->status == RST_OK) {
      worker->status = rst_motion_advance(ensemble->members[i]);
    }
  }
}

/* The first step, by one thread, tells how many the others are worth. */
static enum rst_status step_to(struct rst_ensemble *ensemble, long t) {
  const double second = 1e9; /* nanoseconds */
  const double work = ensemble->nanoseconds * (double)(t - ensemble->reached);
  const size_t team = rst_team_size(ensemble->context, work, ensemble->worker_count);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  ensemble->target = t;
  rst_share(ensemble->context, team, ensemble->worker_count, step_some, ensemble);
  for (size_t i = 0; i < ensemble->worker_count; ++i) {
    RST_TRY(report(ensemble, &ensemble->workers[i], ensemble->workers[i].status));
  }
  if (ensemble->nanoseconds == 0.0) {
    ensemble->nanoseconds = second * rst_seconds_since(&start) / (double)(t - ensemble->reached);
  }
  ensemble->reached = t;
  return RST_OK;
}

enum rst_status rst_ensemble_reach(struct rst_ensemble *ensemble, long t) {
  if (ensemble->reached < t && ensemble->nanoseconds == 0.0) {
    RST_TRY(step_to(ensemble, ensemble->reached + 1));
  }
  return ensemble->reached < t ? step_to(ensemble, t) : RST_OK;
}

enum rst_status rst_ensemble_follow(struct rst_ensemble *ensemble, long t) {
  return t - ensemble->reached >= STRETCH ? rst_ensemble_reach(ensemble, t) : RST_OK;
}

/* State number m of all. */
static const struct rst_field *state_of(const struct rst_ensemble *ensemble, const struct rst_field *u,
                                        size_t m) {
  return m == 0 ? u : ensemble->members[m - 1]->u;
}

const struct rst_field *rst_ensemble_mean(struct rst_ensemble *ensemble, const struct rst_field *u) {
  const size_t numbers = rst_field_count(u);
  memset(ensemble->sums, 0, numbers * sizeof *ensemble->sums);
  for (size_t m = 0; m <= ensemble->count; ++m) {
    const struct rst_field *state = state_of(ensemble, u, m);
    for (size_t i = 0; i < numbers; ++i) {
      ensemble->sums[i] += rst_field_get(state, 0, i);
    }
  }
  for (size_t i = 0; i < numbers; ++i) {
    ensemble->sums[i] /= (double)(ensemble->count + 1);
    rst_field_set(ensemble->mean, 0, i, ensemble->sums[i]);
  }
  return ensemble->mean;
}

const struct rst_field *rst_ensemble_variance(struct rst_ensemble *ensemble, const struct rst_field *u) {
  const size_t numbers = rst_field_count(u);
  (void)rst_ensemble_mean(ensemble, u);
  for (size_t i = 0; i < numbers; ++i) {
    double squares = 0.0;
    for (size_t m = 0; m <= ensemble->count; ++m) {
      const double away = rst_field_get(state_of(ensemble, u, m), 0, i) - ensemble->sums[i];
      squares += away * away;
    }
    rst_field_set(ensemble->variance, 0, i, squares / (double)ensemble->count);
  }
  return ensemble->variance;
}

void rst_ensemble_measure(struct rst_ensemble *ensemble, const struct rst_observation *seen) {
  for (size_t m = 0; m <= ensemble->count; ++m) {
    const struct rst_field start = row_of(ensemble->starts, m);
    struct rst_observation own = *seen;
    if (m > 0) {
      rst_motion_look(ensemble->members[m - 1], &own);
    }
    ensemble->loss[m] = own.loss;
    ensemble->weight_norm[m] = own.weight_norm;
    ensemble->displacement[m] = rst_field_distance(own.u, &start);
  }
}

struct rst_ensemble_numbers rst_ensemble_numbers(const struct rst_ensemble *ensemble) {
  return (struct rst_ensemble_numbers){ensemble->loss, ensemble->weight_norm, ensemble->displacement};
}

/* Copy between the packed fields and those of each member. */
static enum rst_status pack(struct rst_ensemble *ensemble, bool back) {
  for (size_t i = 0; i < ensemble->count; ++i) {
    struct rst_blocks blocks = {0};
    rst_motion_list(ensemble->members[i], "", &blocks);
    const enum rst_status status = rst_blocks_check(ensemble->context, &blocks);
    for (size_t b = 0; b < blocks.count && status == RST_OK; ++b) {
      const struct rst_field row = row_of(ensemble->packed[b], i);
      const size_t size = row.nx * rst_precision_size(row.precision);
      memcpy(back ? blocks.block[b].field->data : row.data, back ? row.data : blocks.block[b].field->data,
             size);
    }
    rst_blocks_clear(&blocks);
    RST_TRY(status);
  }
  return RST_OK;
}

enum rst_status rst_ensemble_list(struct rst_ensemble *ensemble, struct rst_blocks *blocks) {
  RST_TRY(pack(ensemble, false));
  for (size_t b = 0; b < ensemble->of_member.count; ++b) {
    rst_blocks_add(blocks, ensemble->packed[b], "ensemble.%s", ensemble->of_member.block[b].name);
  }
  return RST_OK;
}

enum rst_status rst_ensemble_resume(struct rst_ensemble *ensemble, long t) {
  for (size_t i = 0; i < ensemble->count; ++i) {
    ensemble->members[i]->iteration = t;
  }
  ensemble->reached = t;
  return pack(ensemble, true);
}
