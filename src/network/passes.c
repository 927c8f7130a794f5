/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices of examples on their way through a network. They are dealt out in parts, as many as the number of examples tells;
 * each part has sums of its own, which are added in their order, so that no bit depends on threads.
 *
 * Most networks are done slice by slice: what a worker needs is the room of one. Where an operation is over the whole batch, all
 * slices stay in memory and go through an operation together. A linearisation keeps values and adjoints of all slices for the
 * products that follow, where there is room; otherwise products go through all passes, to the same bits.
 */
#include <string.h>

#include "core/share.h"
#include "core/sizes.h"
#include "network/workspace.h"

/* What goes through the parts. */
struct job {
  const struct rst_network *network;
  const struct rst_batch *batch;
  const struct rst_field *u, *v;
  enum rst_pass first, last; /* passes */
  bool sum;                  /* of the last pass over the examples: a gradient or a product */
  const double *averages;    /* normalise by these; NULL: by the batch */
  struct rst_slice *all;     /* slices, where all are in memory; NULL */
  size_t slices;
  const struct rst_visit *visit; /* NULL for none */
  void (*task)(const struct job *job, struct rst_network_worker *worker, size_t part);
  enum rst_pass pass;
  size_t step, end; /* steps of the pass that a segment takes, */
  bool begins;      /* with what comes before the first */
};

/* Roughly, the nanoseconds of one pass of a slice through an operation. */
static double cost_of_operation(const struct rst_operation *operation) {
  const double product = 1.0;
  const double point = 8.0;
  const double points = (double)rst_map_points(operation->out);
  const size_t side = operation->kind == RST_OPERATION_CONVOLVE ? operation->convolve.kernel : 0;
  return points * (point + product * (double)(side * side * operation->in.channels));
}

static double cost_of_pass(const struct rst_network *network) {
  double cost = 0.0;
  for (size_t i = 0; i < network->operation_count; ++i) {
    cost += cost_of_operation(&network->operations[i]);
  }
  return cost;
}

static void do_task(void *shared, size_t part, size_t member) {
  const struct job *job = shared;
  job->task(job, &job->network->work->workers[member], part);
}

/* Tasks for all parts, which take each slice that many nanoseconds. */
static void share(struct job *job, double nanoseconds,
                  void (*task)(const struct job *job, struct rst_network_worker *worker, size_t part)) {
  const struct rst_network *network = job->network;
  const size_t parts = rst_part_count(job->slices);
  const size_t team = rst_team_size(network->context, nanoseconds * (double)job->slices, parts);
  job->task = task;
  rst_share(network->context, rst_least(team, network->work->worker_count), parts, do_task, job);
}

static void *sums_of_part(const struct job *job, size_t part) {
  const struct rst_network *network = job->network;
  return network->work->sums + part * network->layout.count * rst_precision_size(network->precision);
}

static void clear_part(const struct job *job, size_t part) {
  const struct rst_network *network = job->network;
  network->work->totals[part] = (struct rst_network_totals){0};
  if (job->sum) {
    memset(sums_of_part(job, part), 0, network->layout.count * rst_precision_size(network->precision));
  }
}

/* Copy a slice's examples into lanes. */
static void copy_examples(const struct job *job, struct rst_network_worker *worker, size_t first,
                          struct rst_slice *slice) {
  const struct rst_network *network = job->network;
  const struct rst_batch *batch = job->batch;
  rst_examples_copy(batch->examples, batch->indices ? batch->indices + first : NULL,
                    batch->indices ? 0 : first, slice->present, worker->rows);
  (network->precision == RST_PRECISION_FLOAT ? rst_fill_lanes_float : rst_fill_lanes_double)(
      rst_map_points(network->in), slice->present, worker->rows->data, slice->maps[RST_VALUES]);
}

