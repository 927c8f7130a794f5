/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/ensemble.h"

#include <math.h>
#include <string.h>

#include "case/fault.h"
#include "core/core.h"
#include "run/directions.h"
#include "run/quantile.h"

struct rst_ensemble {
  struct rst_context *context;
  const struct rst_ranks *ranks; /* NULL: this process alone */
  size_t count;                  /* of members, the run included */
  struct rst_members *members;   /* of this rank */
  struct rst_member_range range;
  struct rst_blocks rows; /* of all members but the run */
  long reached;
  struct rst_field *mean, *variance;
  double *sums;                         /* [numbers of a state] */
  struct rst_field *start;              /* of the run; NULL unless measured */
  struct rst_member_numbers own;        /* of the run */
  const double *levels;                 /* of the quantiles, borrowed */
  size_t level_count;                   /* 0: there are none */
  struct rst_member_numbers *quantiles; /* [level_count] */
  double *sorted;                       /* [count] */
  struct rst_field *directions;         /* rows; NULL without, as the next */
  struct rst_field *covariance;         /* [directions][directions] */
  double *along, *products;             /* of one member, [directions]; [directions][directions] */
};

/* Iterations that the members may be behind. */
enum { STRETCH = 16 };

static const struct rst_member_numbers unknown = {NAN, NAN, NAN};

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

/* What tells of numbers of members. */
static enum rst_status create_numbers(struct rst_ensemble *ensemble, const struct rst_case *run,
                                      const struct rst_field *u) {
  struct rst_context *context = ensemble->context;
  RST_TRY(rst_field_create_like(context, u, &ensemble->start));
  rst_field_copy(u, ensemble->start);
  ensemble->levels = run->ensemble.quantiles;
  ensemble->level_count = run->ensemble.quantile_count;
  RST_TRY(RST_NEW(context, ensemble->level_count + 1, &ensemble->quantiles));
  for (size_t i = 0; i < ensemble->level_count; ++i) {
    ensemble->quantiles[i] = unknown;
  }
  return RST_NEW(context, ensemble->count, &ensemble->sorted);
}

static enum rst_status create_covariance(struct rst_ensemble *ensemble, const struct rst_case *run,
                                         struct rst_flow *flow, const struct rst_field *u) {
  const size_t count = run->ensemble.directions.count;
  RST_TRY(rst_directions_create(ensemble->context, run, flow, u, &ensemble->directions));
  RST_TRY(rst_field_create(ensemble->context, u->precision, count, count, &ensemble->covariance));
  RST_TRY(RST_NEW(ensemble->context, count, &ensemble->along));
  return RST_NEW(ensemble->context, count * count, &ensemble->products);
}

static enum rst_status build(struct rst_ensemble *ensemble, const struct rst_case *run, struct rst_flow *flow,
                             const struct rst_field *u, bool measured) {
  struct rst_context *context = ensemble->context;
  const int size = ensemble->ranks ? ensemble->ranks->size : 1;
  RST_TRY(check(context, run));
  ensemble->count = run->ensemble.members;
  ensemble->range = rst_member_range_of(ensemble->count, size, 0);
  RST_TRY(rst_field_create_like(context, u, &ensemble->mean));
  RST_TRY(rst_field_create_like(context, u, &ensemble->variance));
  RST_TRY(RST_NEW(context, rst_field_count(u), &ensemble->sums));
  RST_TRY(measured ? create_numbers(ensemble, run, u) : RST_OK);
  if (run->ensemble.directions.kind != RST_DIRECTIONS_NONE) {
    RST_TRY(create_covariance(ensemble, run, flow, u));
  }
  RST_TRY(rst_members_create(context, run, u, ensemble->range, measured, &ensemble->members));
  return rst_members_create_rows(ensemble->members, ensemble->count - 1, &ensemble->rows);
}

