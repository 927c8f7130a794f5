/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/session.h"

#include <math.h>
#include <string.h>

#include "case/compare.h"
#include "core/clock.h"
#include "core/core.h"
#include "run/outcome.h"
#include "transform/transform.h"

const struct rst_case *rst_session_case(const struct rst_session *session) {
  return session->adopted ? session->adopted : session->run;
}

static void release(struct rst_session *session) {
  rst_run_file_abandon(&session->file);
  rst_run_parts_destroy(&session->parts);
  free(session->snapshot);
  free(session->rows);
  rst_case_destroy(&session->adopted);
  rst_output_close(&session->output);
  session->snapshot = NULL;
  session->rows = NULL;
}

static const struct rst_run_layout *layout_of(const struct rst_session *session) {
  return &rst_observer_series(session->parts.observer)->layout;
}

static enum rst_status create_objects(struct rst_session *session) {
  struct rst_context *context = session->context;
  RST_TRY(rst_run_parts_create(context, rst_session_case(session), session->options->ranks, &session->parts));
  RST_TRY(rst_outcome_list(session->run, rst_observer_series(session->parts.observer)));
  RST_TRY(RST_NEW(context, layout_of(session)->count, &session->snapshot));
  session->width = rst_run_layout_width(layout_of(session));
  RST_TRY(RST_NEW(context, RST_SESSION_BUFFERED_ROWS * session->width, &session->rows));
  session->radius = rst_field_norm(session->parts.problem.u);
  return RST_OK;
}

/* What later steps and observations depend on. */
static void list_state(const struct rst_session *session, struct rst_blocks *blocks) {
  rst_motion_list(session->parts.motion, "", blocks);
  rst_observer_list(session->parts.observer, blocks);
  if (session->parts.twins) {
    rst_twins_list(session->parts.twins, blocks);
  }
  if (session->parts.ensemble) {
    rst_ensemble_list(session->parts.ensemble, blocks);
  }
}

static enum rst_status restore(struct rst_session *session, const struct rst_checkpoint *checkpoint) {
  struct rst_motion *motion = session->parts.motion;
  struct rst_blocks blocks = {0};
  list_state(session, &blocks);
  const enum rst_status status = rst_checkpoint_restore(session->context, checkpoint, &blocks);
  rst_blocks_clear(&blocks);
  RST_TRY(status);
  motion->iteration = checkpoint->iteration;
  motion->time = checkpoint->time;
  motion->time_compensation = checkpoint->time_compensation;
  if (session->parts.twins) {
    rst_twins_resume(session->parts.twins, checkpoint->iteration);
  }
  if (session->parts.ensemble) {
    RST_TRY(rst_ensemble_resume(session->parts.ensemble, checkpoint->iteration));
  }
  session->radius = checkpoint->radius;
  session->output.wall_before = checkpoint->wall_seconds;
  return RST_OK;
}

/* Only the number of iterations and what has no bearing on the numbers may change. */
static enum rst_status require_same_case(const struct rst_session *session, const char *stored) {
  static const char *const may_differ[] = {
      "step.iterations", "title",       "reference", "cost",        "expect",
      "analyze",         "bifurcation", "sweep",     "output.file", "output.checkpoint",
      "output.weights",  NULL};
  return rst_case_require_same(session->context, stored, rst_case_effective(rst_session_case(session)),
                               may_differ, session->output.path, RST_CASE_RESUME_REMEDY);
}

static enum rst_status open_file(struct rst_session *session, const struct rst_checkpoint *checkpoint) {
  struct rst_context *context = session->context;
  struct rst_output *output = &session->output;
  const struct rst_run_layout *layout = layout_of(session);
  struct rst_provenance provenance;
  RST_TRY(rst_output_provenance(output, session->run, rst_case_effective(rst_session_case(session)),
                                rst_flow_correlation(session->parts.problem.flow), &provenance));
  provenance.ranks = session->options->ranks ? session->options->ranks->size : 1;
  provenance.levels = rst_flow_image_levels(session->parts.problem.flow);
  if (session->options->output.record) {
    return rst_run_file_record(context, session->options->output.record, layout, &provenance, &session->file);
  }
  if (output->resuming) {
    return rst_run_file_reopen(context, output->path, layout, &provenance, checkpoint->snapshots,
                               (size_t)checkpoint->iteration, &session->file);
  }
  RST_TRY(rst_output_prepare(output));
  RST_TRY(rst_run_file_create(context, output->path, layout, &provenance, &session->file));
  return rst_checkpoint_remove(context, output->path); /* those of a run that was replaced */
}