static void load(const struct job *job, struct rst_network_worker *worker, size_t part, size_t index,
                 struct rst_slice *slice) {
  const size_t lanes = job->network->work->lanes;
  void *sums = job->sum ? sums_of_part(job, part) : NULL;
  slice->u = job->u->data;
  slice->v = job->v ? job->v->data : NULL;
  slice->gradient = job->last == RST_PASS_BACKWARD ? sums : NULL;
  slice->product = job->last == RST_PASS_TANGENT_BACKWARD ? sums : NULL;
  slice->present = rst_least(lanes, job->batch->count - index * lanes);
  if (job->first == RST_PASS_FORWARD) {
    copy_examples(job, worker, index * lanes, slice);
  }
}

static void *lanes_at(const struct rst_network *network, const struct rst_slice *slice, enum rst_maps maps,
                      size_t point, size_t lane) {
  return (char *)slice->maps[maps] + point * RST_LANE_BYTES + lane * rst_precision_size(network->precision);
}

static const struct rst_loss_type *loss_of(const struct job *job) {
  const struct rst_network *network = job->network;
  return job->visit && job->visit->loss
             ? job->visit->loss
             : &(network->precision == RST_PRECISION_FLOAT ? rst_losses_float
                                                           : rst_losses_double)[network->loss];
}

/* What backward passes begin with: adjoints of the outputs, and their tangents. */
static void take_losses(const struct job *job, size_t part, size_t index, struct rst_slice *slice) {
  const struct rst_network *network = job->network;
  const struct rst_loss_type *loss = loss_of(job);
  const int32_t *labels = rst_examples_labels(job->batch->examples);
  const size_t outputs = rst_map_points(network->out);
  const size_t at = network->operations[network->operation_count - 1].output;
  for (size_t lane = 0; lane < slice->present; ++lane) {
    const size_t place = index * network->work->lanes + lane;
    const int label = labels[job->batch->indices ? job->batch->indices[place] : place];
    const void *values = lanes_at(network, slice, RST_VALUES, at, lane);
    if (job->pass == RST_PASS_FORWARD) {
      void *adjoint = lanes_at(network, slice, RST_ADJOINTS, at, lane);
      loss->evaluate(outputs, values, label, job->batch->weights[place], &network->work->totals[part],
                     job->last > RST_PASS_FORWARD ? adjoint : NULL);
    } else {
      loss->tangent(outputs, values, label, job->batch->weights[place],
                    lanes_at(network, slice, RST_TANGENTS, at, lane),
                    lanes_at(network, slice, RST_ADJOINT_TANGENTS, at, lane));
    }
  }
}

/* Adjoints of the outputs are set where there are examples. */
static void begin_pass(const struct rst_network *network, enum rst_pass pass, struct rst_slice *slice) {
  const size_t bytes = rst_map_points(network->out) * RST_LANE_BYTES;
  const size_t at = network->operations[network->operation_count - 1].output * RST_LANE_BYTES;
  if (pass == RST_PASS_FORWARD) {
    memset((char *)slice->maps[RST_ADJOINTS] + at, 0, bytes);
  } else if (pass == RST_PASS_TANGENT_FORWARD) {
    memset(slice->maps[RST_TANGENTS], 0, rst_map_points(network->in) * RST_LANE_BYTES);
    memset((char *)slice->maps[RST_ADJOINT_TANGENTS] + at, 0, bytes);
  }
}

static bool is_backward(enum rst_pass pass) {
  return pass == RST_PASS_BACKWARD || pass == RST_PASS_TANGENT_BACKWARD;
}

/* Operation number `step` of a pass. */
static const struct rst_operation *operation_of(const struct rst_network *network, enum rst_pass pass,
                                                size_t step) {
  return &network->operations[is_backward(pass) ? network->operation_count - 1 - step : step];
}

static void show(const struct job *job, size_t part, size_t index, const struct rst_slice *slice) {
  if (job->visit) {
    job->visit->visit(job->visit->user, job->network, slice, part, index * job->network->work->lanes);
  }
}