enum rst_status rst_ensemble_create(struct rst_context *context, const struct rst_case *run,
                                    struct rst_flow *flow, const struct rst_field *u, bool measured,
                                    const struct rst_ranks *ranks, struct rst_ensemble **ensemble) {
  *ensemble = NULL;
  struct rst_ensemble *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_ensemble){
      .context = context, .ranks = ranks && ranks->size > 1 ? ranks : NULL, .own = unknown};
  const enum rst_status status = build(made, run, flow, u, measured);
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
  rst_members_destroy_rows(&gone->rows);
  rst_members_destroy(&gone->members);
  rst_field_destroy(&gone->mean);
  rst_field_destroy(&gone->variance);
  rst_field_destroy(&gone->start);
  rst_field_destroy(&gone->directions);
  rst_field_destroy(&gone->covariance);
  free(gone->products);
  free(gone->along);
  free(gone->sorted);
  free(gone->quantiles);
  free(gone->sums);
  free(gone);
  *ensemble = NULL;
}

/* Step all members to an iteration, measure them where that is asked for, and bring columns of their rows together. The other
 * ranks have answered on return, whatever has failed here. */
static enum rst_status bring(struct rst_ensemble *ensemble, const struct rst_member_order *order) {
  const size_t place = ensemble->range.first - 1;
  if (ensemble->ranks) {
    RST_TRY(rst_member_ranks_order(ensemble->context, ensemble->ranks, order));
  }
  enum rst_status status = rst_members_step(ensemble->members, order->iteration, order->measure);
  if (status == RST_OK) {
    status = rst_members_read(ensemble->members, order->columns, place, &ensemble->rows);
  }
  if (ensemble->ranks) {
    RST_TRY(rst_member_ranks_collect(ensemble->context, ensemble->ranks, ensemble->count, &ensemble->rows));
  }
  RST_TRY(status);
  ensemble->reached = order->iteration;
  return RST_OK;
}

enum rst_status rst_ensemble_follow(struct rst_ensemble *ensemble, long t) {
  const struct rst_member_order order = {.iteration = t};
  return t - ensemble->reached >= STRETCH ? bring(ensemble, &order) : RST_OK;
}

enum rst_status rst_ensemble_gather(struct rst_ensemble *ensemble, long t) {
  const struct rst_member_order order = {.iteration = t, .columns = {RST_MEMBER_STATES, RST_MEMBER_REST}};
  return bring(ensemble, &order);
}

/* State number m of all. */
static struct rst_field state_of(const struct rst_ensemble *ensemble, const struct rst_field *u, size_t m) {
  return m == 0 ? *u : rst_member_row(ensemble->rows.block[RST_MEMBER_STATES].field, m - 1);
}

const struct rst_field *rst_ensemble_mean(struct rst_ensemble *ensemble, const struct rst_field *u) {
  const size_t numbers = rst_field_count(u);
  memset(ensemble->sums, 0, numbers * sizeof *ensemble->sums);
  for (size_t m = 0; m < ensemble->count; ++m) {
    const struct rst_field state = state_of(ensemble, u, m);
    for (size_t i = 0; i < numbers; ++i) {
      ensemble->sums[i] += rst_field_get(&state, 0, i);
    }
  }
  for (size_t i = 0; i < numbers; ++i) {
    ensemble->sums[i] /= (double)ensemble->count;
    rst_field_set(ensemble->mean, 0, i, ensemble->sums[i]);
  }
  return ensemble->mean;
}

const struct rst_field *rst_ensemble_variance(struct rst_ensemble *ensemble, const struct rst_field *u) {
  const size_t numbers = rst_field_count(u);
  (void)rst_ensemble_mean(ensemble, u);
  for (size_t i = 0; i < numbers; ++i) {
    double squares = 0.0;
    for (size_t m = 0; m < ensemble->count; ++m) {
      const struct rst_field state = state_of(ensemble, u, m);
      const double away = rst_field_get(&state, 0, i) - ensemble->sums[i];
      squares += away * away;
    }
    rst_field_set(ensemble->variance, 0, i, squares / (double)(ensemble->count - 1));
  }
  return ensemble->variance;
}

