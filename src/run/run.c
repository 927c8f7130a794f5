/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/run.h"

#include <math.h>

#include "core/core.h"
#include "run/cadence.h"
#include "run/divergence_rule.h"
#include "run/outcome.h"
#include "run/session.h"

static void observe_companions(struct rst_session *session, struct rst_observation *seen) {
  struct rst_companions *companions = session->companions;
  seen->companions = companions;
  if (companions->twins) {
    seen->twins = rst_twins_compare(companions->twins, seen->iteration, seen->u);
    rst_lap(companions->laps, RST_STAGE_TWINS);
  }
  if (companions->tangent) {
    seen->participation = rst_participation_ratio(rst_tangent_vector(companions->tangent, 0));
    for (size_t j = 0; j < rst_tangent_count(companions->tangent); ++j) {
      seen->exponents[j] = rst_companions_exponent(companions, j);
    }
    rst_lap(companions->laps, RST_STAGE_PERTURBATIONS);
  }
}

/* Evaluate u_t: the value, grad E for the step and grad L for observers. */
static void observe(struct rst_session *session, struct rst_observation *seen) {
  struct rst_problem *problem = &session->problem;
  const double decay = session->run->step.scheme.weight_decay;
  *seen = (struct rst_observation){.iteration = session->iteration,
                                   .u = problem->u,
                                   .gradient = session->slope,
                                   .weight_decay = decay,
                                   .update_norm = NAN,
                                   .step_size = NAN,
                                   .local_growth = NAN};
  rst_companions_evaluate(session->companions, problem, &seen->value, session->gradient);
  rst_field_copy(problem->u, session->slope);
  rst_flow_pin(problem->flow, session->slope);
  rst_field_axpby(1.0, session->gradient, decay, session->slope);
  seen->grad_norm = rst_field_norm(session->slope);
  seen->weight_norm = rst_field_norm(problem->u);
  rst_lap(session->companions->laps, RST_STAGE_OBSERVATION);
  observe_companions(session, seen);
}

static enum rst_status step(struct rst_session *session, struct rst_observation *seen) {
  struct rst_companions *companions = session->companions;
  bool ended = false;
  struct rst_event event;
  seen->u = session->previous;
  RST_TRY(rst_companions_step(companions, &session->problem, session->iteration, session->gradient,
                              session->previous, &seen->step_size, &ended, &event));
  seen->update_norm = rst_field_distance(session->problem.u, session->previous);
  if (companions->tangent) {
    seen->local_growth = exp(rst_tangent_log_growth(companions->tangent, 0));
  }
  RST_TRY(rst_session_record(session, seen));
  if (ended) {
    RST_TRY(rst_session_event(session, &event));
  }
  session->iteration += 1;
  const double addend = seen->step_size - session->time_compensation;
  const double sum = session->time + addend;
  session->time_compensation = (sum - session->time) - addend;
  session->time = sum;
  return RST_OK;
}

static const char *ask(const struct rst_session *session, double loss) {
  const struct rst_run_progress progress = {
      .iteration = session->iteration, .iterations = session->run->step.iterations, .loss = loss};
  return session->options->poll ? session->options->poll(session->options->user, &progress) : NULL;
}

static void summarize(const struct rst_observation *seen, enum rst_run_outcome outcome, const char *reason,
                      struct rst_run_summary *summary) {
  summary->outcome = outcome;
  summary->reason = reason;
  summary->loss = rst_observation_loss(seen);
  summary->data_loss = seen->value.data_loss;
  summary->residual = seen->value.residual;
  summary->grad_norm = seen->grad_norm;
  summary->weight_norm = seen->weight_norm;
}

/* The last state: its scalars have no update, its fields are stored whatever the cadence. */
static enum rst_status conclude(struct rst_session *session, const struct rst_observation *seen,
                                struct rst_run_summary *summary) {
  RST_TRY(rst_session_snapshot(session, seen));
  RST_TRY(rst_session_record(session, seen));
  if (session->companions->detector) {
    bool ended = false;
    struct rst_event event;
    RST_TRY(rst_event_detector_finish(session->companions->detector, &ended, &event));
    if (ended) {
      RST_TRY(rst_session_event(session, &event));
    }
  }
  RST_TRY(rst_session_flush(session));
  rst_profile_begin(&session->profile);
  RST_TRY(rst_outcome_draw(session->context, session->run, session->companions, session->file, summary));
  rst_profile_end(&session->profile, RST_STAGE_FRAME);
  return RST_OK;
}

static enum rst_status integrate(struct rst_session *session, struct rst_run_summary *summary) {
  const struct rst_case *run = session->run;
  struct rst_observation seen = {0};
  double loss = NAN;
  for (;;) {
    const long t = session->iteration;
    const bool done = t >= run->step.iterations;
    rst_profile_iterate(&session->profile);
    session->companions->laps = session->profile.laps;
    const char *reason = done ? NULL : ask(session, loss);
    if (done || reason) {
      RST_TRY(rst_session_checkpoint(session));
    } else {
      RST_TRY(rst_session_tick(session));
    }
    rst_lap(session->profile.laps, RST_STAGE_OUTPUT);
    observe(session, &seen);
    loss = rst_observation_loss(&seen);
    const bool diverged = rst_has_diverged(seen.weight_norm, session->radius, run->stop.blow_up);
    if (reason) {
      summarize(&seen, RST_RUN_INTERRUPTED, reason, summary);
      return RST_OK;
    }
    if (done || diverged) {
      summarize(&seen, diverged ? RST_RUN_DIVERGED : RST_RUN_COMPLETED, diverged ? "diverged" : "completed",
                summary);
      return conclude(session, &seen, summary);
    }
    if (rst_cadence_includes(run->output.cadence, rst_session_case(session)->output.every, t)) {
      RST_TRY(rst_session_snapshot(session, &seen));
    }
    RST_TRY(step(session, &seen));
  }
}

enum rst_status rst_run(struct rst_context *context, const struct rst_case *run,
                        const struct rst_run_options *options, struct rst_run_summary *summary) {
  struct rst_session session;
  struct rst_run_summary made = {.regime.regime = RST_REGIME_UNDECIDED};
  RST_TRY(rst_session_open(context, run, options, &session));
  made.first = session.iteration;
  const enum rst_status status = integrate(&session, &made);
  made.last = session.iteration;
  made.snapshots = (long)rst_run_file_snapshots(session.file);
  made.wall_seconds = rst_session_wall_seconds(&session);
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