/* Whether a step wants something of all slices first. */
static bool awaits_all(const struct job *job, size_t step) {
  const struct rst_operation *operation = operation_of(job->network, job->pass, step);
  return !job->averages && operation->kind == RST_OPERATION_NORMALISE && operation->normalise.batch;
}

static void collect(const struct job *job, size_t step, const struct rst_slice *slice) {
  const struct rst_operation *operation = operation_of(job->network, job->pass, step);
  const struct rst_operation_type *type = rst_operation_type(job->network->precision, operation->kind);
  if (job->averages && type->impose) {
    type->impose(operation, slice, job->averages);
  } else if (type->collect[job->pass]) {
    type->collect[job->pass](operation, slice);
  }
}

/* A slice, from where it is in a pass to the next step that awaits the others, or the end. */
static void do_slice(const struct job *job, struct rst_network_worker *worker, size_t part, size_t index,
                     struct rst_slice *slice) {
  const struct rst_network *network = job->network;
  if (job->begins && job->pass == job->first) {
    load(job, worker, part, index, slice);
  }
  if (job->begins) {
    begin_pass(network, job->pass, slice);
  }
  for (size_t step = job->step; step < job->end; ++step) {
    const struct rst_operation *operation = operation_of(network, job->pass, step);
    if (!awaits_all(job, step)) {
      collect(job, step, slice);
    }
    rst_operation_type(network->precision, operation->kind)->step[job->pass](operation, slice);
  }
  if (job->end < network->operation_count) {
    collect(job, job->end, slice);
  } else if (!is_backward(job->pass)) {
    take_losses(job, part, index, slice);
  }
}

/* A part, slice by slice. */
static void do_part(const struct job *job, struct rst_network_worker *worker, size_t part) {
  struct job own = *job;
  clear_part(job, part);
  own.end = job->network->operation_count;
  own.begins = true;
  for (size_t s = rst_part_start(job->slices, part); s < rst_part_start(job->slices, part + 1); ++s) {
    struct rst_slice slice = job->all ? job->all[s] : worker->slice;
    slice.maps[RST_TANGENTS] = worker->slice.maps[RST_TANGENTS];
    slice.maps[RST_ADJOINT_TANGENTS] = worker->slice.maps[RST_ADJOINT_TANGENTS];
    slice.scratch = worker->slice.scratch;
    for (own.pass = job->first; own.pass <= job->last; ++own.pass) {
      do_slice(&own, worker, part, s, &slice);
    }
    show(job, part, s, &slice);
  }
}

/* The same of slices that are all in memory. */
static void do_segment(const struct job *job, struct rst_network_worker *worker, size_t part) {
  if (job->begins && job->pass == job->first) {
    clear_part(job, part);
  }
  for (size_t s = rst_part_start(job->slices, part); s < rst_part_start(job->slices, part + 1); ++s) {
    struct rst_slice *slice = &job->all[s];
    slice->scratch = worker->slice.scratch;
    do_slice(job, worker, part, s, slice);
    if (job->pass == job->last && job->end == job->network->operation_count) {
      show(job, part, s, slice);
    }
  }
}

/* The first step from `step` on that awaits all slices; the end. */
static size_t next_awaiting(const struct job *job, size_t step) {
  while (step < job->network->operation_count && !awaits_all(job, step)) {
    step += 1;
  }
  return step;
}

static double cost_of_segment(const struct job *job) {
  double cost = job->begins ? (double)rst_map_points(job->network->in) : 0.0;
  for (size_t step = job->step; step < job->end; ++step) {
    cost += cost_of_operation(operation_of(job->network, job->pass, step));
  }
  return cost;
}

