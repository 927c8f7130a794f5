/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/twins.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "core/core.h"
#include "core/share.h"
#include "flow/flow_type.h"
#include "motion/motion.h"
#include "restrain/run.h"

/* Steps some of the twins, in a thread of its own where there are several. The first one has the run's context and flow. */
struct worker {
  struct rst_context *context;
  struct rst_flow *flow;
  enum rst_status status; /* of the last step */
};

struct twin {
  bool is_the_run;
  struct worker *worker; /* its context is that of all below */
  struct rst_flow *flow; /* the worker's unless `own_flow` */
  struct rst_flow *own_flow;
  struct rst_motion *motion;
  struct rst_field *narrow; /* in double, of whichever is float, where the precisions differ */
};

struct rst_twins {
  struct rst_context *context;
  enum rst_precision precision; /* of the run */
  size_t count, window;
  size_t worker_count;
  struct worker *workers;
  struct twin *twin;
  const struct rst_layout *layout;
  double *distance, *difference, *average; /* [count] */
  double *tensor_difference;               /* [tensors][count] */
  struct rst_field *recent; /* [count][window]: the last differences, that of u_t at t mod window */
};

/* One unit in the last place of the weight in the middle of the first tensor, of 1 if that is 0. */
static void nudge(struct rst_field *u) {
  const size_t y = u->ny / 2;
  const size_t x = u->nx / 2;
  const double value = rst_field_get(u, y, x);
  if (u->precision == RST_PRECISION_FLOAT) {
    rst_field_set(u, y, x, value == 0.0 ? (double)FLT_EPSILON : nextafterf((float)value, INFINITY));
  } else {
    rst_field_set(u, y, x, value == 0.0 ? DBL_EPSILON : nextafter(value, INFINITY));
  }
}

/* Its initial state; in another precision it is made anew, not converted. */
static enum rst_status fill_state(const struct rst_case *run, const struct rst_twin *what,
                                  const struct rst_field *u, const struct twin *twin,
                                  struct rst_field *start) {
  if (start->precision == u->precision) {
    rst_field_copy(u, start);
  } else {
    RST_TRY(rst_flow_fill_initial(twin->worker->context, twin->flow, &run->initial, start));
  }
  if (what->kind == RST_TWIN_ULP) {
    struct rst_field kernel = rst_layout_plane(rst_flow_layout(twin->flow), start, 0, 0);
    nudge(&kernel);
  }
  return RST_OK;
}

static enum rst_status create_motion(const struct rst_case *run, const struct rst_twin *what,
                                     const struct rst_field *u, struct twin *twin) {
  struct rst_context *context = twin->worker->context;
  const enum rst_precision precision = rst_flow_precision(twin->flow);
  struct rst_motion_parameters parameters = {
      .scheme = run->step.scheme, .schedule = run->step.schedule, .sampling = run->sampling};
  struct rst_field *start = NULL;
  if (what->kind == RST_TWIN_DIVISOR) {
    parameters.scheme.divisor = what->divisor;
  }
  if (precision != u->precision) {
    RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, u->ny, u->nx, &twin->narrow));
  }
  RST_TRY(rst_flow_create_state(context, twin->flow, &start));
  enum rst_status status = fill_state(run, what, u, twin, start);
  if (status == RST_OK) {
    status = rst_motion_create(context, twin->flow, &parameters, start, &twin->motion);
  }
  rst_field_destroy(&start);
  return status;
}

static bool is_the_run(const struct rst_case *run, const struct rst_twin *what) {
  return what->kind == RST_TWIN_DIVISOR && what->divisor == run->step.scheme.divisor;
}

/* Flows without correlations are left to themselves: they are brief, or share out their own work. */
static size_t useful_workers(const struct rst_twins *twins, const struct rst_case *run,
                             const struct rst_flow *flow) {
  size_t steps = 0;
  for (size_t i = 0; i < run->twin_count; ++i) {
    steps += is_the_run(run, &run->twins[i]) ? 0 : 1;
  }
  return rst_team_size(twins->context, (double)steps * rst_flow_correlation_cost(flow), steps);
}

/* A failure, in the words of the run's context. */
static enum rst_status report(const struct rst_twins *twins, const struct worker *worker,
                              enum rst_status status) {
  RST_REQUIRE(twins->context, status == RST_OK || worker == twins->workers, status, "%s",
              rst_context_message(worker->context));
  return status;
}

