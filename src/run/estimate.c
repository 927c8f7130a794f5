/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <time.h>

#include "core/clock.h"
#include "core/core.h"
#include "run/observer.h"

struct rehearsed {
  struct rst_problem problem;
  struct rst_observer *observer;
  struct rst_companions *companions;
  struct rst_field *gradient, *previous;
};

static enum rst_status build(struct rst_context *context, const struct rst_case *run,
                             struct rehearsed *rehearsed) {
  rst_context_set_rigor(context, run->performance.rigor);
  RST_TRY(rst_problem_create(context, run, &rehearsed->problem));
  RST_TRY(rst_observer_create(context, run, rehearsed->problem.flow, &rehearsed->observer));
  RST_TRY(rst_companions_create(context, run, &rehearsed->problem,
                                rst_observer_follows_perturbations(rehearsed->observer),
                                &rehearsed->companions));
  RST_TRY(rst_field_create_like(context, rehearsed->problem.u, &rehearsed->gradient));
  return rst_field_create_like(context, rehearsed->problem.u, &rehearsed->previous);
}

static void release(struct rehearsed *rehearsed) {
  rst_companions_destroy(&rehearsed->companions);
  rst_observer_destroy(&rehearsed->observer);
  rst_problem_destroy(&rehearsed->problem);
  rst_field_destroy(&rehearsed->gradient);
  rst_field_destroy(&rehearsed->previous);
}

static enum rst_status measure(struct rehearsed *rehearsed, struct rst_run_cost *rehearsal) {
  const double enough = 0.2;
  struct rst_problem *problem = &rehearsed->problem;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  double elapsed = 0.0;
  long steps = 0;
  for (; elapsed < enough; ++steps) {
    struct rst_flow_value value;
    struct rst_event event;
    bool ended = false;
    double dt = 0.0;
    rst_companions_evaluate(rehearsed->companions, problem, &value, rehearsed->gradient);
    RST_TRY(rst_companions_step(rehearsed->companions, problem, steps, rehearsed->gradient,
                                rehearsed->previous, &dt, &ended, &event));
    elapsed = rst_seconds_since(&start);
  }
  rehearsal->rate = (double)steps / elapsed;
  rehearsal->flow = rst_flow_name(problem->flow);
  rehearsal->correlation = rst_flow_correlation(problem->flow);
  rst_tensor_plane_shape(rst_flow_layout(problem->flow)->tensors, &rehearsal->ny, &rehearsal->nx);
  return RST_OK;
}

enum rst_status rst_run_estimate(struct rst_context *context, const struct rst_case *run,
                                 struct rst_run_cost *rehearsal) {
  struct rehearsed rehearsed = {0};
  enum rst_status status = build(context, run, &rehearsed);
  if (status == RST_OK) {
    status = measure(&rehearsed, rehearsal);
  }
  release(&rehearsed);
  return status;
}