/* All slices up to where one needs the others, and on from there. */
static void do_whole(struct job *job) {
  const size_t steps = job->network->operation_count;
  for (job->pass = job->first; job->pass <= job->last; ++job->pass) {
    job->step = 0;
    for (job->begins = true; job->begins || job->step < steps; job->begins = false) {
      job->end = next_awaiting(job, job->begins ? 0 : job->step + 1);
      share(job, cost_of_segment(job), do_segment);
      if (job->end < steps) {
        const struct rst_operation *operation = operation_of(job->network, job->pass, job->end);
        rst_operation_type(job->network->precision, operation->kind)
            ->combine(operation, job->pass, job->all, job->slices);
      }
      job->step = job->end;
    }
  }
}

/* The totals, and the sum unless NULL. */
static void run(struct job *job, struct rst_network_totals *totals, struct rst_field *sum) {
  const struct rst_network *network = job->network;
  job->slices = rst_slice_count(network, job->batch->count);
  job->sum = sum != NULL;
  if (network->whole && !job->averages) {
    do_whole(job);
  } else {
    share(job, (double)(job->last - job->first + 1) * cost_of_pass(network), do_part);
  }
  *totals = (struct rst_network_totals){0};
  if (sum) {
    rst_field_fill(0.0, sum);
  }
  for (size_t part = 0; part < rst_part_count(job->slices); ++part) {
    const struct rst_network_totals *own = &network->work->totals[part];
    totals->loss += own->loss;
    totals->residual += own->residual;
    totals->correct += own->correct;
    if (sum) {
      const struct rst_field share = {sum->precision, sum->ny, sum->nx, sums_of_part(job, part)};
      rst_field_axpy(1.0, &share, sum);
    }
  }
}

void rst_network_evaluate(struct rst_network *network, const struct rst_batch *batch,
                          const struct rst_field *u, struct rst_network_totals *totals,
                          struct rst_field *gradient) {
  struct job job = {.network = network,
                    .batch = batch,
                    .u = u,
                    .last = gradient ? RST_PASS_BACKWARD : RST_PASS_FORWARD,
                    .all = network->work->slices};
  run(&job, totals, gradient);
}

void rst_network_assess(struct rst_network *network, const struct rst_batch *batch, const struct rst_field *u,
                        const double *averages, struct rst_network_totals *totals) {
  struct job job = {
      .network = network, .batch = batch, .u = u, .last = RST_PASS_FORWARD, .averages = averages};
  run(&job, totals, NULL);
}

void rst_network_linearise(struct rst_network *network, const struct rst_batch *batch,
                           const struct rst_field *u, struct rst_network_totals *totals,
                           struct rst_field *gradient) {
  struct rst_network_work *work = network->work;
  work->keeps = rst_network_keep(network, rst_slice_count(network, batch->count));
  if (!work->keeps) {
    rst_network_evaluate(network, batch, u, totals, gradient);
    return;
  }
  struct job job = {.network = network, .batch = batch, .u = u, .last = RST_PASS_BACKWARD, .all = work->kept};
  run(&job, totals, gradient);
}

void rst_network_product(struct rst_network *network, const struct rst_batch *batch,
                         const struct rst_field *u, const struct rst_field *v, struct rst_field *product) {
  struct rst_network_work *work = network->work;
  struct job job = {.network = network,
                    .batch = batch,
                    .u = u,
                    .v = v,
                    .first = work->keeps ? RST_PASS_TANGENT_FORWARD : RST_PASS_FORWARD,
                    .last = RST_PASS_TANGENT_BACKWARD,
                    .all = work->keeps ? work->kept : work->slices};
  struct rst_network_totals unwanted;
  run(&job, &unwanted, product);
}

void rst_network_visit(struct rst_network *network, const struct rst_batch *batch, const struct rst_field *u,
                       const struct rst_visit *visit) {
  struct job job = {.network = network,
                    .batch = batch,
                    .u = u,
                    .last = visit->last,
                    .all = network->work->slices,
                    .visit = visit};
  struct rst_network_totals unwanted;
  run(&job, &unwanted, NULL);
}
