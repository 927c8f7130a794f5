/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_RUN_H
#define RESTRAIN_RUN_H

#include <stdbool.h>

#include "restrain/case.h"
#include "restrain/ergodic.h"
#include "restrain/event.h"
#include "restrain/orbit.h"
#include "restrain/output.h"
#include "restrain/ranks.h"
#include "restrain/regime.h"

/** @file
 * A run: integrate a case, observe it, store it. Also the objects that a case describes, for programs of
 * their own.
 */

/** Flow and initial state that a case describes. */
struct rst_problem {
  struct rst_flow *flow;
  struct rst_field *u; /**< the initial state */
};

RST_API enum rst_status rst_problem_create(struct rst_context *context, const struct rst_case *from,
                                           struct rst_problem *problem);
/** Destroys the members and sets them to NULL. */
RST_API void rst_problem_destroy(struct rst_problem *problem);

enum rst_run_outcome {
  RST_RUN_COMPLETED,  /**< all iterations done */
  RST_RUN_DIVERGED,   /**< left the ball of radius blow_up, or not finite; the file is complete up to there */
  RST_RUN_INTERRUPTED /**< stopped by poll(), with a checkpoint */
};

/** State of a run, given to poll(). */
struct rst_run_progress {
  long iteration;  /**< updates done */
  long iterations; /**< updates asked for */
  double loss;     /**< L at the last evaluated state */
  long epoch;      /**< updates of an epoch; 0 where all examples are taken at once */
};

struct rst_run_options {
  struct rst_output_options output; /**< run.h5; resumed from the checkpoint beside it */
  /** That share the members of the case's ensemble, NULL for this process alone. Rank 0 runs and stores; the others step members
   * until it has ended, well or not, and return with a summary of no meaning. */
  const struct rst_ranks *ranks;
  bool profile; /**< tell where the time goes */
  /** Called once an iteration, NULL for never; returns a reason (static string) to stop with a checkpoint,
   * NULL to go on. */
  const char *(*poll)(void *user, const struct rst_run_progress *progress);
  void *user;
};

/** How a twin parted from the run. */
struct rst_twin_summary {
  const char *label;                /**< owned by the case */
  double difference;                /**< mean of 2|A-B|/(|A|+|B|) at the last state */
  struct rst_divergence divergence; /**< of the Euclidean distance */
};

enum { RST_RUN_STRONGEST_EVENTS = 5, RST_RUN_MOST_TWINS = 32, RST_RUN_STAGES = 10, RST_RUN_TENSOR_NAME = 64 };

/** Time of one stage: of each update "correlation" (forward), "activation", "adjoint", "loss" (the rest of loss and gradient;
 * all of it where there is no correlation, or images in several threads), "update", "observation" (scalars and fields),
 * "twins" (and the other members of an ensemble), "perturbations" (with them the update is a part of theirs); "output" (file and checkpoints); "frame" (before
 * the first and after the last iteration). */
struct rst_stage_time {
  const char *stage; /**< static */
  double seconds;
};

struct rst_run_summary {
  enum rst_run_outcome outcome;
  const char *reason; /**< static string: "completed", "diverged", or what poll() returned */
  long first, last;   /**< iterations at which this call began and ended */
  long snapshots;     /**< in the file */
  double loss, data_loss, residual, grad_norm, weight_norm; /**< at the last state */
  bool has_evaluation;                                      /**< there are examples, and the run has ended: */
  struct rst_evaluation evaluation;                         /**< at the last state */
  double wall_seconds;                                      /**< of all calls that made the file */
  /** Of the image's file; 0 and 0 where there is none: rst_flow_image_levels(). */
  struct rst_image_levels levels;
  /** With options->profile, where the time of this call went, and in how many iterations that was measured: 0 without. */
  struct rst_stage_time profile[RST_RUN_STAGES];
  long profiled;
  struct rst_regime_result regime; /**< undecided with an empty reason where the run was interrupted */
  bool has_events;                 /**< perturbations were followed */
  size_t event_count;
  double event_growth;                                   /**< sum of the log amplifications of all events, */
  double event_growth_discrete, event_growth_continuous; /**< and by kind of their updates */
  /** By amplification, falling; min(event_count, size) of them. */
  struct rst_event strongest[RST_RUN_STRONGEST_EVENTS];
  /** Names of their tensors, cut to fit; empty where the state is one tensor. */
  char strongest_tensors[RST_RUN_STRONGEST_EVENTS][RST_RUN_TENSOR_NAME];
  bool has_ergodic; /**< an ergodic record was kept, and the run has ended: */
  struct rst_ergodic_summary ergodic;
  size_t twin_count; /**< 0 where the run was interrupted */
  struct rst_twin_summary twins[RST_RUN_MOST_TWINS];
};

/** Steps a second, measured on a few steps from the initial state with everything that the case follows, but without
 * storing anything; the problem's shape and correlation; and what the run will take, in bytes: of its file, and of the process's
 * memory at most. The memory is what the process has held by now, when all that is stepped has been made, and
 *
 *     8 MiB + at most 1 MiB for each dataset + 750 for each snapshot of each field
 *           + 8 * (7, with an ergodic record 10) * min(rows of scalars, 65536)
 *
 * for HDF5, its buffers, the sidecar and the conclusion. The file has 8 for each scalar of each row and each column of each
 * event, in whole chunks; the fields, compressed; and about 640 for each snapshot of each field, 4.5 KiB for each dataset. How
 * well fields can be compressed, and how frequent events are, is taken from the first half of the run, or as much of it as a
 * moment allows. */
struct rst_run_cost {
  double rate, memory_bytes, file_bytes;
  size_t ny, nx;
  const char *flow, *correlation; /**< static */
};
RST_API enum rst_status rst_run_estimate(struct rst_context *context, const struct rst_case *run,
                                         struct rst_run_cost *cost);

/** Integrate `run` and store it in options->output.path, with the sidecars FILE.xdmf and FILE.vtkhdf (suffix .h5
 * replaced) and two generations of checkpoints beside it. The file is flushed after every snapshot. With
 * `resume` the run continues, to the bit, the one that was interrupted or killed; a case that differs from
 * the stored one in more than step.iterations and what has no bearing on the numbers is refused
 * (RST_ERROR_ARGUMENT, naming the keys). Nothing is written before the case has been turned into objects successfully. */
RST_API enum rst_status rst_run(struct rst_context *context, const struct rst_case *run,
                                const struct rst_run_options *options, struct rst_run_summary *summary);

#endif