/* What a member is away from the mean, along each direction. */
static void project(struct rst_ensemble *ensemble, const struct rst_field *state) {
  const struct rst_field *directions = ensemble->directions;
  for (size_t d = 0; d < directions->ny; ++d) {
    ensemble->along[d] = 0.0;
    for (size_t i = 0; i < directions->nx; ++i) {
      ensemble->along[d] +=
          rst_field_get(directions, d, i) * (rst_field_get(state, 0, i) - ensemble->sums[i]);
    }
  }
}

const struct rst_field *rst_ensemble_covariance(struct rst_ensemble *ensemble, const struct rst_field *u) {
  const size_t count = ensemble->directions->ny;
  (void)rst_ensemble_mean(ensemble, u);
  memset(ensemble->products, 0, count * count * sizeof *ensemble->products);
  for (size_t m = 0; m < ensemble->count; ++m) {
    const struct rst_field state = state_of(ensemble, u, m);
    project(ensemble, &state);
    for (size_t i = 0; i < count * count; ++i) {
      ensemble->products[i] += ensemble->along[i / count] * ensemble->along[i % count];
    }
  }
  for (size_t i = 0; i < count * count; ++i) {
    rst_field_set(ensemble->covariance, i / count, i % count,
                  ensemble->products[i] / (double)(ensemble->count - 1));
  }
  return ensemble->covariance;
}

struct rst_member_numbers rst_ensemble_numbers(const struct rst_ensemble *ensemble, size_t member) {
  if (member == 0) {
    return ensemble->own;
  }
  const struct rst_field row = rst_member_row(ensemble->rows.block[RST_MEMBER_NUMBERS].field, member - 1);
  return *(const struct rst_member_numbers *)row.data;
}

struct rst_member_numbers rst_ensemble_quantile(const struct rst_ensemble *ensemble, size_t i) {
  return ensemble->quantiles[i];
}

/* Of one of the numbers, the first of which is number 0. */
static void find_quantiles(struct rst_ensemble *ensemble, size_t number) {
  for (size_t m = 0; m < ensemble->count; ++m) {
    const struct rst_member_numbers numbers = rst_ensemble_numbers(ensemble, m);
    ensemble->sorted[m] = ((const double *)&numbers)[number];
  }
  rst_sort_numbers(ensemble->count, ensemble->sorted);
  for (size_t i = 0; i < ensemble->level_count; ++i) {
    ((double *)&ensemble->quantiles[i])[number] =
        rst_sorted_quantile(ensemble->count, ensemble->sorted, ensemble->levels[i]);
  }
}

enum rst_status rst_ensemble_measure(struct rst_ensemble *ensemble, const struct rst_observation *seen) {
  const struct rst_member_order order = {
      .iteration = seen->iteration, .measure = true, .columns = {RST_MEMBER_NUMBERS, RST_MEMBER_STATES}};
  RST_TRY(bring(ensemble, &order));
  ensemble->own = (struct rst_member_numbers){seen->loss, seen->weight_norm,
                                              rst_field_distance(seen->u, ensemble->start)};
  for (size_t number = 0; ensemble->level_count > 0 && number < sizeof ensemble->own / sizeof(double);
       ++number) {
    find_quantiles(ensemble, number);
  }
  return RST_OK;
}

enum rst_status rst_ensemble_collect(struct rst_ensemble *ensemble, long t) {
  const struct rst_member_order order = {.iteration = t,
                                         .columns = {RST_MEMBER_STATES, ensemble->rows.count}};
  return bring(ensemble, &order);
}

void rst_ensemble_list(const struct rst_ensemble *ensemble, struct rst_blocks *blocks) {
  for (size_t b = RST_MEMBER_STATES; b < ensemble->rows.count; ++b) {
    rst_blocks_add(blocks, ensemble->rows.block[b].field, "ensemble.%s", ensemble->rows.block[b].name);
  }
}

enum rst_status rst_ensemble_resume(struct rst_ensemble *ensemble, long t) {
  ensemble->reached = t;
  rst_members_resume(ensemble->members, t);
  RST_TRY(rst_members_write(ensemble->members, &ensemble->rows, ensemble->range.first - 1));
  return ensemble->ranks ? rst_member_ranks_resume(ensemble->context, ensemble->ranks, ensemble->count,
                                                   &ensemble->rows, t)
                         : RST_OK;
}
