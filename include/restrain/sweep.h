/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_SWEEP_H
#define RESTRAIN_SWEEP_H

#include "restrain/analysis.h"
#include "restrain/orbit.h"
#include "restrain/ranks.h"

/** @file
 * A sweep: the regime of a case, and what goes with it, over a grid of learning rates and weight decays, or of values of any
 * keys that sweep.axes names.
 *
 * Every point is an orbit (orbit.h) of step.iterations updates from the case's initial state. Points are independent
 * and keyed by their place in the grid: the result has the same bits for any number of threads, ranks or shards, and whether
 * it was interrupted or not.
 *
 * An orbit ends early where its regime can no longer change: where it has diverged, and where it has converged to rounding
 * (the rule of regime.h) for RST_REGIME_AT_REST updates in which perturbations shrank.
 *
 * Refinement, of grids of step.lr and step.weight_decay alone. With sweep.refine = n the grid of the file is 2^n times finer
 * than the axes say: (count - 1) 2^n + 1 values on each. Points of the coarse grid are computed first. A cell is divided into
 * four, n times at most, where the points computed on its edges differ in regime: its centre and the middles of its edges are
 * computed. This goes on, through cells of all sizes, until no cell is left to divide, so that a boundary that leaves a cell
 * is followed into the next; the points computed do not depend on the order. All points inside a cell that stays whole take
 * the values of the nearest of its corners (of the lower one where there are two); their `level` is RST_SWEEP_FILLED. Islands
 * between the computed points are not seen.
 *
 * Boundaries, in grids of two axes. Those of divergence, of convergence (stable, transient or converged) and of chaos are
 * measured in boxes: N(d) squares of d by d points, of a tiling, hold two neighbouring points (a block of 2 x 2) of which one
 * is inside and one is not. The box-counting dimension is the slope of log N over log 1/d, fitted for d = 1, 2, 4 ... up to an
 * eighth of the shorter side, three sizes at least; J. Sohl-Dickstein, arXiv 2402.06184. A block with a pending point holds no
 * boundary, nor does one with an undecided or merely bounded point hold that of chaos; undecided points have neither diverged
 * nor converged.
 *
 * Reduction. An image with few distinct patches acts on a kernel only through their span: with an orthonormal basis B of that
 * span, of the part of the initial kernel outside it and of that of the perturbation, K_t = B q_t for all t, and patches Z = P
 * B of a few numbers take the place of k^2 ones. Exact, for every scheme. Where it applies (rst_sweep_summary.reduced) a
 * sample of points is run in full as well: `agreement` is 1 where their regimes agree (rst_regime_agrees()), 0 where not, -1
 * where they were not compared.
 */

enum { RST_SWEEP_FILLED = -1 };
enum { RST_SWEEP_MOST_AXES = 8 };

/** Boundaries: what lies on one side. */
enum rst_sweep_boundary {
  RST_SWEEP_DIVERGENCE,
  RST_SWEEP_CONVERGENCE,
  RST_SWEEP_CHAOS,
  RST_SWEEP_BOUNDARIES
};
/** NULL-terminated names: "divergence", "convergence", "chaos". */
RST_API const char *const *rst_sweep_boundary_names(void);

struct rst_sweep_progress {
  size_t done,
      count; /**< points computed, and all that are known of so far: refinement brings others about */
  double point_iterations; /**< updates of all points done in this call */
  bool is_theory;          /**< the thresholds are computed, which precedes the points */
  size_t axis_count;
  const char *names[RST_SWEEP_MOST_AXES]; /**< of the axes */
  double at[RST_SWEEP_MOST_AXES];         /**< the last point done */
};

enum rst_sweep_outcome { RST_SWEEP_COMPLETED, RST_SWEEP_INTERRUPTED };

struct rst_sweep_options {
  struct rst_output_options output; /**< sweep.h5 or bifurcation.h5 */
  size_t shard,
      shards; /**< this process does points i of the coarse grid with i mod shards = shard only; 0 or 1 for all */
  /** NULL for one process. Rank 0 hands out blocks of points, receives and stores results; the others compute, and return
   * with a summary of no meaning. */
  const struct rst_ranks *ranks;
  /** Called now and then, by one thread at a time, NULL for never; returns a reason (static string) to stop, NULL to go on.
   * What is done is stored then, and every ten seconds, or ten times what storing takes if that is longer. */
  const char *(*poll)(void *user, const struct rst_sweep_progress *progress);
  void *user;
};

