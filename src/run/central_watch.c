/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/central_watch.h"

#include <math.h>

#include "case/fault.h"
#include "core/core.h"

struct rst_central_watch {
  struct rst_context *context;
  struct rst_central_flow *central;
  long start;
  struct rst_field *w;        /* NaN once the flow could not go on */
  struct rst_field *previous; /* u_{t-1} */
  struct rst_field *mean;
};

/* The central flow of other optimisers has another slope and another threshold. */
static bool is_gradient_descent(const struct rst_case *run) {
  const struct rst_scheme_facts facts = rst_scheme_facts(run->step.scheme.kind);
  return facts.affine && facts.symmetric_jacobian && !facts.implicit_decay;
}

static enum rst_status check(struct rst_context *context, const struct rst_case *run) {
  if (!is_gradient_descent(run)) {
    return rst_case_fault(context, run, "step.scheme",
                          "key \"step.scheme\": output.scalars asks for the central flow, which is that of "
                          "gradient descent, euler, not of %s; leave those scalars out",
                          run->step.scheme.kind);
  }
  if (!rst_schedule_is_constant(&run->step.schedule)) {
    return rst_case_fault(context, run, "step.schedule",
                          "key \"step.schedule\": output.scalars asks for the central flow, which belongs to "
                          "a constant learning rate; leave those scalars or the schedule out");
  }
  return rst_sampling_is_full(&run->sampling)
             ? RST_OK
             : rst_case_fault(context, run, "sampling.kind",
                              "key \"sampling.kind\": output.scalars asks for the central flow, which knows "
                              "no noise; leave those scalars out, or choose full");
}

static enum rst_status build(const struct rst_case *run, struct rst_flow *flow,
                             struct rst_central_watch *made) {
  const struct rst_central_flow_parameters parameters = {.lr = run->step.scheme.lr,
                                                         .weight_decay = run->step.scheme.weight_decay,
                                                         .substeps = run->central_flow.substeps};
  RST_TRY(rst_central_flow_create(made->context, flow, &parameters, &made->central));
  RST_TRY(rst_flow_create_state(made->context, flow, &made->w));
  RST_TRY(rst_flow_create_state(made->context, flow, &made->previous));
  return rst_flow_create_state(made->context, flow, &made->mean);
}

enum rst_status rst_central_watch_create(struct rst_context *context, const struct rst_case *run,
                                         struct rst_flow *flow, struct rst_central_watch **watch) {
  struct rst_central_watch *made = NULL;
  *watch = NULL;
  RST_TRY(check(context, run));
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_central_watch){.context = context, .start = run->central_flow.start};
  const enum rst_status status = build(run, flow, made);
  if (status != RST_OK) {
    rst_central_watch_destroy(&made);
    return status;
  }
  *watch = made;
  return RST_OK;
}

void rst_central_watch_destroy(struct rst_central_watch **watch) {
  if (*watch) {
    rst_central_flow_destroy(&(*watch)->central);
    rst_field_destroy(&(*watch)->w);
    rst_field_destroy(&(*watch)->previous);
    rst_field_destroy(&(*watch)->mean);
    free(*watch);
    *watch = NULL;
  }
}

/* mean = u_t without an oscillation of period two; false where there are no three states. */
static bool find_mean(struct rst_central_watch *watch, long t, const struct rst_field *u,
                      const struct rst_field *next) {
  if (t == 0 || !next) {
    return false;
  }
  rst_field_copy(watch->previous, watch->mean);
  rst_field_axpby(0.5, u, 0.25, watch->mean);
  rst_field_axpy(0.25, next, watch->mean);
  return true;
}

/* A state that is not finite is the mark of a flow that has ended. */
static void step(struct rst_central_watch *watch, long t, struct rst_central_flow_numbers *numbers) {
  struct rst_central_flow_numbers found;
  if (!rst_field_is_finite(watch->w)) {
    return;
  }
  const enum rst_status status = rst_central_flow_step(watch->central, watch->w, &found);
  if (status == RST_OK) {
    *numbers = found;
  }
  if (status != RST_OK || !rst_field_is_finite(watch->w)) {
    rst_warn(watch->context, "the central flow ends at iteration %ld: %s; the run goes on", t,
             status == RST_OK ? "its state is not finite" : rst_context_message(watch->context));
    rst_field_fill(NAN, watch->w);
  }
}

void rst_central_watch_measure(struct rst_central_watch *watch, long t, const struct rst_field *u,
                               const struct rst_field *next, struct rst_central_flow_numbers *numbers,
                               double *distance) {
  *numbers = (struct rst_central_flow_numbers){NAN, NAN, NAN, NAN, NAN, 0};
  *distance = NAN;
  if (t >= watch->start) {
    const bool has_mean = find_mean(watch, t, u, next);
    if (t == watch->start) {
      rst_field_copy(has_mean ? watch->mean : u, watch->w);
    }
    *distance = has_mean ? rst_field_distance(watch->mean, watch->w) : (double)NAN;
    step(watch, t, numbers);
  }
  rst_field_copy(u, watch->previous);
}

void rst_central_watch_list(struct rst_central_watch *watch, struct rst_blocks *blocks) {
  struct rst_field *const *vectors = rst_central_flow_state(watch->central);
  rst_blocks_add(blocks, watch->w, "central.state");
  rst_blocks_add(blocks, watch->previous, "central.previous");
  for (size_t i = 0; i < RST_CENTRAL_FLOW_MOST + 1; ++i) {
    rst_blocks_add(blocks, vectors[i], "central.vector.%zu", i);
  }
}
