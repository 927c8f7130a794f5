/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reduced/lanes.h"

#include <float.h>
#include <math.h>

#include "core/core.h"
#include "restrain/tangent.h"
#include "run/orbit.h"

enum { IDLE = -1 };

struct rst_lanes {
  struct rst_context *context;
  const struct rst_case *from;
  struct rst_lane_block *block;
  size_t room;                /* states of a lane's record, whole passes of the block */
  double *record;             /* [RST_LANES][RST_ORBIT_COLUMNS][room] */
  ptrdiff_t point[RST_LANES]; /* its index in the list, or IDLE */
  size_t filled[RST_LANES];   /* states recorded */
  size_t samples;             /* states at the end of an orbit that are kept */
};

/* Points to be done. */
struct list {
  size_t count, next;
  const double *lr, *weight_decay;
  struct rst_orbit_summary *points;
  double *observed; /* NULL without samples */
};

enum rst_status rst_lanes_create(struct rst_context *context, const struct rst_case *from,
                                 const struct rst_reduced_network *network, struct rst_lanes **lanes) {
  void *memory = NULL;
  *lanes = NULL;
  struct rst_lanes *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  const size_t states = (size_t)from->step.iterations + 1;
  made->context = context;
  made->from = from;
  made->room = (states + RST_LANE_STEPS - 1) / RST_LANE_STEPS * RST_LANE_STEPS;
  enum rst_status status = rst_lane_block_create(context, from, network, &made->block);
  if (status == RST_OK) {
    status = rst_allocate(context, made->room, RST_LANES * RST_ORBIT_COLUMNS * sizeof *made->record, &memory);
  }
  if (status != RST_OK) {
    rst_lanes_destroy(&made);
    return status;
  }
  made->record = memory;
  *lanes = made;
  return RST_OK;
}

void rst_lanes_destroy(struct rst_lanes **lanes) {
  if (*lanes) {
    rst_lane_block_destroy(&(*lanes)->block);
    free((*lanes)->record);
    free(*lanes);
    *lanes = NULL;
  }
}

void rst_lanes_end_at_rest(struct rst_lanes *lanes, bool settle) {
  lanes->block->may_settle = settle;
}

void rst_lanes_sample(struct rst_lanes *lanes, size_t samples) {
  lanes->samples = samples;
  rst_lanes_end_at_rest(lanes, false);
}

/* rst_local_range_find(), which searches on the growth polynomial, by the formulas of rst_scheme_local_limit() where the limit
 * on the real axis is 2. */
static enum rst_status find_range(const struct rst_lanes *lanes,
                                  const struct rst_scheme_parameters *parameters,
                                  struct rst_local_range *range) {
  double growth = 0.0;
  if (lanes->block->scheme.takes_momentum) {
    return rst_local_range_find(lanes->context, parameters, range);
  }
  RST_TRY(rst_scheme_growth(lanes->context, parameters, 0.0, &growth)); /* asked for its checks */
  range->lowest = 0.0;
  range->largest = 2.0 / parameters->lr;
  if (lanes->block->scheme.implicit_decay) {
    range->largest += 2.0 * parameters->weight_decay;
  }
  return RST_OK;
}

/* Put the next point of the list into a lane; the lane is idle if there is none. */
static enum rst_status take(struct rst_lanes *lanes, size_t lane, struct list *list) {
  lanes->point[lane] = IDLE;
  if (list->next == list->count) {
    return RST_OK;
  }
  struct rst_scheme_parameters parameters = lanes->from->step.scheme;
  struct rst_local_range range;
  parameters.lr = list->lr[list->next];
  parameters.weight_decay = list->weight_decay[list->next];
  RST_TRY(find_range(lanes, &parameters, &range));
  rst_lane_block_begin(lanes->block, lane, parameters.lr, parameters.weight_decay, &range);
  lanes->point[lane] = (ptrdiff_t)list->next++;
  lanes->filled[lane] = 0;
  return RST_OK;
}

static double *column_of(const struct rst_lanes *lanes, size_t lane, size_t column) {
  return lanes->record + (lane * RST_ORBIT_COLUMNS + column) * lanes->room;
}

