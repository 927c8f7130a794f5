/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RESTRAIN_REGIME_H
#define RESTRAIN_REGIME_H

#include <stdbool.h>
#include <stddef.h>

#include "restrain/context.h"
#include "restrain/sequence.h"

/** @file
 * What became of a trajectory: its regime, its period, its exponent; and of the difference of two.
 *
 * The rules, in this order, over the states u_0 ... u_T:
 *
 * | regime             | rule                                                                                          |
 * |--------------------|-----------------------------------------------------------------------------------------------|
 * | divergent          | the run left its ball, or overflowed                                                          |
 * | stable, transient, | converged: what remains of the way, estimated from the contraction of the last updates as     |
 * | converged          | geometric, is at most RST_REGIME_REMAINING times max(abs u_T, abs u_0); or the updates are    |
 * |                    | rounding. Transient if an update is known to be locally unstable, stable if all are known not |
 * |                    | to be, converged if that was not measured                                                     |
 * | restrained-periodic| not converged, amplitude stationary, and a period was found; or none, but the exponent is not |
 * |                    | positive (quasi-periodic, or of a period above RST_REGIME_MOST_PERIOD)                        |
 * | restrained-chaotic | not converged, amplitude stationary, no period, exponent positive                             |
 * | bounded            | as the one before, but the exponent is not known, or neither positive nor is the amplitude    |
 * |                    | as stationary as quasi-periodic motion must be: no period, no convergence                     |
 * | undecided          | everything else; `reason` says what would decide                                              |
 *
 * An update is locally unstable if an extreme eigenvalue of H(u_t), decay included, lies beyond a limit of the scheme: the
 * largest above rst_scheme_local_limit(), or the smallest below 0 (mu alpha for decoupled decay), by more than
 * RST_REGIME_EIGENVALUE times the larger modulus of the two. Growth of a perturbation tells nothing here, since what one
 * random vector misses depends on the vector.
 *
 * Amplitude, period and exponent are taken over the tail, the last half of the run. A run that settles on a period later is
 * periodic if the last 2/s of the tail, s = 4, 8 or 16, are stationary, with 2/s of the tolerance, so that slow motion does
 * not pass for its shortness, and the exponent of the part, which is then the result's, is not positive.
 *
 * Contraction is the geometric mean ratio between the largest of the last m updates and the largest of the m before them,
 * m = max(8, T/16). The way that remains is the sum of all further updates, at least the distance to the limit. Since rounding
 * may hide the contraction of the last updates, that of earlier ones counts as well, with the way since then added, unless
 * updates have risen steadily since.
 *
 * Updates are rounding if the last 2m, which contraction compares, stay below RST_REGIME_ROUNDING units of rounding of the
 * largest |u_t| there; or below that times 1/(1 - exp(exponent)), by which a map that contracts so piles up the errors of its
 * steps, or below as many units of max(|u_T|, |u_0|), provided that they do not decline steadily and that neither |u| nor an
 * observable drifts.
 *
 * With R3, R4 the ranges of an observable over the third and the last quarter of the run and R over both, R^2/(R3 R4) is the
 * ratio of the larger to the smaller one if it holds the other, and more if they are displaced. The observable is stationary
 * if that exceeds 1 by no more than the tolerance: neither amplitude nor mean may change. The worst observable decides.
 *
 * Where the states recorded are n updates apart, the rules take n updates for one, of which they know the largest |u_{t+1} -
 * u_t|, by which ways are bounded, and the mean growth. Lengths of time, rates and exponents are still those of single updates.
 * A period p of these states is one of the trajectory that divides n p; states that are alike while the updates are not zero
 * belong to a period that divides n, or to motion that no observable shows: `bounded`.
 *
 * Under noise, the updates of stochastic gradients, a trajectory that would be stable, transient or converged is `converged` if the
 * step that the gradient over all examples makes from u_T is at most RST_REGIME_REMAINING times max(|u_T|, |u_0|), and
 * `bounded` otherwise; one that would be restrained is `bounded`. Observables must be functions of the state.
 *
 * The exponent is positive if it exceeds RST_REGIME_SIGNIFICANCE times its standard error, and if perturbations grew by more
 * than exp(RST_REGIME_SIGNIFICANCE) over the tail, which those of quasi-periodic motion, growing as t or not at all, do not.
 */

#define RST_REGIME_REMAINING 1e-8
#define RST_REGIME_EIGENVALUE 1e-9
/** Units of rounding (trajectory.epsilon) of an update that has converged. */
#define RST_REGIME_ROUNDING 16.0
/** An observable whose range is below this, relative to its magnitude, is constant: rounding of a float. */
#define RST_REGIME_CONSTANT 1e-6
/** An observable whose range over the tail is below this times its largest magnitude before has faded: it is constant. */
#define RST_REGIME_FADED 1e-12
/** Largest deviation of x_{t+p} from x_t, relative to the range of x over the tail, for p to be a period; the same for
 * x_{t+kp}, kp the longest multiple in half of the states compared (the last 4096 of the tail). */
#define RST_REGIME_PERIODIC 1e-3
/** Tolerance of stationarity for periodic and quasi-periodic trajectories: relative change of the range. */
#define RST_REGIME_STATIONARY_PERIODIC 1e-3
/** The same for chaotic ones: a factor. */
#define RST_REGIME_STATIONARY_CHAOTIC 2.0
#define RST_REGIME_SIGNIFICANCE 2.0
enum { RST_REGIME_MOST_PERIOD = 64, RST_REGIME_LEAST_STATES = 32 };
/** Consecutive updates that are rounding, after which a trajectory that contracts is at rest. */
enum { RST_REGIME_AT_REST = 64 };