/* What is stored must be of this case; without any checkpoint the run starts again from its first iteration,
 * which gives the same bits. */
static enum rst_status load_checkpoint(struct rst_session *session, struct rst_checkpoint *checkpoint) {
  struct rst_context *context = session->context;
  const char *path = session->output.path;
  RST_TRY(rst_case_adopt(context, session->run, session->output.stored_case, path, &session->adopted));
  RST_TRY(require_same_case(session, session->output.stored_case));
  struct rst_checkpoint_run stored = {.identifier = session->output.identifier};
  RST_TRY(rst_run_file_rows(context, path, &stored.snapshots, &stored.iterations));
  stored.iterations *= (size_t)session->run->output.scalars_every;
  RST_TRY(rst_checkpoint_load(context, path, &stored, checkpoint));
  if (!checkpoint->path) {
    rst_warn(context, "%s has no checkpoint yet: starting from its first iteration", path);
    return RST_OK;
  }
  RST_TRY(require_same_case(session, checkpoint->effective));
  RST_REQUIRE(context, checkpoint->iteration <= session->run->step.iterations, RST_ERROR_ARGUMENT,
              "%s is already at iteration %ld, beyond step.iterations = %ld", path, checkpoint->iteration,
              session->run->step.iterations);
  return checkpoint->wisdom && *checkpoint->wisdom ? rst_transform_import_wisdom(context, checkpoint->wisdom)
                                                   : RST_OK;
}

static enum rst_status open_session(struct rst_session *session, struct rst_checkpoint *checkpoint) {
  RST_TRY(rst_output_open(session->context, &session->options->output, "run", &session->output));
  if (session->output.resuming) {
    RST_TRY(load_checkpoint(session, checkpoint));
  }
  RST_TRY(create_objects(session));
  if (checkpoint->path) {
    RST_TRY(restore(session, checkpoint));
  }
  return open_file(session, checkpoint);
}

enum rst_status rst_session_open(struct rst_context *context, const struct rst_case *run,
                                 const struct rst_run_options *options, struct rst_session *session) {
  *session = (struct rst_session){.context = context, .run = run, .options = options};
  clock_gettime(CLOCK_MONOTONIC, &session->flushed);
  rst_profile_start(&session->profile, options->profile);
  struct rst_checkpoint checkpoint = {0};
  const enum rst_status status = open_session(session, &checkpoint);
  rst_checkpoint_clear(&checkpoint);
  if (status != RST_OK) {
    release(session);
  }
  rst_profile_end(&session->profile, RST_STAGE_FRAME);
  return status;
}

static enum rst_status flush(struct rst_session *session, bool durable) {
  if (session->buffered > 0) {
    RST_TRY(
        rst_run_file_append_scalars(session->file, session->buffered, session->iterations, session->rows));
    session->buffered = 0;
  }
  clock_gettime(CLOCK_MONOTONIC, &session->flushed);
  return rst_run_file_flush(session->file, durable);
}

enum rst_status rst_session_record(struct rst_session *session, const struct rst_observation *observation,
                                   bool last) {
  const long t = observation->iteration;
  const bool kept = last || t % session->run->output.scalars_every == 0;
  if (kept && session->parts.ensemble && rst_observer_measures_members(session->parts.observer)) {
    RST_TRY(rst_ensemble_measure(session->parts.ensemble, observation));
  }
  rst_observer_measure(session->parts.observer, observation,
                       session->rows + session->buffered * session->width);
  if (kept) {
    session->iterations[session->buffered++] = t;
  }
  rst_lap(session->profile.laps, RST_STAGE_OBSERVATION);
  return session->buffered == RST_SESSION_BUFFERED_ROWS ? rst_session_flush(session) : RST_OK;
}

