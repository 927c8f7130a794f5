/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <time.h>

#include "core/clock.h"
#include "core/core.h"
#include "run/run_parts.h"

static enum rst_status measure(struct rst_run_parts *parts, struct rst_run_cost *cost) {
  const double shortest = 0.2; /* seconds */
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  double elapsed = 0.0;
  long steps = 0;
  for (; elapsed < shortest; ++steps) {
    struct rst_observation seen;
    rst_run_parts_look(parts, &seen);
    RST_TRY(rst_run_parts_step(parts, &seen));
    elapsed = rst_seconds_since(&start);
  }
  const struct rst_flow *flow = parts->problem.flow;
  cost->rate = (double)steps / elapsed;
  cost->flow = rst_flow_name(flow);
  cost->correlation = rst_flow_correlation(flow);
  rst_layout_shape(rst_flow_layout(flow), &cost->ny, &cost->nx);
  return RST_OK;
}

enum rst_status rst_run_estimate(struct rst_context *context, const struct rst_case *run,
                                 struct rst_run_cost *cost) {
  struct rst_run_parts parts;
  RST_TRY(rst_run_parts_create(context, run, &parts));
  const enum rst_status status = measure(&parts, cost);
  rst_run_parts_destroy(&parts);
  return status;
}
