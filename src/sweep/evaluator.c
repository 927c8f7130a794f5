/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/evaluator.h"

#include "analysis/threshold_curves.h"
#include "core/core.h"
#include "reduced/lanes.h"
#include "reduced/reduced_flow.h"
#include "run/orbit.h"

struct rst_evaluator {
  struct rst_context *context;
  const struct rst_case *from;
  struct rst_flow *flow;
  struct rst_reduced_network *network; /* NULL if full, like the lanes */
  struct rst_lanes *lanes;
  bool settle;
  size_t samples;
};

static enum rst_status build(struct rst_evaluator *evaluator, bool reduce) {
  struct rst_context *context = evaluator->context;
  const struct rst_case *from = evaluator->from;
  RST_TRY(rst_flow_create(context, &from->flow, &evaluator->flow));
  if (reduce) {
    RST_TRY(rst_reduced_network_create(context, from, evaluator->flow, &evaluator->network));
  }
  return evaluator->network ? rst_lanes_create(context, from, evaluator->network, &evaluator->lanes) : RST_OK;
}

enum rst_status rst_evaluator_create(struct rst_context *context, const struct rst_case *from, bool reduce,
                                     struct rst_evaluator **evaluator) {
  *evaluator = NULL;
  struct rst_evaluator *made = NULL;
  RST_TRY(RST_NEW(context, 1, &made));
  *made = (struct rst_evaluator){.context = context, .from = from, .settle = true};
  const enum rst_status status = build(made, reduce);
  if (status != RST_OK) {
    rst_evaluator_destroy(&made);
    return status;
  }
  *evaluator = made;
  return RST_OK;
}

void rst_evaluator_destroy(struct rst_evaluator **evaluator) {
  if (*evaluator) {
    rst_lanes_destroy(&(*evaluator)->lanes);
    rst_reduced_network_destroy(&(*evaluator)->network);
    rst_flow_destroy(&(*evaluator)->flow);
    free(*evaluator);
    *evaluator = NULL;
  }
}

const char *rst_evaluator_engine(const struct rst_evaluator *evaluator) {
  return evaluator->network ? "reduced" : "full";
}

void rst_evaluator_size(const struct rst_evaluator *evaluator, size_t *patches, size_t *rank) {
  *patches = evaluator->network ? evaluator->network->patches : 0;
  *rank = evaluator->network ? evaluator->network->dimension : 0;
}

size_t rst_evaluator_batch(const struct rst_evaluator *evaluator) {
  return evaluator->network ? RST_LANES : 1;
}

bool rst_evaluator_evaluates(const struct rst_evaluator *evaluator) {
  return !evaluator->network && rst_flow_example_count(evaluator->flow, RST_TRAINING_SET) > 0;
}

void rst_evaluator_end_at_rest(struct rst_evaluator *evaluator, bool settle) {
  evaluator->settle = settle;
  if (evaluator->lanes) {
    rst_lanes_end_at_rest(evaluator->lanes, settle);
  }
}

void rst_evaluator_sample(struct rst_evaluator *evaluator, size_t samples) {
  evaluator->samples = samples;
  rst_evaluator_end_at_rest(evaluator, false);
  if (evaluator->lanes) {
    rst_lanes_sample(evaluator->lanes, samples);
  }
}

static enum rst_status run_full(struct rst_evaluator *evaluator, double lr, double weight_decay,
                                bool (*stop)(void *user), void *user, struct rst_orbit_summary *point,
                                double *observed, bool *stopped) {
  const long samples = (long)evaluator->samples;
  const struct rst_case *from = evaluator->from;
  const bool is_sweep = samples == 0 && from->sweep.axis_count > 0;
  const struct rst_orbit_request request = {.lr = lr,
                                            .weight_decay = weight_decay,
                                            .burn_in = from->step.iterations - samples,
                                            .samples = samples,
                                            .settle = evaluator->settle,
                                            .unperturbed = is_sweep && from->sweep.exponents == RST_SWITCH_NO,
                                            .evaluations = is_sweep ? from->sweep.evaluations : 0,
                                            .stop = stop,
                                            .user = user};
  struct rst_orbit orbit;
  double mean_loss = 0.0;
  RST_TRY(rst_orbit_follow(evaluator->context, evaluator->from, evaluator->flow, &request, observed, &orbit,
                           &mean_loss, stopped));
  *point = rst_orbit_summary_of(&orbit, mean_loss);
  return RST_OK;
}

enum rst_status rst_evaluator_run(struct rst_evaluator *evaluator, size_t count, const double *lr,
                                  const double *weight_decay, bool (*stop)(void *user), void *user,
                                  struct rst_orbit_summary *points, double *observed, bool *stopped) {
  const size_t numbers = RST_ORBIT_OBSERVABLES * evaluator->samples;
  *stopped = false;
  if (evaluator->lanes) {
    return rst_lanes_run(evaluator->lanes, count, lr, weight_decay, stop, user, points, observed, stopped);
  }
  for (size_t i = 0; i < count && !*stopped; ++i) {
    RST_TRY(run_full(evaluator, lr[i], weight_decay[i], stop, user, &points[i],
                     observed ? observed + i * numbers : NULL, stopped));
  }
  return RST_OK;
}

enum rst_status rst_evaluator_limits(struct rst_evaluator *evaluator, const double *weight_decays,
                                     size_t count, bool (*stop)(void *user), void *user,
                                     struct rst_lr_limits *theory, bool *stopped) {
  struct rst_flow *flow = NULL;
  struct rst_field *initial = NULL;
  if (evaluator->network) {
    RST_TRY(
        rst_reduced_flow_create(evaluator->context, evaluator->from, evaluator->network, &flow, &initial));
  }
  const enum rst_status status = rst_lr_limits_until(evaluator->context, evaluator->from, flow, initial,
                                                     weight_decays, count, stop, user, theory, stopped);
  rst_field_destroy(&initial);
  rst_flow_destroy(&flow);
  return status;
}