enum rst_status rst_session_snapshot(struct rst_session *session, const struct rst_observation *observation) {
  rst_profile_begin(&session->profile);
  if (session->parts.ensemble) {
    RST_TRY(rst_ensemble_gather(session->parts.ensemble, session->parts.motion->iteration));
  }
  RST_TRY(rst_observer_expose(session->parts.observer, observation, session->snapshot));
  rst_profile_end(&session->profile, RST_STAGE_OBSERVATION);
  rst_profile_begin(&session->profile);
  RST_TRY(rst_run_file_append_snapshot(session->file, session->parts.motion->iteration,
                                       session->parts.motion->time, session->snapshot));
  /* Rows of scalars come by whole chunks, or after a second. */
  RST_TRY(rst_run_file_flush(session->file, false));
  rst_profile_end(&session->profile, RST_STAGE_OUTPUT);
  return RST_OK;
}

enum rst_status rst_session_evaluate(struct rst_session *session, const struct rst_observation *seen,
                                     bool last) {
  struct rst_evaluations *evaluations = session->parts.evaluations;
  double values[RST_EVALUATIONS];
  if (!evaluations || !(last || rst_evaluation_is_due(evaluations, session->parts.motion->iteration))) {
    return RST_OK;
  }
  rst_profile_begin(&session->profile);
  rst_evaluation_measure(evaluations, session->parts.motion, seen, &session->evaluation);
  rst_profile_end(&session->profile, RST_STAGE_OBSERVATION);
  rst_profile_begin(&session->profile);
  rst_evaluation_values(evaluations, &session->evaluation, values);
  RST_TRY(rst_run_file_append_evaluation(session->file, session->parts.motion->iteration, values));
  rst_profile_end(&session->profile, RST_STAGE_OUTPUT);
  return RST_OK;
}

enum rst_status rst_session_flush(struct rst_session *session) {
  rst_profile_begin(&session->profile);
  RST_TRY(flush(session, false));
  rst_profile_end(&session->profile, RST_STAGE_OUTPUT);
  return RST_OK;
}

enum rst_status rst_session_checkpoint(struct rst_session *session) {
  if (session->options->output.record) {
    return RST_OK;
  }
  rst_profile_begin(&session->profile);
  const char *wisdom = NULL;
  struct rst_blocks blocks = {0};
  struct timespec began;
  clock_gettime(CLOCK_MONOTONIC, &began);
  RST_TRY(flush(session, true));
  RST_TRY(rst_output_wisdom(&session->output, &wisdom));
  if (session->parts.ensemble) {
    RST_TRY(rst_ensemble_collect(session->parts.ensemble, session->parts.motion->iteration));
  }
  list_state(session, &blocks);
  const struct rst_checkpoint checkpoint = {
      .iteration = session->parts.motion->iteration,
      .time = session->parts.motion->time,
      .time_compensation = session->parts.motion->time_compensation,
      .snapshots = rst_run_file_snapshots(session->file),
      .radius = session->radius,
      .wall_seconds = rst_output_wall_seconds(&session->output),
      .effective = (char *)rst_case_effective(rst_session_case(session)),
      .wisdom = (char *)wisdom,
      .identifier = session->output.identifier,
  };
  const enum rst_status status =
      rst_checkpoint_save(session->context, session->output.path, &checkpoint, &blocks);
  rst_blocks_clear(&blocks);
  rst_output_note_storing(&session->output, &began);
  rst_profile_end(&session->profile, RST_STAGE_OUTPUT);
  return status;
}

enum rst_status rst_session_tick(struct rst_session *session) {
  if (rst_output_is_due(&session->output, session->run->output.checkpoint)) {
    return rst_session_checkpoint(session);
  }
  return rst_seconds_since(&session->flushed) >= 1.0 && session->buffered > 0 ? rst_session_flush(session)
                                                                              : RST_OK;
}

enum rst_status rst_session_close(struct rst_session *session, const char *reason) {
  enum rst_status status = flush(session, true);
  if (status == RST_OK) {
    status = rst_run_file_finish(&session->file, reason, rst_output_wall_seconds(&session->output));
  }
  release(session);
  return status;
}
