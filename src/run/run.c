/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/run.h"

#include <math.h>

#include "archive/sidecars.h"
#include "core/core.h"
#include "run/cadence.h"
#include "run/divergence_rule.h"
#include "run/outcome.h"
#include "run/session.h"

static enum rst_status step(struct rst_session *session, struct rst_observation *seen) {
  RST_TRY(rst_run_parts_step(&session->parts, seen));
  RST_TRY(rst_session_record(session, seen, false));
  return seen->event_ended ? rst_run_file_append_event(session->file, &seen->event) : RST_OK;
}

static const char *ask(const struct rst_session *session, double loss) {
  const struct rst_motion *motion = session->parts.motion;
  const struct rst_run_progress progress = {.iteration = motion->iteration,
                                            .iterations = session->run->step.iterations,
                                            .loss = loss,
                                            .epoch = motion->sampler_count > 0 ? motion->epoch : 0};
  return session->options->poll ? session->options->poll(session->options->user, &progress) : NULL;
}

static void summarize(const struct rst_observation *seen, enum rst_run_outcome outcome, const char *reason,
                      struct rst_run_summary *summary) {
  summary->outcome = outcome;
  summary->reason = reason;
  summary->loss = seen->loss;
  summary->data_loss = seen->value.data_loss;
  summary->residual = seen->value.residual;
  summary->grad_norm = seen->grad_norm;
  summary->weight_norm = seen->weight_norm;
}

/* The last state: its scalars have no update, its fields are stored whatever the cadence. */
static enum rst_status conclude(struct rst_session *session, const struct rst_observation *seen,
                                struct rst_run_summary *summary) {
  struct rst_evaluations *evaluations = session->parts.evaluations;
  RST_TRY(rst_session_snapshot(session, seen));
  RST_TRY(rst_session_record(session, seen, true));
  bool ended = false;
  struct rst_event event;
  RST_TRY(rst_motion_last_event(session->parts.motion, &ended, &event));
  if (ended) {
    RST_TRY(rst_run_file_append_event(session->file, &event));
  }
  RST_TRY(rst_session_flush(session));
  rst_profile_begin(&session->profile);
  const struct rst_outcome_request request = {
      .run = session->run,
      .flow = session->parts.motion->flow,
      .u = session->parts.motion->u,
      .iterations = session->parts.motion->iteration,
      .perturbed = session->parts.motion->tangent != NULL,
      .twins = session->parts.twins,
      .ergodic = rst_observer_ergodic(session->parts.observer),
      .full_step = evaluations ? rst_evaluation_full_step(evaluations, session->parts.motion) : NAN,
      .file = session->file};
  RST_TRY(rst_outcome_draw(session->context, &request, summary));
  RST_TRY(!session->output.path ? RST_OK
                                : rst_sidecars_write_weights(
                                      session->context, session->output.path, session->run->output.weights,
                                      rst_flow_layout(session->parts.motion->flow), seen->u));
  rst_profile_end(&session->profile, RST_STAGE_FRAME);
  return RST_OK;
}

static enum rst_status integrate(struct rst_session *session, struct rst_run_summary *summary) {
  const struct rst_case *run = session->run;
  struct rst_observation seen = {0};
  double loss = NAN;
  for (;;) {
    const long t = session->parts.motion->iteration;
    const bool done = t >= run->step.iterations;
    rst_profile_iterate(&session->profile);
    session->parts.motion->laps = session->profile.laps;
    const char *reason = done ? NULL : ask(session, loss);
    if (done || reason) {
      RST_TRY(rst_session_checkpoint(session));
    } else {
      RST_TRY(rst_session_tick(session));
    }
    rst_lap(session->profile.laps, RST_STAGE_OUTPUT);
    rst_run_parts_look(&session->parts, &seen);
    loss = seen.loss;
    const bool diverged = rst_has_diverged(seen.weight_norm, session->radius, run->stop.blow_up);
    if (reason) {
      summarize(&seen, RST_RUN_INTERRUPTED, reason, summary);
      return RST_OK;
    }
    RST_TRY(rst_session_evaluate(session, &seen, done || diverged));
    if (done || diverged) {
      summarize(&seen, diverged ? RST_RUN_DIVERGED : RST_RUN_COMPLETED, diverged ? "diverged" : "completed",
                summary);
      summary->has_evaluation = session->parts.evaluations != NULL;
      summary->evaluation = session->evaluation;
      return conclude(session, &seen, summary);
    }
    if (rst_cadence_includes(run->output.cadence, rst_session_case(session)->output.every, t)) {
      RST_TRY(rst_session_snapshot(session, &seen));
    }
    RST_TRY(step(session, &seen));
  }
}

static enum rst_status perform(struct rst_context *context, const struct rst_case *run,
                               const struct rst_run_options *options, struct rst_run_summary *summary) {
  struct rst_session session;
  struct rst_run_summary made = {.regime.regime = RST_REGIME_UNDECIDED};
  RST_TRY(rst_session_open(context, run, options, &session));
  made.first = session.parts.motion->iteration;
  made.levels = rst_flow_image_levels(session.parts.problem.flow);
  const enum rst_status status = integrate(&session, &made);
  made.last = session.parts.motion->iteration;
  made.snapshots = (long)rst_run_file_snapshots(session.file);
  made.wall_seconds = rst_output_wall_seconds(&session.output);
  /* After a failure the rows before it are still worth keeping; the first error is the one to report. */
  if (status != RST_OK) {
    char *message = NULL;
    const bool kept = rst_format(context, &message, "%s", rst_context_message(context)) == RST_OK;
    (void)rst_session_close(&session, "failed");
    if (kept) {
      (void)rst_fail(context, status, "%s", message);
    }
    free(message);
    return status;
  }
  rst_profile_begin(&session.profile);
  RST_TRY(rst_session_close(&session, made.reason));
  rst_profile_end(&session.profile, RST_STAGE_OUTPUT);
  rst_profile_finish(&session.profile, &made);
  *summary = made;
  return RST_OK;
}

enum rst_status rst_run(struct rst_context *context, const struct rst_case *run,
                        const struct rst_run_options *options, struct rst_run_summary *summary) {
  const struct rst_ranks *ranks = options->ranks;
  if (!ranks || ranks->size < 2) {
    return perform(context, run, options, summary);
  }
  RST_REQUIRE(context, run->ensemble.members > 0, RST_ERROR_ARGUMENT,
              "a run without an ensemble is one process; there is nothing that %d ranks could share",
              ranks->size);
  if (ranks->rank > 0) {
    *summary = (struct rst_run_summary){0};
    return rst_member_ranks_work(context, run, ranks);
  }
  const enum rst_status status = perform(context, run, options, summary);
  rst_member_ranks_dismiss(ranks);
  return status;
}
