/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/companions.h"

#include <math.h>

#include "core/core.h"
#include "flow/flow_type.h"

static enum rst_status create_perturbations(struct rst_companions *companions, const struct rst_case *run,
                                            struct rst_flow *flow) {
  struct rst_context *context = companions->context;
  const struct rst_scheme_parameters *scheme = &run->step.scheme;
  RST_TRY(rst_tangent_create(context, scheme, flow, run->tangent.exponents, run->tangent.seed,
                             &companions->tangent));
  RST_TRY(rst_event_detector_create(context, scheme, flow, &companions->detector));
  return rst_field_create(context, RST_PRECISION_DOUBLE, 1, 1 + run->tangent.exponents, &companions->sums);
}

static enum rst_status build(struct rst_companions *companions, const struct rst_case *run,
                             const struct rst_problem *problem, bool follows_perturbations) {
  if (follows_perturbations) {
    RST_TRY(create_perturbations(companions, run, problem->flow));
  }
  if (run->twin_count > 0) {
    RST_TRY(rst_twins_create(companions->context, run, problem->flow, problem->u, &companions->twins));
  }
  return RST_OK;
}

enum rst_status rst_companions_create(struct rst_context *context, const struct rst_case *run,
                                      const struct rst_problem *problem, bool follows_perturbations,
                                      struct rst_companions **companions) {
  *companions = NULL;
  void *memory = NULL;
  RST_TRY(rst_allocate(context, 1, sizeof **companions, &memory));
  struct rst_companions *made = memory;
  *made = (struct rst_companions){.context = context, .burn_in = run->tangent.burn_in};
  const enum rst_status status = build(made, run, problem, follows_perturbations);
  if (status != RST_OK) {
    rst_companions_destroy(&made);
    return status;
  }
  *companions = made;
  return RST_OK;
}

void rst_companions_destroy(struct rst_companions **companions) {
  if (*companions) {
    rst_twins_destroy(&(*companions)->twins);
    rst_event_detector_destroy(&(*companions)->detector);
    rst_tangent_destroy(&(*companions)->tangent);
    rst_field_destroy(&(*companions)->sums);
    free(*companions);
    *companions = NULL;
  }
}

void rst_companions_evaluate(struct rst_companions *companions, struct rst_problem *problem,
                             struct rst_flow_value *value, struct rst_field *gradient) {
  problem->flow->laps = companions->laps;
  if (companions->tangent) {
    rst_flow_linearise(problem->flow, problem->u, value, gradient);
  } else {
    rst_flow_evaluate(problem->flow, problem->u, value, gradient);
  }
  /* Others who use the flow have their own stages. */
  problem->flow->laps = NULL;
  rst_lap(companions->laps, RST_STAGE_LOSS);
}

static void average(struct rst_companions *companions) {
  double *sums = companions->sums->data;
  sums[0] += 1.0;
  for (size_t j = 0; j < rst_tangent_count(companions->tangent); ++j) {
    sums[1 + j] += rst_tangent_log_growth(companions->tangent, j);
  }
}

enum rst_status rst_companions_step(struct rst_companions *companions, struct rst_problem *problem, long t,
                                    struct rst_field *gradient, struct rst_field *previous, double *dt,
                                    bool *ended, struct rst_event *event) {
  *ended = false;
  rst_field_copy(problem->u, previous);
  if (!companions->tangent) {
    RST_TRY(rst_scheme_step(problem->scheme, gradient, problem->u, dt));
    rst_lap(companions->laps, RST_STAGE_UPDATE);
  } else {
    RST_TRY(rst_tangent_step(companions->tangent, problem->scheme, gradient, problem->u, dt));
    if (t >= companions->burn_in) {
      average(companions);
    }
    RST_TRY(rst_event_detector_observe(companions->detector, t, previous, companions->tangent, ended, event));
    rst_lap(companions->laps, RST_STAGE_PERTURBATIONS);
  }
  if (companions->twins) {
    RST_TRY(rst_twins_step(companions->twins));
    rst_lap(companions->laps, RST_STAGE_TWINS);
  }
  return RST_OK;
}

double rst_companions_exponent(const struct rst_companions *companions, size_t j) {
  const double *sums = companions->sums->data;
  return sums[0] > 0.0 ? sums[1 + j] / sums[0] : NAN;
}

void rst_companions_list(struct rst_companions *companions, struct rst_blocks *blocks) {
  struct rst_field **fields = NULL;
  if (companions->tangent) {
    size_t count = rst_tangent_state(companions->tangent, &fields);
    rst_blocks_add_each(blocks, count, fields, "tangent");
    count = rst_event_detector_state(companions->detector, &fields);
    rst_blocks_add_each(blocks, count, fields, "events");
    rst_blocks_add(blocks, companions->sums, "averages");
  }
  if (companions->twins) {
    rst_twins_list(companions->twins, blocks);
  }
}
