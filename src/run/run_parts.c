/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/run_parts.h"

#include "core/core.h"

static enum rst_status build(struct rst_context *context, const struct rst_case *run,
                             const struct rst_ranks *ranks, struct rst_run_parts *parts) {
  struct rst_problem *problem = &parts->problem;
  RST_REQUIRE(context, run->twin_count <= RST_RUN_MOST_TWINS, RST_ERROR_ARGUMENT,
              "the case has %zu twins; at most %d are followed in one run", run->twin_count,
              RST_RUN_MOST_TWINS);
  rst_context_set_rigor(context, run->performance.rigor);
  RST_TRY(rst_problem_create(context, run, problem));
  RST_TRY(rst_evaluation_create(context, run, problem->flow, &parts->evaluations));
  RST_TRY(rst_observer_create(context, run, problem->flow, &parts->observer));
  const bool perturbed = rst_observer_follows_perturbations(parts->observer);
  const struct rst_motion_parameters parameters = {
      .scheme = run->step.scheme,
      .schedule = run->step.schedule,
      .sampling = run->sampling,
      .observed = true,
      .has_slope = true,
      .perturbations = perturbed ? run->tangent.exponents : 0,
      .seed = run->tangent.seed,
      .burn_in = run->tangent.burn_in,
      .has_events = true,
  };
  RST_TRY(rst_motion_create(context, problem->flow, &parameters, problem->u, &parts->motion));
  if (run->twin_count > 0) {
    RST_TRY(rst_twins_create(context, run, problem->flow, problem->u, &parts->twins));
  }
  if (run->ensemble.members > 0) {
    RST_TRY(rst_ensemble_create(context, run, problem->flow, problem->u,
                                rst_observer_measures_members(parts->observer), ranks, &parts->ensemble));
  }
  if (parts->evaluations) {
    RST_TRY(rst_evaluation_list(parts->evaluations, rst_observer_series(parts->observer)));
  }
  rst_observer_watch(parts->observer, parts->motion, parts->twins, parts->ensemble);
  return RST_OK;
}

enum rst_status rst_run_parts_create(struct rst_context *context, const struct rst_case *run,
                                     const struct rst_ranks *ranks, struct rst_run_parts *parts) {
  *parts = (struct rst_run_parts){0};
  const enum rst_status status = build(context, run, ranks, parts);
  if (status != RST_OK) {
    rst_run_parts_destroy(parts);
  }
  return status;
}

void rst_run_parts_destroy(struct rst_run_parts *parts) {
  rst_ensemble_destroy(&parts->ensemble);
  rst_twins_destroy(&parts->twins);
  rst_motion_destroy(&parts->motion);
  rst_observer_destroy(&parts->observer);
  rst_evaluation_destroy(&parts->evaluations);
  rst_problem_destroy(&parts->problem);
}

void rst_run_parts_look(struct rst_run_parts *parts, struct rst_observation *seen) {
  rst_motion_look(parts->motion, seen);
  if (parts->twins) {
    rst_twins_compare(parts->twins, seen->iteration, seen->u);
    rst_lap(parts->motion->laps, RST_STAGE_TWINS);
  }
}

enum rst_status rst_run_parts_step(struct rst_run_parts *parts, struct rst_observation *seen) {
  if (parts->ensemble) {
    RST_TRY(rst_ensemble_follow(parts->ensemble, parts->motion->iteration));
    rst_lap(parts->motion->laps, RST_STAGE_TWINS);
  }
  RST_TRY(rst_motion_step(parts->motion, seen));
  if (parts->twins) {
    RST_TRY(rst_twins_step(parts->twins));
    rst_lap(parts->motion->laps, RST_STAGE_TWINS);
  }
  return RST_OK;
}