static enum rst_status create_workers(struct rst_twins *twins, const struct rst_case *run,
                                      struct rst_flow *flow) {
  const size_t count = useful_workers(twins, run, flow);
  RST_TRY(RST_NEW(twins->context, count, &twins->workers));
  twins->worker_count = count;
  twins->workers[0] = (struct worker){.context = twins->context, .flow = flow};
  for (size_t i = 1; i < count; ++i) {
    struct worker *worker = &twins->workers[i];
    RST_REQUIRE(twins->context, rst_context_create(&worker->context) == RST_OK, RST_ERROR_MEMORY,
                "memory is exhausted");
    rst_context_set_rigor(worker->context, rst_context_rigor(twins->context));
    RST_TRY(report(twins, worker, rst_flow_create(worker->context, &run->flow, &worker->flow)));
  }
  return RST_OK;
}

static enum rst_status create_parts(const struct rst_case *run, const struct rst_twin *what,
                                    const struct rst_field *u, struct twin *twin) {
  if (what->kind == RST_TWIN_PRECISION) {
    struct rst_flow_parameters parameters = run->flow;
    parameters.precision = what->precision;
    RST_TRY(rst_flow_create(twin->worker->context, &parameters, &twin->own_flow));
  }
  twin->flow = twin->own_flow ? twin->own_flow : twin->worker->flow;
  return create_motion(run, what, u, twin);
}

static enum rst_status create_twins(struct rst_twins *twins, const struct rst_case *run,
                                    const struct rst_field *u) {
  size_t steps = 0;
  for (size_t i = 0; i < twins->count; ++i) {
    struct twin *twin = &twins->twin[i];
    twin->is_the_run = is_the_run(run, &run->twins[i]);
    if (!twin->is_the_run) {
      twin->worker = &twins->workers[steps++ % twins->worker_count];
      RST_TRY(report(twins, twin->worker, create_parts(run, &run->twins[i], u, twin)));
    }
  }
  return RST_OK;
}

static enum rst_status build(struct rst_twins *twins, const struct rst_case *run, struct rst_flow *flow,
                             const struct rst_field *u) {
  struct rst_context *context = twins->context;
  RST_TRY(RST_NEW(context, run->twin_count, &twins->twin));
  twins->count = run->twin_count;
  twins->layout = rst_flow_layout(flow);
  RST_TRY(RST_NEW(context, (3 + twins->layout->tensor_count) * twins->count, &twins->distance));
  twins->difference = twins->distance + twins->count;
  twins->average = twins->difference + twins->count;
  twins->tensor_difference = twins->average + twins->count;
  RST_TRY(rst_field_create(context, RST_PRECISION_DOUBLE, twins->count, twins->window, &twins->recent));
  RST_TRY(create_workers(twins, run, flow));
  return create_twins(twins, run, u);
}

enum rst_status rst_twins_create(struct rst_context *context, const struct rst_case *run,
                                 struct rst_flow *flow, const struct rst_field *u, struct rst_twins **twins) {
  *twins = NULL;
  struct rst_twins *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made =
      (struct rst_twins){.context = context, .precision = u->precision, .window = (size_t)run->twin.average};
  const enum rst_status status = build(made, run, flow, u);
  if (status != RST_OK) {
    rst_twins_destroy(&made);
    return status;
  }
  *twins = made;
  return RST_OK;
}

void rst_twins_destroy(struct rst_twins **twins) {
  if (!*twins) {
    return;
  }
  for (size_t i = 0; i < (*twins)->count; ++i) {
    struct twin *twin = &(*twins)->twin[i];
    rst_motion_destroy(&twin->motion);
    rst_field_destroy(&twin->narrow);
    rst_flow_destroy(&twin->own_flow);
  }
  for (size_t i = 1; i < (*twins)->worker_count; ++i) {
    struct worker *worker = &(*twins)->workers[i];
    rst_flow_destroy(&worker->flow);
    rst_context_destroy(&worker->context);
  }
  free((*twins)->workers);
  free((*twins)->twin);
  free((*twins)->distance);
  rst_field_destroy(&(*twins)->recent);
  free(*twins);
  *twins = NULL;
}

/* Both states in one precision, the wider one. */
struct pair {
  const struct rst_field *run, *twin;
};

static struct pair align(const struct twin *twin, const struct rst_field *u) {
  if (!twin->narrow) {
    return (struct pair){u, twin->motion->u};
  }
  const bool run_is_narrow = u->precision == RST_PRECISION_FLOAT;
  rst_field_copy(run_is_narrow ? u : twin->motion->u, twin->narrow);
  return run_is_narrow ? (struct pair){twin->narrow, twin->motion->u} : (struct pair){u, twin->narrow};
}

/* The mean over the states t - window + 1 ... t that there are, in that order. */
static double recent_average(const struct rst_twins *twins, size_t index, long t) {
  const double *recent = (const double *)twins->recent->data + index * twins->window;
  const size_t now = (size_t)t;
  const size_t terms = now + 1 < twins->window ? now + 1 : twins->window;
  double sum = 0.0;
  for (size_t i = 0; i < terms; ++i) {
    sum += recent[(now + 1 - terms + i) % twins->window];
  }
  return sum / (double)terms;
}