enum rst_regime {
  RST_REGIME_STABLE,
  RST_REGIME_TRANSIENT,
  RST_REGIME_RESTRAINED_PERIODIC,
  RST_REGIME_RESTRAINED_CHAOTIC,
  RST_REGIME_DIVERGENT,
  RST_REGIME_UNDECIDED,
  RST_REGIME_CONVERGED,
  RST_REGIME_BOUNDED,
  RST_REGIME_COUNT
};

/** "stable", "transient", "restrained-periodic", ...; static. NULL-terminated list in the order of the enum. */
RST_API const char *const *rst_regime_names(void);

/** What each says, in words; static, in the same order. */
RST_API const char *const *rst_regime_meanings(void);

/** Whether both may be said of one trajectory: they are equal, or one says less (`converged` of stable and transient ones,
 * `bounded` of restrained ones). */
RST_API bool rst_regime_agrees(enum rst_regime a, enum rst_regime b);

/** What was recorded of a trajectory, of each state or of some that are evenly spaced; entry k of a sequence belongs to the
 * k-th of these states, or to the updates from it to the next. */
struct rst_trajectory {
  size_t states; /**< at least 1 */
  long updates;  /**< T; 0: one from each state to the next */
  bool diverged;
  double epsilon; /**< unit of rounding of the state: DBL_EPSILON, FLT_EPSILON of a float flow */
  struct rst_sequence weight_norm;        /**< |u|, of all states */
  struct rst_sequence update_norm;        /**< the largest |u_{t+1} - u_t|, of all states but the last */
  const struct rst_sequence *observables; /**< functions of the state, in which a period must show */
  size_t observable_count;
  /** Mean log of the local growth, of all states but the last; zeroed if perturbations were not tracked. */
  struct rst_sequence log_growth;
  /** Updates whose extreme eigenvalues, measured or bounded, make them locally unstable. */
  long unstable_updates;
  long stable_updates; /**< the same, locally stable */
  bool noisy;          /**< its updates are those of stochastic gradients */
  double
      full_step; /**< of noisy ones: length of the step along the full gradient of L from u_T; NaN if unknown */
  bool without_reason; /**< leave `reason` empty: its numbers cost more than many a short trajectory */
};

enum { RST_REGIME_REASON = 256 };

struct rst_regime_result {
  enum rst_regime regime;
  /** 1 if converged, p >= 2 if periodic, 0 if none was found or, where states between were not recorded, if it is not known. */
  long period;
  double exponent;       /**< mean of log_growth over the tail; NaN if unknown */
  double exponent_error; /**< its standard error, from the means of 16 blocks */
  /** Geometric mean ratio of successive updates over the end of the run, or over the last three decades before they
   * were rounding or zero; NaN if that is not known. */
  double contraction;
  char reason[RST_REGIME_REASON]; /**< one line that says why, with the numbers that decided */
};

/** Apply the rules. A trajectory of fewer than RST_REGIME_LEAST_STATES that did not diverge is undecided. Thread-safe. */
RST_API enum rst_status rst_regime_classify(struct rst_context *context,
                                            const struct rst_trajectory *trajectory,
                                            struct rst_regime_result *result);

/** The smallest period p in [2, min(most, RST_REGIME_MOST_PERIOD)] of all observables over the states [first, last], by the
 * rule above; 0 if there is none, if all are constant, or if they move so slowly that x_{t+1} is x_t within the tolerance. At
 * least two periods must fit. Values that are not finite have no period. Thread-safe. */
RST_API long rst_period_find(const struct rst_sequence *observables, size_t observable_count, size_t first,
                             size_t last, long most);

/** Mean of the finite values of x over [first, end) and its standard error from the means of 16 consecutive blocks, which
 * allows for correlations much shorter than a block; error NaN for fewer than 32 of them, mean NaN for none. -infinity among
 * the values makes the mean -infinity and the error NaN; other values that are not finite are passed over. Thread-safe. */
RST_API void rst_block_mean(const struct rst_sequence *x, size_t first, size_t end, double *mean,
                            double *error);

/** How the difference of two twin trajectories grew. */
struct rst_divergence {
  /** Slope of log(distance) per iteration, least squares over the growing phase; NaN if there is none. */
  double growth_rate;
  double growth_rate_error; /**< standard error of the fit */
  long first, last;         /**< the iterations of that phase; -1 if there is none */
  /** First iteration at which the distance reaches half of its plateau; -1 if the plateau is rounding. */
  long saturation;
  double plateau; /**< mean of the distance over the last half of the run, [count/2, count); infinite if a
                         distance is not finite, which is beyond saturation; NaN for count 0 */
};

/** The growing phase begins at the last time the distance is at most 10 times its first non-zero value before saturation
 * and ends where the distance first reaches 1 % of its plateau; of a phase of more than 65536 iterations as many are fitted,
 * evenly spaced. A plateau below 1e3 * epsilon * scale is rounding: then there is no phase; nor is there one of fewer than
 * three iterations. @param distance |A - B| at `count` iterations that are `spacing` apart, from 0 on; scale, a typical |A|;
 * epsilon, the unit of rounding of the coarser precision. Thread-safe. */
RST_API enum rst_status rst_divergence_measure(struct rst_context *context,
                                               const struct rst_sequence *distance, size_t count,
                                               long spacing, double scale, double epsilon,
                                               struct rst_divergence *divergence);

#endif