struct rst_sweep_summary {
  enum rst_sweep_outcome outcome;
  const char *reason;
  size_t axes;                      /**< of the grid; the sidecars are there for two */
  size_t done, count;               /**< points in the file; of this shard, if there are several */
  size_t regimes[RST_REGIME_COUNT]; /**< points of each */
  const char *engine;               /**< "reduced" or "full" */
  size_t patches, rank;             /**< of the reduction; 0 without */
  /** Of the image's file; 0 and 0 where there is none: rst_flow_image_levels(). */
  struct rst_image_levels levels;
  size_t compared, agreed; /**< points run in both ways, and of the same regime in both */
  size_t computed;         /**< of `done`, those that were run and not filled in */
  double dimension[RST_SWEEP_BOUNDARIES], dimension_error[RST_SWEEP_BOUNDARIES]; /**< NaN if there is none */
  size_t predicted, correct; /**< points whose regime the theory predicts, and where it is right; see below */
  double point_iterations;   /**< updates of this call */
  double wall_seconds;
};

/** Sweep the grid of the case's section `sweep` and store sweep.h5 with its sidecars FILE.xdmf and FILE.vtkhdf (spec in the
 * reference of files): scales of the axes, as /lr and /weight_decay; over them, as (weight_decay, lr), /regime (int8, -1 where
 * not done), /final_loss, /mean_loss, /lyapunov, /max_growth, /iterations_run, /period, /agreement, /level (int8), and of flows
 * over examples that are run in full /train_loss, /train_accuracy, /full_grad_norm, /gradient_fluctuation, /test_loss,
 * /test_accuracy, means over the last sweep.evaluations (run.h has their cadence); over all axes but lr, /lr_lo and /lr_hi; with
 * two axes the sidecars and boundaries /box_size, /boxes (boundary, box_size), /dimension (boundary), /dimension_error
 * (boundary). The file is replaced as a whole (temporary name, fsync, rename); a kill leaves the
 * last complete one. With `resume` a file of another case is refused with the differing keys named (RST_ERROR_ARGUMENT). */
RST_API enum rst_status rst_sweep_run(struct rst_context *context, const struct rst_case *from,
                                      const struct rst_sweep_options *options,
                                      struct rst_sweep_summary *summary);

/** Join the shards of one sweep: every point is taken from the file that has it. RST_ERROR_ARGUMENT if the files are of
 * different cases (the keys are named). Points that no file has stay missing: the outcome tells. */
RST_API enum rst_status rst_sweep_merge(struct rst_context *context, const char *const *paths, size_t count,
                                        const struct rst_output_options *output,
                                        struct rst_sweep_summary *summary);

/** The axes of zoom window `window`, counted from 1 through all series of sweep.zoom; 0 is the whole. A window that would leave
 * the positive axis is moved back inside the whole. Each window is a sweep of its own: the case with these axes and no zoom. */
RST_API void rst_sweep_window(const struct rst_case *from, size_t window, struct rst_sweep_axis *lr,
                              struct rst_sweep_axis *weight_decay);
/** Windows of the case but for the whole. */
RST_API size_t rst_sweep_windows(const struct rst_case *from);

/** RST_ERROR_ARGUMENT if the case has no section sweep, or one of too many axes, or refines other axes than those of step.lr and
 * step.weight_decay. */
RST_API enum rst_status rst_sweep_check(struct rst_context *context, const struct rst_case *from);

/** What a sweep would do: its engine, patches and rank, and seconds and bytes that it is expected to take on one thread,
 * measured on a few of its points: the bytes of the table, and 48 an iteration of each orbit that is under way. The seconds are
 * those of the coarse grid: how many cells will be divided is not known. */
struct rst_sweep_cost {
  const char *engine;
  size_t points, fine; /**< of the coarse and of the fine grid, the same without refinement */
  size_t patches, rank;
  double seconds, bytes;
};
RST_API enum rst_status rst_sweep_estimate(struct rst_context *context, const struct rst_case *from,
                                           struct rst_sweep_cost *rehearsal);

/** The regime classes that the theory predicts: converging (stable, transient, converged) for lr < lr_lo, restrained between, and
 * divergent above lr_hi (and above lr_lo). True if `regime` is what it predicts; *predicts is false where it says nothing (a
 * threshold is NaN, or the point is undecided). */
RST_API bool rst_sweep_prediction_holds(const struct rst_lr_limits *theory, double lr, enum rst_regime regime,
                                        bool *predicts);

#endif
