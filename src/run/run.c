/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/run.h"

#include <math.h>

#include "core/core.h"
#include "run/cadence.h"
#include "run/session.h"

/* Evaluate u_t: the value, grad E for the step and grad L for observers. */
static void observe(struct rst_session *session, struct rst_observation *seen) {
  const struct rst_problem *problem = &session->problem;
  const double decay = session->run->step.scheme.weight_decay;
  *seen = (struct rst_observation){.iteration = session->iteration,
                                   .u = problem->u,
                                   .gradient = session->slope,
                                   .weight_decay = decay,
                                   .update_norm = NAN,
                                   .step_size = NAN};
  rst_flow_evaluate(problem->flow, problem->u, &seen->value, session->gradient);
  rst_field_copy(problem->u, session->slope);
  rst_flow_pin(problem->flow, session->slope);
  rst_field_axpby(1.0, session->gradient, decay, session->slope);
  seen->grad_norm = rst_field_norm(session->slope);
  seen->weight_norm = rst_field_norm(problem->u);
}

/* The rule of divergence: the state has left the ball of radius blow_up * max(|u_0|, 1), or is not finite. */
static bool has_diverged(const struct rst_session *session, const struct rst_observation *seen) {
  return !(seen->weight_norm <= session->run->stop.blow_up * fmax(session->radius, 1.0));
}

static enum rst_status step(struct rst_session *session, struct rst_observation *seen) {
  struct rst_field *u = session->problem.u;
  rst_field_copy(u, session->previous);
  seen->u = session->previous;
  RST_TRY(rst_scheme_step(session->problem.scheme, session->gradient, u, &seen->step_size));
  seen->update_norm = rst_field_distance(u, session->previous);
  RST_TRY(rst_session_record(session, seen));
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
static enum rst_status conclude(struct rst_session *session, const struct rst_observation *seen) {
  RST_TRY(rst_session_snapshot(session, seen));
  return rst_session_record(session, seen);
}

static enum rst_status integrate(struct rst_session *session, struct rst_run_summary *summary) {
  const struct rst_case *run = session->run;
  struct rst_observation seen = {0};
  double loss = NAN;
  for (;;) {
    const long t = session->iteration;
    const bool done = t >= run->step.iterations;
    const char *reason = done ? NULL : ask(session, loss);
    if (done || reason) {
      RST_TRY(rst_session_checkpoint(session));
    } else {
      RST_TRY(rst_session_tick(session));
    }
    observe(session, &seen);
    loss = rst_observation_loss(&seen);
    const bool diverged = has_diverged(session, &seen);
    if (reason) {
      summarize(&seen, RST_RUN_INTERRUPTED, reason, summary);
      return RST_OK;
    }
    if (done || diverged) {
      summarize(&seen, diverged ? RST_RUN_DIVERGED : RST_RUN_COMPLETED, diverged ? "diverged" : "completed",
                summary);
      return conclude(session, &seen);
    }
    if (rst_cadence_includes(run->output.cadence, run->output.every, t)) {
      RST_TRY(rst_session_snapshot(session, &seen));
    }
    RST_TRY(step(session, &seen));
  }
}

enum rst_status rst_run(struct rst_context *context, const struct rst_case *run,
                        const struct rst_run_options *options, struct rst_run_summary *summary) {
  struct rst_session session;
  struct rst_run_summary made = {0};
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
  RST_TRY(rst_session_close(&session, made.reason));
  *summary = made;
  return RST_OK;
}