static void keep_record(struct rst_lanes *lanes, size_t lane) {
  for (size_t c = 0; c < RST_ORBIT_COLUMNS; ++c) {
    double *to = column_of(lanes, lane, c) + lanes->filled[lane];
    for (size_t s = 0; s < RST_LANE_STEPS; ++s) {
      to[s] = lanes->block->record[s][c][lane];
    }
  }
  lanes->filled[lane] += RST_LANE_STEPS;
}

static enum rst_status judge(const struct rst_lanes *lanes, size_t lane, struct rst_orbit_summary *point) {
  const struct rst_lane_block *block = lanes->block;
  const long done = (long)block->done[lane];
  const long unstable = (long)block->unstable[lane];
  struct rst_orbit_record record = {
      .asked = lanes->from->step.iterations,
      .done = done,
      .unstable = unstable,
      .stable = unstable ? 0 : done,
      .diverged = block->end[lane] == RST_LANE_DIVERGED,
      .settled = block->end[lane] == RST_LANE_AT_REST,
      .rest = (long)block->rest[lane],
      .max_growth = block->max_growth[lane],
      .weight_decay = block->weight_decay[lane],
      .epsilon = DBL_EPSILON,
  };
  struct rst_orbit orbit;
  double mean_loss = 0.0;
  for (size_t c = 0; c < RST_ORBIT_COLUMNS; ++c) {
    record.column[c] = column_of(lanes, lane, c);
  }
  RST_TRY(rst_orbit_judge(lanes->context, &record, &orbit, &mean_loss));
  *point = rst_orbit_summary_of(&orbit, mean_loss);
  return RST_OK;
}

static void sample(const struct rst_lanes *lanes, size_t lane, double *observed) {
  const size_t first = (size_t)lanes->from->step.iterations + 1 - lanes->samples;
  for (size_t c = 0; c < RST_ORBIT_OBSERVABLES; ++c) {
    for (size_t s = 0; s < lanes->samples; ++s) {
      observed[c * lanes->samples + s] =
          lanes->block->end[lane] == RST_LANE_DIVERGED ? (double)NAN : column_of(lanes, lane, c)[first + s];
    }
  }
}

static enum rst_status finish(struct rst_lanes *lanes, size_t lane, const struct list *list) {
  const size_t point = (size_t)lanes->point[lane];
  RST_TRY(judge(lanes, lane, &list->points[point]));
  if (list->observed) {
    sample(lanes, lane, list->observed + point * RST_ORBIT_OBSERVABLES * lanes->samples);
  }
  return RST_OK;
}

/* Take the records of one pass, and replace orbits that have ended. */
static enum rst_status collect(struct rst_lanes *lanes, struct list *list) {
  for (size_t lane = 0; lane < RST_LANES; ++lane) {
    if (lanes->point[lane] != IDLE) {
      keep_record(lanes, lane);
      if (lanes->block->end[lane] != RST_LANE_RUNS) {
        RST_TRY(finish(lanes, lane, list));
        RST_TRY(take(lanes, lane, list));
      }
    }
  }
  return RST_OK;
}

static bool is_idle(const struct rst_lanes *lanes) {
  size_t lane = 0;
  while (lane < RST_LANES && lanes->point[lane] == IDLE) {
    ++lane;
  }
  return lane == RST_LANES;
}

enum rst_status rst_lanes_run(struct rst_lanes *lanes, size_t count, const double *lr,
                              const double *weight_decay, bool (*stop)(void *user), void *user,
                              struct rst_orbit_summary *points, double *observed, bool *stopped) {
  enum { PASSES = 16 }; /* between polls */
  struct list list = {
      .count = count, .lr = lr, .weight_decay = weight_decay, .points = points, .observed = observed};
  *stopped = false;
  for (size_t lane = 0; lane < RST_LANES; ++lane) {
    RST_TRY(take(lanes, lane, &list));
  }
  for (size_t pass = 0; !is_idle(lanes); ++pass) {
    if (stop && pass % PASSES == 0 && stop(user)) {
      *stopped = true;
      return RST_OK;
    }
    rst_lane_block_advance(lanes->block);
    RST_TRY(collect(lanes, &list));
  }
  return RST_OK;
}