void rst_twins_resume(struct rst_twins *twins, long t) {
  for (size_t i = 0; i < twins->count; ++i) {
    if (!twins->twin[i].is_the_run) {
      twins->twin[i].motion->iteration = t;
    }
  }
}

static struct rst_field part_of(const struct rst_field *state, const struct rst_tensor *tensor) {
  struct rst_field part = *state;
  part.nx = rst_tensor_count(tensor);
  part.data = (char *)state->data + tensor->offset * rst_precision_size(state->precision);
  return part;
}

/* The mean over the state is that over its tensors. */
static double compare_tensors(struct rst_twins *twins, size_t index, const struct pair *pair) {
  const struct rst_layout *layout = twins->layout;
  double mean = 0.0;
  for (size_t i = 0; i < layout->tensor_count; ++i) {
    const struct rst_field run = part_of(pair->run, &layout->tensors[i]);
    const struct rst_field twin = part_of(pair->twin, &layout->tensors[i]);
    const double difference = rst_field_relative_distance(&run, &twin);
    twins->tensor_difference[i * twins->count + index] = difference;
    mean += difference * ((double)run.nx / (double)layout->count);
  }
  return mean;
}

void rst_twins_compare(struct rst_twins *twins, long t, const struct rst_field *u) {
  for (size_t i = 0; i < twins->count; ++i) {
    const struct twin *twin = &twins->twin[i];
    if (!twin->is_the_run) {
      const struct pair pair = align(twin, u);
      twins->distance[i] = rst_field_distance(pair.run, pair.twin);
      twins->difference[i] = compare_tensors(twins, i, &pair);
      rst_field_set(twins->recent, i, (size_t)t % twins->window, twins->difference[i]);
      twins->average[i] = recent_average(twins, i, t);
    }
  }
}

struct rst_twin_comparison rst_twins_comparison(const struct rst_twins *twins) {
  return (struct rst_twin_comparison){twins->distance, twins->difference, twins->tensor_difference,
                                      twins->average};
}

void rst_twins_difference(struct rst_twins *twins, size_t index, const struct rst_field *u,
                          struct rst_field *difference) {
  const struct twin *twin = &twins->twin[index];
  if (twin->is_the_run) {
    rst_field_fill(0.0, difference);
    return;
  }
  const struct pair pair = align(twin, u);
  for (size_t y = 0; y < u->ny; ++y) {
    for (size_t x = 0; x < u->nx; ++x) {
      rst_field_set(difference, y, x, rst_field_get(pair.run, y, x) - rst_field_get(pair.twin, y, x));
    }
  }
}

void rst_twins_relative_difference(struct rst_twins *twins, size_t index, const struct rst_field *u,
                                   struct rst_field *difference) {
  const struct twin *twin = &twins->twin[index];
  if (twin->is_the_run) {
    rst_field_fill(0.0, difference);
    return;
  }
  const struct pair pair = align(twin, u);
  if (pair.run->precision == difference->precision) {
    rst_field_relative_difference(pair.run, pair.twin, difference);
  } else {
    rst_field_relative_difference(pair.run, pair.twin, twin->narrow);
    rst_field_copy(twin->narrow, difference);
  }
}

/* The steps of a worker's twins. */
static void step_some(void *work, size_t index, size_t member) {
  (void)member;
  const struct rst_twins *twins = work;
  struct worker *worker = &twins->workers[index];
  worker->status = RST_OK;
  for (size_t i = 0; i < twins->count && worker->status == RST_OK; ++i) {
    const struct twin *twin = &twins->twin[i];
    if (twin->worker == worker) {
      worker->status = rst_motion_advance(twin->motion);
    }
  }
}

enum rst_status rst_twins_step(struct rst_twins *twins) {
  const size_t count = twins->worker_count;
  rst_share(twins->context, count, count, step_some, twins);
  for (size_t i = 0; i < count; ++i) {
    RST_TRY(report(twins, &twins->workers[i], twins->workers[i].status));
  }
  return RST_OK;
}

double rst_twins_rounding(const struct rst_twins *twins, size_t index) {
  const bool narrow = twins->precision == RST_PRECISION_FLOAT || twins->twin[index].narrow;
  return rst_precision_epsilon(narrow ? RST_PRECISION_FLOAT : RST_PRECISION_DOUBLE);
}

void rst_twins_list(const struct rst_twins *twins, struct rst_blocks *blocks) {
  rst_blocks_add(blocks, twins->recent, "twins.recent");
  for (size_t i = 0; i < twins->count; ++i) {
    if (!twins->twin[i].is_the_run) {
      char prefix[RST_BLOCK_NAME_LENGTH];
      snprintf(prefix, sizeof prefix, "twin.%zu.", i);
      rst_motion_list(twins->twin[i].motion, prefix, blocks);
    }
  }
}
